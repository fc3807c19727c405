// Package call makes one call on the wire: it authorizes and sends a request, reads the response, and decides by one
// table, which is in retry.go, whether the request is sent again. It does not depend on the operations of an API. The
// root package calls Byzantine with it, and package turnkey calls Turnkey.
//
// A call has three steps, so that decoding the response is a part of the call:
//
//	x := caller.Begin(ctx, request)
//	failure := x.Run()          // nil after a success
//	...                         // decode x.Response().Body
//	x.End(err)                  // err is what the user gets
package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/options"
)

// Config holds the settings of a Caller. New fills in the defaults before it applies the options.
type Config struct {
	BaseURL          string                                    // scheme and host
	InsecureHTTP     bool                                      // allows http to hosts other than loopback
	HTTPClient       *http.Client                              // nil for the transport of this package
	WrapTransport    func(http.RoundTripper) http.RoundTripper // around that of HTTPClient; nil for none
	MaxAttempts      int                                       // of one call, at least 1
	ReadTimeout      time.Duration                             // of one attempt of a call that only reads
	WriteTimeout     time.Duration                             // of one attempt of any other call
	MaxResponseBytes int64                                     // after decompression
	UserAgent        string
	Logger           *slog.Logger
	Now              func() time.Time // the clock that gives the time of signing
	Hooks            Hooks
	Dump             io.Writer // gets a dump of each call; nil for none
}

// A Caller makes the calls of one client. It is safe for concurrent use.
type Caller struct {
	base   *url.URL // scheme and host
	http   *http.Client
	logger *slog.Logger
	hooks  Hooks
	dump   io.Writer
	clock  clock

	userAgent        string
	maxAttempts      int
	readTimeout      time.Duration
	writeTimeout     time.Duration
	maxResponseBytes int64
	transport        transport
}

// New returns a Caller for baseURL. opts change the default settings and may replace baseURL. It returns an error if an
// option does, or if the base URL is not https with a host and nothing else (http is accepted for loopback addresses,
// and for all hosts with InsecureHTTP).
func New[Option ~func(*Config) error](baseURL string, opts []Option) (*Caller, error) {
	config := Config{
		BaseURL:          baseURL,
		MaxAttempts:      3,
		ReadTimeout:      30 * time.Second,
		WriteTimeout:     3 * time.Minute,
		MaxResponseBytes: 32 << 20,
		UserAgent:        UserAgent,
		Logger:           slog.New(slog.DiscardHandler),
		Now:              time.Now,
	}
	if err := options.Apply(&config, opts); err != nil {
		return nil, err
	}
	base, err := parseBaseURL(config.BaseURL, config.InsecureHTTP)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	c := &Caller{
		base:             base,
		logger:           config.Logger,
		hooks:            config.Hooks,
		dump:             config.Dump,
		userAgent:        config.UserAgent,
		maxAttempts:      config.MaxAttempts,
		readTimeout:      config.ReadTimeout,
		writeTimeout:     config.WriteTimeout,
		maxResponseBytes: min(config.MaxResponseBytes, math.MaxInt64-1), // readUpTo gets this limit plus one
	}
	c.clock.now = config.Now
	c.http, err = newHTTPClient(config.HTTPClient, config.WrapTransport, &c.transport)
	return c, err
}

// Now returns the time of the client's clock, without the correction that responses have led to.
func (c *Caller) Now() time.Time { return c.clock.now() }

// CorrectedNow returns the time of the client's clock with the kept correction: the time that signatures contain.
func (c *Caller) CorrectedNow() time.Time { return c.clock.time() }

// Dump returns the writer to which the client's calls are dumped, nil if there is none.
func (c *Caller) Dump() io.Writer { return c.dump }

// BaseURL returns the scheme and host of all calls.
func (c *Caller) BaseURL() string { return c.base.Scheme + "://" + c.base.Host }

// CloseIdleConnections closes the connections that no request uses.
func (c *Caller) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Logger returns the client's logger.
func (c *Caller) Logger() *slog.Logger { return c.logger }

// URL returns the base URL with an escaped path and query. The request is sent with exactly these bytes. It returns an
// error if pathAndQuery names a host or is not escaped.
func (c *Caller) URL(pathAndQuery string) (*url.URL, error) {
	// ParseRequestURI takes a text that begins with a slash for a path, also one that begins with two.
	target, err := url.ParseRequestURI(pathAndQuery)
	if err != nil || target.Host != "" || target.RequestURI() != pathAndQuery {
		return nil, errors.New("must be an escaped path and query")
	}
	target.Scheme, target.Host = c.base.Scheme, c.base.Host
	return target, nil
}

// Request is one call to be made.
type Request struct {
	Operation string // for errors, logs and hooks; may be empty
	Method    string
	Path      string   // for hooks and logs: the path with placeholders, without identifiers and query
	URL       *url.URL // see [Caller.URL]
	Body      []byte   // nil for none

	Reads      bool // the request changes nothing on the server, so its outcome is never unknown
	Repeatable bool // the request is sent again after a failure whose outcome is unknown

	MaxAttempts int           // including the first; 0 for the client's
	Timeout     time.Duration // of one attempt; 0 for the client's
	Header      http.Header   // added to the headers of this package, or replacing them; nil for none

	Authorize Authorize // nil for a call that needs no signature
	Dated     bool      // the signature covers a time, so the server may reject the request because of the clock
}

// Authorize signs a request by adding headers to it. It is called right before each attempt. body is the body that is
// sent. now is the time of the client's clock plus the correction in use (see clockTrial).
type Authorize func(ctx context.Context, request *http.Request, body []byte, now time.Time) error

// Response is a response of the server. StatusCode is 0 if there was none.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte // as received, decompressed
	RequestID  string // names the request in the logs of the server's owner; empty if the response has none
}

// Failure is why a call did not succeed. Users never see it: each package converts it to an error type of its own.
type Failure struct {
	Response              // StatusCode is 0 if there was no response
	Message        string // the text of an error response, shortened and printable; or what is wrong with a success
	Note           string // more facts for the reader of the error, separated by semicolons; empty if there are none
	Attempts       int
	ClockSkew      time.Duration // how far the signed time is ahead of the response's Date, if that may be the reason
	Host           string        // where the request went
	RequestHeader  http.Header   // of the attempt that got Response; nil if there was none
	Sent           bool          // the server may have received an attempt, other than one that it rejected because of the clock
	OutcomeUnknown bool          // the request may or may not have taken effect
	Err            error         // why no response came; or why the request was not sent again
}

func (f *Failure) Error() string {
	if f.Err != nil {
		return f.Err.Error()
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", f.StatusCode, f.Message))
}

func (f *Failure) addNote(note string) {
	switch {
	case note == "":
	case f.Note == "":
		f.Note = note
	default:
		f.Note += "; " + note
	}
}

// shownKeyDigits is how many characters of a public key an error shows, 0x included: enough to tell the keys of an
// integrator apart.
const shownKeyDigits = 12

// Sender returns a note for the error of a rejected request: the host that received it, and the beginning of publicKey,
// which signed it. publicKey is empty if the request has no signature.
func (f *Failure) Sender(publicKey string) string {
	note := "host " + f.Host
	if len(publicKey) > shownKeyDigits {
		note += ", public key " + publicKey[:shownKeyDigits] + "..."
	}
	return note
}

// Success reports whether the response has a 2xx status. A Failure with such a response means that the response could
// not be read.
func (f *Failure) Success() bool { return isSuccess(f.StatusCode) }

func parseBaseURL(text string, insecureHTTP bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		// The parser's error is not wrapped, because it repeats the text, which may hold a password.
		return nil, errors.New("is not of the form https://host")
	case u.User != nil:
		return nil, errors.New("must not hold user information")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("must be scheme and host only: no path, query or fragment")
	case u.Scheme == "https":
	case u.Scheme != "http":
		return nil, errors.New("scheme must be https")
	case !insecureHTTP && !isLoopback(u.Hostname()):
		return nil, errors.New("http is for loopback addresses only (WithInsecureHTTP lifts this)")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

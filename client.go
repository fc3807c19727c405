package byzantine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

const version = "0.1.0"

// The hosts of the API.
const (
	SandboxURL    = "https://sandbox.api.byzantine.fi"
	ProductionURL = "https://api.byzantine.fi" // moves real funds
)

// Client calls the Byzantine API. Make one per credential and share it: it is safe for concurrent use and keeps its
// connections.
type Client struct {
	signer Signer
	base   *url.URL // scheme and host
	http   *http.Client
	logger *slog.Logger
	clock  clock

	userAgent        string
	maxAttempts      int
	readTimeout      time.Duration // of one attempt of a GET
	writeTimeout     time.Duration // of one attempt of anything else
	maxResponseBytes int64
	transport        transport
}

// settings are what options set before NewClient checks them together.
type settings struct {
	baseURL        string
	insecureHTTP   bool
	httpClient     *http.Client
	attemptTimeout *time.Duration
	client         *Client
}

// Option changes how a Client works.
type Option func(*settings) error

// NewClient returns a client that signs with s: a [*PrivateKey], an HSM or KMS key through [NewSigner], or your own.
// It talks to the sandbox unless [WithBaseURL] says otherwise, because production moves real funds.
func NewClient(s Signer, opts ...Option) (*Client, error) {
	if s == nil {
		return nil, errors.New("byzantine: NewClient: no signer")
	}
	if _, err := signerPublicKeyHex(s); err != nil {
		return nil, fmt.Errorf("byzantine: NewClient: %w", err)
	}
	c := &Client{
		signer:           s,
		logger:           slog.New(slog.DiscardHandler),
		userAgent:        "byzantine-go/" + version,
		maxAttempts:      3,
		readTimeout:      30 * time.Second,
		writeTimeout:     3 * time.Minute,
		maxResponseBytes: 32 << 20,
	}
	c.clock.now = time.Now
	set := settings{baseURL: SandboxURL, client: c}
	for _, opt := range opts {
		if err := opt(&set); err != nil {
			return nil, fmt.Errorf("byzantine: NewClient: %w", err)
		}
	}
	base, err := parseBaseURL(set.baseURL, set.insecureHTTP)
	if err != nil {
		return nil, fmt.Errorf("byzantine: NewClient: base URL: %w", err)
	}
	c.base = base
	if set.attemptTimeout != nil {
		c.readTimeout, c.writeTimeout = *set.attemptTimeout, *set.attemptTimeout
	}
	c.http = newHTTPClient(set.httpClient, &c.transport)
	return c, nil
}

// NewClientFromEnv returns a client with the key in BYZANTINE_PRIVATE_KEY or INTEGRATOR_PRIVATE_KEY, the name in
// Byzantine's examples, in any form that [ParsePrivateKey] reads. Both may hold the same key, also in different forms;
// different keys are an error. The base URL is that in BYZANTINE_BASE_URL, the sandbox if that is empty. Options come
// after the environment and win.
func NewClientFromEnv(opts ...Option) (*Client, error) {
	key, err := keyenv.Read(os.Getenv, ParsePrivateKey)
	if err == nil && key == nil {
		err = errors.New(keyenv.Name + " is not set")
	}
	if err != nil {
		return nil, fmt.Errorf("byzantine: NewClientFromEnv: %w", err)
	}
	if base := os.Getenv("BYZANTINE_BASE_URL"); base != "" {
		opts = append([]Option{WithBaseURL(base)}, opts...)
	}
	return NewClient(key, opts...)
}

// WithBaseURL sets the API's scheme and host: [ProductionURL], [SandboxURL], or http on a loopback address for a local
// sandbox. A path, query, fragment or user information is refused.
func WithBaseURL(baseURL string) Option {
	return func(s *settings) error { s.baseURL = baseURL; return nil }
}

// WithInsecureHTTP allows http to hosts other than loopback, for containers in a test network. Requests are signed all
// the same, but whoever is in between can read them.
func WithInsecureHTTP() Option {
	return func(s *settings) error { s.insecureHTTP = true; return nil }
}

// WithHTTPClient uses the transport, cookie jar and timeout of h. The struct is copied; redirects are never followed,
// whatever its CheckRedirect says. Its Timeout stays in force for each attempt: a short one kills account creation, which
// takes 30 to 90 seconds.
//
// What a *http.Transport has sent, this package knows; of any other RoundTripper, such as one that wraps a transport, it
// knows less. "Nothing was sent" is then said only of a connection that could not be made, and any other failure leaves the
// outcome of a POST unknown. A RoundTripper that sends requests again, or others under the request's context, is stopped at
// the second and the attempt fails: use neither. One must end with the request's context.
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) error {
		if h == nil {
			return errors.New("WithHTTPClient: nil client")
		}
		s.httpClient = h
		return nil
	}
}

// WithMaxAttempts sets how often a call is sent at most, 3 by default. 1 means once, whatever happens: a wrong clock of
// this machine is then named in the error and never corrected, because that takes a second attempt.
func WithMaxAttempts(n int) Option {
	return func(s *settings) error {
		if n < 1 {
			return errors.New("WithMaxAttempts: must be at least 1")
		}
		s.client.maxAttempts = n
		return nil
	}
}

// WithAttemptTimeout bounds one attempt, from the dial to the last byte of the answer. The default is 30 seconds for a
// GET and 3 minutes for the rest, because account creation takes 30 to 90 seconds. The context bounds the whole call.
func WithAttemptTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return errors.New("WithAttemptTimeout: must be positive")
		}
		s.attemptTimeout = &d
		return nil
	}
}

// WithLogger logs each attempt at level debug, and at level warn what is sent again and a wrong clock. It logs metadata
// only: no body, no key, no signature, no query, no identifier.
func WithLogger(l *slog.Logger) Option {
	return func(s *settings) error {
		if l == nil {
			return errors.New("WithLogger: nil logger")
		}
		s.client.logger = l
		return nil
	}
}

// WithClock sets the clock that signatures are dated with, time.Now by default. It does not move timeouts and waits.
func WithClock(now func() time.Time) Option {
	return func(s *settings) error {
		if now == nil {
			return errors.New("WithClock: nil clock")
		}
		s.client.clock.now = now
		return nil
	}
}

// WithMaxResponseBytes sets how large an answer may be after decompression, 32 MiB by default.
func WithMaxResponseBytes(n int64) Option {
	return func(s *settings) error {
		if n < 1 {
			return errors.New("WithMaxResponseBytes: must be at least 1")
		}
		s.client.maxResponseBytes = min(n, math.MaxInt64-1) // read reads one more
		return nil
	}
}

// WithUserAgent puts the name of your program before this package's in the User-Agent header: "acme-backend/1.4".
func WithUserAgent(product string) Option {
	return func(s *settings) error {
		if product == "" || strings.ContainsFunc(product, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("WithUserAgent: must be printable ASCII")
		}
		s.client.userAgent = product + " byzantine-go/" + version
		return nil
	}
}

func parseBaseURL(text string, insecureHTTP bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		// The parser's error repeats the text, which may hold a password.
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

// CallOption changes a single call.
type CallOption func(*callSettings)

type callSettings struct {
	response            *Response
	foreignOrganization bool
}

// Response is what the API answered, for those who need more than the decoded value.
type Response struct {
	StatusCode int // 0 if there was no answer
	Header     http.Header
	Body       []byte // as received, decompressed
}

// WithResponse fills r with the answer to the last attempt, also when the call fails.
func WithResponse(r *Response) CallOption {
	return func(s *callSettings) { s.response = r }
}

// WithForeignOrganization takes the payload of an organisation of the key provider whose id is not the account's. Without
// it the Get...PayloadPasskey methods reject such a payload with a *[PayloadMismatchError]. Other methods ignore it.
func WithForeignOrganization() CallOption {
	return func(s *callSettings) { s.foreignOrganization = true }
}

// responseOf returns where the answer goes, with nothing in it of a former call.
func responseOf(opts []CallOption) *Response {
	if len(opts) == 0 {
		return new(Response)
	}
	var set callSettings
	for _, opt := range opts {
		opt(&set)
	}
	if set.response == nil {
		return new(Response)
	}
	*set.response = Response{}
	return set.response
}

// Do calls a route that this package has no method for. pathAndQuery begins with /v1/ and is escaped; it is signed and
// sent as it is. in is encoded as the JSON body (nil for none) and the answer decoded into out (nil to ignore it). A
// json.RawMessage is the body byte for byte; one that is a part of in loses the white space between its tokens and is
// otherwise unchanged. Signing, retries and errors are those of the methods. Error.Path has {} in place of what may be
// an identifier.
func (c *Client) Do(ctx context.Context, method, pathAndQuery string, in, out any, opts ...CallOption) error {
	response := responseOf(opts)
	path, _, _ := strings.Cut(pathAndQuery, "?")
	switch {
	case method != http.MethodGet && method != http.MethodPost && method != http.MethodPut && method != http.MethodPatch && method != http.MethodDelete:
		return &FieldError{Field: "method", Reason: "must be GET, POST, PUT, PATCH or DELETE"}
	case !strings.HasPrefix(path, "/v1/"):
		return &FieldError{Field: "pathAndQuery", Reason: "must begin with /v1/"}
	case strings.ContainsFunc(pathAndQuery, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' || r == '\\' }):
		return &FieldError{Field: "pathAndQuery", Reason: "must be printable ASCII without blanks, # and \\"}
	case wire.HasDotSegment(path):
		return &FieldError{Field: "pathAndQuery", Reason: "must not hold dot segments"}
	case out != nil && (reflect.ValueOf(out).Kind() != reflect.Pointer || reflect.ValueOf(out).IsNil()):
		return &FieldError{Field: "out", Reason: "must be a pointer"}
	}
	request := wire.Request{PathAndQuery: pathAndQuery}
	if in != nil {
		if method == http.MethodGet {
			return &FieldError{Field: "in", Reason: "a GET has no body"}
		}
		body, err := wire.Marshal(in)
		if err != nil {
			return &FieldError{Field: "in", Reason: err.Error()}
		}
		request.Body = body
	}
	op := &Operation{Method: method, Path: withoutIdentifiers(path), Retryable: method == http.MethodGet, Signed: true}
	return c.send(ctx, op, request, out, response)
}

// withoutIdentifiers makes of a path below /v1/ what a path template looks like. The API's own words have no digits.
func withoutIdentifiers(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments[2:] {
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") != "" {
			segments[2+i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// call is the one call path: every method goes through it.
func (c *Client) call(ctx context.Context, op *Operation, in, out any, opts []CallOption) error {
	response := responseOf(opts)
	request, err := wire.Encode(op.Path, in)
	if err != nil {
		return fieldError(in, err)
	}
	return c.send(ctx, op, request, out, response)
}

// send sends an encoded request until there is an answer to go by, and decodes that.
func (c *Client) send(ctx context.Context, op *Operation, request wire.Request, out any, response *Response) error {
	// ParseRequestURI never takes a host out of what begins with one slash.
	target, err := url.ParseRequestURI(request.PathAndQuery)
	if err != nil || target.Host != "" || target.RequestURI() != request.PathAndQuery {
		return &FieldError{Field: "pathAndQuery", Reason: "must be an escaped path and query"}
	}
	target.Scheme, target.Host = c.base.Scheme, c.base.Host
	x := &exchange{client: c, op: op, url: target, body: request.Body, response: response}
	if err := x.run(ctx); err != nil {
		return err
	}
	if _, nothing := out.(*none); nothing || out == nil {
		return nil
	}
	return x.decode(ctx, out)
}

// fieldError puts the request type's name before the member's path. What has no path cannot be encoded as JSON.
func fieldError(request any, err error) error {
	_, field, _ := strings.Cut(fmt.Sprintf("%T", request), ".") // *byzantine.InitOTPRequest
	reason := err.Error()
	var fe *wire.FieldError
	if errors.As(err, &fe) {
		reason = fe.Reason
		if fe.Field != "" {
			field += "." + fe.Field
		}
	}
	return &FieldError{Field: field, Reason: reason}
}

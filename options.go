package byzantine

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// Option configures a [Client]. The functions With... of this package return options; the type of its parameter is
// internal, so there are no others. [NewClient] returns an error for an option with an invalid value, and for a nil one.
type Option func(*call.Config) error

// WithBaseURL sets the API's scheme and host: [ProductionURL], [SandboxURL], or http on a loopback address for a local
// sandbox. A URL with a path, query, fragment or user information is invalid.
func WithBaseURL(baseURL string) Option {
	return func(c *call.Config) error { c.BaseURL = baseURL; return nil }
}

// WithInsecureHTTP allows http to hosts other than loopback, for containers in a test network. Requests are still
// signed, but everyone on the network between can read them.
func WithInsecureHTTP() Option {
	return func(c *call.Config) error { c.InsecureHTTP = true; return nil }
}

// WithHTTPClient makes the client use the transport, cookie jar and timeout of h. The struct is copied. Redirects are
// never followed, whatever its CheckRedirect says. Its Timeout applies to each attempt: a short one makes account
// creation fail, which takes 30 to 90 seconds.
//
// This package can tell exactly what a *http.Transport has sent. It knows less of any other RoundTripper, such as one
// that wraps a transport: it then reports "nothing was sent" only if a connection could not be made, and after any
// other failure the outcome of a POST is unknown.
//
// Without this option the client has a transport that is set up for one host and long calls. A transport of your own
// lacks what it does not set itself: HTTP/2 pings after 15 seconds without a frame, so that a dead connection does not
// block all calls on it; idle connections closed after 50 seconds, before common load balancers close them, which
// leaves the outcome of a POST unknown; and up to 512 idle connections kept for the host, where net/http keeps 2.
// [WithTransport] wraps the client's transport and keeps all of this.
//
// A RoundTripper must end when the request's context ends. It must not send a request again, nor send other requests
// under the request's context: the second request is stopped and the attempt fails.
func WithHTTPClient(h *http.Client) Option {
	return func(c *call.Config) error {
		if h == nil {
			return errors.New("WithHTTPClient: nil client")
		}
		c.HTTPClient = h
		return nil
	}
}

// WithTransport wraps the client's transport, so that a RoundTripper of your own sees each request after it was signed.
// wrap gets the transport of this package, or that of [WithHTTPClient], and returns the one to use. If yours changes
// the method, path, query, body or signature headers of a request, Byzantine rejects it. The limits that
// [WithHTTPClient] describes for a RoundTripper that wraps a transport apply.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *call.Config) error {
		if wrap == nil {
			return errors.New("WithTransport: nil wrapper")
		}
		c.WrapTransport = wrap
		return nil
	}
}

// WithMaxAttempts sets how often a call is sent at most, 3 by default. With 1 no request is ever sent again. If this
// machine's clock is wrong, the error then says so and the clock is not corrected, because that takes a second attempt.
func WithMaxAttempts(n int) Option {
	return func(c *call.Config) error {
		if n < 1 {
			return errors.New("WithMaxAttempts: must be at least 1")
		}
		c.MaxAttempts = n
		return nil
	}
}

// WithAttemptTimeout limits one attempt, from its signing to the last byte of the response. The default is 30 seconds
// for a GET and 3 minutes for any other method, because account creation takes 30 to 90 seconds. The context limits the
// whole call.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *call.Config) error {
		if d <= 0 {
			return errors.New("WithAttemptTimeout: must be positive")
		}
		c.ReadTimeout, c.WriteTimeout = d, d
		return nil
	}
}

// WithLogger makes the client log each attempt at level debug, and retries and a wrong clock at level warn. It logs
// metadata only: no body, no key, no signature, no query, no identifier.
func WithLogger(l *slog.Logger) Option {
	return func(c *call.Config) error {
		if l == nil {
			return errors.New("WithLogger: nil logger")
		}
		c.Logger = l
		return nil
	}
}

// WithClock sets the clock whose time the signatures carry, time.Now by default. Timeouts and waits go by the machine's
// clock, except for the wait for a Retry-After that is a date, in a response without a Date.
func WithClock(now func() time.Time) Option {
	return func(c *call.Config) error {
		if now == nil {
			return errors.New("WithClock: nil clock")
		}
		c.Now = now
		return nil
	}
}

// WithMaxResponseBytes sets how many bytes a response may have after decompression, 32 MiB by default.
func WithMaxResponseBytes(n int64) Option {
	return func(c *call.Config) error {
		if n < 1 {
			return errors.New("WithMaxResponseBytes: must be at least 1")
		}
		c.MaxResponseBytes = n
		return nil
	}
}

// WithUserAgent puts the name of your program before this package's in the User-Agent header: "acme-backend/1.4".
func WithUserAgent(product string) Option {
	return func(c *call.Config) error {
		if product == "" || strings.ContainsFunc(product, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("WithUserAgent: must be printable ASCII")
		}
		c.UserAgent = product + " " + call.UserAgent
		return nil
	}
}

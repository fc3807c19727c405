package byzantine

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// Option changes how a Client works.
type Option func(*call.Config) error

// WithBaseURL sets the API's scheme and host: [ProductionURL], [SandboxURL], or http on a loopback address for a local
// sandbox. A path, query, fragment or user information is rejected.
func WithBaseURL(baseURL string) Option {
	return func(c *call.Config) error { c.BaseURL = baseURL; return nil }
}

// WithInsecureHTTP allows http to hosts other than loopback, for containers in a test network. Requests are signed all
// the same, but whoever is in between can read them.
func WithInsecureHTTP() Option {
	return func(c *call.Config) error { c.InsecureHTTP = true; return nil }
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
	return func(c *call.Config) error {
		if h == nil {
			return errors.New("WithHTTPClient: nil client")
		}
		c.HTTPClient = h
		return nil
	}
}

// WithTransport wraps the client's transport, so that one of your own sees each request after it was signed: it gets the
// tuned transport of this package, or that of [WithHTTPClient], and returns the one to use. Byzantine rejects a request whose
// method, path, query, body or signature headers it changes. What [WithHTTPClient] says of a RoundTripper that wraps a
// transport holds for this one.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *call.Config) error {
		if wrap == nil {
			return errors.New("WithTransport: nil wrapper")
		}
		c.WrapTransport = wrap
		return nil
	}
}

// WithMaxAttempts sets how often a call is sent at most, 3 by default. 1 means once, whatever happens: a wrong clock of
// this machine is then named in the error and never corrected, because that takes a second attempt.
func WithMaxAttempts(n int) Option {
	return func(c *call.Config) error {
		if n < 1 {
			return errors.New("WithMaxAttempts: must be at least 1")
		}
		c.MaxAttempts = n
		return nil
	}
}

// WithAttemptTimeout bounds one attempt, from the dial to the last byte of the response. The default is 30 seconds for a
// GET and 3 minutes for the rest, because account creation takes 30 to 90 seconds. The context bounds the whole call.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *call.Config) error {
		if d <= 0 {
			return errors.New("WithAttemptTimeout: must be positive")
		}
		c.ReadTimeout, c.WriteTimeout = d, d
		return nil
	}
}

// WithLogger logs each attempt at level debug, and at level warn what is sent again and a wrong clock. It logs metadata
// only: no body, no key, no signature, no query, no identifier.
func WithLogger(l *slog.Logger) Option {
	return func(c *call.Config) error {
		if l == nil {
			return errors.New("WithLogger: nil logger")
		}
		c.Logger = l
		return nil
	}
}

// WithClock sets the clock that signatures are dated with, time.Now by default. It does not move timeouts and waits.
func WithClock(now func() time.Time) Option {
	return func(c *call.Config) error {
		if now == nil {
			return errors.New("WithClock: nil clock")
		}
		c.Now = now
		return nil
	}
}

// WithMaxResponseBytes sets how large a response may be after decompression, 32 MiB by default.
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

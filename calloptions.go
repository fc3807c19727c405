package byzantine

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// CallOption configures a single call.
type CallOption func(*callSettings)

type callSettings struct {
	response            *Response
	foreignOrganization bool
	maxAttempts         int           // 0 for the client's
	attemptTimeout      time.Duration // 0 for the client's
	header              http.Header
	invalid             error // the first option with a bad value
}

// Response is the API's response as received, for callers that need more than the decoded value.
type Response struct {
	StatusCode int // 0 if there was no response
	Header     http.Header
	Body       []byte // as received, decompressed
	// RequestID is the name that the server, or an intermediary, gave the request, from X-Request-Id or a similar header.
	// Quote it to Byzantine's support. It is "" if there was none.
	RequestID string
}

// WithResponse fills r with the response to the last attempt, also when the call fails.
func WithResponse(r *Response) CallOption {
	return func(s *callSettings) { s.response = r }
}

// WithForeignOrganization accepts a payload that names another organisation of the key provider than the account's own.
// Without it the Get...PayloadPasskey methods reject such a payload with a *[PayloadMismatchError]. Other methods
// ignore it.
func WithForeignOrganization() CallOption {
	return func(s *callSettings) { s.foreignOrganization = true }
}

// WithCallMaxAttempts sets how often this call is sent at most. It overrides [WithMaxAttempts].
func WithCallMaxAttempts(n int) CallOption {
	return func(s *callSettings) {
		if n < 1 {
			s.reject("WithCallMaxAttempts", "must be at least 1")
		}
		s.maxAttempts = n
	}
}

// WithCallAttemptTimeout limits one attempt of this call. It overrides [WithAttemptTimeout]. The context limits the
// whole call.
func WithCallAttemptTimeout(d time.Duration) CallOption {
	return func(s *callSettings) {
		if d <= 0 {
			s.reject("WithCallAttemptTimeout", "must be positive")
		}
		s.attemptTimeout = d
	}
}

// WithCallHeader sends a header with this call, such as one that your gateway routes by. It is not signed. The headers
// of the signature and those that this package or net/http sets are invalid.
func WithCallHeader(name, value string) CallOption {
	return func(s *callSettings) {
		name := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case name == "" || strings.ContainsFunc(name, isNoTokenChar):
			s.reject("WithCallHeader", "the name is not that of a header")
		case slices.Contains(ownHeaders, name):
			s.reject("WithCallHeader", name+" is set by this package")
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(value) != value:
			s.reject("WithCallHeader", "the value of "+name+" must be printable ASCII without blanks around it")
		default:
			if s.header == nil {
				s.header = http.Header{}
			}
			s.header.Set(name, value)
		}
	}
}

// ownHeaders are the headers that a caller cannot set. Some would change how a request is framed or a response is read.
var ownHeaders = []string{
	pubkeyHeader, timestampHeader, signatureHeader,
	"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host",
	"Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"User-Agent",
}

// isNoTokenChar reports whether a header's name may not hold a character (RFC 9110, section 5.6.2).
func isNoTokenChar(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func (s *callSettings) reject(option, reason string) {
	if s.invalid == nil {
		s.invalid = &FieldError{Field: option, Reason: reason}
	}
}

// settingsOf applies the options of a call. It clears the Response of WithResponse, which may be that of an earlier
// call.
func settingsOf(opts []CallOption) (callSettings, error) {
	if len(opts) == 0 {
		return callSettings{}, nil
	}
	var set callSettings
	for _, opt := range opts {
		opt(&set)
	}
	if set.response != nil {
		*set.response = Response{}
	}
	return set, set.invalid
}

package byzantine

import (
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/options"
)

// CallOption configures a single call. For an option with an invalid value, and for a nil one, the call returns a
// *[FieldError] and sends nothing.
type CallOption func(*callSettings) error

type callSettings struct {
	response            *Response
	foreignOrganization bool
	maxAttempts         int           // 0 for the client's
	attemptTimeout      time.Duration // 0 for the client's
	header              http.Header
}

// Response is the API's response as received, for callers that need more than the decoded value.
type Response struct {
	StatusCode int // 0 if there was no response
	Header     http.Header
	Body       []byte // as received, decompressed
	// RequestID is the name that the server, or an intermediary, gave the request, from X-Request-Id or a similar
	// header. Quote it to Byzantine's support. It is "" if there was none.
	RequestID string
}

// WithResponse fills r with the response that the call's result or error comes from, also when the call fails. It is that
// of the last attempt, except where an error reports an earlier one, such as the first of two rejections of the clock.
// Calls that run at the same time need a Response each.
func WithResponse(r *Response) CallOption {
	return func(s *callSettings) error {
		if r == nil {
			return &FieldError{Field: "WithResponse", Reason: "nil response"}
		}
		s.response = r
		return nil
	}
}

// WithForeignOrganization accepts a payload that names another organisation of the key provider than the account's own.
// Without it the Get...PayloadPasskey methods reject such a payload with a *[PayloadMismatchError]. Other methods
// ignore it.
func WithForeignOrganization() CallOption {
	return func(s *callSettings) error { s.foreignOrganization = true; return nil }
}

// WithCallMaxAttempts sets how often this call is sent at most. It overrides [WithMaxAttempts].
func WithCallMaxAttempts(n int) CallOption {
	return func(s *callSettings) error {
		if n < 1 {
			return &FieldError{Field: "WithCallMaxAttempts", Reason: "must be at least 1"}
		}
		s.maxAttempts = n
		return nil
	}
}

// WithCallAttemptTimeout limits one attempt of this call. It overrides [WithAttemptTimeout]. The context limits the
// whole call.
func WithCallAttemptTimeout(d time.Duration) CallOption {
	return func(s *callSettings) error {
		if d <= 0 {
			return &FieldError{Field: "WithCallAttemptTimeout", Reason: "must be positive"}
		}
		s.attemptTimeout = d
		return nil
	}
}

// WithCallHeader sends a header with this call, such as one that your gateway routes by. It is not signed. The names of
// the signature's headers, and of those that this package or net/http sets, are invalid.
func WithCallHeader(name, value string) CallOption {
	return func(s *callSettings) error {
		name := textproto.CanonicalMIMEHeaderKey(name)
		reason := ""
		switch {
		case name == "" || strings.ContainsFunc(name, isNoTokenChar):
			reason = "the name is not that of a header"
		case slices.Contains(ownHeaders, name):
			reason = name + " is set by this package"
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(value) != value:
			reason = "the value of " + name + " must be printable ASCII without blanks around it"
		}
		if reason != "" {
			return &FieldError{Field: "WithCallHeader", Reason: reason}
		}
		if s.header == nil {
			s.header = http.Header{}
		}
		s.header.Set(name, value)
		return nil
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

// settingsOf applies the options of a call. It clears the Response of WithResponse, which may be that of an earlier
// call.
func settingsOf(opts []CallOption) (callSettings, error) {
	if len(opts) == 0 {
		return callSettings{}, nil
	}
	var set callSettings
	err := applyAll(&set, "CallOption", opts)
	if set.response != nil {
		*set.response = Response{}
	}
	return set, err
}

// applyAll applies the options of one call. Its error is a *[FieldError].
func applyAll[Settings any, O ~func(*Settings) error](set *Settings, kind string, opts []O) error {
	err := options.Apply(set, opts)
	var invalid *FieldError
	if err != nil && !errors.As(err, &invalid) {
		return &FieldError{Field: kind, Reason: err.Error()}
	}
	return err
}

package byzantine

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// The sentinels that errors.Is finds in an *[Error], by its status.
var (
	// ErrBadRequest is a 400: the API rejected the request. The message quotes the API's text.
	ErrBadRequest = errors.New("byzantine: bad request")
	// ErrUnauthorized is a 401: the key or the signature was rejected, or (on some routes) the account is not yours or
	// the user is not a root user of it.
	ErrUnauthorized = errors.New("byzantine: unauthorized")
	// ErrForbidden is a 403: the credential is read_only and the operation is not a GET.
	ErrForbidden = errors.New("byzantine: forbidden")
	// ErrNotFound is a 404.
	ErrNotFound = errors.New("byzantine: not found")
	// ErrRateLimited is a 429.
	ErrRateLimited = errors.New("byzantine: rate limited")
	// ErrServer is any 5xx.
	ErrServer = errors.New("byzantine: server error")
)

// ErrOutcomeUnknown marks an error of a request that may have taken effect: it was sent, and no usable response came.
// Check before you retry: the table in docs/errors.md names the call to check with.
var ErrOutcomeUnknown = errors.New("byzantine: the request may have taken effect: check before you retry")

// ErrTookEffect marks an error of a request other than a GET that has taken effect: the response is a success, and only
// it or a part of it cannot be read. Do not send the request again. The error is an *[Error], or a *[PartialError] that
// comes with a result. It does not match [ErrOutcomeUnknown].
var ErrTookEffect = errors.New("byzantine: the request has taken effect, only its response cannot be read")

// outcomeUnknown is what the text of an error ends with if its outcome is unknown.
var outcomeUnknown = errtext.Trim(ErrOutcomeUnknown.Error())

// ErrInvalidRequest marks an error of a request that is invalid and was not sent. The error is a *[FieldError].
var ErrInvalidRequest = errors.New("byzantine: invalid request")

// FieldError says which field of a request is invalid. Nothing was sent. It never holds the field's value.
type FieldError struct {
	// Field is the Go path of the field: "CreateAuthenticatorsOTPRequest.Authenticators[0].Challenge".
	Field string
	// JSONPath is the field's path on the wire: "authenticators[0].challenge" in the body, "vault_id" in the path or
	// the query. Show it to whoever sent your service the request as JSON. It is "" if the error is about the request
	// as a whole, about a parameter of [Client.Do], or about a [CallOption].
	JSONPath string
	// Reason says what is wrong with it: "missing", "must be a UUID (...)".
	Reason string
}

func (e *FieldError) Error() string { return "byzantine: " + e.Field + ": " + e.Reason }

// Is reports true for [ErrInvalidRequest].
func (e *FieldError) Is(target error) bool { return target == ErrInvalidRequest }

// Error is a response that is not a success, or a success that cannot be read.
//
// Its text holds no part of the body of a success, because that may be a private key or personal data. For any other
// response it quotes the API's text, at most 300 printable characters. The output of package fmt, encoding/json and
// log/slog leaves out Header and Body. The verb %w outside of fmt.Errorf, and tools that dump exported fields by
// reflection, such as spew, show them.
type Error struct {
	Operation  OperationID // empty for [Client.Do]
	Method     string
	Path       string // the path template, without identifiers and query
	Message    string // the server's words, shortened and printable; or what is wrong with the response
	StatusCode int
	Attempts   int // how often the request was sent
	Header     http.Header
	// Body is the body as received, cut at the client's limit. It is nil for a success.
	Body []byte
	// SuccessBody is the body of a success that could not be read; its Reveal method returns it. It can hold what the
	// API sends only once, such as a new private key. It is a [Secret] because fmt prints the fields of an error, too,
	// if the verb does not fit, as in log.Printf("%w", err).
	SuccessBody Secret
	// ClockSkew is how far the signed time (this machine's clock, with the client's correction if it has one) is ahead
	// of the response's Date, if that may be the reason for the rejection. It is negative if the signed time is behind.
	ClockSkew time.Duration
	// OutcomeUnknown says that the request may have taken effect. errors.Is(err, [ErrOutcomeUnknown]) reports the same.
	OutcomeUnknown bool
	RequestID      string // the id that the server gave the request, as in Response; "" if the response has none
	Note           string // a hint, such as what the status means here or why there was no retry
	Err            error  // why a success could not be read, or what ended the retries; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("byzantine: ")
	if e.Operation != "" {
		b.WriteString(string(e.Operation) + ": ")
	}
	b.WriteString(strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.ClockSkew != 0 {
		b.WriteString("; this machine's clock is " + describeSkew(e.ClockSkew) + " the server's")
	}
	if e.OutcomeUnknown {
		b.WriteString("; " + outcomeUnknown)
	}
	if e.Note != "" {
		b.WriteString("; " + e.Note)
	}
	if e.RequestID != "" {
		b.WriteString("; request id " + e.RequestID)
	}
	b.WriteString(trailer(e.Method, e.Path, e.Attempts))
	return b.String()
}

// Is reports true for the sentinel of the status, for [ErrOutcomeUnknown] if OutcomeUnknown is set, and for
// [ErrTookEffect] if it is not set, the status is a success and Method is not GET.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.StatusCode == http.StatusBadRequest
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= 500
	case ErrOutcomeUnknown:
		return e.OutcomeUnknown
	case ErrTookEffect:
		return !e.OutcomeUnknown && e.StatusCode/100 == 2 && e.Method != http.MethodGet
	}
	return false
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// newError returns the error of a failed call: an *Error if there was a response, otherwise a *TransportError.
func newError(op *Operation, f *call.Failure) error {
	if f.StatusCode == 0 {
		return &TransportError{
			Operation: op.ID, Method: op.Method, Path: op.Path,
			Attempts: f.Attempts, Sent: f.Sent, OutcomeUnknown: f.OutcomeUnknown, Err: f.Err,
		}
	}
	return newResponseError(op, f)
}

// newResponseError returns the error of a response that is not a success or cannot be read. Its Note begins with what
// the API means by the status.
func newResponseError(op *Operation, f *call.Failure) *Error {
	e := &Error{
		Operation: op.ID, Method: op.Method, Path: op.Path,
		Message: f.Message, StatusCode: f.StatusCode, Attempts: f.Attempts, Header: f.Header, Body: f.Body,
		ClockSkew: f.ClockSkew, OutcomeUnknown: f.OutcomeUnknown, RequestID: f.RequestID, Note: meaning(op.Method, f.StatusCode), Err: f.Err,
	}
	if f.StatusCode == http.StatusUnauthorized || f.StatusCode == http.StatusForbidden {
		e.addNote(f.Sender(f.RequestHeader.Get(pubkeyHeader)))
	}
	if f.Success() {
		e.Body, e.SuccessBody = nil, NewSecret(string(f.Body))
	}
	e.addNote(f.Note)
	return e
}

func (e *Error) addNote(note string) {
	switch {
	case note == "":
	case e.Note == "":
		e.Note = note
	default:
		e.Note += "; " + note
	}
}

// meaning returns what the API means by a status that has a special meaning, otherwise "".
func meaning(method string, status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the key or the signature was rejected, or the account is not yours or the user not a root user of it"
	case status == http.StatusForbidden && method != http.MethodGet:
		return "a read_only credential may call GET operations only"
	}
	return ""
}

// TransportError is the error of a call that got no response, or a success whose body broke off.
type TransportError struct {
	Operation OperationID // empty for [Client.Do]
	Method    string
	Path      string // the path template, without identifiers and query
	Attempts  int    // number of attempts; 0 if the context ended before the first
	// Sent says that the headers of the request were written, or may have been, so that the server may have acted on
	// it. It does not count an attempt that the API rejected because of the clock.
	Sent bool
	// OutcomeUnknown says that the request was sent and does not only read, so that it may have taken effect.
	// errors.Is(err, [ErrOutcomeUnknown]) reports the same.
	OutcomeUnknown bool
	Err            error // what went wrong, without the URL
}

func (e *TransportError) Error() string {
	var b strings.Builder
	b.WriteString("byzantine: ")
	if e.Operation != "" {
		b.WriteString(string(e.Operation) + ": ")
	}
	b.WriteString(call.Printable(textOf(e.Err))) // printable: it may quote the other side
	switch {
	case !e.Sent:
		b.WriteString("; nothing was sent")
	case e.OutcomeUnknown:
		b.WriteString("; " + outcomeUnknown)
	}
	b.WriteString(trailer(e.Method, e.Path, e.Attempts))
	return b.String()
}

// Is reports true for [ErrOutcomeUnknown] if OutcomeUnknown is set.
func (e *TransportError) Is(target error) bool {
	return target == ErrOutcomeUnknown && e.OutcomeUnknown
}

// Unwrap returns the cause: context.Canceled, a *net.OpError, and so on.
func (e *TransportError) Unwrap() error { return e.Err }

// textOf returns the text of the cause err, for the text of the error that has it. A user's test may make an error with
// a nil cause.
func textOf(err error) string {
	if err == nil {
		return "unknown error"
	}
	return errtext.Trim(err.Error())
}

func trailer(method, path string, attempts int) string {
	unit := "attempts"
	if attempts == 1 {
		unit = "attempt"
	}
	return fmt.Sprintf(" (%s %s, %d %s)", method, path, attempts, unit)
}

func describeSkew(d time.Duration) string {
	if d < 0 {
		return (-d).Round(time.Second).String() + " behind"
	}
	return d.Round(time.Second).String() + " ahead of"
}

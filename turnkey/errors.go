package turnkey

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// ErrorCode is Turnkey's name for what went wrong. Values that are not listed here pass through.
type ErrorCode string

// The codes that have been seen.
const (
	CodeUnspecified           ErrorCode = "UNSPECIFIED"
	CodeInternal              ErrorCode = "INTERNAL"
	CodeOrganizationNotFound  ErrorCode = "ORGANIZATION_NOT_FOUND"
	CodeOrganizationMismatch  ErrorCode = "ORGANIZATION_MISMATCH"
	CodeAPIOperationsDisabled ErrorCode = "API_OPERATIONS_DISABLED"
	CodeSigningQuotaExceeded  ErrorCode = "SIGNING_QUOTA_EXCEEDED"
	CodeRequestNotAuthorized  ErrorCode = "REQUEST_NOT_AUTHORIZED"
	CodeSignatureInvalid      ErrorCode = "SIGNATURE_INVALID"
)

// Status is how Turnkey describes a failure (google.rpc.Status). Fields that cannot be read stay empty.
type Status struct {
	Code    int32    `json:"code"` // gRPC's code; too coarse to branch on
	Message string   `json:"message"`
	Details []Detail `json:"details"`
	// TurnkeyErrorCode is the first turnkeyErrorCode in Details, "" if there is none. Branch on it where it is set.
	TurnkeyErrorCode ErrorCode `json:"-"`
}

// Detail is one of the details of a [Status].
type Detail struct {
	Type             string    `json:"@type"` // as in "type.googleapis.com/errors.v1.TurnkeyErrorDetail"
	TurnkeyErrorCode ErrorCode `json:"turnkeyErrorCode,omitzero"`
}

// UnmarshalJSON reads the fields that can be read and leaves the others empty. It never fails, so that an activity or
// an error can be read even if its Status has another form.
func (s *Status) UnmarshalJSON(data []byte) error {
	type plain Status
	*s = Status{}
	_ = json.Unmarshal(data, (*plain)(s)) // json.Unmarshal reads on after a field of a wrong type
	for _, d := range s.Details {
		if s.TurnkeyErrorCode == "" {
			s.TurnkeyErrorCode = d.TurnkeyErrorCode
		}
	}
	return nil
}

// describe returns the message and the code for the end of an error's text, quoted because they come from Turnkey.
func (s *Status) describe() string {
	var b strings.Builder
	if s.Message != "" {
		fmt.Fprintf(&b, ": %.300q", s.Message)
	}
	if s.TurnkeyErrorCode != "" {
		fmt.Fprintf(&b, "; turnkeyErrorCode %.100q", s.TurnkeyErrorCode)
	}
	return b.String()
}

// Error is a response that is not a success, or a success that cannot be read. errors.Is uses the HTTP status, as for
// the *byzantine.Error in it.
type Error struct {
	Status // zero if the body is not an error of Turnkey
	Err    *byzantine.Error
}

func (e *Error) Error() string {
	if e.Err == nil { // an Error that this package has not made
		return "turnkey: rejected" + e.describe()
	}
	codeOnly := Status{TurnkeyErrorCode: e.TurnkeyErrorCode} // without the message, which the text of Err has already
	return "turnkey: " + errtext.Trim(e.Err.Error()) + codeOnly.describe()
}

// Unwrap returns the *byzantine.Error, with the status, the attempts and the body.
func (e *Error) Unwrap() error {
	if e.Err == nil {
		return nil
	}
	return e.Err
}

// newError returns the error of a failed call: an *Error if there was a response, and a *byzantine.TransportError if
// there was none.
func newError(r *call.Request, f *call.Failure) error {
	note := f.Note
	if f.StatusCode == http.StatusUnauthorized || f.StatusCode == http.StatusForbidden {
		note = strings.TrimPrefix(note+"; "+f.Sender(stampedKey(f.RequestHeader)), "; ")
	}
	if f.StatusCode == 0 {
		return &byzantine.TransportError{
			Operation: byzantine.OperationID(r.Operation), Method: r.Method, Path: r.Path,
			Attempts: f.Attempts, Sent: f.Sent, OutcomeUnknown: f.OutcomeUnknown, Err: f.Err,
		}
	}
	e := &Error{Err: &byzantine.Error{
		Operation: byzantine.OperationID(r.Operation), Method: r.Method, Path: r.Path,
		Message: f.Message, StatusCode: f.StatusCode, Attempts: f.Attempts, Header: f.Header, Body: f.Body,
		ClockSkew: f.ClockSkew, OutcomeUnknown: f.OutcomeUnknown, RequestID: f.RequestID, Note: note, Err: f.Err,
	}}
	if f.Success() {
		e.Err.Body, e.Err.SuccessBody = nil, byzantine.NewSecret(string(f.Body))
	}
	if f.StatusCode >= http.StatusMultipleChoices {
		_ = json.Unmarshal(f.Body, &e.Status) // the Status stays empty if the body is something else
	}
	return e
}

// ConsensusError is an activity that waits for somebody's approval: its status is [ActivityConsensusNeeded] or
// [ActivityAuthenticatorsNeeded]. An approval refers to its Fingerprint. Get its result later by its ID, with
// [Client.GetActivity].
type ConsensusError struct {
	Activity *Activity
}

func (e *ConsensusError) Error() string {
	return fmt.Sprintf("turnkey: %s: somebody has to approve it", e.Activity.describe())
}

// FailedError is an activity that ended as [ActivityFailed] or [ActivityRejected]. The Failure of the Activity says
// why; it is nil if Turnkey does not say it.
type FailedError struct {
	Activity *Activity
}

func (e *FailedError) Error() string {
	text := "turnkey: " + e.Activity.describe()
	if e.Activity != nil && e.Activity.Failure != nil {
		text += e.Activity.Failure.describe()
	}
	return text
}

// UnresolvedError is an activity that Turnkey has accepted and whose result this call has not seen, so errors.Is finds
// byzantine.ErrOutcomeUnknown. Get its result later by its ID, with [Client.GetActivity].
type UnresolvedError struct {
	Activity *Activity // as last seen
	Err      error     // why the call ended: the context ended, a poll was rejected, the status is unknown, or a completed activity has no ids
}

func (e *UnresolvedError) Error() string {
	reason := "unknown error"
	if e.Err != nil {
		reason = errtext.Trim(e.Err.Error())
	}
	return fmt.Sprintf("turnkey: %s: %s", e.Activity.describe(), reason)
}

// Is reports true for byzantine.ErrOutcomeUnknown.
func (e *UnresolvedError) Is(target error) bool { return target == byzantine.ErrOutcomeUnknown }

// Unwrap returns Err.
func (e *UnresolvedError) Unwrap() error { return e.Err }

package byzantine

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Format prints the text of [Error.Error], whatever the verb; %#v prints what [Error.GoString] returns.
func (e Error) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, e.GoString())
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), e.Error())
}

// GoString returns the fields in Go syntax, without Header, Body, SuccessBody and Err.
func (e Error) GoString() string {
	return fmt.Sprintf("byzantine.Error{Operation:%q, Method:%q, Path:%q, Message:%q, StatusCode:%d, Attempts:%d, ClockSkew:%d, OutcomeUnknown:%t, RequestID:%q, Note:%q}",
		e.Operation, e.Method, e.Path, e.Message, e.StatusCode, e.Attempts, e.ClockSkew, e.OutcomeUnknown, e.RequestID, e.Note)
}

// MarshalJSON writes the fields without Header, Body, SuccessBody and Err, and the text of [Error.Error] as "error".
func (e Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Error          string        `json:"error"`
		Operation      OperationID   `json:"operation,omitzero"`
		Method         string        `json:"method"`
		Path           string        `json:"path"`
		Message        string        `json:"message,omitzero"`
		StatusCode     int           `json:"statusCode"`
		Attempts       int           `json:"attempts"`
		ClockSkew      time.Duration `json:"clockSkew,omitzero"` // nanoseconds
		OutcomeUnknown bool          `json:"outcomeUnknown"`
		RequestID      string        `json:"requestId,omitzero"`
		Note           string        `json:"note,omitzero"`
	}{e.Error(), e.Operation, e.Method, e.Path, e.Message, e.StatusCode, e.Attempts, e.ClockSkew, e.OutcomeUnknown, e.RequestID, e.Note})
}

// LogValue returns the text of [Error.Error], for log/slog.
func (e Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalJSON writes the text of [TransactionFailedError.Error], the transaction's id and its status, without its
// names, amounts and bank details: an error that is logged as JSON must not hold personal data.
func (e TransactionFailedError) MarshalJSON() ([]byte, error) {
	report := struct {
		Error         string            `json:"error"`
		TransactionID string            `json:"transactionId,omitzero"`
		Status        TransactionStatus `json:"status,omitzero"`
	}{Error: e.Error()}
	if e.Transaction != nil {
		report.TransactionID, report.Status = e.Transaction.TransactionID, e.Transaction.Status
	}
	return json.Marshal(report)
}

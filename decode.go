package byzantine

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"slices"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// decode reads the body of a success into out. It reads nothing if out is nil or a *none. If out is the response type
// of an operation, as much as possible is read: an unreadable field is left zero and logged, and unreadable elements of
// lists are a *PartialError. Any other out is read by encoding/json.
func (c *Client) decode(x *call.Exchange, op *Operation, out any) error {
	if _, nothing := out.(*none); nothing || out == nil {
		return nil
	}
	read := wire.Read
	if op.response == nil && !isResponse(out) {
		read = json.Unmarshal // a type of the caller's, who alone knows which of its fields matter
	}
	odd, problem := wire.ReadBody(x.Response().Body, out, read)
	if odd == nil && problem == "" {
		return nil
	}
	if odd != nil && odd.FieldCount > 0 {
		c.warnOfFields(x, op, odd)
	}
	switch {
	case problem != "":
		e := unreadable(x, op, problem)
		if odd != nil && odd.Fatal.Path != "" && op.Method != http.MethodGet {
			e.OutcomeUnknown = false
			e.addNote(errtext.Trim(ErrTookEffect.Error()))
		}
		return e
	case len(odd.Elements) > 0:
		return newPartialError(op, odd.Elements)
	}
	return nil
}

// isResponse reports whether out points to the response type of an operation.
func isResponse(out any) bool {
	t := reflect.TypeOf(out).Elem()
	return slices.ContainsFunc(operations, func(op *Operation) bool { return op.response == t })
}

// unreadable returns the error of a success that cannot be read. message says why.
func unreadable(x *call.Exchange, op *Operation, message string) *Error {
	return newResponseError(op, x.Rejected(message))
}

// warnOfFields logs which fields of a response were left zero, by their paths.
func (c *Client) warnOfFields(x *call.Exchange, op *Operation, odd *wire.Unreadable) {
	paths := make([]string, len(odd.Fields))
	for i, f := range odd.Fields {
		paths[i] = f.Error()
	}
	c.calls.Logger().LogAttrs(x.Context(), slog.LevelWarn, "byzantine: fields of a response cannot be read and are left empty",
		slog.String("operation", string(op.ID)), slog.Int("count", odd.FieldCount), slog.Any("fields", paths))
}

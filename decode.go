package byzantine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// An element of two bytes can become a struct of several hundred. Bodies of more than alwaysDecoded bytes are decoded only
// if all their lists together have at most maxElements.
const (
	alwaysDecoded = 64 << 10
	maxElements   = 100_000
)

// decode reads the body of a success. A response that should have a body and has none cannot be decoded either. The
// error says what is wrong and where. It holds no part of the body, because that may be a private key or personal data:
// so the parser's error, which quotes, is not wrapped.
//
// A response of this package's own types is read as far as it can be: fields that are odd are left zero, elements of
// lists that are odd are a *PartialError.
func (x *exchange) decode(ctx context.Context, out any) error {
	body := x.response.Body
	switch {
	case len(body) == 0:
		return x.unreadable("the response has no body")
	case string(bytes.TrimSpace(body)) == "null":
		return x.unreadable("the response is null")
	}
	if len(body) > alwaysDecoded && wire.CountElements(body, maxElements) > maxElements {
		return x.unreadable(fmt.Sprintf("the response is too large: its lists hold more than %d elements", maxElements))
	}
	read := wire.Read
	if x.op.newResponse == nil {
		read = json.Unmarshal // a type of the caller's
	}
	err := read(body, out)
	if err == nil {
		return nil
	}
	if words := wire.DescribeNotJSON(body); words != "" {
		return x.unreadable("the response is " + words)
	}
	var odd *wire.Unreadable
	if !errors.As(err, &odd) {
		return x.unreadable("the response is not of the expected form: " + describeMismatch(err))
	}
	if odd.FieldCount > 0 {
		x.warnOfFields(ctx, odd)
	}
	switch {
	case odd.Fatal != nil:
		e := x.unreadable("the response is not of the expected form: " + odd.Fatal.String())
		if odd.Fatal.Path != "" && !x.op.reads() {
			e.OutcomeUnknown = false
			e.addNote("the request has taken effect, only its response cannot be read")
		}
		return e
	case len(odd.Elements) > 0:
		return newPartialError(x.op.ID, odd.Elements)
	}
	return nil
}

// unreadable makes the error of a success that cannot be read.
func (x *exchange) unreadable(message string) *Error {
	return x.answerError(x.response, message, nil)
}

// warnOfFields logs which fields of a response were left zero, by their paths.
func (x *exchange) warnOfFields(ctx context.Context, odd *wire.Unreadable) {
	paths := make([]string, len(odd.Fields))
	for i, f := range odd.Fields {
		paths[i] = f.String()
	}
	x.client.logger.LogAttrs(ctx, slog.LevelWarn, "byzantine: fields of a response cannot be read and are left empty",
		slog.String("operation", x.op.ID), slog.Int("count", odd.FieldCount), slog.Any("fields", paths))
}

// describeMismatch says what encoding/json met in place of what. It leaves out the path, which can hold names from the
// body, and the digits of a number.
func describeMismatch(err error) string {
	var field *wire.FieldError
	if errors.As(err, &field) {
		return field.Reason
	}
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return "a value cannot be read"
	}
	kind, _, _ := strings.Cut(mismatch.Value, " ")
	return fmt.Sprintf("%s in place of %s", kind, mismatch.Type)
}

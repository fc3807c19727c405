package byzantine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// decode reads the body of a success. A response that should have a body and has none cannot be decoded either. The
// error says what is wrong and where. It holds no part of the body, because that may be a private key or personal data:
// so the parser's error, which quotes, is not wrapped.
func (x *exchange) decode(out any) error {
	body := x.response.Body
	err := json.Unmarshal(body, out)
	var message string
	switch {
	case len(body) == 0:
		message = "the response has no body"
	case string(bytes.TrimSpace(body)) == "null":
		message = "the response is null"
	case err == nil:
		return nil
	default:
		message = "the response is not of the expected form: " + describeMismatch(err)
		if words := wire.DescribeNotJSON(body); words != "" {
			message = "the response is " + words
		}
	}
	return x.answerError(x.response, message, nil)
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

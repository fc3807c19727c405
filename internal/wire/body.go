package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// An element of two bytes can become a struct of several hundred. Bodies of more than alwaysDecoded bytes are decoded
// only if all their lists together have at most maxElements.
const (
	alwaysDecoded = 64 << 10
	maxElements   = 100_000
)

// ReadBody reads the body of a success into out with read, which is [Read] or json.Unmarshal. A response that should
// have a body and has none cannot be read either.
//
// problem says why the body cannot be used, and where. It holds no part of the body, because that may be a private key
// or personal data: so the parser's error, which quotes, is not wrapped. odd is what [Read] could not read, nil if
// there is nothing; if its Fatal is set, problem is about that.
func ReadBody(body []byte, out any, read func([]byte, any) error) (odd *Unreadable, problem string) {
	switch {
	case len(body) == 0:
		return nil, "the response has no body"
	case string(bytes.TrimSpace(body)) == "null":
		return nil, "the response is null"
	}
	if len(body) > alwaysDecoded && CountElements(body, maxElements) > maxElements {
		return nil, fmt.Sprintf("the response is too large: its lists hold more than %d elements", maxElements)
	}
	err := read(body, out)
	if err == nil {
		return nil, ""
	}
	if words := DescribeNotJSON(body); words != "" {
		return nil, "the response is " + words
	}
	const form = "the response is not of the expected form: "
	var found *Unreadable
	if !errors.As(err, &found) {
		return nil, form + describeMismatch(err)
	}
	if found.Fatal != nil {
		problem = form + found.Fatal.Error()
	}
	return found, problem
}

// describeMismatch returns what encoding/json found in place of which type: "string in place of int". It leaves out the
// path, which can hold names from the body, and the digits of a number.
func describeMismatch(err error) string {
	var field *FieldError
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

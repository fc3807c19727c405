package passkey

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// object is a JSON object that decodeObject has read.
type object struct {
	check  string // the name of the object in errors
	fields map[string]json.RawMessage
}

// decodeObject reads a JSON object by [wire.ReadObject], so that a response cannot mean one thing here and another to the
// API. known are the names of the fields that the caller reads; a field spelt like one of them in other letter case is an
// error.
func decodeObject(check string, data []byte, known ...string) (object, error) {
	o := object{check: check}
	if len(data) == 0 {
		return o, malformed(check, "missing")
	}
	if !utf8.Valid(data) { // encoding/json would replace invalid bytes without an error
		return o, malformed(check, "not valid UTF-8")
	}
	var err error
	o.fields, err = wire.ReadObject(data, known...)
	if misspelt := (*wire.FieldError)(nil); errors.As(err, &misspelt) {
		return o, malformed(o.path(misspelt.JSONPath), misspelt.Reason)
	} else if err != nil {
		return o, malformed(check, err.Error())
	}
	return o, nil
}

// path returns the name of a field of the object in errors.
func (o object) path(field string) string { return o.check + "." + field }

func (o object) has(field string) bool { return o.fields[field] != nil }

// text returns the value of a field, which must be a string and not empty.
func (o object) text(field string) (string, error) {
	if !o.has(field) {
		return "", malformed(o.path(field), "missing")
	}
	var s *string
	if err := json.Unmarshal(o.fields[field], &s); err != nil || s == nil {
		return "", malformed(o.path(field), "not a string")
	}
	if *s == "" {
		return "", malformed(o.path(field), "empty")
	}
	return *s, nil
}

// bytes returns the decoded value of a field, which must be base64 and not empty.
func (o object) bytes(field string) ([]byte, error) {
	s, err := o.text(field)
	if err != nil {
		return nil, err
	}
	b, err := decodeBase64(s)
	if err != nil {
		return nil, malformed(o.path(field), err.Error())
	}
	return b, nil
}

// expect returns an error if the field is not the string want.
func (o object) expect(field, want string) error {
	s, err := o.text(field)
	if err == nil && s != want {
		err = malformed(o.path(field), "not "+want)
	}
	return err
}

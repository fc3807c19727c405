// Package wire turns a request struct into a path, a query and a body, and these back into the struct, and checks the
// fields of a request. Other packages read only the names in the json tags of these structs. The tags are:
//
//	path:"vault_id"                the field fills {vault_id} of the path template
//	query:"limit,omitzero"         the field is a query parameter
//	json:"amount,omitzero"         the field is part of the JSON body
//	check:"uuid,min=1,max=64"      the format and the bounds of the value, see [Field]
//	check:"places=6"               an amount with at most 6 decimals
//	check:"must"                   in a response: if the field cannot be read, that is an error, see [Read]
//
// A field without omitzero is required. A number that is 0 and false may be meant, so only these values are rejected as
// missing: empty strings, nil lists, nil pointers, zero times and unset amounts.
package wire

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// FieldError says which field of a request was rejected, by its Go path without the type's name and by its path on the
// wire, and why. It never holds the value.
type FieldError struct{ Field, JSONPath, Reason string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// OnTheWire returns the error with the field's path on the wire in Field, in place of its path in Go.
func (e *FieldError) OnTheWire() *FieldError {
	return &FieldError{Field: e.JSONPath, JSONPath: e.JSONPath, Reason: e.Reason}
}

// under puts the name of a field or the index of an element in front of the error's paths, in Go and on the wire.
func (e *FieldError) under(goName, name string) *FieldError {
	e.Field, e.JSONPath = below(goName, e.Field), below(name, e.JSONPath)
	return e
}

// below joins two parts of a path: "Attestation" and "CredentialID" with a dot, "Authenticators" and "[0]" without.
func below(parent, path string) string {
	if path == "" || path[0] == '[' {
		return parent + path
	}
	return parent + "." + path
}

// NameField converts err, an error of [Encode], to a *FieldError whose Field begins with the name of the type of
// request. An error that names no field, such as one of encoding/json, becomes an error of the whole request.
func NameField(request any, err error) *FieldError {
	_, name, _ := strings.Cut(fmt.Sprintf("%T", request), ".") // *byzantine.InitOTPRequest
	var fe *FieldError
	if !errors.As(err, &fe) {
		return &FieldError{Field: name, Reason: err.Error()}
	}
	return &FieldError{Field: below(name, fe.Field), JSONPath: fe.JSONPath, Reason: fe.Reason}
}

// Request is a request in the form in which it is signed and sent.
type Request struct {
	PathAndQuery string
	Body         []byte // nil where the request type has no body fields
}

// Encode checks req, a struct or a pointer to one, and puts its fields into the path template, the query and the body.
// A nil req has no fields. If a field is rejected, the error is a *FieldError.
func Encode(template string, req any) (Request, error) {
	v := reflect.Indirect(reflect.ValueOf(req))
	if !v.IsValid() {
		if strings.Contains(template, "{") {
			return Request{}, &FieldError{Reason: "missing"}
		}
		return Request{PathAndQuery: template}, nil
	}
	if err := checkStruct(v); err != nil {
		return Request{}, err
	}
	p := planOf(v.Type())
	target := template
	var query strings.Builder
	separator := byte('?')
	for _, f := range p.fields {
		if f.In == Body {
			continue
		}
		value, present, err := text(f, v)
		if err != nil {
			return Request{}, err
		}
		switch {
		case f.In == Path:
			if HasDotSegment(value) {
				return Request{}, &FieldError{Field: f.GoName, JSONPath: f.Name, Reason: "must not hold dot segments"}
			}
			before, after, found := strings.Cut(target, "{"+f.Name+"}")
			if !found {
				return Request{}, fmt.Errorf("wire: %s has no {%s}", template, f.Name)
			}
			target = before + url.PathEscape(value) + after
		case present:
			query.WriteByte(separator)
			separator = '&'
			query.WriteString(f.Name)
			query.WriteByte('=')
			// %20 instead of "+": every parser reads it as a blank, in a query as well as in a path.
			query.WriteString(strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
		}
	}
	if strings.Contains(target, "{") { // PathEscape leaves no brace in a value, so this is a placeholder
		return Request{}, fmt.Errorf("wire: %s has no field for a parameter of %s", v.Type(), template)
	}
	out := Request{PathAndQuery: target + query.String()}
	if p.hasBody {
		body, err := marshal(v)
		if err != nil {
			return Request{}, &FieldError{Reason: "cannot be written as JSON: " + err.Error()}
		}
		out.Body = body
	}
	return out, nil
}

// HasDotSegment reports whether a part of a path has a segment "." or "..", also behind escapes, escapes of escapes, a
// backslash in place of a slash, or parameters ("..;x"): a proxy may resolve any of them before it forwards. It also
// reports true for escapes of escapes that are nested deeper than maxEscapes, because each level costs a pass over the
// whole path, and no identifier has them.
func HasDotSegment(path string) bool {
	for range maxEscapes {
		for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			name, _, _ := strings.Cut(segment, ";")
			if name == "." || name == ".." {
				return true
			}
		}
		plain := dotEscapes.Replace(path)
		if plain == path {
			return false
		}
		path = plain
	}
	return true
}

const maxEscapes = 10

// dotEscapes resolves one level of the escapes that can hide a dot segment, in a text that need not be validly escaped.
var dotEscapes = strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/", "%3b", ";", "%3B", ";", "%25", "%")

// text returns a path or query field as text, before escaping; present is false for an optional field that is zero.
func text(f *Field, v reflect.Value) (value string, present bool, err error) {
	v = v.FieldByIndex(f.index)
	if f.Optional && f.isZero(v) {
		return "", false, nil
	}
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Type() == timeType:
		return v.Interface().(time.Time).UTC().Format(time.RFC3339Nano), true, nil
	case v.Kind() == reflect.String:
		return v.String(), true, nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), true, nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), true, nil
	}
	return "", false, fmt.Errorf("wire: no text form for %s", v.Type())
}

// Decode fills req, a pointer to a struct, from the parts of a request. It does not check what it read: see [Check].
func Decode(req any, path func(name string) string, query url.Values, body []byte) error {
	v := reflect.ValueOf(req).Elem()
	p := planOf(v.Type())
	if p.hasBody {
		if err := json.Unmarshal(body, req); err != nil {
			return err
		}
	}
	for _, f := range p.fields {
		var value string
		switch f.In {
		case Body:
			continue
		case Path:
			value = path(f.Name)
		case Query:
			if !query.Has(f.Name) {
				continue
			}
			value = query.Get(f.Name)
		}
		if err := setText(v.FieldByIndex(f.index), value); err != nil {
			return &FieldError{Field: f.GoName, JSONPath: f.Name, Reason: err.Error()}
		}
	}
	return nil
}

func setText(v reflect.Value, s string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == timeType:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return fmt.Errorf("must be an RFC 3339 time")
		}
		v.Set(reflect.ValueOf(t))
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("must be true or false")
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("must be an integer")
		}
		v.SetInt(n)
	default:
		return fmt.Errorf("wire: no text form for %s", v.Type())
	}
	return nil
}

var (
	timeType          = reflect.TypeFor[time.Time]()
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	validatorType     = reflect.TypeFor[interface{ Validate() error }]()
	zeroerType        = reflect.TypeFor[interface{ IsZero() bool }]()
	stringerType      = reflect.TypeFor[fmt.Stringer]()
	documentType      = reflect.TypeFor[document]()
	rawType           = reflect.TypeFor[json.RawMessage]()
)

// A document is a value of several MiB that writes its text straight into the request body.
// The text must need no JSON escaping.
type document interface {
	encoding.TextAppender
	EncodedLen() int // exact
}

package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// buildRequest makes the request of name=value arguments and of a body. It is checked like a request of the library's
// and rejected for fields that the operation does not have.
func buildRequest(p *process, op byzantine.Operation, args []string, body []byte) (wire.Request, error) {
	value := op.NewRequest()
	if value == nil {
		if len(args) > 0 || body != nil {
			return wire.Request{}, usagef("%s takes nothing", op.ID)
		}
		return wire.Encode(op.Path, nil)
	}
	structType := reflect.TypeOf(value).Elem()
	parts, err := splitArguments(p, op, structType, args, body)
	if err != nil {
		return wire.Request{}, err
	}
	if err := rejectUnknownFields(op, parts.body); err != nil {
		return wire.Request{}, err
	}
	if missing := missingFields(structType, parts, parts.body, ""); len(missing) > 0 {
		return wire.Request{}, usagef("%s: %s: missing", op.ID, strings.Join(missing, ", "))
	}
	if err := checkChoices(op, structType, parts.query, parts.body, parts.forced); err != nil {
		return wire.Request{}, err
	}
	if err := wire.Decode(value, func(name string) string { return parts.path[name] }, parts.query, parts.body); err != nil {
		return wire.Request{}, inRequest(op, err)
	}
	request, err := wire.Encode(op.Path, value)
	if err != nil {
		return wire.Request{}, inRequest(op, err)
	}
	request.PathAndQuery = withZeros(request.PathAndQuery, reflect.ValueOf(value).Elem(), parts.query)
	return request, nil
}

// inRequest names the operation, and the field as the API does, in an error of package wire.
func inRequest(op byzantine.Operation, err error) error {
	var field *wire.FieldError
	if errors.As(err, &field) && field.JSONPath != "" {
		err = field.OnTheWire()
	}
	return usagef("%s: %v", op.ID, errtext.Bare(err))
}

// withZeros appends the query parameters that were given with the value zero, which the library would leave out. A user
// who types limit=0 wants it to be sent, and the API's response to it is not the same as without a limit.
func withZeros(pathAndQuery string, request reflect.Value, query url.Values) string {
	for _, f := range wire.Fields(request.Type()) {
		value := request.FieldByName(f.GoName)
		if f.In != wire.Query || !f.Optional || !value.IsZero() || value.Kind() == reflect.String || query.Get(f.Name) == "" {
			continue
		}
		separator := "?"
		if strings.Contains(pathAndQuery, "?") {
			separator = "&"
		}
		pathAndQuery += separator + f.Name + "=" + url.QueryEscape(query.Get(f.Name))
	}
	return pathAndQuery
}

// parts are the path values, the query and the body of a request before it is checked.
type parts struct {
	path  map[string]string
	query url.Values
	body  []byte
	// forced are the names of what was given by name:=JSON.
	forced []string
}

// splitArguments puts each argument into the path, the query or the body, depending on where the field with its name
// is.
func splitArguments(p *process, op byzantine.Operation, structType reflect.Type, args []string, body []byte) (*parts, error) {
	fields := wire.Fields(structType)
	hasBody := slices.ContainsFunc(fields, func(f *wire.Field) bool { return f.In == wire.Body })
	switch object := map[string]json.RawMessage{}; {
	case body == nil && hasBody:
		body = []byte("{}")
	case body == nil:
	case !hasBody:
		return nil, usagef("%s has no body", op.ID)
	case json.Unmarshal(body, &object) != nil || object == nil:
		return nil, usagef("-body: must be a JSON object")
	}
	out := &parts{path: map[string]string{}, query: url.Values{}, body: body}
	given := map[string]bool{}
	for _, arg := range args {
		a, err := parseArgument(p, arg)
		if err != nil {
			return nil, err
		}
		steps, err := parsePath(a.name)
		if err != nil {
			return nil, err
		}
		f, t, err := fieldAt(op, structType, a.name, steps)
		if err != nil {
			return nil, err
		}
		if a.isJSON {
			out.forced = append(out.forced, a.name)
		}
		switch {
		case f.In == wire.Body:
			value, err := a.value(isText(t), describeType(t))
			if err == nil {
				out.body, err = place(out.body, steps, value)
			}
			if err != nil {
				return nil, inField(a.name, err)
			}
		case given[a.name]:
			return nil, usagef("%s is given twice", a.name)
		case f.In == wire.Path:
			out.path[a.name] = a.plain()
		default:
			out.query.Set(a.name, a.plain())
		}
		given[a.name] = true
	}
	return out, nil
}

// inField converts an error of [place] or of an argument's value to a usage error that names the field.
func inField(name string, err error) error {
	if errors.Is(err, errTwice) {
		return usagef("%s %v", name, errtext.Bare(err))
	}
	return usagef("%s: %v", name, errtext.Bare(err))
}

// fieldAt looks up a name such as userInfo.email in the type of a request. It returns the field of the request with
// which the name begins (userInfo), and the type of the field at the end of the name (email).
func fieldAt(op byzantine.Operation, t reflect.Type, name string, steps []step) (top *wire.Field, end reflect.Type, err error) {
	for _, s := range steps {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if s.field == "" {
			if t.Kind() != reflect.Slice || isText(t) {
				return nil, nil, usagef("%s: %s is no list", op.ID, name)
			}
			t = t.Elem()
			continue
		}
		var fields []*wire.Field
		if t.Kind() == reflect.Struct && !isText(t) {
			fields = wire.Fields(t)
		}
		i := slices.IndexFunc(fields, func(f *wire.Field) bool { return f.Name == s.field })
		if i < 0 {
			return nil, nil, usagef("%s has no field %q%s: byzantine operations %s lists them", op.ID, name,
				spelling.DidYouMean(s.field, known(fields, func(f *wire.Field) string { return f.Name })), op.ID)
		}
		if t = fields[i].Type; top == nil {
			top = fields[i]
		}
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return top, t, nil
}

// missingFields returns the names of the required fields that a request does not have, also of those inside objects and
// lists that it has.
func missingFields(t reflect.Type, p *parts, raw json.RawMessage, prefix string) (missing []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var list []json.RawMessage
	if t.Kind() == reflect.Slice && !isText(t) && json.Unmarshal(raw, &list) == nil {
		for i, element := range list {
			missing = append(missing, missingFields(t.Elem(), p, element, fmt.Sprintf("%s[%d]", prefix, i))...)
		}
		return missing
	}
	var object map[string]json.RawMessage
	if t.Kind() != reflect.Struct || isText(t) || raw != nil && json.Unmarshal(raw, &object) != nil {
		return nil
	}
	for _, f := range wire.Fields(t) {
		name := f.Name
		if prefix != "" {
			name = prefix + "." + f.Name
		}
		inner, there := object[f.Name]
		switch f.In {
		case wire.Path:
			there = p.path[f.Name] != ""
		case wire.Query:
			there = p.query.Get(f.Name) != ""
		}
		switch {
		case there && f.In == wire.Body:
			missing = append(missing, missingFields(f.Type, p, inner, name)...)
		case !there && !f.Optional:
			missing = append(missing, name)
		}
	}
	return missing
}

// isText reports whether values of a type are strings on the wire, such as a time.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// rejectUnknownFields returns a usage error if a body has a field that the operation does not have. The library would
// leave such a field out.
func rejectUnknownFields(op byzantine.Operation, body []byte) error {
	if body == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(op.NewRequest())
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		return usagef("%s: %s: must be %s, not a JSON %s", op.ID, kind.Field, describeType(kind.Type), kind.Value)
	}
	if err != nil {
		return usagef("%s: body: %s", op.ID, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

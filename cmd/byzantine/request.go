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
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// buildRequest makes the request of name=value arguments and of a body. It is checked like a request of the library's
// and refused for members that the operation does not have.
func buildRequest(op byzantine.Operation, args []string, body []byte) (wire.Request, error) {
	value := op.NewRequest()
	if value == nil {
		if len(args) > 0 || body != nil {
			return wire.Request{}, usagef("%s takes nothing", op.ID)
		}
		return wire.Encode(op.Path, nil)
	}
	structType := reflect.TypeOf(value).Elem()
	parts, err := splitArguments(op, wire.Fields(structType), args, body)
	if err != nil {
		return wire.Request{}, err
	}
	if err := refuseUnknownMembers(op, parts.body); err != nil {
		return wire.Request{}, err
	}
	if err := wire.Decode(value, func(name string) string { return parts.path[name] }, parts.query, parts.body); err != nil {
		return wire.Request{}, usagef("%s: %v", op.ID, err)
	}
	request, err := wire.Encode(op.Path, value)
	var refused *wire.FieldError
	if errors.As(err, &refused) {
		return wire.Request{}, usagef("%s: %s: %s", op.ID, wireName(structType, refused.Field), refused.Reason)
	}
	return request, err
}

// parts are those of a request before it is checked.
type parts struct {
	path  map[string]string
	query url.Values
	body  []byte
}

// splitArguments puts each argument where its member stands.
func splitArguments(op byzantine.Operation, fields []*wire.Field, args []string, body []byte) (*parts, error) {
	members := map[string]json.RawMessage{}
	hasBody := slices.ContainsFunc(fields, func(f *wire.Field) bool { return f.In == wire.Body })
	switch {
	case body == nil:
	case !hasBody:
		return nil, usagef("%s has no body", op.ID)
	case json.Unmarshal(body, &members) != nil || members == nil:
		return nil, usagef("-body: must be a JSON object")
	}
	p := &parts{path: map[string]string{}, query: url.Values{}}
	given := map[string]bool{}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usagef("%q is not of the form name=value", arg)
		}
		i := slices.IndexFunc(fields, func(f *wire.Field) bool { return f.Name == name })
		switch {
		case i < 0:
			return nil, usagef("%s has no member %q: byzantine operations %s lists them", op.ID, name, op.ID)
		case given[name] || members[name] != nil:
			return nil, usagef("%s is given twice", name)
		}
		given[name] = true
		switch fields[i].In {
		case wire.Path:
			p.path[name] = text
		case wire.Query:
			p.query.Set(name, text)
		case wire.Body:
			member, err := memberJSON(fields[i].Type, text)
			if err != nil {
				return nil, usagef("%s: %v", name, err)
			}
			members[name] = member
		}
	}
	if hasBody {
		var err error
		if p.body, err = wire.Marshal(members); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// memberJSON writes the value of a body member as JSON: text as it is, everything else is JSON already.
func memberJSON(t reflect.Type, text string) (json.RawMessage, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if isText(t) {
		return wire.Marshal(text)
	}
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("must be JSON: %s", describeType(t))
	}
	return json.RawMessage(text), nil
}

// isText reports whether values of a type are strings on the wire, such as a time.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// refuseUnknownMembers finds misspelt members, which would be left out otherwise.
func refuseUnknownMembers(op byzantine.Operation, body []byte) error {
	if body == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(op.NewRequest()); err != nil {
		return usagef("%s: body: %s", op.ID, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// wireName turns the path of a member in Go, such as Authenticators[0].Challenge, into its path on the wire. What it
// does not find stays as it is.
func wireName(t reflect.Type, goPath string) string {
	var names []string
	for step := range strings.SplitSeq(goPath, ".") {
		name, index, indexed := strings.Cut(step, "[")
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return goPath
		}
		fields := wire.Fields(t)
		i := slices.IndexFunc(fields, func(f *wire.Field) bool { return f.GoName == name })
		if i < 0 {
			return goPath
		}
		t, name = fields[i].Type, fields[i].Name
		if indexed {
			name += "[" + index
		}
		names = append(names, name)
	}
	return strings.Join(names, ".")
}

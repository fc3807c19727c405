package byzantinetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// maxControlBytes is enough for the document of a large world.
const maxControlBytes = 256 << 20

// decodeControl fills a request from path, query and body. An error about a field begins with the field's name.
func decodeControl(r *http.Request, req any, schema func() *apiSchema) error {
	v := reflect.ValueOf(req).Elem()
	query := r.URL.Query()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if name := field.Tag.Get("path"); name != "" {
			v.Field(i).SetString(r.PathValue(name))
		}
		if name := field.Tag.Get("query"); name != "" {
			if err := setQuery(v.Field(i), name, query); err != nil {
				return err
			}
		}
	}
	for name := range query {
		return badRequest("%s: there is no such query parameter", name)
	}
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxControlBytes))
	if err != nil {
		return badRequest("the body cannot be read: %v", err)
	}
	if whole := v.FieldByName("Whole"); whole.IsValid() {
		whole.SetBytes(body)
		return nil
	}
	return decodeControlBody(body, v, schema())
}

// decodeControlBody fills the fields of a request that stand in its body. An empty body is one without fields.
func decodeControlBody(body []byte, v reflect.Value, schema *apiSchema) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	value, err := parseJSON(body)
	if err != nil {
		return badRequest("the body is %v", err)
	}
	if value.kind != "object" {
		return badRequest("the body must be an object, not %s", described(value.kind))
	}
	if err := (formChecker{}).check(schema, &value, ""); err != nil {
		return badRequest("%v", err)
	}
	fields, err := wire.ReadObject(body)
	if err != nil {
		return badRequest("the body is %v", err)
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		text, there := fields[name]
		if !there || string(text) == "null" {
			continue
		}
		if err := json.Unmarshal(text, v.Field(i).Addr().Interface()); err != nil {
			return badField(name, err)
		}
	}
	return checkRequired(schema, &value, "")
}

// badField puts the name of a field in front of an error of encoding/json about its value.
func badField(name string, err error) error {
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		return badRequest("%s: must not be a %s", strings.TrimSuffix(name+"."+mismatch.Field, "."), mismatch.Value)
	}
	if field := (*wire.FieldError)(nil); errors.As(err, &field) {
		return badRequest("%s.%v", name, field)
	}
	return badRequest("%s: %v", name, plainJSONError(err))
}

// checkRequired reports the first field that has to be there and is not.
func checkRequired(s *apiSchema, v *jsonValue, path string) error {
	if v.kind == "object" {
		for _, name := range s.required {
			if m := v.member(name); m == nil || m.kind == "null" {
				return badRequest("%s: missing", joined(path, name))
			}
		}
	}
	for i := range v.members {
		if property := s.properties[v.members[i].name]; property != nil {
			if err := checkRequired(property, &v.members[i].value, joined(path, v.members[i].name)); err != nil {
				return err
			}
		}
	}
	for i := range v.elements {
		if s.items != nil {
			if err := checkRequired(s.items, &v.elements[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// setQuery parses the parameter name of query into v and deletes it from query.
func setQuery(v reflect.Value, name string, query url.Values) error {
	text := query.Get(name)
	query.Del(name)
	if text == "" {
		return nil
	}
	switch v := v.Addr().Interface().(type) {
	case *string:
		*v = text
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return badRequest("%s: must be an integer", name)
		}
		if n < 0 {
			return badRequest("%s: must not be negative", name)
		}
		*v = n
	case **int:
		*v = new(int)
		return setQuery(reflect.ValueOf(*v).Elem(), name, url.Values{name: {text}})
	case interface{ UnmarshalText([]byte) error }:
		if err := v.UnmarshalText([]byte(text)); err != nil {
			return badRequest("%s: %v", name, err)
		}
	default:
		panic(fmt.Sprintf("byzantinetest: no query parameter can be a %T", v))
	}
	return nil
}

// notNegative rejects a span below zero.
func notNegative(name string, d span) error {
	if d < 0 {
		return badRequest("%s: must not be negative", name)
	}
	return nil
}

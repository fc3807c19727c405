package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The reasons for which a JSON text can mean different things to different readers.
var (
	errNotUTF8     = errors.New("not valid UTF-8")
	errNotJSON     = errors.New("not valid JSON")
	errNoObject    = errors.New("not a JSON object")
	errSameName    = errors.New("has two fields of the same name")
	errDiffersCase = errors.New("has two fields whose names differ in letter case only")
	errManyFields  = fmt.Errorf("has more than %d fields", maxNames)
)

// maxNames is the maximum number of names of a text: they are all held in memory to find two that are the same. Each
// takes about ten times as much memory as the text of the shortest field.
const maxNames = 100_000

// ReadObject reads one JSON object and rejects one that other readers could read differently. encoding/json alone uses
// the last of two fields of the same name and ignores the case of names, so an object could mean one thing here and
// another to the program that signs or executes it. known are the names that the caller uses; if one occurs in other
// letter case, the error is a *[FieldError] with the known name. The values are parts of data. They are not examined,
// and may have invalid UTF-8.
func ReadObject(data []byte, known ...string) (map[string]json.RawMessage, error) {
	if !json.Valid(data) {
		return nil, errNotJSON
	}
	if data = bytes.TrimSpace(data); data[0] != '{' {
		return nil, errNoObject
	}
	values := map[string]json.RawMessage{}
	var misspelt error
	for quoted, value := range fieldsOf(data) {
		name := unquote(quoted)
		if _, twice := values[name]; twice {
			return nil, errSameName
		}
		if len(values) == maxNames {
			return nil, errManyFields
		}
		values[name] = value
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				misspelt = &FieldError{Field: k, JSONPath: k, Reason: "spelt in other letter case"}
			}
		}
	}
	if misspelt != nil {
		return nil, misspelt
	}
	return values, nil
}

// UniqueNames checks that a JSON text is valid UTF-8 and that no object anywhere in it has two fields whose names are
// equal, in whatever letter case. The time it takes grows with the length of the text only, and a text with more than
// maxNames names is an error.
func UniqueNames(data []byte) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	if !json.Valid(data) {
		return errNotJSON
	}
	type level struct {
		names map[string]string // by their folded form; nil in an array
		value bool              // the next token is the value of a name
	}
	var levels []level
	names := 0
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err != nil { // the text is valid JSON, so this is io.EOF
			return nil
		}
		switch token {
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			continue
		}
		if len(levels) > 0 {
			top := &levels[len(levels)-1]
			if name, isString := token.(string); isString && top.names != nil && !top.value {
				folded := fold(name)
				if former, twice := top.names[folded]; twice && former == name {
					return errSameName
				} else if twice {
					return errDiffersCase
				}
				if names++; names > maxNames {
					return errManyFields
				}
				top.names[folded], top.value = name, true
				continue
			}
			top.value = false
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]string{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}

// fold returns the same text for all texts that are equal by strings.EqualFold.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}

// DecodeExact is json.Unmarshal into structs, and pointers and slices of them, with the strictness of [ReadObject] at
// each. Other types are decoded by encoding/json. It is for small objects whose meaning a user signs.
func DecodeExact(data []byte, v any) error {
	return decodeExact(data, reflect.ValueOf(v).Elem())
}

func decodeExact(data []byte, v reflect.Value) error {
	null := string(bytes.TrimSpace(data)) == "null"
	switch {
	case v.Kind() == reflect.Pointer && holdsStruct(v.Type()) && !null:
		v.Set(reflect.New(v.Type().Elem()))
		return decodeExact(data, v.Elem())
	case v.Kind() == reflect.Slice && holdsStruct(v.Type()) && !null:
		var elements []json.RawMessage
		if err := json.Unmarshal(data, &elements); err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
		for i, element := range elements {
			if err := decodeExact(element, v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case v.Kind() != reflect.Struct || readsItself(v.Type()):
		return json.Unmarshal(data, v.Addr().Interface())
	}
	var known []string
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			known, fields[name] = append(known, name), v.Field(i)
		}
	}
	values, err := ReadObject(data, known...)
	if err != nil {
		return err
	}
	for name, field := range fields {
		if value, there := values[name]; there {
			if err := decodeExact(value, field); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdsStruct reports whether t is a struct whose fields are read one by one, or is made of pointers and slices of such
// a struct. A type with an UnmarshalJSON of its own is none.
func holdsStruct(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if readsItself(t) {
			return false
		}
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !readsItself(t)
}

func readsItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

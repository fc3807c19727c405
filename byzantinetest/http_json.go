package byzantinetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// jsonValue is a JSON text taken apart: encoding/json would pass over doubled names and the spelling of names.
type jsonValue struct {
	kind     string // as OpenAPI names them; "number" for integers, too, and "null"
	text     string // of a string
	number   json.Number
	members  []jsonMember
	elements []jsonValue
}

type jsonMember struct {
	name  string
	value jsonValue
}

// member returns the field of that name, or nil if the object has none.
func (v *jsonValue) member(name string) *jsonValue {
	for i := range v.members {
		if v.members[i].name == name {
			return &v.members[i].value
		}
	}
	return nil
}

// maxJSONDepth is far more than any request of the API needs.
const maxJSONDepth = 64

// parseJSON takes a text apart that holds one value and nothing else.
func parseJSON(text []byte) (jsonValue, error) {
	if !utf8.Valid(text) {
		return jsonValue{}, errors.New("not JSON: not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	value, err := readJSON(dec, 0)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errors.New("there is something after the value")
		}
	}
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		return jsonValue{}, fmt.Errorf("not JSON at byte %d: %w", dec.InputOffset(), err)
	}
	return value, nil
}

func readJSON(dec *json.Decoder, depth int) (jsonValue, error) {
	if depth > maxJSONDepth {
		return jsonValue{}, fmt.Errorf("nested more than %d levels deep", maxJSONDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return jsonValue{}, err
	}
	switch t := token.(type) {
	case string:
		return jsonValue{kind: "string", text: t}, nil
	case json.Number:
		return jsonValue{kind: "number", number: t}, nil
	case bool:
		return jsonValue{kind: "boolean"}, nil
	case json.Delim:
		return readJSONGroup(dec, t, depth)
	}
	return jsonValue{kind: "null"}, nil
}

// readJSONGroup reads the rest of an object or a list.
func readJSONGroup(dec *json.Decoder, opening json.Delim, depth int) (jsonValue, error) {
	value := jsonValue{kind: "array"}
	if opening == '{' {
		value.kind = "object"
	}
	for dec.More() {
		name := ""
		if opening == '{' {
			token, err := dec.Token()
			if err != nil {
				return value, err
			}
			name = token.(string) // the decoder lets nothing else pass
		}
		inner, err := readJSON(dec, depth+1)
		if err != nil {
			return value, err
		}
		if opening == '{' {
			value.members = append(value.members, jsonMember{name, inner})
		} else {
			value.elements = append(value.elements, inner)
		}
	}
	_, err := dec.Token()
	return value, err
}

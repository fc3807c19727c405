package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
)

// Marshal is encoding/json without HTML escaping and without a trailing newline.
func Marshal(v any) ([]byte, error) {
	e := newEncoder()
	err := e.leaf(v)
	return e.text.Bytes(), err
}

// marshalRequest is Marshal for a request. Documents are written straight into the one buffer that it returns: through
// a method of encoding/json's each would be copied several times.
func marshalRequest(v reflect.Value) ([]byte, error) {
	if !planOf(v.Type()).hasDocuments {
		return Marshal(v.Interface())
	}
	e := newEncoder()
	if err := e.value(v); err != nil {
		return nil, err
	}
	return e.assemble()
}

// encoder collects the small text of a body and the places at which documents go.
type encoder struct {
	text bytes.Buffer
	json *json.Encoder
	docs []placed
}

func newEncoder() *encoder {
	e := new(encoder)
	e.json = json.NewEncoder(&e.text)
	e.json.SetEscapeHTML(false)
	return e
}

type placed struct {
	at  int // offset in the text
	doc document
}

func (e *encoder) leaf(v any) error {
	if err := e.json.Encode(v); err != nil {
		return err
	}
	e.text.Truncate(e.text.Len() - 1) // the newline
	return nil
}

func (e *encoder) value(v reflect.Value) error {
	if !holdsDocument(v.Type()) {
		return e.leaf(v.Interface())
	}
	switch {
	case v.Type().Implements(documentType) && v.Kind() != reflect.Pointer:
		e.text.WriteByte('"')
		e.docs = append(e.docs, placed{e.text.Len(), v.Interface().(document)})
		e.text.WriteByte('"')
		return nil
	case v.Kind() == reflect.Struct:
		return e.members(v)
	case v.IsNil(): // a pointer or a list
		e.text.WriteString("null")
		return nil
	case v.Kind() == reflect.Pointer:
		return e.value(v.Elem())
	}
	open := byte('[')
	for i := range v.Len() {
		e.text.WriteByte(open)
		open = ','
		if err := e.value(v.Index(i)); err != nil {
			return err
		}
	}
	if v.Len() == 0 {
		e.text.WriteByte(open)
	}
	e.text.WriteByte(']')
	return nil
}

func (e *encoder) members(v reflect.Value) error {
	open := byte('{')
	for _, f := range planOf(v.Type()).fields {
		m := v.FieldByIndex(f.index)
		if f.In != Body || (f.Optional && f.isZero(m)) {
			continue
		}
		e.text.WriteByte(open)
		open = ','
		if err := e.leaf(f.Name); err != nil {
			return err
		}
		e.text.WriteByte(':')
		if err := e.value(m); err != nil {
			return err
		}
	}
	if open == '{' {
		e.text.WriteByte(open)
	}
	e.text.WriteByte('}')
	return nil
}

// assemble copies text and documents into one buffer of exactly the right size.
func (e *encoder) assemble() ([]byte, error) {
	size := e.text.Len()
	for _, p := range e.docs {
		size += p.doc.EncodedLen()
	}
	out, text, done := make([]byte, 0, size), e.text.Bytes(), 0
	for _, p := range e.docs {
		out = append(out, text[done:p.at]...)
		done = p.at
		var err error
		if out, err = p.doc.AppendText(out); err != nil {
			return nil, err
		}
	}
	return append(out, text[done:]...), nil
}

// CompactObject returns a JSON object without the white space between its tokens and otherwise unchanged.
func CompactObject(text []byte) ([]byte, error) {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil || out.Bytes()[0] != '{' {
		return nil, errors.New("must be a JSON object") // the parser's words may quote it
	}
	return out.Bytes(), nil
}

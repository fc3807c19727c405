package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Marshal writes what encoding/json writes, without HTML escaping and without a trailing newline. Two kinds of values
// in v, at any depth, are not written by its encoder. Raw JSON keeps every byte except the white space between its
// tokens; if v itself is raw JSON, it keeps the white space as well. A passkey may have signed it, and the encoder of
// Go 1.27 escapes U+2028 in it. Documents are written straight into the buffer that is returned: the encoder would copy
// each several times.
func Marshal(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok && raw != nil {
		if !json.Valid(raw) {
			return nil, errRawJSON
		}
		return slices.Clone(raw), nil
	}
	return marshal(reflect.ValueOf(v))
}

var errRawJSON = errors.New("raw JSON is not valid") // not the parser's error, which may quote the text

func marshal(v reflect.Value) ([]byte, error) {
	e := encoders.Get().(*encoder)
	if err := e.value(v, 0); err != nil {
		return nil, err // the encoder is not used again, because the error may have left text in it
	}
	out, err := e.assemble()
	if e.text.Cap() <= maxKept {
		e.text.Reset()
		clear(e.docs)
		e.docs = e.docs[:0]
		encoders.Put(e)
	}
	return out, err
}

// encoders holds encoders for further use, because a new one takes more memory than most bodies.
var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.json = json.NewEncoder(&e.text)
	e.json.SetEscapeHTML(false)
	return e
}}

// maxKept is the maximum size in bytes of an encoder's buffer that is kept for further use.
const maxKept = 64 << 10

// encoder collects the text of a body without its documents, and the positions of these.
type encoder struct {
	text bytes.Buffer
	json *json.Encoder
	docs []placed
}

type placed struct {
	at  int // the offset in text
	doc document
}

// leaf writes a value with encoding/json, without the newline that its encoder adds.
func (e *encoder) leaf(v any) error {
	if err := e.json.Encode(v); err != nil {
		return err
	}
	e.text.Truncate(e.text.Len() - 1) // the newline
	return nil
}

// maxDepth is how many levels deep value descends. Deeper values are left to encoding/json, which returns an error for
// values that contain themselves.
const maxDepth = 1000

func (e *encoder) value(v reflect.Value, depth int) error {
	switch {
	case !v.IsValid():
		return e.leaf(nil)
	case depth > maxDepth || !holdsVerbatim(v.Type()):
		if v.CanAddr() {
			v = v.Addr() // so that encoding/json calls methods of the pointer too
		}
		return e.leaf(v.Interface())
	case v.Type() == rawType && v.IsNil():
		return e.leaf(nil)
	case v.Type() == rawType:
		if json.Compact(&e.text, v.Bytes()) != nil {
			return errRawJSON
		}
		return nil
	case v.Type().Implements(documentType) && v.Kind() != reflect.Pointer:
		e.text.WriteByte('"')
		e.docs = append(e.docs, placed{e.text.Len(), v.Interface().(document)})
		e.text.WriteByte('"')
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return e.fields(v, depth)
	case reflect.Array:
		return e.elements(v, depth)
	}
	switch {
	case v.IsNil():
		return e.leaf(nil)
	case v.Kind() == reflect.Map:
		return e.entries(v, depth)
	case v.Kind() == reflect.Slice:
		return e.elements(v, depth)
	}
	return e.value(v.Elem(), depth+1) // v is a pointer or an interface
}

func (e *encoder) fields(v reflect.Value, depth int) error {
	first := true
	e.text.WriteByte('{')
	for _, f := range layoutOf(v.Type()).fields {
		field := v.FieldByIndex(f.index)
		if f.isLeftOut(field) {
			continue
		}
		if err := e.named(f.name, field, first, depth); err != nil {
			return err
		}
		first = false
	}
	e.text.WriteByte('}')
	return nil
}

func (e *encoder) entries(v reflect.Value, depth int) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	e.text.WriteByte('{')
	for i, key := range keys {
		if err := e.named(key.String(), v.MapIndex(key), i == 0, depth); err != nil {
			return err
		}
	}
	e.text.WriteByte('}')
	return nil
}

// named writes a field of an object: its name, a colon and its value.
func (e *encoder) named(name string, v reflect.Value, first bool, depth int) error {
	if !first {
		e.text.WriteByte(',')
	}
	if err := e.leaf(name); err != nil {
		return err
	}
	e.text.WriteByte(':')
	return e.value(v, depth+1)
}

func (e *encoder) elements(v reflect.Value, depth int) error {
	e.text.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			e.text.WriteByte(',')
		}
		if err := e.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	e.text.WriteByte(']')
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

// ObjectText returns the bytes of a JSON object in a response without white space. The response has either the object
// itself or a string with the object's text in base64, which is how encoding/json writes bytes.
func ObjectText(text []byte) ([]byte, error) {
	if len(text) > 0 && text[0] == '"' {
		var object []byte
		if json.Unmarshal(text, &object) != nil {
			return nil, errors.New("must be a JSON object or its base64")
		}
		text = object
	}
	return CompactObject(text)
}

// CompactObject returns a JSON object without the white space between its tokens and otherwise unchanged. It returns an
// error if text is not a JSON object.
func CompactObject(text []byte) ([]byte, error) {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil || out.Bytes()[0] != '{' {
		return nil, errors.New("must be a JSON object") // not the parser's error, which may quote the text
	}
	return out.Bytes(), nil
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Read decodes a response, which should be valid JSON, into out, a pointer. It uses encoding/json. If that fails, or if
// a field that must be present is missing, it reads the response again in a lenient pass, field by field and element by
// element, and reads as much as it can. If that pass finds something unreadable, the error is an *Unreadable. For a
// text that is not JSON it is encoding/json's error.
func Read(text []byte, out any) error {
	v := reflect.ValueOf(out).Elem()
	if len(text) > reserveAbove {
		reserve(text, v)
	}
	return read(text, v, true)
}

// ReadPart is Read for the UnmarshalJSON of a type that occurs in responses. It does not check whether fields are
// missing: Read does that for the type itself. The UnmarshalJSON keeps what was read and returns the error.
func ReadPart(text []byte, out any) error {
	return read(text, reflect.ValueOf(out).Elem(), false)
}

// ReadLenient is the lenient pass of Read alone, for tests that compare it with encoding/json. text is valid JSON.
func ReadLenient(text []byte, out any) error {
	return readLenient(text, reflect.ValueOf(out).Elem(), true)
}

func read(text []byte, v reflect.Value, whole bool) error {
	err := json.Unmarshal(text, v.Addr().Interface())
	if err == nil && (!whole || complete(v)) {
		return nil
	}
	if err != nil && !json.Valid(text) {
		return err
	}
	empty(v)
	return readLenient(text, v, whole)
}

func readLenient(text []byte, v reflect.Value, whole bool) error {
	r := &reader{whole: whole}
	if f := r.value(bytes.TrimSpace(text), v, nil); f != nil {
		r.Fatal = f
	}
	if r.Fatal == nil {
		r.Fatal = r.twice
	}
	if r.Fatal == nil && len(r.Elements) == 0 && len(r.Fields) == 0 {
		return nil // the only odd thing was a time in another form of RFC 3339
	}
	return &r.Unreadable
}

// Finding is a place in a response where something could not be read, and why. It holds only names of this module's
// fields and indexes, nothing of the response itself.
type Finding struct {
	Path   string // names as on the wire: "transactions[3].updatedAt"
	Reason string // "number in place of string", "missing"
}

// Error returns the path and the reason.
func (f Finding) Error() string {
	if f.Path == "" {
		return f.Reason
	}
	return f.Path + ": " + f.Reason
}

// Element is an element of a list that could not be read: its JSON kind is wrong, or a Must field in it could not be
// read. What could be read of it is in its place in the list.
type Element struct {
	Index   int
	Top     int // the index of this element, or of the one that holds it, in the outermost list
	Depth   int // how many lists hold this element: 1 for an element of the outermost list
	Finding     // of the field, or of the element itself
}

// Unreadable lists the parts of a response that could not be read. All other parts were read.
type Unreadable struct {
	// Fatal is about a Must field outside of all lists that could not be read, or with an empty path about the whole
	// response; nil if there is none.
	Fatal *Finding
	// Elements are in the order of the response. An element of a list in another element comes before that element.
	Elements []Element
	// Fields are fields that could not be read and are zero, at most maxFindings of them. FieldCount is the number of
	// all of them.
	Fields     []Finding
	FieldCount int
}

// maxFindings is the maximum number of unreadable fields of one response that are named.
const maxFindings = 20

// Error returns the most severe finding: Fatal, otherwise the first of Elements, otherwise the first of Fields.
func (r *Unreadable) Error() string {
	switch {
	case r.Fatal != nil:
		return r.Fatal.Error()
	case len(r.Elements) > 0:
		return r.Elements[0].Error()
	case len(r.Fields) > 0:
		return r.Fields[0].Error()
	}
	return "nothing is unreadable"
}

// reader does the lenient pass over one response.
type reader struct {
	Unreadable
	whole bool     // whether missing fields are reported
	steps []step   // the path of the value that is being read
	depth int      // how many lists hold the value that is being read
	twice *Finding // a list that occurs twice in one object, with unreadable elements at first: their indexes may be wrong
}

// step is one step of a path into a value: to a field with a name, or to an element with an index if the name is "".
type step struct {
	name  string
	index int
}

func (r *reader) finding(reason string) *Finding { return &Finding{r.path(), reason} }

func (r *reader) path() string {
	var path strings.Builder
	for _, s := range r.steps {
		switch {
		case s.name == "":
			fmt.Fprintf(&path, "[%d]", s.index)
		case path.Len() > 0:
			path.WriteString("." + s.name)
		default:
			path.WriteString(s.name)
		}
	}
	return path.String()
}

// top returns the index, in the outermost list, of the element that is being read, or 0 outside of lists.
func (r *reader) top() int {
	for _, s := range r.steps {
		if s.name == "" {
			return s.index
		}
	}
	return 0
}

// at reads text, the value of a field or element of the value that is being read, into v. s says which.
func (r *reader) at(s step, text []byte, v reflect.Value, field *Field) *Finding {
	r.steps = append(r.steps, s)
	f := r.value(text, v, field)
	r.steps = r.steps[:len(r.steps)-1]
	return f
}

func (r *reader) warn(f Finding) {
	r.FieldCount++
	if len(r.Fields) < maxFindings {
		r.Fields = append(r.Fields, f)
	}
}

// value reads one value into v and returns what is wrong with it, nil if nothing is: its JSON kind is wrong, or a Must
// field in it could not be read. field is the field that the value belongs to, directly or as an element; nil for the
// whole response. The caller decides whether the finding is an error.
func (r *reader) value(text []byte, v reflect.Value, field *Field) *Finding {
	t := v.Type()
	isNull := string(text) == "null"
	switch {
	case t.Kind() == reflect.Struct && !writesItself(t):
		return r.object(text, v)
	case isNull:
		return r.leaf(text, v, field)
	case t.Kind() == reflect.Pointer:
		return r.pointer(text, v, field)
	case field != nil && field.Object:
		object, err := ObjectText(text)
		if err != nil {
			return r.finding(err.Error())
		}
		v.SetBytes(object)
		return nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && !readsItself(t):
		return r.list(text, v, field)
	}
	return r.leaf(text, v, field)
}

// leaf reads a value with encoding/json. If that fails, v keeps what the UnmarshalJSON of its type has set.
func (r *reader) leaf(text []byte, v reflect.Value, field *Field) *Finding {
	err := json.Unmarshal(text, v.Addr().Interface())
	if err != nil && v.Type() == timeType {
		err = json.Unmarshal(plainTime(text, field != nil && field.UTC), v.Addr().Interface())
	}
	if err != nil {
		return r.finding(kindOf(text) + " in place of " + nameOf(v.Type()))
	}
	return nil
}

// plainTime returns the text of a time in the only form that encoding/json reads. The notes in section 5.6 of RFC 3339
// also allow a blank or a lower-case t between date and time, and a lower-case z. If utc is set, a time without a zone
// gets the zone UTC; otherwise it is returned unchanged, and encoding/json rejects it.
func plainTime(text []byte, utc bool) []byte {
	const separator, zone = len(`"2006-01-02`), len(`"2006-01-02T15:04:05`)
	if len(text) <= zone || text[0] != '"' {
		return text
	}
	plain := bytes.Clone(text)
	if plain[separator] == ' ' || plain[separator] == 't' {
		plain[separator] = 'T'
	}
	if last := len(plain) - len(`z"`); plain[last] == 'z' {
		plain[last] = 'Z'
	}
	if utc && !bytes.ContainsAny(plain[zone:], "Z+-") {
		plain = append(plain[:len(plain)-1], `Z"`...)
	}
	return plain
}

func (r *reader) pointer(text []byte, v reflect.Value, field *Field) *Finding {
	if !v.IsNil() { // which happens if the object has the field twice
		return r.value(text, v.Elem(), field)
	}
	target := reflect.New(v.Type().Elem())
	f := r.value(text, target.Elem(), field)
	isStruct := target.Elem().Kind() == reflect.Struct && !writesItself(target.Elem().Type())
	if f == nil || !target.Elem().IsZero() || (isStruct && text[0] == '{') {
		v.Set(target)
	}
	return f
}

// object reads a JSON object into a struct. null counts as an object without fields.
func (r *reader) object(text []byte, v reflect.Value) (worst *Finding) {
	switch {
	case string(text) == "null":
	case text[0] != '{':
		return r.finding(kindOf(text) + " in place of object")
	default:
		worst = r.fields(text, v)
	}
	if field := planOf(v.Type()).missing(v); field != nil && r.whole && worst == nil {
		worst = &Finding{join(r.path(), field.Name), "missing"}
	}
	return worst
}

func (r *reader) fields(text []byte, v reflect.Value) (worst *Finding) {
	if own, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		err := own.UnmarshalJSON(text)
		var below *Unreadable
		var field *FieldError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &below):
			return r.adopt(below)
		case errors.As(err, &field):
			return &Finding{join(r.path(), field.JSONPath), field.Reason}
		}
		return r.finding("an object that is no " + v.Type().Name())
	}
	p := planOf(v.Type())
	var odd []*Field // those with elements that could not be read
	for name, value := range fieldsOf(text) {
		field := p.bodyField(name)
		if field == nil {
			continue
		}
		if r.twice == nil && slices.Contains(odd, field) {
			r.twice = &Finding{join(r.path(), field.Name), "occurs twice"}
		}
		before := len(r.Elements)
		f := r.at(step{name: field.Name}, value, v.FieldByIndex(field.index), field)
		if len(r.Elements) > before && !slices.Contains(odd, field) {
			odd = append(odd, field)
		}
		switch {
		case f == nil:
		case !field.Must:
			r.warn(*f)
		case worst == nil:
			worst = f
		}
	}
	return worst
}

// adopt adds the findings of an UnmarshalJSON that called ReadPart to those of the reader. Their paths begin in the
// value that is being read, whose own path is put in front. It returns the fatal finding, nil if there is none.
func (r *reader) adopt(below *Unreadable) *Finding {
	path := r.path()
	for _, e := range below.Elements {
		e.Path, e.Depth = join(path, e.Path), e.Depth+r.depth
		if r.depth > 0 {
			e.Top = r.top()
		}
		r.Elements = append(r.Elements, e)
	}
	for _, f := range below.Fields {
		r.warn(Finding{join(path, f.Path), f.Reason})
	}
	r.FieldCount += below.FieldCount - len(below.Fields)
	if below.Fatal == nil {
		return nil
	}
	return &Finding{join(path, below.Fatal.Path), below.Fatal.Reason}
}

// join appends a path to another: "a" and "b" are "a.b", "a" and "[0]" are "a[0]".
func join(path, below string) string {
	if path == "" || below == "" || below[0] == '[' {
		return path + below
	}
	return path + "." + below
}

// list reads a JSON list into a slice. Like encoding/json it reuses the elements that the slice has, and appends new
// ones.
func (r *reader) list(text []byte, v reflect.Value, field *Field) *Finding {
	if text[0] != '[' {
		return r.finding(kindOf(text) + " in place of list")
	}
	must := v.Type().Elem().Kind() == reflect.Struct || (field != nil && field.Must)
	count := countOf(text)
	if more := count - v.Len(); more > 0 {
		v.Grow(more) // in one step: growing with each element would take more than twice the memory
	}
	n := 0
	r.depth++
	for element := range elementsOf(text) {
		if n >= v.Len() {
			v.SetLen(n + 1)
		}
		f := r.at(step{index: n}, element, v.Index(n), field)
		switch {
		case f == nil:
		case must:
			r.steps = append(r.steps, step{index: n})
			if len(r.Elements) == cap(r.Elements) {
				r.Elements = slices.Grow(r.Elements, count-n) // the rest is probably odd as well
			}
			r.Elements = append(r.Elements, Element{n, r.top(), r.depth, *f})
			r.steps = r.steps[:len(r.steps)-1]
		default:
			r.warn(*f)
		}
		n++
	}
	r.depth--
	v.SetLen(n)
	if n == 0 {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return nil
}

// kindOf returns the kind of a JSON value as a word: "object", "number".
func kindOf(text []byte) string {
	switch text[0] {
	case '{':
		return "object"
	case '[':
		return "list"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// nameOf returns what a JSON value must be to be read into a type: "boolean", "RFC 3339 time".
func nameOf(t reflect.Type) string {
	switch {
	case t == timeType:
		return "RFC 3339 time"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.String:
		return "string"
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Float64:
		return "number that fits " + t.Kind().String()
	}
	return t.Name()
}

package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Place says which part of a request a field is in.
type Place string

// The places of a field.
const (
	Path  Place = "path"
	Query Place = "query"
	Body  Place = "body"
)

// Field is one field of a struct that is sent or received, as its tags describe it.
type Field struct {
	GoName   string
	Name     string // on the wire
	In       Place
	Optional bool // omitzero
	Type     reflect.Type

	// What the check tag asks for. Format is uuid, base64url, pubkey, date or address; in a list it holds for the elements.
	// Min and Max bound a number, the characters of a string or the elements of a list; nil is no bound.
	Format   string
	Min, Max *int64

	// Places is how many decimals an amount may have; nil is no bound. Zeros at the end do not count.
	Places *int64

	// What the check tag of a field of a response says, see Read. If a Must field cannot be read, that is an error. A
	// Present field is one that is Must, and is an error also if it is absent, null or empty. An Object field holds a
	// JSON object as its bytes. In a UTC field a time may lack its zone.
	Must, Present, Object, UTC bool

	index     []int
	hasFormat func(string) bool // nil without a Format
	validates bool              // the type, or what it points to, has a Validate method
	zeroer    bool              // the type, or what it points to, has an IsZero method, as time.Time does
	text      bool              // a struct that writes itself as text, and counts as missing if it is zero
	nested    bool              // a struct, or a pointer to one, whose fields are checked one by one
	element   *Field            // the field that each element of a list is checked as; nil if the field is not a list
}

type plan struct {
	fields     []*Field
	rules      []planRule
	hasBody    bool
	hasPresent bool // this struct or one in it has a field that is Present
}

// planRule is a rule of the struct, or of an embedded one.
type planRule struct {
	index []int // of the embedded struct, nil for the struct itself
	rule  func(reflect.Value) error
}

// Fields returns the fields of a struct type. The fields of an embedded struct are in its place.
func Fields(t reflect.Type) []*Field { return planOf(t).fields }

var plans sync.Map // reflect.Type -> *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{}
	p.add(t, nil)
	for _, f := range p.fields {
		p.hasBody = p.hasBody || f.In == Body
		p.hasPresent = p.hasPresent || f.Present || holdsPresent(f.Type)
	}
	plans.Store(t, p)
	return p
}

// add appends the fields and the rule of t. parent is the index of t in the outer struct, nil for the outer struct
// itself.
func (p *plan) add(t reflect.Type, parent []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(slices.Clone(parent), i)
		switch {
		case sf.Anonymous && sf.Tag.Get("json") == "":
			if sf.Type.Kind() != reflect.Struct {
				panic(fmt.Sprintf("wire: %s embeds %s: only structs can be embedded", t, sf.Type))
			}
			p.add(sf.Type, index)
		case sf.IsExported():
			f := parseField(sf, index)
			if f == nil {
				continue
			}
			if slices.ContainsFunc(p.fields, func(other *Field) bool { return other.In == f.In && other.Name == f.Name }) {
				panic(fmt.Sprintf("wire: %s has two fields for %s %s", t, f.In, f.Name))
			}
			p.fields = append(p.fields, f)
		}
	}
	if rule := ruleOf(t); rule != nil {
		p.rules = append(p.rules, planRule{parent, rule})
	}
}

// parseField reads the tags of one field. It returns nil if the field is not sent or received. It panics if a tag is
// wrong, because tags are part of this module's source.
func parseField(sf reflect.StructField, index []int) *Field {
	f := &Field{GoName: sf.Name, Type: sf.Type, index: index}
	inJSON := sf.Tag.Get("json") != "-"
	for _, place := range []Place{Path, Query, Body} {
		key := string(place)
		if place == Body {
			key = "json"
		}
		tag, ok := sf.Tag.Lookup(key)
		if !ok || tag == "-" {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		f.Name, f.In, f.Optional = name, place, option == "omitzero"
		// encoding/json reads the body's fields of the same structs, so their tags must mean the same to it.
		if name == "" || (option != "" && !f.Optional) || (place == Path && f.Optional) || inJSON != (place == Body) {
			panic(fmt.Sprintf("wire: field %s: bad tag %s", sf.Name, sf.Tag))
		}
		break
	}
	if f.Name == "" {
		if inJSON {
			panic(fmt.Sprintf("wire: field %s: no tag", sf.Name))
		}
		return nil
	}
	for rule := range strings.SplitSeq(sf.Tag.Get("check"), ",") {
		name, bound, isBound := strings.Cut(rule, "=")
		n, err := strconv.ParseInt(bound, 10, 64)
		switch {
		case rule == "":
		case isBound && err == nil && name == "min":
			f.Min = &n
		case isBound && err == nil && name == "max":
			f.Max = &n
		case isBound && err == nil && name == "places" && sf.Type.Implements(stringerType):
			f.Places = &n
		case rule == "must":
			f.Must = true
		case rule == "present":
			f.Must, f.Present = true, true
		case rule == "object":
			f.Object = true
		case rule == "utc":
			f.UTC = true
		case formats[rule] != nil:
			f.Format, f.hasFormat = rule, formats[rule]
		default:
			panic(fmt.Sprintf("wire: field %s: unknown check %q", sf.Name, rule))
		}
	}
	f.inspect(sf.Type)
	return f
}

// inspect sets what checks of a field with type t have to know.
func (f *Field) inspect(t reflect.Type) {
	f.validates, f.zeroer = has(t, validatorType), has(t, zeroerType)
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		element := *f // the bounds are the list's
		element.Optional, element.Min, element.Max = false, nil, nil
		element.inspect(t.Elem())
		f.element = &element
	case t.Kind() == reflect.Pointer:
		f.nested = checkedByField(t.Elem())
	default:
		f.nested = checkedByField(t)
		f.text = t.Kind() == reflect.Struct && !f.nested
	}
}

func checkedByField(t reflect.Type) bool { return t.Kind() == reflect.Struct && !writesItself(t) }

// has reports whether t, or what it points to, has the method of an interface. It panics if only the pointer to t has
// it, because the method would not be called for a field that holds a value. It does not use reflect's Method, which
// would make the linker keep all exported methods of the user's program.
func has(t, method reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Interface && !t.Implements(method) && reflect.PointerTo(t).Implements(method) {
		panic(fmt.Sprintf("wire: %s: the method of %s needs a value receiver", t, method))
	}
	return t.Implements(method)
}

// writesItself reports whether t converts itself to JSON or text, as a time does, so that its fields are not read one
// by one.
func writesItself(t reflect.Type) bool {
	return t.Implements(marshalerType) || t.Implements(textMarshalerType)
}

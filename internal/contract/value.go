package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// value compares the type t with a schema, and all types and schemas in them. f is the field whose tags the value is
// checked by, nil for the response of an operation.
func (c *comparer) value(at place, text json.RawMessage, t reflect.Type, f *wire.Field) {
	s, err := c.doc.schema(text)
	if err != nil {
		c.report(at, KindUnreadable, err.Error(), "")
		return
	}
	c.reportUnread(at, s.unread)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if kind := c.scalar(t).Kind; kind != s.kind {
		c.report(at, KindType, s.kind, kind)
		return
	}
	switch s.kind {
	case kindAny:
	case kindObject:
		c.object(at, s, t)
	case kindArray:
		c.bounds(at, s, f)
		element := &wire.Field{} // the bounds are those of the list, the format is that of the elements
		if f != nil {
			element.Format = f.Format
		}
		c.null(at.element(), s.elements, t.Elem(), nil)
		c.value(at.element(), s.elements, t.Elem(), element)
	default:
		c.format(at, s, t, f)
		c.bounds(at, s, f)
		c.enum(at, s, t)
	}
}

var builtIn = map[reflect.Type]Scalar{
	reflect.TypeFor[time.Time]():       {Kind: kindString, Format: "date-time"},
	reflect.TypeFor[json.RawMessage](): {Kind: kindAny},
	reflect.TypeFor[[]byte]():          {Kind: kindString, Format: "byte"},
}

var marshalerType = reflect.TypeFor[json.Marshaler]()

// scalar describes how t is written in JSON.
func (c *comparer) scalar(t reflect.Type) Scalar {
	if s, ok := c.sdk.Scalars[t]; ok {
		return s
	}
	if s, ok := builtIn[t]; ok {
		return s
	}
	if t.Implements(marshalerType) && c.sdk.Alternatives[t] == nil {
		return Scalar{Kind: t.String() + ", which writes itself"}
	}
	switch t.Kind() {
	case reflect.String:
		return Scalar{Kind: kindString}
	case reflect.Bool:
		return Scalar{Kind: kindBoolean}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Scalar{Kind: kindInteger}
	case reflect.Float32, reflect.Float64:
		return Scalar{Kind: kindNumber}
	case reflect.Slice:
		return Scalar{Kind: kindArray}
	case reflect.Struct:
		return Scalar{Kind: kindObject}
	}
	return Scalar{Kind: t.String()} // a kind that no document has
}

// object compares a struct with the schema of an object. A struct of the SDK cannot contain itself (see package wire),
// so this ends.
func (c *comparer) object(at place, s *schema, t reflect.Type) {
	if t.Name() != "" {
		at.where, at.schema = t.Name(), s.name
	}
	left := slices.Clone(c.sdk.Alternatives[t])
	if len(left) == 0 {
		c.properties(at, s.flat(), wire.Fields(t))
		return
	}
	for _, a := range s.each() {
		best, most := -1, 0
		for i := range left {
			if n := likeness(a, left[i]); n > most {
				best, most = i, n
			}
		}
		if best < 0 {
			c.report(at, KindField, "the alternative "+a.name, "")
			continue
		}
		c.object(at, a, left[best])
		left = slices.Delete(left, best, best+1)
	}
	for _, t := range left {
		c.report(at, KindField, "", "the alternative "+t.Name())
	}
}

// likeness returns how many field names an alternative in the document and a struct have in common.
func likeness(s *schema, t reflect.Type) int {
	n := 0
	for _, f := range wire.Fields(t) {
		if slices.ContainsFunc(s.properties, func(m property) bool { return m.name == f.Name }) {
			n++
		}
	}
	return n
}

func (c *comparer) format(at place, s *schema, t reflect.Type, f *wire.Field) {
	document := cmp.Or(c.sdk.Schemas[s.name], c.sdk.Properties[at.name], s.format)
	sdk := c.scalar(t).Format
	switch {
	case sdk != "":
	case s.kind == kindInteger || s.kind == kindNumber:
		if holds(t, document) {
			return
		}
		sdk = t.Kind().String()
	case at.side == request:
		sdk = f.Format
	case at.side == response && !c.hasType(document):
		return // plain text in a response, which is not checked
	}
	if document != sdk {
		c.report(at, KindFormat, document, sdk)
	}
}

// holds reports whether t has enough bits for all numbers of a format.
func holds(t reflect.Type, format string) bool {
	switch format {
	case "int32", "float":
		return t.Bits() >= 32
	case "int64", "double", "":
		return t.Bits() == 64
	}
	return false
}

// hasType reports whether there is a Go type for strings of a format.
func (c *comparer) hasType(format string) bool {
	for _, types := range []map[reflect.Type]Scalar{builtIn, c.sdk.Scalars} {
		for _, s := range types {
			if s.Format == format && format != "" {
				return true
			}
		}
	}
	return false
}

func (c *comparer) bounds(at place, s *schema, f *wire.Field) {
	if at.side == response {
		return
	}
	lower := f.Min
	if one := int64(1); lower == nil && s.kind == kindString && !f.Optional && s.min != nil && *s.min == one {
		lower = &one // an empty required string is rejected as missing
	}
	for _, b := range []struct {
		name          string
		document, sdk *int64
	}{{"min", s.min, lower}, {"max", s.max, f.Max}} {
		if document, sdk := boundText(b.name, b.document, s.kind), boundText(b.name, b.sdk, s.kind); document != sdk {
			c.report(at, KindBounds, document, sdk)
		}
	}
}

func boundText(name string, bound *int64, kind string) string {
	if bound == nil {
		return ""
	}
	text := fmt.Sprintf("%s=%d", name, *bound)
	switch kind {
	case kindString:
		text += " characters"
	case kindArray:
		text += " elements"
	}
	return text
}

func (c *comparer) enum(at place, s *schema, t reflect.Type) {
	constants := c.sdk.Constants[t.Name()]
	switch {
	case constants == nil:
		if s.values == nil || s.open {
			return
		}
		if t.PkgPath() != "" { // reported once for a type, not at each use of it
			at.where, at.schema = t.Name(), s.name
		}
		c.report(at, KindEnum, listText(s.values), "any "+s.kind)
		return
	case s.values == nil:
		if c.scalar(t).Format == "" {
			c.report(at, KindEnum, "any "+s.kind, t.Name())
		}
		return
	case s.open && at.side == request && closed(t):
		c.report(at, KindEnum, "an open set", t.Name()+", which rejects other values")
	}
	if s.name != "" {
		at.where, at.schema = t.Name(), s.name
	}
	for _, v := range s.values {
		if !slices.Contains(constants, v) {
			c.report(at, KindValue, v, "")
		}
	}
	for _, v := range constants {
		if !slices.Contains(s.values, v) {
			c.report(at, KindValue, "", v)
		}
	}
}

// listText returns the values of an enum as text, or only their number if there are more than 10.
func listText(values []string) string {
	if len(values) > 10 {
		return fmt.Sprintf("one of %d values", len(values))
	}
	return "one of " + strings.Join(values, ", ")
}

// closed reports whether a string type has a Validate method that rejects a text which is not among its constants.
func closed(t reflect.Type) bool {
	if t.Kind() != reflect.String {
		return false
	}
	v := reflect.New(t).Elem()
	v.SetString("a value that no API has")
	return rejects(v)
}

// rejects reports whether the value's own Validate rejects it.
func rejects(v reflect.Value) bool {
	validator, ok := v.Interface().(interface{ Validate() error })
	return ok && validator.Validate() != nil
}

package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// The JSON types by their names in OpenAPI. A schema without a type allows any JSON.
const (
	kindAny     = "any JSON"
	kindObject  = "object"
	kindArray   = "array"
	kindString  = "string"
	kindInteger = "integer"
	kindNumber  = "number"
	kindBoolean = "boolean"
)

// schema is a schema of the document in which references and combinations (allOf, oneOf, anyOf) are merged. The schemas
// of its fields and elements are kept unread, because a type may contain itself.
type schema struct {
	name         string // in the document; "" if the schema is inline
	kind         string
	format       string
	nullable     bool
	values       []string // of an enum, or those known if other values are allowed too
	open         bool     // values other than these are allowed
	min, max     *int64   // of a number, of the characters of a string or the elements of a list
	properties   []property
	alternatives []*schema // of an object that is one of several kinds: the fields of each kind, without those that all kinds have
	elements     json.RawMessage
	unread       []unread
}

// unread is a part of a document that this package does not understand.
type unread struct {
	in   string // the schema's name; "" if the schema is inline
	what string
}

type rawSchema struct {
	Ref                  string `json:"$ref"`
	Type, Format         string
	Nullable             bool
	Enum                 []json.RawMessage
	KnownValues          []json.RawMessage `json:"x-known-values"`
	Properties           map[string]json.RawMessage
	Required             []string
	Items                json.RawMessage
	AllOf, OneOf, AnyOf  []json.RawMessage
	Minimum, Maximum     *json.Number
	MinLength, MaxLength *json.Number
	MinItems, MaxItems   *json.Number
}

// readKeywords are the keywords that a schema may have: those of rawSchema, and those that do not change the JSON.
// Keywords that begin with "x-" are allowed as well.
var readKeywords = strings.Fields(`$ref type format nullable enum properties required items allOf oneOf anyOf
	minimum maximum minLength maxLength minItems maxItems
	title description default example externalDocs deprecated`)

// maxDepth is the maximum depth of combined schemas. A deeper one contains itself.
const maxDepth = 20

func (d *Document) schema(text json.RawMessage) (*schema, error) { return d.schemaAt(text, "", 0) }

// schemaAt reads a schema. name is its name in the document, "" for an inline one. depth is the number of combinations
// that it is nested in.
func (d *Document) schemaAt(text json.RawMessage, name string, depth int) (*schema, error) {
	if depth > maxDepth {
		return nil, errors.New("a schema that consists of itself")
	}
	if len(text) == 0 {
		return &schema{kind: kindAny}, nil
	}
	var keywords map[string]json.RawMessage
	if err := json.Unmarshal(text, &keywords); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	var raw rawSchema
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	s := &schema{name: name, kind: kindAny, format: raw.Format, nullable: raw.Nullable, elements: raw.Items}
	if raw.Type != "" {
		s.kind = raw.Type
	}
	for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
		if !strings.HasPrefix(keyword, "x-") && !slices.Contains(readKeywords, keyword) {
			s.misses("keyword " + keyword)
		}
	}
	s.values = texts(raw.Enum)
	if s.values == nil {
		s.values = texts(raw.KnownValues)
		s.open = s.values != nil
	}
	s.bounds(&raw)
	for _, name := range slices.Sorted(maps.Keys(raw.Properties)) {
		s.properties = append(s.properties, property{name, wire.Body, slices.Contains(raw.Required, name), raw.Properties[name]})
	}
	if err := d.addParts(s, &raw, depth); err != nil {
		return nil, err
	}
	if choice := append(raw.OneOf, raw.AnyOf...); len(choice) > 0 {
		if err := d.addChoice(s, choice, depth); err != nil {
			return nil, err
		}
	}
	// One part of an allOf may require a field that another part describes.
	for i := range s.properties {
		s.properties[i].required = s.properties[i].required || slices.Contains(raw.Required, s.properties[i].name)
	}
	for _, name := range raw.Required {
		if !slices.ContainsFunc(s.properties, func(m property) bool { return m.name == name }) && len(s.alternatives) == 0 {
			s.misses("required field " + name + " without a schema")
		}
	}
	return s, nil
}

func (s *schema) misses(what string) { s.unread = append(s.unread, unread{s.name, what}) }

// addParts merges into s the schema that raw refers to and the parts of its allOf. Keywords next to a $ref count:
// generators write nullable there.
func (d *Document) addParts(s *schema, raw *rawSchema, depth int) error {
	var parts []*schema
	if raw.Ref != "" {
		target, name, err := d.lookUp(raw.Ref)
		if err != nil {
			return err
		}
		part, err := d.schemaAt(target, name, depth+1)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	for _, text := range raw.AllOf {
		part, err := d.schemaAt(text, "", depth+1)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 && s.name == "" && s.properties == nil {
		s.name = parts[0].name
	}
	for _, part := range parts {
		s.add(part)
	}
	return nil
}

func (s *schema) add(part *schema) {
	switch {
	case s.kind == kindAny:
		s.kind = part.kind
	case part.kind != kindAny && part.kind != s.kind:
		s.misses(s.kind + " and " + part.kind + " at once")
	}
	s.nullable = s.nullable || part.nullable
	switch {
	case s.format == "":
		s.format = part.format
	case part.format != "" && part.format != s.format:
		s.misses("the formats " + s.format + " and " + part.format + " at once")
	}
	switch {
	case s.values == nil:
		s.values, s.open = part.values, part.open
	case part.values != nil && !slices.Equal(part.values, s.values):
		s.misses("two enums at once")
	}
	if s.min == nil {
		s.min = part.min
	}
	if s.max == nil {
		s.max = part.max
	}
	if s.elements == nil {
		s.elements = part.elements
	}
	for _, m := range part.properties {
		s.setField(m)
	}
	s.alternatives = append(s.alternatives, part.alternatives...)
	s.unread = append(s.unread, part.unread...)
}

func (s *schema) setField(m property) {
	if at := slices.IndexFunc(s.properties, func(other property) bool { return other.name == m.name }); at >= 0 {
		if !bytes.Equal(m.schema, s.properties[at].schema) {
			s.misses("two schemas for the field " + m.name)
		}
		m.required = m.required || s.properties[at].required
		s.properties[at] = m
		return
	}
	s.properties = append(s.properties, m)
}

// addChoice merges the alternatives of a oneOf or anyOf into s. Objects become alternatives of s; enums are joined into
// one.
func (d *Document) addChoice(s *schema, choice []json.RawMessage, depth int) error {
	values, open := []string{}, false
	for _, text := range choice {
		a, err := d.schemaAt(text, "", depth+1)
		if err != nil {
			return err
		}
		if s.kind == kindAny {
			s.kind = a.kind
		}
		s.nullable = s.nullable || a.nullable
		s.unread = append(s.unread, a.unread...)
		switch {
		case a.kind != s.kind:
			s.misses("a choice of " + s.kind + " and " + a.kind)
		case a.kind == kindObject:
			s.alternatives = append(s.alternatives, a.each()...)
		case a.kind == kindString && a.values != nil:
			for _, v := range a.values {
				if !slices.Contains(values, v) {
					values = append(values, v)
				}
			}
			open = open || a.open
		default:
			s.misses("a choice of " + a.kind + " types")
		}
	}
	if len(values) > 0 {
		s.values, s.open = values, open
	}
	return nil
}

// each returns the kinds of object that s can be, each with the fields that all kinds have. It returns s alone if there
// are no alternatives.
func (s *schema) each() []*schema {
	if len(s.alternatives) == 0 {
		return []*schema{s}
	}
	var list []*schema
	for _, a := range s.alternatives {
		whole := *a
		whole.properties = append(slices.Clone(s.properties), a.properties...)
		list = append(list, &whole)
	}
	return list
}

// flat returns the fields of s and of all its alternatives. A field of alternatives is required if all of them require
// it.
func (s *schema) flat() []property {
	properties := slices.Clone(s.properties)
	for _, a := range s.alternatives {
		for _, m := range a.properties {
			// If two alternatives have different schemas for a name, both stay, and the second is reported, because a
			// struct has one.
			if slices.ContainsFunc(properties, func(o property) bool { return o.name == m.name && bytes.Equal(o.schema, m.schema) }) {
				continue
			}
			for _, other := range s.alternatives {
				m.required = m.required && slices.ContainsFunc(other.properties, func(o property) bool { return o.name == m.name && o.required })
			}
			properties = append(properties, m)
		}
	}
	return properties
}

func (s *schema) bounds(raw *rawSchema) {
	for _, b := range []struct {
		keyword string
		text    *json.Number
		to      **int64
	}{
		{"minimum", raw.Minimum, &s.min}, {"minLength", raw.MinLength, &s.min}, {"minItems", raw.MinItems, &s.min},
		{"maximum", raw.Maximum, &s.max}, {"maxLength", raw.MaxLength, &s.max}, {"maxItems", raw.MaxItems, &s.max},
	} {
		if b.text == nil {
			continue
		}
		n, err := b.text.Int64()
		if err != nil {
			s.misses(b.keyword + " " + b.text.String())
			continue
		}
		*b.to = &n
	}
}

// texts returns the values of an enum in the form of Constants: the text of a string, the digits of a number. It leaves
// null out, which means the same as nullable.
func texts(values []json.RawMessage) []string {
	var list []string
	for _, v := range values {
		text := string(v)
		if text == "null" {
			continue
		}
		if err := json.Unmarshal(v, &text); err != nil {
			text = string(v)
		}
		list = append(list, text)
	}
	return list
}

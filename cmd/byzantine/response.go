package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// responseField is a field of a response as the API's document has it.
type responseField struct {
	Name     string   `json:"name"`
	Presence presence `json:"presence"`
	Form     string   `json:"form"`
	Known    []string `json:"known,omitzero"` // the values that the API's document lists
}

// presence says whether a field is in every response, or rather in every object that the response has in its place.
type presence string

const (
	always      presence = "always"
	mayBeNull   presence = "may be null"
	mayBeAbsent presence = "may be absent" // or null
)

// String says what the field's values look like.
func (f responseField) String() string {
	if len(f.Known) == 0 || len(f.Known) > maxAllowed {
		return f.Form
	}
	return f.Form + ": " + strings.Join(f.Known, ", ")
}

// responseFields lists the fields of an operation's response, those of an object in the order of their names.
func responseFields(operationID string) []responseField {
	document := readDocument()
	var found responseFieldList
	for _, methods := range document.Paths {
		for _, operation := range methods {
			if operation.ID != operationID {
				continue
			}
			for _, status := range slices.Sorted(maps.Keys(operation.Responses)) {
				if strings.HasPrefix(status, "2") {
					schema := operation.Responses[status].schema()
					found.add(document, "", schema, document.required(schema))
				}
			}
		}
	}
	return found
}

type responseFieldList []responseField

// add adds the fields below a value, unless they are there already: alternatives can have fields in common. required are the
// names of those that the value always has.
func (l *responseFieldList) add(document apiDocument, prefix string, s documentSchema, required []string) {
	s = document.resolve(s)
	for _, part := range slices.Concat(s.AllOf, s.OneOf) {
		l.add(document, prefix, part, required)
	}
	if s.Items != nil {
		l.add(document, prefix+"[]", *s.Items, document.required(*s.Items))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		below := s.Properties[name]
		path := strings.TrimPrefix(prefix+"."+name, ".")
		if !slices.ContainsFunc(*l, func(f responseField) bool { return f.Name == path }) {
			there := always
			switch {
			case !slices.Contains(required, name):
				there = mayBeAbsent
			case document.nullable(below):
				there = mayBeNull
			}
			*l = append(*l, responseField{path, there, document.form(below), document.known(below)})
		}
		l.add(document, path, below, document.required(below))
	}
}

// required lists the fields that every object of a schema has.
func (d apiDocument) required(s documentSchema) []string {
	s = d.resolve(s)
	names := slices.Clone(s.Required)
	for _, part := range s.AllOf {
		names = append(names, d.required(part)...)
	}
	for i, part := range s.OneOf {
		all := d.required(part)
		for _, other := range slices.Delete(slices.Clone(s.OneOf), i, i+1) {
			there := d.required(other)
			all = slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(there, name) })
		}
		names = append(names, all...)
	}
	return names
}

// nullable says whether a value of a schema can be null.
func (d apiDocument) nullable(s documentSchema) bool {
	return s.Nullable || d.resolve(s).Nullable
}

// form says what the values of a schema look like.
func (d apiDocument) form(s documentSchema) string {
	s = d.resolve(s)
	switch s.Type {
	case "array":
		if s.Items == nil {
			return "list"
		}
		return "list of " + d.form(*s.Items)
	case "boolean":
		return "true or false"
	case "string":
		if s.Format != "" {
			return "string, " + s.Format
		}
		return "string"
	case "":
		for _, part := range slices.Concat(s.AllOf, s.OneOf) {
			if form := d.form(part); form != "JSON" {
				return form
			}
		}
	}
	return cmp.Or(s.Type, "JSON")
}

// known lists the values that the document has for a schema, or for the elements of a list.
func (d apiDocument) known(s documentSchema) (values []string) {
	s = d.resolve(s)
	for _, value := range slices.Concat(s.Enum, s.Known) {
		if value != nil {
			values = append(values, fmt.Sprint(value))
		}
	}
	for _, part := range slices.Concat(s.AllOf, s.OneOf) {
		values = append(values, d.known(part)...)
	}
	if s.Items != nil {
		values = append(values, d.known(*s.Items)...)
	}
	return values
}

package wire

import (
	"reflect"
	"strings"
)

// bodyField returns the Field that encoding/json would read a JSON field with this name into: that with exactly this
// name, or else the first one with the name in other letter case; nil if there is none. name has its quotes.
func (p *plan) bodyField(name []byte) *Field {
	text := unquote(name)
	var folded *Field
	for _, f := range p.fields {
		switch {
		case f.In != Body:
		case f.Name == text:
			return f
		case folded == nil && strings.EqualFold(f.Name, text):
			folded = f
		}
	}
	return folded
}

// missing returns the first field of v that must be present and is empty, or nil if there is none.
func (p *plan) missing(v reflect.Value) *Field {
	if !p.hasPresent {
		return nil
	}
	for _, f := range p.fields {
		if !f.Present {
			continue
		}
		if value := v.FieldByIndex(f.index); f.isZero(value) || (value.Kind() == reflect.Slice && value.Len() == 0) {
			return f
		}
	}
	return nil
}

// complete reports whether all fields that must be present, in v and in the structs below it, have a value.
func complete(v reflect.Value) bool {
	if !holdsPresent(v.Type()) {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || complete(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if !complete(v.Index(i)) {
				return false
			}
		}
		return true
	}
	p := planOf(v.Type())
	if p.missing(v) != nil {
		return false
	}
	for _, f := range p.fields {
		if !complete(v.FieldByIndex(f.index)) {
			return false
		}
	}
	return true
}

// holdsPresent reports whether a value of type t can have a field in it that must be present.
func holdsPresent(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return holdsPresent(t.Elem())
	case reflect.Struct:
		return !writesItself(t) && planOf(t).hasPresent
	}
	return false
}

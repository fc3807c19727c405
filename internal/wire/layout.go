package wire

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

var verbatim sync.Map // reflect.Type -> bool

// holdsVerbatim reports whether a value of type t may contain raw JSON or a document, whose bytes encoding/json must
// not write, so that [Marshal] has to write the value without it.
func holdsVerbatim(t reflect.Type) bool {
	if known, ok := verbatim.Load(t); ok {
		return known.(bool)
	}
	holds := searchVerbatim(t, map[reflect.Type]bool{})
	verbatim.Store(t, holds)
	return holds
}

// searchVerbatim is holdsVerbatim without the types in visited, which the search has met before: a type may contain
// itself.
func searchVerbatim(t reflect.Type, visited map[reflect.Type]bool) bool {
	switch {
	case t == rawType || t.Implements(documentType):
		return true
	case t.Kind() == reflect.Interface:
		return true // its value is not known from the type
	case t.Kind() == reflect.Pointer:
		return searchVerbatim(t.Elem(), visited) // which has the methods of the pointer
	case visited[t] || hasOwnJSON(t):
		return false
	}
	visited[t] = true
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return searchVerbatim(t.Elem(), visited)
	case reflect.Map:
		return t.Key().Kind() == reflect.String && !hasOwnJSON(t.Key()) && searchVerbatim(t.Elem(), visited)
	case reflect.Struct:
		l := layoutOf(t)
		return l.plain && slices.ContainsFunc(l.fields, func(f jsonField) bool { return searchVerbatim(t.FieldByIndex(f.index).Type, visited) })
	}
	return false
}

// hasOwnJSON reports whether t or a pointer to t has a method with which encoding/json writes it.
func hasOwnJSON(t reflect.Type) bool { return writesItself(t) || writesItself(reflect.PointerTo(t)) }

// layout lists the fields of a struct as encoding/json writes them. plain is false if its tags have other options than
// omitempty and omitzero or unusual names; such a struct is left to encoding/json.
type layout struct {
	fields []jsonField
	plain  bool
}

type jsonField struct {
	name                string
	index               []int
	omitEmpty, omitZero bool
	zeroer              bool // the type has an IsZero method
}

var layouts sync.Map // reflect.Type -> *layout

func layoutOf(t reflect.Type) *layout {
	if l, ok := layouts.Load(t); ok {
		return l.(*layout)
	}
	l := &layout{plain: true}
	l.add(t, nil)
	layouts.Store(t, l)
	return l
}

// add appends the fields of t. parent is the index of t in the outer struct, nil for the outer struct itself.
func (l *layout) add(t reflect.Type, parent []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		index := append(slices.Clone(parent), i)
		switch {
		case sf.Anonymous && name == "" && tag == "" && sf.Type.Kind() == reflect.Struct && !hasOwnJSON(sf.Type):
			l.add(sf.Type, index)
		case sf.Anonymous && tag != "-":
			l.plain = false
		case sf.IsExported() && tag != "-":
			f := jsonField{name: name, index: index}
			if name == "" {
				f.name = sf.Name
			}
			l.plain = l.plain && f.setOptions(options, sf.Type) && isPlainName(f.name) && !l.has(f.name)
			l.fields = append(l.fields, f)
		}
	}
}

func (l *layout) has(name string) bool {
	return slices.ContainsFunc(l.fields, func(f jsonField) bool { return f.name == name })
}

// setOptions reads the options of a json tag. It returns false if there is one that only encoding/json understands.
func (f *jsonField) setOptions(options string, t reflect.Type) bool {
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero, f.zeroer = true, t.Implements(zeroerType)
			ofPointer := !f.zeroer && reflect.PointerTo(t).Implements(zeroerType)
			if ofPointer || (f.zeroer && t.Kind() == reflect.Interface) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// isPlainName reports whether encoders write a name in a tag unchanged: it has only ASCII letters, digits and _-$@./<>.
func isPlainName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-$@./<>", r))
	})
}

// isLeftOut reports whether encoding/json leaves a field out because of omitempty or omitzero.
func (f *jsonField) isLeftOut(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v, f.zeroer)
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	}
	return v.Kind() != reflect.Struct && v.IsZero()
}

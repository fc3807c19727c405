package wire

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

var verbatim sync.Map // reflect.Type -> bool

// holdsVerbatim reports whether a value of a type may have raw JSON or a document in it, so that [Marshal] has to write
// the value itself.
func holdsVerbatim(t reflect.Type) bool {
	if known, ok := verbatim.Load(t); ok {
		return known.(bool)
	}
	holds := searchVerbatim(t, map[reflect.Type]bool{})
	verbatim.Store(t, holds)
	return holds
}

// searchVerbatim is holdsVerbatim below the types in visited, one of which may contain t again.
func searchVerbatim(t reflect.Type, visited map[reflect.Type]bool) bool {
	switch {
	case t == rawType || t.Implements(documentType):
		return true
	case t.Kind() == reflect.Interface:
		return true // its value decides
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

// hasOwnJSON reports whether encoding/json calls a method for a value of type t, or may call one of its pointer.
func hasOwnJSON(t reflect.Type) bool { return writesItself(t) || writesItself(reflect.PointerTo(t)) }

// layout is how encoding/json writes a struct. It is plain if its tags ask for nothing but names, omitempty and
// omitzero; any other struct is left to encoding/json.
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

// add appends the fields of t, which is embedded at parent.
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

// setOptions reads the options of a tag. It reports false for those that only encoding/json understands.
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

// isPlainName reports whether every encoder uses a name in a tag unchanged.
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

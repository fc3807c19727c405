package wire

import (
	"bytes"
	"encoding/json"
	"iter"
	"reflect"
	"strings"
	"unicode/utf8"
)

// The functions of this file scan a JSON text without decoding it. Their results are meaningful only if the text is
// valid JSON; for any other text they return as well.

// spaceEnd returns the index behind the white space that begins at i, which may be none.
func spaceEnd(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// stringEnd returns the index behind the string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(text))
}

// valueEnd returns the index behind the value that begins at i.
func valueEnd(text []byte, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			i++
			continue // not the end of anything
		default: // a number, true, false or null
			for i < len(text) && !isDelimiter(text[i]) {
				i++
			}
		}
		if depth == 0 {
			break
		}
	}
	return i
}

func isDelimiter(c byte) bool {
	switch c {
	case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// elementsOf yields every element of a list.
func elementsOf(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := spaceEnd(text, 1)
		for i < len(text) && text[i] != ']' {
			end := valueEnd(text, i)
			if !yield(text[i:end]) {
				return
			}
			i = spaceEnd(text, end)
			if i < len(text) && text[i] == ',' {
				i = spaceEnd(text, i+1)
			}
		}
	}
}

// countOf returns how many elements a list has.
func countOf(text []byte) (n int) {
	for range elementsOf(text) {
		n++
	}
	return n
}

// fieldsOf yields the name, quotes included, and the value of everything in an object, in order.
func fieldsOf(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		i := spaceEnd(text, 1)
		for i < len(text) && text[i] != '}' {
			nameEnd := stringEnd(text, i)
			begin := min(spaceEnd(text, spaceEnd(text, nameEnd)+1), len(text)) // behind the colon
			end := valueEnd(text, begin)
			if !yield(text[i:nameEnd], text[begin:end]) {
				return
			}
			i = spaceEnd(text, end)
			if i < len(text) && text[i] == ',' {
				i = spaceEnd(text, i+1)
			}
		}
	}
}

// unquote returns the content of a string as encoding/json reads it.
func unquote(quoted []byte) string {
	if len(quoted) < 2 {
		return "" // the text is not JSON
	}
	text := string(quoted[1 : len(quoted)-1])
	if strings.Contains(text, `\`) || !utf8.ValidString(text) {
		_ = json.Unmarshal(quoted, &text) // fails for what is not JSON only
	}
	return text
}

// reserve makes the lists of structs in v, if text is a list or an object with lists as its fields, with the capacity
// that text needs. A list that grows while it is read takes twice its size for a moment, and five times as much in all
// allocations together.
func reserve(text []byte, v reflect.Value) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
	case isStructList(v.Type()) && text[0] == '[':
		v.Set(reflect.MakeSlice(v.Type(), 0, countOf(text)))
	case isReadByField(v.Type()) && text[0] == '{':
		p := planOf(v.Type())
		for name, value := range fieldsOf(text) {
			if f := p.bodyField(name); f != nil && f.Type.Kind() == reflect.Slice {
				reserve(value, v.FieldByIndex(f.index))
			}
		}
	}
}

// empty sets v to its zero value but keeps the capacity of its lists of structs, so that the lenient pass can use it.
func empty(v reflect.Value) {
	switch {
	case isStructList(v.Type()):
		v.SetLen(v.Cap())
		v.Clear()
		v.SetLen(0)
	case isReadByField(v.Type()):
		for _, f := range planOf(v.Type()).fields {
			empty(v.FieldByIndex(f.index))
		}
	default:
		v.SetZero()
	}
}

func isStructList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && !readsItself(t)
}

func isReadByField(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !readsItself(t) && !writesItself(t)
}

// reserveAbove is the length of a text in bytes above which [reserve] is called: for a shorter one counting costs more
// than it saves.
const reserveAbove = 64 << 10

// CountElements returns how many elements the lists in a text have together, lists in lists included. It stops as soon
// as it has counted more than limit, or where the text is nested deeper than encoding/json reads. For a text that is
// not valid JSON the number is meaningless.
func CountElements(text []byte, limit int) int {
	var lists []bool // for each list and object that is open: whether it is a list
	count := 0
	for i := 0; i < len(text) && count <= limit; {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
			continue
		case '{', '[':
			if len(lists) >= maxNesting {
				return count // encoding/json rejects such a text
			}
			list := text[i] == '['
			lists = append(lists, list)
			if next := spaceEnd(text, i+1); list && next < len(text) && text[next] != ']' {
				count++
			}
		case '}', ']':
			lists = lists[:max(len(lists)-1, 0)]
		case ',':
			if len(lists) > 0 && lists[len(lists)-1] {
				count++
			}
		}
		i++
	}
	return count
}

// maxNesting is the depth above which encoding/json rejects a text.
const maxNesting = 10_000

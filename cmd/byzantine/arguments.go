package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// argument is a field that was given on the command line: name=text, name=@FILE for the text in a file, or name:=JSON.
type argument struct {
	name   string
	text   string
	isJSON bool
}

// parseArgument splits an argument into its name and its text. For name=@FILE it reads the file, or standard input if
// FILE is -.
func parseArgument(p *process, arg string) (argument, error) {
	name, text, ok := strings.Cut(arg, "=")
	if !ok || name == "" || name == ":" {
		return argument{}, usagef("%q is not of the form name=value, name=@FILE or name:=JSON", arg)
	}
	a := argument{name: name, text: text}
	if a.name, a.isJSON = strings.CutSuffix(name, ":"); a.isJSON {
		if !json.Valid([]byte(text)) {
			return argument{}, usagef("%s: is not JSON", a.name)
		}
		return a, nil
	}
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := readInput(p, file)
		if err != nil {
			return argument{}, err
		}
		a.text = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	}
	return a, nil
}

// value returns the argument as JSON. The JSON of name:=JSON is returned unchanged. Any other text becomes a JSON string
// if asText is set, which says that the field is one. Otherwise it must be JSON already, or the error says so and quotes
// form, the description of the field.
func (a argument) value(asText bool, form string) (json.RawMessage, error) {
	switch {
	case a.isJSON:
		return json.RawMessage(a.text), nil
	case asText:
		return wire.Marshal(a.text)
	case !json.Valid([]byte(a.text)):
		return nil, fmt.Errorf("must be JSON: %s", form)
	}
	return json.RawMessage(a.text), nil
}

// plain returns the value for a path or a query: of name:="text" the string without its quotation marks, any other text
// unchanged.
func (a argument) plain() string {
	var text string
	if a.isJSON && json.Unmarshal([]byte(a.text), &text) == nil {
		return text
	}
	return a.text
}

// step is one step of a path into a JSON document: to a field of an object, or to an element of a list.
type step struct {
	field string
	index int // where field is empty
}

// parsePath splits a name such as rootUsers[0].email into steps. [] stands for the first element, because
// `byzantine operations` prints names like rootUsers[].email.
func parsePath(name string) ([]step, error) {
	var steps []step
	for part := range strings.SplitSeq(name, ".") {
		field, rest, indexed := strings.Cut(part, "[")
		if field == "" || indexed && rest == "" || !utf8.ValidString(field) {
			return nil, usagef("%q is not the name of a field", name)
		}
		steps = append(steps, step{field: field})
		for rest != "" {
			number, after, closed := strings.Cut(rest, "]")
			index, err := strconv.ParseUint(number, 10, 16)
			if number == "" {
				index, err = 0, nil
			}
			if !closed || err != nil || after != "" && after[0] != '[' {
				return nil, usagef("%q is not the name of a field", name)
			}
			steps = append(steps, step{index: int(index)})
			rest = strings.TrimPrefix(after, "[")
		}
	}
	return steps, nil
}

// errTwice is the error of a value that was given already, by another argument or by -body.
var errTwice = errors.New("is given twice")

// place returns a JSON document with a value at the end of a path. document may be nil; objects and lists on the path
// are made if they are missing. All other values of the document keep their bytes, except white space between tokens. A
// value that is there already is errTwice.
func place(document json.RawMessage, steps []step, value json.RawMessage) (json.RawMessage, error) {
	switch {
	case len(steps) == 0 && document != nil:
		return nil, errTwice
	case len(steps) == 0:
		return value, nil
	case steps[0].field != "":
		fields := map[string]json.RawMessage{}
		if document != nil && json.Unmarshal(document, &fields) != nil || fields == nil {
			return nil, errTwice
		}
		inner, err := place(fields[steps[0].field], steps[1:], value)
		if err != nil {
			return nil, err
		}
		fields[steps[0].field] = inner
		return wire.Marshal(fields)
	}
	var list []json.RawMessage
	if document != nil && json.Unmarshal(document, &list) != nil {
		return nil, errTwice
	}
	index := steps[0].index
	switch {
	case index > len(list):
		return nil, fmt.Errorf("begins with element %d, but the list has %d so far", index, len(list))
	case index == len(list):
		list = append(list, nil)
	}
	inner, err := place(list[index], steps[1:], value)
	if err != nil {
		return nil, err
	}
	list[index] = inner
	return wire.Marshal(list)
}

// known returns the names of things, sorted.
func known[T any](things []T, name func(T) string) []string {
	names := make([]string, len(things))
	for i, t := range things {
		names[i] = name(t)
	}
	slices.Sort(names)
	return names
}

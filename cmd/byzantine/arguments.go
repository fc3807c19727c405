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

// parseArgument takes an argument apart. readFile may read standard input.
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

// value is the argument as JSON. asText says that the field is a string; what is none has to be JSON, as form describes.
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

// plain is the value for a path or a query, where texts have no quotation marks.
func (a argument) plain() string {
	var text string
	if a.isJSON && json.Unmarshal([]byte(a.text), &text) == nil {
		return text
	}
	return a.text
}

// step goes from an object to a field, or from a list to an element.
type step struct {
	field string
	index int // where field is empty
}

// parsePath takes a name such as rootUsers[0].email apart. [] is the first element, so that the names that operations lists
// can be used as they are.
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

// errTwice says that something stands in the place already.
var errTwice = errors.New("is given twice")

// place puts a value into a JSON document, which is nil where nothing is yet. What else is there keeps its bytes.
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

// known lists the names of things.
func known[T any](things []T, name func(T) string) []string {
	names := make([]string, len(things))
	for i, t := range things {
		names[i] = name(t)
	}
	slices.Sort(names)
	return names
}

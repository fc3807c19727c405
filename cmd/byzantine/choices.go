package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

// checkChoices rejects values that the API's document does not list for their field. forced are the names of the fields
// that were given as JSON, which are sent as they are.
func checkChoices(op byzantine.Operation, structType reflect.Type, query url.Values, body json.RawMessage, forced []string) error {
	allowed := allowedValues(string(op.ID))
	check := func(name string, values []string, text string) error {
		if len(values) == 0 || slices.Contains(values, text) {
			return nil
		}
		if slices.ContainsFunc(forced, func(f string) bool { return covers(f, name) }) {
			return nil
		}
		t := typeAt(op, structType, name)
		if t == nil { // it is below a field of any JSON, such as what a passkey has signed
			return nil
		}
		hint := ""
		if len(text) > 2 { // any two words of one letter are alike
			hint = spelling.DidYouMean(text, values)
		}
		if canBeSent(t, text) {
			hint += fmt.Sprintf("; %s:=%s sends it anyway", name, quoted(text))
		}
		return usagef("%s: %s: %q is not one of %s%s", op.ID, name, text, strings.Join(values, ", "), hint)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if err := check(name, allowed[name], query.Get(name)); err != nil {
			return err
		}
	}
	return eachValue(body, "", "", func(name, listed, text string) error { return check(name, allowed[listed], text) })
}

// typeAt is the type of a field, nil if the library does not know it.
func typeAt(op byzantine.Operation, structType reflect.Type, name string) reflect.Type {
	steps, err := parsePath(name)
	if err != nil {
		return nil
	}
	_, t, err := fieldAt(op, structType, name, steps)
	if err != nil {
		return nil
	}
	return t
}

// canBeSent says whether the library sends a value that the document does not list. It rejects those of types that no new
// generation of the API is expected to extend.
func canBeSent(t reflect.Type, text string) bool {
	value := reflect.New(t)
	if t.Kind() == reflect.String {
		value.Elem().SetString(text)
	} else if json.Unmarshal([]byte(text), value.Interface()) != nil {
		return false
	}
	validator, ok := value.Interface().(interface{ Validate() error })
	return !ok || validator.Validate() == nil
}

// covers says whether a name, as it was given, is that of a field or of something above it. [] is the first element.
func covers(given, name string) bool {
	given = strings.ReplaceAll(given, "[]", "[0]")
	return name == given || strings.HasPrefix(name, given+".") || strings.HasPrefix(name, given+"[")
}

// quoted writes a value as a user types it in a shell after name:=, which takes JSON: a text gets quotation marks.
func quoted(text string) string {
	if json.Valid([]byte(text)) {
		return text
	}
	value, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can be
	}
	return "'" + string(value) + "'"
}

// eachValue calls do with the texts and numbers of a JSON document: with their names, such as rootUsers[0].email and as
// operations lists them, rootUsers[].email. It ends with the first error.
func eachValue(document json.RawMessage, name, listed string, do func(name, listed, text string) error) error {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	var text string
	var number json.Number
	switch {
	case len(document) == 0 || string(document) == "null":
	case json.Unmarshal(document, &object) == nil:
		for _, field := range slices.Sorted(maps.Keys(object)) {
			if err := eachValue(object[field], join(name, field), join(listed, field), do); err != nil {
				return err
			}
		}
	case json.Unmarshal(document, &list) == nil:
		for i, element := range list {
			if err := eachValue(element, fmt.Sprintf("%s[%d]", name, i), listed+"[]", do); err != nil {
				return err
			}
		}
	case json.Unmarshal(document, &text) == nil:
		return do(name, listed, text)
	case json.Unmarshal(document, &number) == nil:
		return do(name, listed, number.String())
	}
	return nil
}

func join(above, field string) string {
	if above == "" {
		return field
	}
	return above + "." + field
}

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
		if len(values) == 0 || slices.Contains(values, text) || openFields[string(op.ID)] == name {
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
			hint += fmt.Sprintf("; %s:=%s sends it anyway", name, quoted(t, text))
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

// typeAt returns the type of a field of a request, or nil if the library has no such field.
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

// canBeSent reports whether the library sends a value of type t that the document does not list. Types with a Validate
// method reject such values.
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

// covers reports whether the name that was given in an argument is that of the field, or of an object or list that
// contains the field. [] in given stands for the first element.
func covers(given, name string) bool {
	given = strings.ReplaceAll(given, "[]", "[0]")
	return name == given || strings.HasPrefix(name, given+".") || strings.HasPrefix(name, given+"[")
}

// quoted returns a value of type t as a user types it in a shell after name:=, which takes JSON: a string gets JSON's
// quotation marks, and the shell's around them.
func quoted(t reflect.Type, text string) string {
	if t.Kind() != reflect.String {
		return text
	}
	value, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can be
	}
	return "'" + strings.ReplaceAll(string(value), "'", `'\''`) + "'"
}

// eachValue calls do with each text and number of a JSON document, with its name (rootUsers[0].email), and with that
// name as `byzantine operations` prints it (rootUsers[].email). It stops at the first error of do and returns it.
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

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var operationsCommand = command{
	name:    "operations",
	args:    "[OPERATION] [-json]",
	summary: "list the operations of the API, or the fields of one",
	help: `
Lists all operations of the API with method and path, or what the request of one of them consists of: the name of each
field on the wire, where it stands, whether it is required, its form, and the values that are allowed, with an example.
The fields of the response follow, with their forms, and whether they are always there, may be null, or may be absent: a field
that may be absent may be null as well, and a list is absent rather than empty. A dot goes into an object, [] into the
elements of a list.

  byzantine operations
  byzantine operations init_otp
`,
	prepare: func(flags *flag.FlagSet) action {
		asJSON := flags.Bool("json", false, "print a JSON list of operations with their fields")
		return func(_ context.Context, p *process, args []string) error {
			if len(args) > 1 {
				return usagef("takes one operation at most")
			}
			if *asJSON {
				return printOperationsJSON(p.stdout, args)
			}
			table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			if len(args) == 0 {
				for op := range byzantine.Operations() {
					fmt.Fprintf(table, "%s\t%s\t%s\n", op.ID, op.Method, op.Path)
				}
				return table.Flush()
			}
			op, err := operation(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(p.stdout, "%s %s\n", op.Method, op.Path)
			if err := printRequest(p.stdout, op); err != nil {
				return err
			}
			if fields := responseFields(string(op.ID)); len(fields) > 0 {
				fmt.Fprint(p.stdout, "\nResponse:\n\n")
				for _, f := range fields {
					fmt.Fprintf(table, "  %s\t%s\t%s\n", f.Name, f.Presence, f)
				}
			}
			return table.Flush()
		}
	},
}

// printRequest prints the fields of an operation's request with an example.
func printRequest(w io.Writer, op byzantine.Operation) error {
	if op.NewRequest() == nil {
		return nil
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	lists := printFields(table, op)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, list := range lists {
		fmt.Fprintf(w, "\n%s\n", list)
	}
	command, err := exampleCommand(op)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nExample, without what is optional:\n\n%s\n", command)
	return err
}

// operationJSON is an operation for programs.
type operationJSON struct {
	ID     string      `json:"operationId"`
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Signed bool        `json:"signed"`
	Fields []fieldJSON `json:"fields"`
	// Example is a request without what is optional.
	Example  *exampleJSON    `json:"example"`
	Response []responseField `json:"response"`
}

type exampleJSON struct {
	Arguments []string        `json:"arguments,omitzero"` // of path and query
	Body      json.RawMessage `json:"body,omitzero"`
}

type fieldJSON struct {
	Name     string `json:"name"` // as call takes it
	In       string `json:"in"`
	Required bool   `json:"required"`
	// RequiredFor are the values of the field beside it that says of which kind the object is, for which it is required.
	RequiredFor []string `json:"requiredFor,omitzero"`
	Form        string   `json:"form"`
	Allowed     []string `json:"allowed,omitzero"` // the values that the API's document lists
}

// printOperationsJSON prints all operations, or only the first of ids.
func printOperationsJSON(w io.Writer, ids []string) error {
	list := []operationJSON{}
	if len(ids) > 0 {
		if _, err := operation(ids[0]); err != nil {
			return err
		}
	}
	for op := range byzantine.Operations() {
		if len(ids) > 0 && string(op.ID) != ids[0] {
			continue
		}
		one := operationJSON{string(op.ID), op.Method, op.Path, op.Signed, []fieldJSON{}, nil, []responseField{}}
		args, body, err := exampleOf(op)
		if err != nil {
			return err
		}
		one.Example = &exampleJSON{args, body}
		one.Fields = append(one.Fields, fieldsOf(op)...)
		one.Response = append(one.Response, responseFields(string(op.ID))...)
		list = append(list, one)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return printJSON(w, text)
}

// fieldsOf lists the fields of an operation's request.
func fieldsOf(op byzantine.Operation) (fields []fieldJSON) {
	request := op.NewRequest()
	if request == nil {
		return nil
	}
	allowed := allowedValues(string(op.ID))
	eachFieldOf(op, func(name string, f *wire.Field, required bool) {
		fields = append(fields, fieldJSON{name, fmt.Sprint(f.In), required, requiredFor(op, name), describe(f), slices.Concat(allowed[name], allowed[name+"[]"])})
	})
	return fields
}

// submits says of the operations that send what a passkey has signed whether it is a transaction. The library has one type
// for the three; the API has transactionId and chain_id, which are required, for a transaction only.
var submits = map[byzantine.OperationID]bool{
	byzantine.OpSignPayloadPasskey: true, byzantine.OpInviteUsers: false, byzantine.OpUpdateUsersRole: false,
}

// eachFieldOf calls do with each field that the request of an operation has in the API's document.
func eachFieldOf(op byzantine.Operation, do func(name string, f *wire.Field, required bool)) {
	transaction, signed := submits[op.ID]
	eachField("", reflect.TypeOf(op.NewRequest()).Elem(), func(name string, f *wire.Field) {
		ofTransaction := signed && (name == "transactionId" || name == "chain_id")
		if !ofTransaction || transaction {
			do(name, f, !f.Optional || ofTransaction)
		}
	})
}

// eachField calls do with each field of a struct and below. The types of the API are trees.
func eachField(prefix string, t reflect.Type, do func(name string, f *wire.Field)) {
	for _, f := range wire.Fields(t) {
		do(prefix+f.Name, f)
		if below, list := structBelow(f.Type); below != nil {
			path := prefix + f.Name
			if list {
				path += "[]"
			}
			eachField(path+".", below, do)
		}
	}
}

// conditions are for which kinds of objects an optional field is required, by the end of the field's name.
var conditions = map[string][]string{
	"Documents[].documentNumber":             {"passport", "national_id_front", "national_id_back"},
	"Documents[].description":                {"other"},
	"beneficiaryDetails.ownershipPercentage": {"ubo"},
	"beneficiaryDetails.title":               {"representative"},
}

// requiredFor returns the kinds of objects for which an optional field is required, nil if there are none. An update leaves
// what a person is as it was.
func requiredFor(op byzantine.Operation, name string) []string {
	for end, kinds := range conditions {
		if strings.HasSuffix(name, end) && !(op.ID == byzantine.OpUpdateAssociatedPerson && strings.HasPrefix(end, "beneficiaryDetails")) {
			return kinds
		}
	}
	return nil
}

// maxAllowed is how many allowed values stand in the line of a field.
const maxAllowed = 30

// printFields prints a line for each field of a request, and returns the lists of allowed values that are too long for a line.
func printFields(w io.Writer, op byzantine.Operation) (lists []string) {
	allowed := allowedValues(string(op.ID))
	numbers := map[string]int{}
	eachFieldOf(op, func(name string, f *wire.Field, isRequired bool) {
		required := "optional"
		if kinds := requiredFor(op, name); isRequired {
			required = "required"
		} else if len(kinds) > 0 {
			required = "required for " + strings.Join(kinds, ", ")
		}
		form := describe(f)
		values := slices.Concat(allowed[name], allowed[name+"[]"])
		text := strings.Join(values, ", ")
		switch {
		case len(values) > maxAllowed && numbers[text] == 0:
			numbers[text] = len(lists) + 1
			lists = append(lists, fmt.Sprintf("List %d: %s", numbers[text], text))
			fallthrough
		case len(values) > maxAllowed:
			form += fmt.Sprintf(": a value of list %d below", numbers[text])
		case len(values) > 0:
			form += ": " + text
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", name, f.In, required, form)
	})
	return lists
}

// structBelow returns the struct whose fields stand below a field of type t, nil if there are none.
func structBelow(t reflect.Type) (below reflect.Type, list bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		list = list || t.Kind() == reflect.Slice
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isText(t) {
		return nil, false
	}
	return t, list
}

// describe says what a field's values look like.
func describe(f *wire.Field) string {
	words := []string{describeType(f.Type)}
	if f.Format != "" {
		words = append(words, f.Format)
	}
	if f.Min != nil {
		words = append(words, fmt.Sprintf("min %d", *f.Min))
	}
	if f.Max != nil {
		words = append(words, fmt.Sprintf("max %d", *f.Max))
	}
	if f.Places != nil {
		words = append(words, fmt.Sprintf("at most %d decimals", *f.Places))
	}
	return strings.Join(words, ", ")
}

func describeType(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return describeType(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		return "time (RFC 3339)"
	case t == reflect.TypeFor[byzantine.DataURI]():
		return "data URI (data:<media type>;base64,<data>)"
	case t == reflect.TypeFor[byzantine.Decimal]():
		return "decimal string"
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return "JSON"
	case isText(t):
		return "string"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "list of " + describeType(t.Elem())
	case t.Kind() == reflect.Struct:
		return "object"
	case t.Kind() == reflect.Float64:
		return "number"
	}
	return "integer"
}

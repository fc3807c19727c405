package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var operationsCommand = command{
	name:    "operations",
	args:    "[OPERATION]",
	summary: "list the operations of the API, or the members of a request",
	help: `
Lists all operations of the API with method and path, or what the request of one of them consists of: the name of each
member on the wire, where it stands, its form, and whether it is required. A dot goes into an object, [] into the
elements of a list.

  byzantine operations
  byzantine operations init_otp
`,
	prepare: func(*flag.FlagSet) action {
		return func(_ context.Context, p *process, args []string) error {
			if len(args) > 1 {
				return usagef("takes one operation at most")
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
			if request := op.NewRequest(); request != nil {
				fmt.Fprintln(p.stdout)
				printMembers(table, "", reflect.TypeOf(request).Elem())
			}
			return table.Flush()
		}
	},
}

// printMembers prints a line for each member of a struct and below. The types of the API are trees.
func printMembers(w io.Writer, prefix string, t reflect.Type) {
	for _, f := range wire.Fields(t) {
		required := "required"
		if f.Optional {
			required = "optional"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", prefix+f.Name, f.In, required, describe(f))
		if below, list := membersOf(f.Type); below != nil {
			path := prefix + f.Name
			if list {
				path += "[]"
			}
			printMembers(w, path+".", below)
		}
	}
}

// membersOf returns the struct whose members stand below a member of type t, nil if there are none.
func membersOf(t reflect.Type) (below reflect.Type, list bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		list = list || t.Kind() == reflect.Slice
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isText(t) {
		return nil, false
	}
	return t, list
}

// describe says what a member's values look like.
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

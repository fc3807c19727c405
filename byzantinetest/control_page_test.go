package byzantinetest_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"encoding/json"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

var updateDocs = flag.Bool("update-docs", false, "write the table of routes in docs/sandbox.md instead of comparing with it")

// docs/sandbox.md lists every route with all of its fields, as the sandbox's own document describes them.
func TestPageListsTheControlAPI(t *testing.T) {
	const begin, end, file = "<!-- routes -->\n", "<!-- end of routes -->\n", "../docs/sandbox.md"
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found, "docs/sandbox.md has no table of routes")
	old, after, found := strings.Cut(rest, end)
	require.True(t, found)
	table := controlTable(t)
	if *updateDocs {
		require.NoError(t, os.WriteFile(file, []byte(before+begin+table+end+after), 0o666))
		return
	}
	assert.Equal(t, table, old, "docs/sandbox.md is out of date: go test -run TestPageListsTheControlAPI ./byzantinetest -update-docs")
}

// schema is the part of a JSON schema that the table and the tests need.
type schema struct {
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	Required    []string          `json:"required"`

	AdditionalProperties json.RawMessage `json:"additionalProperties"`
}

// controlMedia is a body in the control API's document.
type controlMedia struct {
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

// controlOperation is an operation in the control API's document.
type controlOperation struct {
	Method, Path string
	ID           string `json:"operationId"`
	Summary      string `json:"summary"`
	Parameters   []struct {
		Name, In string
		Required bool
		Schema   schema
	} `json:"parameters"`
	Body      controlMedia            `json:"requestBody"`
	Responses map[string]controlMedia `json:"responses"`
}

// controlOperations reads the document that a sandbox serves.
func controlOperations(t *testing.T) map[string]controlOperation {
	t.Helper()
	res, err := http.Get(newServer(t).URL + byzantinetest.ControlPath + "openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	var document struct {
		Paths map[string]map[string]controlOperation `json:"paths"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&document))
	operations := map[string]controlOperation{}
	for path, methods := range document.Paths {
		for method, op := range methods {
			op.Method, op.Path = strings.ToUpper(method), path
			operations[op.ID] = op
		}
	}
	return operations
}

// controlTable lists the routes. What is required is bold.
func controlTable(t *testing.T) string {
	t.Helper()
	operations := slices.SortedFunc(maps.Values(controlOperations(t)), func(a, b controlOperation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	out := "| request | with `byzantine ctl` | query or body | response | what it does |\n| --- | --- | --- | --- | --- |\n"
	for _, op := range operations {
		var inputs []string
		for _, p := range op.Parameters {
			if p.In == "query" {
				inputs = append(inputs, typed("?"+p.Name, p.Schema, p.Required))
			}
		}
		body := op.Body.Content["application/json"].Schema
		for _, required := range []bool{true, false} {
			for _, name := range slices.Sorted(maps.Keys(body.Properties)) {
				if slices.Contains(body.Required, name) == required {
					inputs = append(inputs, typed(name, body.Properties[name], required))
				}
			}
		}
		var outputs []string
		response := op.Responses["200"].Content["application/json"].Schema
		for _, name := range slices.Sorted(maps.Keys(response.Properties)) {
			if s := response.Properties[name]; s.Items != nil && len(s.Items.Properties) > 0 {
				outputs = append(outputs, "`"+name+"` (each with `"+strings.Join(slices.Sorted(maps.Keys(s.Items.Properties)), "`, `")+"`)")
				continue
			}
			outputs = append(outputs, "`"+name+"`")
		}
		out += fmt.Sprintf("| `%s %s` | `%s` | %s | %s | %s |\n", op.Method, strings.TrimPrefix(op.Path, byzantinetest.ControlPath), op.ID,
			strings.Join(inputs, ", "), strings.Join(outputs, ", "), op.Summary)
	}
	return out
}

// typed names a field with its type in JSON, of which a string is not named.
func typed(name string, s schema, required bool) string {
	text := "`" + name + "`"
	if required {
		text = "**" + text + "**"
	}
	var about []string
	switch {
	case s.Format == "date-time":
		about = append(about, "RFC 3339")
	case s.Type != "string":
		about = append(about, s.Type)
	}
	if s.Description != "" {
		about = append(about, s.Description)
	}
	if len(about) > 0 {
		text += " (" + strings.Join(about, ": ") + ")"
	}
	return text
}

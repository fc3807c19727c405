package byzantinetest_test

import (
	"flag"
	"fmt"
	"io"
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

// The page lists every route with all of its fields, as the sandbox's own document describes them.
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

// schema is what of a schema the table says.
type schema struct {
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Properties map[string]schema `json:"properties"`
}

func controlTable(t *testing.T) string {
	t.Helper()
	res, err := http.Get(newServer(t).URL + byzantinetest.ControlPath + "openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	type media struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	}
	var document struct {
		Paths map[string]map[string]struct {
			ID         string
			Summary    string `json:"summary"`
			Parameters []struct {
				Name, In string
				Schema   schema
			} `json:"parameters"`
			Body      media            `json:"requestBody"`
			Responses map[string]media `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	names := func(fields map[string]schema) string {
		var list []string
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			list = append(list, "`"+name+"`")
		}
		return strings.Join(list, ", ")
	}
	out := "| request | query or body | response | what it does |\n| --- | --- | --- | --- |\n"
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			op := document.Paths[path][method]
			var query []string
			for _, p := range op.Parameters {
				if p.In == "query" {
					query = append(query, "`?"+p.Name+"`")
				}
			}
			if body := typed(op.Body.Content["application/json"].Schema.Properties); body != "" {
				query = append(query, body)
			}
			out += fmt.Sprintf("| `%s %s` | %s | %s | %s |\n", strings.ToUpper(method), strings.TrimPrefix(path, byzantinetest.ControlPath),
				strings.Join(query, ", "), names(op.Responses["200"].Content["application/json"].Schema.Properties), op.Summary)
		}
	}
	return out
}

// typed lists fields with their types in JSON, of which a string is not named.
func typed(fields map[string]schema) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		text := "`" + name + "`"
		switch f := fields[name]; {
		case f.Format == "date-time":
			text += " (RFC 3339)"
		case f.Type == "":
			text += " (object)"
		case f.Type != "string":
			text += " (" + f.Type + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

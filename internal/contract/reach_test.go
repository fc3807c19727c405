package contract_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// unseen are schemas that operations refer to but that have no type in this module: parts of the text that a passkey
// signs, which the module passes on as bytes. unlisted are enums whose values this module does not list.
var (
	unseen   = []string{"ApiKeyParam", "OAuthProviderParam", "SignRawPayloadParams"}
	unlisted = []string{"CountryCode"}
)

// partChanges are changes of a document, each of which changes all parts of one sort, such as all operation ids, that a
// successful call refers to. mark returns the new value for a part and records it.
var partChanges = []struct {
	name   string
	change func(whole object, s contract.SDK, mark func(name string) string)
}{
	{"operation ids", func(whole object, _ contract.SDK, mark func(string) string) {
		for op := range operations(whole) {
			op["operationId"] = mark(asString(op["operationId"]))
		}
	}},
	{"parameters", func(whole object, _ contract.SDK, mark func(string) string) {
		for op := range operations(whole) {
			parameters, _ := op["parameters"].([]any)
			for _, p := range parameters {
				if p := asObject(p); p["name"] != nil { // else it is a reference
					p["name"] = mark(asString(op["operationId"]) + "." + asString(p["name"]))
				}
			}
		}
	}},
	{"responses", func(whole object, _ contract.SDK, mark func(string) string) {
		for op := range operations(whole) {
			for status, response := range successes(op) {
				if content, ok := response["content"]; ok {
					name := asString(op["operationId"]) + " " + status
					at(content, "application/json")["schema"] = object{"type": mark(name)}
				}
			}
		}
	}},
	{"more fields", func(whole object, s contract.SDK, mark func(string) string) {
		for name, part := range reachable(whole, s) {
			if properties, ok := part["properties"].(object); ok {
				properties[mark(name)] = object{"type": "string"}
			}
		}
	}},
	{"types of fields", func(whole object, s contract.SDK, mark func(string) string) {
		var leaves []func()
		for name, part := range reachable(whole, s) {
			properties, _ := part["properties"].(object)
			for field, was := range properties {
				// A field with objects in it is left alone: its type would hide changes of the objects.
				if !leadsToObject(whole, was) {
					leaves = append(leaves, func() { properties[field] = object{"type": mark(name + "." + field)} })
				}
			}
		}
		for _, change := range leaves {
			change()
		}
	}},
	{"more values", func(whole object, s contract.SDK, mark func(string) string) {
		for name, part := range reachable(whole, s) {
			if enum, ok := part["enum"].([]any); ok && !slices.Contains(unlisted, name) {
				part["enum"] = append(enum, mark(name))
			}
		}
	}},
}

// TestSDKAgreesWithTheDocument can find only differences in parts that Compare examines, so each of these changes must
// be reported.
func TestEveryPartOfTheDocumentIsCompared(t *testing.T) {
	text := document(t)
	s := sdk(t)
	doc, err := contract.Parse(text)
	require.NoError(t, err)
	if left, _ := contract.Unexplained(contract.Compare(doc, s), contract.Differences); len(left) > 0 && os.Getenv("BYZANTINE_OPENAPI") != "" {
		t.Skip("what the SDK does not have cannot be compared: first settle the differences of TestSDKAgreesWithTheDocument")
	}
	for _, test := range partChanges {
		t.Run(test.name, func(t *testing.T) {
			marks, changed := changeParts(t, text, s, test.change)
			doc, err := contract.Parse(changed)
			require.NoError(t, err)

			found := contract.Compare(doc, s)

			require.NotEmpty(t, marks)
			for _, mark := range marks {
				assert.True(t, slices.ContainsFunc(found, func(d contract.Difference) bool {
					return strings.HasSuffix(d.Where, mark) || d.Document == mark
				}), "nobody would notice: %s", mark)
			}
		})
	}
}

// changeParts makes one of partChanges and returns the changed document, and a mark for each changed part, which must
// occur in a difference.
func changeParts(t *testing.T, text []byte, s contract.SDK, change func(object, contract.SDK, func(string) string)) (marks []string, changed []byte) {
	t.Helper()
	var whole object
	require.NoError(t, json.Unmarshal(text, &whole))
	change(whole, s, func(name string) string {
		marks = append(marks, "changed "+name+";")
		return marks[len(marks)-1]
	})
	changed, err := json.Marshal(whole)
	require.NoError(t, err)
	return marks, changed
}

var methods = strings.Fields("get put post delete patch head options trace")

// operations yields the operation objects of a document.
func operations(whole object) func(yield func(object) bool) {
	return func(yield func(object) bool) {
		for _, item := range at(whole, "paths") {
			for method, op := range asObject(item) {
				if op, ok := op.(object); ok && slices.Contains(methods, method) && !yield(op) {
					return
				}
			}
		}
	}
}

// successes returns the responses of an operation with a 2xx status, by status.
func successes(op object) map[string]object {
	responses := map[string]object{}
	for status, response := range at(op, "responses") {
		if strings.HasPrefix(status, "2") {
			responses[status] = asObject(response)
		}
	}
	return responses
}

// reachable yields the name and the schema of everything that a successful call or a type in s.Types refers to, except for
// the schemas in unseen. Of a schema with allOf it yields each part as well, under the name of the schema.
func reachable(whole object, s contract.SDK) func(yield func(string, object) bool) {
	seen := map[string]bool{}
	for op := range operations(whole) {
		walk(whole, op["parameters"], seen)
		walk(whole, op["requestBody"], seen)
		for _, response := range successes(op) {
			walk(whole, response, seen)
		}
	}
	for name := range s.Types {
		walk(whole, ref(name), seen)
	}
	return func(yield func(string, object) bool) {
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			if slices.Contains(unseen, name) {
				continue
			}
			named := schema(whole, name)
			parts, _ := named["allOf"].([]any)
			for _, part := range append(slices.Clone(parts), any(named)) {
				if !yield(name, asObject(part)) {
					return
				}
			}
		}
	}
}

// walk adds to seen the names of all schemas that v refers to, directly and through other schemas.
func walk(whole object, v any, seen map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(whole, e, seen)
		}
	case object:
		to, _ := v["$ref"].(string)
		if name, ok := strings.CutPrefix(to, "#/components/schemas/"); ok && !seen[name] {
			seen[name] = true
			walk(whole, schema(whole, name), seen)
		}
		for _, e := range v {
			walk(whole, e, seen)
		}
	}
}

func leadsToObject(whole object, v any) bool {
	seen := map[string]bool{}
	walk(whole, v, seen)
	for name := range seen {
		if _, ok := schema(whole, name)["properties"]; ok {
			return true
		}
	}
	return false
}

package contract_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// Schemas that operations lead to and that this module leaves alone: parts of what a passkey signs, which pass through as
// bytes, and a list of values that is not repeated.
var (
	unseen   = []string{"ApiKeyParam", "OAuthProviderParam", "SignRawPayloadParams"}
	unlisted = []string{"CountryCode"}
)

// The drift test can fail only for what it looks at. These change all operations, parameters, types, members and enums of
// the API's document that successful calls lead to, and ask whether each change is reported.
func TestEveryPartOfTheDocumentIsCompared(t *testing.T) {
	text := document(t)
	s := sdk(t)
	for _, test := range []struct {
		name   string
		change func(whole object, mark func(name string) string)
	}{
		{"operation ids", func(whole object, mark func(string) string) {
			for op := range operations(whole) {
				op["operationId"] = mark(op["operationId"].(string))
			}
		}},
		{"parameters", func(whole object, mark func(string) string) {
			for op := range operations(whole) {
				parameters, _ := op["parameters"].([]any)
				for _, p := range parameters {
					name := op["operationId"].(string) + "." + p.(object)["name"].(string)
					p.(object)["name"] = mark(name)
				}
			}
		}},
		{"answers", func(whole object, mark func(string) string) {
			for op := range operations(whole) {
				for status, answer := range successes(op) {
					if content, ok := answer["content"]; ok {
						name := op["operationId"].(string) + " " + status
						at(content, "application/json")["schema"] = object{"type": mark(name)}
					}
				}
			}
		}},
		{"more members", func(whole object, mark func(string) string) {
			for name, part := range reachable(whole, s) {
				if properties, ok := part["properties"].(object); ok {
					properties[mark(name)] = object{"type": "string"}
				}
			}
		}},
		{"types of members", func(whole object, mark func(string) string) {
			var leaves []func()
			for name, part := range reachable(whole, s) {
				properties, _ := part["properties"].(object)
				for member, was := range properties {
					// What is below an object would be out of sight with it.
					if !leadsToObject(whole, was) {
						leaves = append(leaves, func() { properties[member] = object{"type": mark(name + "." + member)} })
					}
				}
			}
			for _, change := range leaves {
				change()
			}
		}},
		{"more values", func(whole object, mark func(string) string) {
			for name, part := range reachable(whole, s) {
				if enum, ok := part["enum"].([]any); ok && !slices.Contains(unlisted, name) {
					part["enum"] = append(enum, mark(name))
				}
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var whole object
			require.NoError(t, json.Unmarshal(text, &whole))
			var marks []string
			test.change(whole, func(name string) string {
				marks = append(marks, "changed "+name+";")
				return marks[len(marks)-1]
			})
			changed, err := json.Marshal(whole)
			require.NoError(t, err)
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

// operations yields the operations of a document.
func operations(whole object) func(yield func(object) bool) {
	return func(yield func(object) bool) {
		for _, item := range at(whole, "paths") {
			for _, op := range item.(object) {
				if !yield(op.(object)) {
					return
				}
			}
		}
	}
}

// successes are the answers of an operation that are no errors.
func successes(op object) map[string]object {
	answers := map[string]object{}
	for status, answer := range at(op, "responses") {
		if strings.HasPrefix(status, "2") {
			answers[status] = answer.(object)
		}
	}
	return answers
}

// reachable yields the schemas that operations and the other types of the SDK lead to, with their names, and the inline
// parts of their allOf.
func reachable(whole object, s contract.SDK) func(yield func(string, object) bool) {
	seen := map[string]bool{}
	for op := range operations(whole) {
		walk(whole, op["parameters"], seen)
		walk(whole, op["requestBody"], seen)
		for _, answer := range successes(op) {
			walk(whole, answer, seen)
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
			for _, part := range append(parts, named) {
				if !yield(name, part.(object)) {
					return
				}
			}
		}
	}
}

// walk collects the names of all schemas that v leads to.
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

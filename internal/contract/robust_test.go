package contract_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

func TestTheDocumentIsThatOfTheAPI(t *testing.T) {
	d := apiDocument(t)
	n := 0
	for range operations(d) {
		n++
	}
	const remedy = "the embedded document is another one: if that was meant, write its numbers here"
	assert.Equal(t, 52, n, "operations: "+remedy)
	assert.Equal(t, 210, reflect.ValueOf(at(d, "components", "schemas")).Len(), "schemas: "+remedy)
}

// inspect runs all that the tests of this package do with a document. It checks only that nothing panics; errors and
// differences are ignored.
func inspect(t *testing.T, text []byte, s contract.SDK) {
	t.Helper()
	doc, err := contract.Parse(text)
	if err == nil {
		contract.Unexplained(contract.Compare(doc, s), contract.Differences)
	}
	for _, c := range partChanges {
		_, changed := changeParts(t, text, s, c.change)
		if doc, err := contract.Parse(changed); err == nil {
			contract.Compare(doc, s)
		}
	}
}

func TestEmptyDocumentsAreErrors(t *testing.T) {
	for _, text := range []string{"", "null", "{}", "[]", "1", `{"openapi":"3.0.3"}`, `{"openapi":"3.0.3","paths":null}`, `{"openapi":"3.0.3","paths":{"/a":null}}`} {
		_, err := contract.Parse([]byte(text))
		assert.ErrorContains(t, err, "contract: ", text)
	}
	s := sdk(t)
	for _, text := range []string{
		`{}`, `{"openapi":"3.0.3","paths":{}}`,
		`{"openapi":"3.0.3","paths":{"/v1/health":{"get":{"operationId":"health_check"}}}}`,
		`{"openapi":"3.0.3","paths":{"/v1/x":{"parameters":[{"$ref":"#/components/parameters/P"}],"get":{"operationId":"x","responses":{"200":{"$ref":"#/components/responses/R"}}}}},` +
			`"components":{"parameters":{"P":{"name":"p","in":"query"}},"responses":{"R":{"content":{"application/json":{}}}}}}`,
	} {
		inspect(t, []byte(text), s)
	}
}

// Maintainers run the tests of this package on a new version of the API's document, which may have any shape.
func TestOtherDocumentsDoNotPanic(t *testing.T) {
	s := sdk(t)
	for name, change := range map[string]func(named object){
		"schemas without properties": func(named object) { delete(named, "properties") },
		"schemas without a type":     func(named object) { delete(named, "type") },
		"lists without elements":     func(named object) { delete(named, "items") },
		"empty schemas":              func(named object) { clear(named) },
		"recursive schemas":          func(named object) { named["properties"] = object{"again": ref("UserInfo")} },
		"schemas that are themselves": func(named object) {
			clear(named)
			named["$ref"] = "#/components/schemas/UserInfo"
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := apiDocument(t)
			for _, named := range at(d, "components", "schemas") {
				change(asObject(named))
			}
			inspect(t, written(t, d), s)
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range longtest.Count(2, 12) {
		d := apiDocument(t)
		var all []object
		eachObject(d, func(o object) {
			if len(o) > 0 {
				all = append(all, o)
			}
		})
		o := all[random.IntN(len(all))]
		keys := slices.Sorted(maps.Keys(o))
		gone := keys[random.IntN(len(keys))]
		delete(o, gone)
		t.Run("without one "+gone, func(t *testing.T) { inspect(t, written(t, d), s) })
	}
}

// The library document has every keyword that this package reads. Each keyword is removed, or replaced by another JSON
// value, at every place where it occurs.
func TestKeywordsOfAnyTypeDoNotPanic(t *testing.T) {
	var d object
	require.NoError(t, json.Unmarshal([]byte(libraryDocument), &d))
	keywords := map[string]bool{}
	eachObject(d, func(o object) {
		for key := range o {
			keywords[key] = true
		}
	})
	for _, key := range strings.Fields("openapi paths components schemas properties type items allOf oneOf enum nullable required format $ref in name") {
		require.True(t, keywords[key], key)
	}
	s := library(t)
	values := []string{"", `null`, `1`, `""`, `[]`, `[null]`, `{}`, `{"$ref":"#/components/schemas/Book"}`}
	for i, key := range slices.Sorted(maps.Keys(keywords)) {
		t.Run(key, func(t *testing.T) {
			for n := range longtest.Count(1, len(values)) { // by default each value is tried at some of the keywords
				value := values[(i+n)%len(values)]
				var d object
				require.NoError(t, json.Unmarshal([]byte(libraryDocument), &d))
				eachObject(d, func(o object) {
					if _, ok := o[key]; ok && value == "" {
						delete(o, key)
					} else if ok {
						o[key] = json.RawMessage(value)
					}
				})
				inspect(t, written(t, d), s)
			}
		})
	}
}

func apiDocument(t *testing.T) (d object) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(contract.OpenAPI), &d))
	return d
}

func written(t *testing.T, d object) []byte {
	t.Helper()
	text, err := json.Marshal(d)
	require.NoError(t, err)
	return text
}

// eachObject calls f for all objects in v, in a fixed order, those inside an object before the object itself.
func eachObject(v any, f func(object)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			eachObject(e, f)
		}
	case object:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			eachObject(v[key], f)
		}
		f(v)
	}
}

package contract_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

func TestParseRejectsWhatItCannotCompare(t *testing.T) {
	const ping = `"paths": {"/v1/ping": {"get": {"operationId": "ping"}}}`
	for _, test := range []struct{ name, document, want string }{
		{"no JSON", `openapi: 3.0.3`, "invalid character"},
		{"another version", `{"openapi": "3.1.0", ` + ping + `}`, `openapi "3.1.0": only 3.0`},
		{"no version", `{` + ping + `}`, `openapi "": only 3.0`},
		{"no operations", `{"openapi": "3.0.0", "paths": {}}`, "no operations"},
		{"components that are none", `{"openapi": "3.0.0", "components": {"schemas": []}, ` + ping + `}`, "components/schemas"},
		{"operation without an id", `{"openapi": "3.0.0", "paths": {"/v1/ping": {"get": {}}}}`, "GET /v1/ping: no operationId"},
		{"two operations of one id", `{"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "a"}}, "/b": {"get": {"operationId": "a"}}}}`, "GET /b: operationId a stands twice"},
		{"operation that is none", `{"openapi": "3.0.0", "paths": {"/a": {"get": 1}}}`, "GET /a: json"},
		{"shared parameters that are none", `{"openapi": "3.0.0", "paths": {"/a": {"parameters": 1, "get": {"operationId": "a"}}}}`, "/a: parameters: json"},
		{"parameter that is missing", `{"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "a", "parameters": [{"$ref": "#/components/parameters/P"}]}}}}`, "#/components/parameters/P is not in the document"},
		{"parameter that is a number", `{"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "a", "parameters": [1]}}}}`, "json: cannot unmarshal number"},
		{"parameter that is none", `{"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "a", "parameters": [{"name": 1}]}}}}`, "parameter: json"},
		{"body that is missing", `{"openapi": "3.0.0", "paths": {"/a": {"post": {"operationId": "a", "requestBody": {"$ref": "#/components/requestBodies/B"}}}}}`, "request body: #/components/requestBodies/B is not in the document"},
		{"body whose schema is missing", `{"openapi": "3.0.0", "paths": {"/a": {"post": {"operationId": "a", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}}}}}}`, "request body: #/components/schemas/S is not in the document"},
		{"response that is none", `{"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"content": 1}}}}}}`, "response 200: json"},
		{"responses in a circle", `{"openapi": "3.0.0", "components": {"responses": {"R": {"$ref": "#/components/responses/R"}}}, "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"$ref": "#/components/responses/R"}}}}}}`, "a reference to itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, err := contract.Parse([]byte(test.document))
			assert.Nil(t, doc)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// responseOf compares a document that has one operation with an SDK that has it too. schema is the JSON schema of the
// operation's response, schemas is the content of components/schemas, and response is the Go type. It returns the
// differences as text.
func responseOf(t *testing.T, schema, schemas string, response reflect.Type) []string {
	t.Helper()
	text := strings.NewReplacer("SCHEMAS", schemas, "SCHEMA", schema).Replace(`{"openapi": "3.0.3", "components": {"schemas": {SCHEMAS}},
		"paths": {"/": {"get": {"operationId": "op", "responses": {"200": {"content": {"application/json": {"schema": SCHEMA}}}}}}}}`)
	doc, err := contract.Parse([]byte(text))
	require.NoError(t, err)
	var list []string
	for _, d := range contract.Compare(doc, contract.SDK{Operations: []contract.Operation{{ID: "op", Method: "GET", Path: "/", Response: response}}}) {
		list = append(list, d.String())
	}
	return list
}

func TestSchemasThatMakeNoSenseAreReported(t *testing.T) {
	for _, test := range []struct{ name, schema, schemas, want string }{
		{"no schema", `1`, ``, "op response: unreadable: the document has schema: json: cannot unmarshal number"},
		{"required field without a schema", `{"type": "object", "required": ["name", "age"], "properties": {"name": {"type": "string"}}}`, ``,
			"op response: unreadable: the document has required field age without a schema, the SDK has nothing"},
		{"two types at once", `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}, "allOf": [{"type": "string"}]}`, ``,
			"op response: unreadable: the document has object and string at once, the SDK has nothing"},
		{"keyword of another type", `{"type": 1}`, ``, "op response: unreadable: the document has schema: json: cannot unmarshal number"},
		{"two formats at once", `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "format": "uuid", "allOf": [{"format": "email"}]}}}`, ``,
			"Named.name: unreadable: the document has the formats uuid and email at once, the SDK has nothing"},
		{"two enums at once", `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "x-known-values": ["a"], "allOf": [{"enum": ["b"]}]}}}`, ``,
			"Named.name: unreadable: the document has two enums at once, the SDK has nothing"},
		{"alternative that refers to nothing", `{"oneOf": [{"$ref": "#/components/schemas/A"}]}`, ``,
			"op response: unreadable: the document has #/components/schemas/A is not in the document, the SDK has nothing"},
		{"alternatives that share a field", `{"oneOf": [{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}, {"type": "object", "properties": {"name": {"type": "string"}}}]}`, ``,
			"Named.name: required: the document has optional, the SDK has required"},
		{"two schemas for a field", `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}, "allOf": [{"type": "object", "properties": {"name": {"type": "string", "format": "date"}}}]}`, ``,
			"op response: unreadable: the document has two schemas for the field name, the SDK has nothing"},
		{"alternatives that disagree", `{"oneOf": [{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}, {"type": "object", "required": ["name"], "properties": {"name": {"type": "integer"}}}]}`, ``,
			"Named.name: field: the document has required body field, the SDK has nothing"},
		{"part of itself", `{"$ref": "#/components/schemas/A"}`, `"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}`,
			"op response: unreadable: the document has a schema that consists of itself, the SDK has nothing"},
		{"reference to another document", `{"$ref": "other.json#/A"}`, ``,
			"op response: unreadable: the document has other.json#/A is not in the document, the SDK has nothing"},
		{"bound that is no integer", `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 1.5}}}`, ``,
			"Named.name: unreadable: the document has maxLength 1.5, the SDK has nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			type Named struct {
				Name string `json:"name"`
			}
			found := responseOf(t, test.schema, test.schemas, reflect.TypeFor[Named]())
			require.Len(t, found, 1)
			assert.Contains(t, found[0], test.want)
		})
	}
}

// How a type with a MarshalJSON of its own is written cannot be seen, so a difference is reported unless SDK describes
// the type.
func TestTypesThatCannotBeComparedAreReported(t *testing.T) {
	assert.Equal(t, []string{"op response: type: the document has object, the SDK has contract_test.Medium, which writes itself"},
		responseOf(t, `{"type": "object"}`, ``, reflect.TypeFor[Medium]()))
	assert.Equal(t, []string{"op response: type: the document has object, the SDK has map[string]int"},
		responseOf(t, `{"type": "object"}`, ``, reflect.TypeFor[map[string]int]()))
	assert.Equal(t, []string{"op response[]: type: the document has any JSON, the SDK has string"},
		responseOf(t, `{"type": "array"}`, ``, reflect.TypeFor[[]string]()))
	assert.Equal(t, []string{"op response: format: the document has uint8, the SDK has int64"},
		responseOf(t, `{"type": "integer", "format": "uint8"}`, ``, reflect.TypeFor[int64]()))
}

func TestFieldWhoseAbsenceWouldBeLostIsReported(t *testing.T) {
	type Reading struct {
		Page   int64  `json:"page,omitzero"`
		Note   string `json:"note,omitzero"`
		Silent bool   `json:"silent,omitzero"`
	}
	schema := `{"type": "object", "properties": {"page": {"type": "integer"}, "note": {"type": "string"}, "silent": {"type": "boolean"}}}`

	assert.Equal(t, []string{
		"Reading.page: null: the document has a field that may be absent, the SDK has no pointer",
		"Reading.silent: null: the document has a field that may be absent, the SDK has no pointer",
	}, responseOf(t, schema, ``, reflect.TypeFor[Reading]()))

	doc, err := contract.Parse([]byte(`{"openapi": "3.0.3", "paths": {"/": {"post": {"operationId": "op",
		"requestBody": {"content": {"application/json": {"schema": ` + schema + `}}}}}}}`))
	require.NoError(t, err)
	assert.Equal(t, []contract.Difference{
		{Where: "op.page", Kind: contract.KindNull, Document: "a field that may be absent", SDK: "no pointer: zero cannot be sent"},
		{Where: "op.silent", Kind: contract.KindNull, Document: "a field that may be absent", SDK: "no pointer: zero cannot be sent"},
	}, contract.Compare(doc, contract.SDK{Operations: []contract.Operation{{ID: "op", Method: "POST", Path: "/", Request: reflect.TypeFor[Reading]()}}}))
}

func TestBodyThatIsNoObjectIsReported(t *testing.T) {
	doc, err := contract.Parse([]byte(`{"openapi": "3.0.3", "paths": {"/": {"post": {"operationId": "op",
		"requestBody": {"content": {"application/json": {"schema": {"type": "array"}}}}}}}}`))
	require.NoError(t, err)
	assert.Equal(t, []contract.Difference{
		{Where: "op", Kind: contract.KindBody, Document: "a body"},
		{Where: "op", Kind: contract.KindUnreadable, Document: "a request body that is not one kind of object"},
	}, contract.Compare(doc, contract.SDK{Operations: []contract.Operation{{ID: "op", Method: "POST", Path: "/"}}}))
}

func TestRequiredFieldOfAnotherPartCounts(t *testing.T) {
	type Named struct {
		Name string `json:"name"`
	}
	assert.Empty(t, responseOf(t, `{"allOf": [{"$ref": "#/components/schemas/A"}], "required": ["name"]}`,
		`"A": {"type": "object", "properties": {"name": {"type": "string"}}}`, reflect.TypeFor[Named]()))
}

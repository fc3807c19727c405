package contract_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

type object = map[string]any

// at returns the object in v that is reached by steps: names of fields and indexes of lists. If the document has no
// object there, it returns an empty one that is not part of the document.
func at(v any, steps ...any) object {
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			v = asObject(v)[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return object{}
			}
			v = list[step]
		}
	}
	return asObject(v)
}

func asObject(v any) object {
	if o, ok := v.(object); ok && o != nil {
		return o
	}
	return object{}
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

func path(d object, path, method string) object { return at(d, "paths", path, method) }
func schema(d object, name string) object       { return at(d, "components", "schemas", name) }
func property(d object, name, field string) object {
	return at(d, "components", "schemas", name, "properties", field)
}

// own returns the second part of Book's allOf: the fields that Book has in addition to those of BookSummary.
func own(d object) object { return at(d, "components", "schemas", "Book", "allOf", 1) }

func query(d object, n int) object { return at(d, "paths", "/v1/books", "get", "parameters", n) }

func jsonBody(name string) object {
	return object{"content": object{"application/json": object{"schema": ref(name)}}}
}
func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func without(list any, gone string) []any {
	var left []any
	for _, v := range list.([]any) {
		if v != gone {
			left = append(left, v)
		}
	}
	return left
}

type mutation struct {
	name   string
	change func(d object)
	want   []contract.Difference
}

func check(t *testing.T, mutations []mutation) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			var d object
			require.NoError(t, json.Unmarshal([]byte(libraryDocument), &d))
			m.change(d)
			text, err := json.Marshal(d)
			require.NoError(t, err)

			assert.Equal(t, m.want, compare(t, text))
		})
	}
}

func TestNothingIsReportedWhereBothSidesAgree(t *testing.T) {
	assert.Empty(t, compare(t, []byte(libraryDocument)))
}

func TestChangesOfOperationsAreReported(t *testing.T) {
	check(t, []mutation{
		{"operation removed", func(d object) { delete(at(d, "paths"), "/v1/ping") },
			[]contract.Difference{{Where: "ping", Kind: contract.KindOperation, SDK: "GET /v1/ping"}}},
		{"operation added", func(d object) {
			at(d, "paths")["/v1/halls"] = object{"get": object{"operationId": "list_halls", "responses": object{}}}
		}, []contract.Difference{{Where: "list_halls", Kind: contract.KindOperation, Document: "GET /v1/halls"}}},
		{"operation id changed", func(d object) { path(d, "/v1/books", "get")["operationId"] = "get_books" },
			[]contract.Difference{{Where: "list_books", Kind: contract.KindID, Document: "get_books", SDK: "list_books"}}},
		{"method changed", func(d object) {
			item := at(d, "paths", "/v1/books")
			item["post"] = item["get"]
			delete(item, "get")
		}, []contract.Difference{{Where: "list_books", Kind: contract.KindMethod, Document: "POST", SDK: "GET"}}},
		{"path changed", func(d object) {
			paths := at(d, "paths")
			paths["/v2/books"] = paths["/v1/books"]
			delete(paths, "/v1/books")
		}, []contract.Difference{{Where: "list_books", Kind: contract.KindPath, Document: "/v2/books", SDK: "/v1/books"}}},
		{"signature demanded", func(d object) { delete(path(d, "/v1/ping", "get"), "security") },
			[]contract.Difference{{Where: "ping", Kind: contract.KindSignature, Document: "a signature"}}},
		{"signature dropped", func(d object) { path(d, "/v1/books", "get")["security"] = []any{} },
			[]contract.Difference{{Where: "list_books", Kind: contract.KindSignature, SDK: "a signature"}}},
		{"signature by header parameters", func(d object) {
			list := path(d, "/v1/books", "get")
			list["security"] = []any{}
			list["parameters"] = append(list["parameters"].([]any),
				object{"name": "X-Signature", "in": "header", "required": true, "schema": object{"type": "string"}})
		}, nil},
		{"another header demanded", func(d object) {
			list := path(d, "/v1/books", "get")
			list["parameters"] = append(list["parameters"].([]any),
				object{"name": "Idempotency-Key", "in": "header", "required": true, "schema": object{"type": "string"}})
		}, []contract.Difference{{Where: "list_books.Idempotency-Key", Kind: contract.KindField, Document: "required header field"}}},
		{"body removed", func(d object) { delete(path(d, "/v1/books/{book_id}/loans", "post"), "requestBody") },
			[]contract.Difference{{Where: "lend_book", Kind: contract.KindBody, SDK: "a body"}}},
		{"body added", func(d object) { path(d, "/v1/loans/{loan_id}", "delete")["requestBody"] = jsonBody("Person") },
			[]contract.Difference{{Where: "return_book", Kind: contract.KindBody, Document: "a body"}}},
		{"body of another form", func(d object) {
			body := at(path(d, "/v1/books/{book_id}/loans", "post"), "requestBody", "content")
			body["multipart/form-data"] = object{}
		}, []contract.Difference{{Where: "lend_book", Kind: contract.KindUnreadable, Document: "request body of type application/json, multipart/form-data"}}},
		{"response removed", func(d object) {
			path(d, "/v1/ping", "get")["responses"] = object{"200": object{"description": "OK"}}
		}, []contract.Difference{{Where: "ping", Kind: contract.KindResponse, SDK: "a response"}}},
		{"response added", func(d object) {
			path(d, "/v1/loans/{loan_id}", "delete")["responses"] = object{"200": jsonBody("Loan")}
		}, []contract.Difference{{Where: "return_book", Kind: contract.KindResponse, Document: "a response"}}},
		{"response refers to another schema", func(d object) {
			path(d, "/v1/ping", "get")["responses"] = object{"200": jsonBody("Person")}
		}, []contract.Difference{
			{Where: "Pong.born", Schema: "Person", Kind: contract.KindField, Document: "optional body field"},
			{Where: "Pong.name", Schema: "Person", Kind: contract.KindField, Document: "required body field"},
			{Where: "Pong.status", Schema: "Person", Kind: contract.KindField, SDK: "required body field Status"},
		}},
		{"second response differs", func(d object) {
			at(path(d, "/v1/books/{book_id}/loans", "post"), "responses")["202"] = object{"content": object{"application/json": object{"schema": object{"type": "string"}}}}
		}, []contract.Difference{{Where: "lend_book response", Kind: contract.KindType, Document: "string", SDK: "object"}}},
		{"list became an envelope", func(d object) { at(path(d, "/v1/books", "get"), "responses")["200"] = jsonBody("Book") },
			[]contract.Difference{{Where: "list_books response", Kind: contract.KindType, Document: "object", SDK: "array"}}},
		{"error body changed", func(d object) { property(d, "Problem", "error")["type"] = "integer" }, nil},
	})
}

func TestChangesOfParametersAreReported(t *testing.T) {
	check(t, []mutation{
		{"path parameter renamed", func(d object) {
			paths := at(d, "paths")
			paths["/v1/books/{id}/loans"] = paths["/v1/books/{book_id}/loans"]
			delete(paths, "/v1/books/{book_id}/loans")
			at(paths, "/v1/books/{id}/loans", "parameters", 0)["name"] = "id"
		}, []contract.Difference{
			{Where: "lend_book.book_id", Kind: contract.KindField, SDK: "required path field BookID"},
			{Where: "lend_book.id", Kind: contract.KindField, Document: "required path field"},
		}},
		{"path parameter of another form", func(d object) {
			at(d, "paths", "/v1/books/{book_id}/loans", "parameters", 0)["schema"] = object{"type": "string"}
		}, []contract.Difference{{Where: "lend_book.book_id", Kind: contract.KindFormat, SDK: "uuid"}}},
		{"path parameter replaced by that of the operation", func(d object) {
			op := path(d, "/v1/books/{book_id}/loans", "post")
			op["parameters"] = append(op["parameters"].([]any), object{"name": "book_id", "in": "path", "required": true, "schema": object{"type": "integer"}})
		}, []contract.Difference{{Where: "lend_book.book_id", Kind: contract.KindType, Document: "integer", SDK: "string"}}},
		{"undeclared path parameter declared", func(d object) {
			path(d, "/v1/loans/{loan_id}", "delete")["parameters"] = []any{object{"name": "loan_id", "in": "path", "required": true, "schema": ref("Uuid")}}
		}, []contract.Difference{{Where: "return_book.loan_id", Kind: contract.KindFormat, Document: "uuid"}}},
		{"query parameter added", func(d object) {
			list := path(d, "/v1/books", "get")
			list["parameters"] = append(list["parameters"].([]any), object{"name": "author", "in": "query", "schema": object{"type": "string"}})
		}, []contract.Difference{{Where: "list_books.author", Kind: contract.KindField, Document: "optional query field"}}},
		{"query parameter removed", func(d object) { delete(path(d, "/v1/books/{book_id}/loans", "post"), "parameters") },
			[]contract.Difference{{Where: "lend_book.notify", Kind: contract.KindField, SDK: "optional query field Notify"}}},
		{"query parameter renamed", func(d object) { query(d, 2)["name"] = "boughtAfter" }, []contract.Difference{
			{Where: "list_books.boughtAfter", Kind: contract.KindField, Document: "optional query field"},
			{Where: "list_books.since", Kind: contract.KindField, SDK: "optional query field Since"},
		}},
		{"query parameter moved to the body", func(d object) {
			delete(path(d, "/v1/books/{book_id}/loans", "post"), "parameters")
			at(schema(d, "LoanRequest"), "properties")["notify"] = object{"type": "boolean"}
		}, []contract.Difference{{Where: "lend_book.notify", Kind: contract.KindPlace, Document: "body", SDK: "query"}}},
		{"query parameter moved to a header", func(d object) { query(d, 2)["in"] = "header" },
			[]contract.Difference{{Where: "list_books.since", Kind: contract.KindPlace, Document: "header", SDK: "query"}}},
		{"body field of the same name as a path parameter", func(d object) {
			at(schema(d, "LoanRequest"), "properties")["book_id"] = object{"type": "string"}
		}, []contract.Difference{{Where: "lend_book.book_id", Kind: contract.KindField, Document: "optional body field"}}},
		{"query parameter required", func(d object) { query(d, 1)["required"] = true },
			[]contract.Difference{{Where: "list_books.genre", Kind: contract.KindRequired, Document: "required", SDK: "optional"}}},
		{"query parameter of another type", func(d object) { query(d, 0)["schema"] = object{"type": "string", "nullable": true} },
			[]contract.Difference{{Where: "list_books.limit", Kind: contract.KindType, Document: "string", SDK: "integer"}}},
		{"query parameter without its format", func(d object) { delete(at(query(d, 2), "schema"), "format") },
			[]contract.Difference{{Where: "list_books.since", Kind: contract.KindFormat, SDK: "date-time"}}},
		{"upper bound changed", func(d object) { at(query(d, 0), "schema")["maximum"] = 100 },
			[]contract.Difference{{Where: "list_books.limit", Kind: contract.KindBounds, Document: "max=100", SDK: "max=50"}}},
		{"lower bound dropped", func(d object) { delete(at(query(d, 0), "schema"), "minimum") },
			[]contract.Difference{{Where: "list_books.limit", Kind: contract.KindBounds, SDK: "min=1"}}},
		{"known values grew", func(d object) { at(query(d, 3), "schema")["x-known-values"] = []any{"north", "south", "east"} },
			[]contract.Difference{{Where: "list_books.hall", Kind: contract.KindValue, Document: "east"}}},
		{"known values are no longer listed", func(d object) { delete(at(query(d, 3), "schema"), "x-known-values") },
			[]contract.Difference{{Where: "list_books.hall", Kind: contract.KindEnum, Document: "any string", SDK: "Hall"}}},
		{"closed set opened", func(d object) {
			at(d, "components", "parameters", "Language")["schema"] = object{"type": "string", "x-known-values": []any{"en", "fr"}}
		}, []contract.Difference{{Where: "list_books.language", Kind: contract.KindEnum, Document: "an open set", SDK: "Language, which rejects other values"}}},
		{"default changed", func(d object) { at(query(d, 0), "schema")["default"] = 50 }, nil},
	})
}

func TestChangesOfRequestFieldsAreReported(t *testing.T) {
	check(t, []mutation{
		{"field added", func(d object) { at(schema(d, "LoanRequest"), "properties")["note"] = object{"type": "string"} },
			[]contract.Difference{{Where: "lend_book.note", Kind: contract.KindField, Document: "optional body field"}}},
		{"field removed", func(d object) { delete(at(schema(d, "LoanRequest"), "properties"), "until") },
			[]contract.Difference{{Where: "lend_book.until", Kind: contract.KindField, SDK: "optional body field Until"}}},
		{"field renamed", func(d object) {
			properties := at(schema(d, "LoanRequest"), "properties")
			properties["due"] = properties["until"]
			delete(properties, "until")
		}, []contract.Difference{
			{Where: "lend_book.due", Kind: contract.KindField, Document: "optional body field"},
			{Where: "lend_book.until", Kind: contract.KindField, SDK: "optional body field Until"},
		}},
		{"field now optional", func(d object) {
			schema(d, "LoanRequest")["required"] = without(schema(d, "LoanRequest")["required"], "memberId")
		}, []contract.Difference{{Where: "lend_book.memberId", Kind: contract.KindRequired, Document: "optional", SDK: "required"}}},
		{"field now required", func(d object) {
			schema(d, "LoanRequest")["required"] = append(schema(d, "LoanRequest")["required"].([]any), "until")
		}, []contract.Difference{{Where: "lend_book.until", Kind: contract.KindRequired, Document: "required", SDK: "optional"}}},
		{"required field now nullable", func(d object) { property(d, "LoanRequest", "name")["nullable"] = true },
			[]contract.Difference{{Where: "lend_book.name", Kind: contract.KindNull, Document: "null", SDK: "no pointer"}}},
		{"format dropped", func(d object) { delete(property(d, "LoanRequest", "until"), "format") },
			[]contract.Difference{{Where: "lend_book.until", Kind: contract.KindFormat, SDK: "date"}}},
		{"format changed", func(d object) { property(d, "LoanRequest", "until")["format"] = "date-time" },
			[]contract.Difference{{Where: "lend_book.until", Kind: contract.KindFormat, Document: "date-time", SDK: "date"}}},
		{"format of elements dropped", func(d object) { property(d, "LoanRequest", "copies")["items"] = object{"type": "string"} },
			[]contract.Difference{{Where: "lend_book.copies[]", Kind: contract.KindFormat, SDK: "uuid"}}},
		{"decimals became plain text", func(d object) {
			at(schema(d, "LoanRequest"), "properties")["deposit"] = object{"type": "string"}
		}, []contract.Difference{{Where: "lend_book.deposit", Kind: contract.KindFormat, SDK: "amount"}}},
		{"integer grew", func(d object) { property(d, "LoanRequest", "weeks")["format"] = "int64" }, nil},
		{"type changed", func(d object) { property(d, "LoanRequest", "weeks")["type"] = "number" },
			[]contract.Difference{{Where: "lend_book.weeks", Kind: contract.KindType, Document: "number", SDK: "integer"}}},
		{"type of elements changed", func(d object) { property(d, "LoanRequest", "copies")["items"] = object{"type": "integer"} },
			[]contract.Difference{{Where: "lend_book.copies[]", Kind: contract.KindType, Document: "integer", SDK: "string"}}},
		{"minimum of elements dropped", func(d object) { delete(property(d, "LoanRequest", "copies"), "minItems") },
			[]contract.Difference{{Where: "lend_book.copies", Kind: contract.KindBounds, SDK: "min=1 elements"}}},
		{"maximum of characters changed", func(d object) { property(d, "LoanRequest", "name")["maxLength"] = 40 },
			[]contract.Difference{{Where: "lend_book.name", Kind: contract.KindBounds, Document: "max=40 characters", SDK: "max=80 characters"}}},
		{"minimum of characters raised", func(d object) { property(d, "LoanRequest", "name")["minLength"] = 2 },
			[]contract.Difference{{Where: "lend_book.name", Kind: contract.KindBounds, Document: "min=2 characters"}}},
		{"became an enum", func(d object) { property(d, "LoanRequest", "name")["enum"] = []any{"a", "b"} },
			[]contract.Difference{{Where: "lend_book.name", Kind: contract.KindEnum, Document: "one of a, b", SDK: "any string"}}},
		{"field with a keyword that is not compared", func(d object) { property(d, "LoanRequest", "name")["pattern"] = "^A" },
			[]contract.Difference{{Where: "lend_book.name", Kind: contract.KindUnreadable, Document: "keyword pattern"}}},
	})
}

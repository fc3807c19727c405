package contract_test

import (
	"testing"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

func TestChangesOfTypesAreReportedOnceForEachType(t *testing.T) {
	check(t, []mutation{
		{"field of a shared type added", func(d object) { at(schema(d, "Person"), "properties")["phone"] = object{"type": "string"} },
			[]contract.Difference{{Where: "Person.phone", Schema: "Person", Kind: contract.KindField, Document: "optional body field"}}},
		{"field of a shared type removed", func(d object) { delete(at(schema(d, "Person"), "properties"), "born") },
			[]contract.Difference{{Where: "Person.born", Schema: "Person", Kind: contract.KindField, SDK: "optional body field Born"}}},
		{"required field of a shared type now optional", func(d object) { schema(d, "Person")["required"] = []any{} },
			[]contract.Difference{{Where: "Person.name", Schema: "Person", Kind: contract.KindRequired, Document: "optional", SDK: "required"}}},
		{"required field of a shared type now nullable", func(d object) { property(d, "Person", "name")["nullable"] = true },
			[]contract.Difference{{Where: "Person.name", Schema: "Person", Kind: contract.KindNull, Document: "null", SDK: "no pointer"}}},
		{"nullable field no longer so", func(d object) { delete(at(own(d), "properties", "lost"), "nullable") },
			[]contract.Difference{{Where: "Book.lost", Schema: "Book", Kind: contract.KindNull, Document: "no null", SDK: "a pointer"}}},
		{"text of a response now nullable", func(d object) { property(d, "Loan", "clerk")["nullable"] = true }, nil},
		{"nullable text no longer so", func(d object) { delete(property(d, "Loan", "seal"), "nullable") },
			[]contract.Difference{{Where: "Loan.seal", Schema: "Loan", Kind: contract.KindNull, Document: "no null", SDK: "a pointer"}}},
		{"nullable text now a number", func(d object) { property(d, "Loan", "desk")["type"] = "integer" },
			[]contract.Difference{{Where: "Loan.desk", Schema: "Loan", Kind: contract.KindType, Document: "integer", SDK: "string"}}},
		{"nullable text now always there", func(d object) { schema(d, "Loan")["required"] = []any{"loanId", "reader", "clerk", "seal", "desk"} },
			[]contract.Difference{{Where: "Loan.desk", Schema: "Loan", Kind: contract.KindRequired, Document: "required", SDK: "optional"}}},
		{"field of the embedded part renamed", func(d object) {
			properties := at(schema(d, "BookSummary"), "properties")
			properties["name"] = properties["title"]
			delete(properties, "title")
			schema(d, "BookSummary")["required"] = []any{"id", "name", "genre", "hall_id"}
		}, []contract.Difference{
			{Where: "Book.name", Schema: "Book", Kind: contract.KindField, Document: "required body field"},
			{Where: "Book.title", Schema: "Book", Kind: contract.KindField, SDK: "required body field Title"},
		}},
		{"nullable object now required", func(d object) { own(d)["required"] = append(own(d)["required"].([]any), "buyer") },
			[]contract.Difference{{Where: "Book.buyer", Schema: "Book", Kind: contract.KindRequired, Document: "required", SDK: "optional"}}},
		{"list became one value", func(d object) { at(own(d), "properties")["authors"] = ref("Person") },
			[]contract.Difference{{Where: "Book.authors", Schema: "Book", Kind: contract.KindType, Document: "object", SDK: "array"}}},
		{"elements may be null", func(d object) { at(own(d), "properties", "tags", "items")["nullable"] = true },
			[]contract.Difference{{Where: "Book.tags[]", Schema: "Book", Kind: contract.KindNull, Document: "null", SDK: "no pointer"}}},
		{"reference to another schema", func(d object) { at(own(d), "properties", "authors")["items"] = ref("Pong") },
			[]contract.Difference{
				{Where: "Person.born", Schema: "Pong", Kind: contract.KindField, SDK: "optional body field Born"},
				{Where: "Person.name", Schema: "Pong", Kind: contract.KindField, SDK: "required body field Name"},
				{Where: "Person.status", Schema: "Pong", Kind: contract.KindField, Document: "required body field"},
			}},
		{"reference to nothing", func(d object) { at(own(d), "properties")["authors"] = ref("Author") },
			[]contract.Difference{{Where: "Book.authors", Schema: "Book", Kind: contract.KindUnreadable, Document: "#/components/schemas/Author is not in the document"}}},
		{"time became text", func(d object) { delete(at(own(d), "properties", "bought"), "format") },
			[]contract.Difference{{Where: "Book.bought", Schema: "Book", Kind: contract.KindFormat, SDK: "date-time"}}},
		{"text became a time", func(d object) { property(d, "Pong", "status")["format"] = "date-time" },
			[]contract.Difference{{Where: "Pong.status", Schema: "Pong", Kind: contract.KindFormat, Document: "date-time"}}},
		{"text became an amount", func(d object) { at(schema(d, "Pong"), "properties")["status"] = ref("Amount") },
			[]contract.Difference{{Where: "Pong.status", Schema: "Pong", Kind: contract.KindFormat, Document: "amount"}}},
		{"integer grew beyond its type", func(d object) { property(d, "Print", "pages")["format"] = "int64" },
			[]contract.Difference{{Where: "Print.pages", Schema: "Print", Kind: contract.KindFormat, Document: "int64", SDK: "int32"}}},
		{"any JSON became text", func(d object) { at(own(d), "properties", "extra")["type"] = "string" },
			[]contract.Difference{{Where: "Book.extra", Schema: "Book", Kind: contract.KindType, Document: "string", SDK: "any JSON"}}},
		{"type that no operation leads to", func(d object) { at(schema(d, "Fine"), "properties")["since"] = object{"type": "string"} },
			[]contract.Difference{{Where: "Fine.since", Schema: "Fine", Kind: contract.KindField, Document: "optional body field"}}},
		{"schema that no operation leads to removed", func(d object) { delete(at(d, "components", "schemas"), "Fine") },
			[]contract.Difference{{Where: "Fine", Kind: contract.KindUnreadable, Document: "#/components/schemas/Fine is not in the document"}}},
		{"keyword that is not compared", func(d object) { schema(d, "Person")["additionalProperties"] = false },
			[]contract.Difference{{Where: "Person", Kind: contract.KindUnreadable, Document: "keyword additionalProperties"}}},
		{"reference with something beside it", func(d object) {
			property(d, "BookSummary", "id")["nullable"] = true
		}, []contract.Difference{{Where: "Book.id", Schema: "Book", Kind: contract.KindNull, Document: "null", SDK: "no pointer"}}},
		{"texts changed", func(d object) {
			property(d, "Person", "name")["description"] = "the name"
			schema(d, "Person")["title"] = "Reader"
		}, nil},
		{"format of plain text in a response changed", func(d object) {
			at(schema(d, "Loan"), "properties")["loanId"] = object{"type": "string", "maxLength": 12}
		}, nil},
		{"optional field no longer nullable", func(d object) { delete(property(d, "Person", "born"), "nullable") }, nil},
	})
}

func TestChangesOfEnumsAreReported(t *testing.T) {
	check(t, []mutation{
		{"value added", func(d object) { schema(d, "Genre")["enum"] = []any{"novel", "poetry", "essay"} },
			[]contract.Difference{{Where: "Genre", Schema: "Genre", Kind: contract.KindValue, Document: "essay"}}},
		{"value removed", func(d object) { schema(d, "Genre")["enum"] = []any{"novel"} },
			[]contract.Difference{{Where: "Genre", Schema: "Genre", Kind: contract.KindValue, SDK: "poetry"}}},
		{"value of a combined enum removed", func(d object) {
			property(d, "Loan", "stage")["oneOf"] = []any{object{"type": "string", "enum": []any{"out"}}, object{"type": "string", "enum": []any{"late"}}}
		}, []contract.Difference{{Where: "Loan.stage", Schema: "Loan", Kind: contract.KindValue, SDK: "back"}}},
		{"enum became plain text", func(d object) { delete(schema(d, "Genre"), "enum") },
			[]contract.Difference{
				{Where: "Book.genre", Schema: "Book", Kind: contract.KindEnum, Document: "any string", SDK: "Genre"},
				{Where: "list_books.genre", Kind: contract.KindEnum, Document: "any string", SDK: "Genre"},
			}},
		{"reference to another enum", func(d object) {
			at(d, "components", "schemas")["Kind"] = object{"type": "string", "enum": []any{"novel", "atlas"}}
			at(schema(d, "BookSummary"), "properties")["genre"] = ref("Kind")
		}, []contract.Difference{
			{Where: "Genre", Schema: "Kind", Kind: contract.KindValue, Document: "atlas"},
			{Where: "Genre", Schema: "Kind", Kind: contract.KindValue, SDK: "poetry"},
		}},
	})
}

func TestChangesOfAlternativesAreReported(t *testing.T) {
	alternatives := func(d object, names ...string) {
		var list []any
		for _, name := range names {
			list = append(list, ref(name))
		}
		schema(d, "Medium")["oneOf"] = list
	}
	check(t, []mutation{
		{"order changed", func(d object) { alternatives(d, "Sound", "Print") }, nil},
		{"alternative removed", func(d object) { alternatives(d, "Print") },
			[]contract.Difference{{Where: "Medium", Schema: "Medium", Kind: contract.KindField, SDK: "the alternative Sound"}}},
		{"alternative added", func(d object) { alternatives(d, "Print", "Sound", "Person") },
			[]contract.Difference{{Where: "Medium", Schema: "Medium", Kind: contract.KindField, Document: "the alternative Person"}}},
		{"alternative that is a choice itself", func(d object) {
			at(d, "components", "schemas")["Either"] = object{"oneOf": []any{ref("Sound"), ref("Person")}}
			alternatives(d, "Print", "Either")
		}, []contract.Difference{{Where: "Medium", Schema: "Medium", Kind: contract.KindField, Document: "the alternative Person"}}},
		{"alternative with a keyword that is not compared", func(d object) { schema(d, "Sound")["discriminator"] = object{} },
			[]contract.Difference{{Where: "Sound", Kind: contract.KindUnreadable, Document: "keyword discriminator"}}},
		{"field of an alternative added", func(d object) { at(schema(d, "Sound"), "properties")["voice"] = object{"type": "string"} },
			[]contract.Difference{{Where: "Sound.voice", Schema: "Sound", Kind: contract.KindField, Document: "optional body field"}}},
		{"field beside the alternatives", func(d object) {
			at(d, "components", "schemas")["Medium"] = object{"allOf": []any{
				object{"oneOf": []any{ref("Print"), ref("Sound")}},
				object{"type": "object", "required": []any{"weight"}, "properties": object{"weight": object{"type": "integer"}}},
			}}
		}, []contract.Difference{
			{Where: "Print.weight", Schema: "Print", Kind: contract.KindField, Document: "required body field"},
			{Where: "Sound.weight", Schema: "Sound", Kind: contract.KindField, Document: "required body field"},
		}},
		{"alternatives of one type became one of several", func(d object) {
			at(d, "components", "schemas")["Pong"] = object{"oneOf": []any{ref("Person"), object{"type": "object", "required": []any{"status"}, "properties": object{"status": object{"type": "string"}}}}}
		}, []contract.Difference{
			{Where: "Pong.born", Schema: "Pong", Kind: contract.KindField, Document: "optional body field"},
			{Where: "Pong.name", Schema: "Pong", Kind: contract.KindField, Document: "optional body field"},
			{Where: "Pong.status", Schema: "Pong", Kind: contract.KindRequired, Document: "optional", SDK: "required"},
		}},
		{"text or number", func(d object) {
			at(schema(d, "Pong"), "properties")["status"] = object{"oneOf": []any{object{"type": "string"}, object{"type": "integer"}}}
		}, []contract.Difference{
			{Where: "Pong.status", Schema: "Pong", Kind: contract.KindUnreadable, Document: "a choice of string and integer"},
			{Where: "Pong.status", Schema: "Pong", Kind: contract.KindUnreadable, Document: "a choice of string types"},
		}},
	})
}

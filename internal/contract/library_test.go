package contract_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// The document of an invented API of a public library. The type library below is an SDK that agrees with it; the
// mutation tests change the document and check which differences are found.
const libraryDocument = `{
"openapi": "3.0.3",
"info": {"title": "Library", "version": "1"},
"security": [{"key": []}],
"paths": {
  "/v1/ping": {"get": {"operationId": "ping", "security": [],
    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pong"}}}}}}},
  "/v1/books": {"get": {"operationId": "list_books",
    "parameters": [
      {"name": "limit", "in": "query", "schema": {"type": "integer", "format": "int64", "nullable": true, "minimum": 1, "maximum": 50, "default": 20}},
      {"name": "genre", "in": "query", "schema": {"$ref": "#/components/schemas/Genre"}},
      {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time", "nullable": true}},
      {"name": "hall", "in": "query", "schema": {"type": "string", "x-known-values": ["north", "south"]}},
      {"$ref": "#/components/parameters/Language"}],
    "responses": {
      "200": {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}}}},
      "404": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}}}},
  "/v1/books/{book_id}/loans": {
    "parameters": [{"name": "book_id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Uuid"}}],
    "post": {"operationId": "lend_book",
      "parameters": [{"name": "notify", "in": "query", "schema": {"type": "boolean"}}],
      "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LoanRequest"}}}},
      "responses": {
        "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loan"}}}},
        "202": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loan"}}}}}}},
  "/v1/loans/{loan_id}": {"delete": {"operationId": "return_book",
    "responses": {"204": {"description": "No Content"}}}}
},
"components": {
  "parameters": {"Language": {"name": "language", "in": "query", "schema": {"type": "string", "enum": ["en", "fr", null], "nullable": true}}},
  "schemas": {
    "Uuid": {"type": "string", "format": "uuid"},
    "Amount": {"type": "string"},
    "Genre": {"type": "string", "enum": ["novel", "poetry"]},
    "Problem": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
    "Pong": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
    "Fine": {"type": "object", "required": ["amount"], "properties": {"amount": {"$ref": "#/components/schemas/Amount"}}},
    "Person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "born": {"type": "string", "nullable": true}}},
    "BookSummary": {"type": "object", "required": ["id", "title", "genre", "hall_id"], "properties": {
      "id": {"$ref": "#/components/schemas/Uuid"},
      "title": {"type": "string", "maxLength": 200},
      "genre": {"$ref": "#/components/schemas/Genre"},
      "hall_id": {"type": "integer", "format": "int32"}}},
    "Book": {"allOf": [{"$ref": "#/components/schemas/BookSummary"}, {"type": "object", "required": ["authors", "price", "bought", "lost", "extra", "medium"], "properties": {
      "authors": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
      "price": {"$ref": "#/components/schemas/Amount"},
      "bought": {"type": "string", "format": "date-time"},
      "lost": {"type": "string", "format": "date-time", "nullable": true},
      "rating": {"type": "number", "format": "double", "nullable": true},
      "tags": {"type": "array", "items": {"type": "string"}, "nullable": true},
      "buyer": {"allOf": [{"$ref": "#/components/schemas/Person"}], "nullable": true},
      "medium": {"$ref": "#/components/schemas/Medium"},
      "extra": {}}}]},
    "Medium": {"oneOf": [{"$ref": "#/components/schemas/Print"}, {"$ref": "#/components/schemas/Sound"}]},
    "Print": {"type": "object", "required": ["isbn", "pages"], "properties": {"isbn": {"type": "string"}, "pages": {"type": "integer", "format": "int32"}}},
    "Sound": {"type": "object", "required": ["isbn", "minutes"], "properties": {"isbn": {"type": "string"}, "minutes": {"type": "integer", "format": "int64"}}},
    "LoanRequest": {"type": "object", "required": ["memberId", "copies", "deposit", "name", "reader", "silent"], "properties": {
      "memberId": {"$ref": "#/components/schemas/Uuid"},
      "copies": {"type": "array", "items": {"$ref": "#/components/schemas/Uuid"}, "minItems": 1},
      "deposit": {"$ref": "#/components/schemas/Amount"},
      "name": {"type": "string", "minLength": 1, "maxLength": 80},
      "until": {"type": "string", "format": "date", "nullable": true},
      "reader": {"$ref": "#/components/schemas/Person"},
      "silent": {"type": "boolean"},
      "weeks": {"type": "integer", "format": "int32", "nullable": true}}},
    "Loan": {"type": "object", "required": ["loanId", "reader", "clerk", "seal"], "properties": {
      "clerk": {"type": "string"},
      "seal": {"type": "string", "nullable": true},
      "desk": {"type": "string", "nullable": true},
      "loanId": {"$ref": "#/components/schemas/Uuid"},
      "reader": {"$ref": "#/components/schemas/Person"},
      "stage": {"oneOf": [{"type": "string", "enum": ["out"]}, {"type": "string", "enum": ["late", "back"]}], "nullable": true}}}
  }
}}`

type (
	Genre    string
	Hall     string
	Language string
	Stage    string
	Amount   string
	HallID   int64
)

const (
	Novel  Genre = "novel"
	Poetry Genre = "poetry"

	North Hall = "north"
	South Hall = "south"

	English Language = "en"
	French  Language = "fr"

	Out, Late Stage = "out", "late"
	Back            = Stage("back")
)

func (l Language) Validate() error {
	if l == English || l == French {
		return nil
	}
	return errors.New("must be one of en, fr")
}

type (
	Pong struct {
		Status string `json:"status"`
	}
	Person struct {
		Name string  `json:"name"`
		Born *string `json:"born,omitzero"`
	}
	BookSummary struct {
		ID     string `json:"id" check:"must"`
		Title  string `json:"title"`
		Genre  Genre  `json:"genre"`
		HallID HallID `json:"hall_id"`
	}
	Book struct {
		BookSummary
		Authors []Person        `json:"authors"`
		Price   Amount          `json:"price"`
		Bought  time.Time       `json:"bought"`
		Lost    *time.Time      `json:"lost"`
		Rating  *float64        `json:"rating,omitzero"`
		Tags    []string        `json:"tags,omitzero"`
		Buyer   *Person         `json:"buyer,omitzero"`
		Medium  Medium          `json:"medium"`
		Extra   json.RawMessage `json:"extra"`
	}
	Medium struct{ one any } // a Print or a Sound
	Print  struct {
		ISBN  string `json:"isbn"`
		Pages int32  `json:"pages"`
	}
	Sound struct {
		ISBN    string `json:"isbn"`
		Minutes int64  `json:"minutes"`
	}
	Fine struct {
		Amount Amount `json:"amount"`
	}
	ListBooksRequest struct {
		Limit    *int64    `json:"-" query:"limit,omitzero" check:"min=1,max=50"`
		Genre    Genre     `json:"-" query:"genre,omitzero"`
		Since    time.Time `json:"-" query:"since,omitzero"`
		Hall     Hall      `json:"-" query:"hall,omitzero"`
		Language Language  `json:"-" query:"language,omitzero"`
	}
	LendBookRequest struct {
		BookID  string   `json:"-" path:"book_id" check:"uuid"`
		Notify  *bool    `json:"-" query:"notify,omitzero"`
		FieldID string   `json:"memberId" check:"uuid"`
		Copies  []string `json:"copies" check:"uuid,min=1"`
		Deposit Amount   `json:"deposit"`
		Name    string   `json:"name" check:"max=80"`
		Until   string   `json:"until,omitzero" check:"date"`
		Reader  Person   `json:"reader"`
		Silent  bool     `json:"silent"`
		Weeks   *int64   `json:"weeks,omitzero"`
	}
	Loan struct {
		LoanID string  `json:"loanId"`
		Reader Person  `json:"reader"`
		Clerk  string  `json:"clerk"`
		Seal   *string `json:"seal"`
		Desk   string  `json:"desk,omitzero"`
		Stage  *Stage  `json:"stage,omitzero"`
	}
	ReturnBookRequest struct {
		LoanID string `json:"-" path:"loan_id"`
	}
)

func (m Medium) MarshalJSON() ([]byte, error) { return json.Marshal(m.one) }

func library(t *testing.T) contract.SDK {
	t.Helper()
	constants, err := contract.Constants(".", true)
	require.NoError(t, err)
	return contract.SDK{
		Constants: constants,
		Types:     map[string]reflect.Type{"Fine": reflect.TypeFor[Fine]()},
		Scalars: map[reflect.Type]contract.Scalar{
			reflect.TypeFor[Amount](): {Kind: "string", Format: "amount"},
			reflect.TypeFor[HallID](): {Kind: "integer", Format: "hall id"},
		},
		Alternatives: map[reflect.Type][]reflect.Type{
			reflect.TypeFor[Medium](): {reflect.TypeFor[Print](), reflect.TypeFor[Sound]()},
		},
		Schemas:    map[string]string{"Amount": "amount"},
		Properties: map[string]string{"hall_id": "hall id"},
		Operations: []contract.Operation{
			{ID: "ping", Method: "GET", Path: "/v1/ping", Response: reflect.TypeFor[Pong]()},
			{ID: "list_books", Method: "GET", Path: "/v1/books", Signed: true, Request: reflect.TypeFor[ListBooksRequest](), Response: reflect.TypeFor[[]Book]()},
			{ID: "lend_book", Method: "POST", Path: "/v1/books/{book_id}/loans", Signed: true, Request: reflect.TypeFor[LendBookRequest](), Response: reflect.TypeFor[Loan]()},
			{ID: "return_book", Method: "DELETE", Path: "/v1/loans/{loan_id}", Signed: true, Request: reflect.TypeFor[ReturnBookRequest]()},
		},
	}
}

// compare parses a document and compares it with the SDK of the invented library.
func compare(t *testing.T, text []byte) []contract.Difference {
	t.Helper()
	doc, err := contract.Parse(text)
	require.NoError(t, err)
	return contract.Compare(doc, library(t))
}

package byzantinetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// apiSchema is what the API's document says of one value in JSON.
type apiSchema struct {
	name       string // in the document, empty for one that stands inline
	kind       string // JSON type; empty for any
	format     string
	pattern    string
	nullable   bool
	values     []string // of an enum; nil if every value is legal
	properties map[string]*apiSchema
	required   []string
	items      *apiSchema
	either     []*apiSchema // the value is one of these
}

// apiOperation is what the API's document says of one operation.
type apiOperation struct {
	query     map[string]*apiSchema
	body      *apiSchema            // nil if there is none
	responses map[string]*apiSchema // by status; nil for a response whose form is not stated
}

// apiOperations is the API's document by operation id. It is read when it is first needed.
var apiOperations = sync.OnceValue(func() map[string]*apiOperation {
	operations, err := readDocument([]byte(contract.OpenAPI))
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: the API's document: %v", err)) // it is embedded
	}
	return operations
})

func readDocument(text []byte) (map[string]*apiOperation, error) {
	var raw rawDocument
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	reader := &schemaReader{raw.Components.Schemas, map[string]*apiSchema{}}
	operations := map[string]*apiOperation{}
	for _, methods := range raw.Paths {
		for _, op := range methods {
			read := &apiOperation{query: map[string]*apiSchema{}, responses: map[string]*apiSchema{}}
			for _, p := range op.Parameters {
				if p.In == "query" {
					read.query[p.Name] = reader.read(p.Schema)
				}
			}
			if media, ok := op.RequestBody.Content[jsonType]; ok {
				read.body = reader.read(media.Schema)
			}
			for status, response := range op.Responses {
				read.responses[status] = nil
				if media, ok := response.Content[jsonType]; ok {
					read.responses[status] = reader.read(media.Schema)
				}
			}
			operations[op.OperationID] = read
		}
	}
	return operations, nil
}

const jsonType = "application/json"

// The raw forms of what stands in the document.
type (
	rawDocument struct {
		Paths      map[string]map[string]rawOperation
		Components struct{ Schemas map[string]rawSchema }
	}
	rawOperation struct {
		OperationID string
		Parameters  []struct {
			Name, In string
			Schema   rawSchema
		}
		RequestBody struct{ Content map[string]rawMedia }
		Responses   map[string]struct{ Content map[string]rawMedia }
	}
	rawMedia  struct{ Schema rawSchema }
	rawSchema struct {
		Ref          string `json:"$ref"`
		Type, Format string
		Pattern      string
		Observed     string `json:"x-observed-pattern"` // what the document does not say and the API was seen to want
		Nullable     bool
		Enum         []string
		Properties   map[string]rawSchema
		Required     []string
		Items        *rawSchema
		AllOf, OneOf []rawSchema
	}
)

// schemaReader follows the references of a document. Each schema of a name is read once: some contain themselves.
type schemaReader struct {
	raw   map[string]rawSchema
	known map[string]*apiSchema
}

func (r *schemaReader) read(raw rawSchema) *apiSchema {
	s := new(apiSchema)
	r.fill(s, raw)
	return s
}

// named reads the schema that a reference leads to.
func (r *schemaReader) named(ref string) *apiSchema {
	name := ref[strings.LastIndex(ref, "/")+1:]
	if s := r.known[name]; s != nil {
		return s
	}
	s := &apiSchema{name: name}
	r.known[name] = s
	r.fill(s, r.raw[name])
	return s
}

func (r *schemaReader) fill(s *apiSchema, raw rawSchema) {
	if raw.Ref != "" {
		*s = *r.named(raw.Ref)
		return
	}
	s.kind, s.format, s.nullable, s.values = raw.Type, raw.Format, raw.Nullable, raw.Enum
	s.pattern, s.required = cmp.Or(raw.Pattern, raw.Observed), raw.Required
	if raw.Items != nil {
		s.items = r.read(*raw.Items)
	}
	for name, property := range raw.Properties {
		s.property(name, r.read(property))
	}
	for _, part := range raw.AllOf {
		s.merge(r.read(part))
	}
	for _, one := range raw.OneOf {
		s.either = append(s.either, r.read(one))
	}
}

func (s *apiSchema) property(name string, property *apiSchema) {
	if s.properties == nil {
		s.properties = map[string]*apiSchema{}
	}
	s.properties[name] = property
}

// merge adds what a part of an allOf says, but for nullable, which stands beside the allOf.
func (s *apiSchema) merge(part *apiSchema) {
	if s.kind == "" {
		s.kind = part.kind
	}
	if s.format == "" {
		s.format = part.format
	}
	if s.pattern == "" {
		s.pattern = part.pattern
	}
	if s.name == "" {
		s.name = part.name
	}
	s.values = append(slices.Clip(s.values), part.values...)
	s.required = append(slices.Clip(s.required), part.required...)
	for name, property := range part.properties {
		s.property(name, property)
	}
	if part.items != nil {
		s.items = part.items
	}
	s.either = append(slices.Clip(s.either), part.either...)
}

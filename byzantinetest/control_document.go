package byzantinetest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// controls are all routes of the control API.
var controls = slices.Concat(worldControls, clockControls, mailboxControls, triggerControls, accountControls, authenticatorControls)

// object is a part of a JSON document.
type object = map[string]any

// controlDocument describes the control API: OpenAPI 3.0, made of the table of routes.
func controlDocument() object {
	paths := object{}
	for _, c := range controls {
		operation := object{"operationId": c.name, "summary": c.summary, "responses": object{
			"400": object{"description": "What is wrong with the request", "content": media(schemaOf(reflect.TypeFor[controlError]()))},
		}}
		responses := operation["responses"].(object)
		if c.name == "getCredential" { // the only route that tells an unknown name from another mistake, because a 400 is a dismissal
			responses["404"] = object{"description": "There is no such authenticator", "content": media(schemaOf(reflect.TypeFor[controlError]()))}
		}
		if c.response == reflect.TypeFor[none]() {
			responses["204"] = object{"description": "Done"}
		} else {
			responses["200"] = object{"description": "OK", "content": media(schemaOf(c.response))}
		}
		parameters, body := inputsOf(c.request)
		if len(parameters) > 0 {
			operation["parameters"] = parameters
		}
		if body != nil {
			operation["requestBody"] = object{"content": media(body)}
		}
		path := ControlPath + c.path
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path].(object)[strings.ToLower(c.method)] = operation
	}
	return object{
		"openapi": "3.0.3",
		"info":    object{"title": "Control API of the local Byzantine sandbox", "version": "1"},
		"paths":   paths,
		"components": object{
			"schemas": object{"World": schemaOf(reflect.TypeFor[worldDocument]())},
			"securitySchemes": object{
				"token": object{"type": "http", "scheme": "bearer", "description": "Only if the sandbox was started with a token"},
			},
		},
		"security": []object{{}, {"token": []string{}}},
	}
}

func media(schema object) object { return object{jsonType: object{"schema": schema}} }

// inputsOf describes the parameters and the body of a request; the body is nil if there is none.
func inputsOf(t reflect.Type) (parameters []object, body object) {
	for i := range t.NumField() {
		field := t.Field(i)
		for _, in := range []string{"path", "query"} {
			if name := field.Tag.Get(in); name != "" {
				parameters = append(parameters, object{"name": name, "in": in, "required": in == "path", "schema": fieldSchema(field)})
			}
		}
	}
	if _, whole := t.FieldByName("Whole"); whole {
		return parameters, object{"type": "object", "allOf": []object{{"$ref": "#/components/schemas/World"}}}
	}
	if schema := schemaOf(t); len(schema["properties"].(object)) > 0 {
		body = schema
	}
	return parameters, body
}

// bodySchema is the body of a request as the document describes it; it has no fields if there is none.
func bodySchema(t reflect.Type) *apiSchema {
	_, body := inputsOf(t)
	if body == nil {
		return &apiSchema{kind: "object", properties: map[string]*apiSchema{}}
	}
	var raw rawSchema
	json.Unmarshal(marshalled(body), &raw) // which this package has written
	return (&schemaReader{}).read(raw)
}

var (
	textType = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMine = reflect.TypeFor[json.Marshaler]()
)

// schemaOf describes how encoding/json writes a type.
func schemaOf(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		schema := schemaOf(t.Elem())
		schema["nullable"] = true
		return schema
	case t == reflect.TypeFor[byzantine.Decimal]():
		return object{"type": "string", "format": "decimal", "description": "a decimal number such as 12.50"}
	case t == reflect.TypeFor[span]():
		return object{"type": "string", "format": "go-duration", "description": "a duration such as 1h30m or 250ms"}
	case t == reflect.TypeFor[headerTexts]():
		text := object{"type": "string"}
		return object{"type": "object", "additionalProperties": object{"oneOf": []object{text, {"type": "array", "items": text}}}}
	case t == reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	case t == reflect.TypeFor[[]byte]():
		return object{"type": "string", "format": "byte"}
	case t.Implements(jsonMine):
		return object{}
	case t.Implements(textType):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem()), "nullable": true}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		return structSchema(t)
	}
	return object{"type": "integer"}
}

// fieldSchema describes a field, with what its tag about says of it.
func fieldSchema(field reflect.StructField) object {
	schema := schemaOf(field.Type)
	if about := field.Tag.Get("about"); about != "" {
		schema["description"] = about
	}
	return schema
}

func structSchema(t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-", !field.IsExported() && !field.Anonymous:
			continue
		case field.Anonymous && name == "":
			inner := structSchema(field.Type)
			for name, schema := range inner["properties"].(object) {
				properties[name] = schema
			}
			continue
		}
		properties[name] = fieldSchema(field)
		if !strings.Contains(rest, "omit") && (field.Type.Kind() != reflect.Slice || field.Type == reflect.TypeFor[json.RawMessage]()) {
			required = append(required, name)
		}
	}
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

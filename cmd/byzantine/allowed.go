package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// allowedValues returns the values that the API's document allows for the fields of an operation. The keys are the
// names of fields as `byzantine operations` prints them. A field that may have any value is not in the map.
func allowedValues(operationID string) map[string][]string {
	return allowedByOperation()[operationID]
}

// documentSchema is the part of a schema in the API's document that says which values it allows and which fields it
// has.
type documentSchema struct {
	Type       string                    `json:"type"`
	Format     string                    `json:"format"`
	Ref        string                    `json:"$ref"`
	AllOf      []documentSchema          `json:"allOf"`
	OneOf      []documentSchema          `json:"oneOf"`
	Enum       []any                     `json:"enum"`
	NotAsked   []any                     `json:"x-not-subscribable"`
	Known      []any                     `json:"x-known-values"`
	Properties map[string]documentSchema `json:"properties"`
	Items      *documentSchema           `json:"items"`
	Required   []string                  `json:"required"`
	Nullable   bool                      `json:"nullable"`
}

// apiDocument is the part of the API's document that says which values a request may have, and which fields a response.
type apiDocument struct {
	Paths map[string]map[string]struct {
		ID         string `json:"operationId"`
		Parameters []struct {
			Name   string         `json:"name"`
			Schema documentSchema `json:"schema"`
		} `json:"parameters"`
		Body      documentBody            `json:"requestBody"`
		Responses map[string]documentBody `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]documentSchema `json:"schemas"`
	} `json:"components"`
}

type documentBody struct {
	Content map[string]struct {
		Schema documentSchema `json:"schema"`
	} `json:"content"`
}

func (b documentBody) schema() documentSchema { return b.Content["application/json"].Schema }

// resolve returns the schema that a reference names, or s itself if it is none.
func (d apiDocument) resolve(s documentSchema) documentSchema {
	if s.Ref == "" {
		return s
	}
	return d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
}

var readDocument = sync.OnceValue(func() (document apiDocument) {
	if err := json.Unmarshal([]byte(contract.OpenAPI), &document); err != nil {
		panic(err) // it is part of this program
	}
	return document
})

// eventTypes returns the event types that the API's document lists.
func eventTypes() (names []string) {
	for _, value := range readDocument().Components.Schemas["WebhookEventType"].Enum {
		names = append(names, fmt.Sprint(value))
	}
	return names
}

// eventTypeFields has the fields, by operation, that take event types, although the document allows any text in them.
// They do not take webhook.test.
var eventTypeFields = map[string]string{
	"create_subscription": "eventTypes[]",
	"update_subscription": "eventTypes[]",
	"list_events":         "eventType",
}

// openFields has the fields, by operation, that have more values than the API's document lists: the contract calls them open.
var openFields = map[string]string{"list_deliveries": "sourceType"}

var allowedByOperation = sync.OnceValue(func() map[string]map[string][]string {
	document := readDocument()
	types := document.Components.Schemas["WebhookEventType"]
	types.Enum = slices.DeleteFunc(slices.Clone(types.Enum), func(t any) bool { return slices.Contains(types.NotAsked, t) })
	var walk func(s documentSchema, name string, into map[string][]string)
	walk = func(s documentSchema, name string, into map[string][]string) {
		s = document.resolve(s)
		for _, part := range slices.Concat(s.AllOf, s.OneOf) {
			walk(part, name, into)
		}
		for _, value := range slices.Concat(s.Enum, s.Known) {
			if text := fmt.Sprint(value); value != nil && !slices.Contains(into[name], text) {
				into[name] = append(into[name], text)
			}
		}
		for field, below := range s.Properties {
			walk(below, strings.TrimPrefix(name+"."+field, "."), into)
		}
		if s.Items != nil {
			walk(*s.Items, name+"[]", into)
		}
	}
	all := map[string]map[string][]string{}
	for _, methods := range document.Paths {
		for _, operation := range methods {
			allowed := map[string][]string{}
			for _, p := range operation.Parameters {
				walk(p.Schema, p.Name, allowed)
			}
			walk(operation.Body.schema(), "", allowed)
			if field, ok := eventTypeFields[operation.ID]; ok {
				walk(types, field, allowed)
			}
			all[operation.ID] = allowed
		}
	}
	return all
})

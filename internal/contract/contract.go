// Package contract compares the operations and types of this module with an OpenAPI 3.0 document, in both directions:
// what the document has and the module lacks is a [Difference], and so is the reverse. Its test is the drift test of
// the API: see CONTRIBUTING for how a new version of the API is taken in with it.
//
// What is compared: the routes; whether they are signed; parameters and body fields, their places, and whether they are
// required; the fields of all types below; JSON types, formats, bounds, the values of enums, and what may be null.
//
// What is not, because it changes nothing on the wire of this module: status codes and the bodies of errors, defaults
// and texts, whether an optional field may be null as well (it is left out rather than sent as null, and absent and
// null read alike), and the bounds of all values and the formats of plain text in responses, which are not checked.
//
// Schemas are read strictly: a keyword in a schema that this package does not know is reported, so that it does not pass
// unseen. Unknown keywords of operations and parameters are ignored.
package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Document is an OpenAPI 3.0 document as Parse has read it.
type Document struct {
	routes     []*route
	components map[string]map[string]json.RawMessage // "schemas" -> name -> schema
}

// route is one operation of a document.
type route struct {
	id, method, path string
	signed           bool
	inputs           []property // parameters, then the fields of the body
	hasBody          bool
	unread           []unread
	responses        []json.RawMessage
}

// property is a parameter of an operation or a field of an object.
type property struct {
	name     string
	in       wire.Place
	required bool
	schema   json.RawMessage
}

// The objects of a document, before references ($ref) in them are followed.
type (
	rawOperation struct {
		OperationID string
		Parameters  []json.RawMessage
		RequestBody json.RawMessage
		Responses   map[string]json.RawMessage
		Security    []map[string][]string // nil if the operation has no entry of its own, so that of the document counts
	}
	rawParameter struct {
		Name, In string
		Required bool
		Schema   json.RawMessage
	}
	rawContent struct {
		Content map[string]struct{ Schema json.RawMessage }
	}
)

const jsonMedia = "application/json"

// signatureHeaders are the header parameters that some versions of the document list for each operation instead of a
// security scheme.
var signatureHeaders = []string{"x-pubkey", "x-timestamp", "x-signature"}

var methods = []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodPatch, http.MethodHead, http.MethodOptions, http.MethodTrace}

// Parse reads a document. It follows references to schemas only for the fields of request bodies: Compare follows the
// others, and reports those that lead nowhere.
func Parse(data []byte) (*Document, error) {
	var raw struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components map[string]json.RawMessage
		Security   []map[string][]string
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	if !strings.HasPrefix(raw.OpenAPI, "3.0.") {
		return nil, fmt.Errorf("contract: openapi %q: only 3.0 is understood", raw.OpenAPI)
	}
	d := &Document{components: map[string]map[string]json.RawMessage{}}
	for kind, text := range raw.Components {
		var named map[string]json.RawMessage
		if err := json.Unmarshal(text, &named); err != nil {
			return nil, fmt.Errorf("contract: components/%s: %w", kind, err)
		}
		d.components[kind] = named
	}
	for _, path := range slices.Sorted(maps.Keys(raw.Paths)) {
		item := raw.Paths[path]
		var shared []json.RawMessage
		if text := item["parameters"]; text != nil {
			if err := json.Unmarshal(text, &shared); err != nil {
				return nil, fmt.Errorf("contract: %s: parameters: %w", path, err)
			}
		}
		for _, method := range methods {
			text := item[strings.ToLower(method)]
			if text == nil {
				continue
			}
			op := rawOperation{Security: raw.Security}
			if err := json.Unmarshal(text, &op); err != nil {
				return nil, fmt.Errorf("contract: %s %s: %w", method, path, err)
			}
			op.Parameters = append(slices.Clone(shared), op.Parameters...)
			r, err := d.route(method, path, op)
			if err != nil {
				return nil, fmt.Errorf("contract: %s %s: %w", method, path, err)
			}
			d.routes = append(d.routes, r)
		}
	}
	if len(d.routes) == 0 {
		return nil, errors.New("contract: the document has no operations")
	}
	return d, nil
}

func (d *Document) route(method, path string, op rawOperation) (*route, error) {
	r := &route{id: op.OperationID, method: method, path: path, signed: demandsAny(op.Security)}
	if r.id == "" {
		return nil, errors.New("no operationId")
	}
	if slices.ContainsFunc(d.routes, func(other *route) bool { return other.id == r.id }) {
		return nil, fmt.Errorf("operationId %s stands twice", r.id)
	}
	if err := d.parameters(r, op.Parameters); err != nil {
		return nil, err
	}
	if op.RequestBody != nil {
		schema, err := d.content(r, "request body", op.RequestBody)
		if err != nil {
			return nil, err
		}
		r.hasBody = true
		if err := d.bodyFields(r, schema); err != nil {
			return nil, err
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		schema, err := d.content(r, "response "+status, op.Responses[status])
		if err != nil {
			return nil, err
		}
		if schema != nil {
			r.responses = append(r.responses, schema)
		}
	}
	return r, nil
}

// demandsAny reports whether a security requirement names a scheme in any of its alternatives. The alternative {} names
// none.
func demandsAny(security []map[string][]string) bool {
	return slices.ContainsFunc(security, func(schemes map[string][]string) bool { return len(schemes) > 0 })
}

func (d *Document) parameters(r *route, list []json.RawMessage) error {
	for _, text := range list {
		text, err := d.follow(text)
		if err != nil {
			return err
		}
		var p rawParameter
		if err := json.Unmarshal(text, &p); err != nil {
			return fmt.Errorf("parameter: %w", err)
		}
		if p.In == "header" && slices.Contains(signatureHeaders, strings.ToLower(p.Name)) {
			r.signed = true
			continue
		}
		m := property{name: p.Name, in: wire.Place(p.In), required: p.Required, schema: p.Schema}
		// A parameter of the operation replaces the one of the path item.
		if at := slices.IndexFunc(r.inputs, func(other property) bool { return other.name == m.name && other.in == m.in }); at >= 0 {
			r.inputs[at] = m
			continue
		}
		r.inputs = append(r.inputs, m)
	}
	for _, name := range placeholders(r.path) {
		declared := func(m property) bool { return m.name == name && m.in == wire.Path }
		if !slices.ContainsFunc(r.inputs, declared) {
			r.inputs = append(r.inputs, property{name: name, in: wire.Path, required: true, schema: json.RawMessage(`{"type":"string"}`)})
		}
	}
	return nil
}

// bodyFields appends the fields of a request body to the parameters of the route. So a value that moves from a
// parameter to the body is reported as one difference of its place.
func (d *Document) bodyFields(r *route, schema json.RawMessage) error {
	s, err := d.schema(schema)
	if err != nil {
		return fmt.Errorf("request body: %w", err)
	}
	if s.kind != kindObject || len(s.alternatives) > 0 {
		r.unread = append(r.unread, unread{what: "a request body that is not one kind of object"})
	}
	r.unread = append(r.unread, s.unread...)
	r.inputs = append(r.inputs, s.properties...)
	return nil
}

// content returns the schema of the JSON body of a request or response, nil if it has no body. what names the body in
// what is recorded as unread: a body of another media type.
func (d *Document) content(r *route, what string, text json.RawMessage) (json.RawMessage, error) {
	text, err := d.follow(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var c rawContent
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if _, isJSON := c.Content[jsonMedia]; len(c.Content) > 1 || (len(c.Content) == 1 && !isJSON) {
		types := strings.Join(slices.Sorted(maps.Keys(c.Content)), ", ")
		r.unread = append(r.unread, unread{what: what + " of type " + types})
	}
	return c.Content[jsonMedia].Schema, nil
}

// follow returns the object that a $ref refers to, or text itself if it has no $ref.
func (d *Document) follow(text json.RawMessage) (json.RawMessage, error) {
	for range maxDepth {
		var raw struct {
			Ref string `json:"$ref"`
		}
		if err := json.Unmarshal(text, &raw); err != nil {
			return nil, err
		}
		if raw.Ref == "" {
			return text, nil
		}
		var err error
		if text, _, err = d.lookUp(raw.Ref); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("a reference to itself")
}

func (d *Document) lookUp(ref string) (target json.RawMessage, name string, err error) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	target, ok := d.components[kind][name]
	if !ok {
		return nil, "", fmt.Errorf("%s is not in the document", ref)
	}
	return target, name, nil
}

// placeholders returns the names of the placeholders in a path template, without their braces.
func placeholders(path string) []string {
	var names []string
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

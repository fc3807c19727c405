package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// SDK describes the operations and types of this module, with which a document is compared.
type SDK struct {
	Operations []Operation
	Types      map[string]reflect.Type // schema name -> Go type, for schemas that no operation refers to, such as those of webhooks
	Constants  map[string][]string     // type name -> the values of its constants, see [Constants]
	Scalars    map[reflect.Type]Scalar // types whose JSON differs from that of their kind in Go
	// Alternatives are the structs that one Go type can be written as, for types with a MarshalJSON of their own.
	Alternatives map[reflect.Type][]reflect.Type
	// Formats that the SDK has and that the document expresses only by the name of a schema ("Decimal"), or of a field
	// or parameter ("chainId").
	Schemas, Properties map[string]string
}

// Operation describes an operation of the SDK: its route and its Go types.
type Operation struct {
	ID, Method, Path string
	Signed           bool
	Request          reflect.Type // a struct; nil if the operation has neither parameters nor a body
	Response         reflect.Type // nil if the response has no body
}

// Scalar describes how a Go type is written in JSON: its JSON type ("string", "any JSON") and its format. Unset says
// that the type's zero value is not a value: it means absent or null.
type Scalar struct {
	Kind, Format string
	Unset        bool
}

// Kind says in what respect the document and the SDK differ.
type Kind string

// The kinds.
const (
	KindOperation  Kind = "operation" // one side does not have it
	KindID         Kind = "operation id"
	KindMethod     Kind = "method"
	KindPath       Kind = "path"
	KindSignature  Kind = "signature"
	KindBody       Kind = "request body"
	KindResponse   Kind = "response"
	KindField      Kind = "field" // one side does not have the field or parameter
	KindPlace      Kind = "place"
	KindRequired   Kind = "required"
	KindNull       Kind = "null"
	KindType       Kind = "type"
	KindFormat     Kind = "format"
	KindBounds     Kind = "bounds"
	KindEnum       Kind = "enum"       // one side lists values and the other takes any, or only one is closed
	KindValue      Kind = "enum value" // one side does not have it
	KindUnreadable Kind = "unreadable" // this package does not understand the document
)

// Difference is one point in which the document and the SDK differ.
type Difference struct {
	Where         string // an operation id, a Go type, or a field of either: "list_events.limit", "Transaction.status"
	Schema        string // the name of the schema in the document that is compared with the Go type
	Kind          Kind
	Document, SDK string // what either side has; "" if it has nothing
}

func (d Difference) String() string {
	where := d.Where
	if d.Schema != "" {
		where += " (" + d.Schema + ")"
	}
	return fmt.Sprintf("%s: %s: the document has %s, the SDK has %s",
		where, d.Kind, cmp.Or(d.Document, "nothing"), cmp.Or(d.SDK, "nothing"))
}

// side says whether a type is sent or received.
type side string

const (
	request  side = "request"
	response side = "response"
)

type comparer struct {
	doc   *Document
	sdk   SDK
	found map[Difference]bool
}

// Compare returns all differences between doc and sdk, each once, sorted.
func Compare(doc *Document, sdk SDK) []Difference {
	c := &comparer{doc: doc, sdk: sdk, found: map[Difference]bool{}}
	missing := slices.Clone(doc.routes)
	for _, op := range sdk.Operations {
		r := c.routeOf(op)
		if r == nil {
			c.report(place{where: op.ID}, KindOperation, "", op.Method+" "+op.Path)
			continue
		}
		missing = slices.DeleteFunc(missing, func(other *route) bool { return other == r })
		c.operation(r, op)
	}
	for _, r := range missing {
		c.report(place{where: r.id}, KindOperation, r.method+" "+r.path, "")
	}
	for name, t := range sdk.Types {
		ref := fmt.Sprintf(`{"$ref": "#/components/schemas/%s"}`, name)
		c.value(place{where: t.Name(), side: response}, json.RawMessage(ref), t, nil)
	}
	return slices.SortedFunc(maps.Keys(c.found), func(a, b Difference) int { return cmp.Compare(a.String(), b.String()) })
}

// routeOf returns the document's route of an operation of the SDK: that with its id or, if no route has this id, that
// with its method and path, because ids may change too. It returns nil if there is none.
func (c *comparer) routeOf(op Operation) *route {
	at := slices.IndexFunc(c.doc.routes, func(r *route) bool { return r.id == op.ID })
	if at < 0 {
		at = slices.IndexFunc(c.doc.routes, func(r *route) bool {
			taken := slices.ContainsFunc(c.sdk.Operations, func(other Operation) bool { return other.ID == r.id })
			return !taken && r.method == op.Method && nameless(r.path) == nameless(op.Path)
		})
	}
	if at < 0 {
		return nil
	}
	return c.doc.routes[at]
}

// nameless returns a path template without the names of its placeholders. The names are compared as parameters.
func nameless(path string) string {
	for _, name := range placeholders(path) {
		path = strings.Replace(path, "{"+name+"}", "{}", 1)
	}
	return path
}

// place says what is being compared: an operation or a Go type, and the field of it.
type place struct {
	where  string // see Difference.Where
	schema string
	name   string // of the field or parameter
	side   side
}

func (p place) property(name string) place {
	p.where, p.name = p.where+"."+name, name
	return p
}

func (p place) element() place {
	p.where, p.name = p.where+"[]", ""
	return p
}

func (c *comparer) report(at place, kind Kind, document, sdk string) {
	c.found[Difference{at.where, at.schema, kind, document, sdk}] = true
}

func (c *comparer) reportUnread(at place, list []unread) {
	for _, u := range list {
		if u.in != "" {
			at = place{where: u.in} // reported once for a schema, not at each use of it
		}
		c.report(at, KindUnreadable, u.what, "")
	}
}

func (c *comparer) operation(r *route, op Operation) {
	at := place{where: op.ID, side: request}
	c.reportUnread(at, r.unread)
	for _, x := range []struct {
		kind          Kind
		document, sdk string
		same          bool
	}{
		{KindID, r.id, op.ID, r.id == op.ID},
		{KindMethod, r.method, op.Method, r.method == op.Method},
		{KindPath, r.path, op.Path, nameless(r.path) == nameless(op.Path)},
		{KindSignature, yes(r.signed, "a signature"), yes(op.Signed, "a signature"), r.signed == op.Signed},
	} {
		if !x.same {
			c.report(at, x.kind, x.document, x.sdk)
		}
	}
	c.inputs(at, r, op)
	if (len(r.responses) > 0) != (op.Response != nil) {
		c.report(at, KindResponse, yes(len(r.responses) > 0, "a response"), yes(op.Response != nil, "a response"))
		return
	}
	for _, text := range r.responses {
		c.value(place{where: op.ID + " response", side: response}, text, op.Response, nil)
	}
}

func yes(has bool, what string) string {
	if has {
		return what
	}
	return ""
}

func (c *comparer) inputs(at place, r *route, op Operation) {
	var fields []*wire.Field
	if op.Request != nil {
		fields = wire.Fields(op.Request)
	}
	properties := r.inputs
	isBody := func(f *wire.Field) bool { return f.In == wire.Body }
	if hasBody := slices.ContainsFunc(fields, isBody); hasBody != r.hasBody {
		c.report(at, KindBody, yes(r.hasBody, "a body"), yes(hasBody, "a body"))
		fields = slices.DeleteFunc(slices.Clone(fields), isBody)
		properties = slices.DeleteFunc(slices.Clone(properties), func(m property) bool { return m.in == wire.Body })
	}
	c.properties(at, properties, fields)
}

// properties compares the fields of an object, or the parameters and body fields of an operation.
func (c *comparer) properties(at place, properties []property, fields []*wire.Field) {
	left := slices.Clone(fields)
	take := func(is func(*wire.Field) bool) *wire.Field {
		i := slices.IndexFunc(left, is)
		if i < 0 {
			return nil
		}
		f := left[i]
		left = slices.Delete(left, i, i+1)
		return f
	}
	var elsewhere []property
	for _, m := range properties {
		if f := take(func(f *wire.Field) bool { return f.Name == m.name && f.In == m.in }); f != nil {
			c.property(at.property(m.name), m, f)
			continue
		}
		elsewhere = append(elsewhere, m)
	}
	for _, m := range elsewhere {
		if f := take(func(f *wire.Field) bool { return f.Name == m.name }); f != nil {
			c.report(at.property(m.name), KindPlace, string(m.in), string(f.In))
			c.property(at.property(m.name), m, f)
			continue
		}
		c.report(at.property(m.name), KindField, fmt.Sprintf("%s %s field", optionality(!m.required), m.in), "")
	}
	for _, f := range left {
		c.report(at.property(f.Name), KindField, "", fmt.Sprintf("%s %s field %s", optionality(f.Optional), f.In, f.GoName))
	}
}

func (c *comparer) property(at place, m property, f *wire.Field) {
	switch {
	case m.required == f.Optional:
		c.report(at, KindRequired, optionality(!m.required), optionality(f.Optional))
	case m.required:
		c.null(at, m.schema, f.Type, f)
	default:
		c.absence(at, f.Type)
	}
	c.value(at, m.schema, f.Type, f)
}

func optionality(optional bool) string {
	if optional {
		return "optional"
	}
	return "required"
}

// null reports a value that may be null on one side only: a field that is always present, or an element of a list, for
// which f is nil. For null Go needs a pointer. A text in a response needs none, because null is read as "" there,
// unless the text is a field with the tag check:"must" or an element of a list.
func (c *comparer) null(at place, text json.RawMessage, t reflect.Type, f *wire.Field) {
	s, err := c.doc.schema(text)
	if err != nil || t.Kind() == reflect.Slice || c.scalar(t).Unset {
		return // value reports the error; a nil list already means null
	}
	isText := at.side == response && t.Kind() == reflect.String && f != nil && !f.Must
	switch pointer := t.Kind() == reflect.Pointer; {
	case s.nullable && !pointer && !isText:
		c.report(at, KindNull, "null", "no pointer")
	case !s.nullable && pointer:
		c.report(at, KindNull, "no null", "a pointer")
	}
}

// absence reports a field that may be absent and is not a pointer, if its zero value differs from absence: in a
// response that is any field but a text, in a request a number or boolean whose zero may be meant.
func (c *comparer) absence(at place, t reflect.Type) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		return
	}
	scalar := c.scalar(t)
	if scalar.Unset {
		return
	}
	switch kind := scalar.Kind; {
	case at.side == response && t.Kind() != reflect.String:
		c.report(at, KindNull, "a field that may be absent", "no pointer")
	case (kind == kindBoolean || kind == kindInteger || kind == kindNumber) && !rejects(reflect.Zero(t)):
		c.report(at, KindNull, "a field that may be absent", "no pointer: zero cannot be sent")
	}
}

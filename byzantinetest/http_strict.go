package byzantinetest

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

// WithLenientRequests accepts requests whose form the API's document does not allow but whose meaning is clear: a body
// with a Content-Type other than application/json, fields and query parameters that the document does not have, a field
// that is there twice, and a number where a decimal string is due. Without this option each of them is an error.
func WithLenientRequests() Option {
	return func(s *Sandbox) error { s.lenient = true; return nil }
}

// formError is a mistake in a request's form. The API responds to these in plain text.
type formError struct {
	status int
	text   string
}

func (e *formError) Error() string { return e.text }

func (e *formError) response() fake.Response {
	return fake.Text(e.status, "cannot read the request: "+e.text)
}

// unknownFieldError is a formError about a field that the document does not have.
type unknownFieldError struct{ formError }

func (e *unknownFieldError) Unwrap() error { return &e.formError }

func badForm(format string, args ...any) error {
	return &formError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// formChecker checks requests against the API's document. The handlers report fields that are missing or have invalid
// values.
type formChecker struct{ lenient bool }

func (c formChecker) checkContentType(header http.Header) error {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if c.lenient || err == nil && media == jsonType {
		return nil
	}
	return &formError{http.StatusUnsupportedMediaType, "Content-Type: must be application/json"}
}

func (c formChecker) checkQuery(op *apiOperation, query url.Values) error {
	if c.lenient {
		return nil
	}
	for name := range query {
		if op.query[name] == nil {
			return badForm("%s: the operation has no such query parameter", name)
		}
	}
	return nil
}

// check holds a value against its schema. path names the value in errors.
func (c formChecker) check(s *apiSchema, v *jsonValue, path string) error {
	switch {
	case path == "signedBody": // it is compared byte for byte with what was to be signed
		return nil
	case len(s.either) > 0:
		return c.checkEither(s, v, path)
	case v.kind == "null":
		return nil // absent and null are the same
	case !c.fits(s, v):
		return badForm("%s: must be %s, not %s", path, described(s.kind), described(v.kind))
	case v.kind == "object":
		return c.checkObject(s, v, path)
	case v.kind == "array":
		return c.checkList(s, v, path)
	case v.kind == "string" && (strings.HasSuffix(s.name, "Decimal") || s.format == "decimal"):
		if _, err := byzantine.ParseDecimal(v.text); err != nil {
			return badForm("%s: must be a decimal number such as 1250.50: %s", path, strings.TrimPrefix(err.Error(), "byzantine: decimal: "))
		}
	case v.kind == "string":
		return checkText(s, v.text, path)
	}
	return nil
}

// fits compares types.
func (c formChecker) fits(s *apiSchema, v *jsonValue) bool {
	switch {
	case s.kind == "", s.kind == v.kind:
		return true
	case s.kind == "integer" && v.kind == "number":
		_, err := v.number.Int64()
		return err == nil
	}
	return c.lenient && strings.HasSuffix(s.name, "Decimal") && v.kind == "number"
}

// checkEither checks a value for which the document has alternatives (oneOf). In the API's requests only signedBody has.
func (c formChecker) checkEither(s *apiSchema, v *jsonValue, path string) error {
	var err error
	for _, one := range s.either {
		if err = c.check(one, v, path); err == nil {
			return nil
		}
	}
	return err
}

func (c formChecker) checkObject(s *apiSchema, v *jsonValue, path string) error {
	for i, m := range v.members {
		name := joined(path, m.name)
		property := s.properties[m.name]
		if !c.lenient {
			if property == nil && s.properties != nil {
				return &unknownFieldError{formError{http.StatusBadRequest, fmt.Sprintf("%s: the API has no such field%s", name, meant(m.name, path, s.properties))}}
			}
			if slices.ContainsFunc(v.members[:i], func(other jsonMember) bool { return other.name == m.name }) {
				return badForm("%s: the field is there twice", name)
			}
		}
		if property == nil {
			continue
		}
		if !c.lenient && m.value.kind == "string" && m.value.text == "" && property.wantsForm() && !slices.Contains(s.required, m.name) {
			return badRequest("%s: must not be empty: leave it out", name)
		}
		if err := c.check(property, &m.value, name); err != nil {
			return err
		}
	}
	return nil
}

// wantsForm says whether the document forbids an empty text, by a pattern or as a UUID. Package wire checks all other texts.
func (s *apiSchema) wantsForm() bool { return s.pattern != "" || s.format == "uuid" }

// meant says in which object beside it a misplaced field belongs, or which field of a similar name may be meant.
func meant(name, path string, known map[string]*apiSchema) string {
	var owners []string
	for _, beside := range slices.Sorted(maps.Keys(known)) {
		if known[beside].properties[name] != nil {
			owners = append(owners, joined(path, beside))
		}
	}
	if len(owners) == 1 {
		return ": it is in " + owners[0]
	}
	return didYouMean(name, known)
}

// didYouMean is the end of an error about a name that there is not.
func didYouMean(name string, known map[string]*apiSchema) string {
	const longest = 64 // of all names, by far
	if len(name) > longest {
		return ""
	}
	return spelling.DidYouMean(name, slices.Sorted(maps.Keys(known)))
}

func (c formChecker) checkList(s *apiSchema, v *jsonValue, path string) error {
	if s.items == nil { // any list
		return nil
	}
	for i := range v.elements {
		element, name := &v.elements[i], fmt.Sprintf("%s[%d]", path, i)
		if element.kind == "null" && !s.items.nullable {
			return badForm("%s: must not be null", name)
		}
		if err := c.check(s.items, element, name); err != nil {
			return err
		}
	}
	return nil
}

// maxShownValues is how many values of an enum an error lists.
const maxShownValues = 40

func checkText(s *apiSchema, text, path string) error {
	switch {
	case s.name == "WebhookEventType": // has errors of its own
		return nil
	case s.values != nil && !slices.Contains(s.values, text):
		shown, more := s.values, ""
		if len(shown) > maxShownValues {
			shown, more = shown[:maxShownValues], ", ..."
		}
		return badRequest("%s: must be one of %s%s", path, strings.Join(shown, ", "), more)
	case s.format == "date-time":
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			return badForm("%s: must be an RFC 3339 time", path)
		}
	}
	return nil
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func described(kind string) string {
	switch kind {
	case "object", "array", "integer":
		return "an " + kind
	case "null":
		return kind
	}
	return "a " + kind
}

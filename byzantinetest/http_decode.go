package byzantinetest

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// decode reads a request as the API does: the form first, then what has to be there. Errors name fields as they stand on
// the wire.
func (s *Sandbox) decode(r *http.Request, op byzantine.Operation, body []byte) (any, error) {
	request, known := newRequest(op), apiOperations()[string(op.ID)]
	form := formChecker{s.lenient}
	query := queryOf(r, op)
	if err := form.checkQuery(known, query); err != nil {
		return nil, err
	}
	if known.body != nil {
		if err := form.checkContentType(r.Header); err != nil {
			return nil, err
		}
		value, err := parseJSON(body)
		if err != nil {
			return nil, badForm("the body is %v", err)
		}
		if value.kind != "object" {
			return nil, badForm("the body must be an object, not %s", described(value.kind))
		}
		if err := form.check(known.body, &value, ""); err != nil {
			return nil, err
		}
		if body, err = withReadableTerms(&value, body); err != nil {
			return nil, err
		}
	}
	if request == nil {
		return nil, nil
	}
	if err := wire.Decode(request, r.PathValue, query, body); err != nil {
		return nil, badForm("%v", onTheWire(located(err, op, body)))
	}
	if err := dropDecimals(request); err != nil {
		return nil, err
	}
	if err := wire.Check(request); err != nil {
		return nil, badRequest("invalid request: %v", onTheWire(err))
	}
	return request, nil
}

// termsField is the one time of the API that may be a decimal number of Unix seconds in a string as well.
const termsField = "byzantineTermsSignedAt"

var decimalSeconds = regexp.MustCompile(`^[0-9]{1,11}$`)

// withReadableTerms returns the body with the time of the terms in the form that package byzantine reads.
func withReadableTerms(value *jsonValue, body []byte) ([]byte, error) {
	signedAt := value.member(termsField)
	if signedAt == nil || signedAt.kind != "string" {
		return body, nil
	}
	if !decimalSeconds.MatchString(signedAt.text) {
		if _, err := time.Parse(time.RFC3339Nano, signedAt.text); err != nil {
			return nil, badForm("%s: must be an RFC 3339 time, or decimal Unix seconds in a string", termsField)
		}
		return body, nil
	}
	seconds, err := strconv.ParseInt(signedAt.text, 10, 64)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	members[termsField] = marshalled(time.Unix(seconds, 0).UTC())
	return json.Marshal(members)
}

// onTheWire rewrites an error of package wire or encoding/json, which name fields as Go does.
func onTheWire(err error) error {
	if field := (*wire.FieldError)(nil); errors.As(err, &field) {
		return field.OnTheWire()
	}
	return plainJSONError(err)
}

// located adds the name of the field to the error of a type that parses its own text, such as a data URI: encoding/json
// leaves it out.
func located(err error, op byzantine.Operation, body []byte) error {
	var formed interface{ Reason() string }
	var odd *wire.Unreadable
	if !errors.As(err, &formed) || !errors.As(wire.Read(body, op.NewRequest()), &odd) {
		return err
	}
	findings := odd.Fields
	if odd.Fatal != nil {
		findings = append(findings, *odd.Fatal)
	}
	for _, finding := range findings {
		return &wire.FieldError{Field: finding.Path, JSONPath: finding.Path, Reason: formed.Reason()}
	}
	return err
}

// plainJSONError rewrites an error of encoding/json without the types and the names of Go.
func plainJSONError(err error) error {
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		return &wire.FieldError{Field: mismatch.Field, Reason: "must not be a " + mismatch.Value}
	}
	return errors.New(strings.TrimPrefix(wire.Reason(err), "json: "))
}

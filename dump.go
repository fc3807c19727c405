package byzantine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// WithDump writes each call to w, for debugging: method, path template, the bodies of the request and of the final
// response, and how it ended. Of the bodies it shows only values that are known to be harmless: times, booleans,
// numbers, and the words of some enumerations such as statuses. Of everything else, and of all that goes by
// [Client.Do], it shows the JSON type and the length only, and of the fields that this package does not know only how
// many they are. It shows no query, no header and no error's text.
//
// Each call is one Write, from the goroutine of the call: w must be safe for concurrent use if the client is used by
// several goroutines. Errors of Write are ignored. Package turnkey ignores this option.
func WithDump(w io.Writer) Option {
	return func(c *call.Config) error {
		if w == nil {
			return errors.New("WithDump: nil writer")
		}
		c.Dump = w
		return nil
	}
}

// dumpShown has the types whose values a dump shows: times, amounts, chain ids, and enumerations that say nothing about
// a person.
var dumpShown = map[reflect.Type]bool{
	reflect.TypeFor[time.Time]():               true,
	reflect.TypeFor[Decimal]():                 true,
	reflect.TypeFor[AccessScope]():             true,
	reflect.TypeFor[AccountType]():             true,
	reflect.TypeFor[AccountUserRole]():         true,
	reflect.TypeFor[ActivityType]():            true,
	reflect.TypeFor[ChainID]():                 true,
	reflect.TypeFor[CryptoCurrency]():          true,
	reflect.TypeFor[Currency]():                true,
	reflect.TypeFor[CustomerQueryType]():       true,
	reflect.TypeFor[CustomerType]():            true,
	reflect.TypeFor[DepositPaymentRail]():      true,
	reflect.TypeFor[DocumentType]():            true,
	reflect.TypeFor[EventType]():               true,
	reflect.TypeFor[FiatCurrency]():            true,
	reflect.TypeFor[InvitationStatus]():        true,
	reflect.TypeFor[PaymentRail]():             true,
	reflect.TypeFor[SortOrder]():               true,
	reflect.TypeFor[TransactionStatus]():       true,
	reflect.TypeFor[TransactionType]():         true,
	reflect.TypeFor[VerificationStatus]():      true,
	reflect.TypeFor[WebhookAttemptOutcome]():   true,
	reflect.TypeFor[WebhookDeliveryStatus]():   true,
	reflect.TypeFor[WithdrawalRequestStatus](): true,
}

// dumpable reports whether a text looks like a value of a type in dumpShown: a time, an amount, one word, or two words
// with a dot between them. A text that does not is hidden, because an API may send anything in the field. There is no
// regular expression here, because package regexp would then be linked into every program that imports this package.
func dumpable(text string) bool {
	if text != "" && len(text) <= 35 && strings.Trim(text, "0123456789T:.+Z-") == "" {
		return true
	}
	const lower, upper = "abcdefghijklmnopqrstuvwxyz_", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	word, second, dotted := strings.Cut(text, ".")
	switch {
	case word == "" || word[0] == '_' || len(word) > 41 || strings.Trim(word, lower+upper) != "":
		return false
	case dotted:
		return second != "" && len(second) <= 40 && strings.Trim(second, lower) == ""
	}
	return true
}

// dump writes one call to the client's writer.
func (c *Client) dump(op *Operation, requestBody []byte, x *call.Exchange, err error) {
	w := c.calls.Dump()
	if w == nil {
		return
	}
	in, out := op.request, op.response // nil for Client.Do
	var b bytes.Buffer
	fmt.Fprintf(&b, "> %s %s %s\n", op.Method, op.Path, op.ID)
	dumpBody(&b, "> ", requestBody, in)
	response := x.Response()
	var outcome string
	switch {
	case errors.Is(err, ErrOutcomeUnknown):
		outcome = "outcome unknown"
	case err != nil:
		outcome = "error"
	default:
		outcome = "ok"
	}
	fmt.Fprintf(&b, "< %d %s, attempts: %d\n", response.StatusCode, outcome, x.Attempts())
	if response.StatusCode >= 300 {
		out = nil
	}
	dumpBody(&b, "< ", response.Body, out)
	_, _ = w.Write(b.Bytes())
}

// dumpBody writes a body with a prefix on each line.
func dumpBody(b *bytes.Buffer, prefix string, body []byte, t reflect.Type) {
	if len(body) == 0 {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil || decoder.More() {
		fmt.Fprintf(b, "%s<no JSON, %d bytes>\n", prefix, len(body))
		return
	}
	b.WriteString(prefix)
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent(prefix, "  ")
	_ = encoder.Encode(masked(tree, t)) // of what was decoded
}

// masked returns a copy of a JSON value in which all values that a dump must not show are replaced by their kind and
// length. t is the type that the value is decoded into, nil if it is not known.
func masked(tree any, t reflect.Type) any {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := tree.(type) {
	case nil:
		return nil
	case map[string]any:
		return maskedObject(v, t)
	case []any:
		var element reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			element = t.Elem()
		}
		if element == nil {
			return fmt.Sprintf("<array, %d elements>", len(v))
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = masked(v[i], element)
		}
		return out
	case string:
		if dumpShown[t] && dumpable(v) {
			return v
		}
		return fmt.Sprintf("<string, %d bytes>", len(v))
	case json.Number:
		if t != nil && (t == reflect.TypeFor[Decimal]() || isNumber(t.Kind())) {
			return v
		}
		return fmt.Sprintf("<number, %d bytes>", len(v))
	case bool:
		if t != nil && t.Kind() == reflect.Bool {
			return v
		}
		return "<boolean>"
	}
	return "<unknown>"
}

func isNumber(k reflect.Kind) bool {
	return (k >= reflect.Int && k <= reflect.Uint64) || k == reflect.Float32 || k == reflect.Float64
}

// maskedObject is masked for an object. It shows the names of fields that t has, and only the number of all others,
// because a name that is not known may be personal data itself.
func maskedObject(object map[string]any, t reflect.Type) any {
	fields := map[string]reflect.Type{}
	if t != nil && t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.IsExported() && name != "" && name != "-" {
				fields[name] = f.Type
			}
		}
	}
	if len(fields) == 0 {
		return fmt.Sprintf("<object, %d fields>", len(object))
	}
	out := map[string]any{}
	unknown := 0
	for name, value := range object {
		if fieldType, known := fields[name]; known {
			out[name] = masked(value, fieldType)
		} else {
			unknown++
		}
	}
	if unknown > 0 {
		out["..."] = fmt.Sprintf("<%d unknown fields>", unknown)
	}
	return out
}

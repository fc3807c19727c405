package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// exampleValues are those of fields whose name says more than their type.
var exampleValues = map[string]string{
	"email": "ada@example.com", "url": "https://example.com/hooks", "phone": "+33123456789", "pubkey": "0x027d920d488a9d691a20dc65597f5d8a0f1e1b846ad15c6d62972b23d102df815b",
	"otpCode": "123456", "sourceCurrency": "usdc", "destinationCurrency": "usdc", "firstName": "Ada", "lastName": "Lovelace", "countryOfBirth": "FRA", "nationality": "FRA", "country": "FRA", "issuingCountry": "FRA",
	"webAuthnStamp": `{"credentialId":"AAEC","authenticatorData":"AAEC","clientDataJson":"AAEC","signature":"AAEC"}`,
	"accountNumber": "000123456789", "routingNumber": "011000015", "bic": "AGRIFRPP", "mostRecentOccupation": "151252",
}

// exampleOptional are optional fields without which a request says nothing.
var exampleOptional = map[string][]string{
	"add_associated_person": {"associatedPerson.beneficiaryDetails.ownershipPercentage"},
	"add_bank_account":      {"achBankAccountDetails"},
	"get_user_details":      {"userId"},
	"sign_payload_passkey":  {"transactionId", "chain_id"},
	"update_credential":     {"label"},
	"update_subscription":   {"enabled"},
}

// exampleOf returns an example of a request: the arguments for path and query, and the body, nil if there is none. What is
// optional is left out.
func exampleOf(op byzantine.Operation) (args []string, body []byte, err error) {
	request := op.NewRequest()
	if request == nil {
		return nil, nil, nil
	}
	e := &example{allowed: allowedValues(string(op.ID)), optional: exampleOptional[string(op.ID)]}
	object := e.object(reflect.TypeOf(request).Elem(), "", &args)
	hasBody := false
	for _, f := range wire.Fields(reflect.TypeOf(request).Elem()) {
		hasBody = hasBody || f.In == wire.Body
	}
	if !hasBody {
		return args, nil, nil
	}
	text, err := wire.Marshal(object)
	return args, text, err
}

type example struct {
	allowed  map[string][]string
	optional []string
}

func (e *example) object(t reflect.Type, prefix string, args *[]string) map[string]any {
	object := map[string]any{}
	for _, f := range wire.Fields(t) {
		name := prefix + f.Name
		if f.Optional && !slices.Contains(e.optional, name) {
			continue
		}
		if f.In != wire.Body {
			value := e.value(f, f.Type, name)
			if number, ok := value.(json.RawMessage); ok {
				value = string(number)
			}
			*args = append(*args, f.Name+"="+fmt.Sprint(value))
			continue
		}
		object[f.Name] = e.value(f, f.Type, name)
	}
	return object
}

func (e *example) value(f *wire.Field, t reflect.Type, name string) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	allowed := e.allowed[name]
	leaf := strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "[]")
	text, named := exampleValues[leaf]
	switch {
	case named && t.Kind() == reflect.String:
		return text
	case t == reflect.TypeFor[json.RawMessage]():
		return e.signedBody(name)
	case t.Kind() == reflect.Slice && !isText(t):
		if t.Elem().Kind() == reflect.Uint8 { // JSON that is kept as its bytes
			return e.signedBody(name)
		}
		return []any{e.value(f, t.Elem(), name+"[]")}
	case t == reflect.TypeFor[byzantine.ChainID]():
		return int64(byzantine.ChainBase) // where the vault of the examples is
	case len(allowed) > 0 && t.Kind() != reflect.String:
		return json.RawMessage(allowed[0])
	case len(allowed) > 0:
		return allowed[0]
	case t == reflect.TypeFor[time.Time]():
		return "2026-09-01T12:00:00Z"
	case t == reflect.TypeFor[byzantine.DataURI]():
		return "data:image/png;base64,iVBORw0KGgo="
	case t == reflect.TypeFor[byzantine.Decimal]():
		return "100"
	case t.Kind() == reflect.Bool:
		return true
	case t.Kind() == reflect.Struct && !isText(t):
		return e.object(t, name+".", nil)
	case t.Kind() != reflect.String && !isText(t):
		return 1
	}
	switch f.Format {
	case "uuid":
		return "11111111-2222-4333-8444-555555555555"
	case "date":
		return "1990-12-10"
	case "address":
		return "0xba5e0000000000000000000000000000000005dc"
	case "base64url":
		return "AAECAwQFBgcICQoLDA0ODw"
	}
	return "example"
}

// signedBody returns an example of what a passkey has signed: an object with a type only.
func (e *example) signedBody(name string) json.RawMessage {
	return fmt.Appendf(nil, `{"type":%q}`, e.allowed[name+".type"][0])
}

// exampleCommand is the command line of an example.
func exampleCommand(op byzantine.Operation) (string, error) {
	args, body, err := exampleOf(op)
	if err != nil {
		return "", err
	}
	line := strings.Join(append([]string{"byzantine call " + string(op.ID)}, args...), " ")
	if body == nil {
		return line, nil
	}
	text, err := json.MarshalIndent(json.RawMessage(body), "", "  ")
	return line + " -body - <<'END'\n" + string(text) + "\nEND", err
}

package byzantine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// sampleMark is part of every text in a sample except times and amounts, and sampleDigits of every number and amount.
const (
	sampleMark   = "Zm9vYmFy-Jane"
	sampleDigits = 8675309
)

// sample returns a JSON tree with every field that a response type has, and two elements in each list.
func sample(t reflect.Type) any { return new(sampler).value(t) }

type sampler struct{ count int }

func (s *sampler) text() string {
	s.count++
	return fmt.Sprintf("%s-%d", sampleMark, s.count)
}

func (s *sampler) value(t reflect.Type) any {
	switch t {
	case reflect.TypeFor[time.Time]():
		s.count++
		return time.Date(2026, 9, 1, 12, 0, s.count, 0, time.UTC).Format(time.RFC3339)
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{"raw": s.text()}
	case reflect.TypeFor[byzantine.Decimal]():
		s.count++
		return fmt.Sprintf("%d.%d", sampleDigits, s.count)
	case reflect.TypeFor[byzantine.Secret]():
		return s.text()
	case reflect.TypeFor[byzantine.BankAccount]():
		return map[string]any{"country": s.text(), "last4": s.text(), "bic": s.text()}
	case reflect.TypeFor[byzantine.TransactionBankAccount]():
		return map[string]any{"objectId": s.text(), "routingNumber": s.text(), "last4": s.text(), "checkingOrSavings": s.text()}
	case reflect.TypeFor[[]byte](): // the bodyToSign of a Payload
		return map[string]any{"type": s.text()}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.value(t.Elem())
	case reflect.Slice:
		return []any{s.value(t.Elem()), s.value(t.Elem())}
	case reflect.String:
		return s.text()
	case reflect.Bool:
		return true
	case reflect.Int32, reflect.Int64:
		s.count++
		return sampleDigits*100 + s.count
	case reflect.Float64:
		s.count++
		return float64(sampleDigits) + float64(s.count)/1000
	case reflect.Struct:
		object := map[string]any{}
		for _, f := range wire.Fields(t) {
			if f.In == wire.Body {
				object[f.Name] = s.value(f.Type)
			}
		}
		return object
	}
	panic("no sample of " + t.String())
}

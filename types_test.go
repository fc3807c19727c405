package byzantine_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

func TestWordsOfClosedSets(t *testing.T) {
	for _, tt := range []struct {
		value interface{ Validate() error }
		want  string // part of the error; empty if the value is accepted
	}{
		{byzantine.ChainEthereum, ""},
		{byzantine.ChainBase, ""},
		{byzantine.ChainID(42161), ""},
		{byzantine.ChainID(0), "missing"},
		{byzantine.ChainID(-1), "must be positive"},
		{byzantine.CurrencyUSD, ""},
		{byzantine.CurrencyEUR, ""},
		{byzantine.CurrencyUSDC, ""},
		{byzantine.CurrencyEURC, ""},
		{byzantine.Currency("USD"), "must be one of usd, eur, usdc, eurc"},
		{byzantine.CryptoUSDC, ""},
		{byzantine.CryptoEURC, ""},
		{byzantine.CryptoCurrency("usd"), "must be one of usdc, eurc"},
		{byzantine.OrderAscending, ""},
		{byzantine.OrderDescending, ""},
		{byzantine.SortOrder("sideways"), "must be one of asc, desc"},
		{byzantine.CustomerQueryAll, ""},
		{byzantine.CustomerQueryType("all "), "must be one of business, individual, all"},
		{byzantine.CheckingOrSavingsUnknown, ""},
		{byzantine.CheckingOrSavings(""), "must be one of checking, savings, unknown"},
		{byzantine.CountryCode("FRA"), ""},
		{byzantine.CountryCode("ZZZ"), ""}, // the API decides which codes it accepts
		{byzantine.CountryCode("FR"), "must be three upper-case letters (ISO 3166-1 alpha-3)"},
		{byzantine.CountryCode("FRAN"), "must be three upper-case letters (ISO 3166-1 alpha-3)"},
		{byzantine.CountryCode("fra"), "must be three upper-case letters (ISO 3166-1 alpha-3)"},
		{byzantine.CountryCode("F1A"), "must be three upper-case letters (ISO 3166-1 alpha-3)"},
		{byzantine.CountryCode("é1"), "must be three upper-case letters (ISO 3166-1 alpha-3)"},
	} {
		err := tt.value.Validate()
		if tt.want == "" {
			assert.NoError(t, err, "%v", tt.value)
		} else {
			_, kind, _ := strings.Cut(fmt.Sprintf("%T", tt.value), ".")
			assert.EqualError(t, err, "byzantine: "+kind+": "+tt.want, "%v", tt.value)
		}
	}
}

// The required fields of a request are checked when it is sent. A Validate method of the request would not check these,
// so it would return nil for an empty request.
func TestRequestStructsHaveNoValidateMethod(t *testing.T) {
	validator := reflect.TypeFor[interface{ Validate() error }]()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[byzantine.DataURI]() || seen[typ] {
			return
		}
		seen[typ] = true
		assert.False(t, reflect.PointerTo(typ).Implements(validator), typ)
		for field := range typ.Fields() {
			walk(field.Type)
		}
	}
	for op := range byzantine.Operations() {
		if request := op.NewRequest(); request != nil {
			walk(reflect.TypeOf(request))
		}
	}
	assert.True(t, seen[reflect.TypeFor[byzantine.BeneficiaryDetails]()])
}

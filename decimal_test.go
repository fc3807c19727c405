package byzantine_test

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var (
	_ fmt.Stringer             = byzantine.Decimal{}
	_ encoding.TextMarshaler   = byzantine.Decimal{}
	_ encoding.BinaryMarshaler = byzantine.Decimal{}
	_ driver.Valuer            = byzantine.Decimal{}
	_ sql.Scanner              = (*byzantine.Decimal)(nil)
)

func dec(s string) byzantine.Decimal { return byzantine.MustParseDecimal(s) }

func TestParseDecimal(t *testing.T) {
	for _, s := range []string{
		"0", "-0", "1", "1250.50", "-0.000001", "007", "0.000000000000000001",
		"115792089237316195423570985008687907853269984665640564039457584007913129639935", strings.Repeat("9", 128),
	} {
		d, err := byzantine.ParseDecimal(s)
		require.NoError(t, err, s)
		assert.Equal(t, s, d.String(), "the digits stay as they came")
		assert.True(t, d.IsSet())
	}
	for s, flaw := range map[string]string{
		"": "empty", "-": "no digits", ".": "no digit in front", ".5": "no digit in front", "-.5": "no digit in front", "5.": "no digit behind",
		"1.2.3": "two decimal points", "--1": "character 2", "1-": "character 2", "+1": "plus sign", "1,250.50": "comma", "1_000": "character 2",
		" 1": "character 1", "1 ": "character 2", "1\n": "character 2", "0x10": "character 2", "1/2": "character 2",
		"1e3": "exponent", "1E-7": "exponent", "NaN": "character 1", "-Infinity": "character 2", "١": "character 1", "１": "character 1",
		"null": "character 1", strings.Repeat("9", 129): "128 characters", strings.Repeat("9", 1<<24): "128 characters",
	} {
		d, err := byzantine.ParseDecimal(s)
		require.ErrorContains(t, err, "byzantine: decimal: ", "%.20q", s)
		assert.ErrorContains(t, err, flaw, "%.20q", s)
		assert.Less(t, len(err.Error()), 100)
		assert.False(t, d.IsSet())
	}
	assert.PanicsWithError(t, "byzantine: decimal: a plus sign is not allowed", func() { byzantine.MustParseDecimal("+1") })
	_, err := byzantine.ParseDecimal("1250.50secret")
	assert.NotContains(t, err.Error(), "secret")
	assert.NotContains(t, err.Error(), "1250")
}

func TestUnsetDecimal(t *testing.T) {
	var unset byzantine.Decimal
	assert.False(t, unset.IsSet())
	assert.Empty(t, unset.String())
	assert.Zero(t, unset.Sign())
	assert.True(t, unset.Equal(dec("0.00")))
	assert.Equal(t, -1, unset.Cmp(dec("0.01")))
	assert.Equal(t, "1.5", unset.Add(dec("1.5")).String())
	assert.Equal(t, "-1.5", unset.Sub(dec("1.5")).String())
	assert.Equal(t, "0.0", unset.Mul(dec("1.5")).String())
	assert.Equal(t, "0", unset.Add(unset).String())
	assert.Equal(t, "0.00", unset.StringFixed(2, byzantine.RoundHalfEven))
	assert.Zero(t, unset.Rat().Sign())
	assert.True(t, reflect.ValueOf(unset).IsZero())

	type holder struct {
		Required byzantine.Decimal `json:"required"`
		Optional byzantine.Decimal `json:"optional,omitzero"`
	}
	for name, marshal := range map[string]func(any) ([]byte, error){"encoding/json": json.Marshal, "wire": wire.Marshal} {
		text, err := marshal(holder{})
		require.NoError(t, err)
		assert.Equal(t, `{"required":null}`, string(text), name)
		text, err = marshal(holder{dec("1.50"), dec("0")})
		require.NoError(t, err)
		assert.Equal(t, `{"required":"1.50","optional":"0"}`, string(text), name)
	}
	assert.EqualError(t, wire.Check(holder{Optional: dec("1")}), "Required: missing")
	assert.NoError(t, wire.Check(holder{Required: dec("0")}), "0 is an amount")
}

func TestDecimalCmp(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"99.5", "100", -1}, {"1.50", "1.5", 0}, {"-0", "0", 0}, {"-0.00", "0", 0}, {"0.1", "0.10000000000000000001", -1}, {"10", "9", 1}, {"-10", "-9", -1},
		{"007", "7", 0}, {"0010", "9", 1}, {"-1", "1", -1}, {"0.09", "0.1", -1}, {"-0.09", "-0.1", 1}, {"0", "-0.000001", 1},
	} {
		a, b := dec(tt.a), dec(tt.b)
		assert.Equal(t, tt.want, a.Cmp(b), "%s and %s", a, b)
		assert.Equal(t, -tt.want, b.Cmp(a), "%s and %s", b, a)
		assert.Equal(t, tt.want == 0, a.Equal(b), "%s and %s", a, b)
	}
}

func TestDecimalArithmetic(t *testing.T) {
	for _, tt := range []struct{ a, b, sum, difference, product string }{
		{"1.50", "2", "3.50", "-0.50", "3.00"},
		{"0.1", "0.2", "0.3", "-0.1", "0.02"},
		{"999.99", "0.01", "1000.00", "999.98", "9.9999"},
		{"-5", "5", "0", "-10", "-25"},
		{"-0.5", "0.25", "-0.25", "-0.75", "-0.125"},
		{"007", "-7.0", "0.0", "14.0", "-49.0"},
		{"100", "0.000000000000000001", "100.000000000000000001", "99.999999999999999999", "0.000000000000000100"},
		{"-0", "-0.00", "0.00", "0.00", "0.00"},
	} {
		a, b := dec(tt.a), dec(tt.b)
		assert.Equal(t, tt.sum, a.Add(b).String(), "%s + %s", a, b)
		assert.Equal(t, tt.difference, a.Sub(b).String(), "%s - %s", a, b)
		assert.Equal(t, tt.product, a.Mul(b).String(), "%s * %s", a, b)
	}
}

func TestDecimalRound(t *testing.T) {
	for _, tt := range []struct {
		in             string
		places         int
		even, down, up string
	}{
		{"0.125", 2, "0.12", "0.12", "0.13"},
		{"0.135", 2, "0.14", "0.13", "0.14"},
		{"0.1250000001", 2, "0.13", "0.12", "0.13"},
		{"0.129", 2, "0.13", "0.12", "0.13"},
		{"0.121", 2, "0.12", "0.12", "0.13"},
		{"0.120", 2, "0.12", "0.12", "0.12"},
		{"-0.125", 2, "-0.12", "-0.12", "-0.13"},
		{"-0.129", 2, "-0.13", "-0.12", "-0.13"},
		{"9.995", 2, "10.00", "9.99", "10.00"},
		{"999.5", 0, "1000", "999", "1000"},
		{"0.5", 0, "0", "0", "1"},
		{"1.5", 0, "2", "1", "2"},
		{"-0.4", 0, "0", "0", "-1"},
		{"2.5", -3, "2", "2", "3"},
		{"1.5", 2, "1.5", "1.5", "1.5"},
		{"1.5000000", 1, "1.5", "1.5", "1.5"},
	} {
		d := dec(tt.in)
		assert.Equal(t, tt.even, d.Round(tt.places, byzantine.RoundHalfEven).String(), "%s half even", d)
		assert.Equal(t, tt.down, d.Round(tt.places, byzantine.RoundDown).String(), "%s down", d)
		assert.Equal(t, tt.up, d.Round(tt.places, byzantine.RoundUp).String(), "%s up", d)
	}
	assert.Equal(t, "1.50", dec("1.5").StringFixed(2, byzantine.RoundHalfEven))
	assert.Equal(t, "7", dec("007").StringFixed(0, byzantine.RoundDown))
	assert.Equal(t, "0.00", dec("-0.001").StringFixed(2, byzantine.RoundDown))
	assert.Equal(t, "3", dec("2.5").StringFixed(-1, byzantine.RoundUp))
	assert.Len(t, dec("1").StringFixed(math.MaxInt, byzantine.RoundUp), len("1.")+128, "bounded")
	assert.Panics(t, func() { dec("1").Round(0, 3) })
	assert.Panics(t, func() { dec("1").Round(0, -1) })
}

// An amount in JSON keeps its digits; one with an exponent is written without it.
func TestDecimalInJSON(t *testing.T) {
	for in, want := range map[string]string{
		`"1250.50"`: "1250.50",
		`1250.50`:   "1250.50", // a float64 would lose the zero
		`-0.10`:     "-0.10",
		`12345678901234567890.123456789012345678`: "12345678901234567890.123456789012345678",
		`1E-7`: "0.0000001", `"1.50e-7"`: "0.000000150", `-2.5e+3`: "-2500", `1e0`: "1", `0E+3`: "0", `1.25e1`: "12.5", `12.5E-1`: "1.25", `1e100`: "1" + strings.Repeat("0", 100),
		`"\u0031"`: "1",
		`null`:     "42",
		` "1" `:    "1",
	} {
		got := dec("42")
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got.String(), in)
		out, err := json.Marshal(got)
		require.NoError(t, err)
		assert.Equal(t, `"`+want+`"`, string(out), "a request has plain digits in a string")
	}
	for _, in := range []string{
		`true`, `{}`, `["1"]`, `""`, `"not an amount"`, `"1,5"`, `"NaN"`, `" 1"`, `"1e101"`, `1e-101`, `1e99999999999999999999`, `"1e"`, `"e1"`, `"1e+"`, `"1e1.5"`, `"1e1e1"`, `"1p4"`,
		`"0x1p4"`, `"1/3"`, `"` + strings.Repeat("9", 1<<20) + `"`, strings.Repeat("9", 100) + "e100", `"1e` + strings.Repeat("9", 1<<20) + `"`, `"\ud800"`,
	} {
		got := dec("42")
		err := json.Unmarshal([]byte(in), &got)
		require.Error(t, err, "%.20s", in)
		assert.Less(t, len(err.Error()), 100)
		assert.Equal(t, "42", got.String(), "%.20s", in)
	}
}

// If one amount of a response cannot be read, the rest of the response is read.
func TestOddAmountsInResponses(t *testing.T) {
	for _, amount := range []string{`"1,5"`, `true`, `{}`, `[]`, `""`, `"1e999"`, `"NaN"`} {
		var list byzantine.TransactionPage
		err := wire.Read([]byte(`{"transactions":[
			{"transactionId":"a","sourceAmount":"1.50","intermediaryAmount":`+amount+`,"destinationAmount":2e1},
			{"transactionId":"b","intermediaryAmount":"7","sourceAmount":null}],"total":2,"limit":20,"offset":0}`), &list)
		var odd *wire.Unreadable
		require.ErrorAs(t, err, &odd, amount)
		assert.Nil(t, odd.Fatal)
		assert.Empty(t, odd.Elements)
		require.Len(t, odd.Fields, 1, amount)
		assert.Equal(t, "transactions[0].intermediaryAmount", odd.Fields[0].Path)
		require.Len(t, list.Transactions, 2)
		assert.False(t, list.Transactions[0].IntermediaryAmount.IsSet())
		assert.Equal(t, "1.50", list.Transactions[0].SourceAmount.String())
		assert.Equal(t, "20", list.Transactions[0].DestinationAmount.String())
		assert.Equal(t, "7", list.Transactions[1].IntermediaryAmount.String())
		assert.False(t, list.Transactions[1].SourceAmount.IsSet())
	}
}

func TestDecimalEncodings(t *testing.T) {
	type record struct {
		Name   string
		Amount byzantine.Decimal
		None   byzantine.Decimal
	}
	in := record{"a", dec("1250.50"), byzantine.Decimal{}}
	var stream bytes.Buffer
	require.NoError(t, gob.NewEncoder(&stream).Encode(in))
	var out record
	require.NoError(t, gob.NewDecoder(&stream).Decode(&out))
	assert.Equal(t, in, out)

	var d byzantine.Decimal
	require.NoError(t, d.UnmarshalText([]byte("1.5")))
	assert.Equal(t, "1.5", d.String())
	require.NoError(t, d.UnmarshalText(nil))
	assert.False(t, d.IsSet())
	assert.ErrorContains(t, d.UnmarshalText([]byte("1.5 ")), "character 4")

	assert.Equal(t, `1.5 1.5 "1.5"  1.5| byzantine.MustParseDecimal("1.5") byzantine.Decimal{}`,
		fmt.Sprintf("%s %v %q %4s| %#v %#v", dec("1.5"), dec("1.5"), dec("1.5"), dec("1.5"), dec("1.5"), byzantine.Decimal{}))
	assert.Equal(t, `1.5 {a 1250.50 }`, fmt.Sprint(new(dec("1.5")), " ", in))

	long := dec(strings.Repeat("9", 100))
	long = long.Mul(long)
	assert.Len(t, long.String(), 200, "results are exact")
	for name, encode := range map[string]func() error{
		"JSON":   func() error { _, err := json.Marshal(long); return err },
		"text":   func() error { _, err := long.MarshalText(); return err },
		"binary": func() error { _, err := long.MarshalBinary(); return err },
		"SQL":    func() error { _, err := long.Value(); return err },
	} {
		assert.ErrorContains(t, encode(), "longer than 128 characters", "%s: it could not be read back", name)
	}
}

func TestDecimalScan(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want string
	}{
		{"1250.50", "1250.50"}, {[]byte("-1"), "-1"}, {int64(-12), "-12"}, {nil, ""},
	} {
		d := dec("42")
		require.NoError(t, d.Scan(tt.in))
		assert.Equal(t, tt.want, d.String())
	}
	for _, in := range []any{1.5, true, "", "NaN", []byte("Infinity"), "1e5"} {
		d := dec("42")
		assert.ErrorContains(t, d.Scan(in), "byzantine: decimal: ")
		assert.Equal(t, "42", d.String(), "%v", in)
	}
	value, err := dec("1.50").Value()
	require.NoError(t, err)
	assert.Equal(t, driver.Value("1.50"), value)
	value, err = byzantine.Decimal{}.Value()
	require.NoError(t, err)
	assert.Nil(t, value)
}

// What the comment on Decimal says about Go: == on any values panics, and templates need IsSet.
func TestWhatGoStillAllows(t *testing.T) {
	var a, b any = dec("1"), dec("1")
	assert.Panics(t, func() { _ = a == b })
	var page strings.Builder
	text := template.Must(template.New("").Parse(`{{if .}}set{{end}} {{if .IsSet}}set{{end}} [{{.}}]`))
	require.NoError(t, text.Execute(&page, byzantine.Decimal{}))
	assert.Equal(t, "set  []", page.String())
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"1250.50", "-0.1", "1e3", "1E-7", "+1", ".5", "NaN", "0x1p-2", "1/3", "1e1000000000", "1_000", "", "-0", "007.10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := byzantine.ParseDecimal(s)
		quoted, _ := json.Marshal(s)
		var read byzantine.Decimal
		jsonErr := json.Unmarshal(quoted, &read)
		if jsonErr == nil {
			want, ok := new(big.Rat).SetString(s)
			require.True(t, ok, "what is read is a number")
			require.Zero(t, want.Cmp(read.Rat()))
			again, err := byzantine.ParseDecimal(read.String())
			require.NoError(t, err, "what is read can be written and read again")
			require.Equal(t, read, again)
		}
		if err != nil {
			require.False(t, d.IsSet())
			return
		}
		require.NoError(t, jsonErr)
		require.Equal(t, s, d.String())
		require.Equal(t, s, read.String())
		want, ok := new(big.Rat).SetString(s)
		require.True(t, ok)
		require.Zero(t, want.Cmp(d.Rat()))
		_, fraction, _ := strings.Cut(s, ".")
		require.True(t, d.Equal(dec(want.FloatString(len(fraction)))))
		require.Equal(t, want.Sign(), d.Sign())
	})
}

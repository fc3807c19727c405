package byzantine_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestParseDecimal(t *testing.T) {
	for _, s := range []string{
		"0", "-0", "1", "1250.50", "-0.000001", "007", "0.000000000000000001",
		"115792089237316195423570985008687907853269984665640564039457584007913129639935", strings.Repeat("9", 128),
	} {
		d, err := byzantine.ParseDecimal(s)
		require.NoError(t, err, s)
		assert.Equal(t, s, string(d), "the digits stay as they came")
	}
	for _, s := range []string{
		"", "-", ".", "+1", ".5", "-.5", "5.", "1.2.3", "--1", "1-", "1,250.50", "1_000", " 1", "1 ", "1\n", "0x10", "1/2",
		"1e3", "1E-7", "NaN", "Inf", "-Infinity", "١", "１", "null", strings.Repeat("9", 129),
	} {
		d, err := byzantine.ParseDecimal(s)
		assert.Error(t, err, s)
		assert.Empty(t, d)
		if s != "" {
			assert.NotContains(t, strings.ReplaceAll(err.Error(), "1250.50", ""), s, "the error does not repeat the input")
		}
	}
}

func TestDecimalRat(t *testing.T) {
	for d, want := range map[byzantine.Decimal]*big.Rat{
		"1250.50": big.NewRat(125050, 100),
		"-0.1":    big.NewRat(-1, 10),
		"007":     big.NewRat(7, 1),
		"1E-7":    big.NewRat(1, 10_000_000),
		"-2.5e+3": big.NewRat(-2500, 1),
		"1e0":     big.NewRat(1, 1),
	} {
		got, err := d.Rat()
		require.NoError(t, err, d)
		assert.Zero(t, want.Cmp(got), d)
	}
	for _, d := range []byzantine.Decimal{
		"1e100000000", "1e-100000000", "1e101", "1e-101", "1e99999999999999999999", "1e", "e1", "1e+", "1e1.5", "1e1e1", "1p4", "0x1p4", "1/3", "NaN", "",
		byzantine.Decimal(strings.Repeat("9", 1<<20)),
	} {
		_, err := d.Rat()
		assert.Error(t, err, "%.20s", string(d))
	}
}

func TestDecimalCmp(t *testing.T) {
	for _, tt := range []struct {
		a, b byzantine.Decimal
		want int
	}{
		{"1.50", "1.5", 0},
		{"-0", "0", 0},
		{"0.1", "0.10000000000000000001", -1},
		{"10", "9", 1},
		{"-10", "-9", -1},
		{"1e2", "100", 0},
	} {
		got, err := tt.a.Cmp(tt.b)
		require.NoError(t, err)
		assert.Equal(t, tt.want, got, "%s and %s", tt.a, tt.b)
	}
	for _, pair := range [][2]byzantine.Decimal{{"", "1"}, {"1", "x"}} {
		_, err := pair[0].Cmp(pair[1])
		assert.Error(t, err)
	}
}

func TestDecimalInJSON(t *testing.T) {
	for in, want := range map[string]byzantine.Decimal{
		`"1250.50"`: "1250.50",
		`1250.50`:   "1250.50", // a float64 would lose the zero
		`-0.10`:     "-0.10",
		`12345678901234567890.123456789012345678`: "12345678901234567890.123456789012345678",
		`1E-7`:             "1E-7",
		`"\u0031"`:         "1",
		`"not an amount"`:  "not an amount", // Rat says so; the rest of the answer stays readable
		`null`:             "before",
		` "1" `:            "1",
		`"1e100000000000"`: "1e100000000000",
	} {
		got := byzantine.Decimal("before")
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got)
	}
	for _, in := range []string{`true`, `{}`, `["1"]`} {
		assert.Error(t, json.Unmarshal([]byte(in), new(byzantine.Decimal)), in)
	}
	out, err := json.Marshal(byzantine.Decimal("1250.50"))
	require.NoError(t, err)
	assert.Equal(t, `"1250.50"`, string(out), "it goes out as a string")
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"1250.50", "-0.1", "1e3", "1E-7", "+1", ".5", "NaN", "0x1p-2", "1/3", "1e1000000000", "1_000", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := byzantine.ParseDecimal(s)
		if err != nil {
			_, _ = byzantine.Decimal(s).Rat() // must end quickly
			return
		}
		r, err := d.Rat()
		require.NoError(t, err, "what is accepted has a value")
		_, fraction, _ := strings.Cut(s, ".")
		again := byzantine.Decimal(r.FloatString(len(fraction)))
		same, err := d.Cmp(again)
		require.NoError(t, err)
		require.Zero(t, same)
		for _, text := range []string{`"` + s + `"`, strings.TrimLeft(s, "0")} {
			var got byzantine.Decimal
			if json.Unmarshal([]byte(text), &got) == nil {
				require.Equal(t, strings.Trim(text, `"`), string(got))
			}
		}
	})
}

package byzantine_test

import (
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

var noZerosInFront = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// randomDecimal returns a random number, most often one that tests edge cases: few different digits, carries, leading
// and trailing zeros.
func randomDecimal(random *rand.Rand) byzantine.Decimal {
	digits := func(n int) string {
		alphabet := []string{"0", "9", "05", "0123456789"}[random.IntN(4)]
		var s strings.Builder
		for range n {
			s.WriteByte(alphabet[random.IntN(len(alphabet))])
		}
		return s.String()
	}
	length := func() int { return []int{0, 1, 2, 6, 18, 20, 50}[random.IntN(7)] }
	s := digits(1 + length())
	if n := length(); n > 0 {
		s += "." + digits(n)
	}
	if random.IntN(2) == 0 {
		s = "-" + s
	}
	return byzantine.MustParseDecimal(s)
}

// scaled returns d times 10^places, which must be an integer.
func scaled(d byzantine.Decimal, places int) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	r := new(big.Rat).Mul(d.Rat(), new(big.Rat).SetInt(unit))
	if !r.IsInt() {
		panic("more decimals than that")
	}
	return r.Num()
}

// Every operation gives the same result as math/big.
func TestDecimalAgreesWithBig(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 23))
	for range longtest.Count(4_000, 20_000) {
		a, b := randomDecimal(random), randomDecimal(random)
		x, y := a.Rat(), b.Rat()
		require.Zero(t, new(big.Rat).Add(x, y).Cmp(a.Add(b).Rat()), "%s + %s", a, b)
		require.Zero(t, new(big.Rat).Sub(x, y).Cmp(a.Sub(b).Rat()), "%s - %s", a, b)
		require.Zero(t, new(big.Rat).Mul(x, y).Cmp(a.Mul(b).Rat()), "%s * %s", a, b)
		require.Equal(t, x.Cmp(y), a.Cmp(b), "%s and %s", a, b)
		require.Equal(t, x.Sign(), a.Sign(), "%s", a)

		require.Equal(t, a.Add(b).String(), b.Add(a).String())
		require.Equal(t, a.Mul(b).String(), b.Mul(a).String())
		require.Zero(t, a.Add(b).Sub(b).Cmp(a))
		require.Zero(t, a.Sub(a).Sign())
		for _, result := range []byzantine.Decimal{a.Add(b), a.Sub(b), a.Mul(b)} {
			require.Regexp(t, noZerosInFront, result.String())
			require.False(t, result.Sign() == 0 && strings.HasPrefix(result.String(), "-"), "no negative zero")
		}
	}
}

// Round gives the same result as a division of integers with math/big.
func TestRoundAgreesWithBig(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 4))
	for range longtest.Count(4_000, 20_000) {
		d, places := randomDecimal(random), random.IntN(20)
		const most = 60
		cut := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(most-places)), nil)
		quotient, rest := new(big.Int).QuoRem(scaled(d, most), cut, new(big.Int))
		away := big.NewInt(int64(d.Sign()))
		up := new(big.Int).Set(quotient)
		if rest.Sign() != 0 {
			up.Add(up, away)
		}
		even := new(big.Int).Set(quotient)
		switch half := new(big.Int).Lsh(new(big.Int).Abs(rest), 1).Cmp(cut); {
		case half > 0, half == 0 && quotient.Bit(0) == 1:
			even.Add(even, away)
		}
		for mode, want := range map[byzantine.RoundingMode]*big.Int{byzantine.RoundDown: quotient, byzantine.RoundUp: up, byzantine.RoundHalfEven: even} {
			require.Zero(t, want.Cmp(scaled(d.Round(places, mode), places)), "%s to %d places, mode %d", d, places, mode)
			fixed := d.StringFixed(places, mode)
			require.True(t, byzantine.MustParseDecimal(fixed).Equal(d.Round(places, mode)))
			_, fraction, _ := strings.Cut(fixed, ".")
			require.Len(t, fraction, places, "%s", d)
		}
	}
}

func TestDecimalAllocations(t *testing.T) {
	a, b := byzantine.MustParseDecimal("1250.500000"), byzantine.MustParseDecimal("-1250.49")
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = a.Cmp(b) + a.Sign() }))
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _ = a.Add(b) }), 3.0)
}

func BenchmarkDecimalAdd(b *testing.B) {
	x, y := byzantine.MustParseDecimal("1250.500000"), byzantine.MustParseDecimal("-17.25")
	b.ReportAllocs()
	for b.Loop() {
		_ = x.Add(y)
	}
}

func BenchmarkDecimalCmp(b *testing.B) {
	x, y := byzantine.MustParseDecimal("1250.500000"), byzantine.MustParseDecimal("1250.25")
	b.ReportAllocs()
	for b.Loop() {
		_ = x.Cmp(y)
	}
}

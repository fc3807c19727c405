package byzantine

import (
	"math/big"
	"strings"
)

// number is a decimal number split into its sign and the digits before and after the point. whole has no leading zeros,
// so it is "" for values between -1 and 1.
type number struct {
	negative        bool
	whole, fraction string
}

// numberOf splits the text of a Decimal. The number of "" is 0.
func numberOf(text string) (n number) {
	if n.negative = strings.HasPrefix(text, "-"); n.negative {
		text = text[1:]
	}
	n.whole, n.fraction, _ = strings.Cut(text, ".")
	n.whole = strings.TrimLeft(n.whole, "0")
	return n
}

func (n number) isZero() bool { return n.whole == "" && strings.Trim(n.fraction, "0") == "" }

// decimal returns the number as a Decimal. Zero gets no minus sign.
func (n number) decimal() Decimal {
	var text strings.Builder
	text.Grow(len(n.whole) + len(n.fraction) + len("-0."))
	if n.negative && !n.isZero() {
		text.WriteByte('-')
	}
	if n.whole == "" {
		text.WriteByte('0')
	}
	text.WriteString(n.whole)
	if n.fraction != "" {
		text.WriteByte('.')
		text.WriteString(n.fraction)
	}
	return Decimal{text: text.String()}
}

// compareSize compares the absolute values: the result is negative, 0 or positive, as that of n is less than, equal to
// or greater than that of other.
func (n number) compareSize(other number) int {
	if len(n.whole) != len(other.whole) {
		return len(n.whole) - len(other.whole)
	}
	if c := strings.Compare(n.whole, other.whole); c != 0 {
		return c
	}
	return strings.Compare(strings.TrimRight(n.fraction, "0"), strings.TrimRight(other.fraction, "0"))
}

// Sign returns -1, 0 or 1 as d is negative, zero or positive.
func (d Decimal) Sign() int {
	switch n := numberOf(d.text); {
	case n.isZero():
		return 0
	case n.negative:
		return -1
	}
	return 1
}

// Cmp compares the values and returns -1, 0 or 1 as d is less than, equal to or greater than other. It allocates no
// memory.
func (d Decimal) Cmp(other Decimal) int {
	sign, otherSign := d.Sign(), other.Sign()
	if sign != otherSign || sign == 0 {
		return min(max(sign-otherSign, -1), 1)
	}
	return sign * min(max(numberOf(d.text).compareSize(numberOf(other.text)), -1), 1)
}

// Equal reports whether d and other are the same value: 1.50 equals 1.5, and an unset Decimal equals 0.
func (d Decimal) Equal(other Decimal) bool { return d.Cmp(other) == 0 }

// Add returns d + other. It has as many decimals as the operand that has more of them: 1.50 + 2 is 3.50.
func (d Decimal) Add(other Decimal) Decimal { return add(numberOf(d.text), numberOf(other.text)) }

// Sub returns d - other, with as many decimals as the operand that has more of them.
func (d Decimal) Sub(other Decimal) Decimal {
	n := numberOf(other.text)
	n.negative = !n.negative
	return add(numberOf(d.text), n)
}

func add(a, b number) Decimal {
	if a.negative == b.negative {
		return combine(a, b, 1)
	}
	if a.compareSize(b) < 0 {
		a, b = b, a
	}
	return combine(a, b, -1)
}

// combine adds the digits of b, times sign, to those of a, from the last to the first. The result has the sign of a. If
// sign is -1, b is not larger than a.
func combine(a, b number, sign int) Decimal {
	places, wholes := max(len(a.fraction), len(b.fraction)), max(len(a.whole), len(b.whole))+1
	buffer := make([]byte, wholes+places)
	carry := 0
	for i := range buffer {
		place := places - 1 - i // 0 is the first decimal, -1 the digit in front of the point
		sum := a.digit(place) + sign*b.digit(place) + carry
		carry = 0
		switch {
		case sum > 9:
			sum, carry = sum-10, 1
		case sum < 0:
			sum, carry = sum+10, -1
		}
		buffer[len(buffer)-1-i] = byte('0' + sum)
	}
	digits := string(buffer)
	return number{a.negative, strings.TrimLeft(digits[:wholes], "0"), digits[wholes:]}.decimal()
}

// digit returns the digit at a place: 0 is the first decimal, -1 the one in front of the point.
func (n number) digit(place int) int {
	switch {
	case place >= len(n.fraction) || -place > len(n.whole):
		return 0
	case place >= 0:
		return int(n.fraction[place] - '0')
	}
	return int(n.whole[len(n.whole)+place] - '0')
}

// Mul returns d * other. It has as many decimals as both operands together: 1.50 * 2.00 is 3.0000.
func (d Decimal) Mul(other Decimal) Decimal {
	a, b := numberOf(d.text), numberOf(other.text)
	product := a.coefficient()
	product.Mul(product, b.coefficient())
	digits, places := product.String(), len(a.fraction)+len(b.fraction)
	if missing := places - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - places
	return number{a.negative != b.negative, strings.TrimLeft(digits[:point], "0"), digits[point:]}.decimal()
}

// coefficient returns all digits of the number as an integer, without sign and point: 1250 for -12.50.
func (n number) coefficient() *big.Int {
	c := new(big.Int)
	if digits := n.whole + n.fraction; digits != "" {
		c.SetString(digits, 10)
	}
	return c
}

// RoundingMode says what [Decimal.Round] does with the decimals that it takes away.
type RoundingMode int

// The rounding modes.
const (
	RoundHalfEven RoundingMode = iota // to the nearest; from the middle to an even last digit: 0.125 to 0.12
	RoundDown                         // towards zero: 0.129 to 0.12, -0.129 to -0.12
	RoundUp                           // away from zero: 0.121 to 0.13, -0.121 to -0.13
)

// Round returns d with at most the given number of decimals. One that has no more stays as it is. A negative number of
// places counts as 0. It panics if the mode is none of the constants.
func (d Decimal) Round(places int, mode RoundingMode) Decimal {
	n, places := numberOf(d.text), max(places, 0)
	if mode < RoundHalfEven || mode > RoundUp {
		panic("byzantine: decimal: unknown rounding mode")
	}
	if len(n.fraction) <= places {
		return d
	}
	kept := n
	kept.fraction = n.fraction[:places]
	if !awayFromZero(n.fraction[places:], kept.digit(places-1), mode) {
		return kept.decimal()
	}
	unit := number{whole: "1"}
	if places > 0 {
		unit = number{fraction: strings.Repeat("0", places-1) + "1"}
	}
	return combine(kept, unit, 1)
}

// awayFromZero reports whether rounding adds one to the last digit that is kept. dropped are the decimals that rounding
// removes, last is the digit before them.
func awayFromZero(dropped string, last int, mode RoundingMode) bool {
	dropped = strings.TrimRight(dropped, "0")
	switch {
	case dropped == "" || mode == RoundDown:
		return false
	case mode == RoundUp || dropped > "5":
		return true
	}
	return dropped == "5" && last%2 == 1
}

// StringFixed returns d rounded to the given number of decimals and with zeros up to that number: 1.5 with two places
// is "1.50". An unset Decimal counts as 0. No zeros are appended beyond 128 decimals.
func (d Decimal) StringFixed(places int, mode RoundingMode) string {
	n := numberOf(d.Round(places, mode).text)
	if missing := min(places, maxDecimalLength) - len(n.fraction); missing > 0 {
		n.fraction += strings.Repeat("0", missing)
	}
	return n.decimal().text
}

package byzantine

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// Decimal is an amount of money or shares in human units ("1250.50" USDC), the digits as they came. It is a string
// because a float64 cannot hold most amounts: convert with [Decimal.Rat], compare with [Decimal.Cmp].
type Decimal string

// What bounds the work that a decimal from outside can cause. The longest amounts that make sense, 256-bit integers and
// 18 decimals beside them, are well within.
const (
	maxDecimalLength   = 128
	maxDecimalExponent = 100
)

var (
	errDecimal       = errors.New("must be a decimal number such as 1250.50")
	errDecimalLength = errors.New("must have at most 128 characters")
)

// ParseDecimal returns s as a Decimal if it is one by [Decimal.Validate].
func ParseDecimal(s string) (Decimal, error) {
	if err := Decimal(s).Validate(); err != nil {
		return "", err
	}
	return Decimal(s), nil
}

// Validate accepts what the API takes as an amount: digits, with a minus sign before and a fraction behind if need be.
// "+1", ".5", "1.", "1e3", "NaN", blanks and more than 128 characters are refused.
func (d Decimal) Validate() error {
	if len(d) > maxDecimalLength {
		return errDecimalLength
	}
	whole, fraction, hasFraction := strings.Cut(strings.TrimPrefix(string(d), "-"), ".")
	if !isDigits(whole) || (hasFraction && !isDigits(fraction)) {
		return errDecimal
	}
	return nil
}

// Rat returns the exact value. Besides what [Decimal.Validate] accepts it reads an exponent of at most 100 ("1E-7"),
// which an answer may hold; beyond that a few bytes could stand for gigabytes of digits.
func (d Decimal) Rat() (*big.Rat, error) {
	if len(d) > maxDecimalLength {
		return nil, errDecimalLength
	}
	mantissa := string(d)
	if at := strings.IndexAny(mantissa, "eE"); at >= 0 {
		exponent, err := strconv.Atoi(mantissa[at+1:])
		switch {
		case errors.Is(err, strconv.ErrSyntax):
			return nil, errDecimal
		case err != nil, exponent < -maxDecimalExponent, exponent > maxDecimalExponent:
			return nil, errors.New("must have an exponent of at most 100")
		}
		mantissa = mantissa[:at]
	}
	if err := Decimal(mantissa).Validate(); err != nil {
		return nil, err
	}
	r, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return nil, errDecimal
	}
	return r, nil
}

// Cmp compares by value: "1.50" equals "1.5". It returns -1, 0 or +1 as d is less than, equal to or greater than other.
func (d Decimal) Cmp(other Decimal) (int, error) {
	a, err := d.Rat()
	if err != nil {
		return 0, err
	}
	b, err := other.Rat()
	if err != nil {
		return 0, err
	}
	return a.Cmp(b), nil
}

// UnmarshalJSON keeps the digits of a JSON string or of a JSON number. It does not check them: an odd amount must not
// make the rest of an answer unreadable, and [Decimal.Rat] tells. null changes nothing.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		return nil
	case len(data) > 0 && (data[0] == '-' || isDigit(rune(data[0]))):
		*d = Decimal(data)
		return nil
	}
	// Nearly every amount is a string of digits, which needs no second run of the JSON parser: a tenth of the time that a
	// list of transactions takes.
	if digits, ok := bytes.CutPrefix(data, []byte(`"`)); ok {
		if digits, ok = bytes.CutSuffix(digits, []byte(`"`)); ok && len(bytes.Trim(digits, "0123456789.-")) == 0 {
			*d = Decimal(digits)
			return nil
		}
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*d = Decimal(s)
	return nil
}

func isDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !isDigit(r) })
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

package byzantine

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Decimal is an exact amount of money or shares in human units, such as 1250.50 USDC. It keeps its digits as they came,
// zeros at the end included. The zero Decimal is unset: it counts as 0 in arithmetic, its text is "", in JSON and in a
// database it is null, and as a required field of a request it is missing.
//
// Compare with [Decimal.Cmp] and [Decimal.Equal]. The operators == and < do not compile, because two texts can stand
// for the same amount, and "99.5" > "100" is true of texts. Two things Go still allows: comparing two values of type
// any that hold a Decimal panics, and the condition {{if .Amount}} of a template is true for every Decimal, so write
// {{if .Amount.IsSet}}. reflect.DeepEqual compares the digits: to it 1.50 and 1.5 differ.
//
// A Decimal that was read from a response, a text or a database has at most 128 characters. The results of arithmetic
// are exact and as long as they have to be. A result of more than 128 characters, such as a product of two long
// amounts, cannot be encoded: round it first.
type Decimal struct {
	_ [0]func() // a type that cannot be compared

	// text is empty, or an optional minus sign, at least one digit, and optionally a point and at least one digit.
	text string
}

// What bounds the work that a text from outside can cause. The longest amounts that make sense, 256-bit integers with
// 18 decimals, are well within.
const (
	maxDecimalLength   = 128
	maxDecimalExponent = 100
)

var errDecimalLength = errors.New("byzantine: decimal: longer than 128 characters")

// ParseDecimal reads an amount: digits, optionally with a minus sign in front and with a point and more digits behind.
// "+1", ".5", "1.", "1e3", "1,250.50", "NaN", the empty text and more than 128 characters are invalid. The error says
// what is wrong, and does not repeat s.
func ParseDecimal(s string) (Decimal, error) {
	if flaw := flawOf(s); flaw != "" {
		return Decimal{}, errors.New("byzantine: decimal: " + flaw)
	}
	return Decimal{text: s}, nil
}

// MustParseDecimal is [ParseDecimal] for literals in source code. It panics if s is invalid.
func MustParseDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// flawOf returns why s is not the text of a Decimal, or "" if it is one.
func flawOf[T string | []byte](s T) string {
	switch {
	case len(s) == 0:
		return "the text is empty"
	case len(s) > maxDecimalLength:
		return "longer than 128 characters"
	}
	i := 0
	if s[0] == '-' {
		i = 1
	}
	point, digits := false, 0 // digits since the sign or the point
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && digits == 0:
			return "no digit in front of the decimal point"
		case c == '.' && point:
			return "two decimal points"
		case c == '.':
			point, digits = true, 0
		case (c == 'e' || c == 'E') && digits > 0:
			return "an exponent is not allowed: write all digits"
		case c == ',':
			return "a comma is not allowed: decimals are set off by a point, thousands by nothing"
		case c == '+' && i == 0:
			return "a plus sign is not allowed"
		default:
			return "character " + strconv.Itoa(i+1) + " is not a digit"
		}
	}
	switch {
	case digits == 0 && point:
		return "no digit behind the decimal point"
	case digits == 0:
		return "no digits"
	}
	return ""
}

// String returns the digits; "" if d is unset.
func (d Decimal) String() string { return d.text }

// GoString returns the call of [MustParseDecimal] that makes d, for %#v.
func (d Decimal) GoString() string {
	if !d.IsSet() {
		return "byzantine.Decimal{}"
	}
	return "byzantine.MustParseDecimal(" + strconv.Quote(d.text) + ")"
}

// IsSet reports whether d holds an amount, which may be 0.
func (d Decimal) IsSet() bool { return d.text != "" }

// encodable returns the digits, or an error if they are longer than what [Decimal.UnmarshalText] reads.
func (d Decimal) encodable() (string, error) {
	if len(d.text) > maxDecimalLength {
		return "", errDecimalLength
	}
	return d.text, nil
}

// MarshalJSON writes the digits as a JSON string, or null if d is unset.
func (d Decimal) MarshalJSON() ([]byte, error) {
	text, err := d.encodable()
	if err != nil {
		return nil, err
	}
	if text == "" {
		return []byte("null"), nil
	}
	out := make([]byte, 0, len(text)+2)
	out = append(out, '"')
	out = append(out, text...)
	return append(out, '"'), nil
}

// UnmarshalJSON reads a JSON string or a JSON number and keeps its digits. Unlike [ParseDecimal] it accepts an exponent
// from -100 to 100, which a response may hold, and writes it out: "1.50E-7" becomes 0.000000150. null changes nothing.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	digits := data
	if n := len(data); n >= 2 && data[0] == '"' && data[n-1] == '"' {
		digits = data[1 : n-1]
	}
	if flawOf(digits) == "" { // nearly every amount, without a second run of the JSON parser
		*d = Decimal{text: string(digits)}
		return nil
	}
	var text string
	switch {
	case string(data) == "null":
		return nil
	case len(data) > 0 && data[0] == '"':
		if err := json.Unmarshal(data, &text); err != nil {
			return errors.New("byzantine: decimal: not a JSON string") // the parser's words may quote it
		}
	default:
		text = string(data)
	}
	plain, err := writeOut(text)
	if err != nil {
		return err
	}
	return d.parse(plain)
}

// parse sets d to the result of [ParseDecimal]. If s is invalid, d does not change.
func (d *Decimal) parse(s string) error {
	parsed, err := ParseDecimal(s)
	if err == nil {
		*d = parsed
	}
	return err
}

// writeOut returns a decimal number with an exponent as one without: "1.5e3" as "1500". Any other text is returned
// unchanged. An exponent that is not an integer from -100 to 100 is an error.
func writeOut(s string) (string, error) {
	at := strings.IndexAny(s, "eE")
	if at < 0 || flawOf(s[:at]) != "" {
		return s, nil
	}
	exponent, err := strconv.Atoi(s[at+1:])
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return "", errors.New("byzantine: decimal: the exponent is not an integer")
	case err != nil, exponent < -maxDecimalExponent, exponent > maxDecimalExponent:
		return "", errors.New("byzantine: decimal: the exponent is not between -100 and 100")
	}
	n := numberOf(s[:at])
	digits := n.whole + n.fraction
	switch point := len(n.whole) + exponent; {
	case point <= 0:
		n.whole, n.fraction = "", strings.Repeat("0", -point)+digits
	case point >= len(digits):
		n.whole, n.fraction = digits+strings.Repeat("0", point-len(digits)), ""
	default:
		n.whole, n.fraction = digits[:point], digits[point:]
	}
	n.whole = strings.TrimLeft(n.whole, "0")
	return n.decimal().text, nil
}

// MarshalText returns the digits, none if d is unset.
func (d Decimal) MarshalText() ([]byte, error) {
	text, err := d.encodable()
	return []byte(text), err
}

// UnmarshalText reads what [ParseDecimal] reads. An empty text makes d unset.
func (d *Decimal) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Decimal{}
		return nil
	}
	return d.parse(string(text))
}

// MarshalBinary returns the same as [Decimal.MarshalText]. encoding/gob calls it.
func (d Decimal) MarshalBinary() ([]byte, error) { return d.MarshalText() }

// UnmarshalBinary reads what [Decimal.UnmarshalText] reads. encoding/gob calls it.
func (d *Decimal) UnmarshalBinary(data []byte) error { return d.UnmarshalText(data) }

// Scan implements [database/sql.Scanner]. It reads texts and integers, which is what drivers return for the types
// NUMERIC and TEXT; NULL makes d unset. A float64 is an error, because it cannot hold most amounts: in SQLite store
// amounts in a TEXT column.
func (d *Decimal) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Decimal{}
		return nil
	case string:
		return d.parse(v)
	case []byte:
		return d.parse(string(v))
	case int64:
		*d = Decimal{text: strconv.FormatInt(v, 10)}
		return nil
	}
	return fmt.Errorf("byzantine: decimal: cannot be read from a %T of a database", src)
}

// Value implements [driver.Valuer]: the digits as a string, NULL if d is unset.
func (d Decimal) Value() (driver.Value, error) {
	text, err := d.encodable()
	if err != nil || text == "" {
		return nil, err
	}
	return text, nil
}

// Rat returns the value as a rational number, to divide with.
func (d Decimal) Rat() *big.Rat {
	r := new(big.Rat)
	if d.IsSet() {
		r.SetString(d.text) // which reads every text that a Decimal can have
	}
	return r
}

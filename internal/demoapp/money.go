package demoapp

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"

	"github.com/byzantine-finance/byzantine-go"
)

// maxPlaces is the number of decimals of the stablecoins. The API drops further decimals of an amount, and the user
// would then sign another amount than the page shows.
const maxPlaces = 6

// maxDigits is the maximum number of digits of an amount before the decimal point.
const maxDigits = 15

// amount formats an amount for people: groups of three digits, at least two decimals, and no more zeros at the end than
// that needs.
func amount(d byzantine.Decimal) string {
	if !d.IsSet() {
		return ""
	}
	sign, digits := "", d.String()
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = cmp.Or(strings.TrimLeft(whole, "0"), "0")
	for fraction = strings.TrimRight(fraction, "0"); len(fraction) < 2; {
		fraction += "0"
	}
	grouped := ""
	for len(whole) > 3 {
		grouped = "," + whole[len(whole)-3:] + grouped
		whole = whole[:len(whole)-3]
	}
	return sign + whole + grouped + "." + fraction
}

// money formats an amount for people, with its currency in upper case.
func money[C byzantine.Currency | byzantine.CryptoCurrency](sum byzantine.Decimal, currency C) string {
	return amount(sum) + " " + strings.ToUpper(string(currency))
}

// trimmed formats an amount, rounded down to maxPlaces decimals, without zeros at the end.
func trimmed(d byzantine.Decimal) string {
	text := d.StringFixed(maxPlaces, byzantine.RoundDown)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// typed formats an amount as a user would type it, such that [parseAmount] reads it, rounded down to maxPlaces
// decimals. Three decimals get a zero as the fourth, because they would look like a group of thousands.
func typed(d byzantine.Decimal) string {
	text := trimmed(d)
	if _, fraction, _ := strings.Cut(text, "."); len(fraction) == 3 {
		text += "0"
	}
	return text
}

// coin returns the stablecoin that has the value of a fiat currency.
func coin(c byzantine.FiatCurrency) string {
	if strings.EqualFold(string(c), "eur") {
		return "EURC"
	}
	return "USDC"
}

func amountProblem(message string) error {
	return &problem{status: http.StatusBadRequest, field: "amount", message: message}
}

// parseAmount reads an amount as people type it: 250, 250.50, 250,50, 1 250,50, 1'250.50, 1,250.50 or 1.250,50. A text
// that has two readings, such as 1,250, is an error: no money may move on a guess.
func parseAmount(text string) (byzantine.Decimal, error) {
	malformed := amountProblem("Please enter an amount such as 250 or 250.50.")
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\'' || r == '’' {
			return ' '
		}
		return r
	}, strings.TrimFunc(text, unicode.IsSpace))
	if text == "" || strings.Trim(text, "0123456789 .,") != "" {
		return byzantine.Decimal{}, malformed
	}

	// The last separator begins the decimals if it is the only one of its kind. All others are between groups.
	whole, fraction, group := text, "", " "
	if i := strings.LastIndexAny(text, ".,"); i >= 0 {
		separator := text[i : i+1]
		if strings.Count(text, separator) > 1 {
			group = separator
		} else {
			whole, fraction = text[:i], text[i+1:]
			if fraction == "" {
				return byzantine.Decimal{}, malformed
			}
			if len(fraction) == 3 && isDigits(fraction) && isDigits(whole) && len(whole) <= 3 && !strings.HasPrefix(whole, "0") {
				return byzantine.Decimal{}, amountProblem("Is that " + whole + fraction + " or " + whole + "." + fraction + "0? Please leave out the separator of thousands, or write two decimals.")
			}
			if strings.ContainsAny(whole, ".,") {
				group = map[string]string{".": ",", ",": "."}[separator]
			}
		}
	}
	groups := strings.Split(whole, group)
	for i, digits := range groups {
		wrong := !isDigits(digits) || i > 0 && len(digits) != 3 || i == 0 && len(groups) > 1 && len(digits) > 3
		if wrong {
			return byzantine.Decimal{}, malformed
		}
	}
	whole = cmp.Or(strings.TrimLeft(strings.Join(groups, ""), "0"), "0")
	switch {
	case fraction != "" && !isDigits(fraction), len(whole) > maxDigits:
		return byzantine.Decimal{}, malformed
	case len(fraction) > maxPlaces:
		return byzantine.Decimal{}, amountProblem("Please enter at most six decimals.")
	case strings.Trim(whole+fraction, "0") == "":
		return byzantine.Decimal{}, amountProblem("Please enter an amount above zero.")
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	return byzantine.MustParseDecimal(whole), nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

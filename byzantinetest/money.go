package byzantinetest

import (
	"math/big"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// The decimals of stablecoins, of shares and of fiat.
const (
	coinPlaces  = 6
	sharePlaces = 18
	centPlaces  = 2
)

// maxAmount is the largest amount that parseAmount accepts. Sums of such amounts still fit into a byzantine.Decimal.
var maxAmount = byzantine.MustParseDecimal("1000000000000000000")

// dropDecimals cuts off the decimals of a request's amount beyond those of the coin, as the API does. Requests of this
// module's client have none: it rejects such an amount before it sends anything. An amount of which nothing is left is an
// error that says so.
func dropDecimals(request any) error {
	var amount *byzantine.Decimal
	switch r := request.(type) {
	case *byzantine.GetDepositPayloadPasskeyRequest:
		amount = &r.Amount
	case *byzantine.GetWithdrawPayloadPasskeyRequest:
		amount = &r.Amount
	case *byzantine.GetTransferPayloadPasskeyRequest:
		amount = &r.Amount
	default:
		return nil
	}
	whole := *amount
	*amount = whole.Round(coinPlaces, byzantine.RoundDown)
	return checkDropped(whole, *amount)
}

// checkDropped rejects an amount of which nothing is left without the decimals that were dropped.
func checkDropped(whole, rounded byzantine.Decimal) error {
	if whole.Sign() > 0 && rounded.Sign() == 0 {
		return badRequest("amount: 0 after six decimals")
	}
	return nil
}

func parseAmount(d byzantine.Decimal) (*big.Rat, error) {
	amount := d.Round(coinPlaces, byzantine.RoundDown)
	if err := checkDropped(d, amount); err != nil {
		return nil, err
	}
	switch {
	case amount.Sign() <= 0:
		return nil, badRequest("amount: must be positive")
	case amount.Cmp(maxAmount) > 0:
		return nil, badRequest("amount: must be at most %s", maxAmount)
	}
	return amount.Rat(), nil
}

func roundDown(r *big.Rat, places int64) *big.Rat {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)
	n := new(big.Int).Mul(r.Num(), scale)
	return new(big.Rat).SetFrac(n.Quo(n, r.Denom()), scale)
}

// round rounds half away from zero.
func round(r *big.Rat, places int) *big.Rat {
	rounded, _ := new(big.Rat).SetString(r.FloatString(places)) // which it can always read
	return rounded
}

// decimal writes a number, rounded, without zeros at the end.
func decimal(r *big.Rat, places int) byzantine.Decimal {
	text := r.FloatString(places)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return byzantine.MustParseDecimal(text)
}

func plus(x, y *big.Rat) *big.Rat    { return new(big.Rat).Add(x, y) }
func minus(x, y *big.Rat) *big.Rat   { return new(big.Rat).Sub(x, y) }
func times(x, y *big.Rat) *big.Rat   { return new(big.Rat).Mul(x, y) }
func divided(x, y *big.Rat) *big.Rat { return new(big.Rat).Quo(x, y) }

// money is an amount in a currency.
type money struct {
	currency byzantine.Currency
	amount   *big.Rat
}

// decimal writes cents of fiat and the coin's decimals of stablecoins.
func (m *money) decimal() byzantine.Decimal {
	if isFiat(m.currency) {
		return decimal(m.amount, centPlaces)
	}
	return decimal(m.amount, coinPlaces)
}

// fiatOf is the currency that a stablecoin follows. It also labels balances in it.
var fiatOf = map[byzantine.CryptoCurrency]byzantine.FiatCurrency{
	byzantine.CryptoUSDC: byzantine.FiatUSD,
	byzantine.CryptoEURC: byzantine.FiatEUR,
}

// dollars is what one unit of a currency is worth in US dollar.
var dollars = map[byzantine.Currency]*big.Rat{
	byzantine.CurrencyUSD: big.NewRat(1, 1), byzantine.CurrencyUSDC: big.NewRat(1, 1),
	byzantine.CurrencyEUR: big.NewRat(11, 10), byzantine.CurrencyEURC: big.NewRat(11, 10),
}

// exchange converts between currencies, at a rate that stands still.
func exchange(from money, to byzantine.Currency) money {
	return money{to, divided(times(from.amount, dollars[from.currency]), dollars[to])}
}

func isFiat(c byzantine.Currency) bool {
	return c == byzantine.CurrencyUSD || c == byzantine.CurrencyEUR
}

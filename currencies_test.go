package byzantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

func TestCurrencyConversions(t *testing.T) {
	for _, tt := range []struct {
		currency   byzantine.Currency
		crypto     byzantine.CryptoCurrency
		fiat       byzantine.FiatCurrency
		stablecoin byzantine.CryptoCurrency
	}{
		{"usd", "", "usd", "usdc"}, {"eur", "", "eur", "eurc"}, {"usdc", "usdc", "", ""}, {"eurc", "eurc", "", ""}, {"gbp", "", "", ""}, {"USD", "", "", ""}, {"", "", "", ""},
	} {
		crypto, ok := tt.currency.Crypto()
		assert.Equal(t, tt.crypto, crypto)
		assert.Equal(t, tt.crypto != "", ok)
		fiat, ok := tt.currency.Fiat()
		assert.Equal(t, tt.fiat, fiat)
		assert.Equal(t, tt.fiat != "", ok)
		coin, ok := fiat.Stablecoin()
		assert.Equal(t, tt.stablecoin, coin)
		assert.Equal(t, tt.stablecoin != "", ok)
		if tt.crypto != "" {
			assert.Equal(t, tt.currency, crypto.Currency())
		}
		if tt.fiat != "" {
			assert.Equal(t, tt.currency, fiat.Currency())
		}
	}
}

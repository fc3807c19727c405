package byzantine

// Currency returns the stablecoin as a currency.
func (c CryptoCurrency) Currency() Currency { return Currency(c) }

// Currency returns the fiat currency as a currency. In balances, where usd labels USDC, see [FiatCurrency.Stablecoin].
func (c FiatCurrency) Currency() Currency { return Currency(c) }

// Stablecoin returns the stablecoin that follows the currency, which is what a balance with this label holds. ok is
// false for a currency that this package does not know.
func (c FiatCurrency) Stablecoin() (coin CryptoCurrency, ok bool) {
	coin, ok = map[FiatCurrency]CryptoCurrency{"usd": "usdc", "eur": "eurc"}[c]
	return coin, ok
}

// Crypto returns the currency as a stablecoin. ok is false for one that this package does not know as such.
func (c Currency) Crypto() (coin CryptoCurrency, ok bool) {
	if CryptoCurrency(c).Validate() != nil {
		return "", false
	}
	return CryptoCurrency(c), true
}

// Fiat returns the currency as a fiat currency. ok is false for one that this package does not know as such.
func (c Currency) Fiat() (fiat FiatCurrency, ok bool) {
	if _, ok := FiatCurrency(c).Stablecoin(); !ok {
		return "", false
	}
	return FiatCurrency(c), true
}

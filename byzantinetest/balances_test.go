package byzantinetest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestEmptyBalances(t *testing.T) {
	i := newInvestor(t, stopped(t))
	var answer byzantine.Response
	_, err := i.client.GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: i.accountID}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.JSONEq(t, `{"account_id":"`+i.accountID+`","sub_accounts":[{"wallet_address":"`+i.wallet+`","positions":[],"idle":[]}]}`, string(answer.Body))
}

func TestFundedWallet(t *testing.T) {
	server := stopped(t)
	i := newInvestor(t, server)
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("10.50"))
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("0.000001"))
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyEURC, byzantine.MustParseDecimal("3"))
	server.Fund(i.accountID, byzantine.ChainEthereum, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("7"))
	assert.Equal(t, []byzantine.IdleBalance{
		{ChainID: byzantine.ChainBase, Balance: byzantine.MustParseDecimal("10.500001"), Currency: byzantine.FiatUSD},
		{ChainID: byzantine.ChainBase, Balance: byzantine.MustParseDecimal("3"), Currency: byzantine.FiatEUR},
		{ChainID: byzantine.ChainEthereum, Balance: byzantine.MustParseDecimal("7"), Currency: byzantine.FiatUSD},
	}, i.balances().Idle)

	one, err := i.client.GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: i.accountID, ChainID: byzantine.ChainEthereum})
	require.NoError(t, err)
	assert.Equal(t, []byzantine.IdleBalance{{ChainID: byzantine.ChainEthereum, Balance: byzantine.MustParseDecimal("7"), Currency: byzantine.FiatUSD}}, one.SubAccounts[0].Idle)
}

func TestPositionGrows(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1000"))
	position := i.position(byzantinetest.VaultBaseUSDC)
	assert.Equal(t, &byzantine.VaultBalance{
		ChainID: byzantine.ChainBase, VaultAddress: byzantinetest.VaultBaseUSDC, AssetAddress: position.AssetAddress, Currency: byzantine.FiatUSD,
		Balance: byzantine.MustParseDecimal("1000"), Shares: byzantine.MustParseDecimal("984.942522532246748659"), PricePerShare: byzantine.MustParseDecimal("1.015287671232876712"),
	}, position)
	assert.Contains(t, i.tokens(), position.AssetAddress)

	server.Advance(365 * 24 * time.Hour)
	position = i.position(byzantinetest.VaultBaseUSDC)
	assert.Equal(t, byzantine.MustParseDecimal("1061.066436"), position.Balance, "6.2 % of a share's first price")
	assert.Equal(t, byzantine.MustParseDecimal("984.942522532246748659"), position.Shares)

	// All of it can be taken out.
	submitted := i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, position.Balance, byzantine.CurrencyUSDC, ""))
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionCompleted, i.transaction(submitted.TransactionID).Status)
	assert.Nil(t, i.position(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("1061.066436"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
}

// tokens is the addresses of all assets.
func (i *investor) tokens() []string {
	i.t.Helper()
	list, err := i.client.GetAssets(i.t.Context(), nil)
	require.NoError(i.t, err)
	var addresses []string
	for _, a := range list {
		addresses = append(addresses, a.Address)
	}
	return addresses
}

// What a user puts in is what they see, whatever the price of a share.
func TestNothingIsLostInRounding(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	server.Advance(1234 * time.Hour)
	for _, amount := range []byzantine.Decimal{byzantine.MustParseDecimal("0.000001"), byzantine.MustParseDecimal("0.1"), byzantine.MustParseDecimal("99.999999"), byzantine.MustParseDecimal("333.333333"), byzantine.MustParseDecimal("1")} {
		i.deposited(byzantinetest.VaultBaseUSDC, amount)
	}
	assert.Equal(t, byzantine.MustParseDecimal("434.433333"), i.invested(byzantinetest.VaultBaseUSDC))
	for range 3 {
		i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("0.000001"), byzantine.CurrencyUSDC, ""))
	}
	assert.Equal(t, byzantine.MustParseDecimal("434.43333"), i.invested(byzantinetest.VaultBaseUSDC))
}

func TestTestVaultsAreShownOnRequest(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	i.deposited(byzantinetest.VaultBaseUSDCTest, byzantine.MustParseDecimal("10"))
	assert.Equal(t, byzantine.MustParseDecimal("10"), i.invested(byzantinetest.VaultBaseUSDCTest))
	for _, query := range []string{"", "&includeTestVaults=false"} {
		var balances byzantine.AccountBalances
		require.NoError(t, i.client.Do(t.Context(), http.MethodGet, "/v1/query/get-account-balances?accountId="+i.accountID+query, nil, &balances))
		assert.Empty(t, balances.SubAccounts[0].Positions)
	}
}

func TestBalancesOfUnknownAccounts(t *testing.T) {
	server := stopped(t)
	for _, id := range []string{unknownID, server.AddAccount(byzantinetest.Account{Foreign: true}).ID} {
		_, err := server.Client().GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: id})
		refused(t, err, 404, "account not found")
	}
}

func TestFundPanicsOnTheImpossible(t *testing.T) {
	server := stopped(t)
	id := server.AddAccount(byzantinetest.Account{}).ID
	for name, c := range map[string]struct {
		fund  func()
		words string
	}{
		"unknown account": {func() {
			server.Fund(unknownID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1"))
		}, "no account " + unknownID},
		"unknown chain": {func() { server.Fund(id, 10, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1")) }, "unknown chain 10"},
		"no currency":   {func() { server.Fund(id, byzantine.ChainBase, "btc", byzantine.MustParseDecimal("1")) }, "currency: must be one of"},
		"no amount":     {func() { server.Fund(id, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.Decimal{}) }, "amount: must be positive"},
		"too much": {func() {
			server.Fund(id, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000000000000000000.01"))
		}, "amount: must be at most 1000000000000000000"},
		"not positive": {func() { server.Fund(id, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("-1")) }, "amount: must be positive"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, panicText(t, c.fund), "byzantinetest: Fund: ")
			assert.Contains(t, panicText(t, c.fund), c.words)
		})
	}
	assert.Contains(t, panicText(t, func() { server.Activate(unknownID, byzantine.ChainBase) }), "byzantinetest: Activate: accountId: no account")
	assert.Contains(t, panicText(t, func() { server.Activate(id, 10) }), "byzantinetest: Activate: chains[0]: unknown chain 10")
	server.Fund(id, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1")) // the sandbox goes on
}

// panicText is what a function panics with.
func panicText(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() { text, _ = recover().(string) }()
	f()
	require.Fail(t, "it does not panic")
	return ""
}

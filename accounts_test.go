package byzantine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestAccountReadsAreSent(t *testing.T) {
	balances := func(req byzantine.GetAccountBalancesRequest) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error { return only(c.GetAccountBalances(ctx, &req)) }
	}
	testSent(t, []sentCase{
		{
			"get_account_details",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetAccountDetails(ctx, testAccountID))
			},
			"GET /v1/query/get-account-details?accountId=" + testAccountID, "",
		},
		{
			"get_account_balances", balances(byzantine.GetAccountBalancesRequest{AccountID: testAccountID}),
			"GET /v1/query/get-account-balances?accountId=" + testAccountID, "",
		},
		{
			"get_account_balances on one chain with test vaults",
			balances(byzantine.GetAccountBalancesRequest{AccountID: testAccountID, ChainID: byzantine.ChainBase, IncludeTestVaults: true}),
			"GET /v1/query/get-account-balances?accountId=" + testAccountID + "&chainId=8453&includeTestVaults=true", "",
		},
		{
			"get_account_balances on a chain that is not listed",
			balances(byzantine.GetAccountBalancesRequest{AccountID: testAccountID, ChainID: 42161}),
			"GET /v1/query/get-account-balances?accountId=" + testAccountID + "&chainId=42161", "",
		},
	})
}

func TestAccountReadsAreRejected(t *testing.T) {
	testRejected(t, []rejectedCase{
		{
			"no account", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetAccountDetails(ctx, "")) },
			"GetAccountDetailsRequest.AccountID: missing",
		},
		{
			"balances of no account", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetAccountBalances(ctx, nil)) },
			"GetAccountBalancesRequest.AccountID: missing",
		},
		{
			"a chain that cannot be", func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: testAccountID, ChainID: -1}))
			},
			"GetAccountBalancesRequest.ChainID: must be positive",
		},
	})
}

func TestAccountIsRead(t *testing.T) {
	call := func(ctx context.Context, c *byzantine.Client) (*byzantine.Account, error) {
		return c.GetAccountDetails(ctx, testAccountID)
	}
	const full = `{
		"accountId":"a","accountName":"Doe SA","accountType":"company","entityInfo":{"entityId":"e","entityName":"Doe SA"},
		"walletDetails":{"walletAddress":"0xaa","isTurnkeyWallet":true,"isSmartAccount":{"ethereum":false,"base":true}},
		"bankAccounts":[` + linkedIBAN + `],"imageUrl":"https://example.com/i","createdAt":"2026-09-01T10:00:00Z",
		"accountBeneficiary":` + userSummary + `,"users":[{"userId":"u","firstName":"Jane","lastName":"Doe","email":"jane@example.com","role":"root"}]}`
	testResponses(t, call, full, `{
		"accountId":"a","accountName":"Jane","accountType":"individual",
		"walletDetails":{"walletAddress":"0xaa","isTurnkeyWallet":false,"isSmartAccount":{"ethereum":false,"base":false}},
		"createdAt":"2026-09-01T10:00:00Z","users":[]}`)

	api := newFakeAPI(t)
	api.response = full
	account, err := call(t.Context(), api.client)
	require.NoError(t, err)
	assert.Equal(t, byzantine.ActivatedChains{Base: true}, account.WalletDetails.IsSmartAccount)
	assert.Equal(t, []byzantine.AccountUser{{
		UserSummary: byzantine.UserSummary{UserID: "u", FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"}, Role: byzantine.RoleRoot,
	}}, account.Users)
	assert.Equal(t, &byzantine.IBANAccount{Country: "FRA", Last4: "0189"}, account.BankAccounts[0].BankAccountDetails.IBAN)
}

func TestBalancesAreRead(t *testing.T) {
	call := func(ctx context.Context, c *byzantine.Client) (*byzantine.AccountBalances, error) {
		return c.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: testAccountID})
	}
	const (
		position = `"chain_id":8453,"vault_address":"0xbb","is_async_vault":true,"asset_address":"0xcc","currency":"eur","balance":"1250.500000",` +
			`"shares":"1199.123456789012345678","price_per_share":"1.042851"`
		idle = `[{"chain_id":1,"balance":"0.00","currency":"usd"}]`
	)
	testResponses(t, call,
		`{"account_id":"a","sub_accounts":[{"wallet_address":"0xaa","positions":[{`+position+`,"pending_withdrawals":{"balance":"100.00","shares":"95.9"}}],"idle":`+idle+`}]}`,
		`{"account_id":"a","sub_accounts":[{"wallet_address":"0xaa","positions":[{`+position+`}],"idle":[]}]}`)

	api := newFakeAPI(t)
	api.response = `{"account_id":"a","sub_accounts":[{"wallet_address":"0xaa","positions":[{"balance":1250.500000,"shares":null}],"idle":[]}]}`
	balances, err := call(t.Context(), api.client)
	require.NoError(t, err)
	got := balances.SubAccounts[0].Positions[0]
	assert.Equal(t, byzantine.MustParseDecimal("1250.500000"), got.Balance, "a bare number keeps its digits")
	assert.Empty(t, got.Shares)
}

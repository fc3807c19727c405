package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func dollarAccount(accountID string) *byzantine.AddBankAccountRequest {
	return &byzantine.AddBankAccountRequest{
		AccountID: accountID, Currency: byzantine.CurrencyUSD, Label: "Operating account",
		ACHBankAccountDetails: &byzantine.ACHAccountParam{
			BankName: "First Bank", AccountNumber: "000123456789", RoutingNumber: "021000021", CheckingOrSavings: byzantine.CheckingAccount,
		},
	}
}

func euroAccount(accountID string) *byzantine.AddBankAccountRequest {
	return &byzantine.AddBankAccountRequest{
		AccountID: accountID, Currency: byzantine.CurrencyEUR, Label: "Compte courant",
		IBANBankAccountDetails: &byzantine.IBANAccountParam{AccountNumber: "FR7630006000011234567890189", BIC: "AGRIFRPP", Country: "FRA"},
	}
}

func TestBankAccountsAreAddedAndListed(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	client := server.Client()
	account := server.AddAccount(byzantinetest.Account{})
	list := func(currency byzantine.Currency) []byzantine.LinkedBankAccount {
		answer, err := client.GetBankAccounts(t.Context(), &byzantine.GetBankAccountsRequest{AccountID: account.ID, Currency: currency})
		require.NoError(t, err)
		require.NotNil(t, answer.BankAccounts)
		return answer.BankAccounts
	}
	assert.Empty(t, list(""))

	var answer byzantine.Response
	dollar, err := client.AddBankAccount(t.Context(), dollarAccount(account.ID), byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)
	assert.NotContains(t, string(answer.Body), `6789"`, "not even the end of the number")
	assert.Regexp(t, "^0x[0-9a-fA-F]{40}$", dollar.LiquidationAddress)
	assert.Equal(t, &byzantine.AddedBankAccount{
		BankAccountID: dollar.BankAccountID, AccountID: account.ID, Name: "Operating account", LiquidationAddress: dollar.LiquidationAddress,
		CreatedAt: start, DestinationCurrency: byzantine.CurrencyUSD, DestinationRail: byzantine.RailACH,
	}, dollar)
	euro, err := client.AddBankAccount(t.Context(), euroAccount(account.ID))
	require.NoError(t, err)
	assert.Equal(t, byzantine.RailSEPA, euro.DestinationRail)

	both := []byzantine.LinkedBankAccount{
		{AddedBankAccount: *dollar, BankAccountDetails: byzantine.BankAccount{ACH: &byzantine.ACHAccount{
			RoutingNumber: "021000021", Last4: "6789", CheckingOrSavings: byzantine.CheckingAccount,
		}}},
		{AddedBankAccount: *euro, BankAccountDetails: byzantine.BankAccount{IBAN: &byzantine.IBANAccount{
			Country: "FRA", Last4: "0189", BIC: "AGRIFRPP",
		}}},
	}
	assert.Equal(t, both, list(""))
	assert.Equal(t, both[:1], list(byzantine.CurrencyUSD))
	assert.Equal(t, both[1:], list(byzantine.CurrencyEUR))
	assert.Empty(t, list(byzantine.CurrencyUSDC))

	details, err := client.GetAccountDetails(t.Context(), account.ID)
	require.NoError(t, err)
	assert.Equal(t, both, details.BankAccounts)
}

func TestRefusedBankAccounts(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	account := server.AddAccount(byzantinetest.Account{})
	waiting := server.AddAccount(byzantinetest.Account{Status: byzantine.VerificationUnderReview})
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	for name, test := range map[string]struct {
		spoil  func(dollar, euro *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest
		status int
		words  string
	}{
		"a customer who is not verified": {func(d, _ *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			d.AccountID = waiting.ID
			return d
		}, 400, "under_review: it has to be active"},
		"an account of somebody else": {func(d, _ *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			d.AccountID = foreign.ID
			return d
		}, 401, "belongs to another integrator"},
		"an unknown account": {func(d, _ *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			d.AccountID = unknownID
			return d
		}, 400, "account not found"},
		"euro on an account in dollar": {func(d, _ *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			d.Currency = byzantine.CurrencyEUR
			return d
		}, 400, "currency"},
		"dollar on an account in euro": {func(_, e *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			e.Currency = byzantine.CurrencyUSD
			return e
		}, 400, "currency"},
		"a stablecoin": {func(_, e *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			e.Currency = byzantine.CurrencyEURC
			return e
		}, 400, "currency"},
		"a short routing number": {func(d, _ *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			d.ACHBankAccountDetails.RoutingNumber = "1"
			return d
		}, 400, "routingNumber"},
		"a short account number": {func(d, _ *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			d.ACHBankAccountDetails.AccountNumber = "1"
			return d
		}, 400, "accountNumber"},
		"no IBAN": {func(_, e *byzantine.AddBankAccountRequest) *byzantine.AddBankAccountRequest {
			e.IBANBankAccountDetails.AccountNumber = "12345"
			return e
		}, 400, "IBAN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.AddBankAccount(t.Context(), test.spoil(dollarAccount(account.ID), euroAccount(account.ID)))
			refused(t, err, test.status, test.words)
		})
	}
	for name, spoil := range map[string]func(map[string]any){
		"no details": func(b map[string]any) { delete(b, "achBankAccountDetails") },
		"both details": func(b map[string]any) {
			b["ibanBankAccountDetails"] = map[string]any{"accountNumber": "FR7630006000011234567890189", "bic": "B", "country": "FRA"}
		},
		"no label":                func(b map[string]any) { delete(b, "label") },
		"a currency that is none": func(b map[string]any) { b["currency"] = "gbp" },
	} {
		t.Run(name, func(t *testing.T) {
			status, _ := post(t, server, "add_bank_account", spoilt(t, dollarAccount(account.ID), spoil))
			assert.Equal(t, 400, status)
		})
	}
	answer, err := client.GetBankAccounts(t.Context(), &byzantine.GetBankAccountsRequest{AccountID: account.ID})
	require.NoError(t, err)
	assert.Empty(t, answer.BankAccounts)
}

func TestBankAccountsOfNobody(t *testing.T) {
	server := newServer(t)
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	_, err := server.Client().GetBankAccounts(t.Context(), &byzantine.GetBankAccountsRequest{AccountID: unknownID})
	refused(t, err, 400, "account not found")
	_, err = server.Client().GetBankAccounts(t.Context(), &byzantine.GetBankAccountsRequest{AccountID: foreign.ID})
	refused(t, err, 401, "belongs to another integrator")
}

package byzantine_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	bankAccountLink = `"bankAccountId":"b","accountId":"a","name":"Main","liquidationAddress":"0xdd","createdAt":"2026-09-01T10:00:00Z",` +
		`"destinationCurrency":"eur","destinationRail":"sepa"`
	linkedIBAN = `{` + bankAccountLink + `,"bankAccountDetails":{"country":"FRA","last4":"0189"}}`
)

func TestBankAccountsAreSent(t *testing.T) {
	testSent(t, []sentCase{
		{
			"get_bank_accounts",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetBankAccounts(ctx, &byzantine.GetBankAccountsRequest{AccountID: testAccountID}))
			},
			"GET /v1/query/get-bank-accounts?accountId=" + testAccountID, "",
		},
		{
			"get_bank_accounts in one currency",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetBankAccounts(ctx, &byzantine.GetBankAccountsRequest{AccountID: testAccountID, Currency: byzantine.CurrencyUSD}))
			},
			"GET /v1/query/get-bank-accounts?accountId=" + testAccountID + "&currency=usd", "",
		},
		{
			"add_bank_account in the United States",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.AddBankAccount(ctx, &byzantine.AddBankAccountRequest{
					AccountID: testAccountID, Currency: byzantine.CurrencyUSD, Label: "Main",
					ACHBankAccountDetails: &byzantine.ACHAccountParam{
						BankName: "Bank", AccountNumber: "000123456789", RoutingNumber: "021000021", CheckingOrSavings: byzantine.CheckingAccount,
					},
				}))
			},
			"POST /v1/submit/add-bank-account",
			`{"accountId":"` + testAccountID + `","currency":"usd","label":"Main",` +
				`"achBankAccountDetails":{"bankName":"Bank","accountNumber":"000123456789","routingNumber":"021000021","checkingOrSavings":"checking"}}`,
		},
		{
			"add_bank_account in the SEPA area",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.AddBankAccount(ctx, &byzantine.AddBankAccountRequest{
					AccountID: testAccountID, Currency: byzantine.CurrencyEUR, Label: "Main",
					IBANBankAccountDetails: &byzantine.IBANAccountParam{BankName: "Bank", AccountNumber: "FR7630006000011234567890189", BIC: "AGRIFRPP", Country: "FRA"},
				}))
			},
			"POST /v1/submit/add-bank-account",
			`{"accountId":"` + testAccountID + `","currency":"eur","label":"Main",` +
				`"ibanBankAccountDetails":{"bankName":"Bank","accountNumber":"FR7630006000011234567890189","bic":"AGRIFRPP","country":"FRA"}}`,
		},
		{
			"add_bank_account of a bank without a name",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.AddBankAccount(ctx, &byzantine.AddBankAccountRequest{
					AccountID: testAccountID, Currency: byzantine.CurrencyEUR, Label: "Main",
					IBANBankAccountDetails: &byzantine.IBANAccountParam{AccountNumber: "FR7630006000011234567890189", BIC: "AGRIFRPP", Country: "FRA"},
				}))
			},
			"POST /v1/submit/add-bank-account",
			`{"accountId":"` + testAccountID + `","currency":"eur","label":"Main",` +
				`"ibanBankAccountDetails":{"accountNumber":"FR7630006000011234567890189","bic":"AGRIFRPP","country":"FRA"}}`,
		},
	})
}

func TestBankAccountsAreRejected(t *testing.T) {
	ach := &byzantine.ACHAccountParam{BankName: "Bank", AccountNumber: "1", RoutingNumber: "2", CheckingOrSavings: byzantine.SavingsAccount}
	iban := &byzantine.IBANAccountParam{AccountNumber: "1", BIC: "2", Country: "FRA"}
	const in, exactlyOne = "AddBankAccountRequest.", "ACHBankAccountDetails: exactly one of the ACH and the IBAN account must be set"
	add := func(currency byzantine.Currency, ach *byzantine.ACHAccountParam, iban *byzantine.IBANAccountParam) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.AddBankAccount(ctx, &byzantine.AddBankAccountRequest{
				AccountID: testAccountID, Currency: currency, Label: "Main", ACHBankAccountDetails: ach, IBANBankAccountDetails: iban,
			}))
		}
	}
	unknownKind, noNumber := *ach, *iban
	unknownKind.CheckingOrSavings = "piggy"
	noNumber.AccountNumber = ""
	testRejected(t, []rejectedCase{
		{"neither kind", add(byzantine.CurrencyEUR, nil, nil), in + exactlyOne},
		{"both kinds", add(byzantine.CurrencyEUR, ach, iban), in + exactlyOne},
		{"a currency that there is not", add("gbp", nil, iban), in + "Currency: must be one of usd, eur, usdc, eurc"},
		{"no currency", add("", nil, iban), in + "Currency: missing"},
		{"a kind that there is not", add(byzantine.CurrencyUSD, &unknownKind, nil), in + "ACHBankAccountDetails.CheckingOrSavings: must be one of checking, savings, unknown"},
		{"no number", add(byzantine.CurrencyEUR, nil, &noNumber), in + "IBANBankAccountDetails.AccountNumber: missing"},
		{"a list of no account", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetBankAccounts(ctx, nil)) }, "GetBankAccountsRequest.AccountID: missing"},
		{"a list in a currency that there is not", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetBankAccounts(ctx, &byzantine.GetBankAccountsRequest{AccountID: testAccountID, Currency: "EUR"}))
		}, "GetBankAccountsRequest.Currency: must be one of usd, eur, usdc, eurc"},
	})
}

func TestBankAccountsAreRead(t *testing.T) {
	list := func(ctx context.Context, c *byzantine.Client) (*byzantine.BankAccountList, error) {
		return c.GetBankAccounts(ctx, &byzantine.GetBankAccountsRequest{AccountID: testAccountID})
	}
	testResponses(t, list,
		`{"bankAccounts":[{`+bankAccountLink+`,"bankAccountDetails":{"country":"FRA","last4":"0189","bic":"AGRIFRPP"}},
			{`+bankAccountLink+`,"bankAccountDetails":{"routingNumber":"021000021","last4":"6789","checkingOrSavings":"savings"}}]}`,
		`{"bankAccounts":[{`+bankAccountLink+`,"bankAccountDetails":{"country":"FRA","last4":"0189"}},
			{`+bankAccountLink+`,"bankAccountDetails":{"routingNumber":"021000021","last4":"6789"}}]}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.AddedBankAccount, error) {
		return c.AddBankAccount(ctx, &byzantine.AddBankAccountRequest{
			AccountID: testAccountID, Currency: byzantine.CurrencyEUR, Label: "Main",
			IBANBankAccountDetails: &byzantine.IBANAccountParam{AccountNumber: "1", BIC: "2", Country: "FRA"},
		})
	}, `{`+bankAccountLink+`}`, `{`+bankAccountLink+`}`)
}

func TestBankAccountKindsAreToldApart(t *testing.T) {
	for in, want := range map[string]byzantine.BankAccount{
		`{"country":"FRA","last4":"0189","bic":"X"}`:                       {IBAN: &byzantine.IBANAccount{Country: "FRA", Last4: "0189", BIC: "X"}},
		`{"country":"FRA","last4":"0189","bic":null,"routingNumber":null}`: {IBAN: &byzantine.IBANAccount{Country: "FRA", Last4: "0189"}},
		`{"routingNumber":"1","last4":"2","checkingOrSavings":"vault"}`:    {ACH: &byzantine.ACHAccount{RoutingNumber: "1", Last4: "2", CheckingOrSavings: "vault"}},
		`{"routingNumber":"1","last4":"2","objectId":"o"}`:                 {ACH: &byzantine.ACHAccount{RoutingNumber: "1", Last4: "2"}},
		`null`: {},
		`{"clabe":"032180000118359719","last4":"9719"}`:     {Unknown: json.RawMessage(`{"clabe":"032180000118359719","last4":"9719"}`)},
		`{"country":"USA","routingNumber":"1","last4":"2"}`: {Unknown: json.RawMessage(`{"country":"USA","routingNumber":"1","last4":"2"}`)},
		`{"country":"FRA"}`:                   {Unknown: json.RawMessage(`{"country":"FRA"}`)},
		`{"country":33,"last4":"0189"}`:       {Unknown: json.RawMessage(`{"country":33,"last4":"0189"}`)},
		`{"country":"F","last4":"1","bic":7}`: {Unknown: json.RawMessage(`{"country":"F","last4":"1","bic":7}`)},
		`{}`:                                  {Unknown: json.RawMessage(`{}`)},
		`"an account"`:                        {Unknown: json.RawMessage(`"an account"`)},
		`[1]`:                                 {Unknown: json.RawMessage(`[1]`)},
	} {
		var got byzantine.BankAccount
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got, in)

		out, err := json.Marshal(got)
		require.NoError(t, err)
		var again byzantine.BankAccount
		require.NoError(t, json.Unmarshal(out, &again))
		assert.Equal(t, got, again, "what is written is read the same")
	}

	got := byzantine.BankAccount{ACH: &byzantine.ACHAccount{RoutingNumber: "1", Last4: "2"}}
	require.NoError(t, json.Unmarshal([]byte(`{"country":"FRA","last4":"0189"}`), &got))
	assert.Nil(t, got.ACH, "one kind at a time")
	assert.Error(t, json.Unmarshal([]byte(`{"country":`), &got))
}

func TestUnknownBankAccountsOutliveTheResponse(t *testing.T) {
	text := []byte(`{"clabe":"1"}`)
	var got byzantine.BankAccount
	require.NoError(t, got.UnmarshalJSON(text))
	copy(text, `xxxxxxxxxxxxx`)
	assert.Equal(t, `{"clabe":"1"}`, string(got.Unknown))
}

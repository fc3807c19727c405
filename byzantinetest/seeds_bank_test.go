package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestAddBankAccountNeedsWhatTheAPINeeds(t *testing.T) {
	server := newServer(t)
	account := server.AddAccount(byzantinetest.Account{})
	link := server.AddBankAccount(dollarAccount(account.ID))
	list, err := server.Client().GetBankAccounts(t.Context(), &byzantine.GetBankAccountsRequest{AccountID: account.ID})
	require.NoError(t, err)
	assert.Equal(t, link.BankAccountID, list.BankAccounts[0].BankAccountID)

	waiting := server.AddAccount(byzantinetest.Account{Status: byzantine.VerificationUnderReview})
	assert.PanicsWithValue(t, "byzantinetest: AddBankAccount: accountId: the customer's verification is under_review: it has to be active",
		func() { server.AddBankAccount(dollarAccount(waiting.ID)) })
	assert.PanicsWithValue(t, "byzantinetest: AddBankAccount: AccountID: must be a UUID (8-4-4-4-12 hex digits)",
		func() { server.AddBankAccount(dollarAccount("x")) })
}

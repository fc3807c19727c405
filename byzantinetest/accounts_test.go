package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestAccountOfAPerson(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	created, err := server.Client().CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	account, err := server.Client().GetAccountDetails(t.Context(), created.AccountID)
	require.NoError(t, err)
	self := byzantine.UserSummary{UserID: created.UserID, FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"}
	assert.Equal(t, &byzantine.Account{
		AccountID: created.AccountID, AccountName: "Ada Lovelace", AccountType: byzantine.AccountTypeIndividual,
		WalletDetails: byzantine.WalletDetails{WalletAddress: created.WalletAddress, IsTurnkeyWallet: true},
		CreatedAt:     start, AccountBeneficiary: &self,
		Users: []byzantine.AccountUser{{UserSummary: self, Role: byzantine.RoleRoot}},
	}, account)
}

func TestAccountOfAnEntity(t *testing.T) {
	server := newServer(t)
	created, err := server.Client().CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	account, err := server.Client().GetAccountDetails(t.Context(), created.AccountID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.AccountTypeCompany, account.AccountType)
	assert.Equal(t, &byzantine.EntitySummary{EntityID: created.EntityID, EntityName: "Analytical Engines SAS"}, account.EntityInfo)
	assert.Nil(t, account.AccountBeneficiary)
}

func TestAccountsThatCannotBeSeen(t *testing.T) {
	server := newServer(t)
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	for name, id := range map[string]string{"unknown": unknownID, "of another integrator": foreign.ID} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Client().GetAccountDetails(t.Context(), id)
			refused(t, err, 404, "account not found")
		})
	}
	op := operation(t, "get_account_details")
	for _, query := range []string{"", "?accountId=7", "?account_id=" + unknownID} {
		status, _ := send(t, server, op.Method, op.Path+query, "", nil)
		assert.Equal(t, 400, status, query)
	}
}

func TestSeededAccounts(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	t.Run("nothing said", func(t *testing.T) {
		seeded := server.AddAccount(byzantinetest.Account{})
		require.Len(t, seeded.UserIDs, 1, "a new user")
		account, err := client.GetAccountDetails(t.Context(), seeded.ID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.AccountTypeIndividual, account.AccountType)
		assert.Equal(t, "Test User", account.AccountName)
		assert.Equal(t, seeded.UserIDs[0], account.AccountBeneficiary.UserID)
		assert.Equal(t, byzantine.RoleRoot, account.Users[0].Role)
		assert.Equal(t, seeded.WalletAddress, account.WalletDetails.WalletAddress)
		user, err := client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: seeded.UserIDs[0]})
		require.NoError(t, err)
		assert.Equal(t, byzantine.VerificationActive, user.VerificationStatus)
	})
	t.Run("everything said", func(t *testing.T) {
		first, second := server.AddUser(byzantinetest.User{}), server.AddUser(byzantinetest.User{})
		seeded := byzantinetest.Account{
			ID: "11111111-2222-4333-8444-555555555555", Name: "Engines", UserIDs: []string{first.ID, second.ID},
			Roles: []byzantine.AccountUserRole{byzantine.RoleView, byzantine.RoleRoot}, Type: byzantine.AccountTypeCompany,
			Status: byzantine.VerificationUnderReview, WalletAddress: "0x00000000000000000000000000000000000000aa", SelfCustodial: true,
		}
		assert.Equal(t, seeded, server.AddAccount(seeded))
		account, err := client.GetAccountDetails(t.Context(), seeded.ID)
		require.NoError(t, err)
		assert.Equal(t, "Engines", account.EntityInfo.EntityName)
		assert.Equal(t, seeded.WalletAddress, account.WalletDetails.WalletAddress)
		assert.False(t, account.WalletDetails.IsTurnkeyWallet)
		assert.Equal(t, byzantine.RoleView, account.Users[0].Role)
		assert.Equal(t, byzantine.RoleRoot, account.Users[1].Role)
		entity, err := client.GetEntityDetails(t.Context(), account.EntityInfo.EntityID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.VerificationUnderReview, entity.VerificationStatus)
	})
	t.Run("several users", func(t *testing.T) {
		first, second := server.AddUser(byzantinetest.User{}), server.AddUser(byzantinetest.User{})
		seeded := server.AddAccount(byzantinetest.Account{UserIDs: []string{first.ID, second.ID}})
		assert.Equal(t, []byzantine.AccountUserRole{byzantine.RoleRoot, byzantine.RoleView}, seeded.Roles)
	})
	t.Run("with a passkey", func(t *testing.T) {
		phone := newPasskey(t)
		user := server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{phone}})
		server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
		details, err := client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: user.ID})
		require.NoError(t, err)
		assert.Equal(t, phone.Attestation.CredentialID, details.Accounts[0].Authenticators[0].CredentialID)
	})
}

func TestServerStartsWithAnAccount(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	server := newServer(t, byzantinetest.WithAccount(byzantinetest.Account{ID: id},
		byzantinetest.User{Email: "ada@example.com"}, byzantinetest.User{Email: "mary@example.com"}))
	account, err := server.Client().GetAccountDetails(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, account.Users, 2)
	assert.Equal(t, "ada@example.com", account.AccountBeneficiary.Email)
	assert.Equal(t, "mary@example.com", account.Users[1].Email)
	assert.Empty(t, customerEvents(t, server.Client(), id), "it was there before")
}

func TestSeedsThatCannotBe(t *testing.T) {
	server := newServer(t)
	phone := newPasskey(t)
	user := server.AddUser(byzantinetest.User{Email: "ada@example.com", Authenticators: []byzantine.AuthenticatorParam{phone}})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	for words, seed := range map[string]func(){
		"byzantinetest: AddUser: email: there is a user": func() { server.AddUser(byzantinetest.User{Email: "ada@example.com"}) },
		"already registered":                             func() { server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{phone}}) },
		"there is an account":                            func() { server.AddAccount(byzantinetest.Account{ID: account.ID}) },
		"no user " + unknownID:                           func() { server.AddAccount(byzantinetest.Account{UserIDs: []string{unknownID}}) },
		"roles: there are more of them than userIds": func() {
			server.AddAccount(byzantinetest.Account{Roles: []byzantine.AccountUserRole{byzantine.RoleRoot}})
		},
		"type: must be one of individual, company": func() { server.AddAccount(byzantinetest.Account{Type: "trust"}) },
		"a foreign account cannot have users": func() {
			server.AddAccount(byzantinetest.Account{Foreign: true, UserIDs: []string{user.ID}})
		},
	} {
		t.Run(words, func(t *testing.T) {
			defer func() { assert.Contains(t, recover(), words) }()
			seed()
			assert.Fail(t, "no panic")
		})
	}
}

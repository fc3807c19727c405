package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestFactsOfOnboarding(t *testing.T) {
	server := newServer(t, byzantinetest.WithManualApproval())
	client := server.Client()
	person, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	t.Run("11 creating with an address that exists is rejected [docs signing script]", func(t *testing.T) {
		_, err := client.CreateIndividualAccount(t.Context(), ada())
		refused(t, err, 400, "userInfo.email")
	})
	t.Run("11 a user without passkeys has OTP [kyc.mdx, kyb.mdx]", func(t *testing.T) {
		assert.True(t, person.RootUsers[0].IsOTPActivated)
		assert.False(t, person.RootUsers[0].IsPasskeyActivated)
	})
	t.Run("11 a response lists what is missing [associated-persons.test.js, kyb.mdx]", func(t *testing.T) {
		assert.NotEmpty(t, person.MissingDocuments)
		company, err := client.CreateEntityAccount(t.Context(), analytical())
		require.NoError(t, err)
		assert.NotEmpty(t, company.MissingCompanyData)
	})
	t.Run("11 an update echoes what was sent [associated-persons.test.js]", func(t *testing.T) {
		updated, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: person.AccountID, UserInfo: &byzantine.UserInfoUpdate{MiddleName: new("King")},
		})
		require.NoError(t, err)
		assert.Nil(t, updated.UserInfo.FirstName)
		assert.Nil(t, updated.AdditionalUserInfo)
	})
	t.Run("11 unset names and dates are left out [account-data.test.js]", func(t *testing.T) {
		status, text := send(t, server, "GET", operation(t, "get_user_details").Path+"?userId="+person.UserID, "", nil)
		require.Equal(t, 200, status)
		assert.NotContains(t, text, `"birthDate"`)
		assert.NotContains(t, text, `"phone"`)
	})
	t.Run("11 a bank account needs a verified customer [CI_TEST_SETUP.md]", func(t *testing.T) {
		_, err := client.AddBankAccount(t.Context(), dollarAccount(person.AccountID))
		refused(t, err, 400, "active")
		server.Approve(person.AccountID)
		_, err = client.AddBankAccount(t.Context(), dollarAccount(person.AccountID))
		require.NoError(t, err)
		status, text := send(t, server, "GET", operation(t, "get_bank_accounts").Path+"?accountId="+person.AccountID, "", nil)
		require.Equal(t, 200, status)
		assert.Contains(t, text, `"last4":"6789"`)
		assert.NotContains(t, text, "000123456789", "reads show the last digits only")
	})
	t.Run("11 a wallet of one's own makes the account self-custodial [generated-schemas.json]", func(t *testing.T) {
		req := ada()
		req.UserInfo.Email, req.RootUsers[0].Email = "own@example.com", "own@example.com"
		req.WalletAddress = "0x00000000000000000000000000000000000000aa"
		created, err := client.CreateIndividualAccount(t.Context(), req)
		require.NoError(t, err)
		account, err := client.GetAccountDetails(t.Context(), created.AccountID)
		require.NoError(t, err)
		assert.False(t, account.WalletDetails.IsTurnkeyWallet)
	})
}

func TestFactsOfCredentials(t *testing.T) {
	server := newServer(t)
	owner := server.Client()
	created, err := owner.CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
	require.NoError(t, err)
	key, err := created.PrivateKey.Key()
	require.NoError(t, err)
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(server.URL), byzantine.WithClock(server.Now))
	require.NoError(t, err)
	update := func(req byzantine.UpdateCredentialRequest) {
		t.Helper()
		req.Pubkey = created.Pubkey
		_, err := owner.UpdateCredential(t.Context(), &req)
		require.NoError(t, err)
	}
	t.Run("7 a deactivated key is unknown at once, and works again at once [integrator-credentials.test.js]", func(t *testing.T) {
		update(byzantine.UpdateCredentialRequest{Active: new(false)})
		_, err := client.Whoami(t.Context())
		refused(t, err, 401, "")
		update(byzantine.UpdateCredentialRequest{Active: new(true)})
		_, err = client.Whoami(t.Context())
		assert.NoError(t, err)
	})
	t.Run("7 a promoted key may write [integrator-credentials.test.js]", func(t *testing.T) {
		_, err := client.CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
		refused(t, err, 403, "read_only")
		update(byzantine.UpdateCredentialRequest{AccessScope: byzantine.ScopeReadWrite})
		_, err = client.CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
		assert.NoError(t, err)
	})
	t.Run("7 the private key is returned once only [OpenAPI]", func(t *testing.T) {
		status, text := send(t, server, "GET", operation(t, "list_credentials").Path, "", nil)
		require.Equal(t, 200, status)
		assert.Contains(t, text, created.Pubkey)
		assert.NotContains(t, text, "privateKey")
	})
	t.Run("7 deactivated keys stay in the list, deleted ones leave it [integrator-credentials.test.js]", func(t *testing.T) {
		update(byzantine.UpdateCredentialRequest{Active: new(false)})
		count := func() int {
			list, err := owner.ListCredentials(t.Context(), nil)
			require.NoError(t, err)
			return len(list.Credentials)
		}
		before := count()
		require.NoError(t, owner.DeleteCredential(t.Context(), created.Pubkey))
		assert.Equal(t, before-1, count())
	})
}

package passkey_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// One RelyingParty and one Transactor serve all users of a backend at once: each registers a passkey and signs with it.
// The race detector must find nothing.
func TestConcurrentUse(t *testing.T) {
	s := newSaver(t)
	transactor := s.transactor
	rp := transactor.RelyingParty
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			userID, device := fmt.Sprint("user-", i), passkeytest.NewAuthenticator()
			options, state, err := rp.BeginRegistration(passkey.User{ID: userID, Name: userID})
			if !assert.NoError(t, err) {
				return
			}
			response, err := device.Create(options)
			assert.NoError(t, err)
			credential, err := rp.FinishRegistration(state, response, "phone")
			if !assert.NoError(t, err) {
				return
			}
			assert.Equal(t, userID, state.UserID)
			user := s.sandbox.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator}})
			account := s.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
			s.sandbox.Activate(account.ID, byzantine.ChainBase)
			s.sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("10"))
			payload, err := transactor.Client.GetDepositPayloadPasskey(t.Context(), &byzantine.GetDepositPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: account.ID, VaultAddr: byzantinetest.VaultBaseUSDC,
				Amount: byzantine.MustParseDecimal("5"), SourceCurrency: byzantine.CurrencyUSDC,
			})
			if !assert.NoError(t, err) {
				return
			}
			options, draft, err := transactor.Begin(userID, payload, []passkey.Credential{*credential})
			if !assert.NoError(t, err) {
				return
			}
			response, err = device.Get(options)
			assert.NoError(t, err)
			submitted, err := transactor.Finish(t.Context(), userID, draft, response)
			if assert.NoError(t, err) {
				assert.Equal(t, payload.TransactionID, submitted.TransactionID)
			}
		})
	}
	all.Wait()
}

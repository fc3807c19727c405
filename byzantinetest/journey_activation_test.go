package byzantinetest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// live is a server whose clock runs and whose transactions complete soon, for tests that wait as a program would.
func live(t *testing.T) *byzantinetest.Server {
	t.Helper()
	return newServer(t, byzantinetest.WithProcessingTime(20*time.Millisecond))
}

// wait polls as a program would.
func (i *investor) wait(transactionID string) *byzantine.Transaction {
	i.t.Helper()
	tx, err := i.client.WaitForTransaction(i.t.Context(), transactionID, byzantine.WaitInterval(5*time.Millisecond))
	require.NoError(i.t, err)
	return tx
}

// A new account is activated by one signature per chain. Each moves nothing but lets the wallet act there.
func TestJourneyActivation(t *testing.T) {
	i := newInvestor(t, live(t))
	want := byzantine.ActivatedChains{}
	require.Equal(t, want, i.smartAccount())

	for _, chain := range []byzantine.ChainID{byzantine.ChainBase, byzantine.ChainEthereum} {
		// Step 1: ask for the payload.
		payload, err := i.activationPayload(chain)
		require.NoError(t, err)
		assert.Equal(t, chain, payload.ChainID)
		activity, err := payload.Activity()
		require.NoError(t, err)
		assert.Equal(t, byzantine.ActivitySignRawPayload, activity.Type)
		assert.Equal(t, i.wallet, activity.SignRawPayloads.SignWith)
		assert.Equal(t, "PAYLOAD_ENCODING_EIP7702_AUTHORIZATION", activity.SignRawPayloads.Encoding)
		assert.Equal(t, fmt.Sprintf("0x%x", chain), authorization(t, payload)["chainId"], "a JSON text inside")

		// Step 2: the user's passkey signs it, and it is submitted.
		submitted := i.submit(payload, err)
		assert.NotEmpty(t, submitted.TransactionHash)

		// Step 3: wait.
		tx := i.wait(submitted.TransactionID)
		assert.Equal(t, byzantine.TransactionTypeAuthorization, tx.Type)
		assert.Equal(t, chain, tx.ChainID)
		assert.Equal(t, byzantine.MustParseDecimal("0"), tx.IntermediaryAmount)

		want.Base = want.Base || chain == byzantine.ChainBase
		want.Ethereum = want.Ethereum || chain == byzantine.ChainEthereum
		assert.Equal(t, want, i.smartAccount(), "the other chain is another matter")

		_, err = i.activationPayload(chain)
		assert.NoError(t, err, "a second activation is possible")
	}
	_, err := i.activationPayload(10)
	refused(t, err, 400, "unknown chain 10")
}

func (i *investor) smartAccount() byzantine.ActivatedChains {
	i.t.Helper()
	account, err := i.client.GetAccountDetails(i.t.Context(), i.accountID)
	require.NoError(i.t, err)
	return account.WalletDetails.IsSmartAccount
}

// Until the activation has completed nothing can move on the chain.
func TestNothingMovesBeforeActivation(t *testing.T) {
	server := stopped(t)
	i := newInvestor(t, server)
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("100"))
	i.submit(i.activationPayload(byzantine.ChainBase))
	_, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC)
	refused(t, err, 400, "not activated on chain 8453")
	server.Advance(time.Minute)
	_, err = i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC)
	require.NoError(t, err)
	_, err = i.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC)
	refused(t, err, 400, "not activated on chain 1")
}

func TestActivationThatFailsActivatesNothing(t *testing.T) {
	server := stopped(t)
	i := newInvestor(t, server)
	submitted := i.submit(i.activationPayload(byzantine.ChainBase))
	server.FailTransaction(submitted.TransactionID, byzantine.TransactionReverted)
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionReverted, i.transaction(submitted.TransactionID).Status)
	assert.False(t, i.smartAccount().Base)
}

// Activate and the control API's activate mean the same by naming no chain: all of them.
func TestActivateWithoutChainsActivatesAll(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	for name, activate := range map[string]func(accountID string){
		"Go":                  func(id string) { server.Activate(id) },
		"HTTP":                func(id string) { c.ok("activate", "", "id="+id) },
		"HTTP, an empty list": func(id string) { c.ok("activate", `{"chains":[]}`, "id="+id) },
	} {
		t.Run(name, func(t *testing.T) {
			id := server.AddAccount(byzantinetest.Account{}).ID
			smart := func() byzantine.ActivatedChains {
				account, err := server.Client().GetAccountDetails(t.Context(), id)
				require.NoError(t, err)
				return account.WalletDetails.IsSmartAccount
			}
			assert.Panics(t, func() { server.Activate(id, byzantine.ChainBase, 10) })
			assert.Equal(t, byzantine.ActivatedChains{}, smart(), "an unknown chain activates nothing")
			activate(id)
			assert.Equal(t, byzantine.ActivatedChains{Ethereum: true, Base: true}, smart())
		})
	}
}

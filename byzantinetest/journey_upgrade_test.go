package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// An upgrade moves a whole position to the vault's successor: two orders, one prompt, one signature.
func TestJourneyUpgrade(t *testing.T) {
	i := newActiveInvestor(t, live(t))
	i.wait(i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDCLegacy, byzantine.MustParseDecimal("300"), byzantine.CurrencyUSDC)).TransactionID)

	payload, err := i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy)
	require.NoError(t, err)
	assert.Equal(t, byzantine.ChainBase, payload.ChainID)
	assert.Equal(t, byzantinetest.VaultEthereumUSDC, payload.DestinationVaultAddr)
	assert.Equal(t, byzantine.MustParseDecimal("300"), payload.SourceAmount)
	assert.Equal(t, byzantine.MustParseDecimal("300"), payload.DestinationAmount)
	activity, err := payload.Activity()
	require.NoError(t, err)
	assert.Equal(t, byzantine.ActivitySignRawPayloads, activity.Type)
	assert.Len(t, activity.SignRawPayloads.Payloads, 2)

	out := i.wait(i.submit(payload, err).TransactionID)
	assert.Equal(t, byzantine.TransactionTypeWithdraw, out.Type)
	assert.Equal(t, byzantinetest.VaultBaseUSDCLegacy, out.VaultAddr)
	in := i.wait(out.RelatedTransactionID)
	assert.Equal(t, byzantine.TransactionTypeDeposit, in.Type)
	assert.Equal(t, byzantine.ChainEthereum, in.ChainID)
	assert.Equal(t, byzantinetest.VaultEthereumUSDC, in.VaultAddr)
	assert.Equal(t, out.TransactionID, in.RelatedTransactionID)
	assert.Equal(t, out.IntermediaryAmount, in.IntermediaryAmount)

	assert.Nil(t, i.position(byzantinetest.VaultBaseUSDCLegacy))
	assert.Equal(t, byzantine.MustParseDecimal("300"), i.invested(byzantinetest.VaultEthereumUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("700"), i.idle(byzantine.ChainBase, byzantine.FiatUSD), "nothing comes by the wallet")
}

func TestUpgradeThatFailsGivesBack(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	i.deposited(byzantinetest.VaultBaseUSDCLegacy, byzantine.MustParseDecimal("300"))
	submitted := i.submit(i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy))
	_, err := i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy)
	refused(t, err, 400, "an upgrade of this account is under way")

	server.FailTransaction(submitted.TransactionID, byzantine.TransactionReverted)
	server.Advance(time.Minute)
	out := i.transaction(submitted.TransactionID)
	assert.Equal(t, byzantine.TransactionReverted, out.Status)
	assert.Equal(t, byzantine.TransactionReverted, i.transaction(out.RelatedTransactionID).Status)
	assert.Equal(t, byzantine.MustParseDecimal("300"), i.invested(byzantinetest.VaultBaseUSDCLegacy))
	assert.Empty(t, i.invested(byzantinetest.VaultEthereumUSDC))
}

func TestUpgradeRefusals(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	for name, c := range map[string]struct{ vault, words string }{
		"no shares":    {byzantinetest.VaultBaseUSDCLegacy, "no shares in this vault"},
		"no successor": {byzantinetest.VaultBaseUSDC, "that has a successor"},
		"on Ethereum":  {byzantinetest.VaultEthereumQueued, "that has a successor"},
		"unknown":      {i.wallet, "that has a successor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := i.upgradePayload(c.vault)
			refused(t, err, 400, c.words)
		})
	}
	_, err := newInvestor(t, server).upgradePayload(byzantinetest.VaultBaseUSDCLegacy)
	refused(t, err, 401, "not activated on Base")
}

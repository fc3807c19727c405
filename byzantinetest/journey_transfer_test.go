package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// A transfer sends stablecoins from the wallet to any address.
func TestJourneyTransfer(t *testing.T) {
	server := live(t)
	sender, receiver := newActiveInvestor(t, server), newInvestor(t, server)
	payload, err := sender.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("42.01"), receiver.wallet)
	require.NoError(t, err)
	tx := sender.wait(sender.submit(payload, err).TransactionID)
	assert.Equal(t, byzantine.TransactionTypeTransfer, tx.Type)
	assert.Equal(t, byzantine.MustParseDecimal("42.01"), tx.IntermediaryAmount)
	assert.Equal(t, receiver.wallet, tx.DestinationAddress)
	assert.Empty(t, tx.VaultAddr)
	assert.Equal(t, byzantine.MustParseDecimal("957.99"), sender.idle(byzantine.ChainBase, byzantine.FiatUSD))
	assert.Equal(t, byzantine.MustParseDecimal("42.01"), receiver.idle(byzantine.ChainBase, byzantine.FiatUSD), "an account of the same sandbox")
}

func TestTransferOutOfTheSandbox(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	submitted := i.submit(i.transferPayload(byzantine.ChainEthereum, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1000"), "0x000000000000000000000000000000000000dEaD"))
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionCompleted, i.transaction(submitted.TransactionID).Status)
	assert.Empty(t, i.idle(byzantine.ChainEthereum, byzantine.FiatUSD))
	assert.Equal(t, byzantine.MustParseDecimal("1000"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
}

func TestTransferRefusals(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	_, err := i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("0"), i.wallet)
	refused(t, err, 400, "must be positive")
	_, err = i.transferPayload(10, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1"), i.wallet)
	refused(t, err, 400, "unknown chain 10")

	submitted := i.submit(i.transferPayload(byzantine.ChainBase, byzantine.CryptoEURC, byzantine.MustParseDecimal("1"), i.wallet))
	assert.Equal(t, byzantine.TransactionSimulationFailed, submitted.Status, "there is no EURC")

	submitted = i.submit(i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("400"), newInvestor(t, server).wallet))
	server.FailTransaction(submitted.TransactionID, byzantine.TransactionSimulationFailed)
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.MustParseDecimal("1000"), i.idle(byzantine.ChainBase, byzantine.FiatUSD), "a failed transfer gives back")
}

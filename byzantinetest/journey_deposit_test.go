package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A deposit in a stablecoin comes out of the wallet and goes on the chain as soon as it is signed.
func TestJourneyStablecoinDeposit(t *testing.T) {
	i := newActiveInvestor(t, live(t))

	// Step 1: ask for the payload. The API shows no transaction yet.
	payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("250.5"), byzantine.CurrencyUSDC)
	require.NoError(t, err)
	assert.Equal(t, byzantine.ChainBase, payload.ChainID)
	activity, err := payload.Activity()
	require.NoError(t, err)
	assert.Equal(t, "PAYLOAD_ENCODING_HEXADECIMAL", activity.SignRawPayloads.Encoding)
	_, err = i.client.GetTransaction(t.Context(), payload.TransactionID)
	require.ErrorIs(t, err, byzantine.ErrNotFound)

	// Step 2: sign and submit.
	submitted := i.submit(payload, nil)
	assert.Regexp(t, "^0x[0-9a-f]{64}$", submitted.TransactionHash)
	assert.NotNil(t, submitted.BroadcastedAt)
	assert.Nil(t, submitted.FiatDepositInstructions)

	// Step 3: wait, and see the position.
	tx := i.wait(submitted.TransactionID)
	assert.Equal(t, byzantine.TransactionTypeDeposit, tx.Type)
	assert.Equal(t, byzantine.MustParseDecimal("250.5"), tx.IntermediaryAmount)
	assert.Equal(t, byzantinetest.VaultBaseUSDC, tx.VaultAddr)
	assert.Equal(t, byzantine.CurrencyUSDC, tx.SourceCurrency)
	assert.Equal(t, submitted.TransactionHash, tx.TransactionHash)
	assert.Equal(t, byzantine.MustParseDecimal("250.5"), i.invested(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("749.5"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
}

// With a processing time of 0 the response to the submission shows the end, as the API's guide has it.
func TestDepositThatCompletesAtOnce(t *testing.T) {
	i := newActiveInvestor(t, newServer(t, byzantinetest.WithProcessingTime(0)))
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC))
	assert.Equal(t, byzantine.TransactionCompleted, submitted.Status)
	assert.NotEmpty(t, submitted.TransactionHash)
	assert.Equal(t, byzantine.MustParseDecimal("100"), i.invested(byzantinetest.VaultBaseUSDC))
}

// A deposit in fiat is signed first and paid then. The test plays the user's bank.
func TestJourneyFiatDeposit(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)

	payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseEURC, byzantine.MustParseDecimal("500"), byzantine.CurrencyEUR)
	submitted := i.submit(payload, err)
	assert.Equal(t, byzantine.TransactionWaitingForFunds, submitted.Status)
	assert.Empty(t, submitted.TransactionHash)
	instructions := submitted.FiatDepositInstructions
	require.NotNil(t, instructions)
	assert.Equal(t, byzantine.CurrencyEUR, instructions.Currency)
	assert.Equal(t, byzantine.MustParseDecimal("500"), instructions.ExpectedDepositAmount)
	assert.NotEmpty(t, instructions.IBAN)
	assert.NotEmpty(t, instructions.BIC)
	assert.Empty(t, instructions.BankAccountNumber)
	assert.Empty(t, instructions.ObjectID)
	assert.Equal(t, []byzantine.DepositPaymentRail{byzantine.DepositRailSEPA}, instructions.PaymentRails)
	server.Advance(24 * time.Hour)
	assert.Equal(t, byzantine.TransactionWaitingForFunds, i.transaction(submitted.TransactionID).Status, "nobody has paid")

	// The user sends a little more than needed.
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyEUR, byzantine.MustParseDecimal("512.34"))
	assert.Equal(t, byzantine.TransactionFundsInTransfer, i.transaction(submitted.TransactionID).Status)
	server.Advance(time.Minute)

	tx := i.transaction(submitted.TransactionID)
	assert.Equal(t, byzantine.TransactionCompleted, tx.Status)
	assert.Equal(t, byzantine.TransactionTypeOnrampDeposit, tx.Type)
	assert.Equal(t, byzantine.MustParseDecimal("500"), tx.IntermediaryAmount)
	assert.Equal(t, byzantine.CurrencyEUR, tx.SourceCurrency)
	assert.Equal(t, byzantine.CurrencyEURC, tx.DestinationCurrency)
	assert.NotEmpty(t, tx.FiatDepositInstructions.ObjectID)
	assert.NotEmpty(t, tx.TransactionHash)
	assert.Equal(t, []byzantine.TransactionStatus{
		byzantine.TransactionWaitingForFunds, byzantine.TransactionFundsInTransfer, byzantine.TransactionFundsReceived,
		byzantine.TransactionProcessing, byzantine.TransactionCompleted,
	}, i.statuses(submitted.TransactionID))
	assert.Equal(t, byzantine.MustParseDecimal("500"), i.invested(byzantinetest.VaultBaseEURC))
	assert.Equal(t, byzantine.MustParseDecimal("12.34"), i.idle(byzantine.ChainBase, byzantine.FiatEUR), "what is over lies idle")

	// Idle money goes into the vault by a deposit in the stablecoin.
	submitted = i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseEURC, byzantine.MustParseDecimal("12.34"), byzantine.CurrencyEURC))
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionCompleted, i.transaction(submitted.TransactionID).Status)
	assert.Empty(t, i.idle(byzantine.ChainBase, byzantine.FiatEUR))
}

func TestFiatDepositInAnotherCurrency(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseEURC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSD))
	instructions := submitted.FiatDepositInstructions
	assert.Equal(t, byzantine.MustParseDecimal("110.55"), instructions.ExpectedDepositAmount, "at 1.10, and half a percent more")
	assert.NotEmpty(t, instructions.BankAccountNumber)
	assert.NotEmpty(t, instructions.BankRoutingNumber)
	assert.Empty(t, instructions.IBAN)

	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSD, instructions.ExpectedDepositAmount)
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.MustParseDecimal("100"), i.invested(byzantinetest.VaultBaseEURC))
	assert.Equal(t, byzantine.MustParseDecimal("0.5"), i.idle(byzantine.ChainBase, byzantine.FiatEUR))
}

// A bank knows no fraction of a cent.
func TestFiatDepositIsPaidInWholeCents(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("99.990001"), byzantine.CurrencyUSD))
	assert.Equal(t, byzantine.MustParseDecimal("100"), submitted.FiatDepositInstructions.ExpectedDepositAmount)
	i.server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSD, byzantine.MustParseDecimal("100"))
	i.server.Advance(time.Minute)
	assert.Equal(t, byzantine.MustParseDecimal("99.990001"), i.invested(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("1000.009999"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
}

func TestBankTransfersThatPayNoDeposit(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyEUR, byzantine.MustParseDecimal("10"))
	assert.Equal(t, byzantine.MustParseDecimal("10"), i.idle(byzantine.ChainBase, byzantine.FiatEUR), "none was asked for")

	waiting := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("500"), byzantine.CurrencyUSD))
	for _, transfer := range []struct {
		chain    byzantine.ChainID
		currency byzantine.Currency
	}{
		{byzantine.ChainBase, byzantine.CurrencyUSD}, {byzantine.ChainEthereum, byzantine.CurrencyUSD}, {byzantine.ChainBase, byzantine.CurrencyEUR}, {byzantine.ChainBase, byzantine.CurrencyUSDC},
	} {
		server.Fund(i.accountID, transfer.chain, transfer.currency, byzantine.MustParseDecimal("499.99"))
	}
	server.Fund(i.accountID, byzantine.ChainEthereum, byzantine.CurrencyUSD, byzantine.MustParseDecimal("500"))
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionWaitingForFunds, i.transaction(waiting.TransactionID).Status,
		"too little, on another chain, in another currency, not from a bank")
	assert.Equal(t, byzantine.MustParseDecimal("1999.98"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
	assert.Equal(t, byzantine.MustParseDecimal("1999.99"), i.idle(byzantine.ChainEthereum, byzantine.FiatUSD))

	// The oldest deposit that a transfer covers is paid.
	second := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("500"), byzantine.CurrencyUSD))
	server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSD, byzantine.MustParseDecimal("500"))
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionCompleted, i.transaction(waiting.TransactionID).Status)
	assert.Equal(t, byzantine.TransactionWaitingForFunds, i.transaction(second.TransactionID).Status)
}

func TestFiatDepositThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration // since the money came; the processing time is 2 seconds
		idle  byzantine.Decimal
	}{
		"before the money came": {after: -1},
		"in transfer":           {after: time.Second},
		"received":              {after: 3 * time.Second, idle: byzantine.MustParseDecimal("600")},
		"processing":            {after: 5 * time.Second, idle: byzantine.MustParseDecimal("600")},
	} {
		t.Run(name, func(t *testing.T) {
			server := stopped(t)
			i := newInvestor(t, server)
			server.Activate(i.accountID, byzantine.ChainBase)
			submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("500"), byzantine.CurrencyUSD))
			if c.after > 0 {
				server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSD, byzantine.MustParseDecimal("600"))
				server.Advance(c.after)
			}
			server.FailTransaction(submitted.TransactionID, byzantine.TransactionRefunded)
			server.Advance(time.Minute)
			assert.Equal(t, byzantine.TransactionRefunded, i.transaction(submitted.TransactionID).Status)
			assert.Empty(t, i.invested(byzantinetest.VaultBaseUSDC))
			assert.Equal(t, c.idle, i.idle(byzantine.ChainBase, byzantine.FiatUSD))
		})
	}
}

func TestDepositRefusals(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	for name, c := range map[string]struct {
		chain    byzantine.ChainID
		vault    string
		amount   byzantine.Decimal
		currency byzantine.Currency
		words    string
	}{
		"unknown vault":          {byzantine.ChainBase, i.wallet, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "vaultAddr: no vault"},
		"vault of another chain": {byzantine.ChainBase, byzantinetest.VaultEthereumUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "vaultAddr: no vault"},
		"unknown chain":          {10, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "unknown chain 10"},
		"nothing":                {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("0"), byzantine.CurrencyUSDC, "must be positive"},
		"less than nothing":      {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("-5"), byzantine.CurrencyUSDC, "must be positive"},
		"another stablecoin":     {byzantine.ChainBase, byzantinetest.VaultBaseEURC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "the vault takes eurc"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := i.depositPayload(c.chain, c.vault, c.amount, c.currency)
			refused(t, err, 400, c.words)
		})
	}
}

// Like the API, the sandbox drops decimals beyond the coin's. This client rejects such an amount, so the test sends it raw.
func TestDecimalsBeyondTheCoinsAreDropped(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	deposit := func(amount string) (*byzantine.Payload, error) {
		payload := &byzantine.Payload{}
		err := i.client.Do(t.Context(), "POST", "/v1/query/get-deposit-payload-passkey?chain_id=8453", map[string]any{
			"accountId": i.accountID, "vaultAddr": byzantinetest.VaultBaseUSDC, "amount": amount, "sourceCurrency": "usdc",
		}, payload)
		payload.ChainID, payload.Operation = byzantine.ChainBase, "get_deposit_payload_passkey"
		return payload, err
	}
	t.Run("to nothing", func(t *testing.T) {
		_, err := deposit("0.0000009")
		refused(t, err, 400, "amount: 0 after six decimals")
	})
	t.Run("no number", func(t *testing.T) {
		_, err := deposit("1,5")
		assert.ErrorIs(t, err, byzantine.ErrBadRequest)
		assert.ErrorContains(t, err, "amount: must be a decimal number such as 1250.50: a comma is not allowed")
	})
	t.Run("to less", func(t *testing.T) {
		i.submit(deposit("1000.0000009"))
		i.server.Advance(time.Minute)
		assert.Equal(t, byzantine.MustParseDecimal("1000"), i.invested(byzantinetest.VaultBaseUSDC))
	})
}

// What a payload asks for is compared with the balance when it is signed.
func TestDepositOfMoreThanThereIs(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1000.000001"), byzantine.CurrencyUSDC))
	assert.Equal(t, byzantine.TransactionSimulationFailed, submitted.Status)
	assert.Empty(t, submitted.TransactionHash, "nothing went on the chain")
	server.Advance(time.Minute)
	assert.Empty(t, i.invested(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("1000"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
}

func TestDepositThatFailsGivesBack(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("900"), byzantine.CurrencyUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("100"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
	server.FailTransaction(submitted.TransactionID, byzantine.TransactionReverted)
	assert.Equal(t, byzantine.MustParseDecimal("1000"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
	_, err := i.client.WaitForTransaction(t.Context(), submitted.TransactionID)
	var failed *byzantine.TransactionFailedError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, byzantine.TransactionReverted, failed.Transaction.Status)
}

package byzantinetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A withdrawal in a stablecoin pays into the wallet.
func TestJourneyStablecoinWithdrawal(t *testing.T) {
	i := newActiveInvestor(t, live(t))
	i.wait(i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("600"), byzantine.CurrencyUSDC)).TransactionID)

	payload, err := i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("250"), byzantine.CurrencyUSDC, "")
	require.NoError(t, err)
	assert.Nil(t, payload.DestinationBankAccount)
	submitted := i.submit(payload, err)
	assert.False(t, submitted.Queued())
	tx := i.wait(submitted.TransactionID)
	assert.Equal(t, byzantine.TransactionTypeWithdraw, tx.Type)
	assert.Equal(t, byzantine.MustParseDecimal("250"), tx.IntermediaryAmount)
	assert.Equal(t, byzantine.CurrencyUSDC, tx.DestinationCurrency)
	assert.Nil(t, tx.WithdrawalRequest)
	assert.Equal(t, byzantine.MustParseDecimal("350"), i.invested(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("650"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))

	// All that the balance shows can be taken, and nothing is left.
	i.wait(i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("350"), byzantine.CurrencyUSDC, "")).TransactionID)
	assert.Nil(t, i.position(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("1000"), i.idle(byzantine.ChainBase, byzantine.FiatUSD))
}

// A withdrawal in fiat goes to a bank account, which the payload names.
func TestJourneyFiatWithdrawal(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("600"))
	checking := i.addBankAccount(&byzantine.AddBankAccountRequest{
		Currency: byzantine.CurrencyUSD, Label: "Checking", ACHBankAccountDetails: &byzantine.ACHAccountParam{
			BankName: "First Example", AccountNumber: "000987654321", RoutingNumber: "021000021", CheckingOrSavings: byzantine.CheckingAccount,
		},
	})
	iban := i.addBankAccount(&byzantine.AddBankAccountRequest{
		Currency: byzantine.CurrencyEUR, Label: "Girokonto", IBANBankAccountDetails: &byzantine.IBANAccountParam{
			AccountNumber: "DE89370400440532013000", BIC: "COBADEFFXXX", Country: "DEU",
		},
	})

	payload, err := i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("110"), byzantine.CurrencyEUR, iban)
	require.NoError(t, err)
	assert.Equal(t, "3000", payload.DestinationBankAccount.IBAN.Last4)
	submitted := i.submit(payload, err)
	assert.Equal(t, byzantine.TransactionProcessing, submitted.Status)
	assert.Equal(t, "3000", submitted.DestinationBankAccount.IBAN.Last4)
	server.Advance(time.Minute)

	tx := i.transaction(submitted.TransactionID)
	assert.Equal(t, byzantine.TransactionTypeWithdrawOfframp, tx.Type)
	assert.Equal(t, byzantine.CurrencyEUR, tx.DestinationCurrency)
	assert.Equal(t, byzantine.MustParseDecimal("100"), tx.DestinationAmount)
	assert.Equal(t, byzantine.MustParseDecimal("110"), tx.SourceAmount)
	assert.Equal(t, iban, tx.DestinationBankAccount.ObjectID)
	assert.Equal(t, []byzantine.TransactionStatus{
		byzantine.TransactionProcessing, byzantine.TransactionWaitingForFunds, byzantine.TransactionFundsInTransfer,
		byzantine.TransactionCompleted,
	}, i.statuses(submitted.TransactionID))
	assert.Equal(t, byzantine.MustParseDecimal("490"), i.invested(byzantinetest.VaultBaseUSDC))
	assert.Equal(t, byzantine.MustParseDecimal("400"), i.idle(byzantine.ChainBase, byzantine.FiatUSD), "it left the wallet for the bank")

	t.Run("the first bank account in the currency serves if none is named", func(t *testing.T) {
		submitted := i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSD, ""))
		assert.Equal(t, "4321", submitted.DestinationBankAccount.ACH.Last4)
		server.Advance(time.Minute)
		assert.Equal(t, checking, i.transaction(submitted.TransactionID).DestinationBankAccount.ObjectID)
	})
	t.Run("not one in another currency", func(t *testing.T) {
		_, err := i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyEUR, checking)
		refused(t, err, 400, "no such bank account in eur")
	})
}

func (i *investor) addBankAccount(req *byzantine.AddBankAccountRequest) string {
	i.t.Helper()
	req.AccountID = i.accountID
	link, err := i.client.AddBankAccount(i.t.Context(), req)
	require.NoError(i.t, err)
	return link.BankAccountID
}

// queued makes a withdrawal that the vault queues.
func (i *investor) queued(amount byzantine.Decimal) *byzantine.SubmittedTransaction {
	i.t.Helper()
	var answer byzantine.Response
	signed := i.sign(i.withdrawPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, amount, byzantine.CurrencyUSDC, ""))
	submitted, err := i.send(signed, byzantine.WithResponse(&answer))
	require.NoError(i.t, err)
	assert.Equal(i.t, 202, answer.StatusCode)
	assert.True(i.t, submitted.Queued())
	assert.Equal(i.t, byzantine.TransactionWithdrawalInitiated, submitted.Status)
	assert.Equal(i.t, byzantine.WithdrawalPending, submitted.WithdrawalRequest.Status)
	assert.Empty(i.t, submitted.TransactionHash)
	return submitted
}

func newQueuingInvestor(t *testing.T) (*investor, *byzantinetest.Server) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	i.submit(i.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("600"), byzantine.CurrencyUSDC))
	server.Advance(time.Minute)
	return i, server
}

// Some vaults queue a withdrawal: the response is a 202, and until the vault pays the user can change their mind.
func TestJourneyQueuedWithdrawalIsCancelled(t *testing.T) {
	i, server := newQueuingInvestor(t)
	withdrawal := i.queued(byzantine.MustParseDecimal("200"))
	assert.Equal(t, byzantine.MustParseDecimal("400"), i.invested(byzantinetest.VaultEthereumQueued))
	assert.Equal(t, byzantine.MustParseDecimal("200"), i.position(byzantinetest.VaultEthereumQueued).PendingWithdrawals.Balance)
	assert.NotEmpty(t, i.position(byzantinetest.VaultEthereumQueued).PendingWithdrawals.Shares)

	// The cancellation is a payload of its own. It is submitted with the payload's TransactionID.
	var answer byzantine.Response
	payload, err := i.cancelPayload(byzantine.ChainEthereum, withdrawal.TransactionID)
	cancelled, err := i.send(i.sign(payload, err), byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, byzantine.TransactionCancelled, cancelled.Status)

	server.Advance(24 * time.Hour)
	tx := i.transaction(withdrawal.TransactionID)
	assert.Equal(t, byzantine.TransactionCancelled, tx.Status)
	assert.Equal(t, byzantine.WithdrawalCancelled, tx.WithdrawalRequest.Status)
	assert.Nil(t, i.position(byzantinetest.VaultEthereumQueued).PendingWithdrawals)
	assert.Equal(t, byzantine.MustParseDecimal("400"), i.idle(byzantine.ChainEthereum, byzantine.FiatUSD), "nothing was paid")
	assert.Equal(t, []byzantine.TransactionStatus{byzantine.TransactionWithdrawalInitiated}, i.statuses(withdrawal.TransactionID),
		"there is no event of the cancellation")

	_, err = i.cancelPayload(byzantine.ChainEthereum, withdrawal.TransactionID)
	refused(t, err, 400, "not a queued withdrawal that is pending")
}

func TestJourneyQueuedWithdrawalIsSettled(t *testing.T) {
	i, server := newQueuingInvestor(t)
	withdrawal := i.queued(byzantine.MustParseDecimal("200"))
	server.SettleWithdrawal(withdrawal.TransactionID)
	assert.Equal(t, byzantine.TransactionProcessing, i.transaction(withdrawal.TransactionID).Status)
	_, err := i.cancelPayload(byzantine.ChainEthereum, withdrawal.TransactionID)
	refused(t, err, 400, "not a queued withdrawal that is pending")
	server.Advance(time.Minute)
	tx := i.transaction(withdrawal.TransactionID)
	assert.Equal(t, byzantine.TransactionCompleted, tx.Status)
	assert.Equal(t, byzantine.WithdrawalSettled, tx.WithdrawalRequest.Status)
	assert.Nil(t, i.position(byzantinetest.VaultEthereumQueued).PendingWithdrawals)
	assert.Equal(t, byzantine.MustParseDecimal("600"), i.idle(byzantine.ChainEthereum, byzantine.FiatUSD))
	assert.PanicsWithValue(t, "byzantinetest: SettleWithdrawal: transactionId: the transaction "+withdrawal.TransactionID+" is not a withdrawal that is queued",
		func() { server.SettleWithdrawal(withdrawal.TransactionID) })
}

func TestQueuedWithdrawalIsSettledByItself(t *testing.T) {
	i, server := newQueuingInvestor(t)
	withdrawal := i.queued(byzantine.MustParseDecimal("200"))
	server.Advance(time.Hour - time.Second)
	assert.Equal(t, byzantine.TransactionWithdrawalInitiated, i.transaction(withdrawal.TransactionID).Status)
	before := server.Now()
	server.Advance(time.Hour)
	tx := i.transaction(withdrawal.TransactionID)
	assert.Equal(t, byzantine.TransactionCompleted, tx.Status)
	assert.Equal(t, before.Add(3*time.Second), tx.UpdatedAt, "it happened in its time, not when somebody looked")
}

// The cancellation that is signed too late is rejected, and the withdrawal goes on.
func TestCancellationComesTooLate(t *testing.T) {
	i, server := newQueuingInvestor(t)
	withdrawal := i.queued(byzantine.MustParseDecimal("200"))
	signed := i.sign(i.cancelPayload(byzantine.ChainEthereum, withdrawal.TransactionID))
	server.SettleWithdrawal(withdrawal.TransactionID)
	_, err := i.send(signed)
	refused(t, err, 400, "not pending any more")
	server.Advance(time.Minute)
	assert.Equal(t, byzantine.TransactionCompleted, i.transaction(withdrawal.TransactionID).Status)
}

func TestQueuedWithdrawalThatFailsGivesBack(t *testing.T) {
	for name, settled := range map[string]bool{"in the queue": false, "after the queue": true} {
		t.Run(name, func(t *testing.T) {
			i, server := newQueuingInvestor(t)
			withdrawal := i.queued(byzantine.MustParseDecimal("200"))
			if settled {
				server.SettleWithdrawal(withdrawal.TransactionID)
			}
			server.FailTransaction(withdrawal.TransactionID, byzantine.TransactionReverted)
			server.Advance(2 * time.Hour)
			assert.Equal(t, byzantine.TransactionReverted, i.transaction(withdrawal.TransactionID).Status)
			assert.Nil(t, i.position(byzantinetest.VaultEthereumQueued).PendingWithdrawals)
			assert.Equal(t, byzantine.MustParseDecimal("600.011668"), i.invested(byzantinetest.VaultEthereumQueued),
				"with the yield of two hours: 600 / 1.021452 shares, at 8.7 % a year")
			assert.Equal(t, byzantine.MustParseDecimal("400"), i.idle(byzantine.ChainEthereum, byzantine.FiatUSD))
		})
	}
}

// That a vault is not asynchronous does not mean that it never queues.
func TestAnyVaultCanQueue(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("600"))
	server.QueueWithdrawals(byzantinetest.VaultBaseUSDC, true)
	submitted := i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC, ""))
	assert.True(t, submitted.Queued())
	assert.False(t, i.position(byzantinetest.VaultBaseUSDC).IsAsyncVault)
	server.QueueWithdrawals(byzantinetest.VaultBaseUSDC, false)
	submitted = i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC, ""))
	assert.False(t, submitted.Queued())
	assert.PanicsWithValue(t, "byzantinetest: QueueWithdrawals: vaultAddr: no vault 0x00: there are "+strings.Join([]string{
		byzantinetest.VaultBaseUSDC, byzantinetest.VaultBaseUSDCLegacy, byzantinetest.VaultBaseEURC, byzantinetest.VaultBaseUSDCTest,
		byzantinetest.VaultEthereumUSDC, byzantinetest.VaultEthereumQueued}, ", "), func() { server.QueueWithdrawals("0x00", true) })
}

func TestWithdrawalRefusals(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("600"))
	for name, c := range map[string]struct {
		chain    byzantine.ChainID
		vault    string
		amount   byzantine.Decimal
		currency byzantine.Currency
		bank     string
		words    string
	}{
		"unknown vault":            {byzantine.ChainBase, i.wallet, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "", "vaultAddr: no vault"},
		"vault of another chain":   {byzantine.ChainEthereum, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "", "vaultAddr: no vault"},
		"nothing":                  {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("0"), byzantine.CurrencyUSDC, "", "must be positive"},
		"another stablecoin":       {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyEURC, "", "the vault pays usdc"},
		"bank for a stablecoin":    {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, unknownID, "for usd and eur only"},
		"fiat, no bank account":    {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSD, "", "no such bank account in usd"},
		"fiat, not a bank account": {byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSD, unknownID, "no such bank account in usd"},
		"unknown chain":            {137, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "", "unknown chain 137"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := i.withdrawPayload(c.chain, c.vault, c.amount, c.currency, c.bank)
			refused(t, err, 400, c.words)
		})
	}
	t.Run("more than there is", func(t *testing.T) {
		submitted := i.submit(i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("600.000001"), byzantine.CurrencyUSDC, ""))
		assert.Equal(t, byzantine.TransactionSimulationFailed, submitted.Status)
		assert.Equal(t, byzantine.MustParseDecimal("600"), i.invested(byzantinetest.VaultBaseUSDC))
	})
}

func TestCancellationRefusals(t *testing.T) {
	i, server := newQueuingInvestor(t)
	withdrawal := i.queued(byzantine.MustParseDecimal("200"))
	_, err := i.cancelPayload(byzantine.ChainEthereum, unknownID)
	refused(t, err, 400, "no such transaction")
	_, err = i.cancelPayload(byzantine.ChainBase, withdrawal.TransactionID)
	refused(t, err, 400, "not on this chain")
	server.SetStatus(i.accountID, byzantine.VerificationInactive)
	_, err = i.cancelPayload(byzantine.ChainEthereum, withdrawal.TransactionID)
	refused(t, err, 400, "verification is inactive")
}

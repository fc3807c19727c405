package demoapp

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

func TestAmount(t *testing.T) {
	for in, want := range map[byzantine.Decimal]string{
		"0": "0.00", "7": "7.00", "12.5": "12.50", "999.99": "999.99", "1000": "1,000.00", "1234567.891234": "1,234,567.891234",
		"-1234.5": "-1,234.50", "0250.5": "250.50", "00.1": "0.10", "100000": "100,000.00", "1E-7": "1E-7", "": "",
	} {
		assert.Equal(t, want, amount(in), "%s", in)
	}
}

// The API may have words that this program does not know.
func TestDescribeUnknownWords(t *testing.T) {
	v := new(app).describe(&byzantine.Transaction{Type: "approve_deposit", Status: "on_hold", ChainID: 10})
	assert.Equal(t, transactionView{What: "Approve deposit", Where: "chain 10", Status: "on_hold", State: "On hold"}, v)
	assert.Empty(t, new(app).describe(&byzantine.Transaction{}).State)
}

func TestEveryStatusHasWords(t *testing.T) {
	for _, s := range []byzantine.TransactionStatus{
		byzantine.TransactionWithdrawalInitiated, byzantine.TransactionWaitingForFunds, byzantine.TransactionFundsInTransfer,
		byzantine.TransactionFundsReceived, byzantine.TransactionProcessing, byzantine.TransactionCompleted,
		byzantine.TransactionSimulationFailed, byzantine.TransactionReverted, byzantine.TransactionRefunded, byzantine.TransactionCancelled,
	} {
		v := new(app).describe(&byzantine.Transaction{Status: s})
		assert.NotEmpty(t, v.Meaning, s)
		assert.Equal(t, s.Terminal(), v.Final)
	}
}

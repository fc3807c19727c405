package demoapp

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

func TestAmount(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0.00", "7": "7.00", "12.5": "12.50", "999.99": "999.99", "1000": "1,000.00", "1234567.891234": "1,234,567.891234",
		"-1234.5": "-1,234.50", "0250.5": "250.50", "00.1": "0.10", "100000": "100,000.00",
	} {
		assert.Equal(t, want, amount(byzantine.MustParseDecimal(in)), in)
	}
	assert.Empty(t, amount(byzantine.Decimal{}))
}

// The API may return types and statuses that this application does not know.
func TestDescribeUnknownWords(t *testing.T) {
	v := new(app).describe(&byzantine.Transaction{Type: "approve_deposit", Status: "on_hold", ChainID: 10})
	assert.Equal(t, transactionView{
		What: "Approve deposit", Where: "chain 10", Chain: "chain 10", Status: "on_hold", State: "On hold",
		Steps: []step{{Name: "Submitted", State: stepDone}, {Name: "On hold", State: stepNow}, {Name: "Sent to the chain", State: stepNext}, {Name: "Completed", State: stepNext}},
	}, v)
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

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]string{
		"250": "250", "250.50": "250.5", "250,50": "250.5", "250.00": "250", " 250,5 ": "250.5", "0,125": "0.125", "0.125": "0.125", "1,25": "1.25", "1.2500": "1.25",
		"1 250": "1250", "1 250,50": "1250.5", "1\u00a0250.50": "1250.5", "1\u202f250,50": "1250.5", "1'250.50": "1250.5", "1’250’000": "1250000",
		"1,250.50": "1250.5", "1.250,50": "1250.5", "1,250,000": "1250000", "1.250.000,5": "1250000.5", "1 234,567": "1234.567", "1234,567": "1234.567",
		"12,345.678": "12345.678", "000250": "250", "0.000001": "0.000001", "999999999999999": "999999999999999",
	} {
		got, err := parseAmount(text)
		assert.NoError(t, err, text)
		assert.Equal(t, want, got.String(), text)
	}
	for text, words := range map[string]string{
		"": "such as", " ": "such as", ".": "such as", ",": "such as", "1.": "such as", ".5": "such as", ",5": "such as", "1 2": "such as", "12 50": "such as",
		"1 2345": "such as", "1234 567": "such as", "1,25,000": "such as", "1.250.00": "such as", "1,250.5.0": "such as", "1 250,000,000": "such as",
		"1.5,5.5": "such as", "-1": "such as", "+1": "such as", "1e3": "such as", "٣": "such as", "$1": "such as", "1  250": "such as", "1000000000000000": "such as",
		"1,000": "Is that 1000 or 1.0000?", "250.125": "Is that 250125 or 250.1250?",
		"0.0000001": "six decimals", "0": "above zero", "0,00": "above zero", "000 000": "above zero",
	} {
		got, err := parseAmount(text)
		assert.ErrorContains(t, err, words, text)
		assert.False(t, got.IsSet(), text)
	}
}

// The amount that a button puts into a form is read as the same amount, rounded down to six decimals.
func TestTyped(t *testing.T) {
	for in, want := range map[string]string{"1000": "1000", "1000.50": "1000.5", "1.125": "1.1250", "0.000001": "0.000001", "7.1234567": "7.123456"} {
		d := byzantine.MustParseDecimal(in)
		assert.Equal(t, want, typed(d))
		got, err := parseAmount(typed(d))
		assert.NoError(t, err)
		assert.LessOrEqual(t, got.Cmp(d), 0, "never more than there is")
		assert.True(t, got.Equal(d.Round(maxPlaces, byzantine.RoundDown)))
	}
}

var plain = regexp.MustCompile(`^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$`)

// Whatever was typed, an amount that is accepted is valid for the API, is above zero, and has the typed digits in their
// order except for zeros at the beginning and the end. If the page shows it and the user types that again, it is the same
// amount.
func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"250", "250,50", "1 250,50", "1,250.50", "1.250", "0.000001", "1’000", "", ".", "-1", "1e9"} {
		f.Add(seed)
	}
	digits := func(s string) string {
		return strings.TrimLeft(strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, s), "0")
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseAmount(text)
		if err != nil {
			assert.False(t, got.IsSet())
			return
		}
		assert.Regexp(t, plain, got.String())
		assert.Positive(t, got.Sign())
		zeros, found := strings.CutPrefix(digits(text), digits(got.String()))
		assert.True(t, found, "%q", got)
		assert.Empty(t, strings.Trim(zeros, "0"), "what is left out are zeros")
		assert.True(t, zeros == "" || strings.ContainsAny(text, ".,"), "at the end of the decimals")
		again, err := parseAmount(typed(got))
		assert.NoError(t, err)
		assert.True(t, again.Equal(got))
	})
}

package byzantinetest

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// pageFunctions are what the templates call.
var pageFunctions = template.FuncMap{
	"utc":      func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"clock":    func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"date":     func(t time.Time) string { return t.UTC().Format("Mon 2 Jan 2006") },
	"moment":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") },
	"field":    func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") },
	"took":     tookText,
	"in":       inWords,
	"statuses": statusText,
	"words":    wordsOf,
	"kind":     kindText,
	"chain":    chainText,
	"money":    movedMoney,
	"amount":   amountText,
	"coins":    coinsText,
	"sandbox":  func(path string) string { return StatusPath + path },
	"control":  func() string { return ControlPath },
	"document": func() string { return documentPath },
	"counted":  counted,
	"json":     func(body []byte) string { return shownResponse(body) },
	"momentOf": momentText,
	"excerpt":  excerpt,
	"form":     withForm,
	"number":   func(n int32) int { return int(n) },
	"sections": pageSections,
	"title":    func(section string) string { return strings.ToUpper(section[:1]) + section[1:] },
	"typed":    func(p *page, control, id, field, usual string) string { return p.Typed(control, id, field, usual) },
}

// pageSections are the entries of the navigation, in order.
func pageSections() []string {
	return []string{"mailbox", "requests", "accounts", "transactions", "webhooks", "events", "faults"}
}

// formPart is a form of a page, for the templates that several pages share.
type formPart struct {
	Page    *page
	Control string
	ID      string // of the thing that it is about
}

func withForm(p *page, control, id string) formPart { return formPart{p, control, id} }

// Error is why the form has failed, empty if it has not.
func (f formPart) Error() string { return f.Page.Failed(f.Control, f.ID) }

// Slot is the id of the HTML element with the error.
func (f formPart) Slot() string { return f.Control + "-" + f.ID + "-error" }

// tookText is a real time in a readable unit.
func tookText(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// statusText is a status with its name.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
}

// wordsOf turns the API's spelling of a value into words: "waiting_for_funds" into "waiting for funds".
func wordsOf(value any) string { return strings.ReplaceAll(fmt.Sprint(value), "_", " ") }

// kindText names a type of transaction.
func kindText(kind byzantine.TransactionType) string {
	switch kind {
	case byzantine.TransactionTypeOnrampDeposit:
		return "Deposit by bank transfer"
	case byzantine.TransactionTypeWithdraw:
		return "Withdrawal"
	case byzantine.TransactionTypeWithdrawOfframp:
		return "Withdrawal to a bank account"
	case byzantine.TransactionTypeAuthorization:
		return "Activation"
	}
	words := wordsOf(kind)
	if words == "" {
		return "Transaction"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

func chainText(chain byzantine.ChainID) string {
	switch chain {
	case byzantine.ChainBase:
		return "Base"
	case byzantine.ChainEthereum:
		return "Ethereum"
	}
	return fmt.Sprint("chain ", chain)
}

// movedMoney is what goes in and, if it is something else, what comes out.
func movedMoney(tx byzantine.Transaction) string {
	in, out := amountText(tx.SourceAmount, tx.SourceCurrency), amountText(tx.DestinationAmount, tx.DestinationCurrency)
	if in == out || out == "" {
		return in
	}
	return strings.TrimSpace(in + " to " + out)
}

// coinsText is a balance. It is in the stablecoin that follows the currency.
func coinsText(balance byzantine.Decimal, currency byzantine.FiatCurrency) string {
	coin := byzantine.CurrencyUSDC
	if currency == byzantine.FiatEUR {
		coin = byzantine.CurrencyEURC
	}
	return amountText(balance, coin)
}

func amountText(amount byzantine.Decimal, currency byzantine.Currency) string {
	var words []string
	if amount.IsSet() {
		words = append(words, amount.String())
	}
	if currency != "" {
		words = append(words, strings.ToUpper(string(currency)))
	}
	return strings.Join(words, " ")
}

// excerpt is the beginning of a response, in one line.
func excerpt(body []byte) string {
	const enough = 300
	text := strings.Join(strings.Fields(shownResponse(body)), " ")
	if runes := []rune(text); len(runes) > enough {
		return string(runes[:enough]) + " ..."
	}
	return text
}

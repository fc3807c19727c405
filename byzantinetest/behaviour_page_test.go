package byzantinetest_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

const behaviourPage = "../docs/behaviour.md"

// generatedPart holds the part of docs/behaviour.md between two comments against text, or writes it.
func generatedPart(t *testing.T, name, text string) {
	t.Helper()
	page, err := os.ReadFile(behaviourPage)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), "<!-- "+name+" -->\n")
	old, after, ended := strings.Cut(rest, "<!-- end of "+name+" -->\n")
	require.True(t, found && ended, "docs/behaviour.md has no part %q", name)
	if *updateDocs {
		text = before + "<!-- " + name + " -->\n" + text + "<!-- end of " + name + " -->\n" + after
		require.NoError(t, os.WriteFile(behaviourPage, []byte(text), 0o666))
		return
	}
	assert.Equal(t, text, old, "docs/behaviour.md is out of date: go test -run TestBehaviourPage ./byzantinetest ./cmd/byzantine -update-docs")
}

// flagOfOption is the flag of the command for an option that the package comment names.
var flagOfOption = map[string]string{
	"WithManualApproval": "-manual-approval", "WithProcessingTime": "-processing-time", "WithAnyWebhookURL": "-any-webhook-url",
}

// The choices of the package comment stand in docs/behaviour.md as well, with flags and routes in place of names of Go.
func TestBehaviourPageHasTheChoices(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, choices, found := strings.Cut(string(text), "//\n// # ")
	require.True(t, found)
	choices, _, _ = strings.Cut("//\n// # "+choices, "package byzantinetest")
	lines := strings.Split(strings.ReplaceAll(choices, "//   - ", "//- "), "\n")
	var out []string
	for _, line := range lines {
		line = strings.TrimPrefix(line, "//")
		switch {
		case strings.HasPrefix(line, " # "):
			out = append(out, "### "+line[3:])
		case strings.HasPrefix(line, "     "):
			out[len(out)-1] += " " + strings.TrimSpace(line)
		default:
			out = append(out, strings.TrimSpace(line))
		}
	}
	routes := byzantinetest.ControlRoutes()
	page := regexp.MustCompile(`\[(\w+)(\.(\w+))?\]`).ReplaceAllStringFunc(strings.TrimSpace(strings.Join(out, "\n")), func(link string) string {
		name := strings.Trim(link, "[]")
		other := cmp.Or(flagOfOption[name], routes[strings.TrimPrefix(name, "Sandbox.")])
		assert.NotEmpty(t, other, "%s: what is it in other languages?", link)
		return "`" + other + "`"
	})
	generatedPart(t, "choices", page+"\n")
}

// The numbers of the package comment are those of the code.
func TestChoicesNameTheNumbersOfTheCode(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	comment := strings.Join(strings.Fields(strings.ReplaceAll(string(text), "//", "")), " ")
	for _, words := range []string{
		fmt.Sprintf("It expires after %d minutes, after one success, or after %d wrong attempts", byzantinetest.OTPLifetime/time.Minute, byzantinetest.MaxOTPAttempts),
		fmt.Sprintf("An OTP session expires after %d minutes", byzantinetest.SessionLifetime/time.Minute),
		fmt.Sprintf("A payload can be signed for %d minutes", byzantinetest.PayloadLifetime/time.Minute),
		fmt.Sprintf("A transaction stays for %d seconds in each status", byzantinetest.ProcessingTime/time.Second),
		fmt.Sprintf("An attempt ends after %d seconds", byzantinetest.AttemptTimeout/time.Second),
	} {
		assert.Contains(t, comment, words)
	}
	assert.Equal(t, time.Hour, byzantinetest.QueueTime)
	assert.Contains(t, comment, "A queued withdrawal is paid after an hour")
	assert.Equal(t, time.Hour, byzantinetest.ShelfTime)
	assert.Contains(t, comment, "payloads are forgotten an hour after they have expired")
}

// docs/protocol.md has the limits of lists, and what happens beyond them.
func TestPageListsTheLimits(t *testing.T) {
	page, err := os.ReadFile("../docs/protocol.md")
	require.NoError(t, err)
	for operations, limits := range map[string]string{
		"`get_all_transactions`, `get_all_invitations`": fmt.Sprintf("%d, %d | is cut", byzantinetest.DefaultPageLimit, byzantinetest.MaxPageLimit),
		"`list_events`":       fmt.Sprintf("%d, 250 | is a 400", byzantinetest.DefaultEventLimit),
		"`list_deliveries`":   fmt.Sprintf("%d, %d | is cut", byzantinetest.DefaultDeliveryLimit, byzantinetest.MaxDeliveryLimit),
		"`get_vault_history`": fmt.Sprintf("%d, %d | is cut", byzantinetest.MaxHistoryLimit, byzantinetest.MaxHistoryLimit),
	} {
		assert.Contains(t, string(page), "| "+operations+" | "+limits)
	}
	server := newServer(t)
	for target, want := range map[string]int{
		"/v1/query/get-all-transactions?limit=100000": 200, "/v1/query/get-all-invitations?limit=0": 200, "/v1/query/events?limit=250": 200,
		"/v1/query/events?limit=251": 400, "/v1/query/events?limit=0": 400, "/v1/webhooks/deliveries?limit=251": 200,
		"/v1/query/history/" + byzantinetest.VaultBaseUSDC + "?limit=1001": 200,
	} {
		status, text := send(t, server, "GET", target, "", nil)
		assert.Equal(t, want, status, "%s: %s", target, text)
	}
}

// Which event a status of a customer has, tried out.
func TestBehaviourPageHasTheStatusesOfACustomer(t *testing.T) {
	statuses := []byzantine.VerificationStatus{
		byzantine.VerificationNotStarted, byzantine.VerificationInit, byzantine.VerificationAwaitingInformation,
		byzantine.VerificationAwaitingAssociatedPersonInformation, byzantine.VerificationUnderReview, byzantine.VerificationActive,
		byzantine.VerificationResubmissionRequested, byzantine.VerificationRejected, byzantine.VerificationInactive,
	}
	table := "| status | event |\n| --- | --- |\n"
	for _, status := range statuses {
		server := newServer(t)
		account := server.AddAccount(byzantinetest.Account{Status: "under_review"})
		if status == byzantine.VerificationUnderReview {
			server.SetStatus(account.ID, byzantine.VerificationInit)
		}
		server.SetStatus(account.ID, status)
		events, err := server.Client().ListEvents(t.Context(), nil)
		require.NoError(t, err)
		event := "none"
		if len(events.Events) > 0 {
			event = "`" + string(events.Events[0].Type) + "`"
		}
		table += fmt.Sprintf("| `%s` | %s |\n", status, event)
	}
	generatedPart(t, "statuses of a customer", table)
}

// passes says how a transaction got on: its statuses in order, and which of them had an event.
type passes struct {
	i        *investor
	statuses []string
	last     byzantine.TransactionStatus
	id       string
}

// look notes the status, if it is another one than before.
func (p *passes) look() byzantine.TransactionStatus {
	if tx := p.i.transaction(p.id); tx.Status != p.last {
		p.last = tx.Status
		p.statuses = append(p.statuses, string(tx.Status))
	}
	return p.last
}

// end lets time pass until the transaction has ended.
func (p *passes) end() *passes {
	for range 10 {
		if p.look().Terminal() {
			break
		}
		p.i.server.Advance(byzantinetest.ProcessingTime)
	}
	require.True(p.i.t, p.last.Terminal(), p.last)
	return p
}

// row is a line of the table. A status without an event is followed by a mark.
func (p *passes) row(kind string) string {
	with := p.i.statuses(p.id)
	var words []string
	for _, status := range p.statuses {
		word := "`" + status + "`"
		if !slices.Contains(with, byzantine.TransactionStatus(status)) {
			word += " (no event)"
		}
		words = append(words, word)
	}
	return fmt.Sprintf("| %s | `%s` | %s |\n", kind, p.i.transaction(p.id).Type, strings.Join(words, ", "))
}

// How the transactions of each kind get on, tried out.
func TestBehaviourPageHasTheStatusesOfATransaction(t *testing.T) {
	const base, ethereum = byzantine.ChainBase, byzantine.ChainEthereum
	vault, ten := byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10")
	investorWithPosition := func() *investor {
		i := newActiveInvestor(t, stopped(t))
		i.deposited(vault, byzantine.MustParseDecimal("100"))
		return i
	}
	of := func(i *investor, submitted *byzantine.SubmittedTransaction) *passes {
		p := &passes{i: i, id: submitted.TransactionID}
		p.look()
		return p
	}
	table := "| transaction | type | statuses |\n| --- | --- | --- |\n"

	i := newInvestor(t, stopped(t))
	table += of(i, i.submit(i.activationPayload(base))).end().row("activation")

	i = investorWithPosition()
	table += of(i, i.submit(i.depositPayload(base, vault, ten, byzantine.CurrencyUSDC))).end().row("deposit of stablecoins")

	p := of(i, i.submit(i.depositPayload(base, vault, ten, byzantine.CurrencyUSD)))
	i.server.Advance(24 * time.Hour)
	require.Equal(t, byzantine.TransactionWaitingForFunds, p.look(), "it waits for the transfer")
	i.server.Fund(i.accountID, base, byzantine.CurrencyUSD, ten)
	table += p.end().row("deposit in fiat: the transfer ends `waiting_for_funds`")

	table += of(i, i.submit(i.withdrawPayload(base, vault, ten, byzantine.CurrencyUSDC, ""))).end().row("withdrawal to the wallet")

	i.addBankAccount(dollarAccount(i.accountID))
	table += of(i, i.submit(i.withdrawPayload(base, vault, ten, byzantine.CurrencyUSD, ""))).end().row("withdrawal to a bank: here `waiting_for_funds` asks nothing of anybody")

	of(i, i.submit(i.depositPayload(ethereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC))).end()
	p = of(i, i.queued(ten))
	i.server.Advance(byzantinetest.QueueTime - time.Second)
	require.Equal(t, byzantine.TransactionWithdrawalInitiated, p.look())
	i.server.Advance(time.Second)
	table += p.end().row("withdrawal from a vault that queues, after an hour or `POST transactions/{id}/settle`")

	p = of(i, i.queued(ten))
	i.submit(i.cancelPayload(ethereum, p.id))
	table += p.end().row("the same, cancelled")

	wallet := "0x" + strings.Repeat("11", 20)
	table += of(i, i.submit(i.transferPayload(base, byzantine.CryptoUSDC, ten, wallet))).end().row("transfer")

	much := byzantine.MustParseDecimal("1000000")
	table += of(i, i.submit(i.depositPayload(base, vault, much, byzantine.CurrencyUSDC))).end().row("deposit of more than there is; withdrawals and transfers likewise")
	for _, submitted := range []*byzantine.SubmittedTransaction{
		i.submit(i.withdrawPayload(base, vault, much, byzantine.CurrencyUSDC, "")), i.submit(i.transferPayload(base, byzantine.CryptoUSDC, much, wallet)),
	} {
		assert.Equal(t, []string{"simulation_failed"}, of(i, submitted).end().statuses)
	}

	i.deposited(byzantinetest.VaultBaseUSDCLegacy, ten)
	out := of(i, i.submit(i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy)))
	in := &passes{i: i, id: i.transaction(out.id).RelatedTransactionID}
	for range 10 {
		if out.look(); in.look().Terminal() && out.last.Terminal() {
			break
		}
		i.server.Advance(byzantinetest.ProcessingTime)
	}
	table += out.end().row("vault upgrade, on Base") + in.end().row("the same, on Ethereum: `relatedTransactionId` of the other")

	for _, status := range []byzantine.TransactionStatus{byzantine.TransactionSimulationFailed, byzantine.TransactionReverted, byzantine.TransactionRefunded} {
		p = of(i, i.submit(i.depositPayload(base, vault, ten, byzantine.CurrencyUSDC)))
		i.server.FailTransaction(p.id, status)
		table += p.end().row("`POST transactions/{id}/fail` with `" + string(status) + "`")
	}
	generatedPart(t, "statuses of a transaction", table)
}

// Every vault is in the table of docs/sandbox.md, and no other.
func TestPageListsTheVaults(t *testing.T) {
	page, err := os.ReadFile("../docs/sandbox.md")
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(0x[0-9a-f]{40})` \\|").FindAllStringSubmatch(string(page), -1) {
		listed[row[1]] = true
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(listed)), []string{
		byzantinetest.VaultBaseUSDC, byzantinetest.VaultBaseUSDCLegacy, byzantinetest.VaultBaseEURC, byzantinetest.VaultBaseUSDCTest,
		byzantinetest.VaultEthereumUSDC, byzantinetest.VaultEthereumQueued,
	})
}

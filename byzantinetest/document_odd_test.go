package byzantinetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

const oddWorld = `{"users":[{"id":"2f6a1c1e-0b7a-4c53-9d1b-000000000001"}],"accounts":[{"id":"2f6a1c1e-0b7a-4c53-9d1b-000000000002",` +
	`"ownerId":"2f6a1c1e-0b7a-4c53-9d1b-000000000001","members":[{"userId":"2f6a1c1e-0b7a-4c53-9d1b-000000000001"}]%s}]%s}`

// A document written by hand with something that cannot be is rejected when it is read. Later it would end the process: a
// transaction moves on in a goroutine of the sandbox's.
func TestTransactionsAndAmountsThatCannotBe(t *testing.T) {
	transaction := func(more string) string {
		return fmt.Sprintf(oddWorld, "", `,"transactions":[{"id":"2f6a1c1e-0b7a-4c53-9d1b-000000000003","accountId":"2f6a1c1e-0b7a-4c53-9d1b-000000000002",`+
			`"chainId":8453,"vaultAddress":"`+byzantinetest.VaultBaseUSDC+`","amount":"5","source":{"currency":"usdc","amount":"5"},"createdAt":"2026-09-01T00:00:00Z",`+more+`}]`)
	}
	const past, future = `"dueAt":"2026-09-01T00:00:01Z"`, `"dueAt":"2150-09-01T00:00:01Z"`
	for name, c := range map[string]struct{ document, want string }{
		"due, and completed":        {transaction(`"type":"deposit","status":"completed",` + future), "dueAt: "},
		"was due, and completed":    {transaction(`"type":"deposit","status":"completed",` + past), "dueAt: "},
		"due, on another's journey": {transaction(`"type":"deposit","status":"funds_received",` + future), "dueAt: "},
		"due, and a draft":          {transaction(`"type":"deposit",` + future), "dueAt: "},
		"withdrawal without shares": {transaction(`"type":"withdraw","status":"processing",` + future), "shares: missing"},
		"queued without shares":     {transaction(`"type":"withdraw","status":"waiting_for_funds","withdrawalRequest":{"status":"pending"},` + future), "shares: missing"},
		"a queued deposit":          {transaction(`"type":"deposit","status":"processing","withdrawalRequest":{"status":"pending"},` + future), "withdrawalRequest: "},
		"bank transfer of nothing":  {transaction(`"type":"onramp_deposit","status":"funds_received",` + future), "received: missing"},
		"unknown currency":          {strings.ReplaceAll(transaction(`"type":"deposit","status":"processing",`+future), `"currency":"usdc"`, `"currency":"gold"`), "source.currency: unknown"},
		"a number of any length":    {fmt.Sprintf(oddWorld, `,"idle":[{"chainId":8453,"currency":"usdc","amount":"1e100000"}]`, ""), "not a decimal number"},
		"more than there is":        {fmt.Sprintf(oddWorld, `,"idle":[{"chainId":8453,"currency":"usdc","amount":"`+strings.Repeat("9", 40)+`"}]`, ""), "must be between 0 and"},
		"less than nothing":         {fmt.Sprintf(oddWorld, `,"positions":[{"vaultAddress":"`+byzantinetest.VaultBaseUSDC+`","shares":"-5"}]`, ""), "must be between 0 and"},
		"a clock of another age":    {`{"clock":{"frozen":true,"now":"9999-12-31T23:59:59Z"}}`, "clock.now: must be between 1970 and 2200"},
		"a clock far ahead":         {`{"clock":{"ahead":"2562047h"}}`, "clock.ahead: the time must be between 1970 and 2200"},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox, err := byzantinetest.New()
			require.NoError(t, err)
			defer sandbox.Close()
			sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
			require.ErrorContains(t, sandbox.SetWorld([]byte(c.document)), c.want)
			assert.Len(t, sandbox.Users(), 1, "an error changes nothing")
			assert.WithinDuration(t, time.Now(), sandbox.Now(), time.Minute, "the clock runs")
		})
	}
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	defer sandbox.Close()
	require.NoError(t, sandbox.SetWorld([]byte(transaction(`"type":"deposit","status":"processing",`+past))))
	tx, err := byzantine.NewClient(sandbox.Key(), byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
	require.NoError(t, err)
	got, err := tx.GetTransaction(t.Context(), "2f6a1c1e-0b7a-4c53-9d1b-000000000003")
	require.NoError(t, err)
	assert.Equal(t, byzantine.TransactionCompleted, got.Status)
}

// A position is written by hand as an amount: what it is worth when the document is read, whatever a share costs then.
func TestPositionsByAmount(t *testing.T) {
	const account = "2f6a1c1e-0b7a-4c53-9d1b-000000000002"
	document := fmt.Sprintf(oddWorld, `,"positions":[{"vaultAddress":"`+byzantinetest.VaultBaseUSDC+`","amount":"100"}]`, "")
	server := newServer(t, byzantinetest.WithWorld([]byte(document)))
	balances, err := server.Client().GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: account})
	require.NoError(t, err)
	require.Len(t, balances.SubAccounts[0].Positions, 1)
	assert.Equal(t, byzantine.MustParseDecimal("100"), balances.SubAccounts[0].Positions[0].Balance)
	assert.NotContains(t, string(server.World()), `"amount":"100"`, "it is shares from then on")
	require.ErrorContains(t, server.SetWorld([]byte(strings.Replace(document, `"amount"`, `"shares":"1","amount"`, 1))), "accounts[0].positions[0].amount: ")
}

// A code that is written by hand is valid, whenever the document is read: what is left out has a default.
func TestCodesOfAWorldAreValid(t *testing.T) {
	const user, account, code = "2f6a1c1e-0b7a-4c53-9d1b-000000000001", "2f6a1c1e-0b7a-4c53-9d1b-000000000002", "2f6a1c1e-0b7a-4c53-9d1b-000000000009"
	server := newServer(t, byzantinetest.WithTime(noon), byzantinetest.WithWorld([]byte(fmt.Sprintf(oddWorld, "", `,"codes":[{"id":"`+code+`","accountId":"`+account+`","userId":"`+user+`","code":"123456"}],`+
		`"sessions":[{"id":"`+code+`","accountId":"`+account+`","userId":"`+user+`"}]`))))
	mail := server.Mailbox(byzantinetest.MailFilter{OTPID: code})
	require.Len(t, mail, 1)
	assert.Empty(t, mail[0].State)
	assert.Equal(t, 10*time.Minute, mail[0].ExpiresAt.Sub(mail[0].SentAt))
	_, err := server.Client().OTPAuth(t.Context(), &byzantine.OTPAuthRequest{AccountID: account, UserID: user, OTPID: code, OTPCode: "123456"})
	require.NoError(t, err)
	var world struct {
		Sessions []struct{ ExpiresAt time.Time }
	}
	require.NoError(t, json.Unmarshal(server.World(), &world))
	require.Len(t, world.Sessions, 2)
	for _, session := range world.Sessions {
		assert.True(t, noon.Add(15*time.Minute).Equal(session.ExpiresAt))
	}
}

// Things of a document that do not fit together are rejected: what the sandbox made of them could not be read again.
func TestThingsOfADocumentThatDoNotFitTogether(t *testing.T) {
	transaction := func(n int, more string) string {
		return fmt.Sprintf(`{"id":%q,"accountId":%q,"chainId":1,"vaultAddress":%q,"amount":"5","source":{"currency":"usdc","amount":"5"},"createdAt":"2026-09-01T00:00:00Z",%s}`,
			documentID(n), documentID(2), byzantinetest.VaultEthereumQueued, more)
	}
	draft := func(n int, more string) string {
		return fmt.Sprintf(`{"transactionId":%q,"bodyToSign":"{}","expiresAt":"2026-09-01T00:00:00Z"%s}`, documentID(n), more)
	}
	world := func(transactions, drafts string) string {
		return fmt.Sprintf(oddWorld, "", `,"transactions":[`+transactions+`],"drafts":[`+drafts+`]`)
	}
	other := func(n int) string { return fmt.Sprintf(`,"relatedTransactionId":%q`, documentID(n)) }
	const completed, unsigned = `"type":"withdraw","status":"completed"`, `"type":"withdraw"`
	idle := `{"chainId":1,"currency":"usdc","amount":"600000000000000000000000000000000000"}`
	for name, c := range map[string]struct{ document, want string }{
		"a draft of what was submitted":        {world(transaction(3, completed), draft(3, "")), "drafts[0].cancels: "},
		"a cancellation of a draft":            {world(transaction(3, unsigned), draft(3, `,"cancels":true`)), "drafts[0].cancels: "},
		"two drafts":                           {world(transaction(3, unsigned)+","+transaction(4, unsigned), draft(3, "")+","+draft(4, "")), "drafts[1].transactionId: the account has another draft"},
		"half an upgrade signed":               {world(transaction(3, completed+other(4))+","+transaction(4, unsigned), ""), "transactions[0].relatedTransactionId: not the other half"},
		"an upgrade with itself":               {world(transaction(3, completed+other(3)), ""), "transactions[0].relatedTransactionId: not the other half"},
		"an upgrade of three":                  {world(transaction(3, completed+other(4))+","+transaction(4, completed)+","+transaction(5, completed+other(4)), ""), "transactions[2].relatedTransactionId: a vault upgrade has two halves"},
		"queued, and completed":                {world(transaction(3, completed+`,"withdrawalRequest":{"status":"pending"}`), ""), "withdrawalRequest: cannot be pending"},
		"a transfer that is less than it pays": {world(transaction(3, `"type":"onramp_deposit","status":"funds_received","received":"4"`), ""), "received: less than the amount"},
		"more idle than there is":              {fmt.Sprintf(oddWorld, `,"idle":[`+idle+`,`+idle+`]`, ""), "idle[1].amount: the sum must be at most 1000000000000000000000000000000000000"},
		"a running clock of another age":       {`{"clock":{"now":"9999-12-31T23:59:59Z"}}`, "clock.now: must be between 1970 and 2200"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, newServer(t).SetWorld([]byte(c.document)), c.want)
		})
	}
}

// What a document leaves out of an upgrade and of a queued withdrawal follows from the rest.
func TestWhatFollowsFromTheRestOfADocument(t *testing.T) {
	server := newServer(t)
	transaction := func(n int, more string) string {
		return fmt.Sprintf(`{"id":%q,"accountId":%q,"vaultAddress":%q,"amount":"5","source":{"currency":"usdc","amount":"5"},"createdAt":"2026-09-01T00:00:00Z","chainId":1,%s}`,
			documentID(n), documentID(2), byzantinetest.VaultEthereumQueued, more)
	}
	require.NoError(t, server.SetWorld(fmt.Appendf(nil, oddWorld, "", `,"transactions":[`+
		transaction(3, `"type":"withdraw","status":"completed","relatedTransactionId":"`+documentID(4)+`"`)+","+transaction(4, `"type":"deposit","status":"completed"`)+","+
		transaction(5, `"type":"withdraw","status":"withdrawal_initiated","shares":"4.5","withdrawalRequest":{"status":"pending"}`)+`]`)))
	tx, err := server.Client().GetTransaction(t.Context(), documentID(4))
	require.NoError(t, err)
	assert.Equal(t, documentID(3), tx.RelatedTransactionID)
	assert.Contains(t, string(server.World()), `"shares":"0","pending":"4.5"`)
	server.SettleWithdrawal(documentID(5))
	assert.Contains(t, string(server.World()), `"shares":"0","pending":"0"`)
}

// Amounts that come in the sandbox's usual sizes stay readable, however they add up and whatever they are exchanged for.
func TestLargeAmountsCanBeReadAgain(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	most := byzantine.MustParseDecimal("1000000000000000000")
	i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, most, byzantine.CurrencyEUR)) // which costs more euros than that
	for range 20 {
		for _, currency := range []byzantine.Currency{byzantine.CurrencyUSDC, byzantine.CurrencyEUR} {
			server.Fund(i.accountID, byzantine.ChainBase, currency, most)
		}
	}
	server.Advance(time.Minute)
	i.deposited(byzantinetest.VaultBaseUSDC, most)
	i.deposited(byzantinetest.VaultBaseUSDC, most)
	i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1000"), byzantine.CurrencyEUR))
	document := server.World()
	require.NoError(t, server.SetWorld(document))
	assert.Equal(t, string(document), string(server.World()))
	assert.Equal(t, "3000000000000000000", i.invested(byzantinetest.VaultBaseUSDC).String())
}

// A number that a document may have is written in a form that it may have.
func TestFractionsCanBeReadAgain(t *testing.T) {
	for _, number := range []string{"1/3", "0.5", "1/1024", "0." + strings.Repeat("1", 4000), "1/1" + strings.Repeat("0", 4000), "1/" + new(big.Int).Lsh(big.NewInt(1), 13000).String()} {
		server := newServer(t)
		require.NoError(t, server.SetWorld(fmt.Appendf(nil, oddWorld, `,"idle":[{"chainId":8453,"currency":"usdc","amount":"`+number+`"},{"chainId":8453,"currency":"usdc","amount":"1"}]`,
			`,"transactions":[{"id":"`+documentID(3)+`","accountId":"`+documentID(2)+`","chainId":8453,"type":"transfer","status":"completed","amount":"1","createdAt":"2026-09-01T00:00:00Z",`+
				`"source":{"currency":"usdc","amount":"`+number+`"}}]`)))
		assert.NoError(t, server.SetWorld(server.World()), "%.20s", number)
	}
}

// A share costs at least 1, also if the clock was set back behind the beginning of its vault.
func TestClockBehindTheVaults(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	i.server.SetTime(noon.AddDate(-40, 0, 0))
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("300"))
	position := i.position(byzantinetest.VaultBaseUSDC)
	assert.Equal(t, []string{"1", "300", "300"}, []string{position.PricePerShare.String(), position.Shares.String(), position.Balance.String()})
	yields, err := i.client.GetVaultAPY(t.Context(), &byzantine.GetVaultAPYRequest{VaultID: byzantinetest.VaultBaseUSDC})
	require.NoError(t, err)
	assert.Zero(t, *yields.WeeklyPeriodDays)
	assert.NoError(t, i.server.SetWorld(i.server.World()))
}

func TestTheClockStaysWithinItsBounds(t *testing.T) {
	for _, at := range []time.Time{{}, noon.AddDate(-400, 0, 0), noon.AddDate(8000, 0, 0)} {
		_, err := byzantinetest.New(byzantinetest.WithTime(at))
		assert.EqualError(t, err, "byzantinetest: New: WithTime: must be between 1970 and 2200")
		assert.Equal(t, "byzantinetest: SetTime: now: must be between 1970 and 2200", panicText(t, func() { newServer(t).SetTime(at) }))
	}
	for _, d := range []time.Duration{200 * 365 * 24 * time.Hour, -100 * 365 * 24 * time.Hour, 1<<63 - 1, -1 << 63} {
		assert.Equal(t, "byzantinetest: Advance: duration: the time after it must be between 1970 and 2200", panicText(t, func() { newServer(t).Advance(d) }))
	}
	server := byzantinetest.NewServer()
	defer server.Close()
	for _, c := range [][2]string{
		{"clock/set", `{"now":"9999-01-01T00:00:00Z"}`}, {"clock/set", `{"now":"1812-01-01T00:00:00Z"}`}, {"clock/advance", `{"duration":"2562047h"}`},
	} {
		response, err := http.Post(server.URL+byzantinetest.ControlPath+c[0], "application/json", strings.NewReader(c[1]))
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, "%s", text)
		assert.Contains(t, string(text), "must be between 1970 and 2200")
		assert.WithinDuration(t, time.Now(), server.Now(), time.Minute)
	}
}

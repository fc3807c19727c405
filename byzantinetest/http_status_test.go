package byzantinetest_test

import (
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// statusPage asks for the page as a browser does, with a query.
func statusPage(t *testing.T, server *byzantinetest.Server, query string) (*http.Response, string) {
	t.Helper()
	return fetch(t, server.URL+byzantinetest.StatusPath+query)
}

func fetch(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(text)
}

// section is the text of a part of the page, without tags and with single blanks.
func section(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<section id="`+id+`">`)
	require.True(t, found, id)
	part, _, _ := strings.Cut(rest, "</section>")
	text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(part, " "))
	return strings.Join(strings.Fields(text), " ")
}

func TestStatusPageOfAnEmptySandbox(t *testing.T) {
	server := newServer(t)
	res, page := statusPage(t, server, "")
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	assert.Contains(t, section(t, page, "mailbox"), "No one-time code was sent yet")
	assert.Contains(t, section(t, page, "requests"), "No request came yet")
	assert.Contains(t, section(t, page, "accounts"), "There is no account yet")
	assert.Contains(t, section(t, page, "transactions"), "No transaction was signed and submitted yet")
	assert.Contains(t, section(t, page, "events"), "Nothing happened yet")
	assert.Contains(t, page, server.Key().PublicKeyHex())
	assert.Empty(t, server.Requests(), "the page's own requests are none to the API")
}

// What requests brought is on the page, so nothing may run or be loaded there.
func TestStatusPageLoadsAndRunsNothing(t *testing.T) {
	server := newServer(t)
	const evil = `<script src="https://evil.example/x.js">`
	server.AddUser(byzantinetest.User{FirstName: evil, Email: `"><img src=x>@example.com`})
	user := server.AddUser(byzantinetest.User{FirstName: evil})
	server.AddAccount(byzantinetest.Account{Name: evil, UserIDs: []string{user.ID}})
	fetch(t, server.URL+"/v1/no/such?"+evil[:8])
	status, _ := send(t, server, "POST", "/v1/submit/init-otp", `{"accountId":"`+evil, nil)
	require.Equal(t, 400, status)

	res, page := statusPage(t, server, "")
	policy := res.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	assert.NotContains(t, policy, "script-src")
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, "<img")
	assert.NotContains(t, page, "style=")
	assert.Contains(t, section(t, page, "accounts"), evil)
	for _, link := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.Regexp(t, `^(#[a-z]+|\?|\?reload=3|status\.css|data:,)$`, link[1])
	}
	res, css := fetch(t, server.URL+byzantinetest.StatusPath+"status.css")
	assert.Equal(t, "text/css; charset=utf-8", res.Header.Get("Content-Type"))
	assert.NotContains(t, css, "url(")
	assert.NotContains(t, css, "@import")
}

func TestStatusPageHasTheMailbox(t *testing.T) {
	server := stopped(t)
	client := server.Client()
	user := server.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	initOTP := func() string {
		otp, err := client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
		require.NoError(t, err)
		return otp.OTPID
	}
	authenticate := func(otpID, code string) error {
		_, err := client.OTPAuth(t.Context(), &byzantine.OTPAuthRequest{AccountID: account.ID, UserID: user.ID, OTPID: otpID, OTPCode: code})
		return err
	}
	mailbox := func() string {
		_, page := statusPage(t, server, "")
		return section(t, page, "mailbox")
	}

	old := initOTP()
	assert.Contains(t, mailbox(), server.OTPCode(old)+" to ada@example.com, good until 12:10:00 user "+user.ID+" account "+account.ID+" otpId "+old)
	server.Advance(10 * time.Minute)
	assert.Contains(t, mailbox(), server.OTPCode(old)+" to ada@example.com, expired")

	used, blocked := initOTP(), initOTP()
	require.NoError(t, authenticate(used, server.OTPCode(used)))
	for range 5 {
		require.ErrorIs(t, authenticate(blocked, "x"), byzantine.ErrBadRequest)
	}
	text := mailbox()
	assert.Contains(t, text, server.OTPCode(used)+" to ada@example.com, used")
	assert.Contains(t, text, server.OTPCode(blocked)+" to ada@example.com, too many wrong attempts")
	assert.Greater(t, strings.Index(text, old), strings.Index(text, used), "the newest come first")
}

func TestStatusPageHasInvitations(t *testing.T) {
	server := newServer(t)
	i := newInvestor(t, server)
	payload, err := i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: i.accountID, NewUsers: []byzantine.Invitee{{FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}},
	})
	invited, err := i.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: i.sign(payload, err), InvitedBy: i.userID})
	require.NoError(t, err)
	_, page := statusPage(t, server, "")
	assert.Contains(t, section(t, page, "mailbox"),
		"to mary@example.com: Test User invites you to Test User. pending user "+invited.NewUsers[0].UserID+" account "+i.accountID)
}

func TestStatusPageHasRequestsAndVerdicts(t *testing.T) {
	server := newServer(t)
	_, err := server.Client().Whoami(t.Context())
	require.NoError(t, err)
	send(t, server, "POST", "/v1/integrator/credentials", `{"label":"x"}`, func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	fetch(t, server.URL+"/v1/no/such/route")
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Status: 429})
	_, err = server.Client(byzantine.WithMaxAttempts(1)).ListEvents(t.Context(), nil)
	require.ErrorIs(t, err, byzantine.ErrRateLimited)

	_, page := statusPage(t, server, "")
	text := section(t, page, "requests")
	assert.Regexp(t, `^Requests fault \S+ list_events GET .*`+
		`404 \S+ no operation : the API has no route GET /v1/no/such/route GET .*`+
		`401 \S+ create_credential: .*X-Signature does not belong .*`+
		`Its signature has to cover this text: \d+POST/v1/integrator/credentials\{"label":"x"\} .*`+
		`200 \S+ get_current_integrator_capabilities GET /v1/integrator/whoami `, text)
	assert.Contains(t, text, "X-Pubkey: "+server.Key().PublicKeyHex())
	for _, r := range server.Requests() {
		if signature := r.Header.Get("X-Signature"); len(signature) > 100 {
			assert.NotContains(t, page, signature, "it is good for a minute, elsewhere too")
			assert.Contains(t, page, "X-Signature: "+signature[:12]+"...")
		}
	}
}

func TestStatusPageShowsTheNewestRequests(t *testing.T) {
	server := newServer(t)
	for range 40 {
		fetch(t, server.URL+"/v1/health")
	}
	fetch(t, server.URL+"/v1/last?"+strings.Repeat("x", 10))
	_, page := statusPage(t, server, "")
	text := section(t, page, "requests")
	assert.True(t, strings.HasPrefix(text, "Requests the newest 30 of 41 older 404"), text[:60])
	assert.Equal(t, 29, strings.Count(text, "health_check"))

	big := `{"label":"` + strings.Repeat("é", 1<<20) + `"}`
	status, _ := send(t, server, "POST", "/v1/integrator/credentials", big, nil)
	require.Equal(t, 201, status)
	_, page = statusPage(t, server, "")
	assert.Less(t, len(page), 100<<10, "bodies are cut")
	assert.Contains(t, page, " ...")
}

func TestStatusPageHasAccountsTransactionsAndEvents(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	bank := server.AddBankAccount(euroAccount(i.accountID))
	colleague := server.AddUser(byzantinetest.User{FirstName: "Mary", LastName: "Somerville", Email: "mary@example.com"})
	company := server.AddAccount(byzantinetest.Account{
		Type: byzantine.AccountTypeCompany, Name: "Analytical Engines", UserIDs: []string{colleague.ID}, Status: byzantine.VerificationUnderReview,
	})
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("250.5"))
	waiting := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseEURC, byzantine.MustParseDecimal("500"), byzantine.CurrencyEUR))
	i.submit(i.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("300"), byzantine.CurrencyUSDC))
	server.Advance(time.Minute)
	queued := i.submit(i.withdrawPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC, ""))
	moved := i.submit(i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1.25"), "0x00000000000000000000000000000000000000aa"))

	_, page := statusPage(t, server, "")
	accounts := section(t, page, "accounts")
	assert.Contains(t, accounts, "Test User , individual, active , activated on Base and Ethereum account "+i.accountID+" wallet "+i.wallet)
	assert.Contains(t, accounts, "root: Test User, ")
	assert.Contains(t, accounts, ", 1 passkey user "+i.userID)
	assert.Contains(t, accounts, "700 usd idle on Ethereum 748.25 usd idle on Base")
	assert.Contains(t, accounts, "250.5 usd in a vault on Base vault "+byzantinetest.VaultBaseUSDC)
	assert.Contains(t, accounts, "200 usd in a vault on Ethereum, 100 queued for withdrawal vault "+byzantinetest.VaultEthereumQueued)
	assert.Contains(t, accounts, "Bank account "+bank.Name+", eur bank account "+bank.BankAccountID)
	assert.Contains(t, accounts, "Analytical Engines , company, under_review , activated on no chain account "+company.ID+" entity ")
	assert.Contains(t, accounts, "root: Mary Somerville, mary@example.com, no passkey user "+colleague.ID+" No funds")
	assert.Contains(t, accounts, "An account of another integrator account "+foreign.ID)

	transactions := section(t, page, "transactions")
	assert.Contains(t, transactions, "processing 12:02:00 transfer 1.25 usdc on Base, Test User transaction "+moved.TransactionID)
	assert.Contains(t, transactions, "withdrawal_initiated 12:02:00 withdraw 100 usdc on Ethereum, Test User transaction "+queued.TransactionID)
	assert.Contains(t, transactions, ", pending")
	assert.Contains(t, transactions, "waiting_for_funds 12:01:00 onramp_deposit 500 eur to 500 eurc on Base, Test User to be paid to "+
		waiting.FiatDepositInstructions.IBAN+" transaction "+waiting.TransactionID)

	events := section(t, page, "events")
	assert.Contains(t, events, "12:02:00 transaction.withdrawal_initiated event ")
	assert.Contains(t, events, `transaction `+queued.TransactionID+` data {"status":"withdrawal_initiated"}`)

	server.Advance(time.Minute)
	_, page = statusPage(t, server, "")
	assert.Contains(t, section(t, page, "transactions"), "completed 12:02:00 transfer")
	assert.Contains(t, page, "2026-09-01T12:03:00Z", "the sandbox's clock")
}

func TestStatusPageReloadsOnRequestOnly(t *testing.T) {
	server := newServer(t)
	for query, want := range map[string]string{
		"":                   "",
		"?reload=3":          `content="3"`,
		"?reload=-1":         "",
		"?reload=0":          "",
		"?reload=99999":      `content="3600"`,
		"?reload=3;url=evil": "",
		"?reload=%223":       "",
	} {
		t.Run(query, func(t *testing.T) {
			_, page := statusPage(t, server, query)
			if want == "" {
				assert.NotContains(t, page, "http-equiv")
				assert.Contains(t, page, `href="?reload=3"`)
			} else {
				assert.Contains(t, page, `<meta http-equiv="refresh" `+want+`>`)
				assert.Contains(t, page, "Stop reloading")
			}
		})
	}
}

func TestStatusPageIsForReading(t *testing.T) {
	server := newServer(t)
	res, err := http.Post(server.URL+byzantinetest.StatusPath, "text/plain", strings.NewReader("x"))
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	res, _ = fetch(t, server.URL+byzantinetest.StatusPath+"other")
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	res, _ = fetch(t, strings.TrimSuffix(server.URL+byzantinetest.StatusPath, "/"))
	assert.Equal(t, byzantinetest.StatusPath, res.Request.URL.Path, "redirected")
}

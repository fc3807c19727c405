package byzantinetest_test

import (
	"fmt"
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
	found := regexp.MustCompile(`(?s)<section [^>]*id="` + id + `"[^>]*>(.*?)</section>`).FindStringSubmatch(page)
	require.NotNil(t, found, "no section %s", id)
	return plain(found[1])
}

// plain is a piece of a page without its tags, and without the buttons that copy.
func plain(piece string) string {
	piece = regexp.MustCompile(`(?s)<button [^>]*class="copy.*?</button>`).ReplaceAllString(piece, " ")
	text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(piece, " "))
	text = strings.Join(strings.Fields(text), " ")
	return strings.ReplaceAll(text, " ,", ",")
}

// pagePaths are the lists.
var pagePaths = []string{"", "mailbox", "requests", "accounts", "transactions", "webhooks", "events", "faults"}

func TestStatusPagesOfAnEmptySandbox(t *testing.T) {
	server := newServer(t)
	for path, words := range map[string][]string{
		"":             {"No one-time code was sent yet", "No request came yet", "There is no account yet", "No transaction was signed", "No subscription yet", "All off", server.Key().PublicKeyHex()},
		"mailbox":      {"No one-time code was sent yet", "Invitations that wait None."},
		"requests":     {"No request came yet"},
		"accounts":     {"There is no account yet"},
		"transactions": {"No transaction was signed and submitted yet"},
		"webhooks":     {"There is none. The operation create_subscription makes one.", "Nothing was delivered yet"},
		"events":       {"Nothing happened yet"},
		"faults":       {"All off: each request is handled as it should be"},
	} {
		t.Run(path, func(t *testing.T) {
			res, page := statusPage(t, server, path)
			assert.Equal(t, 200, res.StatusCode)
			assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
			text := plain(page)
			for _, w := range words {
				assert.Contains(t, text, w)
			}
			assert.Equal(t, 1, strings.Count(page, "<h1"), "one heading")
		})
	}
	assert.Empty(t, server.Requests(), "the pages' own requests are none to the API")
}

// What is not there, or not there any more, gets a page that says so, and numbers that are none do as well.
func TestStatusPagesOfWhatIsNotThere(t *testing.T) {
	server := newServer(t)
	for _, path := range []string{
		"requests/1", "requests/0", "requests/-1", "requests/x", "requests/99999999999999999999", "accounts/x", "transactions/x", "webhooks/x",
	} {
		res, page := statusPage(t, server, path)
		assert.Equal(t, 404, res.StatusCode, path)
		assert.Contains(t, page, "Not found", path)
	}
	for _, path := range []string{"other", "requests/1/2", "do/reset", "page.html", "page/page.css"} {
		res, _ := statusPage(t, server, path)
		assert.Contains(t, []int{404, 405}, res.StatusCode, path)
	}
	for _, query := range []string{"?skip=-1", "?skip=x", "?skip=1000000", "?done=%3Cb%3E%22", "?outcome=lost&method=%00"} {
		for _, path := range pagePaths {
			res, page := statusPage(t, server, path+query)
			assert.Equal(t, 200, res.StatusCode, path+query)
			assert.False(t, strings.Contains(page, "<b>\"") || strings.Contains(page, "%3Cb"), path+query)
		}
	}
}

// What requests brought is on the pages, so nothing of it may run or be loaded there.
func TestStatusPagesShowHostileTextAsText(t *testing.T) {
	server := newWebhookWorld(t).server
	const evil = `<script src="https://evil.example/x.js"></script>`
	user := server.AddUser(byzantinetest.User{FirstName: evil, Email: `"><img src=x onerror=alert(1)>@example.com`})
	account := server.AddAccount(byzantinetest.Account{Name: evil, UserIDs: []string{user.ID}})
	server.SendCode(account.ID, user.ID)
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Status: 503, Body: evil, Header: http.Header{evil: {evil}}})
	fetch(t, server.URL+"/v1/no/such?%3Cscript%3E&\"'><svg/onload=x>")
	status, _ := send(t, server, "POST", "/v1/submit/init-otp", `{"accountId":"`+evil+`","`+evil+`":1}`, func(h http.Header) { h.Set("User-Agent", evil) })
	require.Equal(t, 400, status)
	server.SetStatus(account.ID, byzantine.VerificationInactive, evil)
	server.Deliver()
	paths := append([]string{"accounts/" + account.ID, "requests?text=%22%3E%3Cscript%3E&verdict=%3Cscript%3E"}, pagePaths...)
	for _, r := range server.Requests() {
		paths = append(paths, fmt.Sprint("requests/", r.Number))
	}
	for _, d := range server.Deliveries(byzantine.ListWebhookDeliveriesRequest{}) {
		paths = append(paths, "webhooks/"+d.Delivery.ID)
	}
	seen := 0
	for _, path := range paths {
		res, page := statusPage(t, server, path)
		require.Equal(t, 200, res.StatusCode, path)
		seen += strings.Count(page, "&lt;script")
		page = strings.Replace(page, `<script type="module" src="/_sandbox/page.js"></script>`, "", 1)
		for _, bad := range []string{"<script", "<img", "<svg/", " style=", "javascript:"} {
			assert.False(t, strings.Contains(page, bad), "%s: %s", path, bad)
		}
		assert.Empty(t, regexp.MustCompile(`<[^>"]*("[^"]*"[^>"]*)*\son[a-z]+=`).FindString(page), path)
		for _, link := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			assert.Regexp(t, `^(#main|\?|/_sandbox/[^"]*|/api-docs/openapi-integrator.json|\?reload=3)$`, link[1], path)
		}
	}
	assert.Greater(t, seen, 10, "the text is shown")
}

func TestStatusPagesLoadNothingFromElsewhere(t *testing.T) {
	server := newServer(t)
	for path, contentType := range map[string]string{
		"": "text/html; charset=utf-8", "requests": "text/html; charset=utf-8", "accounts/x": "text/html; charset=utf-8",
		"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "page.svg": "image/svg+xml",
	} {
		res, text := statusPage(t, server, path)
		assert.Equal(t, contentType, res.Header.Get("Content-Type"), path)
		policy := res.Header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} {
			assert.Contains(t, policy, directive, path)
		}
		assert.NotContains(t, policy, "unsafe", path)
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"), path)
		assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "same-origin", res.Header.Get("Referrer-Policy"), "with a stricter one some browsers send Origin: null with the forms")
		if strings.HasSuffix(path, ".css") {
			assert.NotContains(t, text, "url(")
			assert.NotContains(t, text, "@import")
		}
		if strings.HasSuffix(path, ".js") {
			assert.NotContains(t, text, "innerHTML")
			assert.Less(t, len(text), 12<<10, "one small file")
		}
	}
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
	mailbox := func(path string) string {
		_, page := statusPage(t, server, path)
		return section(t, page, "mailbox")
	}

	old := initOTP()
	assert.Contains(t, mailbox("mailbox"), server.OTPCode(old)+" to ada@example.com, good until 12:10:00 sent 12:00:00 account "+account.ID+" user "+user.ID+" otpId "+old)
	_, page := statusPage(t, server, "")
	assert.Contains(t, page, `class="code">`+server.OTPCode(old)+`</strong>`)
	assert.Contains(t, page, `data-copy="`+server.OTPCode(old)+`"`)
	assert.True(t, strings.HasPrefix(section(t, page, "mailbox"), "Newest code "+server.OTPCode(old)+" to ada@example.com, good until 12:10:00 (in 10 minutes)"), section(t, page, "mailbox"))
	server.Advance(10 * time.Minute)
	assert.Contains(t, mailbox("mailbox"), server.OTPCode(old)+" to ada@example.com, expired")
	assert.Contains(t, mailbox(""), "No code counts any more")

	used, blocked := initOTP(), initOTP()
	require.NoError(t, authenticate(used, server.OTPCode(used)))
	for range 5 {
		require.ErrorIs(t, authenticate(blocked, "x"), byzantine.ErrBadRequest)
	}
	text := mailbox("mailbox")
	assert.Contains(t, text, server.OTPCode(used)+" to ada@example.com, used")
	assert.Contains(t, text, server.OTPCode(blocked)+" to ada@example.com, too many wrong attempts")
	assert.Greater(t, strings.Index(text, old), strings.Index(text, used), "the newest come first")
	good := initOTP()
	assert.True(t, strings.HasPrefix(mailbox(""), "Newest code "+server.OTPCode(good)))
}

func TestStatusPageHasInvitations(t *testing.T) {
	server := newServer(t)
	i := newInvestor(t, server)
	payload, err := i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: i.accountID, NewUsers: []byzantine.Invitee{{FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}},
	})
	invited, err := i.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: i.sign(payload, err), InvitedBy: i.userID})
	require.NoError(t, err)
	_, page := statusPage(t, server, "mailbox")
	assert.Contains(t, section(t, page, "invitations"),
		"to mary@example.com: Test User invites you to Test User. pending user "+invited.NewUsers[0].UserID+" account "+i.accountID)
}

func TestStatusPagesOfAccountsTransactionsAndEvents(t *testing.T) {
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
	look := func(path, id string) string {
		t.Helper()
		res, page := statusPage(t, server, path)
		require.Equal(t, 200, res.StatusCode, path)
		return section(t, page, id)
	}

	accounts := look("accounts", "accounts")
	assert.Contains(t, accounts, "Test User user+"+i.userID+"@example.com individual on Ethereum and Base active")
	assert.Contains(t, accounts, "Analytical Engines mary@example.com company not activated on a chain under review")
	assert.Contains(t, accounts, "Account of another integrator "+foreign.ID)
	assert.Contains(t, look("accounts/"+i.accountID, "account"), "Verification active Type individual Activated on Ethereum and Base Account id "+i.accountID+" Wallet "+i.wallet)
	assert.Contains(t, look("accounts/"+i.accountID, "members"), "Test User, user+"+i.userID+"@example.com root 1 passkey user "+i.userID)
	funds := look("accounts/"+i.accountID, "funds")
	for _, words := range []string{
		"700 USDC idle on Ethereum", "748.25 USDC idle on Base", "250.5 USDC in a vault on Base vault " + byzantinetest.VaultBaseUSDC,
		"200 USDC in a vault on Ethereum, 100 queued for withdrawal vault " + byzantinetest.VaultEthereumQueued,
		"Bank account " + bank.Name + ", eur " + bank.BankAccountID,
	} {
		assert.Contains(t, funds, words)
	}
	assert.Contains(t, look("accounts/"+i.accountID, "transactions"), "Withdrawal of 100 USDC on Ethereum")
	assert.Contains(t, look("accounts/"+company.ID, "members"), "Mary Somerville, mary@example.com root no passkey")
	assert.Contains(t, look("accounts/"+company.ID, "funds"), "No funds")
	_, page := statusPage(t, server, "accounts/"+foreign.ID)
	assert.Contains(t, plain(page), "Only its id is known: "+foreign.ID)

	transactions := look("transactions", "transactions")
	assert.Contains(t, transactions, "Transfer of 1.25 USDC on Base 1 Sep 2026, 12:02:00 Test User processing")
	assert.Contains(t, transactions, "Withdrawal of 100 USDC on Ethereum 1 Sep 2026, 12:02:00 Test User withdrawal initiated")
	assert.Contains(t, transactions, "Deposit by bank transfer of 500 EUR to 500 EURC on Base 1 Sep 2026, 12:01:00 Test User waiting for funds")
	assert.Contains(t, look("transactions/"+waiting.TransactionID, "transaction"), "To be paid to "+waiting.FiatDepositInstructions.IBAN)
	assert.Contains(t, look("transactions/"+waiting.TransactionID, "actions"), "It waits for a bank transfer of 500 EUR. Let the transfer arrive")
	assert.Contains(t, look("transactions/"+queued.TransactionID, "actions"), "It moves on at 1 Sep 2026, 13:02:00, in 1 hour.")
	assert.Contains(t, look("transactions/"+queued.TransactionID, "transaction"), "In the vault's queue pending, as ")
	assert.Contains(t, look("transactions/"+queued.TransactionID, "events"), "transaction.withdrawal_initiated 1 Sep 2026, 12:02:00")
	assert.Contains(t, look("events", "events"), `transaction.withdrawal_initiated { "status": "withdrawal_initiated" } 1 Sep 2026, 12:02:00 event `)

	server.Advance(time.Minute)
	assert.Contains(t, look("transactions/"+moved.TransactionID, "transaction"), "Status completed")
	assert.Contains(t, look("transactions/"+moved.TransactionID, "actions"), "The transaction has ended.")
	assert.Contains(t, look("", "clock"), "12:03:00 Tue 1 Sep 2026, UTC, frozen")
}

// Without JavaScript a page reloads only if somebody asks for it.
func TestStatusPagesReloadOnRequestOnly(t *testing.T) {
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

func TestStatusPagesAreForReading(t *testing.T) {
	server := newServer(t)
	for _, path := range pagePaths {
		res, err := http.Post(server.URL+byzantinetest.StatusPath+path, "text/plain", strings.NewReader("x"))
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	}
	res, _ := fetch(t, strings.TrimSuffix(server.URL+byzantinetest.StatusPath, "/"))
	assert.Equal(t, byzantinetest.StatusPath, res.Request.URL.Path, "redirected")
}

package byzantinetest_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// submitForm sends a form of a page as a browser without JavaScript does, and returns the page that comes.
func submitForm(t *testing.T, server *byzantinetest.Server, control, back string, fields ...string) (*http.Response, string) {
	t.Helper()
	form := url.Values{"back": {byzantinetest.StatusPath + back}}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	res, err := http.PostForm(server.URL+byzantinetest.StatusPath+"do/"+control, form)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(text)
}

// done sends a form that succeeds, and checks what its page says.
func done(t *testing.T, server *byzantinetest.Server, says, control, back string, fields ...string) string {
	t.Helper()
	res, page := submitForm(t, server, control, back, fields...)
	require.Equal(t, 200, res.StatusCode, "%s: %s", control, plain(page))
	assert.Equal(t, http.MethodGet, res.Request.Method, "led back, so that a reload does not send it again")
	assert.Equal(t, byzantinetest.StatusPath+back, res.Request.URL.Path)
	assert.Contains(t, page, `<p id="notice" role="status" data-keep>`+says+`</p>`)
	return page
}

// Each form does what the operation of the control API with its name does.
func TestFormsOfThePages(t *testing.T) {
	w := newWebhookWorld(t)
	server := w.server
	i := newActiveInvestor(t, server)
	account := "accounts/" + i.accountID

	done(t, server, "The clock was moved forward.", "advanceClock", "requests", "duration", "1h30m")
	assert.Equal(t, noon.Add(90*time.Minute), server.Now())
	done(t, server, "The clock was set.", "setClock", "", "now", "2026-10-01T08:30")
	assert.Equal(t, time.Date(2026, 10, 1, 8, 30, 0, 0, time.UTC), server.Now().UTC())
	done(t, server, "The clock was set.", "setClock", "", "now", "2026-10-01T08:30:00.5Z")
	assert.Equal(t, 500*time.Millisecond, time.Duration(server.Now().Nanosecond()))
	page := done(t, server, "The clock runs.", "freezeClock", "", "frozen", "false")
	assert.False(t, server.Frozen())
	assert.Contains(t, section(t, page, "clock"), "running Freeze")
	done(t, server, "The clock stands still.", "freezeClock", "", "frozen", "true")
	assert.True(t, server.Frozen())
	done(t, server, "The clock was set.", "setClock", "", "now", noon.Format(time.RFC3339))

	done(t, server, "The verification has its new status.", "setStatus", account, "id", i.accountID, "status", "resubmission_requested", "reasonCodes", "BLURRED, EXPIRED")
	done(t, server, "The customer is active now.", "approve", account, "id", i.accountID)
	done(t, server, "The account can transact on the chain now.", "activate", account, "id", i.accountID, "chains", "1", "chains", "8453")
	before := i.idle(byzantine.ChainBase, "usd")
	done(t, server, "The money has arrived.", "fund", account, "id", i.accountID, "amount", " 250.50 ", "currency", "usdc", "chainId", "8453")
	assert.Equal(t, before.Add(byzantine.MustParseDecimal("250.5")), i.idle(byzantine.ChainBase, "usd"))

	i.submit(i.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("200"), byzantine.CurrencyUSDC))
	server.Advance(time.Minute)
	queued := i.queued(byzantine.MustParseDecimal("50"))
	done(t, server, "The vault has paid the withdrawal.", "settleWithdrawal", "transactions/"+queued.TransactionID, "id", queued.TransactionID)
	done(t, server, "The transaction has ended.", "failTransaction", "transactions/"+queued.TransactionID, "id", queued.TransactionID, "status", "reverted")
	assert.Equal(t, byzantine.TransactionReverted, i.transaction(queued.TransactionID).Status)

	server.Deliver()
	w.endpoint.answer(503, 503)
	server.SetStatus(w.accountID, byzantine.VerificationInactive)
	done(t, server, "Every delivery that was due has its response.", "deliverWebhooks", "webhooks")
	failed := server.Deliveries(byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryFailed})
	require.Len(t, failed, 1)
	id := failed[0].Delivery.ID
	page = done(t, server, "The delivery was sent again.", "retryDelivery", "webhooks/"+id, "id", id)
	assert.Contains(t, section(t, page, "attempts"), "2 attempts")
	assert.Equal(t, byzantine.WebhookAttemptSucceeded, server.RetryDelivery(id).Outcome)
	res, page := submitForm(t, server, "retryDelivery", "webhooks/"+id, "id", id)
	assert.Equal(t, 400, res.StatusCode)
	assert.Contains(t, section(t, page, "delivery"), "a webhook delivery that is succeeded cannot be manually retried")

	page = done(t, server, "The fault is on.", "addFault", "faults", "operationId", "list_events", "times", "2", "status", "503", "body", "down",
		"headers", "Retry-After: 1\r\nX-More: a\r\n", "delay", "", "takesEffect", "on")
	assert.Contains(t, section(t, page, "on"), "list_events, the next 2 requests the request takes effect, responds 503 Service Unavailable down, Retry-After: 1, X-More: a Off")
	status, text := send(t, server, "GET", "/v1/query/events", "", nil)
	assert.Equal(t, 503, status)
	assert.Equal(t, "down", text)
	done(t, server, "The fault is on.", "addFault", "faults", "operationId", "init_otp", "reset", "on")
	page = done(t, server, "The faults are off.", "clearFaults", "faults", "operationId", "list_events")
	assert.Contains(t, section(t, page, "on"), "init_otp, the next request the connection is cut instead of a response Off")
	assert.NotContains(t, section(t, page, "on"), "list_events")
	page = done(t, server, "The faults are off.", "clearFaults", "faults")
	assert.Contains(t, section(t, page, "on"), "All off")

	done(t, server, "The sandbox is empty.", "reset", "")
	assert.Empty(t, server.Accounts())
}

// A form that is wrong brings its page again, with the error at the form and with what was typed.
func TestFormsThatAreWrong(t *testing.T) {
	server := stopped(t)
	i := newInvestor(t, server)
	account := "accounts/" + i.accountID
	for name, c := range map[string]struct {
		control, back string
		fields        []string
		words         string
		typed         string // that is still there
	}{
		"no duration":        {"advanceClock", "", []string{"duration", "soon"}, "duration: must be a duration such as 1h30m or 250ms", `value="soon"`},
		"back":               {"advanceClock", "events", []string{"duration", "-1m"}, "duration: must be positive", `value="-1m"`},
		"nothing":            {"advanceClock", "", nil, "duration: missing", ""},
		"no time":            {"setClock", "", []string{"now", "yesterday"}, "now: must be a date and a time in UTC, such as 2026-09-01 12:00", `value="yesterday"`},
		"no amount":          {"fund", account, []string{"id", i.accountID, "amount", `"><b>`, "chainId", "1", "currency", "usdc"}, "amount", `value="&#34;&gt;&lt;b&gt;"`},
		"a negative amount":  {"fund", account, []string{"id", i.accountID, "amount", "-5", "chainId", "1", "currency", "usdc"}, "amount", `value="-5"`},
		"no chain":           {"fund", account, []string{"id", i.accountID, "amount", "5", "chainId", "base", "currency", "usdc"}, "chainId: must be an integer", `value="5"`},
		"an unknown account": {"fund", account, []string{"id", unknownID, "amount", "5", "chainId", "1", "currency", "usdc"}, "no account", ""},
		"an unknown status":  {"setStatus", account, []string{"id", i.accountID, "status", "lost", "reasonCodes", "A"}, "status: must be one of", `value="A"`},
		"another field":      {"advanceClock", "", []string{"duration", "1m", "days", "1"}, "days: there is no such field", `value="1m"`},
		"no operation":       {"addFault", "faults", []string{"operationId", "lost", "body", "<b>"}, "the API has no operation", "&lt;b&gt;</textarea>"},
		"no header":          {"addFault", "faults", []string{"operationId", "init_otp", "headers", "Retry-After"}, "headers: must be lines such as Retry-After: 1", ""},
		"no number":          {"addFault", "faults", []string{"operationId", "init_otp", "status", "many"}, "status: must be an integer", `value="many"`},
	} {
		t.Run(name, func(t *testing.T) {
			res, page := submitForm(t, server, c.control, c.back, c.fields...)
			assert.Equal(t, 400, res.StatusCode)
			assert.True(t, strings.Contains(page, c.typed), "what was typed")
			assert.False(t, strings.Contains(page, "byzantinetest"))
			assert.False(t, strings.Contains(page, `"><b>`))
			if name != "an unknown account" { // which has no form
				found := regexp.MustCompile(`<p class="wrong"[^>]* role="alert">([^<]*)`).FindStringSubmatch(page)
				require.NotNil(t, found)
				assert.Contains(t, found[1], c.words)
			}
			assert.True(t, strings.Contains(page, `data-here="/_sandbox/`+c.back+`"`), "the page of the form")
		})
	}
	assert.Equal(t, noon, server.Now())
	for _, control := range []string{"getWorld", "setWorld", "getUsers", "lost", "putAuthenticator"} {
		res, _ := submitForm(t, server, control, "")
		assert.Equal(t, 404, res.StatusCode, control)
	}
	res, _ := submitForm(t, server, "fund", "", "amount", strings.Repeat("1", 100<<10))
	assert.Equal(t, 400, res.StatusCode)
	assert.Len(t, server.Accounts(), 1)
}

// A form leads back to a page of the sandbox, whatever it says.
func TestFormsLeadToTheSandboxOnly(t *testing.T) {
	server := stopped(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for back, want := range map[string]string{
		"/_sandbox/requests?text=a%26b":       "/_sandbox/requests?done=advanceClock&text=a%26b",
		"":                                    "/_sandbox/?done=advanceClock",
		"https://evil.example/_sandbox/":      "/_sandbox/?done=advanceClock",
		"//evil.example/_sandbox/":            "/_sandbox/?done=advanceClock",
		"/v1/health":                          "/_sandbox/?done=advanceClock",
		"/_sandbox/../v1/health":              "/_sandbox/?done=advanceClock",
		"javascript:alert(1)":                 "/_sandbox/?done=advanceClock",
		"/_sandbox/\r\nSet-Cookie: x=y":       "/_sandbox/?done=advanceClock",
		"/_sandbox/accounts/%0d%0aX-Evil:%20": "/_sandbox/accounts/%0D%0AX-Evil:%20?done=advanceClock",
	} {
		res, err := client.PostForm(server.URL+byzantinetest.StatusPath+"do/advanceClock", url.Values{"back": {back}, "duration": {"1s"}})
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, http.StatusSeeOther, res.StatusCode, back)
		assert.Equal(t, want, res.Header.Get("Location"), back)
		assert.Empty(t, res.Cookies())
	}
}

// Web pages of other origins cannot send the forms; the page itself can, also where browsers send no Sec-Fetch-Site.
func TestFormsOfOtherOrigins(t *testing.T) {
	server := newServer(t, byzantinetest.WithAllowedHosts("sandbox"))
	server.AddAccount(byzantinetest.Account{})
	post := func(host string, header map[string]string) int {
		r, err := http.NewRequest("POST", server.URL+byzantinetest.StatusPath+"do/reset", strings.NewReader("back=%2F_sandbox%2F"))
		require.NoError(t, err)
		r.Host = host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range header {
			r.Header.Set(name, value)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		res.Body.Close()
		return res.StatusCode
	}
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:1"},
	} {
		assert.Equal(t, 403, post("localhost:8080", header), header)
	}
	assert.Equal(t, 403, post("rebind.example", map[string]string{"Origin": "http://rebind.example"}))
	assert.Len(t, server.Accounts(), 1)
	assert.Equal(t, 303, post("sandbox:8080", map[string]string{"Origin": "http://sandbox:8080"}))
	assert.Empty(t, server.Accounts())
	assert.Equal(t, 303, post("localhost:8080", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8080"}))
}

// With a token the pages ask for it once, and neither show nor do anything before.
func TestPagesAskForTheToken(t *testing.T) {
	server := newServer(t, byzantinetest.WithControlToken("s3cret"))
	user := server.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	server.SendCode(account.ID, user.ID)
	for _, path := range append([]string{"accounts/" + account.ID, "requests/1"}, pagePaths...) {
		res, page := statusPage(t, server, path)
		assert.Equal(t, 401, res.StatusCode, path)
		assert.Contains(t, page, "This sandbox asks for its token")
		assert.NotContains(t, page, "ada@example.com", path)
		assert.NotContains(t, page, server.Key().PublicKeyHex(), path)
	}
	res, _ := submitForm(t, server, "reset", "")
	assert.Equal(t, 401, res.StatusCode)
	assert.Len(t, server.Accounts(), 1)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	sign := func(token string) (*http.Response, string) {
		res, err := browser.PostForm(server.URL+byzantinetest.StatusPath+"token", url.Values{"token": {token}, "back": {"/_sandbox/mailbox"}})
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res, string(text)
	}
	for _, wrong := range []string{"", "s3cre", "s3cret2"} {
		res, page := sign(wrong)
		assert.Equal(t, 401, res.StatusCode)
		assert.Contains(t, page, "This is not the sandbox&#39;s token.")
		assert.Empty(t, res.Cookies())
	}
	res, page := sign(" s3cret ")
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "/_sandbox/mailbox", res.Request.URL.Path)
	assert.Contains(t, page, "ada@example.com")
	assert.NotContains(t, page, "s3cret")
	for _, cookie := range jar.Cookies(res.Request.URL) {
		assert.NotContains(t, cookie.Value, "s3cret")
	}
	res, err = browser.PostForm(server.URL+byzantinetest.StatusPath+"do/reset", nil)
	require.NoError(t, err)
	res.Body.Close()
	assert.Empty(t, server.Accounts())

	open := newServer(t)
	res, err = http.PostForm(open.URL+byzantinetest.StatusPath+"token", url.Values{"token": {""}})
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, 401, res.StatusCode, "there is no token to show")
}

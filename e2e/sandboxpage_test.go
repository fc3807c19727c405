package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// sandboxWorld is a sandbox with accounts, transactions, codes, webhooks and faults, for all pages. Its clock begins at
// noon.
type sandboxWorld struct {
	*byzantinetest.Server
	t         *testing.T
	client    *byzantine.Client
	userID    string
	accountID string
	transfer  string // the id of a transaction that waits for a bank transfer
	failing   atomic.Bool
}

var sandboxNoon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func newSandboxWorld(t *testing.T) *sandboxWorld {
	t.Helper()
	server := byzantinetest.NewServer(byzantinetest.WithTime(sandboxNoon), byzantinetest.WithSeed(7))
	t.Cleanup(server.Close)
	w := &sandboxWorld{Server: server, t: t, client: server.Client()}
	w.failing.Store(true)
	hook := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.failing.Load() {
			http.Error(out, "the database is gone", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(hook.Close)
	ctx := t.Context()
	_, err := w.client.CreateWebhookSubscription(ctx, &byzantine.CreateWebhookSubscriptionRequest{URL: hook.URL + "/hooks", Name: "Backend"})
	require.NoError(t, err)
	w.userID = server.AddUser(byzantinetest.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}).ID
	w.accountID = server.AddAccount(byzantinetest.Account{UserIDs: []string{w.userID}}).ID
	server.AddAccount(byzantinetest.Account{Type: byzantine.AccountTypeCompany, Name: "Analytical Engines", Status: byzantine.VerificationUnderReview})
	server.Activate(w.accountID, byzantine.ChainBase, byzantine.ChainEthereum)
	server.Fund(w.accountID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))
	server.Fund(w.accountID, byzantine.ChainEthereum, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))

	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	code := func(_ context.Context, otpID string) (string, error) { return server.OTPCode(otpID), nil }
	ada, err := passkeytest.Enroll(ctx, w.client, passkeytest.User{AccountID: w.accountID, UserID: w.userID, RelyingParty: rp}, code)
	require.NoError(t, err)
	submit := func(payload *byzantine.Payload, err error) string {
		t.Helper()
		require.NoError(t, err)
		options, state, err := rp.BeginSigning(payload, []passkey.Credential{ada.Credential})
		require.NoError(t, err)
		response, err := ada.Authenticator.Get(options)
		require.NoError(t, err)
		signed, err := rp.FinishSigning(state, response)
		require.NoError(t, err)
		submitted, err := w.client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
		require.NoError(t, err)
		return submitted.TransactionID
	}
	deposit := func(chain byzantine.ChainID, vault, amount string, currency byzantine.Currency) string {
		t.Helper()
		return submit(w.client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
			ChainID: chain, AccountID: w.accountID, VaultAddr: vault, Amount: byzantine.MustParseDecimal(amount), SourceCurrency: currency,
		}))
	}
	deposit(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, "250.5", byzantine.CurrencyUSDC)
	deposit(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, "300", byzantine.CurrencyUSDC)
	server.Advance(40 * time.Second)
	w.transfer = deposit(byzantine.ChainBase, byzantinetest.VaultBaseEURC, "500", byzantine.CurrencyEUR)
	submit(w.client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
		ChainID: byzantine.ChainEthereum, AccountID: w.accountID, VaultAddr: byzantinetest.VaultEthereumQueued,
		Amount: byzantine.MustParseDecimal("100"), DestinationCurrency: byzantine.CurrencyUSDC,
	}))
	for range 12 {
		server.Advance(5 * time.Second)
		_, err := w.client.Whoami(ctx)
		require.NoError(t, err)
	}
	w.send("POST", "/v1/integrator/credentials?dry=1", `{"label":"x"}`, "/v1/integrator/credentials")
	w.send("POST", "/v1/submit/init-otp", `{"accountId": "x"}`, "/v1/submit/other")
	http.Get(server.URL + "/v1/no/such/route")
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Status: 503})
	w.client.ListEvents(ctx, nil)
	server.Fail(byzantine.OpInitOTP, 2, byzantinetest.Fault{Reset: true, TakesEffect: true})
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}})
	w.sendCode()
	server.Deliver()
	return w
}

// send sends a request whose signature is for signedPath instead of path.
func (w *sandboxWorld) send(method, path, body, signedPath string) {
	w.t.Helper()
	signature, err := byzantine.SignRequest(w.t.Context(), w.Key(), w.Now(), method, signedPath, []byte(body))
	require.NoError(w.t, err)
	r, err := http.NewRequest(method, w.URL+path, strings.NewReader(body))
	require.NoError(w.t, err)
	signature.Apply(r.Header)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	response.Body.Close()
}

// sendCode has the API send a code to Ada and returns the code. It sets the fault of this operation again afterwards.
func (w *sandboxWorld) sendCode() string {
	w.t.Helper()
	w.ClearFaults(byzantine.OpInitOTP)
	otp, err := w.client.InitOTP(w.t.Context(), &byzantine.InitOTPRequest{AccountID: w.accountID, UserID: w.userID})
	require.NoError(w.t, err)
	w.Fail(byzantine.OpInitOTP, 2, byzantinetest.Fault{Reset: true, TakesEffect: true})
	return w.OTPCode(otp.OTPID)
}

// paths returns the path of a page of each kind, by name.
func (w *sandboxWorld) paths() map[string]string {
	requests := w.Requests()
	rejected, unknown := int64(0), int64(0)
	for _, r := range requests {
		switch {
		case r.Difference != nil:
			rejected = r.Number
		case r.ExpectedBytes > 0:
			unknown = r.Number
		}
	}
	failed := w.Deliveries(byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryFailed})
	require.NotEmpty(w.t, failed)
	return map[string]string{
		"overview": "", "mailbox": "mailbox", "requests": "requests", "filtered": "requests?outcome=rejected&text=otp",
		"rejected": fmt.Sprint("requests/", rejected), "unknown": fmt.Sprint("requests/", unknown), "request": fmt.Sprint("requests/", requests[1].Number),
		"accounts": "accounts", "account": "accounts/" + w.accountID, "transactions": "transactions", "transaction": "transactions/" + w.transfer,
		"webhooks": "webhooks", "delivery": "webhooks/" + failed[0].Delivery.ID, "events": "events", "faults": "faults", "missing": "accounts/x",
	}
}

// sandboxPage is a tab that shows the sandbox's pages.
type sandboxPage struct {
	*tab
	world *sandboxWorld
}

func (w *sandboxWorld) visit(b *browser, name string) *sandboxPage {
	w.t.Helper()
	p := &sandboxPage{b.open(w.t, name), w}
	p.do(chromedp.EmulateViewport(1280, 900))
	return p
}

func (p *sandboxPage) goTo(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.world.URL + byzantinetest.StatusPath + path))
	p.until(`document.readyState === "complete"`)
}

// scheme makes the page use the colour scheme "dark" or "light".
func (p *sandboxPage) scheme(value string) {
	p.t.Helper()
	call(p.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
}

// axe finds nothing wrong with any page, in both colour schemes, on a desktop and on a phone; and no page is wider than
// the phone. By default axe checks the light scheme on the phone and the dark one on the desktop only.
func TestSandboxPagesAreAccessible(t *testing.T) {
	b, w := startBrowser(t), newSandboxWorld(t)
	for name, path := range w.paths() {
		t.Run(name, func(t *testing.T) {
			p := w.visit(b, "phone")
			p.tab.t = t
			for _, scheme := range []string{"light", "dark"} {
				p.scheme(scheme)
				p.do(chromedp.EmulateViewport(390, 844))
				p.goTo(path)
				if longtest.On() || scheme == "light" {
					assert.Empty(t, p.violations(t), "%s, phone", scheme)
				}
				assert.LessOrEqual(t, eval[int](p.tab, `return document.documentElement.scrollWidth`), 390)
				p.takeFullPicture(scheme + " phone")
				p.do(chromedp.EmulateViewport(1280, 900))
				if longtest.On() || scheme == "dark" {
					assert.Empty(t, p.violations(t), "%s, desktop", scheme)
				}
				p.takeFullPicture(scheme + " desktop")
			}
		})
	}
}

// Each page of a sandbox in which nothing has happened yet says what it would show.
func TestPagesOfAnEmptySandbox(t *testing.T) {
	server := byzantinetest.NewServer(byzantinetest.WithTime(sandboxNoon))
	t.Cleanup(server.Close)
	p := (&sandboxWorld{Server: server, t: t}).visit(startBrowser(t), "newcomer")
	for _, path := range []string{"", "mailbox", "requests", "accounts", "transactions", "webhooks", "events", "faults"} {
		p.goTo(path)
		assert.Empty(t, p.violations(t), path)
		assert.NotZero(t, eval[int](p.tab, `return [...document.querySelectorAll(".none")].filter((e) => e.checkVisibility() && e.innerText.trim().length > 4).length`), path)
		p.takeFullPicture("empty " + path)
	}
}

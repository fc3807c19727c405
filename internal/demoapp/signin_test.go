package demoapp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

func TestSignIn(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	assert.Contains(t, ada.page("/"), "Sign in")
	leadsTo(t, ada.post("/sign-in", "email", " "+ada.email+" "), "/code")
	before := *ada.cookie
	assert.Contains(t, ada.page("/code"), ada.email)
	w := ada.post("/code", "code", " "+ada.code()+" ")
	leadsTo(t, w, "/account")

	after := w.Result().Cookies()[0]
	assert.Equal(t, "__Host-session", after.Name)
	assert.True(t, after.HttpOnly && after.Secure)
	assert.Equal(t, http.SameSiteStrictMode, after.SameSite)
	assert.Equal(t, "/", after.Path)
	assert.Empty(t, after.Domain)
	assert.NotEqual(t, before.Value, after.Value, "another id from the moment that it is worth something")

	page := ada.page("/account")
	assert.Contains(t, page, "Ada Lovelace")
	assert.Contains(t, page, `<span>USDC</span> <strong class="sum">2,000.00</strong>`, "the total of both wallets")
	assert.Contains(t, page, `<dt>Wallet on Base</dt><dd class="sum">1,000.00</dd>`)
	leadsTo(t, ada.get("/"), "/account")
	leadsTo(t, ada.get("/code"), "/")
	leadsTo(t, ada.post("/code", "code", "000000"), "/")

	planted := &person{house: h, t: t, cookie: &before}
	leadsToSignIn(t, planted.get("/account"), "/account")
	leadsTo(t, planted.post("/code", "code", "000000"), "/")

	stolen := &person{house: h, t: t, cookie: ada.cookie}
	leadsTo(t, ada.post("/sign-out"), "/")
	assert.Nil(t, ada.cookie)
	leadsToSignIn(t, stolen.get("/account"), "/account")
}

// Without TLS, as on localhost, the cookie cannot have the prefix __Host-.
func TestCookieWithoutTLS(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	rp := &passkey.RelyingParty{ID: "localhost", Name: "Example", Origins: []string{"http://localhost"}}
	handler, err := demoapp.New(demoapp.Config{Client: sandbox.Client(), RelyingParty: rp})
	require.NoError(t, err)
	p := &person{house: &house{t: t, handler: handler, host: "localhost"}, t: t}
	leadsTo(t, p.post("/sign-in", "email", "ada@example.com"), "/code")
	assert.Equal(t, "session", p.cookie.Name)
	assert.False(t, p.cookie.Secure)
	assert.True(t, p.cookie.HttpOnly)
}

func TestWrongCodes(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	leadsTo(t, ada.get("/code"), "/")
	leadsTo(t, ada.post("/code", "code", "000000"), "/")
	leadsTo(t, ada.post("/sign-in", "email", ada.email), "/code")
	code := ada.code()
	w := ada.post("/code", "code", " ")
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, w.Body.String(), "Please enter the code from the e-mail.")
	for _, wrong := range []string{"x", "<b>", strings.Repeat("9", 100), code[1:]} {
		w := ada.post("/code", "code", wrong)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), "The code is wrong or too old.")
		assert.Contains(t, w.Body.String(), `aria-invalid="true" aria-describedby="code-problem"`)
		leadsToSignIn(t, ada.get("/account"), "/account")
	}
	leadsTo(t, ada.post("/code", "code", code[:3]+" "+code[3:]), "/account")
}

// After five wrong entries the code is invalid, and the page says so, also for an address that is not a customer's.
func TestTooManyCodes(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	for _, email := range []string{ada.email, "nobody@example.com"} {
		p := &person{house: h, t: t, email: email}
		leadsTo(t, p.post("/sign-in", "email", email), "/code")
		for n := 1; n <= 6; n++ {
			w := p.post("/code", "code", "x")
			if n < 5 {
				assert.Contains(t, w.Body.String(), "The code is wrong or too old.")
				continue
			}
			assert.Contains(t, w.Body.String(), "Too many attempts: this code does not work any more.")
			assert.NotContains(t, w.Body.String(), `name="code"`)
			assert.Contains(t, p.page("/code"), "Too many attempts")
		}
	}
	guesses := 0
	for _, operation := range h.operations() {
		if operation == "otp_auth" {
			guesses++
		}
	}
	assert.Equal(t, 5, guesses, "the sixth did not reach the API")

	ada.cookie = nil
	leadsTo(t, ada.post("/sign-in", "email", ada.email), "/code")
	h.sandbox.Fail(byzantine.OpOTPAuth, 1, byzantinetest.Fault{Status: 429})
	w := ada.post("/code", "code", ada.code())
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.Contains(t, w.Body.String(), "Too many attempts. Please wait a minute")
	leadsTo(t, ada.post("/code", "code", ada.code()), "/account")

	h.sandbox.Fail(byzantine.OpInitOTP, 1, byzantinetest.Fault{Status: 429})
	w = ada.post("/sign-in", "email", ada.email)
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.Contains(t, w.Body.String(), "Too many codes were sent to this address.")
}

// A user who asks for another code is told that it was sent, and that only the newest one works.
func TestAnotherCode(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	for _, email := range []string{ada.email, "nobody@example.com"} {
		p := &person{house: h, t: t, email: email}
		leadsTo(t, p.post("/sign-in", "email", email), "/code")
		assert.NotContains(t, p.page("/code"), "another code. Only")
		leadsTo(t, p.post("/sign-in", "email", email), "/code")
		assert.Contains(t, p.page("/code"), "We have sent another code. Only the newest one works.")
	}
	first := ada.post("/sign-in", "email", ada.email)
	leadsTo(t, first, "/code")
	leadsTo(t, ada.post("/code", "code", ada.code()), "/account")
}

// A user whose session has ended returns to the page that they wanted to see, and a link cannot lead to another site.
func TestBackToThePageAfterSignIn(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	w := ada.get("/vaults/dollar-savings?x=1")
	leadsToSignIn(t, w, "/vaults/dollar-savings?x=1")
	page := ada.page(w.Header().Get("Location"))
	assert.Contains(t, page, "Please sign in to go on.")
	assert.Contains(t, page, `name="next" value="/vaults/dollar-savings?x=1"`)
	leadsTo(t, ada.post("/sign-in", "email", ada.email, "next", "/vaults/dollar-savings?x=1"), "/code")
	leadsTo(t, ada.post("/sign-in", "email", ada.email), "/code") // another code
	leadsTo(t, ada.post("/code", "code", ada.code()), "/vaults/dollar-savings?x=1")
	leadsTo(t, ada.get("/?next=/people"), "/people")

	for _, elsewhere := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil"} {
		leadsTo(t, ada.post("/sign-out"), "/")
		assert.NotContains(t, ada.page("/?"+url.Values{"next": {elsewhere}}.Encode()), "evil")
		leadsTo(t, ada.post("/sign-in", "email", ada.email, "next", elsewhere), "/code")
		leadsTo(t, ada.post("/code", "code", ada.code()), "/account")
		leadsTo(t, ada.get("/?"+url.Values{"next": {elsewhere}}.Encode()), "/account")
	}
}

// The pages are the same whether or not an address is a customer's.
func TestAddressesThatCannotSignIn(t *testing.T) {
	h := newHouse(t)
	viewer := h.sandbox.AddUser(byzantinetest.User{Email: "viewer@example.com"})
	owner := h.sandbox.AddUser(byzantinetest.User{Email: "self@example.com"})
	h.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{h.addCustomer("Ada").userID, viewer.ID}})
	h.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{owner.ID}, SelfCustodial: true})
	var pages []string
	for _, email := range []string{"ada@example.com", viewer.Email, "nobody@example.com", owner.Email, "no address"} {
		p := &person{house: h, t: t}
		leadsTo(t, p.post("/sign-in", "email", email), "/code")
		pages = append(pages, strings.ReplaceAll(p.page("/code"), email, ""))
		w := p.post("/code", "code", "x")
		assert.Equal(t, http.StatusBadRequest, w.Code)
		pages = append(pages, strings.ReplaceAll(w.Body.String(), email, ""))
	}
	for i := 2; i < len(pages); i++ {
		assert.Equal(t, pages[i%2], pages[i])
	}
	sent := 0
	for _, operation := range h.operations() {
		if operation == "init_otp" {
			sent++
		}
	}
	assert.Equal(t, 2, sent, "one who signs and one who looks got a code")

	p := &person{house: h, t: t}
	w := p.post("/sign-in", "email", " ")
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, w.Body.String(), `<p id="email-problem" class="wrong">Please enter your e-mail address.</p>`)
	leadsTo(t, p.post("/sign-in", "email", `"><script>`), "/code")
	assert.Contains(t, p.page("/code"), "&#34;&gt;&lt;script&gt;")
}

func TestSessionsEnd(t *testing.T) {
	t.Run("without a request", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			ada := h.addCustomer("Ada")
			ada.signIn()
			time.Sleep(30*time.Minute - time.Second)
			ada.page("/account")
			time.Sleep(30*time.Minute - time.Second)
			ada.page("/account")
			time.Sleep(30 * time.Minute)
			leadsToSignIn(t, ada.get("/account"), "/account")
			refused(t, ada.post("/deposit"), http.StatusUnauthorized, "Please sign in again.")
		})
	})
	t.Run("after half a day", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			ada := h.addCustomer("Ada")
			ada.signIn()
			for range 12*3 - 1 {
				time.Sleep(20 * time.Minute)
				ada.page("/passkeys")
			}
			time.Sleep(20 * time.Minute)
			leadsToSignIn(t, ada.get("/passkeys"), "/passkeys")
		})
	})
}

// If the API fails, the page says so without details, and the log has the route.
func TestSignInWithoutTheAPI(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	h.sandbox.Fail(byzantine.OpInitOTP, 1, byzantinetest.Fault{Status: 503})
	w := ada.post("/sign-in", "email", ada.email)
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "That did not work")
	assert.Contains(t, h.log.String(), `route="POST /sign-in"`)
	assert.NotContains(t, h.log.String(), ada.email)
}

func TestNewRefuses(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	client, err := byzantine.NewClient(key)
	require.NoError(t, err)
	_, err = demoapp.New(demoapp.Config{RelyingParty: &passkey.RelyingParty{}})
	assert.EqualError(t, err, "demoapp: Config.Client: missing")
	_, err = demoapp.New(demoapp.Config{Client: client})
	assert.ErrorIs(t, err, passkey.ErrConfiguration)
}

// Two vaults whose pages would have the same path, and vaults without a path.
func TestNewRefusesVaultNames(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	rp := &passkey.RelyingParty{ID: "localhost", Name: "Example", Origins: []string{"http://localhost"}}
	for _, names := range [][2]string{{"Gold", "gold!"}, {"Gold", ""}, {"Gold", "-"}} {
		_, err := demoapp.New(demoapp.Config{Client: sandbox.Client(), RelyingParty: rp, Vaults: []demoapp.Vault{{Name: names[0]}, {Name: names[1]}}})
		assert.ErrorContains(t, err, "Config.Vaults[1].Name")
	}
}

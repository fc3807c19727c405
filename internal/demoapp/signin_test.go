package demoapp_test

import (
	"net/http"
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
	assert.Contains(t, page, "1,000.00 USDC")
	leadsTo(t, ada.get("/"), "/account")
	leadsTo(t, ada.get("/code"), "/")
	leadsTo(t, ada.post("/code", "code", "000000"), "/")

	planted := &person{house: h, t: t, cookie: &before}
	leadsTo(t, planted.get("/account"), "/")
	leadsTo(t, planted.post("/code", "code", "000000"), "/")

	stolen := &person{house: h, t: t, cookie: ada.cookie}
	leadsTo(t, ada.post("/sign-out"), "/")
	assert.Nil(t, ada.cookie)
	leadsTo(t, stolen.get("/account"), "/")
}

// The cookie of a site without TLS, which is localhost, cannot have the prefix.
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
	for _, wrong := range []string{"", "x", "<b>", strings.Repeat("9", 100), code[1:]} {
		w := ada.post("/code", "code", wrong)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), "The code is wrong or too old.")
		leadsTo(t, ada.get("/account"), "/")
	}
	leadsTo(t, ada.post("/code", "code", code), "/account")
}

// Whether somebody is a customer is not for strangers to find out.
func TestAddressesThatCannotSignIn(t *testing.T) {
	h := newHouse(t)
	viewer := h.sandbox.AddUser(byzantinetest.User{Email: "viewer@example.com"})
	owner := h.sandbox.AddUser(byzantinetest.User{Email: "self@example.com"})
	h.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{h.addCustomer("Ada").userID, viewer.ID}})
	h.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{owner.ID}, SelfCustodial: true})
	var pages []string
	for _, email := range []string{"ada@example.com", "nobody@example.com", viewer.Email, owner.Email, "no address"} {
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
	assert.Equal(t, 1, sent, "one of them got a code")

	p := &person{house: h, t: t}
	w := p.post("/sign-in", "email", " ")
	assert.Equal(t, http.StatusBadRequest, w.Code)
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
			leadsTo(t, ada.get("/account"), "/")
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
			leadsTo(t, ada.get("/passkeys"), "/")
		})
	})
}

// When the API is down, a page says so and the log has more.
func TestSignInWithoutTheAPI(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	h.sandbox.Fail("init_otp", 1, byzantinetest.Fault{Status: 503})
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

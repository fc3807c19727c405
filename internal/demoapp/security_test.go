package demoapp_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/browser"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// The routes that need a signed-in user: pages are for the browser, calls for the pages' script.
var (
	pages = []string{"GET /account", "GET /vaults/dollar-savings", "GET /passkeys", "GET /people", "GET /transactions/00000000-0000-4000-8000-000000000000"}
	calls = []string{
		"POST /passkeys/options", "POST /passkeys", "POST /activate", "POST /deposit", "POST /withdraw",
		"POST /people/invite", "POST /people/00000000-0000-4000-8000-000000000000/promote", "POST /people/submit",
		"POST /transactions/00000000-0000-4000-8000-000000000000/cancel",
		"POST /transactions/00000000-0000-4000-8000-000000000000/submit",
		"GET /transactions/00000000-0000-4000-8000-000000000000/status",
	}
)

func request(t *testing.T, route string) *http.Request {
	method, path, _ := strings.Cut(route, " ")
	return httptest.NewRequestWithContext(t.Context(), method, path, nil)
}

func TestEverythingNeedsASession(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	halfway := h.addCustomer("Grace")
	leadsTo(t, halfway.post("/sign-in", "email", halfway.email), "/code")
	before := h.operations()
	for name, p := range map[string]*person{
		"no cookie":             ada,
		"a cookie of nobody's":  {house: h, t: t, cookie: &http.Cookie{Name: "__Host-session", Value: "x"}},
		"a code was only asked": halfway,
	} {
		t.Run(name, func(t *testing.T) {
			for _, route := range pages {
				_, path, _ := strings.Cut(route, " ")
				leadsToSignIn(t, p.send(request(t, route)), path)
			}
			for _, route := range calls {
				refused(t, p.send(request(t, route)), http.StatusUnauthorized, "Please sign in again.")
			}
		})
	}
	assert.Equal(t, before, h.operations(), "the API was not asked")
}

// Old browsers send the user's cookie with requests that a page of another site makes.
func TestOtherSitesCannotAct(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	before := h.operations()
	for name, header := range map[string][2]string{
		"another site":                 {"Sec-Fetch-Site", "cross-site"},
		"another host of the domain":   {"Sec-Fetch-Site", "same-site"},
		"another site, older browser":  {"Origin", "https://example.org"},
		"a sandboxed frame":            {"Origin", "null"},
		"another port, older browser":  {"Origin", origin + ":8443"},
		"the domain above, older ones": {"Origin", "https://example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, route := range append([]string{"POST /sign-in", "POST /code", "POST /sign-out"}, calls...) {
				if strings.HasPrefix(route, "GET ") {
					continue
				}
				r := request(t, route)
				r.Header.Set(header[0], header[1])
				r.Host = h.host
				r.AddCookie(ada.cookie)
				w := httptest.NewRecorder()
				h.handler.ServeHTTP(w, r)
				assert.Equal(t, http.StatusForbidden, w.Code, route)
			}
		})
	}
	assert.Equal(t, before, h.operations(), "the API was not asked")
	ada.page("/account")
}

func TestHeaders(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	for _, w := range []*httptest.ResponseRecorder{
		ada.get("/account"), ada.get("/nowhere"), ada.get("/static/app.js"), ada.get("/vaults/dollar-savings"), ada.get("/people"), ada.post("/deposit"), ada.post("/passkeys/options", "name", "x"),
	} {
		policy := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'"} {
			assert.Contains(t, policy, part)
		}
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	for _, path := range []string{"/account", "/passkeys", "/people", "/vaults/dollar-savings", "/nowhere"} {
		page := ada.get(path).Body.String()
		for _, inline := range []string{"<style", "style=", "onclick", "onsubmit", "javascript:", "https://"} {
			assert.NotContains(t, page, inline, path)
		}
		assert.NotRegexp(t, `<script[^>]*>[^<]`, page)
	}
}

// asset returns the URL path of a file that the pages load, by its name without the hash.
func (p *person) asset(name string) string {
	p.t.Helper()
	base, extension, _ := strings.Cut(name, ".")
	pattern := regexp.MustCompile(base + `\.[0-9a-f]{16}\.` + extension)
	found := pattern.FindString(p.page("/"))
	if found == "" { // the script imports the file, the page does not name it
		found = pattern.FindString(p.get(p.asset("app.js")).Body.String())
	}
	require.NotEmpty(p.t, found, name)
	return "/static/" + found
}

// A browser keeps the files for ever, so a file's name must change with its content.
func TestStaticFiles(t *testing.T) {
	ada := newHouse(t).addCustomer("Ada")
	for name, contentType := range map[string]string{
		"app.js": "text/javascript; charset=utf-8", "passkey.js": "text/javascript; charset=utf-8",
		"app.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		w := ada.get(ada.asset(name))
		assert.Equal(t, http.StatusOK, w.Code, name)
		assert.Equal(t, contentType, w.Header().Get("Content-Type"))
		assert.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		assert.NotContains(t, strings.ReplaceAll(w.Body.String(), `xmlns="http://www.w3.org/2000/svg"`, ""), "http", "nothing from elsewhere")
		hash := fmt.Sprintf("%x", sha256.Sum256(w.Body.Bytes()))
		assert.Contains(t, ada.asset(name), hash[:16], name)
		assert.Equal(t, http.StatusNotFound, ada.get("/static/"+name).Code, "%s without its hash is not to be kept", name)
	}
	assert.Equal(t, browser.Module, ada.get(ada.asset("passkey.js")).Body.String(), "the module that others install")
	assert.Equal(t, http.StatusNotFound, ada.get("/static/assets.go").Code)
}

// Passkeys work at the relying party's origin only, and requests for other host names must not reach the application.
func TestOtherHosts(t *testing.T) {
	h := newHouse(t)
	ask := func(method, host string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/sign-in", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w
	}
	for _, other := range []string{"example.com", "app.example.com:8443", "evil.example.org", "127.0.0.1", ""} {
		w := ask(http.MethodGet, other)
		assert.Equal(t, http.StatusFound, w.Code)
		assert.Equal(t, origin+"/", w.Header().Get("Location"))
		assert.Equal(t, http.StatusMisdirectedRequest, ask(http.MethodPost, other).Code)
	}
	assert.Empty(t, h.operations())
}

func TestWhatIsNotThere(t *testing.T) {
	ada := newHouse(t).addCustomer("Ada")
	for _, path := range []string{"/nowhere", "/sign-out", "/deposit", "/static", "/static/", "/v1/health"} {
		w := ada.get(path)
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		assert.Contains(t, w.Body.String(), "There is nothing at this address.")
	}
	assert.Equal(t, http.StatusMethodNotAllowed, ada.post("/account").Code)
}

func TestRequestsThatAreTooLarge(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	large := []byte(strings.Repeat(" ", passkey.MaxResponseBytes+1))
	answer[any](t, ada.post("/passkeys/options", "name", "x"))
	refused(t, ada.postBody("/passkeys", large), http.StatusRequestEntityTooLarge, "too large")
	b, _ := ada.begin("/deposit", "vault", byzantinetest.VaultBaseUSDC, "amount", "1")
	refused(t, ada.postBody(b.Submit, large), http.StatusRequestEntityTooLarge, "too large")
}

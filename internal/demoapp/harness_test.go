package demoapp_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

const origin = "https://app.example.com"

// house is the application and its sandbox. They are called without a network, so that they work with the clock of
// synctest.
type house struct {
	t       *testing.T
	sandbox *byzantinetest.Sandbox
	handler http.Handler
	host    string
	log     *strings.Builder
}

var vaults = []demoapp.Vault{
	{Name: "Dollar savings", Address: byzantinetest.VaultBaseUSDC, Chain: byzantine.ChainBase, Currency: byzantine.CryptoUSDC},
	{Name: "Dollar term savings", Address: byzantinetest.VaultEthereumQueued, Chain: byzantine.ChainEthereum, Currency: byzantine.CryptoUSDC},
}

func newHouse(t *testing.T) *house {
	t.Helper()
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	t.Cleanup(sandbox.Close)
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
	require.NoError(t, err)
	h := &house{t: t, sandbox: sandbox, host: "app.example.com", log: new(strings.Builder)}
	h.handler, err = demoapp.New(demoapp.Config{
		Client:       client,
		RelyingParty: &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{origin}},
		Vaults:       vaults,
		Log:          slog.New(slog.NewTextHandler(h.log, nil)),
	})
	require.NoError(t, err)
	return h
}

// inBubble runs a test in a synctest bubble, whose clock moves only when all its goroutines wait.
func inBubble(t *testing.T, test func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) { test(t, newHouse(t)) })
}

// addCustomer adds a user to the sandbox, with an account and money in its wallet, who has neither signed in nor a
// passkey.
func (h *house) addCustomer(name string) *person {
	h.t.Helper()
	user := h.sandbox.AddUser(byzantinetest.User{Email: strings.ToLower(name) + "@example.com", FirstName: name, LastName: "Lovelace"})
	account := h.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	for _, chain := range []byzantine.ChainID{byzantine.ChainBase, byzantine.ChainEthereum} {
		h.sandbox.Fund(account.ID, chain, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))
	}
	return &person{
		house: h, t: h.t, email: user.Email, userID: user.ID, accountID: account.ID,
		device: passkeytest.NewAuthenticator(passkeytest.WithOrigin(origin)),
	}
}

// operations returns the operation ids of all requests that the sandbox has received.
func (h *house) operations() []string {
	var list []string
	for _, r := range h.sandbox.Requests() {
		list = append(list, string(r.OperationID))
	}
	return list
}

// person is a user with a browser and an authenticator.
type person struct {
	*house
	t                        *testing.T
	email, userID, accountID string
	device                   *passkeytest.Authenticator
	cookie                   *http.Cookie
}

// send sends a request as the person's browser would from a page of the application, and keeps the cookie of the
// response.
func (p *person) send(r *http.Request) *httptest.ResponseRecorder {
	p.t.Helper()
	r.Host = p.host
	if r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if p.cookie != nil {
		r.AddCookie(p.cookie)
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if p.cookie = c; c.MaxAge < 0 {
			p.cookie = nil
		}
	}
	return w
}

func (p *person) get(path string) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.send(httptest.NewRequestWithContext(p.t.Context(), http.MethodGet, path, nil))
}

// page requests a page, fails the test if the status is not 200, and returns the page's text.
func (p *person) page(path string) string {
	p.t.Helper()
	w := p.get(path)
	require.Equal(p.t, http.StatusOK, w.Code, w.Body)
	assert.Equal(p.t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	return w.Body.String()
}

// post sends a form. form has names and values in turn.
func (p *person) post(path string, form ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.send(r)
}

// postBody sends body, which is the response of an authenticator.
func (p *person) postBody(path string, body []byte) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.send(httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, path, strings.NewReader(string(body))))
}

// leadsTo checks that a response redirects the browser to path.
func leadsTo(t *testing.T, w *httptest.ResponseRecorder, path string) {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	require.Equal(t, path, w.Header().Get("Location"))
}

// leadsToSignIn checks that a response redirects to the sign-in page, which then leads back to page.
func leadsToSignIn(t *testing.T, w *httptest.ResponseRecorder, page string) {
	t.Helper()
	leadsTo(t, w, "/?next="+url.QueryEscape(page))
}

// refused checks that the script of the page gets an error with this status, whose message contains words.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, words string) {
	t.Helper()
	refusedField(t, w, status, "", words)
}

// refusedField is refused for an error that names a field of the form; field is empty if it names none.
func refusedField(t *testing.T, w *httptest.ResponseRecorder, status int, field, words string) {
	t.Helper()
	assert.Equal(t, status, w.Code)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var problem struct{ Message, Field string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem), w.Body)
	assert.Contains(t, problem.Message, words)
	assert.Equal(t, field, problem.Field)
}

// answer checks that the script of the page gets a success, and decodes it.
func answer[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var value T
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &value))
	return value
}

type nextPage struct{ Location string }

// code returns the newest code that was e-mailed to the person.
func (p *person) code() string {
	p.t.Helper()
	mails := p.sandbox.Mailbox(byzantinetest.MailFilter{Email: p.email})
	require.NotEmpty(p.t, mails, "no code was sent to "+p.email)
	return mails[0].Code
}

func (p *person) signIn() {
	p.t.Helper()
	leadsTo(p.t, p.post("/sign-in", "email", p.email), "/code")
	leadsTo(p.t, p.post("/code", "code", p.code()), "/account")
}

// makePasskey starts the registration of a passkey and has the authenticator create it. It returns the authenticator's
// response, which is not sent.
func (p *person) makePasskey(name string) (response []byte) {
	p.t.Helper()
	options := answer[json.RawMessage](p.t, p.post("/passkeys/options", "name", name))
	response, err := p.device.Create(options)
	require.NoError(p.t, err)
	return response
}

func (p *person) enrol() {
	p.t.Helper()
	assert.Equal(p.t, nextPage{"/passkeys"}, answer[nextPage](p.t, p.postBody("/passkeys", p.makePasskey("Phone"))))
}

// fact is one line of the description of what is signed, as the page's script gets it.
type fact struct{ Name, Value string }

// begun is what the page's script gets when a transaction begins: the description, the path to submit to, and the
// options for the authenticator.
type begun struct {
	What    string
	Facts   []fact
	Submit  string
	Options json.RawMessage
}

// begin begins a transaction and has the authenticator sign it. It returns what the script gets and the authenticator's
// response, which is not sent.
func (p *person) begin(path string, form ...string) (b begun, response []byte) {
	p.t.Helper()
	b = answer[begun](p.t, p.post(path, form...))
	response, err := p.device.Get(b.Options)
	require.NoError(p.t, err)
	return b, response
}

// transact begins a transaction, signs and submits it. It returns the path of the transaction's page.
func (p *person) transact(path string, form ...string) (page string) {
	p.t.Helper()
	b, response := p.begin(path, form...)
	return answer[nextPage](p.t, p.postBody(b.Submit, response)).Location
}

// status is what the script of a transaction's page gets.
type status struct {
	Status, State, Meaning string
	Steps                  []struct{ Name, State string }
	Final, Cancellable     bool
}

// steps returns the steps of the timeline, each as its name, a space and its state.
func (s status) steps() []string {
	var list []string
	for _, step := range s.Steps {
		list = append(list, step.Name+" "+step.State)
	}
	return list
}

// next returns the status of a transaction as soon as it differs from seen, or after a while.
func (p *person) next(page, seen string) status {
	p.t.Helper()
	return answer[status](p.t, p.get(page+"/status?seen="+seen))
}

// newSaver adds a customer who is signed in, has a passkey, and whose account is active on both chains.
func (h *house) newSaver(name string) *person {
	h.t.Helper()
	p := h.addCustomer(name)
	h.sandbox.Activate(p.accountID, byzantine.ChainBase, byzantine.ChainEthereum)
	p.signIn()
	p.enrol()
	return p
}

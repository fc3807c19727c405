package demoapp_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// registered returns the credential ids of the person that the API has.
func (p *person) registered() []string {
	p.t.Helper()
	key, err := byzantine.NewClient(p.sandbox.Key(), byzantine.WithClock(p.sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(p.sandbox)}))
	require.NoError(p.t, err)
	user, err := key.GetUserDetails(p.t.Context(), &byzantine.GetUserDetailsRequest{UserID: p.userID})
	require.NoError(p.t, err)
	var ids []string
	for _, a := range user.Accounts[0].Authenticators {
		ids = append(ids, a.CredentialID)
	}
	return ids
}

func TestPasskeys(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	ada.signIn()
	assert.Contains(t, ada.page("/account"), "Create a passkey first")
	assert.Contains(t, ada.page("/passkeys"), "You have none yet.")
	response := ada.makePasskey(" Ada's <phone> ")
	assert.Equal(t, nextPage{"/passkeys"}, answer[nextPage](t, ada.postBody("/passkeys", response)))

	page := ada.page("/passkeys")
	assert.Contains(t, page, "Ada&#39;s &lt;phone&gt;")
	assert.Contains(t, page, "Your passkey is ready.")
	assert.NotContains(t, ada.page("/passkeys"), "Your passkey is ready.", "it is said once")
	assert.NotContains(t, ada.page("/account"), "Create a passkey first")
	first := ada.registered()
	require.Len(t, first, 1)

	options := answer[struct {
		User               struct{ ID, Name, DisplayName string }
		ExcludeCredentials []struct{ ID string }
	}](t, ada.post("/passkeys/options", "name", "Key"))
	assert.Equal(t, ada.email, options.User.Name)
	assert.Equal(t, "Ada Lovelace", options.User.DisplayName)
	require.Len(t, options.ExcludeCredentials, 1)
	assert.Equal(t, first[0], options.ExcludeCredentials[0].ID)

	ada.device = passkeytest.NewAuthenticator(passkeytest.WithOrigin(origin))
	ada.enrol()
	assert.Len(t, ada.registered(), 2)
}

func TestPasskeyNames(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	ada.signIn()
	for _, name := range []string{"", "  ", strings.Repeat("é", 65)} {
		refusedField(t, ada.post("/passkeys/options", "name", name), http.StatusBadRequest, "name", "Please give the passkey a name")
	}
	answer[any](t, ada.post("/passkeys/options", "name", strings.Repeat("é", 64)))
}

// A passkey that an attacker's authenticator has created must not be registered for a victim's account.
func TestPasskeysOfOthersAreNotEnrolled(t *testing.T) {
	h := newHouse(t)
	mallory, ada := h.addCustomer("Mallory"), h.addCustomer("Ada")
	mallory.signIn()
	ada.signIn()
	forged := mallory.makePasskey("Phone")
	refused(t, ada.postBody("/passkeys", forged), http.StatusConflict, "Please begin again.")
	ada.makePasskey("Phone")
	refused(t, ada.postBody("/passkeys", forged), http.StatusBadRequest, "We cannot accept the response of your passkey.")
	assert.Contains(t, h.log.String(), "challenge")
	refused(t, ada.postBody("/passkeys", forged), http.StatusConflict, "Please begin again.")
	assert.NotContains(t, h.operations(), "create_authenticators_otp")
	answer[nextPage](t, mallory.postBody("/passkeys", forged))
	refused(t, mallory.postBody("/passkeys", forged), http.StatusConflict, "Please begin again.")
	assert.Empty(t, ada.registered())
	assert.Len(t, mallory.registered(), 1)
}

func TestPasskeysThatDoNotFit(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	ada.signIn()
	for name, body := range map[string]string{"nothing": "", "no JSON": "x", "another object": `{"id":"AAAA"}`} {
		t.Run(name, func(t *testing.T) {
			ada.makePasskey("x")
			refused(t, ada.postBody("/passkeys", []byte(body)), http.StatusBadRequest, "We cannot accept")
		})
	}
	ada.device = passkeytest.NewAuthenticator() // it creates passkeys on a page of https://example.com
	response := ada.makePasskey("x")
	refused(t, ada.postBody("/passkeys", response), http.StatusBadRequest, "We cannot accept")
	assert.Contains(t, h.log.String(), "https://example.com")
	assert.NotContains(t, h.operations(), "create_authenticators_otp")
}

func TestPasskeysThatTakeTooLong(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.addCustomer("Ada")
		ada.signIn()
		response := ada.makePasskey("x")
		time.Sleep(11 * time.Minute)
		refused(t, ada.postBody("/passkeys", response), http.StatusConflict, "Please begin again.")

		// A session of a code allows to add passkeys only for a few minutes.
		time.Sleep(5 * time.Minute)
		page := ada.page("/passkeys")
		assert.Contains(t, page, "To add a passkey you need a fresh code.")
		assert.NotContains(t, page, "Create a passkey<")
		refused(t, ada.post("/passkeys/options", "name", "x"), http.StatusConflict, "Please ask for a new one.")
		ada.signIn()
		ada.enrol()
	})
}

// If the user closes the tab after the authenticator has created the passkey, the passkey is registered all the same.
func TestPasskeyOfAClosedTab(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	ada.signIn()
	response := ada.makePasskey("Phone")
	ctx, closeTab := context.WithCancel(t.Context())
	closeTab()
	ada.send(httptest.NewRequestWithContext(ctx, http.MethodPost, "/passkeys", strings.NewReader(string(response))))
	assert.Len(t, ada.registered(), 1)
	assert.Contains(t, ada.page("/passkeys"), "Your passkey is ready.")
}

func TestPasskeyWithUnknownOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		effect     bool
		registered int
	}{"it was added": {true, 1}, "it was not": {false, 0}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			ada := h.addCustomer("Ada")
			h.sandbox.Activate(ada.accountID, byzantine.ChainBase)
			ada.signIn()
			h.sandbox.Fail(byzantine.OpCreateAuthenticatorsOTP, 1, byzantinetest.Fault{Status: 502, TakesEffect: c.effect})
			ada.enrol()
			assert.Contains(t, ada.page("/passkeys"), "We got no response. If your passkey is in this list, it was added.")
			assert.Len(t, ada.registered(), c.registered)
			w := ada.post("/deposit", "vault", byzantinetest.VaultBaseUSDC, "amount", "1")
			assert.Equal(t, c.effect, w.Code == http.StatusOK, w.Body)
		})
	}
}

// If the API rejects a passkey, the page says why, and the user can try again.
func TestPasskeyThatTheAPIRefuses(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	ada.signIn()
	h.sandbox.Fail(byzantine.OpCreateAuthenticatorsOTP, 1, byzantinetest.Fault{Status: 400, Body: "no <b>more</b> passkeys"})
	refused(t, ada.postBody("/passkeys", ada.makePasskey("x")), http.StatusBadRequest, "This was rejected: no <b>more</b> passkeys.")
	ada.device = passkeytest.NewAuthenticator(passkeytest.WithOrigin(origin))
	ada.enrol()
}

// A passkey that was registered elsewhere signs as well: the application does not have its public key, but the API
// does.
func TestPasskeyFromElsewhere(t *testing.T) {
	h := newHouse(t)
	ada := h.addCustomer("Ada")
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{origin}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: "x", Name: "x"})
	require.NoError(t, err)
	response, err := ada.device.Create(options)
	require.NoError(t, err)
	credential, err := rp.FinishRegistration(state, response, "From elsewhere")
	require.NoError(t, err)
	user := h.sandbox.AddUser(byzantinetest.User{Email: "elsewhere@example.com", Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator}})
	account := h.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	ada.email, ada.userID, ada.accountID = user.Email, user.ID, account.ID
	ada.signIn()
	assert.Contains(t, ada.page("/passkeys"), "From elsewhere")
	page := ada.transact("/activate", "chain", "8453")
	assert.NotEmpty(t, ada.next(page, "").Status)

	// Without the public key the application cannot detect this forged signature. The API does.
	h.sandbox.Activate(account.ID, byzantine.ChainBase)
	h.sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1"))
	b, response := ada.begin("/deposit", "vault", byzantinetest.VaultBaseUSDC, "amount", "1")
	var forged map[string]any
	require.NoError(t, json.Unmarshal(response, &forged))
	forged["response"].(map[string]any)["signature"] = "AAAA"
	text, err := json.Marshal(forged)
	require.NoError(t, err)
	refused(t, ada.postBody(b.Submit, text), http.StatusBadRequest, "This was rejected: webAuthnStamp")
}

package demoapp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

var mary = []string{"firstName", "Mary", "lastName", "Somerville", "email", "mary@example.com"}

// userID returns the id of the user with this e-mail address.
func (h *house) userID(email string) string {
	h.t.Helper()
	client, err := byzantine.NewClient(h.sandbox.Key(), byzantine.WithClock(h.sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(h.sandbox)}))
	require.NoError(h.t, err)
	user, err := client.GetUserDetails(h.t.Context(), &byzantine.GetUserDetailsRequest{Email: email})
	require.NoError(h.t, err)
	return user.UserID
}

// A second user is invited, signs in, sees the account, is given the role that signs, and signs.
func TestSecondUser(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		b, response := ada.begin("/people/invite", mary...)
		assert.Equal(t, "Invite Mary Somerville", b.What)
		assert.Equal(t, []fact{{"Who", "Mary Somerville"}, {"E-mail", "mary@example.com"}, {"May", "look at this account"}}, b.Facts)
		assert.Equal(t, nextPage{"/people"}, answer[nextPage](t, ada.postBody(b.Submit, response)))
		page := ada.page("/people")
		assert.Contains(t, page, "Mary Somerville is invited.")
		assert.Contains(t, page, "Invited, has not signed in yet")

		guest := &person{
			house: h, t: t, email: "mary@example.com", userID: h.userID("mary@example.com"), accountID: ada.accountID,
			device: passkeytest.NewAuthenticator(passkeytest.WithOrigin(origin)),
		}
		guest.signIn()
		assert.Contains(t, guest.page("/account"), "You can look at this account.")
		assert.NotContains(t, guest.page("/people"), "/promote")
		guest.enrol()
		for _, path := range []string{"/deposit", "/withdraw"} {
			w := guest.post(path, order(byzantinetest.VaultBaseUSDC, "1")...)
			if path == "/deposit" {
				refused(t, w, http.StatusForbidden, "You can look at this account, but not sign for it.")
			}
			assert.NotEqual(t, http.StatusOK, w.Code)
		}
		refused(t, guest.post("/people/invite", mary...), http.StatusForbidden, "not sign for it")
		refused(t, guest.post("/people/"+guest.userID+"/promote"), http.StatusForbidden, "not sign for it")
		assert.Contains(t, guest.page("/vaults/dollar-savings"), "You can look at this account, but not sign for it.")

		assert.Contains(t, ada.page("/people"), "Let Mary sign")
		b, response = ada.begin("/people/" + guest.userID + "/promote")
		assert.Equal(t, "Let Mary Somerville sign for this account", b.What)
		assert.Equal(t, nextPage{"/people"}, answer[nextPage](t, ada.postBody(b.Submit, response)))
		page = ada.page("/people")
		assert.Contains(t, page, "Mary Somerville signs for this account now.")
		assert.NotContains(t, page, "Let Mary sign")

		deposit := guest.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
		assert.Equal(t, "completed", guest.next(deposit, "processing").Status)
		assert.Contains(t, ada.page("/account"), "Deposit of 25.00 USDC")
	})
}

func TestInvitationsThatMakeNoSense(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	before := h.operations()
	for field, form := range map[string][]string{
		"firstName": {"firstName", " ", "lastName", "S", "email", "m@example.com"},
		"lastName":  {"firstName", "M", "email", "m@example.com"},
		"email":     {"firstName", "M", "lastName", "S", "email", "nowhere"},
	} {
		refusedField(t, ada.post("/people/invite", form...), http.StatusBadRequest, field, "Please enter")
	}
	assert.Equal(t, before, h.operations(), "the API was not asked")
	refused(t, ada.post("/people/invite", "firstName", "A", "lastName", "L", "email", ada.email), http.StatusBadRequest, "belongs to the account already")
	for _, id := range []string{ada.userID, "00000000-0000-4000-8000-000000000000", "x"} {
		refused(t, ada.post("/people/"+id+"/promote"), http.StatusNotFound, "nothing")
	}
	grace := h.addCustomer("Grace")
	grace.signIn()
	refused(t, grace.post("/people/invite", mary...), http.StatusConflict, "Please create a passkey first.")
}

// A signed invitation or change of a role can be submitted once, by the user who began it, and only for some minutes.
func TestProposalsCountOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada, mallory := h.newSaver("Ada"), h.newSaver("Mallory")
		b, response := ada.begin("/people/invite", mary...)
		refused(t, mallory.postBody(b.Submit, response), http.StatusConflict, "Please begin again.")
		mallory.begin("/people/invite", mary...)
		refused(t, mallory.postBody(b.Submit, response), http.StatusForbidden, "This passkey is not one of your account's.")
		answer[nextPage](t, ada.postBody(b.Submit, response))
		refused(t, ada.postBody(b.Submit, response), http.StatusConflict, "Please begin again.")

		b, response = ada.begin("/people/invite", "firstName", "Annabella", "lastName", "Milbanke", "email", "annabella@example.com")
		time.Sleep(11 * time.Minute)
		refused(t, ada.postBody(b.Submit, response), http.StatusConflict, "took too long")
	})
}

func TestInvitationWithUnknownOutcome(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	h.sandbox.Fail(byzantine.OpInviteUsers, 1, byzantinetest.Fault{Status: 502, TakesEffect: true})
	b, response := ada.begin("/people/invite", mary...)
	assert.Equal(t, nextPage{"/people"}, answer[nextPage](t, ada.postBody(b.Submit, response)))
	page := ada.page("/people")
	assert.Contains(t, page, "We got no response. Please check this list before you try again.")
	assert.Contains(t, page, "mary@example.com")
	assert.Contains(t, h.log.String(), "outcome unknown")
}

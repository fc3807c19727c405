package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

// Messages of the errors of createPasskey and signWithPasskey, which the user reads.
const (
	notCreated   = "No passkey was created. The request was cancelled, took too long, or is not possible on this device. You can try again."
	notUsed      = "No passkey was used. The request was cancelled, took too long, was not allowed, or found no passkey of yours. You can try again."
	alreadyThere = "This device or password manager already holds a passkey for your account."
	wrongAddress = "Passkeys of this website do not work at the address of this page."
)

// Responses of the backend to a rejected response of the authenticator.
const (
	notBegun          = "Ask for a new code."
	anotherChallenge  = "passkey: credential.response.clientDataJSON.challenge: not the one of this ceremony"
	anotherOriginThan = "passkey: credential.response.clientDataJSON.origin: not among RelyingParty.Origins: %q"
)

func TestNoPasskeyIsMade(t *testing.T) {
	b := startBrowser(t)

	t.Run("the user cancels, and tries again", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		v.device.verifyUser(false)
		v.begin()
		v.shows(notCreated)
		assert.Empty(t, v.requireNotEnrolled())

		v.device.verifyUser(true)
		v.enrol()
		v.requireEnrolled()
	})
	t.Run("the user does nothing until the time is over", func(t *testing.T) {
		s := startSite(t)
		s.rp.Timeout = time.Second
		v := visit(t, b, s, "ada")
		device := platform()
		device.AutomaticPresenceSimulation = false
		v.load(device)
		v.begin()
		v.shows(notCreated)
		assert.Empty(t, v.requireNotEnrolled())
	})
	t.Run("the device has one for this account already, another device has not", func(t *testing.T) {
		s := startSite(t)
		s.accepts(u2fSecurityKey())
		v := visit(t, b, s, "ada")
		v.load(platform())
		v.enrol()
		first := v.requireEnrolled()
		v.begin()
		v.shows(alreadyThere)
		assert.Len(t, v.site.enrolledBy(v.user), 1)

		v.device.unplug()
		v.device = v.plugIn(u2fSecurityKey())
		v.enrol()
		both := v.site.enrolledBy(v.user)
		require.Len(t, both, 2)
		assert.NotEqual(t, first.credential.ID, both[1].credential.ID)
		assert.NotEqual(t, first.authenticatorIDs, both[1].authenticatorIDs)
	})
	t.Run("the page has no domain name", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.loadFrom(v.site.server.URL, platform()) // http://127.0.0.1:port
		v.begin()
		v.shows(wrongAddress)
		assert.Empty(t, v.requireNotEnrolled())
	})
}

func TestAnswersThatAreRefused(t *testing.T) {
	b := startBrowser(t)

	t.Run("from a page of another origin than the relying party's", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		other := v.site.mirror(t)
		v.loadFrom(other, platform())
		v.begin()
		v.shows(fmt.Sprintf(anotherOriginThan, other))
		refusals := v.requireNotEnrolled()
		require.Len(t, refusals, 1)
		assert.ErrorIs(t, refusals[0], passkey.ErrOrigin)
	})
	t.Run("sent a second time", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		answer := v.answerUnsent()
		status, text := v.post(answer)
		require.Equal(t, http.StatusNoContent, status, text)
		v.requireEnrolled()

		status, text = v.post(answer)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, notBegun, text)
		assert.Len(t, v.site.enrolledBy(v.user), 1)
	})
	t.Run("sent a second time, in the next ceremony", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		old := v.answerUnsent()
		v.answerUnsent()
		status, text := v.post(old)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, anotherChallenge, text)
		refusals := v.requireNotEnrolled()
		require.Len(t, refusals, 1)
		assert.ErrorIs(t, refusals[0], passkey.ErrChallenge)

		status, text = v.post(old)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, notBegun, text, "a refusal ends the ceremony")
	})
	t.Run("sent in another user's session", func(t *testing.T) {
		s := startSite(t)
		mallory := visit(t, b, s, "mallory")
		mallory.load(platform())
		answer := mallory.answerUnsent()

		ada := visit(t, b, s, "ada")
		ada.load(platform())
		status, text := ada.post(answer)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, notBegun, text)

		ada.answerUnsent()
		status, text = ada.post(answer)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, anotherChallenge, text)
		refusals := ada.requireNotEnrolled()
		require.Len(t, refusals, 1)
		assert.ErrorIs(t, refusals[0], passkey.ErrChallenge)
	})
	t.Run("sent by another site's page, with the user's cookie", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		answer := v.answerUnsent()
		before := v.site.requests().operations()

		// Another port of the same host: SameSite does not keep the cookie from being sent.
		evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<!doctype html><title>You have won</title><h1>You have won")
		}))
		defer evil.Close()
		v.do(chromedp.Navigate(localhost(evil)))
		eval[any](v.tab, fmt.Sprintf(`
			const send = (path, body) => fetch(%q + path, { method: "POST", mode: "no-cors", credentials: "include", body });
			await send("/passkey/code");
			await send("/passkey/finish", %s);`, v.site.origin, literal(t, answer)))
		assert.Equal(t, []string{"/passkey/code same-site", "/passkey/finish same-site"}, v.site.denials())
		assert.Equal(t, before, v.site.requests().operations(), "nobody gets an e-mail")
		assert.Empty(t, v.requireNotEnrolled())

		v.do(chromedp.Navigate(v.site.origin))
		status, text := v.post(answer)
		assert.Equal(t, http.StatusNoContent, status, text)
		v.requireEnrolled()
	})
}

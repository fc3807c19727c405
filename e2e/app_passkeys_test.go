package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestApplicationWithTwoPasskeys(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	phone := ada.device
	ada.signIn()
	ada.createPasskey("Phone")
	// The phone is in the list of authenticators that have a passkey already, so the security key creates this one.
	key := ada.plugIn(reachedBy(webauthn.AuthenticatorTransportUsb))
	ada.createPasskey("Key")
	ada.has("Phone since")
	ada.has("Key since")
	ada.takeFullPicture("two passkeys")

	// Each of the two passkeys signs.
	ada.goTo("Account")
	phone.answers(false)
	ada.activate("Base")
	phone.answers(true)
	key.answers(false)
	ada.order("Dollar savings", "Deposit", "10")
	ada.becomes("Completed")
	assert.Equal(t, []string{key.credentialID(), phone.credentialID()}, a.signers(t))
}

// Two users share a computer. The page asks for Ada's passkeys, so the browser does not offer Grace's. A page that was
// tampered with gets Grace's signature, and the application rejects it.
func TestApplicationRefusesThePasskeyOfAnotherAccount(t *testing.T) {
	b, a := startBrowser(t), startApplication(t)
	elsewhere := a.visit(t, b, "ada@example.com", platform())
	elsewhere.signIn()
	elsewhere.createPasskey("Ada's phone")

	grace := a.visit(t, b, "grace@example.com", platform())
	grace.signIn()
	grace.createPasskey("Grace's computer")
	grace.do(chromedp.Click(chromedp.CSS("header form.out button")))
	grace.at("/")
	ada := grace
	ada.email = "ada@example.com"
	ada.signIn()
	const activate = "Activate on Base"

	ada.device.verifyUser(true)
	ada.tries(activate)
	ada.objects(notUsed)
	ada.press("Not now")
	ada.says("Nothing was signed.")

	ada.beforeLoad(`
		const get = CredentialsContainer.prototype.get;
		CredentialsContainer.prototype.get = function (options) {
			delete options.publicKey.allowCredentials;
			return get.call(this, options);
		}`)
	ada.goTo("Account")
	ada.tries(activate)
	ada.says("This passkey is not one of your account's.")
	ada.takePicture("another account's passkey")
	assert.Empty(t, a.outcomes("sign_payload_passkey"))
}

func TestApplicationWhenTheUserCancels(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.signIn()
	ada.goTo("Passkeys")
	ada.device.verifyUser(false)
	ada.do(chromedp.SendKeys(chromedp.CSS("#name"), "Phone"))
	ada.press("Create a passkey")
	ada.says(notCreated)
	assert.Empty(t, a.outcomes("create_authenticators_otp"))
	ada.device.verifyUser(true)
	ada.press("Create a passkey")
	ada.says("Your passkey is ready.")

	ada.goTo("Account")
	ada.device.verifyUser(false)
	const activate = "Activate on Base"
	ada.tries(activate)
	ada.objects(notUsed)
	ada.takePicture("cancelled")
	assert.Empty(t, a.outcomes("sign_payload_passkey"))
	ada.device.verifyUser(true)
	ada.press("Sign with your passkey")
	ada.becomes("Completed")
}

// The user signs after the payload has expired at the API.
func TestApplicationWithAnExpiredPayload(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.beforeLoad(`
		const get = CredentialsContainer.prototype.get;
		CredentialsContainer.prototype.get = async function (options) {
			await new Promise((resolve) => (window.confirmNow = resolve));
			return get.call(this, options);
		}`)
	ada.signIn()
	ada.createPasskey("Phone")
	ada.goTo("Account")
	const activate = "Activate on Base"
	ada.tries(activate)
	ada.until(`"confirmNow" in window`)
	ada.until(`document.querySelector("[role=status]").value === "Activate your account on Base: waiting for your passkey."`)
	ada.takePicture("waiting for the passkey")
	a.api.Advance(16 * time.Minute)
	eval[any](ada.tab, `confirmNow()`)
	ada.says("This was rejected: the payload has expired.")
	assert.Equal(t, []string{"400"}, a.outcomes("sign_payload_passkey"))

	eval[any](ada.tab, `delete window.confirmNow`)
	ada.tries(activate)
	ada.until(`"confirmNow" in window`)
	eval[any](ada.tab, `confirmNow()`)
	ada.becomes("Completed")
}

// Older browsers lack the methods that convert credentials from and to JSON, and some password managers break these
// methods.
func TestApplicationWithoutJSONConversions(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.beforeLoad(`
		delete PublicKeyCredential.prototype.toJSON;
		delete PublicKeyCredential.parseCreationOptionsFromJSON;
		delete PublicKeyCredential.parseRequestOptionsFromJSON;`)
	ada.signIn()
	require.True(t, eval[bool](ada.tab, `return !("toJSON" in PublicKeyCredential.prototype || "parseRequestOptionsFromJSON" in PublicKeyCredential)`))
	ada.createPasskey("Phone")
	ada.goTo("Account")
	ada.activate("Base")
	ada.order("Dollar savings", "Deposit", "10")
	ada.becomes("Completed")
}

// The response to the submission is lost. The application looks for the transaction at the API, and finds it.
func TestApplicationWithALostAnswer(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.signIn()
	ada.createPasskey("Phone")
	ada.goTo("Account")
	a.api.Fail("sign_payload_passkey", 1, byzantinetest.Fault{Reset: true, TakesEffect: true})
	a.api.Fail("get_transaction", 5, byzantinetest.Fault{Status: 404})
	ada.tries("Activate on Base")
	ada.becomes("Looking for it")
	ada.takePicture("looking for it")
	ada.becomes("Completed")
	ada.has("Activation")
	assert.Equal(t, []string{"0"}, a.outcomes("sign_payload_passkey"), "it was sent once, and its connection was cut")
}

// Two tabs of one browser: a transaction that is begun in the second tab ends the one that was begun in the first.
func TestApplicationInTwoTabs(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.signIn()
	ada.createPasskey("Phone")
	ada.goTo("Account")
	ada.beforeLoad(`
		const get = CredentialsContainer.prototype.get;
		CredentialsContainer.prototype.get = async function (options) {
			// Meanwhile, in another tab:
			const body = new URLSearchParams({ chain: 8453 });
			if (!window.meanwhile) window.meanwhile = await (await fetch("/activate", { method: "POST", body })).json();
			return get.call(this, options);
		}`)
	ada.do(chromedp.Reload())
	const activate = "Activate on Base"
	ada.tries(activate)
	ada.says("Another request took the place of this one, or it took too long. Please begin again.")
	assert.Empty(t, a.outcomes("sign_payload_passkey"))
	ada.tries(activate)
	ada.becomes("Completed")
}

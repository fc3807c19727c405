package e2e

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inPage is the beginning of the scripts of these tests. It defines options like those of a backend, and the function
// failure, which returns the error that a ceremony ended with, as text.
const inPage = `
	const { createPasskey, signWithPasskey, supported, PasskeyError } = await import("/passkey.js");
	const creation = { rp: { id: "localhost", name: "Example" }, user: { id: "AQID", name: "ada", displayName: "Ada" }, challenge: "AAECAw",
		pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -257 }],
		authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" } };
	const request = { challenge: "AAECAw", rpId: "localhost", userVerification: "preferred" };
	const failure = (ceremony) => ceremony.then(() => "none", (e) => e instanceof PasskeyError ? e.code + " " + e.cause?.name : String(e));
`

// suggestIn adds a form field in which the browser suggests passkeys, and focuses it.
const suggestIn = `
	const field = document.createElement("input");
	field.autocomplete = "username webauthn";
	document.querySelector("main").append(field);
	field.focus();
`

func TestModuleSaysWhatTheBrowserHas(t *testing.T) {
	v := modulePage(t, startBrowser(t), platform())
	type offer struct{ Passkeys, Autofill, Platform bool }
	assert.Equal(t, offer{true, true, true}, eval[offer](v.tab, inPage+"return supported()"))
	v.do(chromedp.Navigate("about:blank"))
	assert.False(t, eval[bool](v.tab, "return isSecureContext"))
}

// A page without TLS cannot use passkeys, and the module says why.
func TestModuleWithoutTLS(t *testing.T) {
	v := modulePage(t, startBrowser(t), platform())
	v.beforeLoad(`Object.defineProperty(globalThis, "isSecureContext", { value: false })`)
	v.do(chromedp.Reload())
	assert.Equal(t, "insecure-page undefined", eval[string](v.tab, inPage+"return failure(createPasskey(creation))"))
}

func TestModuleErrors(t *testing.T) {
	b := startBrowser(t)
	for _, c := range []struct {
		name, script, want string
		device             webauthn.VirtualAuthenticatorOptions
	}{
		{"no passkey here", `signWithPasskey({ ...request, allowCredentials: [{ type: "public-key", id: "AAEC" }], timeout: 500 })`, "cancelled NotAllowedError", platform()},
		{"too late", `createPasskey({ ...creation, timeout: 500 })`, "cancelled NotAllowedError", silent()},
		{"another site", `createPasskey({ ...creation, rp: { id: "example.com", name: "Example" } })`, "wrong-site SecurityError", platform()},
		{"another site signs", `signWithPasskey({ ...request, rpId: "example.com" })`, "wrong-site SecurityError", platform()},
		{"no kind of credential that the browser knows", `createPasskey({ ...creation, pubKeyCredParams: [{ type: "other", alg: -7 }] })`, "unsupported-device NotSupportedError", platform()},
		{"a user id that is too long", `createPasskey({ ...creation, user: { ...creation.user, id: "A".repeat(100) } })`, "invalid-options TypeError", platform()},
		{"a name that is missing", `createPasskey({ ...creation, user: { id: "AQID" } })`, "invalid-options TypeError", platform()},
		{"no options", `createPasskey()`, "invalid-options TypeError", platform()},
		{"padded base64", `signWithPasskey({ ...request, challenge: "AQ==" })`, "invalid-options TypeError", platform()},
		{"registered already", `createPasskey(creation).then((c) => createPasskey({ ...creation, excludeCredentials: [{ type: "public-key", id: c.id }] }))`, "already-registered InvalidStateError", platform()},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := modulePage(t, b, c.device)
			assert.Equal(t, c.want, eval[string](v.tab, inPage+"return failure("+c.script+")"))
		})
	}
}

// The header Permissions-Policy of the page forbids passkeys, and the module says that they are not permitted.
func TestModuleUnderAPermissionsPolicy(t *testing.T) {
	s := startSite(t)
	s.permissions = "publickey-credentials-get=(), publickey-credentials-create=()"
	v := visit(t, startBrowser(t), s, "ada")
	v.load(platform())
	assert.Equal(t, "not-permitted NotAllowedError", eval[string](v.tab, inPage+"return failure(signWithPasskey(request))"))
	assert.Equal(t, "not-permitted NotAllowedError", eval[string](v.tab, inPage+"return failure(createPasskey(creation))"))
}

func TestModuleRunsOneCeremonyAtATime(t *testing.T) {
	b := startBrowser(t)
	t.Run("the next one ends the one before", func(t *testing.T) {
		v := modulePage(t, b, silent())
		ends := eval[[]string](v.tab, inPage+`
			const first = failure(signWithPasskey(request));
			const second = failure(createPasskey(creation));
			const controller = new AbortController();
			const third = failure(signWithPasskey(request, { signal: controller.signal }));
			const two = [await first, await second];
			await new Promise((resolve) => setTimeout(resolve, 200));
			controller.abort();
			return [...two, await third];`)
		assert.Equal(t, []string{"superseded undefined", "superseded undefined", "aborted AbortError"}, ends)
	})
	t.Run("a dialog ends the suggestions, and a passkey comes of it", func(t *testing.T) {
		v := modulePage(t, b, silent())
		eval[any](v.tab, inPage+suggestIn+`
			window.suggestions = failure(signWithPasskey(request, { autofill: true }));
			await new Promise((resolve) => setTimeout(resolve, 200));`)
		v.device.answers(true)
		ends := eval[[]string](v.tab, inPage+`
			const { id } = await createPasskey(creation);
			const signed = await signWithPasskey({ ...request, allowCredentials: [{ type: "public-key", id }] });
			return [await suggestions, String(signed.id === id)];`)
		assert.Equal(t, []string{"superseded undefined", "true"}, ends)
	})
}

// A passkey that is chosen from the suggestions of a form field signs like one from the dialog.
func TestModuleAutofill(t *testing.T) {
	v := modulePage(t, startBrowser(t), platform())
	type outcome struct{ ID, Signed, UserHandle string }
	got := eval[outcome](v.tab, inPage+suggestIn+`
		const { id } = await createPasskey({ ...creation, authenticatorSelection: { residentKey: "required", userVerification: "required" } });
		const signed = await signWithPasskey(request, { autofill: true });
		return { id, signed: signed.id, userHandle: signed.response.userHandle };`)
	assert.Equal(t, got.ID, got.Signed)
	assert.Equal(t, "AQID", got.UserHandle)
}

// With the PRF extension the same salt gives the same key of 32 bytes, also if it is given for the credential only, and
// another salt gives another key.
func TestModulePRF(t *testing.T) {
	device := platform()
	device.HasPrf = true
	device.Ctap2version = webauthn.Ctap2versionCtap21
	v := modulePage(t, startBrowser(t), device)
	salt := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("salt", 8)))
	type keys struct {
		Enabled             bool
		First, Again, Other string
		ByCredential        string
	}
	got := eval[keys](v.tab, inPage+fmt.Sprintf(`
		const salt = %q;
		const made = await createPasskey({ ...creation, authenticatorSelection: { residentKey: "required", userVerification: "required" }, extensions: { prf: {} } });
		const sign = async (prf) => (await signWithPasskey({ ...request, allowCredentials: [{ type: "public-key", id: made.id }], extensions: { prf } })).clientExtensionResults.prf.results;
		const both = await sign({ eval: { first: salt, second: "AQID" } });
		return { enabled: made.clientExtensionResults.prf.enabled, first: both.first, other: both.second, again: (await sign({ eval: { first: salt } })).first,
			byCredential: (await sign({ evalByCredential: { [made.id]: { first: salt } } })).first };`, salt))
	assert.True(t, got.Enabled)
	key, err := base64.RawURLEncoding.DecodeString(got.First)
	require.NoError(t, err)
	assert.Len(t, key, 32)
	assert.Equal(t, got.First, got.Again)
	assert.Equal(t, got.First, got.ByCredential)
	assert.NotEqual(t, got.First, got.Other)
}

// The module passes on transports as the browser reports them: the backend decides what they mean.
func TestModuleReportsTransportsAsTheyAre(t *testing.T) {
	v := modulePage(t, startBrowser(t), reachedBy(webauthn.AuthenticatorTransportSmartCard))
	assert.Equal(t, []string{"nfc", "smart-card"}, eval[[]string](v.tab, inPage+"return (await createPasskey(creation)).response.transports"))
}

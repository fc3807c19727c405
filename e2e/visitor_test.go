package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// The COSE algorithms that the API accepts (IANA registry "COSE Algorithms").
const (
	es256 = -7
	rs256 = -257
)

// visitor is a signed-in user with a tab for the site's page.
type visitor struct {
	*tab
	site   *site
	cookie string
	user   *session
	device *device
}

// visit creates a user with a session and opens a tab for them. load signs them in there.
func visit(t *testing.T, b *browser, s *site, name string) *visitor {
	t.Helper()
	v := &visitor{tab: b.open(t, name), site: s}
	v.cookie, v.user = s.signIn(name + "@example.com")
	return v
}

// load sets the session's cookie in the tab, adds an authenticator and loads the page.
func (v *visitor) load(options webauthn.VirtualAuthenticatorOptions) {
	v.t.Helper()
	v.loadFrom(v.site.origin, options)
}

// loadFrom is load from another origin of the site.
func (v *visitor) loadFrom(origin string, options webauthn.VirtualAuthenticatorOptions) {
	v.t.Helper()
	v.setCookie(origin, sessionCookie, v.cookie)
	v.device = v.plugIn(options)
	v.do(chromedp.Navigate(origin))
}

// askForCode clicks the button that asks for a code, and waits for the message about it.
func (v *visitor) askForCode() {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS("#ask button")))
	v.shows("We have sent you a code.")
}

// sendCode fills in a code and clicks the button that sends it; if the code is right, the page begins the ceremony.
func (v *visitor) sendCode(code string) {
	v.t.Helper()
	v.do(chromedp.SetValue(chromedp.CSS("#code"), code), chromedp.Click(chromedp.CSS("#create button")))
}

// begin uses the page until the ceremony begins.
func (v *visitor) begin() {
	v.t.Helper()
	v.askForCode()
	v.sendCode(v.site.code(v.user))
}

// enrol uses the page until the passkey is registered.
func (v *visitor) enrol() {
	v.t.Helper()
	v.begin()
	v.shows("Your passkey is ready.")
}

// answerUnsent has the authenticator create a passkey, and returns its response instead of sending it.
func (v *visitor) answerUnsent() (json string) {
	v.t.Helper()
	v.askForCode()
	return eval[string](v.tab, fmt.Sprintf(`
		const { createPasskey } = await import("/passkey.js");
		const response = await fetch("/passkey/options", { method: "POST", body: new URLSearchParams({ code: %q }) });
		return JSON.stringify(await createPasskey(await response.json()));`, v.site.code(v.user)))
}

// post sends an authenticator's response in the user's session without the page's script. It returns the backend's
// response.
func (v *visitor) post(answer string) (status int, text string) {
	v.t.Helper()
	got := eval[struct {
		Status int
		Text   string
	}](v.tab, fmt.Sprintf(`
		const response = await fetch("/passkey/finish", { method: "POST", body: %s });
		return { status: response.status, text: (await response.text()).trim() };`, literal(v.t, answer)))
	return got.Status, got.Text
}

// literal returns s as a JavaScript string literal.
func literal(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

// requireEnrolled checks that the user has one passkey, and that it is the same in the authenticator, in the backend
// and at the API. It returns the backend's record of it.
func (v *visitor) requireEnrolled() enrolled {
	t := v.t
	t.Helper()
	all := v.site.enrolledBy(v.user)
	require.Len(t, all, 1)
	got := all[0]
	param := got.credential.Authenticator

	held := v.device.credentials()
	require.Len(t, held, 1)
	assert.Equal(t, base64.RawURLEncoding.EncodeToString(held[0].CredentialID), got.credential.ID)
	private, err := x509.ParsePKCS8PrivateKey(held[0].PrivateKey)
	require.NoError(t, err)
	assert.Equal(t, private.(crypto.Signer).Public(), parseKey(t, got.credential.PublicKey).public(t), "the authenticator signs with the key that was kept")

	requests := v.site.requests()
	require.Equal(t, "create_authenticators_otp 200", last(requests.outcomes()))
	var sent byzantine.CreateAuthenticatorsOTPRequest
	require.NoError(t, json.Unmarshal(last(requests).Body, &sent))
	assert.Equal(t, []byzantine.AuthenticatorParam{param}, sent.Authenticators)
	assert.Equal(t, "My phone", param.AuthenticatorName)

	clientData, err := base64.RawURLEncoding.DecodeString(param.Attestation.ClientDataJSON)
	require.NoError(t, err, "unpadded base64url")
	var client struct{ Type, Challenge, Origin string }
	require.NoError(t, json.Unmarshal(clientData, &client))
	assert.Equal(t, "webauthn.create", client.Type)
	assert.Equal(t, param.Challenge, client.Challenge)
	assert.Equal(t, v.site.origin, client.Origin)

	require.Len(t, got.authenticatorIDs, 1)
	assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, got.authenticatorIDs[0])
	_, err = v.site.client.CreateAuthenticatorsOTP(t.Context(), &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: got.otpSessionID, AccountID: v.user.AccountID, UserID: v.user.UserID, Authenticators: sent.Authenticators,
	})
	assert.ErrorContains(t, err, "already registered", "the API has it")
	return got
}

func last[T any](list []T) T { return list[len(list)-1] }

// attestation is the part of an attestation object that shows its format (W3C WebAuthn, section 6.5).
type attestation struct {
	Format    string `cbor:"fmt"`
	Statement struct {
		X5C [][]byte `cbor:"x5c"`
	} `cbor:"attStmt"`
}

func attestationOf(t *testing.T, c *passkey.Credential) attestation {
	t.Helper()
	object, err := base64.RawURLEncoding.DecodeString(c.Authenticator.Attestation.AttestationObject)
	require.NoError(t, err, "unpadded base64url")
	var a attestation
	require.NoError(t, cbor.Unmarshal(object, &a))
	return a
}

// coseKey is a COSE_Key (RFC 9053, section 7.1; RFC 8230, section 4).
type coseKey struct {
	Algorithm int             `cbor:"3,keyasint"`
	First     cbor.RawMessage `cbor:"-1,keyasint"` // the curve; of an RSA key the modulus
	Second    []byte          `cbor:"-2,keyasint"` // x; of an RSA key the exponent
	Third     []byte          `cbor:"-3,keyasint"` // y
}

// parseKey decodes a public key as authenticators encode it.
func parseKey(t *testing.T, encoded []byte) coseKey {
	t.Helper()
	var k coseKey
	require.NoError(t, cbor.Unmarshal(encoded, &k))
	return k
}

func (k coseKey) public(t *testing.T) crypto.PublicKey {
	t.Helper()
	if k.Algorithm == rs256 {
		var modulus []byte
		require.NoError(t, cbor.Unmarshal(k.First, &modulus))
		return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(k.Second).Int64())}
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, k.Second, k.Third))
	require.NoError(t, err)
	return public
}

package byzantinetest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
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

// stamp is a genuine one taken apart.
type stamp map[string]string

func takeStampApart(t *testing.T, signed byzantine.SignedPayload) stamp {
	t.Helper()
	var s stamp
	require.NoError(t, json.Unmarshal([]byte(signed.WebAuthnStamp), &s))
	return s
}

func (s stamp) putTogether(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

// change decodes a field, changes it and encodes it again.
func (s stamp) change(t *testing.T, member string, change func([]byte) []byte) {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s[member])
	require.NoError(t, err)
	s[member] = base64.RawURLEncoding.EncodeToString(change(b))
}

// The API's documents do not ask for user verification, so a stamp without it is accepted.
func TestStampWithoutUserVerification(t *testing.T) {
	server := stopped(t)
	browser := passkeytest.NewAuthenticator(passkeytest.WithUserVerification(false))
	response, err := browser.Create([]byte(`{"rp":{"id":"example.com","name":"Example"},"user":{"id":"dXNlci0x","name":"ada","displayName":"Ada"},
		"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`))
	require.NoError(t, err)
	credential, err := passkey.ParseUnverified(response, "Key")
	require.NoError(t, err)
	user := server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator}})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	i := &investor{t: t, server: server, client: server.Client(), accountID: account.ID}
	payload, err := i.activationPayload(byzantine.ChainBase)
	require.NoError(t, err)
	challenge, err := passkey.Challenge(payload.BodyToSign)
	require.NoError(t, err)
	assertion, err := browser.Get([]byte(`{"rpId":"example.com","challenge":"` + challenge + `","allowCredentials":[{"type":"public-key","id":"` + credential.Authenticator.Attestation.CredentialID + `"}]}`))
	require.NoError(t, err)
	var parts struct {
		ID       string            `json:"id"`
		Response map[string]string `json:"response"`
	}
	require.NoError(t, json.Unmarshal(assertion, &parts))
	data, err := base64.RawURLEncoding.DecodeString(parts.Response["authenticatorData"])
	require.NoError(t, err)
	require.Zero(t, data[32]&4, "the flag of user verification")
	s := stamp{"credentialId": parts.ID, "authenticatorData": parts.Response["authenticatorData"], "clientDataJson": parts.Response["clientDataJSON"], "signature": parts.Response["signature"]}
	status, text := send(t, server, "POST", "/v1/submit/sign-payload-passkey?chain_id=8453",
		fmt.Sprintf(`{"signedBody":%s,"transactionId":%q,"webAuthnStamp":%q}`, payload.BodyToSign, payload.TransactionID, s.putTogether(t)), nil)
	assert.Less(t, status, 300, text)
}

// Stamps are verified for real. What is rejected leaves the draft as it was.
func TestForgedStamps(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)
	genuine := i.sign(payload, err)

	replace := func(old, replacement string) func([]byte) []byte {
		return func(b []byte) []byte {
			require.Contains(t, string(b), old)
			return bytes.Replace(b, []byte(old), []byte(replacement), 1)
		}
	}
	flip := func(at int, bits byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= bits; return b }
	}
	for name, c := range map[string]struct {
		forge func(s stamp)
		words string
	}{
		"another ceremony":      {func(s stamp) { s.change(t, "clientDataJson", replace("webauthn.get", "webauthn.create")) }, "type"},
		"another challenge":     {func(s stamp) { s.change(t, "clientDataJson", replace(`"challenge":"`, `"challenge":"AAAA`)) }, "challenge"},
		"client data not JSON":  {func(s stamp) { s.change(t, "clientDataJson", func(b []byte) []byte { return b[1:] }) }, "clientDataJson: not a JSON object"},
		"client data changed":   {func(s stamp) { s.change(t, "clientDataJson", replace("https://example.com", "https://example.org")) }, "signature"},
		"user not present":      {func(s stamp) { s.change(t, "authenticatorData", flip(32, 1)) }, "the user was not present"},
		"authenticator changed": {func(s stamp) { s.change(t, "authenticatorData", flip(0, 1)) }, "signature"},
		"data too short":        {func(s stamp) { s.change(t, "authenticatorData", func(b []byte) []byte { return b[:36] }) }, "authenticatorData: not readable"},
		"signature changed":     {func(s stamp) { s.change(t, "signature", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }) }, "signature"},
		"signature not DER":     {func(s stamp) { s.change(t, "signature", func([]byte) []byte { return make([]byte, 64) }) }, "signature"},
		"unknown passkey":       {func(s stamp) { s["credentialId"] = "AAAA" }, "no passkey with this id is registered"},
		"no passkey":            {func(s stamp) { delete(s, "credentialId") }, "credentialId: missing"},
		"no signature":          {func(s stamp) { s["signature"] = "" }, "signature: missing"},
		"padded":                {func(s stamp) { s["credentialId"] += "=" }, "credentialId: not unpadded base64url"},
		"line break":            {func(s stamp) { s["signature"] += "\n" }, "signature: not unpadded base64url"},
		"the browser's name":    {func(s stamp) { s["clientDataJSON"] = s["clientDataJson"]; delete(s, "clientDataJson") }, "clientDataJson: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := takeStampApart(t, genuine)
			c.forge(s)
			forged := genuine
			forged.WebAuthnStamp = s.putTogether(t)
			_, err := i.send(forged)
			refused(t, err, 400, "webAuthnStamp: ")
			assert.ErrorContains(t, err, c.words)
		})
	}
	t.Run("not JSON", func(t *testing.T) {
		forged := genuine
		forged.WebAuthnStamp = base64.RawURLEncoding.EncodeToString([]byte(genuine.WebAuthnStamp))
		_, err := i.send(forged)
		refused(t, err, 400, "webAuthnStamp: not a JSON object")
	})
	_, err = i.send(genuine)
	require.NoError(t, err, "the draft is still there for the genuine one")
}

func TestStampsOfOthers(t *testing.T) {
	server := stopped(t)
	hers, his := newActiveInvestor(t, server), newActiveInvestor(t, server)
	payload, err := hers.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)
	genuine := hers.sign(payload, err)

	t.Run("another account's passkey", func(t *testing.T) {
		_, err := hers.send(his.sign(payload, nil))
		refused(t, err, 401, "not a root user of the account")
	})
	t.Run("another's signature under the right id", func(t *testing.T) {
		forged := his.sign(payload, nil)
		s := takeStampApart(t, forged)
		s["credentialId"] = hers.passkey.ID
		forged.WebAuthnStamp = s.putTogether(t)
		_, err := hers.send(forged)
		refused(t, err, 400, "signature: does not verify")
	})
	t.Run("a user who may only read", func(t *testing.T) {
		browser := passkeytest.NewAuthenticator()
		reader := *hers
		reader.browser, reader.passkey = browser, enrolPasskey(t, browser)
		user := server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{reader.passkey.Authenticator}})
		shared := server.AddAccount(byzantinetest.Account{UserIDs: []string{hers.userID, user.ID}})
		server.Activate(shared.ID, byzantine.ChainBase)
		hers := *hers
		hers.accountID, reader.accountID = shared.ID, shared.ID
		payload, err := hers.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)
		_, refusal := reader.send(reader.sign(payload, err))
		refused(t, refusal, 401, "not a root user of the account")
		_, err = hers.send(hers.sign(payload, nil))
		require.NoError(t, err)
	})
	t.Run("the signature of another payload", func(t *testing.T) {
		other := hers.sign(his.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
		forged := genuine
		forged.WebAuthnStamp = other.WebAuthnStamp
		_, err := hers.send(forged)
		refused(t, err, 400, "challenge: not that of signedBody")
	})
	_, err = hers.send(genuine)
	require.NoError(t, err)
	t.Run("the same once more", func(t *testing.T) {
		_, err := hers.send(genuine)
		refused(t, err, 400, "it is signed already")
	})
}

// Any passkey of a root user serves, of either algorithm, also one that came later.
func TestSecondPasskey(t *testing.T) {
	e := newEnrolment(t)
	e.server.Activate(e.accountID, byzantine.ChainBase)
	for _, algorithm := range []passkeytest.Algorithm{passkeytest.AlgorithmES256, passkeytest.AlgorithmRS256} {
		browser := passkeytest.NewAuthenticator(passkeytest.WithAlgorithms(algorithm))
		credential := enrolPasskey(t, browser)
		_, err := e.create(e.session(), credential.Authenticator)
		require.NoError(t, err)
		i := &investor{t: t, server: e.server, client: e.client, browser: browser, passkey: credential, accountID: e.accountID, userID: e.userID}
		i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSD))
	}
}

// The signature covers bytes. A body that went through a decoder on its way is another one.
func TestSignedBodyIsComparedByteForByte(t *testing.T) {
	i := newInvestor(t, stopped(t))
	signed := i.sign(i.activationPayload(byzantine.ChainBase))
	var members map[string]any
	require.NoError(t, json.Unmarshal(signed.SignedBody, &members))
	sorted, err := json.Marshal(members)
	require.NoError(t, err)
	require.JSONEq(t, string(signed.SignedBody), string(sorted))

	forged := signed
	forged.SignedBody = sorted
	_, err = i.send(forged)
	refused(t, err, 400, "not the payload's bodyToSign as it was sent")
	forged.SignedBody = []byte(strings.Replace(string(signed.SignedBody), "0x2105", "0x1", 1))
	_, err = i.send(forged)
	refused(t, err, 400, "not the payload's bodyToSign as it was sent")

	_, err = i.send(signed)
	require.NoError(t, err)
	i.server.Advance(time.Minute)
	assert.True(t, i.smartAccount().Base)
}

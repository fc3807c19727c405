package passkey_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// A published vector of the rule for challenges: vectorChallenge is the challenge of vectorBody.
const (
	vectorBody = `{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","timestampMs":"1700000000000",` +
		`"organizationId":"11111111-2222-4333-8444-555555555555","parameters":{"signWith":"0x00000000000000000000000000000000000000aa",` +
		`"payload":"00ff","encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"}}`
	vectorChallenge = "MTNjNzE0OTRjY2QzODIyMjJjMmI0ZGExNjViYWUyMGU0NGE3MzdkNzEyN2RjZDA0NGRhNGJkNGRlZjMwYjQxMg"
)

func TestChallenge(t *testing.T) {
	got, err := passkey.Challenge([]byte(vectorBody))
	require.NoError(t, err)
	assert.Equal(t, vectorChallenge, got)
}

func TestChallengeIsOfTheBytesAsTheyCame(t *testing.T) {
	// The order of the names, escapes and characters that encoding/json would write differently must stay as they are.
	body := `{"z":"<&>` + "\u2028" + `","a":"\u003c\/","n":1.50e1,"p":"{\"k\": 1}"}`
	digest := sha256.Sum256([]byte(body))
	want := encode([]byte(hex.EncodeToString(digest[:])))

	for name, spelling := range map[string]string{
		"compact":       body,
		"spread out":    " \n{ \"z\" :\t\"<&>\u2028\" , \"a\": \"\\u003c\\/\",\r\n\"n\": 1.50e1, \"p\": \"{\\\"k\\\": 1}\" }\n",
		"blank in text": body, // the blank inside p stays
	} {
		got, err := passkey.Challenge([]byte(spelling))
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	other, err := passkey.Challenge([]byte(strings.Replace(body, `\"k\": 1`, `\"k\":1`, 1)))
	require.NoError(t, err)
	assert.NotEqual(t, want, other, "a blank inside a string counts")
}

func TestChallengeRejects(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "blanks": " ", "null": "null", "a string": `"{}"`, "a list": "[]", "a number": "1", "cut off": `{"a":1`, "two objects": "{}{}",
		"a comment": "{/**/}",
	} {
		t.Run(name, func(t *testing.T) {
			challenge, err := passkey.Challenge([]byte(body))
			assert.Empty(t, challenge)
			requireRejection(t, err, passkey.ErrConfiguration, "bodyToSign")
		})
	}
}

// deposit returns a payload with everything that a store would change if it decoded and encoded the JSON again.
func deposit() byzantine.Payload {
	return byzantine.Payload{
		BodyToSign:    []byte(`{"z":"<&>` + "\u2028" + `","type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","a":"\u003c","parameters":{"payload":"00ff"}}`),
		TransactionID: "11111111-2222-4333-8444-555555555555",
		ChainID:       byzantine.ChainBase,
	}
}

// enrol registers a new passkey of an authenticator and returns its Credential.
func enrol(t testing.TB, rp *passkey.RelyingParty, a *passkeytest.Authenticator) passkey.Credential {
	t.Helper()
	state, response := begin(t, rp, a)
	c, err := rp.FinishRegistration(state, response, "phone")
	require.NoError(t, err)
	return *c
}

// beginSigning begins to sign a deposit and returns the state and the authenticator's response.
func beginSigning(t testing.TB, rp *passkey.RelyingParty, a *passkeytest.Authenticator, allowed ...passkey.Credential) (*passkey.SigningState, []byte) {
	t.Helper()
	options, state, err := rp.BeginSigning(new(deposit()), allowed)
	require.NoError(t, err)
	response, err := a.Get(options)
	require.NoError(t, err)
	return state, response
}

func TestBeginSigningOptions(t *testing.T) {
	rp := relyingParty()
	rp.UserVerification, rp.Timeout = passkey.UserVerificationPreferred, 2*time.Minute
	c := passkey.Credential{ID: encode([]byte("one")), Transports: []string{"internal", "smart-card"}}
	options, state, err := rp.BeginSigning(&byzantine.Payload{BodyToSign: []byte(vectorBody)}, []passkey.Credential{c, {ID: encode([]byte("two"))}})
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"challenge": "`+vectorChallenge+`",
		"rpId": "example.com",
		"timeout": 120000,
		"userVerification": "preferred",
		"allowCredentials": [
			{"type": "public-key", "id": "`+encode([]byte("one"))+`", "transports": ["internal", "smart-card"]},
			{"type": "public-key", "id": "`+encode([]byte("two"))+`"}
		]
	}`, string(options))
	assert.Equal(t, map[string][]byte{encode([]byte("one")): nil, encode([]byte("two")): nil}, state.Allowed)
}

func TestBeginSigningWithoutNamedPasskeys(t *testing.T) {
	payload := &byzantine.Payload{BodyToSign: []byte(vectorBody)}
	for _, none := range [][]passkey.Credential{nil, {}} {
		options, state, err := relyingParty().BeginSigning(payload, none)
		assert.Nil(t, options)
		assert.Nil(t, state)
		requireRejection(t, err, passkey.ErrConfiguration, "allowed")
	}
	options, state, err := relyingParty().BeginSigningAny(payload)
	require.NoError(t, err)
	assert.JSONEq(t, `{"challenge": "`+vectorChallenge+`", "rpId": "example.com", "timeout": 600000, "userVerification": "required"}`, string(options))
	assert.True(t, state.AnyCredential)
}

func TestBeginSigningTakesAPasskeyThatIsNamedTwice(t *testing.T) {
	rp := relyingParty()
	c := enrol(t, rp, passkeytest.NewAuthenticator())
	padded := passkey.Credential{ID: c.ID + "="}
	for _, list := range [][]passkey.Credential{{padded, c}, {c, padded}} {
		options, state, err := rp.BeginSigning(new(deposit()), list)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(options), c.ID))
		assert.Equal(t, map[string][]byte{c.ID: c.PublicKey}, state.Allowed)
	}
}

func TestBeginSigningRejects(t *testing.T) {
	rp := relyingParty()
	id := encode([]byte("one"))
	for name, c := range map[string]struct {
		payload byzantine.Payload
		allowed passkey.Credential
		kind    error
		check   string
	}{
		"no payload":        {allowed: passkey.Credential{ID: id}, kind: passkey.ErrConfiguration, check: "Payload.BodyToSign"},
		"body is no object": {payload: byzantine.Payload{BodyToSign: []byte("1")}, allowed: passkey.Credential{ID: id}, kind: passkey.ErrConfiguration, check: "Payload.BodyToSign"},
		"no activity":       {payload: byzantine.Payload{BodyToSign: []byte(`{"a":1}`)}, allowed: passkey.Credential{ID: id}, kind: passkey.ErrConfiguration, check: "Payload.BodyToSign"},
		"a name twice": {payload: byzantine.Payload{BodyToSign: []byte(strings.Replace(vectorBody, `{"type"`, `{"TYPE":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","type"`, 1))},
			allowed: passkey.Credential{ID: id}, kind: passkey.ErrConfiguration, check: "Payload.BodyToSign"},
		"a transaction that changes roles": {payload: byzantine.Payload{TransactionID: deposit().TransactionID,
			BodyToSign: []byte(`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","parameters":{"threshold":1,"userIds":["u"]}}`)},
			allowed: passkey.Credential{ID: id}, kind: passkey.ErrConfiguration, check: "Payload.BodyToSign"},
		"a transaction of an unknown kind": {payload: byzantine.Payload{TransactionID: deposit().TransactionID, BodyToSign: []byte(`{"type":"ACTIVITY_TYPE_EXPORT_WALLET"}`)},
			allowed: passkey.Credential{ID: id}, kind: passkey.ErrConfiguration, check: "Payload.BodyToSign"},
		"zero credential": {payload: deposit(), kind: passkey.ErrConfiguration, check: "allowed[0].ID"},
		"id is no base64": {payload: deposit(), allowed: passkey.Credential{ID: "one two"}, kind: passkey.ErrConfiguration, check: "allowed[0].ID"},
		"id too long":     {payload: deposit(), allowed: passkey.Credential{ID: encode(make([]byte, 1024))}, kind: passkey.ErrConfiguration, check: "allowed[0].ID"},
		"key is no key":   {payload: deposit(), allowed: passkey.Credential{ID: id, PublicKey: []byte("key")}, kind: passkey.ErrUnsupportedKey, check: publicKey},
	} {
		t.Run(name, func(t *testing.T) {
			options, state, err := rp.BeginSigning(&c.payload, []passkey.Credential{c.allowed})
			assert.Nil(t, options)
			assert.Nil(t, state)
			requireRejection(t, err, c.kind, c.check)
		})
	}
	_, _, err := rp.BeginSigning(nil, []passkey.Credential{{ID: id}})
	requireRejection(t, err, passkey.ErrConfiguration, "Payload")
	_, _, err = new(passkey.RelyingParty).BeginSigning(new(deposit()), nil)
	requireRejection(t, err, passkey.ErrConfiguration, "RelyingParty.ID")
	_, _, err = new(passkey.RelyingParty).BeginSigningAny(new(deposit()))
	requireRejection(t, err, passkey.ErrConfiguration, "RelyingParty.ID")
}

func TestFinishSigning(t *testing.T) {
	for name, options := range map[string][]passkeytest.Option{
		"ES256":        {passkeytest.WithAlgorithms(passkeytest.AlgorithmES256)},
		"RS256":        {passkeytest.WithAlgorithms(passkeytest.AlgorithmRS256)},
		"security key": {passkeytest.WithTransports("usb"), passkeytest.WithBackup(false, false), passkeytest.WithSignCount(7)},
		"subdomain":    {passkeytest.WithOrigin("https://app.example.com")},
	} {
		t.Run(name, func(t *testing.T) {
			rp, a := relyingParty(), passkeytest.NewAuthenticator(options...)
			c := enrol(t, rp, a)
			state, response := beginSigning(t, rp, a, c)
			signed, err := rp.FinishSigning(state, response)
			require.NoError(t, err)
			assert.Equal(t, string(deposit().BodyToSign), string(signed.SignedBody), "what was signed is what is sent")
			assert.Equal(t, deposit().TransactionID, signed.TransactionID)
			assert.Equal(t, byzantine.ChainBase, signed.ChainID)

			genuine := takeSignatureApart(t, response)
			assert.Equal(t, `{"credentialId":"`+c.ID+`","authenticatorData":"`+genuine.response["authenticatorData"].(string)+
				`","clientDataJson":"`+genuine.response["clientDataJSON"].(string)+
				`","signature":"`+genuine.response["signature"].(string)+`"}`, signed.WebAuthnStamp)
		})
	}
}

func TestFinishSigningCompactsTheBody(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	c := enrol(t, rp, a)
	spread := byzantine.Payload{BodyToSign: []byte("{ \"b\": \"<\",\n\"type\": \"T\" }")}
	options, state, err := rp.BeginSigning(&spread, []passkey.Credential{c})
	require.NoError(t, err)
	response, err := a.Get(options)
	require.NoError(t, err)
	signed, err := rp.FinishSigning(state, response)
	require.NoError(t, err)
	assert.Equal(t, `{"b":"<","type":"T"}`, string(signed.SignedBody))
	assert.Equal(t, "{ \"b\": \"<\",\n\"type\": \"T\" }", string(spread.BodyToSign), "the caller's bytes are left alone")
	assert.Empty(t, signed.TransactionID)
	assert.Zero(t, signed.ChainID)
}

func TestSigningStateSurvivesJSON(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	state, response := beginSigning(t, rp, a, enrol(t, rp, a), passkey.Credential{ID: encode([]byte("elsewhere"))})
	direct, err := rp.FinishSigning(state, response)
	require.NoError(t, err)

	session, err := json.Marshal(map[string]any{"signing": state})
	require.NoError(t, err)
	var restored struct {
		Signing *passkey.SigningState `json:"signing"`
	}
	require.NoError(t, json.Unmarshal(session, &restored))
	assert.Equal(t, state, restored.Signing)
	stored, err := rp.FinishSigning(restored.Signing, response)
	require.NoError(t, err)
	assert.Equal(t, direct, stored)
}

func TestSigningStateExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rp, a := relyingParty(), passkeytest.NewAuthenticator()
		c := enrol(t, rp, a)
		state, response := beginSigning(t, rp, a, c)
		time.Sleep(10*time.Minute + 59*time.Second)
		_, err := rp.FinishSigning(state, response)
		require.NoError(t, err, "within the timeout and a minute for the way back")
		time.Sleep(time.Second)
		signed, err := rp.FinishSigning(state, response)
		assert.Zero(t, signed)
		requireRejection(t, err, passkey.ErrExpired, "SigningState.ExpiresAt")
	})
}

func TestFinishSigningRejectsStates(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	state, response := beginSigning(t, rp, a, enrol(t, rp, a))
	for name, change := range map[string]func(s passkey.SigningState) *passkey.SigningState{
		"none":                  func(passkey.SigningState) *passkey.SigningState { return nil },
		"zero":                  func(passkey.SigningState) *passkey.SigningState { return &passkey.SigningState{} },
		"no payload":            func(s passkey.SigningState) *passkey.SigningState { s.Payload.BodyToSign = nil; return &s },
		"payload is no object":  func(s passkey.SigningState) *passkey.SigningState { s.Payload.BodyToSign = []byte("[]"); return &s },
		"passkeys lost":         func(s passkey.SigningState) *passkey.SigningState { s.Allowed = nil; return &s },
		"any, and some passkey": func(s passkey.SigningState) *passkey.SigningState { s.AnyCredential = true; return &s },
		"no end":                func(s passkey.SigningState) *passkey.SigningState { s.ExpiresAt = time.Time{}; return &s },
		"another relying party": func(s passkey.SigningState) *passkey.SigningState { s.RelyingPartyID = "example.org"; return &s },
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := rp.FinishSigning(change(*state), response)
			assert.Zero(t, signed)
			requireRejection(t, err, passkey.ErrState, "SigningState")
		})
	}
	_, err := new(passkey.RelyingParty).FinishSigning(state, response)
	requireRejection(t, err, passkey.ErrConfiguration, "RelyingParty.ID")
}

func TestAnotherPayloadsSignatureDoesNotPass(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	c := enrol(t, rp, a)
	_, response := beginSigning(t, rp, a, c)
	_, state, err := rp.BeginSigning(&byzantine.Payload{BodyToSign: []byte(vectorBody)}, []passkey.Credential{c})
	require.NoError(t, err)
	_, err = rp.FinishSigning(state, response)
	requireRejection(t, err, passkey.ErrChallenge, clientJSON+".challenge")
}

func TestAnotherPasskeyDoesNotPass(t *testing.T) {
	rp, hers, his := relyingParty(), passkeytest.NewAuthenticator(), passkeytest.NewAuthenticator()
	herKey, hisKey := enrol(t, rp, hers), enrol(t, rp, his)
	_, response := beginSigning(t, rp, his, hisKey)
	_, state, err := rp.BeginSigning(new(deposit()), []passkey.Credential{herKey})
	require.NoError(t, err)
	_, err = rp.FinishSigning(state, response)
	requireRejection(t, err, passkey.ErrCredential, "credential.id")

	// The signature of his passkey does not verify if the response names hers.
	forged := takeSignatureApart(t, response)
	forged.outer["id"], forged.outer["rawId"] = herKey.ID, herKey.ID
	_, err = rp.FinishSigning(state, forged.putTogether(t))
	requireRejection(t, err, passkey.ErrSignature, "credential.response.signature")

	t.Run("unless none was named", func(t *testing.T) {
		_, anyState, err := rp.BeginSigningAny(new(deposit()))
		require.NoError(t, err)
		signed, err := rp.FinishSigning(anyState, response)
		require.NoError(t, err)
		assert.Contains(t, signed.WebAuthnStamp, hisKey.ID)
	})
	t.Run("nor another's key under the right id", func(t *testing.T) {
		mixed := hisKey
		mixed.PublicKey = herKey.PublicKey
		_, state, err := rp.BeginSigning(new(deposit()), []passkey.Credential{mixed})
		require.NoError(t, err)
		_, err = rp.FinishSigning(state, response)
		requireRejection(t, err, passkey.ErrSignature, "credential.response.signature")
	})
}

func TestSignatureIsNotCheckedWithoutAPublicKey(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	elsewhere := passkey.Credential{ID: enrol(t, rp, a).ID}
	state, response := beginSigning(t, rp, a, elsewhere)
	forged := takeSignatureApart(t, response)
	forged.response["signature"] = encode(bytes.Repeat([]byte{1}, 70))
	_, err := rp.FinishSigning(state, forged.putTogether(t))
	require.NoError(t, err, "as the documentation says: the API does it")

	forged.clientData["origin"] = "https://example.org"
	_, err = rp.FinishSigning(state, forged.putTogether(t))
	requireRejection(t, err, passkey.ErrOrigin, clientJSON+".origin")
}

func TestSigningWithoutUserVerification(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator(passkeytest.WithUserVerification(false))
	rp.UserVerification = passkey.UserVerificationPreferred
	c := enrol(t, rp, a)
	state, response := beginSigning(t, rp, a, c)
	_, err := rp.FinishSigning(state, response)
	require.NoError(t, err)

	for _, required := range []passkey.UserVerification{passkey.UserVerificationRequired, ""} {
		rp.UserVerification = required
		_, err = rp.FinishSigning(state, response)
		requireRejection(t, err, passkey.ErrUserVerification, "credential.response.authenticatorData.flags")
	}
}

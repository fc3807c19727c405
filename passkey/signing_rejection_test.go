package passkey_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// forgedSignature is a genuine authentication response taken apart, for tests to change before it is put together again.
type forgedSignature struct {
	outer      map[string]any
	response   map[string]any
	clientData map[string]any
	authData   []byte
	raw        func(response string) string   // changes the JSON text of the whole, if set
	rawClient  func(clientData string) string // changes the JSON text of the client data, if set
}

func takeSignatureApart(t testing.TB, response []byte) *forgedSignature {
	t.Helper()
	f := &forgedSignature{}
	require.NoError(t, json.Unmarshal(response, &f.outer))
	f.response = f.outer["response"].(map[string]any)
	require.NoError(t, json.Unmarshal(decode(t, f.response["clientDataJSON"].(string)), &f.clientData))
	f.authData = decode(t, f.response["authenticatorData"].(string))
	return f
}

func (f *forgedSignature) putTogether(t testing.TB) []byte {
	t.Helper()
	clientData, err := json.Marshal(f.clientData)
	require.NoError(t, err)
	if f.rawClient != nil {
		clientData = []byte(f.rawClient(string(clientData)))
	}
	if f.response["clientDataJSON"] != nil {
		f.response["clientDataJSON"] = encode(clientData)
	}
	if f.response["authenticatorData"] != nil {
		f.response["authenticatorData"] = encode(f.authData)
	}
	whole, err := json.Marshal(f.outer)
	require.NoError(t, err)
	if f.raw != nil {
		whole = []byte(f.raw(string(whole)))
	}
	return whole
}

func TestFinishSigningRejectsResponses(t *testing.T) {
	const (
		authenticatorData = "credential.response.authenticatorData"
		signature         = "credential.response.signature"
		upFlag            = 1
		beFlag, bsFlag    = 8, 16
		atFlag, edFlag    = 64, 128
	)
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	state, genuine := beginSigning(t, rp, a, enrol(t, rp, a))
	_, registration := begin(t, rp, a)

	flags := func(set, clear byte) func(f *forgedSignature) {
		return func(f *forgedSignature) { f.authData[atFlags] = f.authData[atFlags]&^clear | set }
	}
	for name, c := range map[string]struct {
		forge func(f *forgedSignature)
		kind  error
		check string
	}{
		"a registration's type": {func(f *forgedSignature) { f.clientData["type"] = "webauthn.create" }, passkey.ErrMalformed, clientJSON + ".type"},
		"another challenge": {func(f *forgedSignature) { f.clientData["challenge"] = vectorChallenge },
			passkey.ErrChallenge, clientJSON + ".challenge"},
		"the challenge in capitals": {func(f *forgedSignature) {
			digest := decode(t, f.clientData["challenge"].(string))
			f.clientData["challenge"] = encode(bytes.ToUpper(digest))
		}, passkey.ErrChallenge, clientJSON + ".challenge"},
		"another origin":      {func(f *forgedSignature) { f.clientData["origin"] = "https://example.org" }, passkey.ErrOrigin, clientJSON + ".origin"},
		"framed":              {func(f *forgedSignature) { f.clientData["crossOrigin"] = true }, passkey.ErrOrigin, clientJSON + ".crossOrigin"},
		"two challenges":      {func(f *forgedSignature) { f.rawClient = twice("challenge") }, passkey.ErrMalformed, clientJSON},
		"another relying id":  {func(f *forgedSignature) { f.authData[0] ^= 1 }, passkey.ErrOrigin, authenticatorData + ".rpIdHash"},
		"user not present":    {flags(0, upFlag), passkey.ErrMalformed, authenticatorData + ".flags"},
		"backed up, not able": {flags(bsFlag, beFlag), passkey.ErrMalformed, authenticatorData + ".flags"},
		"too short":           {func(f *forgedSignature) { f.authData = f.authData[:36] }, passkey.ErrMalformed, authenticatorData},
		"bytes after the end": {func(f *forgedSignature) { f.authData = append(f.authData, 0) }, passkey.ErrMalformed, authenticatorData},
		"announces a key":     {flags(atFlag, 0), passkey.ErrMalformed, authenticatorData},
		"announces more":      {flags(edFlag, 0), passkey.ErrMalformed, authenticatorData},
		"larger than 4 KiB":   {func(f *forgedSignature) { f.authData = make([]byte, 4<<10+1) }, passkey.ErrMalformed, authenticatorData},
		"no data":             {func(f *forgedSignature) { delete(f.response, "authenticatorData") }, passkey.ErrMalformed, authenticatorData},
		"no client data":      {func(f *forgedSignature) { delete(f.response, "clientDataJSON") }, passkey.ErrMalformed, clientJSON},
		"no signature":        {func(f *forgedSignature) { delete(f.response, "signature") }, passkey.ErrMalformed, signature},
		"signature is null":   {func(f *forgedSignature) { f.response["signature"] = nil }, passkey.ErrMalformed, signature},
		"signature too long": {func(f *forgedSignature) { f.response["signature"] = encode(make([]byte, 1025)) },
			passkey.ErrMalformed, signature},
		"signature spelt in capitals": {func(f *forgedSignature) { f.response["Signature"] = "AAAA" }, passkey.ErrMalformed, signature},
		"two ids":                     {func(f *forgedSignature) { f.outer["rawId"] = "AAAA" }, passkey.ErrMalformed, whole + ".rawId"},
		"no id":                       {func(f *forgedSignature) { delete(f.outer, "id") }, passkey.ErrMalformed, whole + ".id"},
		"another type":                {func(f *forgedSignature) { f.outer["type"] = "password" }, passkey.ErrMalformed, whole + ".type"},
		"an id that was not asked for": {func(f *forgedSignature) { f.outer["id"], f.outer["rawId"] = "AAAA", "AAAA" },
			passkey.ErrCredential, whole + ".id"},
		"wrapped": {func(f *forgedSignature) { f.raw = func(s string) string { return `{"credential":` + s + `}` } },
			passkey.ErrMalformed, whole},
		"larger than 64 KiB": {func(f *forgedSignature) { f.outer["x"] = strings.Repeat("x", passkey.MaxResponseBytes) },
			passkey.ErrMalformed, whole},
		"not JSON":              {func(f *forgedSignature) { f.raw = func(s string) string { return s[1:] } }, passkey.ErrMalformed, whole},
		"response of a sign-up": {func(f *forgedSignature) { f.raw = func(string) string { return string(registration) } }, passkey.ErrMalformed, signature},
		"one bit of the count":  {func(f *forgedSignature) { f.authData[36] ^= 1 }, passkey.ErrSignature, signature},
		"client data with more": {func(f *forgedSignature) { f.clientData["more"] = 1 }, passkey.ErrSignature, signature},
		"signature not DER":     {func(f *forgedSignature) { f.response["signature"] = encode(make([]byte, 64)) }, passkey.ErrSignature, signature},
	} {
		t.Run(name, func(t *testing.T) {
			f := takeSignatureApart(t, genuine)
			c.forge(f)
			signed, err := rp.FinishSigning(state, f.putTogether(t))
			assert.Zero(t, signed)
			requireRejection(t, err, c.kind, c.check)
			assert.Less(t, len(err.Error()), 400)
			for _, secret := range []string{vectorChallenge, f.response["userHandle"].(string), string(state.Payload.BodyToSign)} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}

// twice returns a function that adds a second field with the given name to a JSON object.
func twice(name string) func(string) string {
	return func(object string) string { return `{"` + name + `":"AAAA",` + object[1:] }
}

// Older browsers and password managers pad their base64 or use its standard alphabet. FinishSigning accepts both and
// returns unpadded base64url.
func TestFinishSigningTakesOldSpellings(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	state, response := beginSigning(t, rp, a, enrol(t, rp, a))
	modern, err := rp.FinishSigning(state, response)
	require.NoError(t, err)

	f := takeSignatureApart(t, response)
	old := func(s string) string {
		s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
		return s + strings.Repeat("=", (4-len(s)%4)%4)
	}
	for _, field := range []string{"id", "rawId"} {
		f.outer[field] = old(f.outer[field].(string))
	}
	for _, field := range []string{"clientDataJSON", "authenticatorData", "signature"} {
		f.response[field] = old(f.response[field].(string))
	}
	text, err := json.Marshal(f.outer)
	require.NoError(t, err)
	signed, err := rp.FinishSigning(state, text)
	require.NoError(t, err)
	assert.Equal(t, modern, signed)
}

// The output of an extension in the authenticator data is accepted, and it is part of the stamp.
func TestFinishSigningTakesExtensions(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	state, response := beginSigning(t, rp, a, passkey.Credential{ID: enrol(t, rp, a).ID})
	f := takeSignatureApart(t, response)
	f.authData[atFlags] |= 128
	f.authData = append(f.authData, 0xa1, 0x61, 'x', 0xf5)
	signed, err := rp.FinishSigning(state, f.putTogether(t))
	require.NoError(t, err)
	assert.Contains(t, signed.WebAuthnStamp, encode(f.authData))
}

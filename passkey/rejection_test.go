package passkey_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// The names of checks in errors that many tests use.
const (
	whole       = "credential"
	clientJSON  = "credential.response.clientDataJSON"
	attestation = "credential.response.attestationObject"
	authData    = "credential.response.attestationObject.authData"
	publicKey   = "credential.response.attestationObject.authData.credentialPublicKey"
)

// rejection is a response that must be rejected. forge makes it from a genuine one; kind and check are those of the
// error.
type rejection struct {
	forge func(t *testing.T, f *forgery)
	kind  error
	check string
}

// reject passes each response of a table to FinishRegistration, which must reject it, and to ParseUnverified, which
// must reject it in the same way if withoutCeremony is set and accept it otherwise.
func reject(t *testing.T, table map[string]rejection, withoutCeremony bool) {
	rp := relyingParty()
	state, genuine := begin(t, rp, passkeytest.NewAuthenticator())
	_, err := rp.FinishRegistration(state, takeApart(t, genuine).putTogether(t), "phone")
	require.NoError(t, err, "what is put together unchanged passes")

	for name, c := range table {
		t.Run(name, func(t *testing.T) {
			f := takeApart(t, genuine)
			c.forge(t, f)
			forged := f.putTogether(t)
			finished, err := rp.FinishRegistration(state, forged, "phone")
			assert.Nil(t, finished)
			requireRejection(t, err, c.kind, c.check)
			requireDiscreet(t, err, state, genuine)

			parsed, err := passkey.ParseUnverified(forged, "phone")
			if !withoutCeremony {
				require.NoError(t, err)
				requireSound(t, parsed)
				return
			}
			assert.Nil(t, parsed)
			requireRejection(t, err, c.kind, c.check)
		})
	}
}

// requireDiscreet requires that an error repeats neither the challenge nor the credential id nor the encoded data.
func requireDiscreet(t *testing.T, err error, state *passkey.RegistrationState, genuine []byte) {
	t.Helper()
	var response struct {
		ID       string
		Response map[string]any
	}
	require.NoError(t, json.Unmarshal(genuine, &response))
	secrets := []string{state.Challenge, response.ID}
	for _, field := range []string{"clientDataJSON", "attestationObject", "authenticatorData", "publicKey"} {
		secrets = append(secrets, response.Response[field].(string)[:24])
	}
	for _, secret := range secrets {
		assert.NotContains(t, err.Error(), secret)
	}
}

func TestCeremonyRejections(t *testing.T) {
	reject(t, map[string]rejection{
		"another challenge": {func(_ *testing.T, f *forgery) { f.clientData["challenge"] = encode(make([]byte, 32)) },
			passkey.ErrChallenge, clientJSON + ".challenge"},
		"part of the challenge": {func(_ *testing.T, f *forgery) {
			f.clientData["challenge"] = f.clientData["challenge"].(string)[:40]
		}, passkey.ErrChallenge, clientJSON + ".challenge"},
		"another origin": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "https://example.org" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"a subdomain that is not listed": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "https://evil.example.com" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"the origin without encryption": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "http://example.com" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"another port": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "https://example.com:8443" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"the origin and a path": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "https://example.com/x" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"the origin in capitals": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "https://EXAMPLE.com" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"the origin behind a user name": {func(_ *testing.T, f *forgery) { f.clientData["origin"] = "https://example.com@evil.example" },
			passkey.ErrOrigin, clientJSON + ".origin"},
		"framed by another origin": {func(_ *testing.T, f *forgery) { f.clientData["crossOrigin"] = true },
			passkey.ErrOrigin, clientJSON + ".crossOrigin"},
		"a top origin": {func(_ *testing.T, f *forgery) { f.clientData["topOrigin"] = "https://example.org" },
			passkey.ErrOrigin, clientJSON + ".crossOrigin"},
		"another relying party id": {func(_ *testing.T, f *forgery) { f.authData[0] ^= 1 },
			passkey.ErrOrigin, authData + ".rpIdHash"},
		"a statement in the format none": {func(_ *testing.T, f *forgery) { f.object["attStmt"] = map[string]any{"x": 1} },
			passkey.ErrAttestation, attestation + ".attStmt"},
		"packed without a statement": {func(_ *testing.T, f *forgery) { f.object["fmt"] = "packed" },
			passkey.ErrAttestation, attestation + ".attStmt"},
	}, false)
}

func TestOriginIsNamedInTheRejection(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	f := takeApart(t, response)
	f.clientData["origin"] = "https://www.example.com"
	_, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
	assert.ErrorContains(t, err, `"https://www.example.com"`)

	f.clientData["origin"] = "https://" + strings.Repeat("x", 5000) + "\r\nforged log line"
	_, err = rp.FinishRegistration(state, f.putTogether(t), "phone")
	require.ErrorIs(t, err, passkey.ErrOrigin)
	assert.Less(t, len(err.Error()), 300)
	f.clientData["origin"] = "x\r\nforged log line"
	_, err = rp.FinishRegistration(state, f.putTogether(t), "phone")
	assert.NotContains(t, err.Error(), "\n")
}

func TestClientDataRejections(t *testing.T) {
	replace := func(old, replacement string) func(*testing.T, *forgery) {
		return func(t *testing.T, f *forgery) {
			f.rawClient = func(s string) string {
				require.Contains(t, s, old)
				return strings.Replace(s, old, replacement, 1)
			}
		}
	}
	reject(t, map[string]rejection{
		"a sign-in": {func(_ *testing.T, f *forgery) { f.clientData["type"] = "webauthn.get" },
			passkey.ErrMalformed, clientJSON + ".type"},
		"no type":           {func(_ *testing.T, f *forgery) { delete(f.clientData, "type") }, passkey.ErrMalformed, clientJSON + ".type"},
		"no challenge":      {func(_ *testing.T, f *forgery) { delete(f.clientData, "challenge") }, passkey.ErrMalformed, clientJSON + ".challenge"},
		"challenge is null": {func(_ *testing.T, f *forgery) { f.clientData["challenge"] = nil }, passkey.ErrMalformed, clientJSON + ".challenge"},
		"padded challenge": {func(_ *testing.T, f *forgery) {
			f.clientData["challenge"] = f.clientData["challenge"].(string) + "="
		}, passkey.ErrMalformed, clientJSON + ".challenge"},
		"challenge in standard base64": {func(_ *testing.T, f *forgery) { f.clientData["challenge"] = "++++" },
			passkey.ErrMalformed, clientJSON + ".challenge"},
		"no origin":                 {func(_ *testing.T, f *forgery) { delete(f.clientData, "origin") }, passkey.ErrMalformed, clientJSON + ".origin"},
		"crossOrigin is text":       {func(_ *testing.T, f *forgery) { f.clientData["crossOrigin"] = "no" }, passkey.ErrMalformed, clientJSON},
		"topOrigin is a number":     {func(_ *testing.T, f *forgery) { f.clientData["topOrigin"] = 1 }, passkey.ErrMalformed, clientJSON},
		"two types":                 {replace(`{`, `{"type":"webauthn.get",`), passkey.ErrMalformed, clientJSON},
		"two challenges":            {replace(`{`, `{"challenge":"AAAA",`), passkey.ErrMalformed, clientJSON},
		"two of an unknown field":   {replace(`{`, `{"x":1,"x":1,`), passkey.ErrMalformed, clientJSON},
		"two types, one escaped":    {replace(`{`, `{"\u0074ype":"webauthn.get",`), passkey.ErrMalformed, clientJSON},
		"challenge in capitals":     {replace(`{`, `{"Challenge":"AAAA",`), passkey.ErrMalformed, clientJSON + ".challenge"},
		"origin in other case only": {replace(`"origin"`, `"ORIGIN"`), passkey.ErrMalformed, clientJSON + ".origin"},
		"crossOrigin in lower case": {replace(`"crossOrigin"`, `"crossorigin"`), passkey.ErrMalformed, clientJSON + ".crossOrigin"},
		"long s for s in a name":    {replace(`"crossOrigin"`, `"croſsOrigin"`), passkey.ErrMalformed, clientJSON + ".crossOrigin"},
		"invalid UTF-8":             {replace(`{`, "{\"x\":\"\xff\","), passkey.ErrMalformed, clientJSON},
		"not JSON":                  {replace(`{`, `(`), passkey.ErrMalformed, clientJSON},
		"an array":                  {func(_ *testing.T, f *forgery) { f.rawClient = func(s string) string { return "[" + s + "]" } }, passkey.ErrMalformed, clientJSON},
		"something after it":        {func(_ *testing.T, f *forgery) { f.rawClient = func(s string) string { return s + "{}" } }, passkey.ErrMalformed, clientJSON},
		"empty":                     {func(_ *testing.T, f *forgery) { f.rawClient = func(string) string { return "" } }, passkey.ErrMalformed, clientJSON},
	}, true)
}

func TestClientDataMayHaveMore(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	f := takeApart(t, response)
	f.clientData["other_keys_can_be_added_here"] = "do not compare clientDataJSON against a template"
	f.clientData["tokenBinding"] = map[string]any{"status": "unheard-of"}
	c, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
	require.NoError(t, err)
	requireSound(t, c)
}

func TestAttestationObjectRejections(t *testing.T) {
	const upFlag, beFlag, bsFlag, atFlag, edFlag = 1, 8, 16, 64, 128
	reject(t, map[string]rejection{
		"not CBOR":       {func(_ *testing.T, f *forgery) { f.rawObject = func([]byte) []byte { return []byte{0xff} } }, passkey.ErrMalformed, attestation},
		"not a map":      {func(_ *testing.T, f *forgery) { f.rawObject = func([]byte) []byte { return []byte{0x80} } }, passkey.ErrMalformed, attestation},
		"trailing bytes": {func(_ *testing.T, f *forgery) { f.rawObject = func(b []byte) []byte { return append(b, 0) } }, passkey.ErrMalformed, attestation},
		"cut off":        {func(_ *testing.T, f *forgery) { f.rawObject = func(b []byte) []byte { return b[:len(b)-1] } }, passkey.ErrMalformed, attestation},
		"larger than 16 KiB": {func(_ *testing.T, f *forgery) { f.object["attStmt"] = map[string]any{"x": make([]byte, 16<<10)} },
			passkey.ErrMalformed, attestation},
		"no authData":      {func(_ *testing.T, f *forgery) { delete(f.object, "authData") }, passkey.ErrMalformed, authData},
		"no fmt":           {func(_ *testing.T, f *forgery) { delete(f.object, "fmt") }, passkey.ErrMalformed, attestation + ".fmt"},
		"no attStmt":       {func(_ *testing.T, f *forgery) { delete(f.object, "attStmt") }, passkey.ErrMalformed, attestation + ".attStmt"},
		"fmt is a number":  {func(_ *testing.T, f *forgery) { f.object["fmt"] = 1 }, passkey.ErrMalformed, attestation + ".fmt"},
		"second authData":  {func(_ *testing.T, f *forgery) { f.object["AuthData"] = []byte{1} }, passkey.ErrMalformed, authData},
		"second fmt":       {func(_ *testing.T, f *forgery) { f.object["FMT"] = "packed" }, passkey.ErrMalformed, attestation + ".fmt"},
		"authData as text": {func(_ *testing.T, f *forgery) { f.rawObject = authDataAsText }, passkey.ErrMalformed, attestation},
		"authData as list": {func(_ *testing.T, f *forgery) { delete(f.object, "authData"); f.rawObject = authDataAsList(f.authData) },
			passkey.ErrMalformed, authData},
		"attStmt is a list":             {func(_ *testing.T, f *forgery) { f.object["attStmt"] = []int{1} }, passkey.ErrMalformed, attestation},
		"authData too short":            {func(_ *testing.T, f *forgery) { f.authData = f.authData[:36] }, passkey.ErrMalformed, attestation},
		"authData cut off":              {func(_ *testing.T, f *forgery) { f.authData = f.authData[:len(f.authData)-1] }, passkey.ErrMalformed, attestation},
		"bytes after the key":           {func(_ *testing.T, f *forgery) { f.authData = append(f.authData, 0) }, passkey.ErrMalformed, attestation},
		"no attested credential data":   {func(_ *testing.T, f *forgery) { f.setFlags(0, atFlag); f.authData = f.authData[:37] }, passkey.ErrMalformed, attestation},
		"flag and data disagree":        {func(_ *testing.T, f *forgery) { f.setFlags(0, atFlag) }, passkey.ErrMalformed, attestation},
		"extensions flag, no extension": {func(_ *testing.T, f *forgery) { f.setFlags(edFlag, 0) }, passkey.ErrMalformed, attestation},
		"extensions are not a map":      {func(_ *testing.T, f *forgery) { f.setFlags(edFlag, 0); f.authData = append(f.authData, 0x01) }, passkey.ErrMalformed, attestation},
		"user not present":              {func(_ *testing.T, f *forgery) { f.setFlags(0, upFlag) }, passkey.ErrMalformed, authData + ".flags"},
		"backed up but not eligible":    {func(_ *testing.T, f *forgery) { f.setFlags(bsFlag, beFlag) }, passkey.ErrMalformed, authData + ".flags"},
		"id of no bytes":                {func(_ *testing.T, f *forgery) { f.setID(nil) }, passkey.ErrMalformed, whole + ".id"},
		"id of 1024 bytes":              {func(_ *testing.T, f *forgery) { f.setID(make([]byte, 1024)) }, passkey.ErrMalformed, whole + ".id"},
		"attested id of 1024 bytes": {func(_ *testing.T, f *forgery) {
			id := f.outer["id"]
			f.setID(make([]byte, 1024))
			f.outer["id"], f.outer["rawId"] = id, id
		}, passkey.ErrMalformed, attestation},
		"another id attested": {func(_ *testing.T, f *forgery) { f.authData[atID] ^= 1 }, passkey.ErrMalformed, whole + ".id"},
		"attested id is only the beginning": {func(_ *testing.T, f *forgery) {
			id := f.outer["id"]
			f.setID(f.authData[atID : atID+16])
			f.outer["id"], f.outer["rawId"] = id, id
		}, passkey.ErrMalformed, whole + ".id"},
	}, true)
}

// authDataAsText turns authData in the CBOR of an attestation object from a byte string into a text string.
func authDataAsText(object []byte) []byte {
	return bytes.Replace(object, []byte("authData\x58"), []byte("authData\x78"), 1)
}

// authDataAsList returns a function that adds authData to the CBOR of an attestation object as a list of numbers, which
// some decoders accept as bytes.
func authDataAsList(authData []byte) func([]byte) []byte {
	return func(object []byte) []byte {
		out := append([]byte{object[0] + 1}, object[1:]...)
		out = append(out, "\x68authData\x98"...)
		out = append(out, byte(len(authData)))
		for _, b := range authData {
			out = append(out, 0x18, b|0x80) // the CBOR of a number from 24 to 255
		}
		return out
	}
}

func TestReservedFlagsPass(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	f := takeApart(t, response)
	f.setFlags(2|32, 0)
	c, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
	require.NoError(t, err)
	requireSound(t, c)
}

func TestPublicKeyRejections(t *testing.T) {
	// Coordinates of the right size, which are not those of a point on the curve.
	x, y := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	modulus := func(bits uint) []byte {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.SetBit(n, 0, 1).Bytes()
	}
	e := []byte{1, 0, 1}
	table := map[string]rejection{}
	for name, key := range map[string]map[int]any{
		"point off the curve":  {1: 2, 3: -7, -1: 1, -2: x, -3: y},
		"point at infinity":    {1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)},
		"short coordinate":     {1: 2, 3: -7, -1: 1, -2: x[:31], -3: y},
		"compressed point":     {1: 2, 3: -7, -1: 1, -2: x, -3: true},
		"another curve":        {1: 2, 3: -7, -1: 2, -2: x, -3: y},
		"no curve":             {1: 2, 3: -7, -2: x, -3: y},
		"ES384":                {1: 2, 3: -35, -1: 2, -2: make([]byte, 48), -3: make([]byte, 48)},
		"RS256 on a curve":     {1: 2, 3: -257, -1: 1, -2: x, -3: y},
		"ES256 with a modulus": {1: 3, 3: -7, -1: modulus(2048), -2: e},
		"RS1":                  {1: 3, 3: -65535, -1: modulus(2048), -2: e},
		"PS256":                {1: 3, 3: -37, -1: modulus(2048), -2: e},
		"modulus of 2047 bits": {1: 3, 3: -257, -1: modulus(2047), -2: e},
		"modulus of 1024 bits": {1: 3, 3: -257, -1: modulus(1024), -2: e},
		"padded modulus":       {1: 3, 3: -257, -1: append(make([]byte, 128), modulus(1024)...), -2: e},
		"modulus of 8193 bits": {1: 3, 3: -257, -1: modulus(8193), -2: e},
		"even modulus":         {1: 3, 3: -257, -1: append(modulus(2048), 0), -2: e},
		"no modulus":           {1: 3, 3: -257, -2: e},
		"exponent 1":           {1: 3, 3: -257, -1: modulus(2048), -2: []byte{1}},
		"even exponent":        {1: 3, 3: -257, -1: modulus(2048), -2: []byte{1, 0, 0}},
		"exponent of 32 bits":  {1: 3, 3: -257, -1: modulus(2048), -2: []byte{0x80, 0, 0, 1}},
		"no exponent":          {1: 3, 3: -257, -1: modulus(2048)},
		"Ed25519":              {1: 1, 3: -8, -1: 6, -2: x},
		"symmetric key":        {1: 4, 3: 5, -1: x},
		"no algorithm":         {1: 2, -1: 1, -2: x, -3: y},
		"nothing at all":       {},
	} {
		table[name] = rejection{func(t *testing.T, f *forgery) { f.setKey(t, key) }, passkey.ErrUnsupportedKey, publicKey}
	}
	reject(t, table, true)
}

func TestPublicKeyAtTheBounds(t *testing.T) {
	for _, bits := range []uint{2048, 8192} {
		_, response := begin(t, relyingParty(), passkeytest.NewAuthenticator())
		f := takeApart(t, response)
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		f.setKey(t, map[int]any{1: 3, 3: -257, -1: n.SetBit(n, 0, 1).Bytes(), -2: []byte{3}})
		c, err := passkey.ParseUnverified(f.putTogether(t), "phone")
		require.NoError(t, err)
		requireSound(t, c)
	}
}

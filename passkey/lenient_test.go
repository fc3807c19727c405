package passkey_test

import (
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// Fields that do not influence the result may have any value, in registrations and in signatures.
func TestFieldsThatDecideNothing(t *testing.T) {
	rp, a := relyingParty(), passkeytest.NewAuthenticator()
	registration, created := begin(t, rp, a)
	c, err := rp.FinishRegistration(registration, created, "phone")
	require.NoError(t, err)
	signing, asserted := beginSigning(t, rp, a, *c)

	for _, value := range []any{"unused", "", 1, 1.5, nil, true, []any{}, []any{map[string]any{}}, map[string]any{"status": 7}, map[string]any{"Status": "present", "id": "x"}} {
		for _, name := range []string{"tokenBinding", "TokenBinding", "hashAlgorithm", "clientExtensions", "androidPackageName", "other_keys_can_be_added_here"} {
			f := takeApart(t, created)
			f.clientData[name] = value
			got, err := rp.FinishRegistration(registration, f.putTogether(t), "phone")
			require.NoError(t, err, "%s: %v", name, value)
			requireSound(t, got)
			_, err = passkey.ParseUnverified(f.putTogether(t), "phone")
			require.NoError(t, err)

			s := takeSignatureApart(t, asserted)
			s.clientData[name] = value
			signable := *signing
			signable.Allowed = map[string][]byte{c.ID: nil} // no key, because the changed client data do not fit the signature
			_, err = rp.FinishSigning(&signable, s.putTogether(t))
			require.NoError(t, err, "%s: %v", name, value)
		}
		for _, name := range []string{"transports", "publicKey", "publicKeyAlgorithm", "authenticatorData", "clientExtensionResults"} {
			f := takeApart(t, created)
			f.response[name] = value
			f.outer[name] = value
			f.outer["authenticatorAttachment"] = value
			got, err := rp.FinishRegistration(registration, f.putTogether(t), "phone")
			require.NoError(t, err, "%s: %v", name, value)
			requireSound(t, got)
			if name == "transports" {
				assert.Empty(t, got.Transports)
				assert.Equal(t, []byzantine.AuthenticatorTransport{}, got.Authenticator.Attestation.Transports)
			}
		}
	}
}

func TestTransportsThatCanBeUsedAreKept(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	many := strings.Split(strings.Repeat("usb ", 99)+"nfc", " ")
	for i := range 99 {
		many = append(many, fmt.Sprint("t", i))
	}
	for reported, want := range map[*any][]string{
		new(any([]any{"usb", 1, nil, "", strings.Repeat("x", 33), []any{"nfc"}, "usb", "hybrid"})): {"usb", "hybrid"},
		new(any(many)): append([]string{"usb", "nfc"}, many[100:114]...),
	} {
		f := takeApart(t, response)
		f.response["transports"] = *reported
		c, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
		require.NoError(t, err)
		assert.Equal(t, want, c.Transports)
	}
}

// The error for a key of an unsupported algorithm names the algorithm.
func TestAnUnsupportedAlgorithmIsNamed(t *testing.T) {
	_, response := begin(t, relyingParty(), passkeytest.NewAuthenticator())
	point := make([]byte, 32)
	for _, c := range []struct {
		key  map[any]any
		want string
	}{
		{map[any]any{1: 1, 3: -8, -1: 6, -2: point}, "COSE algorithm -8 (EdDSA), neither -7 (ES256) nor -257 (RS256)"},
		{map[any]any{1: 2, 3: -35, -1: 2, -2: make([]byte, 48), -3: make([]byte, 48)}, "COSE algorithm -35 (ES384), neither"},
		{map[any]any{1: 2, 3: -36, -1: 3, -2: make([]byte, 66), -3: make([]byte, 66)}, "COSE algorithm -36 (ES512), neither"},
		{map[any]any{1: 3, 3: -37, -1: make([]byte, 256), -2: []byte{1, 0, 1}}, "COSE algorithm -37 (PS256), neither"},
		{map[any]any{1: 3, 3: -65535, -1: make([]byte, 256), -2: []byte{1, 0, 1}}, "COSE algorithm -65535 (RS1), neither"},
		{map[any]any{1: 2, 3: -47, -1: 8, -2: point, -3: point}, "COSE algorithm -47 (ES256K), neither"},
		{map[any]any{1: 7, 3: -1000, -1: point}, "COSE algorithm -1000, neither"},
		{map[any]any{1: 2, -1: 1, -2: point, -3: point}, "it names no COSE algorithm"},
		{map[any]any{1: 2, 3: "ES256", -1: 1, -2: point, -3: point}, "it names no COSE algorithm"},
		{map[any]any{1: 3, 3: -7, -1: make([]byte, 256), -2: []byte{1, 0, 1}}, "go-webauthn: "},
	} {
		f := takeApart(t, response)
		key, err := cbor.Marshal(c.key)
		require.NoError(t, err)
		f.authData = append(f.authData[:atID+f.idLength():atID+f.idLength()], key...)
		_, err = passkey.ParseUnverified(f.putTogether(t), "phone")
		requireRejection(t, err, passkey.ErrUnsupportedKey, publicKey)
		if !strings.HasPrefix(c.want, "go-webauthn") {
			assert.ErrorContains(t, err, c.want)
		}
	}
}

func TestAKeyWithItsPrivatePartIsRejected(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	curve := elliptic.P256().Params()
	x, y := curve.Gx.FillBytes(make([]byte, 32)), curve.Gy.FillBytes(make([]byte, 32))
	d := append(make([]byte, 31), 1) // the private key of the curve's generator, which is x, y
	modulus := append([]byte{0x80}, append(make([]byte, 254), 1)...)
	for name, key := range map[string]map[int]any{
		"ES256 with d":         {1: 2, 3: -7, -1: 1, -2: x, -3: y, -4: d},
		"ES256 with empty d":   {1: 2, 3: -7, -1: 1, -2: x, -3: y, -4: []byte{}},
		"RS256 with d":         {1: 3, 3: -257, -1: modulus, -2: []byte{1, 0, 1}, -3: d},
		"RS256 with a prime":   {1: 3, 3: -257, -1: modulus, -2: []byte{1, 0, 1}, -4: d},
		"RS256 with the CRT":   {1: 3, 3: -257, -1: modulus, -2: []byte{1, 0, 1}, -12: d},
		"Ed25519 with d":       {1: 1, 3: -8, -1: 6, -2: x, -4: d},
		"ES256 of another kty": {1: 1, 3: -7, -1: 1, -2: x, -3: y, -4: d},
	} {
		t.Run(name, func(t *testing.T) {
			f := takeApart(t, response)
			f.setKey(t, key)
			_, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
			requireRejection(t, err, passkey.ErrUnsupportedKey, publicKey)
			assert.ErrorContains(t, err, "private part")
			cose, err := cbor.Marshal(key)
			require.NoError(t, err)
			_, _, err = rp.BeginSigning(new(deposit()), []passkey.Credential{{ID: "AAAA", PublicKey: cose}})
			requireRejection(t, err, passkey.ErrUnsupportedKey, publicKey)
		})
	}
	f := takeApart(t, response)
	f.setKey(t, map[int]any{1: 2, 2: []byte("kid"), 3: -7, -1: 1, -2: x, -3: y})
	_, err := passkey.ParseUnverified(f.putTogether(t), "phone")
	require.NoError(t, err, "a key id does no harm")
}

func TestWithCBORCredentialID(t *testing.T) {
	for _, size := range []int{1, 16, 23, 24, 32, 255, 256, 1023} {
		_, response := begin(t, relyingParty(), passkeytest.NewAuthenticator())
		f := takeApart(t, response)
		id := make([]byte, size)
		f.setID(id)
		c, err := passkey.ParseUnverified(f.putTogether(t), "phone")
		require.NoError(t, err)
		param, err := c.WithCBORCredentialID()
		require.NoError(t, err)
		var inside []byte
		require.NoError(t, cbor.Unmarshal(decode(t, param.Attestation.CredentialID), &inside))
		assert.Equal(t, id, inside)
		if size == 16 {
			assert.Equal(t, byte(0x50), decode(t, param.Attestation.CredentialID)[0])
		}
		assert.Equal(t, c.ID, c.Authenticator.Attestation.CredentialID, "the credential is left alone")
		param.Attestation.CredentialID = c.ID
		assert.Equal(t, c.Authenticator, param)
	}
	_, err := (&passkey.Credential{}).WithCBORCredentialID()
	requireRejection(t, err, passkey.ErrConfiguration, "Credential.ID")
}

func TestAttestationThatTheRelyingPartyAsksFor(t *testing.T) {
	rp := relyingParty()
	rp.Attestation = passkey.AttestationDirect
	options, _, err := rp.BeginRegistration(ada)
	require.NoError(t, err)
	var asked struct{ Attestation string }
	require.NoError(t, json.Unmarshal(options, &asked))
	assert.Equal(t, "direct", asked.Attestation)

	state, response := begin(t, rp, passkeytest.NewAuthenticator(passkeytest.WithSelfAttestation()))
	_, err = rp.FinishRegistration(state, response, "key")
	require.NoError(t, err)
	state, response = begin(t, rp, passkeytest.NewAuthenticator())
	_, err = rp.FinishRegistration(state, response, "key")
	requireRejection(t, err, passkey.ErrAttestation, attestation+".attStmt")

	f := takeApart(t, response)
	f.object["fmt"] = "unheard-of"
	_, err = rp.FinishRegistration(state, f.putTogether(t), "key")
	requireRejection(t, err, passkey.ErrAttestation, attestation+".attStmt")
	_, err = relyingParty().FinishRegistration(state, f.putTogether(t), "key")
	require.NoError(t, err, "nobody has asked for it")

	rp.Attestation = "enterprise"
	requireRejection(t, rp.Validate(), passkey.ErrConfiguration, "RelyingParty.Attestation")
}

// A registration with a statement that uses SHA-1 is accepted if the relying party asked for no attestation, and rejected
// if it did. With GODEBUG=fips140=only the standard library panics at SHA-1, but the results are the same.
func TestStatementBySHA1(t *testing.T) {
	data, err := os.ReadFile("testdata/fips/tpm-sha1.json")
	require.NoError(t, err)
	var r recording
	require.NoError(t, json.Unmarshal(data, &r))
	rp, state := recordedCeremony(r)
	c, err := rp.FinishRegistration(state, r.Response, "laptop")
	require.NoError(t, err)
	requireSound(t, c)

	rp.Attestation = passkey.AttestationDirect
	_, err = rp.FinishRegistration(state, r.Response, "laptop")
	requireRejection(t, err, passkey.ErrAttestation, "credential.response.attestationObject.attStmt")
}

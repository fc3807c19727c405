package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

var ada = passkey.User{ID: "user-1", Name: "ada@example.com", DisplayName: "Ada Lovelace"}

func relyingParty() *passkey.RelyingParty {
	return &passkey.RelyingParty{
		ID:      "example.com",
		Name:    "Example",
		Origins: []string{"https://example.com", "https://app.example.com"},
	}
}

// begin begins a registration and returns its state and the authenticator's response.
func begin(t testing.TB, rp *passkey.RelyingParty, a *passkeytest.Authenticator) (*passkey.RegistrationState, []byte) {
	t.Helper()
	options, state, err := rp.BeginRegistration(ada)
	require.NoError(t, err)
	response, err := a.Create(options)
	require.NoError(t, err)
	return state, response
}

// forgery is a genuine registration response taken apart, for tests to change before it is put together again.
type forgery struct {
	outer      map[string]any
	response   map[string]any
	clientData map[string]any
	object     map[string]any // the attestation object, without its authData
	authData   []byte
	raw        func(response string) string    // changes the JSON text of the whole, if set
	rawClient  func(clientData string) string  // changes the JSON text of the client data, if set
	rawObject  func(attestation []byte) []byte // changes the CBOR of the attestation object, if set
}

func takeApart(t testing.TB, response []byte) *forgery {
	t.Helper()
	f := &forgery{}
	require.NoError(t, json.Unmarshal(response, &f.outer))
	f.response = f.outer["response"].(map[string]any)
	require.NoError(t, json.Unmarshal(decode(t, f.response["clientDataJSON"].(string)), &f.clientData))
	require.NoError(t, cbor.Unmarshal(decode(t, f.response["attestationObject"].(string)), &f.object))
	f.authData = f.object["authData"].([]byte)
	return f
}

func (f *forgery) putTogether(t testing.TB) []byte {
	t.Helper()
	clientData, err := json.Marshal(f.clientData)
	require.NoError(t, err)
	if f.rawClient != nil {
		clientData = []byte(f.rawClient(string(clientData)))
	}
	if f.object["authData"] != nil {
		f.object["authData"] = f.authData
	}
	object, err := cbor.Marshal(f.object)
	require.NoError(t, err)
	if f.rawObject != nil {
		object = f.rawObject(object)
	}
	if f.response["clientDataJSON"] != nil {
		f.response["clientDataJSON"] = encode(clientData)
	}
	if f.response["attestationObject"] != nil {
		f.response["attestationObject"] = encode(object)
	}
	whole, err := json.Marshal(f.outer)
	require.NoError(t, err)
	if f.raw != nil {
		whole = []byte(f.raw(string(whole)))
	}
	return whole
}

// Offsets in authenticator data with attested credential data (W3C WebAuthn, sections 6.1 and 6.5.1).
const (
	atFlags    = 32
	atIDLength = 53
	atID       = 55
)

func (f *forgery) idLength() int { return int(binary.BigEndian.Uint16(f.authData[atIDLength:])) }

// setKey replaces the public key in authData with the CBOR encoding of cose.
func (f *forgery) setKey(t testing.TB, cose map[int]any) {
	t.Helper()
	key, err := cbor.Marshal(cose)
	require.NoError(t, err)
	f.authData = append(bytes.Clone(f.authData[:atID+f.idLength()]), key...)
}

// setID replaces the credential id in authData, id and rawId.
func (f *forgery) setID(id []byte) {
	key := f.authData[atID+f.idLength():]
	head := binary.BigEndian.AppendUint16(bytes.Clone(f.authData[:atIDLength]), uint16(len(id)))
	f.authData = append(append(head, id...), key...)
	f.outer["id"], f.outer["rawId"] = encode(id), encode(id)
}

func (f *forgery) setFlags(set, clear byte) {
	f.authData[atFlags] = f.authData[atFlags]&^clear | set
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	require.NoError(t, err)
	require.False(t, strings.ContainsAny(s, "\r\n"))
	return b
}

// recording is a response that a real browser made, with the origin and relying party id that it was made for.
type recording struct {
	Source   string          `json:"source"`
	Origin   string          `json:"origin"`
	RPID     string          `json:"rpId"`
	Response json.RawMessage `json:"response"`
}

func recordings(t testing.TB) map[string]recording {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	all := map[string]recording{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var r recording
		require.NoError(t, json.Unmarshal(data, &r), path)
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = r
	}
	return all
}

// requireSound requires what must hold for every Credential that this package returns.
func requireSound(t testing.TB, c *passkey.Credential) {
	t.Helper()
	attestation := c.Authenticator.Attestation
	assert.Equal(t, c.ID, attestation.CredentialID)
	id := decode(t, c.ID)
	assert.True(t, len(id) >= 1 && len(id) <= 1023)
	assert.NotEmpty(t, c.Authenticator.AuthenticatorName)
	assert.NotNil(t, c.Transports)
	assert.NotNil(t, attestation.Transports)
	assert.LessOrEqual(t, len(attestation.Transports), len(c.Transports))
	assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, c.AAGUID)
	assert.False(t, c.BackedUp && !c.BackupEligible)

	clientData := decode(t, attestation.ClientDataJSON)
	var client struct{ Type, Challenge string }
	require.NoError(t, json.Unmarshal(clientData, &client))
	assert.Equal(t, "webauthn.create", client.Type)
	assert.Equal(t, client.Challenge, c.Authenticator.Challenge)
	decode(t, c.Authenticator.Challenge)

	object := decode(t, attestation.AttestationObject)
	assert.Contains(t, string(object), string(id), "the id is the attested one")
	assert.Contains(t, string(object), string(c.PublicKey), "the key is in the authenticator's own bytes")
	key, err := webauthncose.ParsePublicKey(c.PublicKey)
	require.NoError(t, err)
	if ec, ok := key.(webauthncose.EC2PublicKeyData); ok {
		public, err := ec.ToECDSA()
		require.NoError(t, err)
		_, err = ecdsa.ParseUncompressedPublicKey(public.Curve, append([]byte{4}, append(bytes.Clone(ec.XCoord), ec.YCoord...)...))
		require.NoError(t, err, "the point is on the curve")
	}

	stored, err := json.Marshal(c)
	require.NoError(t, err)
	var restored passkey.Credential
	require.NoError(t, json.Unmarshal(stored, &restored))
	assert.Equal(t, *c, restored, "it survives JSON")

	again, err := json.Marshal(map[string]any{
		"id": c.ID, "rawId": c.ID, "type": "public-key",
		"response": map[string]any{
			"clientDataJSON": attestation.ClientDataJSON, "attestationObject": attestation.AttestationObject,
			"transports": c.Transports,
		},
	})
	require.NoError(t, err)
	same, err := passkey.ParseUnverified(again, c.Authenticator.AuthenticatorName)
	require.NoError(t, err)
	assert.Equal(t, c, same, "what goes out reads the same when it comes in")
}

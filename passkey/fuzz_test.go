package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// fuzzedCeremony returns the relying party and the state to which all seeds are valid responses.
func fuzzedCeremony() (*passkey.RelyingParty, *passkey.RegistrationState) {
	rp := &passkey.RelyingParty{
		ID: "localhost", Name: "Example", Origins: []string{"http://localhost:18765"},
		UserVerification: passkey.UserVerificationPreferred,
	}
	return rp, &passkey.RegistrationState{
		UserID: "user-1", RelyingPartyID: rp.ID, Challenge: recordedChallenge, ExpiresAt: time.Now().Add(24 * time.Hour),
	}
}

// seeds returns valid responses: those that Chromium made, and some of passkeytest.
func seeds(f *testing.F) [][]byte {
	rp, state := fuzzedCeremony()
	options := []byte(`{"rp":{"id":"localhost","name":"Example"},"user":{"id":"dXNlci0x","name":"ada","displayName":"Ada"},` +
		`"pubKeyCredParams":[],"challenge":"` + recordedChallenge + `"}`)
	var all [][]byte
	for _, more := range [][]passkeytest.Option{
		nil,
		{passkeytest.WithSelfAttestation()},
		{passkeytest.WithAlgorithms(passkeytest.AlgorithmRS256)},
		{passkeytest.WithTransports(), passkeytest.WithBackup(false, false)},
	} {
		a := passkeytest.NewAuthenticator(append(more, passkeytest.WithOrigin(rp.Origins[0]), passkeytest.WithDeterministicKeys("fuzz"))...)
		response, err := a.Create(options)
		require.NoError(f, err)
		all = append(all, response)
	}
	extended := takeApart(f, all[0])
	extended.setFlags(128, 0)
	extended.authData = append(extended.authData, 0xa1, 0x61, 'x', 0xf5)
	all = append(all, extended.putTogether(f))
	for name, r := range recordings(f) {
		if name != "chromium-platform-eddsa" {
			all = append(all, r.Response)
		}
	}
	for _, response := range all {
		_, err := rp.FinishRegistration(state, response, "phone")
		require.NoError(f, err, "a seed that is rejected at the door teaches the fuzzer nothing")
	}
	return all
}

func FuzzParseUnverified(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Add([]byte(`{"publicKey":{"rawId":"","response":{}}}`))
	f.Add(bytes.Repeat([]byte("["), 20000))
	f.Fuzz(func(t *testing.T, response []byte) {
		c, err := passkey.ParseUnverified(response, "phone")
		requireOutcome(t, c, err)
	})
}

// FuzzFinishRegistration fuzzes the decoded values of base64 fields, because a fuzzer that changes the whole response
// seldom leaves valid base64.
func FuzzFinishRegistration(f *testing.F) {
	rp, state := fuzzedCeremony()
	all := seeds(f)
	// Seeds of the other formats, whose statements do not verify, lead the fuzzer into the code for those formats.
	for _, format := range []string{"tpm", "android-key", "android-safetynet", "apple", "fido-u2f", "compound"} {
		forged := takeApart(f, recordings(f)["chromium-platform-packed-x5c"].Response)
		statement := forged.object["attStmt"].(map[any]any)
		statement["ver"], statement["certInfo"], statement["pubArea"] = "2.0", make([]byte, 64), make([]byte, 64)
		statement["response"] = []byte("e30.e30.AA")
		forged.object["fmt"] = format
		if format == "compound" {
			forged.object["attStmt"] = []any{map[string]any{"fmt": "packed", "attStmt": statement}, map[string]any{"fmt": "apple", "attStmt": statement}}
		}
		all = append(all, forged.putTogether(f))
	}
	for _, seed := range all {
		parts := takeApart(f, seed)
		f.Add(decode(f, parts.outer["id"].(string)), decode(f, parts.response["clientDataJSON"].(string)),
			decode(f, parts.response["attestationObject"].(string)))
	}
	f.Fuzz(func(t *testing.T, id, clientDataJSON, attestationObject []byte) {
		response, err := json.Marshal(map[string]any{
			"id": encode(id), "rawId": encode(id), "type": "public-key",
			"response": map[string]any{"clientDataJSON": encode(clientDataJSON), "attestationObject": encode(attestationObject)},
		})
		require.NoError(t, err)
		c, err := rp.FinishRegistration(state, response, "phone")
		requireOutcome(t, c, err)
		unverified, unverifiedErr := passkey.ParseUnverified(response, "phone")
		requireOutcome(t, unverified, unverifiedErr)
		if err == nil {
			assert.Equal(t, state.Challenge, c.Authenticator.Challenge)
			assert.Equal(t, c, unverified, "what passes with a ceremony passes without one, and is the same")
		}
	})
}

// requireOutcome requires either a sound Credential or an *Error.
func requireOutcome(t *testing.T, c *passkey.Credential, err error) {
	t.Helper()
	if err == nil {
		requireSound(t, c)
		return
	}
	assert.Nil(t, c)
	var rejection *passkey.Error
	require.True(t, errors.As(err, &rejection), "%v", err)
	assert.NotEmpty(t, rejection.Check)
	assert.NotNil(t, rejection.Kind)
	assert.Less(t, len(err.Error()), 400, "an error does not carry the input along")
}

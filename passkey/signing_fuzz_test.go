package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{vectorBody, " {\n} ", "{\"a\":\"\u2028<\\u003c\"}", "[{}]", "{", `{"a":"\` + "\xff" + `"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		challenge, err := passkey.Challenge(body)
		assert.Equal(t, before, body)
		if err != nil {
			requireRejection(t, err, passkey.ErrConfiguration, "bodyToSign")
			return
		}
		assert.Regexp(t, `^[0-9a-f]{64}$`, string(decode(t, challenge)))
		again, err := passkey.Challenge(append([]byte("\r\n\t "), body...))
		require.NoError(t, err)
		assert.Equal(t, challenge, again)
		_, state, err := relyingParty().BeginSigningAny(&byzantine.Payload{BodyToSign: body})
		if err != nil {
			requireRejection(t, err, passkey.ErrConfiguration, "Payload.BodyToSign")
			return
		}
		again, err = passkey.Challenge(state.Payload.BodyToSign)
		require.NoError(t, err)
		assert.Equal(t, challenge, again, "the bytes that are kept are those that are signed")
	})
}

// FuzzFinishSigning fuzzes the whole response and, because a fuzzer that changes the whole seldom leaves valid base64,
// the decoded values of the base64 fields.
func FuzzFinishSigning(f *testing.F) {
	rp := relyingParty()
	var checked *passkey.SigningState // the state of the last seed, whose signature is checked
	for _, algorithm := range []passkeytest.Algorithm{passkeytest.AlgorithmES256, passkeytest.AlgorithmRS256} {
		a := passkeytest.NewAuthenticator(passkeytest.WithAlgorithms(algorithm), passkeytest.WithDeterministicKeys("fuzz"))
		c := enrol(f, rp, a)
		var response []byte
		checked, response = beginSigning(f, rp, a, c)
		_, err := rp.FinishSigning(checked, response)
		require.NoError(f, err)
		parts := takeSignatureApart(f, response)
		f.Add(response, decode(f, c.ID), decode(f, parts.response["clientDataJSON"].(string)), parts.authData, decode(f, parts.response["signature"].(string)))
	}
	_, unchecked, err := rp.BeginSigningAny(new(deposit()))
	require.NoError(f, err)
	checked.ExpiresAt, unchecked.ExpiresAt = time.Now().Add(24*time.Hour), time.Now().Add(24*time.Hour)

	f.Fuzz(func(t *testing.T, whole, id, clientDataJSON, authenticatorData, signature []byte) {
		signed, err := rp.FinishSigning(checked, whole)
		requireSigned(t, signed, err)

		parts, err := json.Marshal(map[string]any{
			"id": encode(id), "rawId": encode(id), "type": "public-key",
			"response": map[string]any{
				"clientDataJSON": encode(clientDataJSON), "authenticatorData": encode(authenticatorData), "signature": encode(signature),
			},
		})
		require.NoError(t, err)
		strict, strictErr := rp.FinishSigning(checked, parts)
		requireSigned(t, strict, strictErr)
		loose, looseErr := rp.FinishSigning(unchecked, parts)
		requireSigned(t, loose, looseErr)
		if strictErr == nil {
			assert.Contains(t, checked.Allowed, encode(id))
			assert.Equal(t, strict, loose, "what passes with a key passes without one, and is the same")
		}
	})
}

// requireSigned requires either a signed payload that can be sent or an *Error.
func requireSigned(t *testing.T, signed byzantine.SignedPayload, err error) {
	t.Helper()
	if err != nil {
		assert.Zero(t, signed)
		var rejection *passkey.Error
		require.True(t, errors.As(err, &rejection), "%v", err)
		assert.NotNil(t, rejection.Kind)
		assert.Less(t, len(err.Error()), 400, "an error does not carry the input along")
		return
	}
	assert.Equal(t, string(deposit().BodyToSign), string(signed.SignedBody))
	assert.Equal(t, deposit().TransactionID, signed.TransactionID)
	var stamp map[string]string
	require.NoError(t, json.Unmarshal([]byte(signed.WebAuthnStamp), &stamp))
	require.Len(t, stamp, 4)
	var client struct{ Type, Challenge string }
	require.NoError(t, json.Unmarshal(decode(t, stamp["clientDataJson"]), &client))
	want, err := passkey.Challenge(signed.SignedBody)
	require.NoError(t, err)
	assert.Equal(t, want, client.Challenge)
	assert.Equal(t, "webauthn.get", client.Type)
	assert.GreaterOrEqual(t, len(decode(t, stamp["authenticatorData"])), 37)
	assert.NotEmpty(t, decode(t, stamp["signature"]))
	assert.NotEmpty(t, decode(t, stamp["credentialId"]))
}

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// registrationPair verifies a browser's response to a registration. The limit is go-webauthn, which decodes the
// response and runs the procedure of W3C WebAuthn, section 7.1.
func (b *bench) registrationPair() (*pair, error) {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: "1", Name: "ada@example.com"})
	if err != nil {
		return nil, err
	}
	state.ExpiresAt = time.Now().Add(24 * time.Hour)
	response, err := passkeytest.NewAuthenticator().Create(options)
	if err != nil {
		return nil, err
	}
	parameters := []protocol.CredentialParameter{
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
	}
	p := &pair{
		name: "passkey registration",
		limit: func() error {
			parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
			if err != nil {
				return err
			}
			_, err = parsed.Verify(state.Challenge, rp.ID, rp.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode,
				false, false, true, nil, parameters, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
			return err
		},
		ours: func() error {
			_, err := rp.FinishRegistration(state, response, "phone")
			return err
		},
	}
	return p.timeAtMost(1.6), nil
}

// challengePair computes the challenge that a passkey signs for a payload.
func (b *bench) challengePair() (*pair, error) {
	payload := fmt.Appendf(nil, `{"organizationId":"%[1]s","timestampMs":"1760375826000","type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOADS",`+
		`"parameters":{"signWith":"0x5fbdb2315678afecb367f032d93f642f64180aa3","payloads":["%064[2]x","%064[2]x"],`+
		`"encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"}}`,
		"1f0d2b6a-6d1e-4b7c-9a43-7e5c8d9f0b32", 7)
	raw := func() (string, error) {
		var compact bytes.Buffer
		if err := json.Compact(&compact, payload); err != nil {
			return "", err
		}
		digest := sha256.Sum256(compact.Bytes())
		return base64.RawURLEncoding.EncodeToString([]byte(hex.EncodeToString(digest[:]))), nil
	}
	want, err := raw()
	if err != nil {
		return nil, err
	}
	got, err := passkey.Challenge(payload)
	if err != nil {
		return nil, err
	}
	if got != want {
		return nil, errors.New("the two sides make different challenges")
	}
	return &pair{
		name: "passkey challenge of a payload",
		limit: func() error {
			_, err := raw()
			return err
		},
		ours: func() error {
			_, err := passkey.Challenge(payload)
			return err
		},
	}, nil
}

package byzantinetest

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

// webAuthnStamp is what a passkey signed.
type webAuthnStamp struct {
	credentialID      []byte
	authenticatorData []byte
	clientDataJSON    []byte
	signature         []byte
}

// parseStamp reads a stamp in the form of the API: all four fields, named as the API does and not as the browser
// (clientDataJson, not clientDataJSON), in unpadded base64url.
func parseStamp(text string) (*webAuthnStamp, error) {
	var members map[string]json.RawMessage // a struct would take names in any letter case
	if json.Unmarshal([]byte(text), &members) != nil {
		return nil, errors.New("not a JSON object")
	}
	s := new(webAuthnStamp)
	for _, member := range []struct {
		name  string
		value *[]byte
	}{
		{"credentialId", &s.credentialID}, {"authenticatorData", &s.authenticatorData},
		{"clientDataJson", &s.clientDataJSON}, {"signature", &s.signature},
	} {
		var encoded string
		if json.Unmarshal(members[member.name], &encoded) != nil || encoded == "" {
			return nil, fmt.Errorf("%s: missing, or not a string", member.name)
		}
		value, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
		if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
			return nil, fmt.Errorf("%s: not unpadded base64url", member.name)
		}
		*member.value = value
	}
	return s, nil
}

// verifyStamp checks that a root user of the account signed the body with a registered passkey, and returns who. The
// passkey's relying party and the page are the integrator's affair and are not looked at.
func (w *world) verifyStamp(a *account, signedBody json.RawMessage, stamp string) (*user, error) {
	s, err := parseStamp(stamp)
	if err != nil {
		return nil, badRequest("webAuthnStamp: %v", err)
	}
	signer, registered := w.passkeyOwner(base64.RawURLEncoding.EncodeToString(s.credentialID))
	if signer == nil {
		return nil, badRequest("webAuthnStamp: credentialId: no passkey with this id is registered")
	}
	if err := s.verify(signedBody, registered.publicKey); err != nil {
		return nil, badRequest("webAuthnStamp: %v", err)
	}
	if !a.isRoot(signer.id) {
		return nil, unauthorized("the passkey's user is not a root user of the account")
	}
	return signer, nil
}

// verify makes the checks of W3C WebAuthn, section 7.2, that need no relying party.
func (s *webAuthnStamp) verify(signedBody []byte, publicKey []byte) error {
	want, err := passkey.Challenge(signedBody)
	if err != nil {
		return err
	}
	var client struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(s.clientDataJSON, &client) != nil {
		return errors.New("clientDataJson: not a JSON object")
	}
	var data protocol.AuthenticatorData
	if data.Unmarshal(s.authenticatorData) != nil {
		return errors.New("authenticatorData: not readable")
	}
	switch {
	case client.Type != string(protocol.AssertCeremony):
		return errors.New("clientDataJson: type: not webauthn.get")
	case subtle.ConstantTimeCompare([]byte(client.Challenge), []byte(want)) != 1:
		return errors.New("clientDataJson: challenge: not that of signedBody")
	case !data.Flags.HasUserPresent():
		return errors.New("authenticatorData: the user was not present")
	}
	key, err := webauthncose.ParsePublicKey(publicKey)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(s.clientDataJSON)
	signed := append(bytes.Clone(s.authenticatorData), digest[:]...)
	if valid, err := webauthncose.VerifySignature(key, signed, s.signature); err != nil || !valid {
		return errors.New("signature: does not verify with the passkey's public key")
	}
	return nil
}

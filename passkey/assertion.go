package passkey

import (
	"encoding/json"

	"github.com/go-webauthn/webauthn/protocol"
)

const (
	// maxAuthenticatorData is the largest authenticator data of an assertion, in bytes. It leaves room for extensions;
	// without them it has 37 bytes.
	maxAuthenticatorData = 4 << 10
	// maxSignature is the length in bytes of a signature by the largest RSA key that is accepted. An ECDSA signature
	// has about 70 bytes.
	maxSignature = maxModulusBits / 8
)

// assertion is a well-formed response to a request for a signature. It has not been compared with a SigningState yet.
type assertion struct {
	raw      protocol.CredentialAssertionResponse
	response protocol.ParsedAssertionResponse
}

// parseAssertion reads AuthenticationResponseJSON (W3C WebAuthn, section 5.1) and makes the checks that need no
// SigningState.
func parseAssertion(responseJSON []byte) (*assertion, error) {
	rawID, response, err := parseCredential(responseJSON, "clientDataJSON", "authenticatorData", "signature")
	if err != nil {
		return nil, err
	}
	if !response.has("signature") && response.has("attestationObject") {
		return nil, malformed(checkAssertionSignature, "missing: this is the response of a registration, not a signature")
	}
	var a assertion
	a.raw.RawID = rawID
	raw := &a.raw.AssertionResponse
	if raw.ClientDataJSON, err = response.bytes("clientDataJSON"); err != nil {
		return nil, err
	}
	if raw.AuthenticatorData, err = response.bytes("authenticatorData"); err != nil {
		return nil, err
	}
	if len(raw.AuthenticatorData) > maxAuthenticatorData {
		return nil, malformed(checkAssertionData, "larger than 4 KiB")
	}
	if raw.Signature, err = response.bytes("signature"); err != nil {
		return nil, err
	}
	if len(raw.Signature) > maxSignature {
		return nil, malformed(checkAssertionSignature, "longer than 1024 bytes")
	}
	a.response.Signature = raw.Signature
	if a.response.CollectedClientData, err = parseClientData(raw.ClientDataJSON, protocol.AssertCeremony); err != nil {
		return nil, err
	}
	if err := a.response.AuthenticatorData.Unmarshal(raw.AuthenticatorData); err != nil {
		return nil, malformed(checkAssertionData, libraryReason(err))
	}
	if err := checkFlags(checkAssertionData, a.response.AuthenticatorData.Flags); err != nil {
		return nil, err
	}
	return &a, nil
}

// stamp returns the assertion as the JSON text that the API accepts as a stamp. Its binary fields are the bytes that
// the browser sent.
func (a *assertion) stamp() (string, error) {
	text, err := json.Marshal(struct {
		CredentialID      string `json:"credentialId"`
		AuthenticatorData string `json:"authenticatorData"`
		ClientDataJSON    string `json:"clientDataJson"`
		Signature         string `json:"signature"`
	}{
		encodeBase64(a.raw.RawID),
		encodeBase64(a.raw.AssertionResponse.AuthenticatorData),
		encodeBase64(a.raw.AssertionResponse.ClientDataJSON),
		encodeBase64(a.raw.AssertionResponse.Signature),
	})
	return string(text), err
}

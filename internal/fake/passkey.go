package fake

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// ReadPasskey rebuilds the browser's response that an authenticator was made from, and parses it with
// passkey.ParseUnverified. The API does not know the integrator's origin, so the origin is not checked. The credential id
// may be the raw one or a CBOR byte string that holds it; the result has the raw one.
func ReadPasskey(param byzantine.AuthenticatorParam) (*passkey.Credential, error) {
	credential, err := readPasskey(param)
	if err == nil {
		return credential, nil
	}
	inner, ok := insideCBOR(param.Attestation.CredentialID)
	if !ok {
		return nil, err
	}
	param.Attestation.CredentialID = inner
	return readPasskey(param)
}

// insideCBOR returns the id inside a credential id that is a CBOR byte string; ok is false for any other. Both ids are in
// unpadded base64url.
func insideCBOR(id string) (inner string, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || len(text) == 0 || text[0]>>5 != byteString {
		return "", false
	}
	var raw []byte
	if cbor.Unmarshal(text, &raw) != nil {
		return "", false
	}
	return base64.RawURLEncoding.EncodeToString(raw), true
}

// byteString is the major type of a byte string (RFC 8949, section 3.1).
const byteString = 2

func readPasskey(param byzantine.AuthenticatorParam) (*passkey.Credential, error) {
	var response struct {
		ID       string `json:"id"`
		RawID    string `json:"rawId"`
		Type     string `json:"type"`
		Response struct {
			ClientDataJSON    string   `json:"clientDataJSON"`
			AttestationObject string   `json:"attestationObject"`
			Transports        []string `json:"transports"`
		} `json:"response"`
	}
	a := param.Attestation
	response.ID, response.RawID, response.Type = a.CredentialID, a.CredentialID, "public-key"
	response.Response.ClientDataJSON, response.Response.AttestationObject = a.ClientDataJSON, a.AttestationObject
	for _, t := range a.Transports {
		response.Response.Transports = append(response.Response.Transports,
			strings.ToLower(strings.TrimPrefix(string(t), "AUTHENTICATOR_TRANSPORT_")))
	}
	text, err := json.Marshal(response)
	if err != nil {
		return nil, err
	}
	credential, err := passkey.ParseUnverified(text, param.AuthenticatorName)
	if err != nil {
		return nil, err
	}
	if credential.Authenticator.Challenge != param.Challenge {
		return nil, errors.New("the challenge is not the one in clientDataJson")
	}
	return credential, nil
}

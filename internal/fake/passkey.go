package fake

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// ReadPasskey reads an authenticator as the browser's response that it was made from. The API does not know the
// integrator's origin, so the origin is not checked.
func ReadPasskey(param byzantine.AuthenticatorParam) (*passkey.Credential, error) {
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

package byzantinetest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// passkeyRecord is a registered authenticator.
type passkeyRecord struct {
	id           string // the API's own
	name         string
	credentialID string // unpadded base64url
	publicKey    []byte // COSE
	created      time.Time
}

// takenCredentials is the credential ids of all passkeys.
func (w *world) takenCredentials() map[string]bool {
	taken := map[string]bool{}
	for _, u := range w.users.all {
		for _, p := range u.passkeys {
			taken[p.credentialID] = true
		}
	}
	return taken
}

// newPasskeys checks authenticators as the API does and gives them ids. It registers none, but adds their credential ids
// to taken.
func (w *world) newPasskeys(params []byzantine.AuthenticatorParam, taken map[string]bool) ([]passkeyRecord, error) {
	var records []passkeyRecord
	for i, param := range params {
		credential, err := inspect(param)
		switch {
		case err != nil:
			return nil, badRequest("authenticators[%d]: %v", i, err)
		case taken[credential.ID]:
			return nil, badRequest("authenticators[%d]: the credential is already registered", i)
		}
		taken[credential.ID] = true
		records = append(records, passkeyRecord{
			id: w.newID(), name: param.AuthenticatorName, credentialID: credential.ID,
			publicKey: credential.PublicKey, created: w.clock.now(),
		})
	}
	return records, nil
}

// inspect reads an authenticator as the browser's response that it was made from. The API does not know the integrator's
// origin, so that is not checked.
func inspect(param byzantine.AuthenticatorParam) (*passkey.Credential, error) {
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
		return nil, badRequest("the challenge is not the one in clientDataJson")
	}
	return credential, nil
}

package byzantinetest

import (
	"bytes"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// passkeyRecord is a registered authenticator.
type passkeyRecord struct {
	id           string // the API's own
	name         string
	credentialID string // unpadded base64url
	publicKey    []byte // COSE
	created      time.Time
}

// newPasskeys checks authenticators as the API does and gives them ids. It registers none, but adds their credential ids
// to taken: those that the request has brought so far.
func (w *world) newPasskeys(params []byzantine.AuthenticatorParam, taken map[string]bool) ([]passkeyRecord, error) {
	var records []passkeyRecord
	for i, param := range params {
		credential, err := fake.ReadPasskey(param)
		switch {
		case err != nil:
			return nil, badRequest("authenticators[%d]: %v", i, err)
		case taken[credential.ID], w.index.userByCredential[credential.ID] != nil:
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

// unregistered leaves out the authenticators that the user has registered before.
func (u *user) unregistered(params []byzantine.AuthenticatorParam) []byzantine.AuthenticatorParam {
	return slices.DeleteFunc(slices.Clone(params), func(param byzantine.AuthenticatorParam) bool {
		credential, err := fake.ReadPasskey(param)
		return err == nil && slices.ContainsFunc(u.passkeys, func(p passkeyRecord) bool {
			return p.credentialID == credential.ID && bytes.Equal(p.publicKey, credential.PublicKey)
		})
	})
}

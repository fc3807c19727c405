package byzantinetest

import (
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

// credential is an API key of the integrator.
type credential struct {
	pubkey  string // 0x, 66 digits
	key     *ecdsa.PublicKey
	scope   byzantine.AccessScope
	active  bool
	label   string
	created time.Time
}

var credentialHandlers = map[byzantine.OperationID]handler{
	"get_current_integrator_capabilities": whoami,
	byzantine.OpListCredentials:           on(200, (*world).listCredentials),
	byzantine.OpCreateCredential:          on(201, (*world).createCredential),
	byzantine.OpUpdateCredential:          by(200, (*world).updateCredential),
	byzantine.OpDeleteCredential:          by(204, (*world).deleteCredential),
}

func (w *world) addCredential(pubkey string, scope byzantine.AccessScope, label string) (*credential, error) {
	c := &credential{pubkey: pubkey, scope: scope, active: true, label: label, created: w.clock.now()}
	return c, w.insertCredential(c)
}

func (w *world) insertCredential(c *credential) error {
	point, err := hex.DecodeString(strings.TrimPrefix(c.pubkey, "0x"))
	if err != nil {
		return fmt.Errorf("pubkey: %w", err)
	}
	if c.key, err = p256.ParseCompressed(point); err != nil {
		return fmt.Errorf("pubkey: %w", err)
	}
	w.credentials = append(w.credentials, c)
	w.credentialByKey[c.pubkey] = c
	return nil
}

// knownCredential is what the signature layer has to know of a credential.
type knownCredential struct {
	key    *ecdsa.PublicKey
	scope  byzantine.AccessScope
	active bool
	now    time.Time // on the sandbox's clock
}

// credential looks a credential up. It holds the lock for that moment only.
func (s *Sandbox) credential(pubkey string) (*credential, knownCredential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := knownCredential{now: s.world.clock.now()}
	c := s.world.credential(pubkey)
	if c != nil {
		known.key, known.scope, known.active = c.key, c.scope, c.active
	}
	return c, known
}

// credential returns nil for a key that is not known.
func (w *world) credential(pubkey string) *credential {
	return w.credentialByKey[pubkey]
}

func whoami(w *world, caller *credential, _ any) (response, error) {
	return response{200, byzantine.Identity{
		IntegratorID: w.integratorID,
		AccessScope:  caller.scope,
		Label:        caller.label,
		Capabilities: byzantine.Capabilities{CanWrite: caller.scope == byzantine.ScopeReadWrite},
	}}, nil
}

func (w *world) credentialView(c *credential) byzantine.APICredential {
	return byzantine.APICredential{
		Pubkey: c.pubkey, IntegratorID: w.integratorID, AccessScope: c.scope, Active: c.active, Label: c.label,
		CreatedAt: c.created.UTC(),
	}
}

func (w *world) listCredentials(*byzantine.ListCredentialsRequest) (*byzantine.APICredentialList, error) {
	list := &byzantine.APICredentialList{}
	for _, c := range w.credentials {
		list.Credentials = append(list.Credentials, w.credentialView(c))
	}
	return list, nil
}

// newCredentialResponse is byzantine.CreatedAPICredential on the wire, where the private key is readable.
type newCredentialResponse struct {
	byzantine.CreatedAPICredential
	PrivateKey string `json:"privateKey"`
}

func (w *world) createCredential(req *byzantine.CreateCredentialRequest) (*newCredentialResponse, error) {
	key := w.newKey()
	scope := req.AccessScope
	if scope == "" {
		scope = byzantine.ScopeReadOnly
	}
	c, err := w.addCredential(key.PublicKeyHex(), scope, req.Label)
	if err != nil {
		return nil, err
	}
	return &newCredentialResponse{
		CreatedAPICredential: byzantine.CreatedAPICredential{
			Pubkey: c.pubkey, IntegratorID: w.integratorID, AccessScope: c.scope, Active: c.active, Label: c.label,
		},
		PrivateKey: key.SecretHex(),
	}, nil
}

func (w *world) updateCredential(caller *credential, req *byzantine.UpdateCredentialRequest) (*byzantine.APICredential, error) {
	c := w.credential(req.Pubkey)
	switch {
	case c == nil:
		return nil, notFound("credential not found")
	case c == caller && req.Active != nil && !*req.Active:
		return nil, badRequest("a credential cannot deactivate itself")
	case c == caller && req.AccessScope == byzantine.ScopeReadOnly:
		return nil, badRequest("a credential cannot demote itself")
	}
	if req.AccessScope != "" {
		c.scope = req.AccessScope
	}
	if req.Active != nil {
		c.active = *req.Active
	}
	set(&c.label, req.Label)
	view := w.credentialView(c)
	return &view, nil
}

func (w *world) deleteCredential(caller *credential, req *byzantine.DeleteCredentialRequest) (*nothing, error) {
	c := w.credential(req.Pubkey)
	switch c {
	case nil:
		return nil, notFound("credential not found")
	case caller:
		return nil, badRequest("a credential cannot delete itself")
	}
	delete(w.credentialByKey, c.pubkey)
	w.credentials = slices.DeleteFunc(w.credentials, func(other *credential) bool { return other == c })
	return nil, nil
}

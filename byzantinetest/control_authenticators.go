package byzantinetest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// authenticatorRequest makes a software authenticator. Each field but Name is an option of package passkeytest.
type authenticatorRequest struct {
	Name             string   `path:"name" json:"-"`
	Origin           string   `json:"origin,omitzero" about:"https:// and the rp.id if left out"`
	Seed             string   `json:"seed,omitzero" about:"any text; the same keys in every run"`
	Transports       []string `json:"transports,omitzero" about:"hybrid and internal if left out"`
	UserVerification *bool    `json:"userVerification,omitzero" about:"true if left out"`
	SelfAttestation  bool     `json:"selfAttestation,omitzero"`
}

// ceremonyRequest holds the options that a page would hand to navigator.credentials.
type ceremonyRequest struct {
	Name    string          `path:"name" json:"-"`
	Options json.RawMessage `json:"options" about:"as for navigator.credentials"`
}

// authenticator returns the authenticator with a name, and makes it if there is none.
func (s *Sandbox) authenticator(name string) *passkeytest.Authenticator {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.authenticators[name]
	if a == nil {
		a = passkeytest.NewAuthenticator()
		s.keepAuthenticator(name, a)
	}
	return a
}

// usedAuthenticator returns the authenticator with a name, or an error if there is none.
func (s *Sandbox) usedAuthenticator(name string) (*passkeytest.Authenticator, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.authenticators[name]; a != nil {
		return a, nil
	}
	names := slices.Sorted(maps.Keys(s.authenticators))
	return nil, notFound("name: no authenticator %q%s: create or PUT makes it", name, spelling.DidYouMean(name, names))
}

// keepAuthenticator needs the lock.
func (s *Sandbox) keepAuthenticator(name string, a *passkeytest.Authenticator) {
	if s.authenticators == nil {
		s.authenticators = map[string]*passkeytest.Authenticator{}
	}
	s.authenticators[name] = a
}

type registrationView struct {
	Response      json.RawMessage              `json:"response"`      // RegistrationResponseJSON
	Authenticator byzantine.AuthenticatorParam `json:"authenticator"` // the same, in the API's form
}

type assertionView struct {
	Response json.RawMessage `json:"response"` // AuthenticationResponseJSON
	Stamp    string          `json:"webAuthnStamp"`
}

// stampOf writes an AuthenticationResponseJSON in the API's form.
func stampOf(response []byte) (string, error) {
	var r struct {
		ID       string `json:"id"`
		Response struct {
			ClientDataJSON    string `json:"clientDataJSON"`
			AuthenticatorData string `json:"authenticatorData"`
			Signature         string `json:"signature"`
		} `json:"response"`
	}
	if err := json.Unmarshal(response, &r); err != nil {
		return "", err
	}
	stamp, err := json.Marshal(struct {
		CredentialID      string `json:"credentialId"`
		AuthenticatorData string `json:"authenticatorData"`
		ClientDataJSON    string `json:"clientDataJson"`
		Signature         string `json:"signature"`
	}{r.ID, r.Response.AuthenticatorData, r.Response.ClientDataJSON, r.Response.Signature})
	return string(stamp), err
}

var authenticatorControls = []control{
	route("putAuthenticator", "PUT", "authenticators/{name}", "", "Make a software authenticator, or a new one in the place of the old",
		func(_ context.Context, s *Sandbox, req *authenticatorRequest) (none, error) {
			var opts []passkeytest.Option
			if req.Origin != "" {
				opts = append(opts, passkeytest.WithOrigin(req.Origin))
			}
			if req.Seed != "" {
				opts = append(opts, passkeytest.WithDeterministicKeys(req.Seed))
			}
			if req.Transports != nil {
				opts = append(opts, passkeytest.WithTransports(req.Transports...))
			}
			if req.UserVerification != nil {
				opts = append(opts, passkeytest.WithUserVerification(*req.UserVerification))
			}
			if req.SelfAttestation {
				opts = append(opts, passkeytest.WithSelfAttestation())
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.keepAuthenticator(req.Name, passkeytest.NewAuthenticator(opts...))
			return none{}, nil
		}),
	route("createCredential", "POST", "authenticators/{name}/create", "", "Respond to PublicKeyCredentialCreationOptionsJSON, as navigator.credentials.create does",
		func(_ context.Context, s *Sandbox, req *ceremonyRequest) (registrationView, error) {
			response, err := s.authenticator(req.Name).Create(req.Options)
			if err != nil {
				return registrationView{}, err
			}
			credential, err := passkey.ParseUnverified(response, req.Name)
			if err != nil {
				return registrationView{}, err
			}
			return registrationView{response, credential.Authenticator}, nil
		}),
	route("getCredential", "POST", "authenticators/{name}/get", "", "Respond to PublicKeyCredentialRequestOptionsJSON, as navigator.credentials.get does",
		func(_ context.Context, s *Sandbox, req *ceremonyRequest) (assertionView, error) {
			a, err := s.usedAuthenticator(req.Name)
			if err != nil {
				return assertionView{}, err
			}
			response, err := a.Get(req.Options)
			if err != nil {
				return assertionView{}, err
			}
			stamp, err := stampOf(response)
			return assertionView{response, stamp}, err
		}),
	route("cancelCeremonies", "POST", "authenticators/{name}/cancel", "", "Let the user dismiss the next ceremonies",
		func(_ context.Context, s *Sandbox, req *struct {
			Name  string `path:"name" json:"-"`
			Times int    `json:"times"`
		}) (none, error) {
			if req.Times < 0 {
				return none{}, badRequest("times: must not be negative")
			}
			s.authenticator(req.Name).Cancel(req.Times)
			return none{}, nil
		}),
}

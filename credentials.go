package byzantine

import (
	"context"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// AccessScope is what an API credential may do. A response may hold one that is not listed here; a request may not.
type AccessScope string

// The scopes. A read-only credential gets a 403 on every operation that is not a GET, which includes the POSTs that
// prepare a payload.
const (
	ScopeReadWrite AccessScope = "read_write"
	ScopeReadOnly  AccessScope = "read_only"
)

// Validate rejects a scope that is not listed here.
func (s AccessScope) Validate() error { return oneOf(s, ScopeReadWrite, ScopeReadOnly) }

// Identity is the integrator and the credential that the API recognised.
type Identity struct {
	// IntegratorID is a UUID.
	IntegratorID string      `json:"integratorId" check:"must"`
	AccessScope  AccessScope `json:"accessScope"`
	// Label is the label of the credential.
	Label        string       `json:"label,omitzero"`
	Capabilities Capabilities `json:"capabilities"`
}

// Capabilities says what the scope of a credential allows.
type Capabilities struct {
	CanWrite bool `json:"canWrite"` // true for ScopeReadWrite
}

// Whoami returns the integrator and the scope of the client's key: the first call to make with a new key.
//
// Operation get_current_integrator_capabilities. [ErrUnauthorized] if the key is unknown, was deactivated, or if this
// machine's clock is off by more than an hour (with WithMaxAttempts(1), which corrects no clock: by more than a minute).
func (c *Client) Whoami(ctx context.Context, opts ...CallOption) (*Identity, error) {
	return whoami.call(ctx, c, nil, opts)
}

// APICredential is a key pair that requests are signed with, without its private key. (A passkey is another thing: the
// credential of a user.)
type APICredential struct {
	// Pubkey names the credential: the compressed P-256 point (SEC 1) as 66 lower-case hexadecimal digits after 0x. It
	// is what [PrivateKey.PublicKeyHex] returns.
	Pubkey string `json:"pubkey" check:"must"`
	// IntegratorID is a UUID.
	IntegratorID string      `json:"integratorId"`
	AccessScope  AccessScope `json:"accessScope"`
	Active       bool        `json:"active"`
	Label        string      `json:"label,omitzero"`
	CreatedAt    time.Time   `json:"createdAt"`
}

// ListCredentialsRequest has no fields.
type ListCredentialsRequest struct{}

// APICredentialList is all credentials of the integrator.
type APICredentialList struct {
	Credentials []APICredential `json:"credentials" check:"must"`
}

// ListCredentials returns all credentials, the oldest first, the deactivated ones among them. The list is not paged.
//
// Operation list_credentials.
func (c *Client) ListCredentials(ctx context.Context, req *ListCredentialsRequest, opts ...CallOption) (*APICredentialList, error) {
	return listCredentials.call(ctx, c, req, opts)
}

// CreateCredentialRequest describes a new credential.
type CreateCredentialRequest struct {
	// AccessScope is ScopeReadOnly if it is empty.
	AccessScope AccessScope `json:"accessScope,omitzero"`
	Label       string      `json:"label,omitzero"`
}

// CreatedAPICredential is a credential that was just made, with its private key.
type CreatedAPICredential struct {
	// Pubkey is as in [APICredential].
	Pubkey string `json:"pubkey" check:"must"`
	// PrivateKey is shown this once and is stored nowhere else: write PrivateKey.Reveal() to your vault before anything
	// else.
	PrivateKey Secret `json:"privateKey" check:"present"`
	// IntegratorID is a UUID.
	IntegratorID string      `json:"integratorId"`
	AccessScope  AccessScope `json:"accessScope"`
	Active       bool        `json:"active"`
	Label        string      `json:"label,omitzero"`
}

// CreateCredential makes a credential. The API makes the key pair and returns the private key only this once.
//
// Operation create_credential. After [ErrOutcomeUnknown] check [Client.ListCredentials]: if a credential was made and
// its response was lost, so is its private key: delete the credential and make another. If a response came but could
// not be decoded, the key is in the SuccessBody of the *[Error].
func (c *Client) CreateCredential(ctx context.Context, req *CreateCredentialRequest, opts ...CallOption) (*CreatedAPICredential, error) {
	return createCredential.call(ctx, c, req, opts)
}

// UpdateCredentialRequest changes a credential. A field that is not set stays as it is. At least one of AccessScope,
// Active and Label must be set.
type UpdateCredentialRequest struct {
	Pubkey      string      `json:"-" path:"pubkey" check:"pubkey"`
	AccessScope AccessScope `json:"accessScope,omitzero"`
	Active      *bool       `json:"active,omitzero"`
	Label       *string     `json:"label,omitzero"`
}

// The API responds with a 400 to a change of nothing.
var _ = wire.Rule(func(r *UpdateCredentialRequest) error {
	if r.AccessScope == "" && r.Active == nil && r.Label == nil {
		return &wire.FieldError{Field: "AccessScope", Reason: "at least one of the scope, the activity and the label must be set"}
	}
	return nil
})

// UpdateCredential changes a credential; the change is in force at once. A credential can change its own label, but it
// can neither deactivate nor demote itself: that takes another one.
//
// Operation update_credential. [ErrNotFound] if there is no such credential, [ErrBadRequest] if it is the client's own
// and the change is not to the label. After [ErrOutcomeUnknown] check [Client.ListCredentials]; the same change twice
// does no harm.
func (c *Client) UpdateCredential(ctx context.Context, req *UpdateCredentialRequest, opts ...CallOption) (*APICredential, error) {
	return updateCredential.call(ctx, c, req, opts)
}

// DeleteCredentialRequest names a credential. [Client.DeleteCredential] fills it in from its argument.
type DeleteCredentialRequest struct {
	Pubkey string `json:"-" path:"pubkey" check:"pubkey"`
}

// DeleteCredential deletes a credential; its key is rejected at once. A credential cannot delete itself. To change the
// key of a program, call [RotateCredential] and then [RetireCredential].
//
// Operation delete_credential. [ErrNotFound] if there is no such credential, [ErrBadRequest] if it is the client's own.
// After [ErrOutcomeUnknown] check [Client.ListCredentials].
func (c *Client) DeleteCredential(ctx context.Context, pubkey string, opts ...CallOption) error {
	_, err := deleteCredential.call(ctx, c, &DeleteCredentialRequest{Pubkey: pubkey}, opts)
	return err
}

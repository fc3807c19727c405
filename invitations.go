package byzantine

import (
	"context"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// InvitationStatus is what became of an invitation. Values that are not listed here pass through.
type InvitationStatus string

// The invitation statuses.
const (
	InvitationPending   InvitationStatus = "pending"
	InvitationAccepted  InvitationStatus = "accepted"
	InvitationRejected  InvitationStatus = "rejected"
	InvitationCancelled InvitationStatus = "cancelled"
)

// Invitation is the invitation of a user to an account. The user accepts it by logging in with a one-time code, see
// [Client.OTPAuth]. No operation rejects or cancels it.
type Invitation struct {
	InvitationID     string           `json:"invitation_id" check:"must"` // UUID, as are the other ids
	AccountID        string           `json:"account_id"`
	AccountName      string           `json:"account_name"`
	UserID           string           `json:"user_id"`
	Role             AccountUserRole  `json:"role"`
	FirstName        string           `json:"first_name"`
	LastName         string           `json:"last_name"`
	UserEmail        string           `json:"user_email"`
	InviterID        string           `json:"inviter_id"`
	InviterFirstName string           `json:"inviter_first_name"`
	InviterLastName  string           `json:"inviter_last_name"`
	Status           InvitationStatus `json:"status"`
	CreatedAt        time.Time        `json:"created_at"`
	UpdatedAt        time.Time        `json:"updated_at"`
}

// InvitationList is all invitations of an account or to an e-mail address.
type InvitationList struct {
	Invitations []Invitation `json:"invitations" check:"must"`
}

// GetInvitationsByAccountIDRequest asks for the invitations to an account.
type GetInvitationsByAccountIDRequest struct {
	AccountID string `json:"-" query:"accountId" check:"uuid"`
}

// GetInvitationsByAccountID returns the invitations to an account. The list is not paged.
//
// Operation get_invitations_by_account_id.
func (c *Client) GetInvitationsByAccountID(ctx context.Context, req *GetInvitationsByAccountIDRequest, opts ...CallOption) (*InvitationList, error) {
	return getInvitationsByAccountID.call(ctx, c, req, opts)
}

// GetInvitationsByEmailRequest asks for the invitations to the user with this e-mail address.
type GetInvitationsByEmailRequest struct {
	Email string `json:"-" query:"email"`
}

// GetInvitationsByEmail returns the invitations that a user has received. The list is not paged.
//
// Operation get_invitations_by_email.
func (c *Client) GetInvitationsByEmail(ctx context.Context, req *GetInvitationsByEmailRequest, opts ...CallOption) (*InvitationList, error) {
	return getInvitationsByEmail.call(ctx, c, req, opts)
}

// GetAllInvitationsRequest asks for a page of all invitations.
type GetAllInvitationsRequest struct {
	// Limit is the size of the page: 20 if it is 0. The API takes a limit above 100 as 100.
	Limit int64 `json:"-" query:"limit,omitzero" check:"min=0"`
	// Offset is how many elements of the list come before the page.
	Offset int64 `json:"-" query:"offset,omitzero" check:"min=0"`
	// Order is the order by UpdatedAt: OrderDescending if it is empty.
	Order SortOrder `json:"-" query:"order,omitzero"`
}

// InvitationPage is a page of invitations. One past the end is empty.
type InvitationPage struct {
	Invitations []Invitation `json:"invitations" check:"must"`
	// Total is how many invitations there are on all pages. Limit and Offset are those that were applied.
	Total  int64 `json:"total" check:"must"`
	Limit  int64 `json:"limit" check:"must"`
	Offset int64 `json:"offset" check:"must"`
}

// GetAllInvitations returns a page of the invitations to all accounts of the integrator. [Client.AllInvitations]
// iterates over all pages.
//
// Operation get_all_invitations.
func (c *Client) GetAllInvitations(ctx context.Context, req *GetAllInvitationsRequest, opts ...CallOption) (*InvitationPage, error) {
	return getAllInvitations.call(ctx, c, req, opts)
}

// GetInviteUsersPayloadPasskeyRequest says whom to invite to an account.
type GetInviteUsersPayloadPasskeyRequest struct {
	AccountID string    `json:"accountId" check:"uuid"`
	NewUsers  []Invitee `json:"newUsers" check:"min=1"`
}

func (r *GetInviteUsersPayloadPasskeyRequest) expects() expectation {
	return expectation{0, ActivityCreateUsers, r.AccountID, r.NewUsers}
}

// Invitee is a person to be invited.
type Invitee struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	UserEmail string `json:"userEmail"`
}

// GetInviteUsersPayloadPasskey prepares an invitation for a root user's passkey to sign: step 1 of 2. No invitation is
// sent before [Client.InviteUsers].
//
// Operation get_invite_users_payload_passkey. [ErrUnauthorized] also if the account is not yours. After
// [ErrOutcomeUnknown] ask for another payload. If the payload does not add exactly the users of the request, or adds
// keys with them, the error is a *[PayloadMismatchError].
func (c *Client) GetInviteUsersPayloadPasskey(ctx context.Context, req *GetInviteUsersPayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getInviteUsersPayloadPasskey, req, opts)
}

// InviteUsersRequest is a signed invitation.
type InviteUsersRequest struct {
	SignedPayload
	InvitedBy string `json:"invitedBy" check:"uuid"` // the user id of the root user who signed
}

var _ = wire.Rule(func(r *InviteUsersRequest) error { return r.check(false) })

// InviteUsersResponse is who was invited.
type InviteUsersResponse struct {
	AccountID string        `json:"accountId"` // UUID
	NewUsers  []InvitedUser `json:"newUsers"`
	InvitedBy string        `json:"invitedBy"` // user id
	InvitedAt time.Time     `json:"invitedAt"`
}

// InvitedUser is a user who was invited.
type InvitedUser struct {
	UserID    string `json:"userId" check:"must"` // UUID
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	UserEmail string `json:"userEmail"`
}

// InviteUsers invites users to an account: step 2 of 2. They accept by logging in with a one-time code, and can only
// read until [Client.UpdateUsersRole] makes them root users.
//
// Operation invite_users. [ErrUnauthorized] also if the account is not yours or InvitedBy is not a root user of it.
// After [ErrOutcomeUnknown] check with [Client.GetInvitationsByAccountID] whether the invitations are there.
func (c *Client) InviteUsers(ctx context.Context, req *InviteUsersRequest, opts ...CallOption) (*InviteUsersResponse, error) {
	return inviteUsers.call(ctx, c, req, opts)
}

// GetUpdateUsersRolePayloadPasskeyRequest gives users of an account another role.
type GetUpdateUsersRolePayloadPasskeyRequest struct {
	AccountID string          `json:"accountId" check:"uuid"`
	Role      AccountUserRole `json:"role"`
	UserIDs   []string        `json:"userIds" check:"uuid,min=1"`
}

func (r *GetUpdateUsersRolePayloadPasskeyRequest) expects() expectation {
	return expectation{0, ActivityUpdateRootQuorum, r.AccountID, nil}
}

// GetUpdateUsersRolePayloadPasskey prepares a change of roles for a root user's passkey to sign: step 1 of 2. No role
// changes before [Client.UpdateUsersRole].
//
// Only the type and the account of the payload are compared with the request; a difference is a
// *[PayloadMismatchError]. Which users it makes root users is not compared, because its user ids are the key provider's
// and include the account's other root users. If that matters, read them with [Payload.Activity].
//
// Operation get_update_users_role_payload_passkey. [ErrUnauthorized] also if the account is not yours. After
// [ErrOutcomeUnknown] ask for another payload.
func (c *Client) GetUpdateUsersRolePayloadPasskey(ctx context.Context, req *GetUpdateUsersRolePayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getUpdateUsersRolePayloadPasskey, req, opts)
}

// UpdateUsersRoleRequest is a signed change of roles.
type UpdateUsersRoleRequest struct {
	SignedPayload
}

var _ = wire.Rule(func(r *UpdateUsersRoleRequest) error { return r.check(false) })

// RootQuorum is who signs for an account after a change of roles.
type RootQuorum struct {
	AccountID string `json:"accountId"` // UUID
	Threshold int32  `json:"threshold"` // how many root users have to sign
	// RootUserIDs are ids of the key provider. Whether they are the API's user ids is not documented.
	RootUserIDs []string `json:"rootUserIds"`
}

// UpdateUsersRole changes the roles of users: step 2 of 2.
//
// Operation update_users_role. [ErrUnauthorized] also if the account is not yours or the signer is not a root user of
// it. After [ErrOutcomeUnknown] read the roles with [Client.GetAccountDetails].
func (c *Client) UpdateUsersRole(ctx context.Context, req *UpdateUsersRoleRequest, opts ...CallOption) (*RootQuorum, error) {
	return updateUsersRole.call(ctx, c, req, opts)
}

package byzantine

import (
	"context"
	"time"
)

// InitOTPRequest names the user to whom a code is sent.
type InitOTPRequest struct {
	AccountID string `json:"accountId" check:"uuid"`
	UserID    string `json:"userId" check:"uuid"`
}

// InitOTPResponse identifies a one-time code that is being sent.
type InitOTPResponse struct {
	// OTPID names the code in [Client.OTPAuth]. It is an opaque string.
	OTPID string `json:"otpId" check:"present"`
}

// InitOTP e-mails a one-time code to a user: step 1 of 3 of adding a passkey.
//
// Operation init_otp. [ErrNotFound] if there is no such account or user. After [ErrOutcomeUnknown] call it again: the
// user may get two e-mails, and the code of the second belongs to the new OTPID.
func (c *Client) InitOTP(ctx context.Context, req *InitOTPRequest, opts ...CallOption) (*InitOTPResponse, error) {
	return initOTP.call(ctx, c, req, opts)
}

// OTPAuthRequest is a one-time code as the user typed it.
type OTPAuthRequest struct {
	AccountID string `json:"accountId" check:"uuid"`
	UserID    string `json:"userId" check:"uuid"`
	OTPID     string `json:"otpId"`
	// OTPCode is an opaque string: its leading zeros count, and the API decides its length.
	OTPCode string `json:"otpCode"`
}

// OTPSession proves, until it expires, that the user can read their e-mail.
type OTPSession struct {
	// Session is metadata of the session, an opaque string.
	Session string `json:"session"`
	// SessionID is what [Client.CreateAuthenticatorsOTP] takes. Keep it on the server: whoever has it can add a passkey
	// to the account.
	SessionID string `json:"sessionId" check:"present"`
	// ExpiresAt is the end of the session. How long a session lasts is not documented, so rely on this time. A time
	// without a zone is read as UTC. ExpiresAt is zero if the API sends it in any other form than RFC 3339 with or
	// without a zone.
	ExpiresAt time.Time `json:"expiresAt" check:"utc"`
}

// OTPAuth exchanges a one-time code for a session: step 2 of 3 of adding a passkey. The API also accepts the user's
// pending invitation, if there is one.
//
// Operation otp_auth. [ErrBadRequest] if the code is wrong, [ErrNotFound] if there is no such account or user. After
// [ErrOutcomeUnknown] the code may be used up: start over with [Client.InitOTP].
func (c *Client) OTPAuth(ctx context.Context, req *OTPAuthRequest, opts ...CallOption) (*OTPSession, error) {
	return otpAuth.call(ctx, c, req, opts)
}

// CreateAuthenticatorsOTPRequest adds passkeys to a user's account.
type CreateAuthenticatorsOTPRequest struct {
	SessionID string `json:"sessionId" check:"uuid"` // of the OTPSession
	AccountID string `json:"accountId" check:"uuid"`
	UserID    string `json:"userId" check:"uuid"`
	// Authenticators are the passkeys, at least one. Package passkey makes them from what a browser sent.
	Authenticators []AuthenticatorParam `json:"authenticators" check:"min=1"`
}

// CreateAuthenticatorsOTPResponse names the new passkeys.
type CreateAuthenticatorsOTPResponse struct {
	// AuthenticatorIDs are the ids that the API gave them, in the order of the request. They are not WebAuthn
	// credential ids.
	AuthenticatorIDs []string `json:"authenticatorIds" check:"must"`
}

// CreateAuthenticatorsOTP adds passkeys to a user's account with an OTP session: step 3 of 3 of adding a passkey.
//
// Operation create_authenticators_otp. [ErrBadRequest] if the session has expired or a passkey is rejected,
// [ErrNotFound] if the account, the user or the session is unknown. After [ErrOutcomeUnknown] read the user with
// [Client.GetUserDetails]: the passkey was added if its credential id is among the account's authenticators.
func (c *Client) CreateAuthenticatorsOTP(ctx context.Context, req *CreateAuthenticatorsOTPRequest, opts ...CallOption) (*CreateAuthenticatorsOTPResponse, error) {
	return createAuthenticatorsOTP.call(ctx, c, req, opts)
}

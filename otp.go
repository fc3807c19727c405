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

// InitOTPResponse is a one-time code under way.
type InitOTPResponse struct {
	// OTPID names the code in [Client.OTPAuth]. It is an opaque string.
	OTPID string `json:"otpId" check:"present"`
}

// InitOTP e-mails a one-time code to a user: step 1 of 3 of adding a passkey.
//
// Operation init_otp. [ErrNotFound] if there is no such account or user. After [ErrOutcomeUnknown] call it again: the user
// may get two e-mails, and the code of the second belongs to the new OTPID.
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

// OTPSession proves for a while that the user can read their e-mail.
type OTPSession struct {
	// Session is metadata of the session, an opaque string.
	Session string `json:"session"`
	// SessionID is what [Client.CreateAuthenticatorsOTP] takes. Keep it on the server: with it goes the right to add a
	// passkey to the account.
	SessionID string `json:"sessionId" check:"present"`
	// ExpiresAt is the end of the session. How long one lasts is not documented; go by this time. It is zero if the API
	// wrote it in a form that is neither RFC 3339 nor RFC 3339 without a zone (then taken as UTC).
	ExpiresAt time.Time `json:"expiresAt" check:"utc"`
}

// OTPAuth trades a one-time code for a session: step 2 of 3 of adding a passkey. It also accepts a pending invitation of
// the user.
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
	// AuthenticatorIDs are the ids that the API gave them, in the order of the request. They are not WebAuthn credential
	// ids.
	AuthenticatorIDs []string `json:"authenticatorIds" check:"must"`
}

// CreateAuthenticatorsOTP adds passkeys to a user's account by an OTP session: step 3 of 3.
//
// Operation create_authenticators_otp. [ErrBadRequest] if the session has expired or a passkey is rejected, [ErrNotFound]
// if the account, the user or the session is unknown. After [ErrOutcomeUnknown] read the user's details: a passkey whose
// credential id is among the account's authenticators was added.
func (c *Client) CreateAuthenticatorsOTP(ctx context.Context, req *CreateAuthenticatorsOTPRequest, opts ...CallOption) (*CreateAuthenticatorsOTPResponse, error) {
	return createAuthenticatorsOTP.call(ctx, c, req, opts)
}

package passkeytest

import (
	"context"
	"errors"
	"fmt"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// User is who [Enroll] makes a passkey for.
type User struct {
	AccountID string // UUID
	UserID    string // UUID
	// RelyingParty is that of the backend under test, which later signs with the passkey.
	RelyingParty *passkey.RelyingParty
}

// Enrollment is a passkey that a user has.
type Enrollment struct {
	Authenticator   *Authenticator     // holds the passkey and signs with it
	Credential      passkey.Credential // what a backend keeps, for [passkey.Transactor.Begin]
	AuthenticatorID string             // UUID that the API gave the passkey
}

// Enroll gives a user a passkey by a one-time code, as a backend and the user's browser do it together: it asks for the
// code, opens a session with it, makes a passkey in a new [Authenticator] and adds it to the account. opts are those of
// the authenticator.
//
// code returns the code that the user got by e-mail. In the sandbox that is
//
//	func(_ context.Context, otpID string) (string, error) { return sandbox.OTPCode(otpID), nil }
//
// An error is that of code, of the ceremony or of the client's method, and names the step. Operations init_otp, otp_auth and
// create_authenticators_otp; after [byzantine.ErrOutcomeUnknown] of the last one the passkey may have been added.
func Enroll(ctx context.Context, client *byzantine.Client, user User, code func(ctx context.Context, otpID string) (string, error), opts ...Option) (*Enrollment, error) {
	switch {
	case client == nil:
		return nil, errors.New("passkeytest: Enroll: client is nil")
	case code == nil:
		return nil, errors.New("passkeytest: Enroll: code is nil")
	case user.RelyingParty == nil:
		return nil, errors.New("passkeytest: Enroll: User.RelyingParty is nil")
	}
	browser, err := newAuthenticator(opts)
	if err != nil {
		return nil, fmt.Errorf("passkeytest: Enroll: %w", errtext.Bare(err))
	}
	otp, err := client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: user.AccountID, UserID: user.UserID})
	if err != nil {
		return nil, fmt.Errorf("passkeytest: Enroll: %w", errtext.Bare(err))
	}
	digits, err := code(ctx, otp.OTPID)
	if err != nil {
		return nil, fmt.Errorf("passkeytest: Enroll: code: %w", errtext.Bare(err))
	}
	session, err := client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: user.AccountID, UserID: user.UserID, OTPID: otp.OTPID, OTPCode: digits,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeytest: Enroll: %w", errtext.Bare(err))
	}
	credential, err := register(user, browser)
	if err != nil {
		return nil, fmt.Errorf("passkeytest: Enroll: registration: %w", errtext.Bare(err))
	}
	created, err := client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: session.SessionID, AccountID: user.AccountID, UserID: user.UserID,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeytest: Enroll: %w", errtext.Bare(err))
	}
	if n := len(created.AuthenticatorIDs); n != 1 {
		return nil, fmt.Errorf("passkeytest: Enroll: create_authenticators_otp returned %d authenticator ids for one passkey", n)
	}
	return &Enrollment{browser, *credential, created.AuthenticatorIDs[0]}, nil
}

// register is the ceremony between the backend and the browser.
func register(user User, browser *Authenticator) (*passkey.Credential, error) {
	options, state, err := user.RelyingParty.BeginRegistration(passkey.User{ID: user.UserID, Name: user.UserID})
	if err != nil {
		return nil, err
	}
	response, err := browser.Create(options)
	if err != nil {
		return nil, err
	}
	return user.RelyingParty.FinishRegistration(state, response, "Software authenticator")
}

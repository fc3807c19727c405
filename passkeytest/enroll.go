package passkeytest

import (
	"context"
	"errors"
	"fmt"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// User is the user for whom [Enroll] makes a passkey.
type User struct {
	AccountID string // UUID
	UserID    string // UUID
	// RelyingParty is the relying party of the backend under test, for which the user later signs with the passkey.
	RelyingParty *passkey.RelyingParty
}

// Enrollment is a passkey that was added to a user's account.
type Enrollment struct {
	Authenticator   *Authenticator     // holds the passkey and signs with it
	Credential      passkey.Credential // what a backend keeps, for [passkey.Transactor.Begin]
	AuthenticatorID string             // UUID that the API gave the passkey
}

// Enroll adds a new passkey to a user, with a one-time code, as a backend and the user's browser would: it requests the
// code, opens a session with the code, makes a passkey in a new [Authenticator] and adds it to the account. opts are
// options of the Authenticator.
//
// code returns the code that the user got by e-mail. In the sandbox that is
//
//	func(_ context.Context, otpID string) (string, error) { return sandbox.OTPCode(otpID), nil }
//
// An error is that of code, of the registration or of the client's method, and names the step. Operations init_otp,
// otp_auth and create_authenticators_otp; if the last one fails with [byzantine.ErrOutcomeUnknown], the passkey may
// have been added.
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

// register registers a passkey for the user's relying party and returns it as the backend gets it.
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

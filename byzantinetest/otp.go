package byzantinetest

import (
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	otpLifetime     = 10 * time.Minute
	sessionLifetime = 15 * time.Minute
	maxOTPAttempts  = 5
)

// otp is a one-time code under way.
type otp struct {
	code              string
	accountID, userID string
	expires           time.Time
	attempts          int
	used              bool
}

type otpSession struct {
	accountID, userID string
	expires           time.Time
}

var otpHandlers = map[string]handler{
	"init_otp":                  on(200, (*world).initOTP),
	"otp_auth":                  on(200, (*world).otpAuth),
	"create_authenticators_otp": on(200, (*world).createAuthenticators),
}

// OTPCode returns the code that was e-mailed for an [byzantine.InitOTPResponse]. It panics if there was none.
func (s *Sandbox) OTPCode(otpID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.world.otps[otpID]
	if o == nil {
		panic(fmt.Sprintf("byzantinetest: OTPCode: no code was sent for %q", otpID))
	}
	return o.code
}

func (w *world) initOTP(req *byzantine.InitOTPRequest) (*byzantine.InitOTPResponse, error) {
	if _, _, err := w.memberOrInvited(req.AccountID, req.UserID); err != nil {
		return nil, err
	}
	id := w.newID()
	w.otps[id] = &otp{code: w.newCode(), accountID: req.AccountID, userID: req.UserID, expires: w.clock.now().Add(otpLifetime)}
	return &byzantine.InitOTPResponse{OTPID: id}, nil
}

func (w *world) otpAuth(req *byzantine.OTPAuthRequest) (*byzantine.OTPSession, error) {
	a, u, err := w.memberOrInvited(req.AccountID, req.UserID)
	if err != nil {
		return nil, err
	}
	o := w.otps[req.OTPID]
	switch {
	case o == nil || o.accountID != req.AccountID || o.userID != req.UserID:
		return nil, badRequest("unknown one-time code")
	case o.used || o.attempts >= maxOTPAttempts:
		return nil, badRequest("the one-time code is used up")
	case !w.clock.now().Before(o.expires):
		return nil, badRequest("the one-time code has expired")
	case o.code != req.OTPCode:
		o.attempts++
		return nil, badRequest("wrong one-time code")
	}
	o.used = true
	w.acceptInvitation(a, u)
	id := w.newID()
	session := &otpSession{accountID: req.AccountID, userID: req.UserID, expires: w.clock.now().Add(sessionLifetime)}
	w.sessions[id] = session
	return &byzantine.OTPSession{Session: "local-sandbox-session", SessionID: id, ExpiresAt: session.expires.UTC()}, nil
}

func (w *world) createAuthenticators(req *byzantine.CreateAuthenticatorsOTPRequest) (*byzantine.CreateAuthenticatorsOTPResponse, error) {
	_, u, err := w.member(req.AccountID, req.UserID)
	if err != nil {
		return nil, err
	}
	session := w.sessions[req.SessionID]
	switch {
	case session == nil || session.accountID != req.AccountID || session.userID != req.UserID:
		return nil, notFound("session not found")
	case !w.clock.now().Before(session.expires):
		return nil, badRequest("the session has expired")
	}
	records, err := w.newPasskeys(req.Authenticators, w.takenCredentials())
	if err != nil {
		return nil, err
	}
	// All or none.
	u.passkeys = append(u.passkeys, records...)
	response := &byzantine.CreateAuthenticatorsOTPResponse{}
	for _, r := range records {
		response.AuthenticatorIDs = append(response.AuthenticatorIDs, r.id)
	}
	return response, nil
}

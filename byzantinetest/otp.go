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
	id, code          string
	accountID, userID string
	sent, expires     time.Time
	attempts          int
	used              bool
}

type otpSession struct {
	id                string
	accountID, userID string
	expires           time.Time
}

// state says why a code does not count any more. It is empty if it does.
func (o *otp) state(now time.Time) string {
	switch {
	case o.used:
		return "used"
	case o.attempts >= maxOTPAttempts:
		return "too many wrong attempts"
	case !now.Before(o.expires):
		return "expired"
	}
	return ""
}

func (o *otp) expiry() time.Time        { return o.expires }
func (s *otpSession) expiry() time.Time { return s.expires }

var otpHandlers = map[byzantine.OperationID]handler{
	byzantine.OpInitOTP:                 on(200, (*world).initOTP),
	byzantine.OpOTPAuth:                 on(200, (*world).otpAuth),
	byzantine.OpCreateAuthenticatorsOTP: on(200, (*world).createAuthenticators),
}

// OTPCode returns the code that was e-mailed for an [byzantine.InitOTPResponse]. It panics if there was none.
func (s *Sandbox) OTPCode(otpID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.world.otps.get(otpID)
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
	now := w.clock.now()
	w.otps.add(now, id, &otp{id: id, code: w.newCode(), accountID: req.AccountID, userID: req.UserID, sent: now, expires: now.Add(otpLifetime)})
	w.mailCame()
	return &byzantine.InitOTPResponse{OTPID: id}, nil
}

func (w *world) otpAuth(req *byzantine.OTPAuthRequest) (*byzantine.OTPSession, error) {
	a, u, err := w.memberOrInvited(req.AccountID, req.UserID)
	if err != nil {
		return nil, err
	}
	o := w.otps.get(req.OTPID)
	switch {
	case o == nil || o.accountID != req.AccountID || o.userID != req.UserID:
		return nil, badRequest("unknown one-time code")
	case o.used:
		return nil, badRequest("the one-time code is used up")
	case o.attempts >= maxOTPAttempts:
		return nil, badRequest("too many wrong attempts with this one-time code: only another one counts")
	case !w.clock.now().Before(o.expires):
		return nil, badRequest("the one-time code has expired")
	case o.code != req.OTPCode:
		o.attempts++
		return nil, badRequest("wrong one-time code")
	}
	o.used = true
	w.acceptInvitation(a, u)
	id := w.newID()
	session := &otpSession{id: id, accountID: req.AccountID, userID: req.UserID, expires: w.clock.now().Add(sessionLifetime)}
	w.sessions.add(w.clock.now(), id, session)
	return &byzantine.OTPSession{Session: "local-sandbox-session", SessionID: id, ExpiresAt: session.expires.UTC()}, nil
}

func (w *world) createAuthenticators(req *byzantine.CreateAuthenticatorsOTPRequest) (*byzantine.CreateAuthenticatorsOTPResponse, error) {
	_, u, err := w.member(req.AccountID, req.UserID)
	if err != nil {
		return nil, err
	}
	session := w.sessions.get(req.SessionID)
	switch {
	case session == nil || session.accountID != req.AccountID || session.userID != req.UserID:
		return nil, notFound("session not found")
	case !w.clock.now().Before(session.expires):
		return nil, badRequest("the session has expired")
	}
	records, err := w.newPasskeys(req.Authenticators, map[string]bool{})
	if err != nil {
		return nil, err
	}
	// All or none.
	w.register(u, records)
	response := &byzantine.CreateAuthenticatorsOTPResponse{}
	for _, r := range records {
		response.AuthenticatorIDs = append(response.AuthenticatorIDs, r.id)
	}
	return response, nil
}

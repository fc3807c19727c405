package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// The three requests of a registration, as the README shows them.

// sendCode handles the first request: the user asks for a code.
func (s *site) sendCode(w http.ResponseWriter, r *http.Request, u *session) {
	otp, err := s.client.InitOTP(r.Context(), &byzantine.InitOTPRequest{AccountID: u.AccountID, UserID: u.UserID})
	if err != nil {
		s.fail(w, err)
		return
	}
	u.OTPID = otp.OTPID
	w.WriteHeader(http.StatusNoContent)
}

// checkCode handles the second request: the user has typed the code and gets the options for
// navigator.credentials.create.
func (s *site) checkCode(w http.ResponseWriter, r *http.Request, u *session) {
	otp, err := s.client.OTPAuth(r.Context(), &byzantine.OTPAuthRequest{
		AccountID: u.AccountID, UserID: u.UserID, OTPID: u.OTPID, OTPCode: r.FormValue("code"),
	})
	if errors.Is(err, byzantine.ErrBadRequest) {
		http.Error(w, "The code is wrong or too old.", http.StatusBadRequest)
		return
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	options, state, err := s.rp.BeginRegistration(passkey.User{ID: u.UserID, Name: u.Email}, u.Passkeys...)
	if err != nil {
		s.fail(w, err)
		return
	}
	u.OTPSessionID, u.Registration = otp.SessionID, state
	w.Header().Set("Content-Type", "application/json")
	w.Write(s.changed(options))
}

// changed returns the options after the test's changeOptions has changed them.
func (s *site) changed(options []byte) []byte {
	if s.changeOptions == nil {
		return options
	}
	var members map[string]any
	if err := json.Unmarshal(options, &members); err != nil {
		panic(err)
	}
	s.changeOptions(members)
	options, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return options
}

// finish handles the third request: the browser sends the authenticator's response.
func (s *site) finish(w http.ResponseWriter, r *http.Request, u *session) {
	if s.onFinish != nil {
		s.onFinish(r)
	}
	state := u.Registration
	u.Registration = nil // each challenge is used once
	if state == nil || state.UserID != u.UserID {
		http.Error(w, "Ask for a new code.", http.StatusBadRequest)
		return
	}
	response, err := io.ReadAll(http.MaxBytesReader(w, r.Body, passkey.MaxResponseBytes))
	if err != nil {
		s.fail(w, err)
		return
	}
	credential, err := s.rp.FinishRegistration(state, response, "My phone")
	if err != nil {
		s.refused = append(s.refused, refused{u.UserID, err})
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// The passkey exists on the user's device by now, so a closed tab must not end the call that registers it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	created, err := s.client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID:      u.OTPSessionID,
		AccountID:      u.AccountID,
		UserID:         u.UserID,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	if err != nil {
		s.fail(w, err)
		return
	}
	u.Passkeys = append(u.Passkeys, credential.ID)
	s.enrolled = append(s.enrolled, enrolled{u.UserID, u.OTPSessionID, credential, created.AuthenticatorIDs})
	w.WriteHeader(http.StatusNoContent)
}

// fail responds to an error that the user has not caused. The log has the error, the response does not.
func (s *site) fail(w http.ResponseWriter, err error) {
	s.t.Log(err)
	if errors.Is(err, byzantine.ErrOutcomeUnknown) {
		http.Error(w, "Please look at your list of passkeys before you try again.", http.StatusBadGateway)
		return
	}
	http.Error(w, "That did not work. Please try again.", http.StatusBadGateway)
}

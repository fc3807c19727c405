package demoapp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// signInPage is the front door.
func (a *app) signInPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.sessions.get(r)
	if err != nil {
		return err
	}
	if s.SignedIn {
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return nil
	}
	return a.render(w, r, http.StatusOK, "signin", a.Demo)
}

// sendCode has a code e-mailed. The answer is the same for an address that is nobody's: whose customer somebody is, is
// not for strangers to find out. (How long it takes still tells. A site with much to hide sends its codes in the
// background.)
func (a *app) sendCode(w http.ResponseWriter, r *http.Request) error {
	s := session{Email: strings.TrimSpace(r.PostFormValue("email"))}
	if s.Email == "" {
		return &problem{http.StatusBadRequest, "Please enter your e-mail address."}
	}
	known, err := a.findCustomer(r.Context(), &s)
	if err != nil {
		return err
	}
	if known {
		otp, err := a.Client.InitOTP(r.Context(), &byzantine.InitOTPRequest{AccountID: s.AccountID, UserID: s.UserID})
		if err != nil {
			return err
		}
		s.OTPID = otp.OTPID
	}
	if err := a.sessions.start(w, r, s); err != nil {
		return err
	}
	http.Redirect(w, r, "/code", http.StatusSeeOther)
	return nil
}

// findCustomer completes a session from its e-mail address: the user, and the first account that they sign for.
func (a *app) findCustomer(ctx context.Context, s *session) (known bool, err error) {
	user, err := a.Client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{Email: s.Email})
	if errors.Is(err, byzantine.ErrNotFound) || errors.Is(err, byzantine.ErrBadRequest) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, account := range user.Accounts {
		if account.UserRole == byzantine.RoleRoot && !account.IsSelfCustodial {
			s.UserID, s.AccountID = user.UserID, account.AccountID
			s.Name = strings.TrimSpace(user.UserInfo.FirstName + " " + user.UserInfo.LastName)
			return true, nil
		}
	}
	return false, nil
}

// codeForm is what the page of the code shows.
type codeForm struct {
	Email string
	Wrong bool // the code that was entered
	Demo  *Demo
}

func (a *app) codePage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.sessions.get(r)
	if err != nil {
		return err
	}
	if s.Email == "" || s.SignedIn {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return a.render(w, r, http.StatusOK, "code", codeForm{Email: s.Email, Demo: a.Demo})
}

// checkCode signs in whoever can read the e-mail. The API ends a code after a few wrong attempts.
func (a *app) checkCode(w http.ResponseWriter, r *http.Request) error {
	s, err := a.sessions.get(r)
	if err != nil {
		return err
	}
	if s.Email == "" || s.SignedIn {
		return errSignIn
	}
	code := strings.TrimSpace(r.PostFormValue("code"))
	if code == "" || s.OTPID == "" {
		return a.render(w, r, http.StatusBadRequest, "code", codeForm{Email: s.Email, Wrong: true, Demo: a.Demo})
	}
	otp, err := a.Client.OTPAuth(r.Context(), &byzantine.OTPAuthRequest{
		AccountID: s.AccountID, UserID: s.UserID, OTPID: s.OTPID, OTPCode: code,
	})
	if errors.Is(err, byzantine.ErrBadRequest) {
		return a.render(w, r, http.StatusBadRequest, "code", codeForm{Email: s.Email, Wrong: true, Demo: a.Demo})
	}
	if err != nil {
		return err
	}
	// A new session under a new id: one that somebody planted in the browser before is worth nothing now.
	err = a.sessions.start(w, r, session{
		Email: s.Email, Name: s.Name, UserID: s.UserID, AccountID: s.AccountID, SignedIn: true,
		OTPSessionID: otp.SessionID, OTPSessionEnd: otp.ExpiresAt,
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

func (a *app) signOut(w http.ResponseWriter, r *http.Request) error {
	a.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// signedIn hands a request on with its session, if somebody is signed in.
func (a *app) signedIn(next func(http.ResponseWriter, *http.Request, session) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := a.sessions.get(r)
		switch {
		case err != nil:
			return err
		case !s.SignedIn:
			return errSignIn
		}
		return next(w, r, s)
	}
}

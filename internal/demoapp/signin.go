package demoapp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// maxAttempts is how many wrong entries for one code the application sends to the API. The API makes a code invalid
// after a few as well, but its response does not say so.
const maxAttempts = 5

// signInForm is the data of the page that asks for the e-mail address.
type signInForm struct {
	Next    string // path of the page that the visitor wanted to see
	Email   string // the address that was entered
	Problem string // what is wrong with the address
	Demo    *Demo
}

// signInPage shows the page that asks for the e-mail address, or redirects a user who is signed in.
func (a *app) signInPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.sessions.get(r)
	if err != nil {
		return err
	}
	next := localPath(r.FormValue("next"))
	if s.SignedIn {
		http.Redirect(w, r, destination(next), http.StatusSeeOther)
		return nil
	}
	return a.render(w, r, http.StatusOK, "signin", signInForm{Next: next, Demo: a.Demo})
}

// localPath returns path if it is a path of this site, otherwise "": a link from elsewhere must not redirect to another
// site after sign-in.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return ""
	}
	return path
}

// destination returns the path to which a user is redirected after sign-in: next or, without one, the account's page.
func destination(next string) string {
	if next == "" || next == "/" {
		return "/account"
	}
	return next
}

// sendCode has the API e-mail a code. The response is the same for an address that is not a customer's, so that
// strangers cannot find out who is a customer. (The time that it takes still tells, and so does the API's limit of codes,
// which only a customer meets. A site that must hide this sends its codes in the background.)
func (a *app) sendCode(w http.ResponseWriter, r *http.Request) error {
	before, err := a.sessions.get(r)
	if err != nil {
		return err
	}
	s := session{Email: strings.TrimSpace(r.PostFormValue("email")), Next: localPath(r.PostFormValue("next"))}
	reject := func(status int, message string) error {
		return a.render(w, r, status, "signin", signInForm{Next: s.Next, Email: s.Email, Problem: message, Demo: a.Demo})
	}
	if s.Email == "" {
		return reject(http.StatusBadRequest, "Please enter your e-mail address.")
	}
	if before.Email == s.Email && before.OTPSessionID == "" { // the user has asked for another code on the page of the code
		s.Next = before.Next
		s.Notice = "We have sent another code. Only the newest one works."
	}
	known, err := a.findCustomer(r.Context(), &s)
	if err != nil {
		return err
	}
	if known {
		otp, err := a.Client.InitOTP(r.Context(), &byzantine.InitOTPRequest{AccountID: s.AccountID, UserID: s.UserID})
		if errors.Is(err, byzantine.ErrRateLimited) {
			return reject(http.StatusTooManyRequests, "Too many codes were sent to this address. Please wait a few minutes before you ask for another one.")
		}
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

// findCustomer looks up the user with the session's e-mail address and fills in the session. Its account is the first one
// in which the user has the role root, otherwise admin, otherwise view; self-custodial accounts do not count. Without
// such an account it is the first one that the user is invited to: the API accepts the invitation when they sign in. known
// is false if there is no such user or account.
func (a *app) findCustomer(ctx context.Context, s *session) (known bool, err error) {
	user, err := a.Client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{Email: s.Email})
	if errors.Is(err, byzantine.ErrNotFound) || errors.Is(err, byzantine.ErrBadRequest) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, role := range []byzantine.AccountUserRole{byzantine.RoleRoot, byzantine.RoleAdmin, byzantine.RoleView} {
		for _, account := range user.Accounts {
			if account.UserRole == role && !account.IsSelfCustodial && s.AccountID == "" {
				s.AccountID = account.AccountID
			}
		}
	}
	if s.AccountID == "" {
		set, err := a.Client.GetInvitationsByEmail(ctx, &byzantine.GetInvitationsByEmailRequest{Email: s.Email})
		if err != nil {
			return false, err
		}
		for _, i := range set.Invitations {
			if i.Status == byzantine.InvitationPending && s.AccountID == "" {
				s.AccountID = i.AccountID
			}
		}
	}
	if s.AccountID == "" {
		return false, nil
	}
	s.UserID = user.UserID
	s.Name = strings.TrimSpace(user.UserInfo.FirstName + " " + user.UserInfo.LastName)
	return true, nil
}

// codeForm is the data of the page that asks for the code.
type codeForm struct {
	Email   string
	Problem string // what is wrong with the code that was entered
	Used    bool   // the code takes no more attempts
	Demo    *Demo
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
	return a.askForCode(w, r, s, http.StatusOK, "")
}

func (a *app) askForCode(w http.ResponseWriter, r *http.Request, s session, status int, problem string) error {
	form := codeForm{Email: s.Email, Problem: problem, Used: s.OTPAttempts >= maxAttempts, Demo: a.Demo}
	if form.Used {
		form.Problem = "Too many attempts: this code does not work any more. Please ask for another one."
	}
	return a.render(w, r, status, "code", form)
}

// checkCode signs the user in if the code is the one that was e-mailed to them.
func (a *app) checkCode(w http.ResponseWriter, r *http.Request) error {
	s, err := a.sessions.get(r)
	if err != nil {
		return err
	}
	if s.Email == "" || s.SignedIn {
		return errSignIn
	}
	code := strings.Join(strings.Fields(r.PostFormValue("code")), "") // e-mails show "123 456"
	switch {
	case s.OTPAttempts >= maxAttempts:
		return a.askForCode(w, r, s, http.StatusTooManyRequests, "")
	case code == "":
		return a.askForCode(w, r, s, http.StatusBadRequest, "Please enter the code from the e-mail.")
	}
	otp, err := a.checkWithAPI(r.Context(), s, code)
	switch {
	case errors.Is(err, byzantine.ErrRateLimited):
		return a.askForCode(w, r, s, http.StatusTooManyRequests, "Too many attempts. Please wait a minute before you try again.")
	case errors.Is(err, byzantine.ErrBadRequest):
		if s, err = a.sessions.change(r, func(s *session) { s.OTPAttempts++ }); err != nil {
			return err
		}
		return a.askForCode(w, r, s, http.StatusBadRequest, "The code is wrong or too old.")
	case err != nil:
		return err
	}
	// Start a session with a new id, so that an id that an attacker planted in the browser before becomes useless.
	err = a.sessions.start(w, r, session{
		Email: s.Email, Name: s.Name, UserID: s.UserID, AccountID: s.AccountID, SignedIn: true,
		OTPSessionID: otp.SessionID, OTPSessionEnd: otp.ExpiresAt,
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, destination(s.Next), http.StatusSeeOther)
	return nil
}

// checkWithAPI checks a code at the API. If no code was sent, it returns the error of a wrong code.
func (a *app) checkWithAPI(ctx context.Context, s session, code string) (*byzantine.OTPSession, error) {
	if s.OTPID == "" {
		return nil, byzantine.ErrBadRequest
	}
	return a.Client.OTPAuth(ctx, &byzantine.OTPAuthRequest{AccountID: s.AccountID, UserID: s.UserID, OTPID: s.OTPID, OTPCode: code})
}

func (a *app) signOut(w http.ResponseWriter, r *http.Request) error {
	a.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// signedIn returns a handler that calls next with the session of a signed-in user, and returns errSignIn if there is
// none.
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

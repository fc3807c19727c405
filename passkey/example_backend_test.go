package passkey_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// session is what the backend keeps between the requests of one signed-in user, on the server.
type session struct {
	mu sync.Mutex // two clicks are two requests at the same time

	AccountID, UserID, Email string // set when the user signs in

	OTPID        string                     // set by the first request
	OTPSessionID string                     // set by the second
	Registration *passkey.RegistrationState // set by the second
}

type backend struct {
	client  *byzantine.Client
	rp      *passkey.RelyingParty
	session func(*http.Request) *session                     // returns the session of the request's cookie
	keep    func(userID string, c *passkey.Credential) error // keeps it as unconfirmed
	confirm func(userID, credentialID string) error
}

// sendCode handles the first request: the user requests a code.
func (b *backend) sendCode(w http.ResponseWriter, r *http.Request) {
	s := b.session(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	otp, err := b.client.InitOTP(r.Context(), &byzantine.InitOTPRequest{AccountID: s.AccountID, UserID: s.UserID})
	if err != nil {
		fail(w, err, "Please ask for a code again.") // whatever became of this one: at worst the user gets two e-mails
		return
	}
	s.OTPID = otp.OTPID
	w.WriteHeader(http.StatusNoContent)
}

// checkCode handles the second request: the user enters the code, and the page gets the options for
// navigator.credentials.create.
func (b *backend) checkCode(w http.ResponseWriter, r *http.Request) {
	s := b.session(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	otp, err := b.client.OTPAuth(r.Context(), &byzantine.OTPAuthRequest{
		AccountID: s.AccountID, UserID: s.UserID, OTPID: s.OTPID, OTPCode: r.FormValue("code"),
	})
	if errors.Is(err, byzantine.ErrBadRequest) || errors.Is(err, byzantine.ErrInvalidRequest) {
		http.Error(w, "The code is wrong or too old.", http.StatusBadRequest)
		return
	}
	s.OTPID = "" // the code is used up, or may be
	if err != nil {
		fail(w, err, "Please ask for a new code.")
		return
	}
	options, state, err := b.rp.BeginRegistration(passkey.User{ID: s.UserID, Name: s.Email, DisplayName: s.Email})
	if err != nil {
		fail(w, err, "Please ask for a new code.")
		return
	}
	s.OTPSessionID, s.Registration = otp.SessionID, state
	w.Header().Set("Content-Type", "application/json")
	w.Write(options)
}

// finish handles the third request: the page sends what the authenticator made.
func (b *backend) finish(w http.ResponseWriter, r *http.Request) {
	s := b.session(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.Registration
	s.Registration = nil // each challenge is used once
	if state == nil || state.UserID != s.UserID {
		http.Error(w, "Ask for a new code.", http.StatusBadRequest)
		return
	}
	response, err := io.ReadAll(http.MaxBytesReader(w, r.Body, passkey.MaxResponseBytes))
	if err != nil {
		fail(w, err, "Please ask for a new code.")
		return
	}
	credential, err := b.rp.FinishRegistration(state, response, "My phone")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// The public key is needed to check the signatures of the passkey later. It must not be lost with a response.
	if err := b.keep(s.UserID, credential); err != nil {
		fail(w, err, "Please ask for a new code.")
		return
	}
	// The passkey exists on the user's device by now, so a closed tab must not end the call that registers it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	_, err = b.client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID:      s.OTPSessionID,
		AccountID:      s.AccountID,
		UserID:         s.UserID,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	switch {
	case err == nil, errors.Is(err, byzantine.ErrTookEffect):
		err = b.confirm(s.UserID, credential.ID)
	case !errors.Is(err, byzantine.ErrOutcomeUnknown):
		fail(w, err, "Please ask for a new code.")
		return
	}
	if err != nil { // the credential stays unconfirmed until registered finds it
		fail(w, err, "Please look at your list of passkeys before you try again.")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// fail responds to a request that failed, or that may have. what is what the user can do.
func fail(w http.ResponseWriter, err error, what string) {
	log.Print(err) // may quote the API, so it is not for the user
	http.Error(w, "That did not work. "+what, http.StatusBadGateway)
}

// registered reports whether the API lists a credential that is unconfirmed. Ask for half a minute before you tell the
// user that the passkey was not registered, and then confirm the credential or delete it.
func (b *backend) registered(ctx context.Context, accountID, userID, credentialID string) (bool, error) {
	user, err := b.client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: userID})
	if err != nil {
		return false, err
	}
	for _, account := range user.Accounts {
		for _, authenticator := range account.Authenticators {
			if account.AccountID == accountID && authenticator.CredentialID == credentialID {
				return true, nil
			}
		}
	}
	return false, nil
}

// How a user registers a passkey: three requests of the user's browser to the backend.
func Example_backend() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})

	signedIn := &session{AccountID: account.ID, UserID: user.ID, Email: user.Email}
	b := &backend{
		client:  sandbox.Client(),
		rp:      &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}},
		session: func(*http.Request) *session { return signedIn },
		keep:    func(string, *passkey.Credential) error { return nil },
		confirm: func(string, string) error { return nil },
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /passkey/code", b.sendCode)
	mux.HandleFunc("POST /passkey/options", b.checkCode)
	mux.HandleFunc("POST /passkey/finish", b.finish)
	site := httptest.NewServer(mux)
	defer site.Close()

	// From here on, what the user's browser does.
	post := func(path, contentType, body string) (int, []byte) {
		r, err := http.Post(site.URL+path, contentType, strings.NewReader(body))
		if err != nil {
			return 0, nil
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		return r.StatusCode, text
	}
	status, _ := post("/passkey/code", "", "")
	fmt.Println("code:", status)
	status, options := post("/passkey/options", "application/x-www-form-urlencoded", "code="+sandbox.OTPCode(signedIn.OTPID))
	fmt.Println("options:", status, json.Valid(options))
	response, err := passkeytest.NewAuthenticator().Create(options)
	if err != nil {
		fmt.Println(err)
	}
	status, _ = post("/passkey/finish", "application/json", string(response))
	fmt.Println("finish:", status)
	// Output:
	// code: 204
	// options: 200 true
	// finish: 204
}

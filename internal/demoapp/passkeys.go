package demoapp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// passkeys is a table that a real application has in its database: each passkey with its public key, by which
// signatures are checked.
type passkeys struct {
	mu     sync.Mutex
	byUser map[string][]passkey.Credential
}

func (p *passkeys) add(userID string, c passkey.Credential) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byUser[userID] = append(p.byUser[userID], c)
}

// get returns a passkey as it was registered here. For one that was registered elsewhere it returns the id alone:
// without the public key only the API checks its signatures.
func (p *passkeys) get(userID, id string) passkey.Credential {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.byUser[userID], func(c passkey.Credential) bool { return c.ID == id })
	if i < 0 {
		return passkey.Credential{ID: id}
	}
	return p.byUser[userID][i]
}

// membership is the role and the passkeys of the signed-in user in their account. It is requested from the API each
// time, because it may have changed since sign-in.
type membership struct {
	Role     byzantine.AccountUserRole
	Passkeys []byzantine.Authenticator
}

// Root reports whether the user's role allows to sign, once they have a passkey.
func (m membership) Root() bool { return m.Role == byzantine.RoleRoot }

// CanSign reports whether the user's role allows to sign and they have a passkey.
func (m membership) CanSign() bool { return m.Root() && len(m.Passkeys) > 0 }

func (a *app) membershipOf(ctx context.Context, s session) (membership, error) {
	user, err := a.Client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: s.UserID})
	if err != nil {
		return membership{}, err
	}
	for _, account := range user.Accounts {
		if account.AccountID == s.AccountID {
			return membership{account.UserRole, account.Authenticators}, nil
		}
	}
	return membership{}, nil
}

// allowedTo returns the passkeys with which the user may sign. The error is errCannotSign if their role does not allow
// it, or errNoPasskey.
func (a *app) allowedTo(ctx context.Context, s session) ([]passkey.Credential, error) {
	m, err := a.membershipOf(ctx, s)
	switch {
	case err != nil:
		return nil, err
	case !m.Root():
		return nil, errCannotSign
	case len(m.Passkeys) == 0:
		return nil, errNoPasskey
	}
	var allowed []passkey.Credential
	for _, k := range m.Passkeys {
		allowed = append(allowed, a.passkeys.get(s.UserID, k.CredentialID))
	}
	return allowed, nil
}

// passkeyList is the data of the page that lists the passkeys.
type passkeyList struct {
	Passkeys []byzantine.Authenticator
	CanAdd   bool   // the code that the user signed in with is recent enough to add passkeys
	Email    string // where another code is sent
}

func (a *app) passkeysPage(w http.ResponseWriter, r *http.Request, s session) error {
	m, err := a.membershipOf(r.Context(), s)
	if err != nil {
		return err
	}
	return a.render(w, r, http.StatusOK, "passkeys", passkeyList{Passkeys: m.Passkeys, CanAdd: s.canAddPasskey(), Email: s.Email})
}

func (s session) canAddPasskey() bool {
	return s.OTPSessionID != "" && (s.OTPSessionEnd.IsZero() || time.Now().Before(s.OTPSessionEnd))
}

// beginPasskey sends the options for navigator.credentials.create. The state that finishPasskey checks stays in the
// session.
func (a *app) beginPasskey(w http.ResponseWriter, r *http.Request, s session) error {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" || utf8.RuneCountInString(name) > 64 {
		return &problem{status: http.StatusBadRequest, field: "name", message: "Please give the passkey a name of at most 64 characters."}
	}
	if !s.canAddPasskey() {
		return errNewCode
	}
	m, err := a.membershipOf(r.Context(), s)
	if err != nil {
		return err
	}
	var ids []string
	for _, k := range m.Passkeys {
		ids = append(ids, k.CredentialID)
	}
	options, state, err := a.RelyingParty.BeginRegistration(passkey.User{ID: s.UserID, Name: s.Email, DisplayName: s.Name}, ids...)
	if err != nil {
		return err
	}
	if _, err := a.sessions.change(r, func(s *session) { s.Registration, s.PasskeyName = state, name }); err != nil {
		return err
	}
	return respond(w, http.StatusOK, options)
}

// finishPasskey registers the passkey that the browser's authenticator has created, for the user in whose session it
// was begun.
func (a *app) finishPasskey(w http.ResponseWriter, r *http.Request, s session) error {
	var state *passkey.RegistrationState
	_, err := a.sessions.change(r, func(s *session) { state, s.Registration = s.Registration, nil }) // so the state is used once
	if err != nil {
		return err
	}
	if state == nil || state.UserID != s.UserID {
		return errBeginAgain
	}
	response, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	credential, err := a.RelyingParty.FinishRegistration(state, response, s.PasskeyName)
	if err != nil {
		return err
	}
	// The passkey exists on the user's device by now, so a closed tab must not end the call that registers it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	_, err = a.Client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: s.OTPSessionID, AccountID: s.AccountID, UserID: s.UserID,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	notice := "Your passkey is ready."
	switch {
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		// The list of passkeys comes from the API, so a key that is kept here but not in that list does no harm.
		a.Log.ErrorContext(ctx, "outcome unknown", "err", err)
		notice = "We got no response. If your passkey is in this list, it was added. If not, please try again."
	case err != nil:
		return err
	}
	a.passkeys.add(s.UserID, *credential)
	if _, err := a.sessions.change(r, func(s *session) { s.Notice = notice }); err != nil {
		return err
	}
	return respond(w, http.StatusOK, map[string]string{"location": "/passkeys"})
}

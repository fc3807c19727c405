package demoapp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// proposal is an invitation or a change of roles that a user has begun and not signed yet.
type proposal struct {
	UserID string // the user who began it
	Invite bool   // an invitation; otherwise a change of a role
	Notice string // shown on the page after a success
	State  *passkey.SigningState
}

// peopleView is the data of the page that lists the people of an account.
type peopleView struct {
	Me       membership
	UserID   string // of the user who sees the page
	People   []byzantine.AccountUser
	Invited  []byzantine.Invitation // people who were invited and have not signed in yet
	RoleName map[byzantine.AccountUserRole]string
}

// roleNames are the names of the roles on the pages.
var roleNames = map[byzantine.AccountUserRole]string{
	byzantine.RoleRoot:        "Signs transactions",
	byzantine.RoleAdmin:       "Manages the account",
	byzantine.RoleView:        "Looks at the account",
	byzantine.RoleBeneficiary: "Owner",
}

func (a *app) peoplePage(w http.ResponseWriter, r *http.Request, s session) error {
	ctx := r.Context()
	page := peopleView{UserID: s.UserID, RoleName: roleNames}
	var account *byzantine.Account
	var invitations *byzantine.InvitationList
	err := sideBySide([]func() error{
		func() (err error) { page.Me, err = a.membershipOf(ctx, s); return },
		func() (err error) { account, err = a.Client.GetAccountDetails(ctx, s.AccountID); return },
		func() (err error) {
			invitations, err = a.Client.GetInvitationsByAccountID(ctx, &byzantine.GetInvitationsByAccountIDRequest{AccountID: s.AccountID})
			return
		},
	})
	if err != nil {
		return err
	}
	page.People = account.Users
	for _, i := range invitations.Invitations {
		if i.Status == byzantine.InvitationPending {
			page.Invited = append(page.Invited, i)
		}
	}
	return a.render(w, r, http.StatusOK, "people", page)
}

func (a *app) beginInvitation(w http.ResponseWriter, r *http.Request, s session) error {
	user := byzantine.Invitee{
		FirstName: strings.TrimSpace(r.PostFormValue("firstName")),
		LastName:  strings.TrimSpace(r.PostFormValue("lastName")),
		UserEmail: strings.TrimSpace(r.PostFormValue("email")),
	}
	for _, f := range []struct{ field, value, message string }{
		{"firstName", user.FirstName, "Please enter the first name."},
		{"lastName", user.LastName, "Please enter the last name."},
		{"email", user.UserEmail, "Please enter the e-mail address."},
	} {
		if f.value == "" {
			return &problem{status: http.StatusBadRequest, field: f.field, message: f.message}
		}
	}
	if !strings.Contains(user.UserEmail, "@") {
		return &problem{status: http.StatusBadRequest, field: "email", message: "Please enter an e-mail address such as mary@example.com."}
	}
	name := user.FirstName + " " + user.LastName
	c := confirmation{
		What: "Invite " + name,
		Facts: []fact{
			{"Who", name}, {"E-mail", user.UserEmail}, {"May", "look at this account"},
		},
	}
	begun := proposal{Invite: true, Notice: name + " is invited. The invitation is accepted when they sign in."}
	return a.propose(w, r, s, c, begun, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{
			AccountID: s.AccountID, NewUsers: []byzantine.Invitee{user},
		})
	})
}

// beginPromotion begins a change of roles: a user who may only see the account becomes one who signs for it.
func (a *app) beginPromotion(w http.ResponseWriter, r *http.Request, s session) error {
	account, err := a.Client.GetAccountDetails(r.Context(), s.AccountID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(account.Users, func(u byzantine.AccountUser) bool { return u.UserID == r.PathValue("id") })
	if i < 0 || account.Users[i].Role == byzantine.RoleRoot {
		return errNotFound
	}
	user := account.Users[i]
	name := user.FirstName + " " + user.LastName
	c := confirmation{
		What: "Let " + name + " sign for this account",
		Facts: []fact{
			{"Who", name}, {"E-mail", user.Email}, {"May", "deposit, withdraw, invite and change roles, each alone"},
		},
	}
	begun := proposal{Notice: name + " signs for this account now."}
	return a.propose(w, r, s, c, begun, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetUpdateUsersRolePayloadPasskey(ctx, &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
			AccountID: s.AccountID, Role: byzantine.RoleRoot, UserIDs: []string{user.UserID},
		})
	})
}

// propose begins an invitation or a change of roles: it fetches the payload, keeps begun in the session, and sends c
// with the options for navigator.credentials.get to the page's script.
func (a *app) propose(w http.ResponseWriter, r *http.Request, s session, c confirmation, begun proposal, fetch func(context.Context) (*byzantine.Payload, error)) error {
	allowed, err := a.allowedTo(r.Context(), s)
	if err != nil {
		return err
	}
	payload, err := fetch(r.Context())
	if err != nil {
		return err
	}
	c.Submit = "/people/submit"
	if c.Options, begun.State, err = a.RelyingParty.BeginSigning(payload, allowed); err != nil {
		return err
	}
	begun.UserID = s.UserID
	if _, err := a.sessions.change(r, func(s *session) { s.Proposal = &begun }); err != nil {
		return err
	}
	return respond(w, http.StatusOK, c)
}

// submitProposal checks what the passkey has signed for the proposal in the session, and submits it.
func (a *app) submitProposal(w http.ResponseWriter, r *http.Request, s session) error {
	var begun *proposal
	if _, err := a.sessions.change(r, func(s *session) { begun, s.Proposal = s.Proposal, nil }); err != nil { // so the proposal is used once
		return err
	}
	if begun == nil || begun.UserID != s.UserID {
		return errBeginAgain
	}
	response, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	signed, err := a.RelyingParty.FinishSigning(begun.State, response)
	if err != nil {
		return err
	}
	// The user has signed, so a closed tab must not end the call that submits the signature.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	if begun.Invite {
		_, err = a.Client.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: signed, InvitedBy: s.UserID})
	} else {
		_, err = a.Client.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: signed})
	}
	notice := begun.Notice
	switch {
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		a.Log.ErrorContext(ctx, "outcome unknown", "err", err)
		notice = "We got no response. Please check this list before you try again."
	case err != nil:
		return err
	}
	if _, err := a.sessions.change(r, func(s *session) { s.Notice = notice }); err != nil {
		return err
	}
	return respond(w, http.StatusOK, map[string]string{"location": "/people"})
}

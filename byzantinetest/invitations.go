package byzantinetest

import (
	"encoding/json"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

var invitationHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetInvitationsByAccountID:    on(200, (*world).invitationsByAccount),
	byzantine.OpGetInvitationsByEmail:        on(200, (*world).invitationsByEmail),
	byzantine.OpGetAllInvitations:            on(200, (*world).allInvitations),
	byzantine.OpGetInviteUsersPayloadPasskey: on(201, (*world).inviteUsersPayload),
	byzantine.OpInviteUsers:                  on(201, (*world).inviteUsers),
}

func (i *invitation) view() byzantine.Invitation {
	info, inviter := i.user.info, i.inviter.info
	return byzantine.Invitation{
		InvitationID: i.id, AccountID: i.account.id, AccountName: i.account.name, UserID: i.user.id, Role: i.role,
		FirstName: info.FirstName, LastName: info.LastName, UserEmail: info.Email,
		InviterID: i.inviter.id, InviterFirstName: inviter.FirstName, InviterLastName: inviter.LastName,
		Status: i.status, CreatedAt: i.created.UTC(), UpdatedAt: i.updated.UTC(),
	}
}

// invitationViews is never nil.
func invitationViews(invitations []*invitation) []byzantine.Invitation {
	views := []byzantine.Invitation{}
	for _, i := range invitations {
		views = append(views, i.view())
	}
	return views
}

// addInvitation adds an invitation of a user to an account.
func (w *world) addInvitation(i *invitation) {
	w.invitations.add(i.id, i)
	w.recentInvitations.touch(i)
	i.account.invitations = append(i.account.invitations, i)
	i.user.invitations = append(i.user.invitations, i)
}

func (w *world) invitationsByAccount(req *byzantine.GetInvitationsByAccountIDRequest) (*byzantine.InvitationList, error) {
	a, err := w.ownAccount(req.AccountID)
	if err != nil {
		return nil, err
	}
	return &byzantine.InvitationList{Invitations: invitationViews(a.invitations)}, nil
}

func (w *world) invitationsByEmail(req *byzantine.GetInvitationsByEmailRequest) (*byzantine.InvitationList, error) {
	var invitations []*invitation
	if u := w.userByEmail(req.Email); u != nil {
		invitations = u.invitations
	}
	return &byzantine.InvitationList{Invitations: invitationViews(invitations)}, nil
}

func (w *world) allInvitations(req *pageRequest) (*byzantine.InvitationPage, error) {
	page, limit, offset := w.recentInvitations.page(req)
	return &byzantine.InvitationPage{
		Invitations: invitationViews(page), Total: int64(len(w.invitations.all)), Limit: limit, Offset: offset,
	}, nil
}

func (w *world) inviteUsersPayload(req *byzantine.GetInviteUsersPayloadPasskeyRequest) (*payloadResponse, error) {
	a, err := w.proposalAccount(req.AccountID)
	if err != nil {
		return nil, err
	}
	if err := w.checkInvitation(a, req.NewUsers); err != nil {
		return nil, err
	}
	var users []byzantine.ActivityUser
	for _, u := range req.NewUsers {
		users = append(users, byzantine.ActivityUser{
			UserName: u.FirstName + " " + u.LastName, UserEmail: u.UserEmail,
			APIKeys: []json.RawMessage{}, Authenticators: []json.RawMessage{}, OAuthProviders: []json.RawMessage{}, UserTags: []string{},
		})
	}
	return w.propose(&proposal{account: a, invitation: req}, byzantine.ActivityCreateUsers, byzantine.CreateUsersParams{Users: users})
}

// checkInvitation rejects a second invitation of the same person, and one of somebody who is a member of the account
// already. An owner who can only read may be invited: that is how they become a user like any other.
func (w *world) checkInvitation(a *account, users []byzantine.Invitee) error {
	seen := map[string]bool{}
	for n, u := range users {
		if err := checkEmail("userEmail", u.UserEmail); err != nil {
			return badRequest("newUsers[%d].%v", n, err)
		}
		email := strings.ToLower(u.UserEmail)
		known := w.userByEmail(email)
		switch {
		case seen[email]:
			return badRequest("newUsers[%d].userEmail: twice in one request", n)
		case known == nil:
		case w.pendingInvitation(a, known) != nil:
			return badRequest("newUsers[%d].userEmail: there is a pending invitation already", n)
		case a.member(known.id) != nil && a.member(known.id).role != byzantine.RoleBeneficiary:
			return badRequest("newUsers[%d].userEmail: this user belongs to the account already", n)
		}
		seen[email] = true
	}
	return nil
}

// pendingInvitation returns nil if there is none.
func (w *world) pendingInvitation(a *account, u *user) *invitation {
	for _, i := range u.invitations {
		if i.account == a && i.status == byzantine.InvitationPending {
			return i
		}
	}
	return nil
}

func (w *world) inviteUsers(req *byzantine.InviteUsersRequest) (*byzantine.InviteUsersResponse, error) {
	p, signer, err := w.signedProposal(req.SignedPayload)
	switch {
	case err != nil:
		return nil, err
	case p.invitation == nil:
		return nil, badRequest("signedBody: not the payload of an invitation")
	case signer.id != req.InvitedBy:
		return nil, unauthorized("invitedBy: not the user whose passkey signed")
	}
	a := p.account
	if err := w.checkInvitation(a, p.invitation.NewUsers); err != nil { // it may be long ago
		return nil, err
	}
	w.proposals.remove(p.body)
	now := w.clock.now()
	response := &byzantine.InviteUsersResponse{AccountID: a.id, InvitedBy: signer.id, InvitedAt: now.UTC()}
	for _, n := range p.invitation.NewUsers {
		u := w.userByEmail(n.UserEmail)
		if u == nil {
			u = w.newUser(byzantine.UserInfo{FirstName: n.FirstName, LastName: n.LastName, Email: n.UserEmail})
			w.admit(u)
		}
		i := &invitation{
			id: w.newID(), account: a, user: u, inviter: signer, role: byzantine.RoleView,
			status: byzantine.InvitationPending, created: now, updated: now,
		}
		w.addInvitation(i)
		response.NewUsers = append(response.NewUsers, byzantine.InvitedUser{
			UserID: u.id, FirstName: u.info.FirstName, LastName: u.info.LastName, UserEmail: u.info.Email,
		})
	}
	return response, nil
}

// memberOrInvited finds who may log in to an account: its users and those who are invited to become one.
func (w *world) memberOrInvited(accountID, userID string) (*account, *user, error) {
	a, u, err := w.member(accountID, userID)
	if err == nil {
		return a, u, nil
	}
	if a, u = w.accounts.get(accountID), w.users.get(userID); a != nil && u != nil && w.pendingInvitation(a, u) != nil {
		return a, u, nil
	}
	return nil, nil, err
}

// acceptInvitation is what a login does to an invitation, if there is one.
func (w *world) acceptInvitation(a *account, u *user) {
	i := w.pendingInvitation(a, u)
	if i == nil {
		return
	}
	i.status, i.updated = byzantine.InvitationAccepted, w.clock.now()
	w.recentInvitations.touch(i)
	a.join(u, i.role, i.updated)
}

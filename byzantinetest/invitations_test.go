package byzantinetest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func mary() byzantine.Invitee {
	return byzantine.Invitee{FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}
}

func (i *investor) invitePayload(users ...byzantine.Invitee) (*byzantine.Payload, error) {
	return i.client.GetInviteUsersPayloadPasskey(i.t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: i.accountID, NewUsers: users,
	})
}

func (i *investor) invite(users ...byzantine.Invitee) *byzantine.InviteUsersResponse {
	i.t.Helper()
	invited, err := i.client.InviteUsers(i.t.Context(), &byzantine.InviteUsersRequest{
		SignedPayload: i.sign(i.invitePayload(users...)), InvitedBy: i.userID,
	})
	require.NoError(i.t, err)
	return invited
}

// login is what an invited user does: the two steps up to a session.
func (i *investor) login(userID string) *byzantine.OTPSession {
	i.t.Helper()
	ctx := i.t.Context()
	otp, err := i.client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: i.accountID, UserID: userID})
	require.NoError(i.t, err)
	session, err := i.client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: i.accountID, UserID: userID, OTPID: otp.OTPID, OTPCode: i.server.OTPCode(otp.OTPID),
	})
	require.NoError(i.t, err)
	return session
}

// roles is the role of each user of the account, by user id.
func (i *investor) roles() map[string]byzantine.AccountUserRole {
	i.t.Helper()
	account, err := i.client.GetAccountDetails(i.t.Context(), i.accountID)
	require.NoError(i.t, err)
	roles := map[string]byzantine.AccountUserRole{}
	for _, u := range account.Users {
		roles[u.UserID] = u.Role
	}
	return roles
}

func (i *investor) invitations() []byzantine.Invitation {
	i.t.Helper()
	set, err := i.client.GetInvitationsByAccountID(i.t.Context(), &byzantine.GetInvitationsByAccountIDRequest{AccountID: i.accountID})
	require.NoError(i.t, err)
	require.NotNil(i.t, set.Invitations)
	return set.Invitations
}

func TestInvitationPayloadIsAnOrderToCreateUsers(t *testing.T) {
	i := newInvestor(t, stopped(t))
	var answer byzantine.Response
	payload, err := i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: i.accountID, NewUsers: []byzantine.Invitee{mary()},
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)
	assert.Empty(t, payload.TransactionID)
	activity, err := payload.Activity()
	require.NoError(t, err)
	assert.Equal(t, byzantine.ActivityCreateUsers, activity.Type)
	assert.Equal(t, i.accountID, activity.OrganizationID)
	assert.Equal(t, "1788264000000", activity.TimestampMs)
	assert.Equal(t, []byzantine.ActivityUser{{
		UserName: "Mary Somerville", UserEmail: "mary@example.com", APIKeys: []json.RawMessage{},
		Authenticators: []json.RawMessage{}, OAuthProviders: []json.RawMessage{}, UserTags: []string{},
	}}, activity.CreateUsers.Users)
	assert.Empty(t, i.invitations(), "nobody is invited yet")
}

// What is signed and what is delivered are compared byte by byte, so no encoder may touch them after they are stored.
func TestNamesThatEncodersEscape(t *testing.T) {
	w := newWebhookWorld(t)
	i := newInvestor(t, w.server)
	odd := byzantine.Invitee{FirstName: "<Mary>&\u2028", LastName: "\u2029\U0001f600\x7f\\u003c", UserEmail: "mary@example.com"}
	var answer byzantine.Response
	payload, err := i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: i.accountID, NewUsers: []byzantine.Invitee{odd},
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, `{"bodyToSign":`+string(payload.BodyToSign)+`}`, string(answer.Body))
	activity, err := payload.Activity()
	require.NoError(t, err)
	assert.Equal(t, odd.FirstName+" "+odd.LastName, activity.CreateUsers.Users[0].UserName)
	invited, err := i.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: i.sign(payload, nil), InvitedBy: i.userID})
	require.NoError(t, err)
	assert.Equal(t, odd.FirstName, invited.NewUsers[0].FirstName)

	w.server.SetStatus(w.accountID, byzantine.VerificationRejected, "<\u2028>&\\u003c")
	w.server.Deliver()
	got := w.endpoint.deliveries()
	require.Len(t, got, 1)
	w.verify(got[0])
	assert.Equal(t, string(got[0].body), string(w.only().Event.Payload), "the history has the bytes that were sent")
}

func TestInvitationIsPendingUntilTheUserLogsIn(t *testing.T) {
	i := newInvestor(t, stopped(t))
	signed := i.sign(i.invitePayload(mary()))
	i.server.Advance(time.Minute)
	var answer byzantine.Response
	invited, err := i.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: signed, InvitedBy: i.userID}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)
	require.Len(t, invited.NewUsers, 1)
	userID := invited.NewUsers[0].UserID
	at := i.server.Now().UTC()
	assert.Equal(t, &byzantine.InviteUsersResponse{
		AccountID: i.accountID, InvitedBy: i.userID, InvitedAt: at,
		NewUsers: []byzantine.InvitedUser{{UserID: userID, FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}},
	}, invited)

	list := i.invitations()
	require.Len(t, list, 1)
	assert.Equal(t, byzantine.Invitation{
		InvitationID: list[0].InvitationID, AccountID: i.accountID, AccountName: "Test User", UserID: userID, Role: byzantine.RoleView,
		FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com",
		InviterID: i.userID, InviterFirstName: "Test", InviterLastName: "User",
		Status: byzantine.InvitationPending, CreatedAt: at, UpdatedAt: at,
	}, list[0])
	assert.NotContains(t, i.roles(), userID, "not a user of the account yet")

	i.server.Advance(time.Hour)
	i.login(userID)
	accepted := i.invitations()[0]
	assert.Equal(t, byzantine.InvitationAccepted, accepted.Status)
	assert.Equal(t, at, accepted.CreatedAt)
	assert.Equal(t, at.Add(time.Hour), accepted.UpdatedAt)
	assert.Equal(t, byzantine.RoleView, i.roles()[userID])
	i.login(userID)
	assert.Equal(t, accepted, i.invitations()[0], "a second login changes nothing")
}

func TestWrongCodeAcceptsNothing(t *testing.T) {
	i := newInvestor(t, newServer(t))
	userID := i.invite(mary()).NewUsers[0].UserID
	otp, err := i.client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: i.accountID, UserID: userID})
	require.NoError(t, err)
	_, err = i.client.OTPAuth(t.Context(), &byzantine.OTPAuthRequest{AccountID: i.accountID, UserID: userID, OTPID: otp.OTPID, OTPCode: "wrong"})
	refused(t, err, 400, "wrong one-time code")
	assert.Equal(t, byzantine.InvitationPending, i.invitations()[0].Status)
}

func TestPendingInvitationShowsInTheEntity(t *testing.T) {
	server := newServer(t)
	i := newInvestor(t, server)
	company := server.AddAccount(byzantinetest.Account{Type: byzantine.AccountTypeCompany, UserIDs: []string{i.userID}})
	i.accountID = company.ID
	invited := i.invite(mary())
	account, err := i.client.GetAccountDetails(t.Context(), company.ID)
	require.NoError(t, err)
	entity, err := i.client.GetEntityDetails(t.Context(), account.EntityInfo.EntityID)
	require.NoError(t, err)
	assert.Equal(t, []byzantine.PendingInvitation{{
		InvitationID: i.invitations()[0].InvitationID, UserID: invited.NewUsers[0].UserID, Role: byzantine.RoleView,
		FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com", InvitedBy: i.userID,
	}}, entity.PendingInvitations)
	i.login(invited.NewUsers[0].UserID)
	entity, err = i.client.GetEntityDetails(t.Context(), account.EntityInfo.EntityID)
	require.NoError(t, err)
	assert.Nil(t, entity.PendingInvitations)
	assert.Len(t, entity.TeamMembers, 2)
}

func TestKnownUserCanBeInvited(t *testing.T) {
	server := newServer(t)
	i := newInvestor(t, server)
	known := server.AddUser(byzantinetest.User{Email: "Mary@example.com", FirstName: "M.", LastName: "S."})
	server.AddAccount(byzantinetest.Account{UserIDs: []string{known.ID}})
	invited := i.invite(mary()).NewUsers[0]
	assert.Equal(t, byzantine.InvitedUser{UserID: known.ID, FirstName: "M.", LastName: "S.", UserEmail: "Mary@example.com"}, invited)
	set, err := i.client.GetInvitationsByEmail(t.Context(), &byzantine.GetInvitationsByEmailRequest{Email: "mary@example.com"})
	require.NoError(t, err)
	assert.Equal(t, i.invitations(), set.Invitations)
	i.login(known.ID)
	user, err := i.client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: known.ID})
	require.NoError(t, err)
	assert.Len(t, user.Accounts, 2)
}

func TestRefusedInvitationPayloads(t *testing.T) {
	server := newServer(t)
	i := newInvestor(t, server)
	me, err := i.client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: i.userID})
	require.NoError(t, err)
	i.invite(byzantine.Invitee{FirstName: "P", LastName: "Q", UserEmail: "pending@example.com"})
	selfCustodial := server.AddAccount(byzantinetest.Account{SelfCustodial: true})
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	as := func(email string) byzantine.Invitee {
		return byzantine.Invitee{FirstName: "A", LastName: "B", UserEmail: email}
	}
	for name, test := range map[string]struct {
		accountID string
		users     []byzantine.Invitee
		status    int
		words     string
	}{
		"no e-mail address":  {i.accountID, []byzantine.Invitee{as("mary")}, 400, "newUsers[0].userEmail: must be an e-mail address"},
		"twice":              {i.accountID, []byzantine.Invitee{as("a@example.com"), as("A@example.com")}, 400, "newUsers[1].userEmail: twice"},
		"a user already":     {i.accountID, []byzantine.Invitee{as(me.UserInfo.Email)}, 400, "belongs to the account already"},
		"invited already":    {i.accountID, []byzantine.Invitee{as("pending@example.com")}, 400, "a pending invitation already"},
		"self-custodial":     {selfCustodial.ID, []byzantine.Invitee{mary()}, 400, "self-custodial"},
		"of somebody else":   {foreign.ID, []byzantine.Invitee{mary()}, 401, "another integrator"},
		"an unknown account": {unknownID, []byzantine.Invitee{mary()}, 400, "account not found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
				AccountID: test.accountID, NewUsers: test.users,
			})
			refused(t, err, test.status, test.words)
		})
	}
	for name, newUsers := range map[string]string{
		"nobody":       `[]`,
		"by user name": `[{"userName":"Mary Somerville","userEmail":"mary@example.com"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			status, _ := post(t, server, "get_invite_users_payload_passkey", `{"accountId":"`+i.accountID+`","newUsers":`+newUsers+`}`)
			assert.Equal(t, 400, status)
		})
	}
}

func TestRefusedInvitations(t *testing.T) {
	server := newServer(t)
	i := newInvestor(t, server)
	submit := func(signed byzantine.SignedPayload, by string) error {
		_, err := i.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: signed, InvitedBy: by})
		return err
	}
	t.Run("signed by somebody else", func(t *testing.T) {
		other := *newInvestor(t, server)
		other.accountID = i.accountID
		refused(t, submit(other.sign(other.invitePayload(mary())), other.userID), 401, "not a root user of the account")
	})
	t.Run("in the name of somebody else", func(t *testing.T) {
		second := newInvestor(t, server)
		refused(t, submit(i.sign(i.invitePayload(mary())), second.userID), 401, "invitedBy")
	})
	t.Run("the stamp of another payload", func(t *testing.T) {
		signed := i.sign(i.invitePayload(mary()))
		other := i.sign(i.invitePayload(byzantine.Invitee{FirstName: "A", LastName: "B", UserEmail: "a@example.com"}))
		signed.WebAuthnStamp = other.WebAuthnStamp
		refused(t, submit(signed, i.userID), 400, "challenge")
	})
	t.Run("a body of one's own", func(t *testing.T) {
		forged := byzantine.Payload{BodyToSign: []byte(`{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","parameters":{"users":[]}}`)}
		refused(t, submit(i.sign(&forged, nil), i.userID), 400, "signedBody: not a payload of this API")
	})
	t.Run("a change of roles", func(t *testing.T) {
		refused(t, submit(i.sign(i.rolePayload(byzantine.RoleRoot, i.userID)), i.userID), 400, "not the payload of an invitation")
	})
	assert.Empty(t, i.invitations())
	t.Run("twice", func(t *testing.T) {
		signed := i.sign(i.invitePayload(mary()))
		require.NoError(t, submit(signed, i.userID))
		refused(t, submit(signed, i.userID), 400, "signedBody: not a payload of this API that is still to be signed")
	})
	t.Run("too late", func(t *testing.T) {
		late := newInvestor(t, server)
		signed := late.sign(late.invitePayload(mary()))
		server.Advance(15 * time.Minute)
		refused(t, submit(signed, late.userID), 400, "the payload has expired")
	})
	t.Run("no longer true", func(t *testing.T) {
		linus := byzantine.Invitee{FirstName: "L", LastName: "T", UserEmail: "linus@example.com"}
		first := i.sign(i.invitePayload(linus))
		server.AddUser(byzantinetest.User{Email: linus.UserEmail})
		i.invite(linus, byzantine.Invitee{FirstName: "A", LastName: "B", UserEmail: "a@example.com"})
		refused(t, submit(first, i.userID), 400, "a pending invitation already")
	})
}

func TestAllInvitationsArePaged(t *testing.T) {
	server := stopped(t)
	first, second := newInvestor(t, server), newInvestor(t, server)
	var ids []string
	for n, i := range []*investor{first, second, first} {
		server.Advance(time.Minute)
		user := byzantine.Invitee{FirstName: "A", LastName: "B", UserEmail: string(rune('a'+n)) + "@example.com"}
		ids = append(ids, i.invite(user).NewUsers[0].UserID)
	}
	server.Advance(time.Minute)
	first.login(ids[0]) // now the one that was changed last
	for name, test := range map[string]struct {
		query                 string
		want                  []string
		wantLimit, wantOffset int64
	}{
		"defaults":      {"", []string{ids[0], ids[2], ids[1]}, 20, 0},
		"ascending":     {"order=asc", []string{ids[1], ids[2], ids[0]}, 20, 0},
		"a page":        {"limit=1&offset=1&order=desc", []string{ids[2]}, 1, 1},
		"limit 0":       {"limit=0", []string{ids[0]}, 1, 0},
		"limit -1":      {"limit=-1", []string{ids[0]}, 1, 0},
		"limit 101":     {"limit=101", []string{ids[0], ids[2], ids[1]}, 100, 0},
		"offset -5":     {"offset=-5", []string{ids[0], ids[2], ids[1]}, 20, 0},
		"past the end":  {"offset=3", []string{}, 20, 3},
		"far past that": {"offset=4611686018427387904", []string{}, 20, 1 << 62},
	} {
		t.Run(name, func(t *testing.T) {
			var page byzantine.InvitationPage
			ask(t, first.client, byzantine.OpGetAllInvitations, test.query, &page)
			got := []string{}
			for _, i := range page.Invitations {
				got = append(got, i.UserID)
			}
			assert.Equal(t, test.want, got)
			assert.NotNil(t, page.Invitations)
			assert.Equal(t, []int64{3, test.wantLimit, test.wantOffset}, []int64{page.Total, page.Limit, page.Offset})
		})
	}
	op := operation(t, "get_all_invitations")
	for _, query := range []string{"?order=sideways", "?limit=abc", "?offset=1.5"} {
		status, _ := send(t, server, op.Method, op.Path+query, "", nil)
		assert.Equal(t, 400, status, query)
	}
}

func TestInvitationsOfNobody(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	_, err := client.GetInvitationsByAccountID(t.Context(), &byzantine.GetInvitationsByAccountIDRequest{AccountID: unknownID})
	refused(t, err, 400, "account not found")
	_, err = client.GetInvitationsByAccountID(t.Context(), &byzantine.GetInvitationsByAccountIDRequest{AccountID: foreign.ID})
	refused(t, err, 401, "another integrator")
	set, err := client.GetInvitationsByEmail(t.Context(), &byzantine.GetInvitationsByEmailRequest{Email: "nobody@example.com"})
	require.NoError(t, err)
	assert.NotNil(t, set.Invitations)
	assert.Empty(t, set.Invitations)
}

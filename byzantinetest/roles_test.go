package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func (i *investor) rolePayload(role byzantine.AccountUserRole, userIDs ...string) (*byzantine.Payload, error) {
	return i.client.GetUpdateUsersRolePayloadPasskey(i.t.Context(), &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
		AccountID: i.accountID, Role: role, UserIDs: userIDs,
	})
}

func (i *investor) setRoles(signed byzantine.SignedPayload, opts ...byzantine.CallOption) (*byzantine.RootQuorum, error) {
	return i.client.UpdateUsersRole(i.t.Context(), &byzantine.UpdateUsersRoleRequest{SignedPayload: signed}, opts...)
}

// newTeam is an account with a root user who signs and two users who view.
func newTeam(t *testing.T, server *byzantinetest.Server) (root *investor, second, third string) {
	t.Helper()
	i := newInvestor(t, server)
	second, third = server.AddUser(byzantinetest.User{}).ID, server.AddUser(byzantinetest.User{}).ID
	i.accountID = server.AddAccount(byzantinetest.Account{UserIDs: []string{i.userID, second, third}}).ID
	return i, second, third
}

func TestRolePayloadNamesTheNewQuorum(t *testing.T) {
	i, second, _ := newTeam(t, newServer(t))
	var answer byzantine.Response
	payload, err := i.client.GetUpdateUsersRolePayloadPasskey(t.Context(), &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
		AccountID: i.accountID, Role: byzantine.RoleRoot, UserIDs: []string{second},
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)
	activity, err := payload.Activity()
	require.NoError(t, err)
	assert.Equal(t, byzantine.ActivityUpdateRootQuorum, activity.Type)
	assert.Equal(t, i.accountID, activity.OrganizationID)
	assert.Equal(t, &byzantine.UpdateRootQuorumParams{Threshold: 1, UserIDs: []string{i.userID, second}}, activity.UpdateRootQuorum)
	assert.Equal(t, byzantine.RoleView, i.roles()[second], "nothing has changed yet")
}

func TestRolesChangeBySignature(t *testing.T) {
	i, second, third := newTeam(t, newServer(t))
	var answer byzantine.Response
	quorum, err := i.setRoles(i.sign(i.rolePayload(byzantine.RoleRoot, second, third)), byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, &byzantine.RootQuorum{AccountID: i.accountID, Threshold: 1, RootUserIDs: []string{i.userID, second, third}}, quorum)
	assert.Equal(t, byzantine.RoleRoot, i.roles()[third])

	quorum, err = i.setRoles(i.sign(i.rolePayload(byzantine.RoleAdmin, third)))
	require.NoError(t, err)
	assert.Equal(t, []string{i.userID, second}, quorum.RootUserIDs)
	assert.Equal(t, byzantine.RoleAdmin, i.roles()[third])

	_, err = i.setRoles(i.sign(i.rolePayload(byzantine.RoleView, i.userID)))
	require.NoError(t, err, "a root user may step down while another one stays")
	_, err = i.setRoles(i.sign(i.rolePayload(byzantine.RoleRoot, i.userID)))
	refused(t, err, 401, "not a root user of the account")
}

func TestOwnerGoesFromBeneficiaryToViewToRoot(t *testing.T) {
	server := newServer(t)
	manager := newInvestor(t, server)
	ada := server.AddUser(byzantinetest.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	manager.accountID = server.AddAccount(byzantinetest.Account{
		UserIDs: []string{ada.ID, manager.userID},
		Roles:   []byzantine.AccountUserRole{byzantine.RoleBeneficiary, byzantine.RoleRoot},
	}).ID
	manager.invite(byzantine.Invitee{FirstName: "Ada", LastName: "Lovelace", UserEmail: "ada@example.com"})
	assert.Equal(t, byzantine.RoleBeneficiary, manager.roles()[ada.ID], "until she logs in")
	manager.login(ada.ID)
	assert.Equal(t, byzantine.RoleView, manager.roles()[ada.ID])
	_, err := manager.setRoles(manager.sign(manager.rolePayload(byzantine.RoleRoot, ada.ID)))
	require.NoError(t, err)
	assert.Equal(t, byzantine.RoleRoot, manager.roles()[ada.ID])
}

func TestRefusedRolePayloads(t *testing.T) {
	server := newServer(t)
	i, second, _ := newTeam(t, server)
	outsider := server.AddUser(byzantinetest.User{}).ID
	pending := i.invite(mary()).NewUsers[0].UserID
	selfCustodial := server.AddAccount(byzantinetest.Account{SelfCustodial: true})
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	for name, test := range map[string]struct {
		accountID string
		role      byzantine.AccountUserRole
		userIDs   []string
		status    int
		words     string
	}{
		"a role that nobody is given": {i.accountID, byzantine.RoleBeneficiary, []string{second}, 400, "role: must be one of root, admin, view"},
		"a role that is none":         {i.accountID, "owner", []string{second}, 400, "role: must be one of root, admin, view"},
		"not a user of the account":   {i.accountID, byzantine.RoleRoot, []string{second, outsider}, 400, "userIds[1]: not a user"},
		"not accepted yet":            {i.accountID, byzantine.RoleRoot, []string{pending}, 400, "userIds[0]: not a user"},
		"nobody left to sign":         {i.accountID, byzantine.RoleView, []string{i.userID}, 400, "no root user left"},
		"self-custodial":              {selfCustodial.ID, byzantine.RoleRoot, selfCustodial.UserIDs, 400, "self-custodial"},
		"of somebody else":            {foreign.ID, byzantine.RoleRoot, []string{second}, 401, "another integrator"},
		"an unknown account":          {unknownID, byzantine.RoleRoot, []string{second}, 400, "account not found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := i.client.GetUpdateUsersRolePayloadPasskey(t.Context(), &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
				AccountID: test.accountID, Role: test.role, UserIDs: test.userIDs,
			})
			refused(t, err, test.status, test.words)
		})
	}
	status, _ := post(t, server, "get_update_users_role_payload_passkey", `{"accountId":"`+i.accountID+`","role":"root","userIds":[]}`)
	assert.Equal(t, 400, status)
}

func TestRefusedRoleChanges(t *testing.T) {
	server := newServer(t)
	i, second, third := newTeam(t, server)
	t.Run("signed by one who may not", func(t *testing.T) {
		other := *newInvestor(t, server)
		other.accountID = i.accountID
		_, err := i.setRoles(other.sign(i.rolePayload(byzantine.RoleRoot, second)))
		refused(t, err, 401, "not a root user of the account")
	})
	t.Run("an invitation", func(t *testing.T) {
		_, err := i.setRoles(i.sign(i.invitePayload(mary())))
		refused(t, err, 400, "not the payload of a change of roles")
	})
	t.Run("a body of one's own", func(t *testing.T) {
		_, err := i.setRoles(i.sign(&byzantine.Payload{BodyToSign: []byte(`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","parameters":{"threshold":1,"userIds":[]}}`)}, nil))
		refused(t, err, 400, "signedBody: not a payload of this API")
	})
	t.Run("overtaken by another", func(t *testing.T) {
		slow := i.sign(i.rolePayload(byzantine.RoleRoot, second))
		_, err := i.setRoles(i.sign(i.rolePayload(byzantine.RoleRoot, third)))
		require.NoError(t, err)
		_, err = i.setRoles(slow)
		refused(t, err, 400, "have changed since")
	})
	t.Run("twice", func(t *testing.T) {
		signed := i.sign(i.rolePayload(byzantine.RoleRoot, second))
		_, err := i.setRoles(signed)
		require.NoError(t, err)
		_, err = i.setRoles(signed)
		refused(t, err, 400, "still to be signed")
	})
}

func TestAccountsHaveRolesThatThereAre(t *testing.T) {
	server := newServer(t)
	user := server.AddUser(byzantinetest.User{})
	account := byzantinetest.Account{UserIDs: []string{user.ID}, Roles: []byzantine.AccountUserRole{"nonsense"}}
	assert.Contains(t, panicText(t, func() { server.AddAccount(account) }), "byzantinetest: AddAccount: roles[0]: must be one of root, admin, view, self_custodial, beneficiary")
}

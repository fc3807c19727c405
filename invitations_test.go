package byzantine_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// signedInvitation is a payload that a passkey has signed. The order of its keys and its escapes must reach the API
// unchanged.
var signedInvitation = byzantine.SignedPayload{
	SignedBody:    json.RawMessage(`{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","b":"<\u003c\/>","a":1.50}`),
	WebAuthnStamp: `{"credentialId":"AQ"}`,
}

func TestInvitationsAreSent(t *testing.T) {
	all := func(req *byzantine.GetAllInvitationsRequest) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error { return only(c.GetAllInvitations(ctx, req)) }
	}
	testSent(t, []sentCase{
		{
			"get_invitations_by_account_id",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetInvitationsByAccountID(ctx, &byzantine.GetInvitationsByAccountIDRequest{AccountID: testAccountID}))
			},
			"GET /v1/query/get-invitations-by-account-id?accountId=" + testAccountID, "",
		},
		{
			"get_invitations_by_email",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetInvitationsByEmail(ctx, &byzantine.GetInvitationsByEmailRequest{Email: testEmail}))
			},
			"GET /v1/query/get-invitations-by-email?email=jane.doe%2Bprivate%40example.com", "",
		},
		{"get_all_invitations by default", all(nil), "GET /v1/query/get-all-invitations", ""},
		{
			"get_all_invitations with everything",
			all(&byzantine.GetAllInvitationsRequest{Limit: 100, Offset: 20, Order: byzantine.OrderAscending}),
			"GET /v1/query/get-all-invitations?limit=100&offset=20&order=asc", "",
		},
		{
			"get_all_invitations with a limit that the API moves",
			all(&byzantine.GetAllInvitationsRequest{Limit: 101, Order: byzantine.OrderDescending}),
			"GET /v1/query/get-all-invitations?limit=101&order=desc", "",
		},
		{
			"get_invite_users_payload_passkey",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{
					AccountID: testAccountID, NewUsers: []byzantine.Invitee{{FirstName: "Joe", LastName: "Doe", UserEmail: "joe@example.com"}},
				}))
			},
			"POST /v1/query/get-invite-users-payload-passkey",
			`{"accountId":"` + testAccountID + `","newUsers":[{"firstName":"Joe","lastName":"Doe","userEmail":"joe@example.com"}]}`,
		},
		{
			"invite_users",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: signedInvitation, InvitedBy: testUserID}))
			},
			"POST /v1/submit/invite-users",
			`{"signedBody":{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","b":"<\u003c\/>","a":1.50},"webAuthnStamp":"{\"credentialId\":\"AQ\"}","invitedBy":"` + testUserID + `"}`,
		},
		{
			"get_update_users_role_payload_passkey",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetUpdateUsersRolePayloadPasskey(ctx, &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
					AccountID: testAccountID, Role: byzantine.RoleRoot, UserIDs: []string{testUserID},
				}))
			},
			"POST /v1/query/get-update-users-role-payload-passkey",
			`{"accountId":"` + testAccountID + `","role":"root","userIds":["` + testUserID + `"]}`,
		},
		{
			"update_users_role",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: signedInvitation}))
			},
			"POST /v1/submit/update-users-role",
			`{"signedBody":{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","b":"<\u003c\/>","a":1.50},"webAuthnStamp":"{\"credentialId\":\"AQ\"}"}`,
		},
	})
}

func TestInvitationsAreRejected(t *testing.T) {
	invite := func(newUsers []byzantine.Invitee) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{AccountID: testAccountID, NewUsers: newUsers}))
		}
	}
	change := func(role byzantine.AccountUserRole, userIDs []string) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetUpdateUsersRolePayloadPasskey(ctx, &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{AccountID: testAccountID, Role: role, UserIDs: userIDs}))
		}
	}
	submit := func(payload byzantine.SignedPayload, invitedBy string) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: payload, InvitedBy: invitedBy}))
		}
	}
	submitRoles := func(payload byzantine.SignedPayload) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: payload}))
		}
	}
	ofTransaction, onChain, noStamp, noObject := signedInvitation, signedInvitation, signedInvitation, signedInvitation
	ofTransaction.TransactionID = testAccountID
	onChain.ChainID = byzantine.ChainBase
	noStamp.WebAuthnStamp = ""
	noObject.SignedBody = json.RawMessage(`"{}"`)
	const anothersPayload = "the payload of a transaction is for sign_payload_passkey"
	testRejected(t, []rejectedCase{
		{"the invitations to no account", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetInvitationsByAccountID(ctx, nil))
		}, "GetInvitationsByAccountIDRequest.AccountID: missing"},
		{"the invitations of nobody", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetInvitationsByEmail(ctx, nil)) }, "GetInvitationsByEmailRequest.Email: missing"},
		{"an order that there is not", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetAllInvitations(ctx, &byzantine.GetAllInvitationsRequest{Order: "sideways"}))
		}, "GetAllInvitationsRequest.Order: must be one of asc, desc"},
		{"nobody to invite", invite([]byzantine.Invitee{}), "GetInviteUsersPayloadPasskeyRequest.NewUsers: must have at least 1 element"},
		{"somebody without an address", invite([]byzantine.Invitee{{FirstName: "Joe", LastName: "Doe"}}), "GetInviteUsersPayloadPasskeyRequest.NewUsers[0].UserEmail: missing"},
		{"no role", change("", []string{testUserID}), "GetUpdateUsersRolePayloadPasskeyRequest.Role: missing"},
		{"nobody whose role changes", change("view", nil), "GetUpdateUsersRolePayloadPasskeyRequest.UserIDs: missing"},
		{"a user by name", change("view", []string{testUserID, "joe"}), "GetUpdateUsersRolePayloadPasskeyRequest.UserIDs[1]: must be a UUID (8-4-4-4-12 hex digits)"},
		{"no payload", submit(byzantine.SignedPayload{}, testUserID), "InviteUsersRequest.SignedBody: missing"},
		{"no stamp", submit(noStamp, testUserID), "InviteUsersRequest.WebAuthnStamp: missing"},
		{"an inviter by name", submit(signedInvitation, "jane"), "InviteUsersRequest.InvitedBy: must be a UUID (8-4-4-4-12 hex digits)"},
		{"the payload of a transaction", submit(ofTransaction, testUserID), "InviteUsersRequest.TransactionID: must be empty: " + anothersPayload},
		{"the payload for a chain", submit(onChain, testUserID), "InviteUsersRequest.ChainID: must be 0: " + anothersPayload},
		{"a payload that is no object", submit(noObject, testUserID), "InviteUsersRequest.SignedBody: must be a JSON object"},
		{"the payload of a transaction for roles", submitRoles(ofTransaction), "UpdateUsersRoleRequest.TransactionID: must be empty: " + anothersPayload},
		{"no payload for roles", submitRoles(byzantine.SignedPayload{}), "UpdateUsersRoleRequest.SignedBody: missing"},
	})
}

func TestInvitationsAreRead(t *testing.T) {
	const (
		invitation = `{"invitation_id":"i","account_id":"a","account_name":"Doe SA","user_id":"u","role":"view","first_name":"Joe","last_name":"Doe",
			"user_email":"joe@example.com","inviter_id":"u1","inviter_first_name":"Jane","inviter_last_name":"Doe","status":"pending",
			"created_at":"2026-09-01T10:00:00Z","updated_at":"2026-09-02T10:00:00Z"}`
		set, none = `{"invitations":[` + invitation + `]}`, `{"invitations":[]}`
	)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.InvitationList, error) {
		return c.GetInvitationsByAccountID(ctx, &byzantine.GetInvitationsByAccountIDRequest{AccountID: testAccountID})
	}, set, none)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.InvitationList, error) {
		return c.GetInvitationsByEmail(ctx, &byzantine.GetInvitationsByEmailRequest{Email: testEmail})
	}, set, none)
	all := func(ctx context.Context, c *byzantine.Client) (*byzantine.InvitationPage, error) {
		return c.GetAllInvitations(ctx, nil)
	}
	page := `{"invitations":[` + invitation + `],"total":21,"limit":20,"offset":20}`
	testResponses(t, all, page, `{"invitations":[],"total":0,"limit":20,"offset":0}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.InviteUsersResponse, error) {
		return c.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: signedInvitation, InvitedBy: testUserID})
	},
		`{"accountId":"a","newUsers":[{"userId":"u","firstName":"Joe","lastName":"Doe","userEmail":"joe@example.com"}],"invitedBy":"u1","invitedAt":"2026-09-01T10:00:00Z"}`,
		`{"accountId":"a","newUsers":[],"invitedBy":"u1","invitedAt":"2026-09-01T10:00:00Z"}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.RootQuorum, error) {
		return c.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: signedInvitation})
	}, `{"accountId":"a","threshold":1,"rootUserIds":["u","not a UUID"]}`, `{"accountId":"a","threshold":0,"rootUserIds":[]}`)

	api := newFakeAPI(t)
	api.response = page
	list, err := all(t.Context(), api.client)
	require.NoError(t, err)
	assert.Equal(t, []int64{21, 20, 20}, []int64{list.Total, list.Limit, list.Offset})
	assert.Equal(t, byzantine.InvitationPending, list.Invitations[0].Status)
	assert.Equal(t, "Jane", list.Invitations[0].InviterFirstName)
	assert.Equal(t, "Joe", list.Invitations[0].FirstName)
}

package byzantine_test

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	oneOrder   = `{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","timestampMs":"1700000000000","organizationId":"` + testAccountID + `","parameters":{"signWith":"0xAa","payload":"00ff","encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"}}`
	twoOrders  = `{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOADS","timestampMs":"1700000000000","organizationId":"` + testAccountID + `","parameters":{"signWith":"0xAa","payloads":["00ff","01"],"encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"}}`
	invitation = `{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","timestampMs":"1700000000000","organizationId":"` + testAccountID + `","parameters":{"users":[{"userName":"Joe Doe","userEmail":"joe@example.com","apiKeys":[],"authenticators":[],"oauthProviders":[],"userTags":[]}]},"z":1.50,"a":"<>"}`
	newQuorum  = `{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","timestampMs":"1700000000000","organizationId":"` + testAccountID + `","parameters":{"threshold":1,"userIds":["u"]}}`
)

// soundPayloads are the API's valid responses to the requests of allPayloadCalls, by path.
var soundPayloads = map[string]string{
	"/v1/query/get-activate-account-payload-passkey":  `{"transactionId":"` + testTransactionID + `","bodyToSign":` + oneOrder + `}`,
	"/v1/query/get-deposit-payload-passkey":           `{"transactionId":"` + testTransactionID + `","bodyToSign":` + oneOrder + `}`,
	"/v1/query/get-withdraw-payload-passkey":          `{"transactionId":"` + testTransactionID + `","bodyToSign":` + oneOrder + `,"destinationBankAccount":{"routingNumber":"021000021","last4":"6789"}}`,
	"/v1/query/get-cancel-withdrawal-payload-passkey": `{"transactionId":"` + testTransactionID + `","bodyToSign":` + oneOrder + `}`,
	"/v1/query/get-transfer-payload-passkey":          `{"transactionId":"` + testTransactionID + `","bodyToSign":` + oneOrder + `}`,
	"/v1/query/get-vault-upgrade-payload-passkey":     `{"transactionId":"` + testTransactionID + `","bodyToSign":` + twoOrders + `,"sourceAmount":"1.50","destinationAmount":1.49,"destinationVaultAddr":"` + testVault + `"}`,
	"/v1/query/get-invite-users-payload-passkey":      `{"bodyToSign":` + invitation + `}`,
	"/v1/query/get-update-users-role-payload-passkey": `{"bodyToSign":` + newQuorum + `}`,
}

type payloadCall struct {
	operation byzantine.OperationID
	chain     byzantine.ChainID
	body      string // a valid body for the method
	call      func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error)
}

// allPayloadCalls returns a call of every method that returns a payload.
func allPayloadCalls() map[string]payloadCall {
	all := map[string]payloadCall{
		"invitation": {"get_invite_users_payload_passkey", 0, invitation, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
			return c.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{
				AccountID: testAccountID, NewUsers: []byzantine.Invitee{{FirstName: "Joe", LastName: "Doe", UserEmail: "joe@example.com"}},
			}, opts...)
		}},
		"roles": {"get_update_users_role_payload_passkey", 0, newQuorum, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
			return c.GetUpdateUsersRolePayloadPasskey(ctx, &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
				AccountID: testAccountID, Role: byzantine.RoleRoot, UserIDs: []string{testUserID},
			}, opts...)
		}},
	}
	maps.Copy(all, payloadCalls)
	return all
}

func TestPayloadsThatAreWhatWasAskedFor(t *testing.T) {
	api := newFakeAPI(t)
	api.responses = soundPayloads
	for name, c := range allPayloadCalls() {
		t.Run(name, func(t *testing.T) {
			payload, err := c.call(t.Context(), api.client)
			require.NoError(t, err)
			assert.Equal(t, c.body, string(payload.BodyToSign))
			assert.Equal(t, c.chain, payload.ChainID)
			assert.Equal(t, c.operation, payload.Operation)
			assert.Equal(t, c.chain != 0, payload.TransactionID != "")
			switch name {
			case "withdraw":
				assert.Equal(t, &byzantine.BankAccount{ACH: &byzantine.ACHAccount{RoutingNumber: "021000021", Last4: "6789"}}, payload.DestinationBankAccount)
			case "upgrade":
				assert.Equal(t, []any{byzantine.MustParseDecimal("1.50"), byzantine.MustParseDecimal("1.49"), testVault},
					[]any{payload.SourceAmount, payload.DestinationAmount, payload.DestinationVaultAddr})
			}
			stored, err := json.Marshal(payload)
			require.NoError(t, err)
			restored := new(byzantine.Payload)
			require.NoError(t, json.Unmarshal(stored, restored))
			assert.Equal(t, payload, restored)
		})
	}
}

// Every method gets a response with a payload of each other activity type.
func TestAPayloadOfAnotherRouteIsAMismatch(t *testing.T) {
	api := newFakeAPI(t)
	for name, c := range allPayloadCalls() {
		for _, body := range []string{oneOrder, twoOrders, invitation, newQuorum, strings.Replace(oneOrder, "_V2", "_V3", 1)} {
			if body == c.body {
				continue
			}
			api.response = `{"transactionId":"` + testTransactionID + `","bodyToSign":` + body + `}`
			payload, err := c.call(t.Context(), api.client, byzantine.WithForeignOrganization())
			assert.Nil(t, payload)
			requireMismatch(t, err, c.operation, "bodyToSign.type", name)
		}
	}
}

func requireMismatch(t *testing.T, err error, operation byzantine.OperationID, field string, more ...any) {
	t.Helper()
	var mismatch *byzantine.PayloadMismatchError
	require.ErrorAs(t, err, &mismatch, more...)
	assert.Equal(t, operation, mismatch.Operation, more...)
	assert.Equal(t, field, mismatch.Field, more...)
	assert.NotEmpty(t, mismatch.Reason, more...)
	require.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown, more...)
	for _, private := range []string{"joe", "Joe", "Eve", "eve", testAccountID, testEntityID, "00ff"} {
		assert.NotContains(t, err.Error(), private)
	}
}

func TestAPayloadOfAnotherOrganization(t *testing.T) {
	api := newFakeAPI(t)
	for name, c := range allPayloadCalls() {
		for _, organization := range []string{`"` + testEntityID + `"`, `""`, `null`, `"` + testAccountID + ` "`} {
			api.response = `{"transactionId":"` + testTransactionID + `","bodyToSign":` + strings.Replace(c.body, `"`+testAccountID+`"`, organization, 1) + `}`
			_, err := c.call(t.Context(), api.client)
			if name == "cancel" {
				require.NoError(t, err, "the request names no account")
			} else {
				requireMismatch(t, err, c.operation, "bodyToSign.organizationId", name)
			}
			_, err = c.call(t.Context(), api.client, byzantine.WithForeignOrganization())
			require.NoError(t, err, name)
		}
		api.response = `{"transactionId":"` + testTransactionID + `","bodyToSign":` + strings.Replace(c.body, testAccountID, strings.ToUpper(testAccountID), 1) + `}`
		_, err := c.call(t.Context(), api.client)
		require.NoError(t, err, "the letter case of a UUID means nothing")
	}
}

func TestAPayloadThatCannotBeToldIsAMismatch(t *testing.T) {
	api := newFakeAPI(t)
	for name, c := range allPayloadCalls() {
		for _, body := range []string{
			`{}`,
			strings.Replace(c.body, `{"type":`, `{"TYPE":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","type":`, 1),
			strings.Replace(c.body, `"organizationId":`, `"organizationId":"x","organizationId":`, 1),
			strings.Replace(c.body, `"parameters":{`, `"parameters":{"a":1,"A":2,`, 1),
			strings.Replace(c.body, `"parameters":{`, `"Parameters":{`, 1),
		} {
			api.response = `{"transactionId":"` + testTransactionID + `","bodyToSign":` + body + `}`
			_, err := c.call(t.Context(), api.client)
			requireMismatch(t, err, c.operation, "bodyToSign", name, body)
		}
	}
}

func TestAnInvitationIsComparedUserByUser(t *testing.T) {
	const users = "bodyToSign.parameters.users"
	joe := func(more string) string {
		return `{"userName":"Joe Doe","userEmail":"joe@example.com"` + more + `}`
	}
	const eve = `{"userName":"Eve van Doe","userEmail":"Eve@Example.com","apiKeys":[],"authenticators":null}`
	for name, c := range map[string]struct{ users, field string }{
		"as asked":               {joe("") + "," + eve, ""},
		"in another order":       {eve + "," + joe(`,"userTags":[],"new":1`), ""},
		"one is missing":         {joe(""), users},
		"none":                   {"", users},
		"one too many":           {joe("") + "," + eve + "," + joe(""), users},
		"one twice":              {joe("") + "," + joe(""), users + "[1]"},
		"another address":        {`{"userName":"Joe Doe","userEmail":"joe@example.org"},` + eve, users + "[0]"},
		"another name":           {`{"userName":"Eve Doe","userEmail":"joe@example.com"},` + eve, users + "[0]"},
		"the names swapped":      {`{"userName":"Eve van Doe","userEmail":"joe@example.com"},{"userName":"Joe Doe","userEmail":"eve@example.com"}`, users + "[0]"},
		"no name":                {joe("") + `,{"userEmail":"eve@example.com"}`, users + "[1]"},
		"null":                   {joe("") + `,null`, "bodyToSign"},
		"with an API key":        {eve + "," + joe(`,"apiKeys":[{"publicKey":"02"}]`), users + "[1].apiKeys"},
		"with a passkey":         {joe(`,"authenticators":[{}]`) + "," + eve, users + "[0].authenticators"},
		"with an OAuth provider": {joe(`,"oauthProviders":[null]`) + "," + eve, users + "[0].oauthProviders"},
		"with a tag":             {joe(`,"userTags":["t"]`) + "," + eve, users + "[0].userTags"},
		"with a phone":           {joe(`,"userPhoneNumber":"+15550100"`) + "," + eve, users + "[0].userPhoneNumber"},
		"with hidden API keys":   {joe(`,"ApiKeys":[{"publicKey":"02"}]`) + "," + eve, "bodyToSign"},
	} {
		t.Run(name, func(t *testing.T) {
			api := newFakeAPI(t)
			api.response = `{"bodyToSign":{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","organizationId":"` + testAccountID + `","parameters":{"users":[` + c.users + `]}}}`
			_, err := api.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
				AccountID: testAccountID, NewUsers: []byzantine.Invitee{
					{FirstName: " Joe", LastName: "Doe ", UserEmail: "joe@example.com"},
					{FirstName: "Eve", LastName: "van  Doe", UserEmail: "eve@example.com"},
				},
			})
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			requireMismatch(t, err, "get_invite_users_payload_passkey", c.field)
		})
	}
}

// The response around the payload must have one reading only, too.
func TestAResponseWithTwoPayloadsIsRejected(t *testing.T) {
	api := newFakeAPI(t)
	for name, c := range allPayloadCalls() {
		for _, text := range []string{
			`{"bodyToSign":` + newQuorum + `,"bodyToSign":` + c.body + `}`,
			`{"BodyToSign":` + newQuorum + `,"bodyToSign":` + c.body + `}`,
			`{"bodyToSign":` + c.body + `,"BODYTOSIGN":` + newQuorum + `}`,
			`{"bodyToSign":` + c.body + `,"transactionId":"a","transactionID":"b"}`,
		} {
			api.response = text
			payload, err := c.call(t.Context(), api.client)
			assert.Nil(t, payload, name)
			require.Error(t, err, "%s: %s", name, text)
		}
	}
}

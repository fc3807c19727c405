package byzantine_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// delicateBody is an object whose bytes change if encoding/json decodes and encodes it: the order of fields, doubled
// and odd names, escapes, characters that are escaped for HTML and JavaScript, numbers.
const delicateBody = `{"zz":"<a>&\u003c\u2028` + "\u2028\u2029" + `","a":{"b":1.50,"a":1E+2,"n":-0},"type":"T","type":"U","payload":"{\"x\":\"\\u0026 \t\"}","":[],"é":"\u00e9"}`

func decodePayload(t *testing.T, text string) *byzantine.Payload {
	t.Helper()
	payload := new(byzantine.Payload)
	require.NoError(t, json.Unmarshal([]byte(text), payload))
	return payload
}

func TestBodyToSignIsKeptByteForByte(t *testing.T) {
	payload := decodePayload(t, `{"transactionId":"`+testTransactionID+`","bodyToSign":`+delicateBody+`,"new":1}`)
	assert.Equal(t, delicateBody, string(payload.BodyToSign))
	assert.Equal(t, testTransactionID, payload.TransactionID)
	assert.Nil(t, payload.DestinationBankAccount)
}

func TestWhiteSpaceBetweenTheTokensOfBodyToSignIsDropped(t *testing.T) {
	payload := decodePayload(t, "{\"bodyToSign\" :\t{ \"b\" : [ 1 ,\r\n2 ] , \"a\" : \" < x \\u0020 \" }\n}")
	assert.Equal(t, `{"b":[1,2],"a":" < x \u0020 "}`, string(payload.BodyToSign))
}

// A passkey signs the hash of these bytes, so it must be the one that the API computes.
func TestHashOfBodyToSign(t *testing.T) {
	payload := decodePayload(t, `{"bodyToSign": {"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2", "timestampMs":"1700000000000",
		"organizationId":"11111111-2222-4333-8444-555555555555","parameters":{"signWith":"0x00000000000000000000000000000000000000aa",
		"payload":"00ff","encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"}}}`)
	sum := sha256.Sum256(payload.BodyToSign)
	assert.Equal(t, "13c71494ccd382222c2b4da165bae20e44a737d7127dcd044da4bd4def30b412", hex.EncodeToString(sum[:]))
}

func TestAPayloadSurvivesAJSONStore(t *testing.T) {
	type session struct {
		User    string
		Pending *byzantine.Payload
		Several []byzantine.Payload
	}
	full := byzantine.Payload{
		BodyToSign: []byte(delicateBody), TransactionID: testTransactionID, ChainID: byzantine.ChainBase,
		DestinationBankAccount: &byzantine.BankAccount{IBAN: &byzantine.IBANAccount{Country: "FRA", Last4: "1234", BIC: "X"}},
		SourceAmount:           byzantine.MustParseDecimal("1.50"), DestinationAmount: byzantine.MustParseDecimal("1.49"), DestinationVaultAddr: testVault,
	}
	want := session{User: "<jane>", Pending: &full, Several: []byzantine.Payload{full, {BodyToSign: []byte(`{}`)}, {}}}
	stored, err := json.Marshal(want)
	require.NoError(t, err)
	assert.Contains(t, string(stored), base64.StdEncoding.EncodeToString([]byte(delicateBody)))

	var got session
	require.NoError(t, json.Unmarshal(stored, &got))
	assert.Equal(t, want, got)

	// A store may indent the JSON or escape slashes: the session is read back unchanged.
	indented, err := json.MarshalIndent(want, "", "\t")
	require.NoError(t, err)
	got = session{}
	require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(string(indented), "/", `\/`)), &got))
	assert.Equal(t, want, got)
}

func TestResponsesWithoutABodyToSignAreRejected(t *testing.T) {
	encoded := func(s string) string { return `"` + base64.StdEncoding.EncodeToString([]byte(s)) + `"` }
	for text, want := range map[string]string{
		`{}`:                                       "bodyToSign: missing",
		`{"bodyToSign":"jane@example.com"}`:        "bodyToSign: must be a JSON object or its base64",
		`{"bodyToSign":12}`:                        "bodyToSign: must be a JSON object",
		`{"bodyToSign":[{}]}`:                      "bodyToSign: must be a JSON object",
		`{"bodyToSign":""}`:                        "bodyToSign: must be a JSON object",
		`{"bodyToSign":` + encoded(`[]`) + `}`:     "bodyToSign: must be a JSON object",
		`{"bodyToSign":` + encoded(`{"a":}`) + `}`: "bodyToSign: must be a JSON object",
		`{"bodyToSign":` + encoded(`{} {}`) + `}`:  "bodyToSign: must be a JSON object",
	} {
		payload := byzantine.Payload{BodyToSign: []byte("{}")}
		assert.EqualError(t, json.Unmarshal([]byte(text), &payload), "byzantine: payload: "+want, text)
	}
	var none byzantine.Payload
	require.NoError(t, json.Unmarshal([]byte(`null`), &none))
	assert.Zero(t, none)
	assert.Error(t, json.Unmarshal([]byte(`[]`), &none))
}

func TestTheSignedBodyGoesOnTheWireByteForByte(t *testing.T) {
	api := newFakeAPI(t)
	api.response = `{}`
	stamp := `{"credentialId":"a","clientDataJson":"<&>"}`
	submit := func(body string) {
		t.Helper()
		require.NoError(t, only(api.client.SignPayloadPasskey(t.Context(), &byzantine.SignPayloadPasskeyRequest{
			SignedPayload: byzantine.SignedPayload{
				SignedBody: []byte(body), WebAuthnStamp: stamp, TransactionID: testTransactionID, ChainID: byzantine.ChainEthereum,
			},
		})))
		assert.Equal(t, "POST /v1/submit/sign-payload-passkey?chain_id=1", api.request)
		assert.Equal(t, `{"signedBody":`+delicateBody+`,"webAuthnStamp":"{\"credentialId\":\"a\",\"clientDataJson\":\"<&>\"}","transactionId":"`+testTransactionID+`"}`, api.body)
	}
	submit(delicateBody)

	// Indented JSON is compacted, and not changed in any other way: the stamp is made for the compact form.
	submit(strings.Replace(delicateBody, `{"zz":`, "{\n\t\"zz\" : ", 1))
}

func TestSignedPayloadsThatAreRejected(t *testing.T) {
	signed := byzantine.SignedPayload{SignedBody: []byte(`{}`), WebAuthnStamp: `{}`, TransactionID: testTransactionID, ChainID: byzantine.ChainBase}
	submit := func(change func(*byzantine.SignedPayload)) func(context.Context, *byzantine.Client) error {
		payload := signed
		change(&payload)
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: payload}))
		}
	}
	invite := func(payload byzantine.SignedPayload) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: payload, InvitedBy: testUserID}))
		}
	}
	body := func(text string) func(*byzantine.SignedPayload) {
		return func(p *byzantine.SignedPayload) { p.SignedBody = []byte(text) }
	}
	testRejected(t, []rejectedCase{
		{"no body", submit(func(p *byzantine.SignedPayload) { p.SignedBody = nil }), "SignPayloadPasskeyRequest.SignedBody: missing"},
		{"empty body", submit(body("")), "SignPayloadPasskeyRequest.SignedBody: must be a JSON object"},
		{"list", submit(body("[]")), "SignPayloadPasskeyRequest.SignedBody: must be a JSON object"},
		{"cut short", submit(body(`{"a":"jane@`)), "SignPayloadPasskeyRequest.SignedBody: must be a JSON object"},
		{"no stamp", submit(func(p *byzantine.SignedPayload) { p.WebAuthnStamp = "" }), "SignPayloadPasskeyRequest.WebAuthnStamp: missing"},
		{"no transaction", submit(func(p *byzantine.SignedPayload) { p.TransactionID = "" }), "SignPayloadPasskeyRequest.TransactionID: missing"},
		{"odd transaction", submit(func(p *byzantine.SignedPayload) { p.TransactionID = "1" }), "SignPayloadPasskeyRequest.TransactionID: must be a UUID (8-4-4-4-12 hex digits)"},
		{"no chain", submit(func(p *byzantine.SignedPayload) { p.ChainID = 0 }), "SignPayloadPasskeyRequest.ChainID: missing"},
		{"negative chain", submit(func(p *byzantine.SignedPayload) { p.ChainID = -1 }), "SignPayloadPasskeyRequest.ChainID: must be positive"},
		{"nothing", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.SignPayloadPasskey(ctx, nil))
		}, "SignPayloadPasskeyRequest.SignedBody: missing"},

		{"a transaction's payload for an invitation", invite(signed),
			"InviteUsersRequest.TransactionID: must be empty: the payload of a transaction is for sign_payload_passkey"},
		{"a chain for an invitation", invite(byzantine.SignedPayload{SignedBody: []byte(`{}`), WebAuthnStamp: `{}`, ChainID: 1}),
			"InviteUsersRequest.ChainID: must be 0: the payload of a transaction is for sign_payload_passkey"},
		{"a transaction's payload for a change of roles", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: signed}))
		}, "UpdateUsersRoleRequest.TransactionID: must be empty: the payload of a transaction is for sign_payload_passkey"},
	})
}

func TestActivity(t *testing.T) {
	const head = `"organizationId":"org","timestampMs":"1700000000000","new":{}`
	read := func(kind byzantine.ActivityType, parameters string) *byzantine.Activity {
		t.Helper()
		payload := byzantine.Payload{BodyToSign: []byte(`{"type":"` + string(kind) + `",` + head + `,"parameters":` + parameters + `}`)}
		activity, err := payload.Activity()
		require.NoError(t, err)
		assert.Equal(t, kind, activity.Type)
		assert.Equal(t, "org", activity.OrganizationID)
		assert.Equal(t, "1700000000000", activity.TimestampMs)
		assert.Equal(t, parameters, string(activity.Parameters))
		return activity
	}
	const signing = `"signWith":"0xaa","encoding":"E","hashFunction":"H"`

	one := read(byzantine.ActivitySignRawPayload, `{"payload":"00ff",`+signing+`}`)
	assert.Equal(t, &byzantine.SignRawPayloadsParams{SignWith: "0xaa", Payloads: []string{"00ff"}, Encoding: "E", HashFunction: "H"}, one.SignRawPayloads)

	two := read(byzantine.ActivitySignRawPayloads, `{"payloads":["00","11"],`+signing+`}`)
	assert.Equal(t, &byzantine.SignRawPayloadsParams{SignWith: "0xaa", Payloads: []string{"00", "11"}, Encoding: "E", HashFunction: "H"}, two.SignRawPayloads)

	users := read(byzantine.ActivityCreateUsers, `{"users":[{"userName":"Ada","userEmail":"ada@example.com","apiKeys":[],"authenticators":[],"oauthProviders":[{"a":1}],"userTags":["t"]}]}`)
	assert.Equal(t, &byzantine.CreateUsersParams{Users: []byzantine.ActivityUser{{
		UserName: "Ada", UserEmail: "ada@example.com", UserTags: []string{"t"},
		APIKeys: []json.RawMessage{}, Authenticators: []json.RawMessage{}, OAuthProviders: []json.RawMessage{json.RawMessage(`{"a":1}`)},
	}}}, users.CreateUsers)

	quorum := read(byzantine.ActivityUpdateRootQuorum, `{"threshold":1,"userIds":["a","b"]}`)
	assert.Equal(t, &byzantine.UpdateRootQuorumParams{Threshold: 1, UserIDs: []string{"a", "b"}}, quorum.UpdateRootQuorum)

	unknown := read("ACTIVITY_TYPE_OF_THE_FUTURE", `{"a":[1]}`)
	assert.Nil(t, unknown.SignRawPayloads)
	assert.Nil(t, unknown.CreateUsers)
	assert.Nil(t, unknown.UpdateRootQuorum)
}

func TestActivitiesThatAreNone(t *testing.T) {
	const (
		none       = "byzantine: payload: bodyToSign is not an activity: "
		parameters = "byzantine: payload: the parameters are not those of "
		sameName   = none + "has two fields of the same name"
		sameFolded = none + "has two fields whose names differ in letter case only"
	)
	for body, want := range map[string]string{
		``:                     none + "not valid JSON",
		`null`:                 none + "not a JSON object",
		`[]`:                   none + "not a JSON object",
		`{}`:                   none + "type is missing",
		`{"type":""}`:          none + "type is missing",
		`{"type":1}`:           none + "a field is of the wrong type",
		"{\"type\":\"a\xff\"}": none + "not valid UTF-8",

		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOADS"}`:                                                 parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOADS",
		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOADS","parameters":null}`:                               parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOADS",
		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOADS","parameters":{"payload":"a"}}`:                    parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOADS",
		`{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","parameters":{"users":"jane"}}`:                     parameters + "ACTIVITY_TYPE_CREATE_USERS_V3",
		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"payload":["a"]}}`:                parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2",
		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"signWith":"a"}}`:                 parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2",
		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"payload":"a","payloads":["b"]}}`: parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2",

		// Different readers could take each of these for two different orders.
		`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","TYPE":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"payload":"a"}}`: sameFolded,
		`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"payload":"a"}}`: sameName,
		`{"type":"T","\u0074ype":"U"}`:                            sameName,
		`{"type":"T","parameters":{"a":1,"a":1}}`:                 sameName,
		`{"type":"T","parameters":[{"deep":{"K":1,"\u212a":1}}]}`: sameFolded, // the Kelvin sign
		`{"type":"T","other":{"a":[1,[{"b":1,"B":2}]]}}`:          sameFolded,
		`{"type":"T","":0,"":0}`:                                  sameName,
		// A known name in other letter case, without a second field of that name.
		`{"TYPE":"T"}`:                      none + "type: spelt in other letter case",
		`{"type":"T","organizationID":"x"}`: none + "organizationId: spelt in other letter case",
		`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"Payload":"a"}}`:                parameters + "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2",
		`{"type":"ACTIVITY_TYPE_CREATE_USERS_V3","parameters":{"users":[{"APIKeys":[{"a":1}]}]}}`:  parameters + "ACTIVITY_TYPE_CREATE_USERS_V3",
		`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","parameters":{"UserIDs":["a"],"threshold":1}}`: parameters + "ACTIVITY_TYPE_UPDATE_ROOT_QUORUM",
	} {
		payload := byzantine.Payload{BodyToSign: []byte(body)}
		activity, err := payload.Activity()
		assert.EqualError(t, err, want, body)
		assert.Nil(t, activity)
	}
	for _, body := range []string{
		`{"type":"T","a":{"a":{"a":1}},"b":[{"a":1},{"a":"a","b":["a","a"]}]}`, // the same name in different objects
		`{"type":"T","parameters":{"type":"type","x":"type"}}`,
	} {
		_, err := (&byzantine.Payload{BodyToSign: []byte(body)}).Activity()
		assert.NoError(t, err, body)
	}
}

func TestResponsesWhoseNamesAreAmbiguousHaveNoPayload(t *testing.T) {
	for text, want := range map[string]string{
		`{"bodyToSign":{"a":1},"BodyToSign":{"b":2}}`:                         "bodyToSign: spelt in other letter case",
		`{"bodyToSign":{"a":1},"bodyToSign":{"b":2}}`:                         "has two fields of the same name",
		`{"bodyToSign":{"a":1},"transactionId":"a","TRANSACTIONID":"b"}`:      "transactionId: spelt in other letter case",
		`{"bodyToSign":{"a":1},"transactionId":"a","\u0074ransactionId":"b"}`: "has two fields of the same name",
	} {
		assert.EqualError(t, json.Unmarshal([]byte(text), new(byzantine.Payload)), "byzantine: payload: "+want, text)
	}
}

func TestAnUnusablePayloadIsAResponseThatCannotBeRead(t *testing.T) {
	api := newFakeAPI(t)
	api.response = `{"transactionId":"` + testTransactionID + `"}`
	_, err := api.client.GetTransferPayloadPasskey(t.Context(), &byzantine.GetTransferPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: testAccountID, Currency: byzantine.CryptoUSDC, Amount: byzantine.MustParseDecimal("1"), DestinationAddress: testAddress,
	})
	require.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown, "the draft was made")
	var response *byzantine.Error
	require.ErrorAs(t, err, &response)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "the response is not of the expected form: bodyToSign: missing", response.Message)
}

func FuzzPayloadUnmarshalJSON(f *testing.F) {
	f.Add([]byte(`{"bodyToSign":` + delicateBody + `}`))
	f.Add([]byte(`{"bodyToSign":"e30=","chainId":1,"destinationBankAccount":{"country":"FRA"}}`))
	f.Add([]byte(`{"bodyToSign":null}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"bodyToSign":"e30"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var payload byzantine.Payload
		if json.Unmarshal(data, &payload) != nil {
			return
		}
		if payload.BodyToSign != nil {
			var again json.RawMessage
			require.NoError(t, json.Unmarshal(payload.BodyToSign, &again), "what is kept is JSON")
			require.Equal(t, byte('{'), payload.BodyToSign[0])
		}
		stored, err := json.Marshal(payload)
		require.NoError(t, err)
		var read byzantine.Payload
		require.NoError(t, json.Unmarshal(stored, &read))
		require.Equal(t, payload.BodyToSign, read.BodyToSign)
		_, _ = payload.Activity()
	})
}

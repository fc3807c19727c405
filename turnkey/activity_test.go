package turnkey_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
)

func TestTimestamp(t *testing.T) {
	at := time.Date(2025, 5, 8, 20, 35, 9, 954_000_000, time.UTC)
	for text, want := range map[string]time.Time{
		`{"seconds":"1746736509","nanos":"954000000"}`:            at,
		`{"seconds":"1746736509","nanos":"0"}`:                    at.Truncate(time.Second),
		`{"seconds":"1746736509"}`:                                at.Truncate(time.Second),
		`{"seconds":"1746736509","nanos":"99999999999999999999"}`: at.Truncate(time.Second),
		`{"seconds":"-1","nanos":"0"}`:                            time.Unix(-1, 0).UTC(),
		`"2025-05-08T22:35:09.954+02:00"`:                         at,
		// Any other form is read as the zero time.
		`"<string>"`:                            {},
		`""`:                                    {},
		`null`:                                  {},
		`1746736509`:                            {},
		`[]`:                                    {},
		`{}`:                                    {},
		`{"seconds":1746736509,"nanos":0}`:      {},
		`{"seconds":"soon","nanos":"0"}`:        {},
		`{"seconds":"99999999999999999999"}`:    {},
		`{"seconds":"0x10","nanos":"whatever"}`: {},
	} {
		var a turnkey.Activity
		require.NoError(t, json.Unmarshal([]byte(`{"id":"a-1","createdAt":`+text+`}`), &a), text)
		assert.Equal(t, want, a.CreatedAt.Time, text)
		assert.Equal(t, "a-1", a.ID)
	}
}

func TestTimestampGoesBackAsItCame(t *testing.T) {
	const text = `{"seconds":"1746736509","nanos":"954000000"}`
	var at turnkey.Timestamp
	require.NoError(t, json.Unmarshal([]byte(text), &at))
	again, err := json.Marshal(at)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(again))
	zero, err := json.Marshal(turnkey.Timestamp{})
	require.NoError(t, err)
	assert.Equal(t, "null", string(zero))
}

func TestUnknownValuesAndFieldsPass(t *testing.T) {
	var a turnkey.Activity
	require.NoError(t, json.Unmarshal([]byte(`{
		"id": "a-1", "status": "NEW", "type": "ACTIVITY_TYPE_CREATE_WALLET", "more": {"deep": [1]},
		"intent": {"createWalletIntent": {}}, "result": {"createWalletResult": {"walletId": "w"}}, "votes": null,
		"failure": "in words"
	}`), &a))
	assert.Equal(t, turnkey.ActivityType("ACTIVITY_TYPE_CREATE_WALLET"), a.Type)
	assert.Nil(t, a.Intent.CreateAuthenticatorsIntentV2)
	assert.Nil(t, a.AuthenticatorIDs())
	assert.Equal(t, &turnkey.Status{}, a.Failure)
}

// The outer activity has precedence; a field that it lacks gets the value of the inner one.
func TestNestedActivity(t *testing.T) {
	for text, want := range map[string]turnkey.Activity{
		`{"id":"outer","result":{"activity":{"id":"inner","status":"S"}}}`: {ID: "outer", Status: "S"},
		`{"id":"outer","result":{"activity":null}}`:                        {ID: "outer"},
		`{"id":"outer","result":null}`:                                     {ID: "outer"},
		`{"id":"outer","canApprove":true,"result":{"activity":{"canApprove":false,"canReject":true}}}`: {
			ID: "outer", CanApprove: true, CanReject: true,
		},
		`{"votes":[{"id":"o"}],"result":{"activity":{"votes":[{"id":"i","message":"m"}]}}}`: {Votes: []turnkey.Vote{{ID: "o"}}},
		`{"result":{"createAuthenticatorsResult":{"authenticatorIds":["o"]},"activity":{"result":{"createAuthenticatorsResult":{"authenticatorIds":["i"]}}}}}`: {
			Result: turnkey.Result{CreateAuthenticatorsResult: &turnkey.CreateAuthenticatorsResult{AuthenticatorIDs: []string{"o"}}},
		},
		// Only one level of nesting is documented.
		`{"result":{"activity":{"result":{"activity":{"id":"deep"}}}}}`: {},
	} {
		var a turnkey.Activity
		require.NoError(t, json.Unmarshal([]byte(text), &a), text)
		assert.Equal(t, want, a, text)
	}
}

func FuzzActivity(f *testing.F) {
	for _, name := range []string{"activity_flat.json", "activity_nested.json"} {
		var response struct{ Activity json.RawMessage }
		require.NoError(f, json.Unmarshal(readFile(f, name), &response))
		f.Add([]byte(response.Activity))
	}
	f.Add([]byte(`{"failure":{"details":[{"turnkeyErrorCode":"A"},{}]},"createdAt":{"seconds":"9223372036854775807","nanos":"-9223372036854775808"}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a turnkey.Activity
		if json.Unmarshal(text, &a) != nil {
			return
		}
		again, err := json.Marshal(a)
		require.NoError(t, err)
		var b turnkey.Activity
		require.NoError(t, json.Unmarshal(again, &b))
		third, err := json.Marshal(b)
		require.NoError(t, err)
		assert.Equal(t, string(again), string(third), "what was understood survives")
		_ = (&turnkey.FailedError{Activity: &a}).Error()
		_ = (&turnkey.ConsensusError{Activity: &a}).Error()
	})
}

func FuzzErrorBody(f *testing.F) {
	f.Add(400, []byte(`{"code":3,"message":"no","details":[{"@type":"x","turnkeyErrorCode":"INTERNAL"}]}`))
	f.Add(404, []byte(`<html>`))
	f.Add(502, []byte(`{"code":1e99,"details":{}}`))
	f.Add(200, []byte(`{"activity":{"id":"a","status":"S"}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		client := responding(t, status, string(body), byzantine.WithMaxAttempts(1))
		activity, err := client.GetActivity(t.Context(), "a-1")
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "\x1b")
			return
		}
		assert.NotEmpty(t, activity.ID)
	})
}

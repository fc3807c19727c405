package byzantine_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jsontest"
)

// rawTexts returns JSON texts whose bytes change if they are decoded and encoded again.
func rawTexts() []string {
	texts := append([]string{delicateBody}, jsontest.Delicate...)
	random := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		texts = append(texts, jsontest.Random(random))
	}
	return texts
}

func TestRawJSONGoesThroughDoByteForByte(t *testing.T) {
	api := newFakeAPI(t)
	random := rand.New(rand.NewPCG(7, 8))
	for _, text := range rawTexts() {
		for _, tt := range []struct {
			in   any
			want string
		}{
			{json.RawMessage(text), text},
			{map[string]any{"signedBody": json.RawMessage(text), "a": "<"}, `{"a":"<","signedBody":` + text + `}`},
			{struct {
				SignedBody json.RawMessage `json:"signedBody"`
			}{json.RawMessage(text)}, `{"signedBody":` + text + `}`},
		} {
			require.NoError(t, api.client.Do(t.Context(), "POST", "/v1/x", tt.in, nil))
			require.Equal(t, tt.want, api.body)
		}
		spaced := "\n" + jsontest.Spaced(random, text) + " "
		require.NoError(t, api.client.Do(t.Context(), "POST", "/v1/x", json.RawMessage(spaced), nil))
		require.Equal(t, spaced, api.body, "white space is the caller's too")
	}
	err := api.client.Do(t.Context(), "POST", "/v1/x", json.RawMessage(`{"secret":}`), nil)
	require.EqualError(t, err, "byzantine: in: raw JSON is not valid")
}

// The bytes of the object that the passkey signs stay the same from the API's response to the request that submits it.
func TestBodyToSignComesBackByteForByte(t *testing.T) {
	api := newFakeAPI(t)
	api.response = `{}`
	for _, text := range rawTexts() {
		if !strings.HasPrefix(text, "{") {
			continue
		}
		payload := decodePayload(t, `{"transactionId":"`+testTransactionID+`","bodyToSign":`+text+`}`)
		require.Equal(t, text, string(payload.BodyToSign))

		signed := byzantine.SignedPayload{
			SignedBody: payload.BodyToSign, WebAuthnStamp: `{}`, TransactionID: payload.TransactionID, ChainID: byzantine.ChainBase,
		}
		_, err := api.client.SignPayloadPasskey(t.Context(), &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
		require.NoError(t, err)
		require.Equal(t, `{"signedBody":`+text+`,"webAuthnStamp":"{}","transactionId":"`+testTransactionID+`"}`, api.body)

		signed.TransactionID, signed.ChainID = "", 0
		_, err = api.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: signed, InvitedBy: testUserID})
		require.NoError(t, err)
		require.Equal(t, `{"signedBody":`+text+`,"webAuthnStamp":"{}","invitedBy":"`+testUserID+`"}`, api.body)

		_, err = api.client.UpdateUsersRole(t.Context(), &byzantine.UpdateUsersRoleRequest{SignedPayload: signed})
		require.NoError(t, err)
		require.Equal(t, `{"signedBody":`+text+`,"webAuthnStamp":"{}"}`, api.body)
	}
}

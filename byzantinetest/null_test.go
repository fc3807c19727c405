package byzantinetest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// The API writes null where an id does not apply, in the list of events and in what it delivers. Package byzantine reads
// such a null as "", so these are bytes of the sandbox's own.
func TestNullIsWrittenWhereAnIDDoesNotApply(t *testing.T) {
	server := stopped(t)
	client := server.Client()
	endpoint := &endpoint{now: server.Now}
	_, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: listen(t, endpoint)})
	require.NoError(t, err)
	newActiveInvestor(t, server).transfers(1)
	entity := analytical()
	entity.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Augusta", "King", "king@example.com", 40)}
	_, err = client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	company, err := client.CreateEntityAccount(t.Context(), entity)
	require.NoError(t, err)
	server.SetAssociatedPersonStatus(company.AssociatedPersons[0].BeneficiaryID, byzantine.VerificationResubmissionRequested)
	server.Advance(time.Minute)
	server.Deliver()

	type event struct {
		ID      string
		Type    string
		Related json.RawMessage
		Data    map[string]json.RawMessage
	}
	var list struct {
		Events     []event
		NextCursor json.RawMessage
	}
	ask(t, client, byzantine.OpListEvents, "limit=250", &list)
	assert.Equal(t, "null", string(list.NextCursor))
	ids := map[string]json.RawMessage{}
	seen := map[string]bool{}
	for _, e := range list.Events {
		var related map[string]*string
		require.NoError(t, json.Unmarshal(e.Related, &related))
		require.ElementsMatch(t, []string{"accountId", "userId", "entityId", "beneficiaryId", "transactionId"}, slices.Collect(maps.Keys(related)), e.Type)
		for name, id := range related {
			seen[name] = seen[name] || id != nil
			assert.True(t, id == nil || *id != "", "%s of %s is null, not empty", name, e.Type)
		}
		assert.Equal(t, related["transactionId"] == nil, e.Data["customer"] != nil, e.Type)
		if e.Data["customer"] != nil {
			var customer map[string]*string
			require.NoError(t, json.Unmarshal(e.Data["customer"], &customer))
			for _, name := range []string{"userId", "entityId"} {
				require.Contains(t, customer, name)
				assert.Equal(t, related[name], customer[name])
			}
			assert.Contains(t, e.Data, "beneficiary")
			assert.Contains(t, e.Data, "reasonCodes")
		}
		ids[e.ID] = e.Related
	}
	assert.Equal(t, map[string]bool{"accountId": true, "userId": true, "entityId": true, "beneficiaryId": true, "transactionId": true}, seen)

	delivered := endpoint.deliveries()
	require.Len(t, delivered, len(list.Events))
	for _, d := range delivered {
		var e event
		require.NoError(t, json.Unmarshal(d.body, &e))
		assert.Equal(t, string(ids[e.ID]), string(e.Related), "as in the list")
	}
}

// An empty text counts as absent where any text is legal, and is an error where the document wants a form that it does not
// have: a date, or an id.
func TestEmptyTexts(t *testing.T) {
	request := func(member string) string {
		return `{"userInfo":{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com",` + member + `},"byzantineTermsSignedAt":"2026-09-01T12:00:00Z",
			"rootUsers":[{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com"}]}`
	}
	for _, c := range []struct {
		member string
		strict int
	}{{`"middleName":""`, 200}, {`"profilePictureUrl":""`, 200}, {`"birthDate":null`, 200}, {`"birthDate":""`, 400}, {`"nationality":""`, 400}} {
		status, text := send(t, newServer(t), "POST", "/v1/submit/create-individual-account", request(c.member), nil)
		assert.Equal(t, c.strict, status, "%s: %s", c.member, text)
		if c.member == `"birthDate":""` {
			assert.Contains(t, text, "userInfo.birthDate: must not be empty: leave it out")
		}
	}
	status, text := send(t, newServer(t, byzantinetest.WithLenientRequests()), "POST", "/v1/submit/create-individual-account", request(`"birthDate":""`), nil)
	assert.Equal(t, 200, status, text)
	assert.NotContains(t, text, "birthDate")

	server := newServer(t)
	account := server.AddAccount(byzantinetest.Account{})
	status, text = send(t, server, "POST", "/v1/query/get-withdraw-payload-passkey?chain_id=8453",
		`{"accountId":"`+account.ID+`","vaultAddr":"`+byzantinetest.VaultBaseUSDC+`","amount":"1","destinationCurrency":"usdc","bankAccountId":""}`, nil)
	assert.Equal(t, 400, status)
	assert.Contains(t, text, "bankAccountId: must not be empty: leave it out")
}

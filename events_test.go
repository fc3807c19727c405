package byzantine_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	testTransactionID = "22222222-3333-4444-8555-666666666666"
	testObjectID      = "33333333-4444-4555-8666-777777777777"

	relatedIDs = `"accountId":"` + testAccountID + `","userId":"` + testUserID + `","entityId":"` + testObjectID + `",
		"beneficiaryId":"` + testObjectID + `","transactionId":"` + testTransactionID + `"`
	minimalEvent = `"id":"` + testObjectID + `","type":"customer.active","occurredAt":"2026-09-01T10:00:00.123456789Z","livemode":false,
		"payloadVersion":1,"createdAt":"2026-09-01T10:00:01Z"`
)

func listEvents(ctx context.Context, c *byzantine.Client) (*byzantine.EventPage, error) {
	return c.ListEvents(ctx, nil)
}

func TestListEventsRequest(t *testing.T) {
	testSent(t, []sentCase{
		{"defaults", func(ctx context.Context, c *byzantine.Client) error { return only(listEvents(ctx, c)) }, "GET /v1/query/events", ""},
		{"all filters", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListEvents(ctx, &byzantine.ListEventsRequest{
				AccountID: testAccountID, UserID: testUserID, TransactionID: testTransactionID, EventType: byzantine.EventCustomerActive,
				CreatedAfter: time.Unix(1700000000, 0), CreatedBefore: time.Unix(1700000000, 1), Cursor: "a+b/c=", Limit: 250,
			}))
		}, "GET /v1/query/events?accountId=" + testAccountID + "&userId=" + testUserID + "&transactionId=" + testTransactionID +
			"&eventType=customer.active&createdAfter=2023-11-14T22%3A13%3A20Z&createdBefore=2023-11-14T22%3A13%3A20.000000001Z&cursor=a%2Bb%2Fc%3D&limit=250", ""},
	})
	limited := func(limit int64) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListEvents(ctx, &byzantine.ListEventsRequest{Limit: limit}))
		}
	}
	testRejected(t, []rejectedCase{
		{"negative limit", limited(-1), "ListEventsRequest.Limit: must be at least 1"},
		{"limit 251", limited(251), "ListEventsRequest.Limit: must be at most 250"},
		{"account", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListEvents(ctx, &byzantine.ListEventsRequest{AccountID: "1"}))
		}, "ListEventsRequest.AccountID: must be a UUID (8-4-4-4-12 hex digits)"},
	})
}

func TestEventResponses(t *testing.T) {
	testResponses(t, listEvents,
		`{"events":[{`+minimalEvent+`,"related":{`+relatedIDs+`},"data":[1,null,"x"]}],"nextCursor":"abc"}`,
		`{"events":[{`+minimalEvent+`,"related":{},"data":null}]}`)
}

func TestCustomerData(t *testing.T) {
	event := byzantine.Event{Type: byzantine.EventCustomerResubmissionRequested, Data: json.RawMessage(`{
		"customer":{"accountId":"a","customerType":"entity","userId":null,"entityId":"e","name":"ACME","email":"x@example.com",
			"verificationStatus":"resubmission_requested","createdAt":"2026-09-01T10:00:00Z"},
		"beneficiary":{"beneficiaryId":"b","firstName":"Ada","lastName":"L","verificationStatus":"active"},
		"reasonCodes":["BAD_PROOF"]}`)}
	data, err := event.CustomerData()
	require.NoError(t, err)
	assert.Equal(t, &byzantine.CustomerEventData{
		Customer: byzantine.CustomerSummary{
			AccountID: "a", CustomerType: byzantine.CustomerTypeEntity, EntityID: "e", Name: "ACME", Email: "x@example.com",
			VerificationStatus: byzantine.VerificationResubmissionRequested, CreatedAt: time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC),
		},
		Beneficiary: &byzantine.BeneficiarySummary{BeneficiaryID: "b", FirstName: "Ada", LastName: "L", VerificationStatus: byzantine.VerificationActive},
		ReasonCodes: []string{"BAD_PROOF"},
	}, data)
	_, err = event.TransactionData()
	assert.EqualError(t, err, "byzantine: event: the type does not begin with transaction.")
}

func TestTransactionData(t *testing.T) {
	event := byzantine.Event{Type: "transaction.of_the_future", Data: json.RawMessage(`{"status":"refunded","more":1}`)}
	data, err := event.TransactionData()
	require.NoError(t, err)
	assert.Equal(t, &byzantine.TransactionEventData{Status: byzantine.TransactionRefunded}, data)
	_, err = event.CustomerData()
	assert.EqualError(t, err, "byzantine: event: the type does not begin with customer.")
}

func TestEventDataOfAnotherFormIsAnError(t *testing.T) {
	for _, data := range []string{``, `null`, `"jane@example.com"`, `{"customer":"jane@example.com"}`, `[]`} {
		event := byzantine.Event{Type: byzantine.EventCustomerActive, Data: json.RawMessage(data)}
		got, err := event.CustomerData()
		assert.EqualError(t, err, "byzantine: event: the data are not those of a customer.* event", "%q", data)
		assert.Nil(t, got)
	}
}

// An event whose data has an odd value in one field can be handled. Otherwise its delivery would fail until the sender
// gives up.
func TestEventDataWithOddFields(t *testing.T) {
	event := byzantine.Event{Type: byzantine.EventCustomerRejected, Data: json.RawMessage(`{"customer":{"accountId":"a","name":7,"verificationStatus":"rejected",` +
		`"createdAt":"2026-09-01"},"beneficiary":"none","reasonCodes":["A",7]}`)}
	data, err := event.CustomerData()
	require.NoError(t, err)
	assert.Equal(t, &byzantine.CustomerEventData{
		Customer:    byzantine.CustomerSummary{AccountID: "a", VerificationStatus: byzantine.VerificationRejected},
		ReasonCodes: []string{"A", ""},
	}, data)

	for _, odd := range []byzantine.Event{
		{Type: byzantine.EventCustomerActive, Data: json.RawMessage(`{"customer":{"accountId":7}}`)},
		{Type: byzantine.EventCustomerActive, Data: json.RawMessage(`{"customer":[]}`)},
	} {
		_, err := odd.CustomerData()
		assert.Error(t, err, "%s", odd.Data)
	}
	_, err = (&byzantine.Event{Type: byzantine.EventTransactionCompleted, Data: json.RawMessage(`{"status":7}`)}).TransactionData()
	assert.Error(t, err, "there is nothing else in it")
}

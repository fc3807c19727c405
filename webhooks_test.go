package byzantine_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestWebhookRequests(t *testing.T) {
	const subscription = "/v1/webhooks/subscriptions/" + testObjectID
	update := func(req byzantine.UpdateWebhookSubscriptionRequest) func(context.Context, *byzantine.Client) error {
		req.SubscriptionID = testObjectID
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateWebhookSubscription(ctx, &req))
		}
	}
	testSent(t, []sentCase{
		{"subscribe to all", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.CreateWebhookSubscription(ctx, &byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com/hook?a=1&b=2"}))
		}, "POST /v1/webhooks/subscriptions", `{"url":"https://example.com/hook?a=1&b=2"}`},
		{"subscribe", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.CreateWebhookSubscription(ctx, &byzantine.CreateWebhookSubscriptionRequest{
				URL: "https://example.com", Name: "main", Enabled: new(false),
				EventTypes: []byzantine.EventType{byzantine.EventCustomerActive, byzantine.EventTransactionCompleted},
			}))
		}, "POST /v1/webhooks/subscriptions", `{"url":"https://example.com","name":"main","enabled":false,"eventTypes":["customer.active","transaction.completed"]}`},
		{"list", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListWebhookSubscriptions(ctx, nil))
		}, "GET /v1/webhooks/subscriptions", ""},
		{"nil event types stay", update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(true)}), "PATCH " + subscription, `{"enabled":true}`},
		{"empty event types reset", update(byzantine.UpdateWebhookSubscriptionRequest{EventTypes: []byzantine.EventType{}}), "PATCH " + subscription, `{"eventTypes":[]}`},
		{"all fields", update(byzantine.UpdateWebhookSubscriptionRequest{
			URL: "https://example.com", Name: new(""), Enabled: new(false), EventTypes: []byzantine.EventType{byzantine.EventCustomerDeleted},
		}), "PATCH " + subscription, `{"url":"https://example.com","name":"","enabled":false,"eventTypes":["customer.deleted"]}`},
		{"delete", func(ctx context.Context, c *byzantine.Client) error {
			return c.DeleteWebhookSubscription(ctx, testObjectID)
		}, "DELETE " + subscription, ""},
		{"test has no body", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.SendTestWebhookDelivery(ctx, testObjectID))
		}, "POST " + subscription + "/test", ""},
		{"retry has no body", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.RetryWebhookDelivery(ctx, testObjectID))
		}, "POST /v1/webhooks/deliveries/" + testObjectID + "/retry", ""},
		{"deliveries", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListWebhookDeliveries(ctx, nil))
		}, "GET /v1/webhooks/deliveries", ""},
		{"deliveries, all filters", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListWebhookDeliveries(ctx, &byzantine.ListWebhookDeliveriesRequest{
				Limit: 250, Offset: 500, IncludeAttempts: new(false), SubscriptionID: testObjectID, EventID: testUserID,
				EventType: byzantine.EventWebhookTest, Status: byzantine.WebhookDeliveryFailed, SourceType: "customer_api", SourceID: "a b",
				AccountID: testAccountID,
			}))
		}, "GET /v1/webhooks/deliveries?limit=250&offset=500&includeAttempts=false&subscriptionId=" + testObjectID + "&eventId=" + testUserID +
			"&eventType=webhook.test&status=failed&sourceType=customer_api&sourceId=a%20b&accountId=" + testAccountID, ""},
	})
}

func TestWebhookRequestsThatAreRejected(t *testing.T) {
	const notUUID = ": must be a UUID (8-4-4-4-12 hex digits)"
	testRejected(t, []rejectedCase{
		{"no URL", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.CreateWebhookSubscription(ctx, nil))
		}, "CreateWebhookSubscriptionRequest.URL: missing"},
		{"update", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateWebhookSubscription(ctx, &byzantine.UpdateWebhookSubscriptionRequest{}))
		}, "UpdateWebhookSubscriptionRequest.SubscriptionID: missing"},
		{"delete", func(ctx context.Context, c *byzantine.Client) error {
			return c.DeleteWebhookSubscription(ctx, "../subscriptions")
		}, "DeleteWebhookSubscriptionRequest.SubscriptionID" + notUUID},
		{"test", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.SendTestWebhookDelivery(ctx, "1"))
		}, "SendTestWebhookDeliveryRequest.SubscriptionID" + notUUID},
		{"retry", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.RetryWebhookDelivery(ctx, "1"))
		}, "RetryWebhookDeliveryRequest.DeliveryID" + notUUID},
		{"deliveries", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListWebhookDeliveries(ctx, &byzantine.ListWebhookDeliveriesRequest{EventID: "1"}))
		}, "ListWebhookDeliveriesRequest.EventID" + notUUID},
	})
}

const (
	minimalSubscription = `"id":"s","integratorId":"i","url":"https://example.com","enabled":true,"eventTypes":["customer.active"],
		"endpointSafetyMetadata":["example.com",443],"createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-01T10:00:00Z"`
	subscriptionKey = `"publicKey":"0x02ab","algorithm":"ECDSA_P256_SHA256"`

	minimalWebhookEvent = `"id":"e","integratorId":"i","eventType":"customer.active","sourceType":"sumsub","sourceId":"x",
		"payload":[1.5,null,"x"],"payloadVersion":1,"createdAt":"2026-09-01T10:00:00Z"`
	minimalDelivery = `"id":"d","subscriptionId":"s","eventId":"e","status":"failed","attemptCount":0,"lastResponseSummary":null,
		"createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-01T10:00:00Z"`
	fullDelivery = `{` + minimalDelivery + `,"nextAttemptAt":"2026-09-01T10:00:30Z","terminalReason":"gone"}`

	minimalAttempt = `"id":"a","deliveryId":"d","attemptNumber":1,"outcome":"failed","signedAt":"2026-09-01T10:00:00Z",
		"signedTimestamp":"1756720800","responseSummary":[500,"x"],"createdAt":"2026-09-01T10:00:00Z"`
	fullAttempt = `{` + minimalAttempt + `,"signingKeyId":"k","statusCode":500,"error":"no","latencyMs":0,"actor":"system"}`
)

func TestWebhookResponses(t *testing.T) {
	fullSubscription := `{"subscription":{` + minimalSubscription + `,"name":"main","activeSigningKeyId":"k"},` + subscriptionKey + `}`
	leanSubscription := `{"subscription":{` + minimalSubscription + `},` + subscriptionKey + `}`
	t.Run("create", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.WebhookSubscriptionWithKey, error) {
			return c.CreateWebhookSubscription(ctx, &byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com"})
		}, fullSubscription, leanSubscription)
	})
	t.Run("update", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.WebhookSubscriptionWithKey, error) {
			return c.UpdateWebhookSubscription(ctx, &byzantine.UpdateWebhookSubscriptionRequest{SubscriptionID: testObjectID})
		}, fullSubscription, leanSubscription)
	})
	t.Run("list", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.WebhookSubscriptionList, error) {
			return c.ListWebhookSubscriptions(ctx, nil)
		}, `{"subscriptions":[`+fullSubscription+`]}`, `{"subscriptions":[`+leanSubscription+`]}`)
	})
	fullEvent := `{` + minimalWebhookEvent + `,` + relatedIDs + `}`
	for name, call := range map[string]func(context.Context, *byzantine.Client) (*byzantine.WebhookDeliveryResult, error){
		"test": func(ctx context.Context, c *byzantine.Client) (*byzantine.WebhookDeliveryResult, error) {
			return c.SendTestWebhookDelivery(ctx, testObjectID)
		},
		"retry": func(ctx context.Context, c *byzantine.Client) (*byzantine.WebhookDeliveryResult, error) {
			return c.RetryWebhookDelivery(ctx, testObjectID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			testResponses(t, call,
				`{"event":`+fullEvent+`,"delivery":`+fullDelivery+`,"attempt":`+fullAttempt+`}`,
				`{"event":{`+minimalWebhookEvent+`},"delivery":{`+minimalDelivery+`}}`)
		})
	}
	t.Run("deliveries", func(t *testing.T) {
		const envelope = `"limit":250,"offset":0,"hasMore":true,"attemptsIncluded":false}`
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.WebhookDeliveryPage, error) {
			return c.ListWebhookDeliveries(ctx, nil)
		},
			`{"deliveries":[{"delivery":`+fullDelivery+`,"event":`+fullEvent+`,"attempts":[`+fullAttempt+`]}],`+envelope,
			`{"deliveries":[{"delivery":{`+minimalDelivery+`},"event":{`+minimalWebhookEvent+`},"attempts":[]}],`+envelope)
	})
}

func TestEventTypesOfAnotherFormDoNotFailTheSubscription(t *testing.T) {
	for _, form := range []string{`null`, `{"all":true}`, `"*"`, `[1,2]`, `[]`} {
		var subscription byzantine.WebhookSubscription
		require.NoError(t, json.Unmarshal([]byte(`{"id":"s","eventTypes":`+form+`}`), &subscription), form)
		assert.Equal(t, "s", subscription.ID, form)
		assert.Empty(t, subscription.EventTypes, form)
	}
}

func TestSchemalessFieldsKeepTheirText(t *testing.T) {
	for _, text := range []string{`{"b":1.50,"a":"\u003c<"}`, `null`, `0`, `"a"`} {
		var delivery byzantine.WebhookDelivery
		require.NoError(t, json.Unmarshal([]byte(`{"lastResponseSummary":`+text+`}`), &delivery))
		assert.Equal(t, text, string(delivery.LastResponseSummary))
	}
}

func FuzzEventTypesUnmarshalJSON(f *testing.F) {
	for _, seed := range []string{`["a"]`, `null`, `{}`, `[null]`, `[["a"]]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var types byzantine.EventTypes
		err := json.Unmarshal(data, &types)
		require.Equal(t, json.Valid(data), err == nil)
	})
}

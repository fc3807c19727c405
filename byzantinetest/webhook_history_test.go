package byzantinetest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func TestTestDeliveryIsSentWhileTheCallWaits(t *testing.T) {
	w := newWebhookWorld(t)
	w.update(byzantine.UpdateWebhookSubscriptionRequest{EventTypes: []byzantine.EventType{byzantine.EventCustomerActive}})
	result, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.WebhookDeliverySucceeded, result.Delivery.Status)
	require.NotNil(t, result.Attempt)
	assert.Equal(t, byzantine.WebhookAttemptSucceeded, result.Attempt.Outcome)
	assert.Equal(t, w.server.Key().PublicKeyHex(), result.Attempt.Actor)

	got := w.endpoint.deliveries()
	require.Len(t, got, 1, "although the type is not subscribed to")
	event := w.verify(got[0])
	assert.Equal(t, byzantine.EventWebhookTest, event.Type)
	assert.Equal(t, byzantine.EventRelated{}, event.Related)
	assert.JSONEq(t, `{"subscriptionId":"`+w.Subscription.ID+`"}`, string(event.Data))
	assert.Equal(t, event.ID, result.Event.ID)
	assert.Equal(t, byzantine.EventWebhookTest, result.Event.EventType)
	assert.Equal(t, "webhook_test", result.Event.SourceType)
	assert.Equal(t, w.Subscription.ID, result.Event.SourceID)
	assert.Equal(t, w.Subscription.IntegratorID, result.Event.IntegratorID)

	assert.Equal(t, []byzantine.WebhookDeliveryWithAttempts{{
		Delivery: result.Delivery, Event: result.Event, Attempts: []byzantine.WebhookDeliveryAttempt{*result.Attempt},
	}}, w.history(nil), "the history says the same")
	events, err := w.client.ListEvents(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, events.Events, "a test is no event of the history")

	again, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	require.NoError(t, err)
	assert.NotEqual(t, result.Event.ID, again.Event.ID)
}

func TestTestDeliveryThatFailsIsAnAnswerLikeAnyOther(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500)
	var answer byzantine.Response
	result, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, byzantine.WebhookDeliveryFailed, result.Delivery.Status)
	assert.Equal(t, byzantine.WebhookAttemptFailed, result.Attempt.Outcome)
	assert.Equal(t, new(int32(500)), result.Attempt.StatusCode)
	w.server.Advance(30 * time.Second)
	attempts(t, w.only(), byzantine.WebhookDeliverySucceeded, 500, 204)

	_, err = w.client.SendTestWebhookDelivery(t.Context(), unknownID)
	refused(t, err, 404, "not found")
	w.update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(false)})
	_, err = w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	refused(t, err, 400, "disabled")
}

func TestManualRetry(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500, 502)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	id := w.only().Delivery.ID

	w.server.Advance(10 * time.Second)
	result, err := w.client.RetryWebhookDelivery(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, byzantine.WebhookDeliveryFailed, result.Delivery.Status)
	assert.EqualValues(t, 2, result.Attempt.AttemptNumber)
	assert.Equal(t, new(int32(502)), result.Attempt.StatusCode)
	assert.Equal(t, w.server.Key().PublicKeyHex(), result.Attempt.Actor)
	assert.Equal(t, new(noon.Add(70*time.Second)), result.Delivery.NextAttemptAt, "it counts: what follows is the wait after the second attempt")

	w.server.Advance(20 * time.Second)
	attempts(t, w.only(), byzantine.WebhookDeliveryFailed, 500, 502)
	result, err = w.client.RetryWebhookDelivery(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, byzantine.WebhookDeliverySucceeded, result.Delivery.Status)
	w.server.Advance(24 * time.Hour)
	assert.Equal(t, []time.Duration{0, 10 * time.Second, 30 * time.Second}, w.endpoint.offsets(noon), "the retry of old is off")
	for _, r := range w.endpoint.deliveries() {
		assert.Equal(t, id, r.header.Get(webhook.HeaderDeliveryID))
	}
}

func TestOnlyWhatFailedCanBeRetried(t *testing.T) {
	w := newWebhookWorld(t)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	_, err := w.client.RetryWebhookDelivery(t.Context(), w.only().Delivery.ID)
	refused(t, err, 400, "succeeded")
	_, err = w.client.RetryWebhookDelivery(t.Context(), unknownID)
	refused(t, err, 404, "not found")

	w = newWebhookWorld(t)
	w.endpoint.answer(500, 500, 500, 500, 500, 500, 500)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	id := w.only().Delivery.ID
	w.update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(false)})
	_, err = w.client.RetryWebhookDelivery(t.Context(), id)
	refused(t, err, 400, "disabled")
	w.update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(true)})
	w.server.Advance(24 * time.Hour)
	_, err = w.client.RetryWebhookDelivery(t.Context(), id)
	refused(t, err, 400, "terminal_failed")
}

func TestDeliveryUnderWayCanNeitherBeRetriedNorForgotten(t *testing.T) {
	w := newWebhookWorld(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))})
	w.happen(byzantine.VerificationUnderReview)
	<-arrived
	d := w.only()
	assert.Equal(t, byzantine.WebhookDeliverySending, d.Delivery.Status)
	assert.EqualValues(t, 1, d.Delivery.AttemptCount)
	assert.Empty(t, d.Attempts)
	_, err := w.client.RetryWebhookDelivery(t.Context(), d.Delivery.ID)
	refused(t, err, 400, "sending")

	w.happen(byzantine.VerificationActive) // waits behind it
	assert.Equal(t, byzantine.WebhookDeliveryPending, w.history(nil)[0].Delivery.Status)
	require.NoError(t, w.client.DeleteWebhookSubscription(t.Context(), w.Subscription.ID))
	close(release)
	w.server.Deliver()
	assert.Empty(t, w.history(nil), "what a deletion took does not come back with the endpoint's answer")
}

func TestDeliveryHistoryPages(t *testing.T) {
	w := newWebhookWorld(t)
	for range 130 {
		w.happen(byzantine.VerificationUnderReview, byzantine.VerificationActive)
	}
	w.server.Deliver()
	for name, test := range map[string]struct {
		query  string
		want   byzantine.WebhookDeliveryPage
		length int
	}{
		"defaults":           {"", byzantine.WebhookDeliveryPage{Limit: 100, HasMore: true}, 100},
		"most":               {"limit=250", byzantine.WebhookDeliveryPage{Limit: 250, HasMore: true}, 250},
		"too many":           {"limit=251&offset=10", byzantine.WebhookDeliveryPage{Limit: 250, Offset: 10}, 250},
		"none":               {"limit=0", byzantine.WebhookDeliveryPage{Limit: 1, HasMore: true}, 1},
		"less than none":     {"limit=-5&offset=-5", byzantine.WebhookDeliveryPage{Limit: 1, HasMore: true}, 1},
		"the last":           {"limit=10&offset=259", byzantine.WebhookDeliveryPage{Limit: 10, Offset: 259}, 1},
		"behind the last":    {"offset=260", byzantine.WebhookDeliveryPage{Limit: 100, Offset: 260}, 0},
		"far behind the end": {"offset=4611686018427387904", byzantine.WebhookDeliveryPage{Limit: 100, Offset: 1 << 62}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			list := w.list(test.query)
			assert.Len(t, list.Deliveries, test.length)
			test.want.AttemptsIncluded, test.want.Deliveries = true, list.Deliveries
			assert.Equal(t, &test.want, list)
		})
	}
	newest := w.history(&byzantine.ListWebhookDeliveriesRequest{Limit: 2})
	assert.Equal(t, byzantine.EventCustomerActive, newest[0].Event.EventType)
	assert.Equal(t, byzantine.EventCustomerUnderReview, newest[1].Event.EventType)
	seen := map[string]bool{}
	for d, err := range w.client.AllWebhookDeliveries(t.Context(), nil) {
		require.NoError(t, err)
		seen[d.Delivery.ID] = true
	}
	assert.Len(t, seen, 260)
}

func TestDeliveryHistoryFilters(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	w.happen(byzantine.VerificationActive)
	w.server.Deliver()
	_, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	require.NoError(t, err)
	all := w.history(nil)
	require.Len(t, all, 3)
	const review, active, test = "customer.under_review", "customer.active", "webhook.test"
	for query, want := range map[string][]string{
		"subscriptionId=" + w.Subscription.ID:               {test, active, review},
		"subscriptionId=" + unknownID:                       {},
		"eventId=" + all[1].Event.ID:                        {active},
		"eventType=webhook.test":                            {test},
		"eventType=no.such":                                 {},
		"status=failed":                                     {review},
		"status=succeeded":                                  {test, active},
		"status=pending":                                    {},
		"sourceType=customer_api":                           {active, review},
		"sourceId=" + w.Subscription.ID:                     {test},
		"accountId=" + w.accountID:                          {active, review},
		"account_id=" + w.accountID:                         {active, review},
		"event_type=customer.active&limit=1":                {active},
		"event_type=customer.active&eventType=webhook.test": {test},
		"accountId=" + w.accountID + "&status=failed":       {review},
	} {
		t.Run(query, func(t *testing.T) {
			types := []string{}
			for _, d := range w.list(query).Deliveries {
				types = append(types, string(d.Event.EventType))
			}
			assert.Equal(t, want, types)
		})
	}
	op := operation(t, "list_deliveries")
	for query, words := range map[string]string{
		"status=Failed": "unknown delivery status", "limit=abc": "limit: must be an integer", "subscriptionId=x": "must be a UUID",
		"include_attempts=maybe": "must be true or false",
	} {
		status, body := send(t, w.server, op.Method, op.Path+"?"+query, "", nil)
		assert.Equal(t, 400, status, query)
		assert.Contains(t, body, words, query)
	}
}

// list asks for the history with a query of the test's own.
func (w *webhookWorld) list(query string) *byzantine.WebhookDeliveryPage {
	w.t.Helper()
	var list *byzantine.WebhookDeliveryPage
	ask(w.t, w.client, byzantine.OpListWebhookDeliveries, query, &list)
	return list
}

func TestAttemptsComeOnlyIfTheyAreWanted(t *testing.T) {
	w := newWebhookWorld(t)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	for query, included := range map[string]bool{
		"": true, "includeAttempts=true": true, "include_attempts=true": true, "includeAttempts=false": false, "include_attempts=false": false,
	} {
		list := w.list(query)
		assert.Equal(t, included, list.AttemptsIncluded, query)
		require.Len(t, list.Deliveries, 1)
		assert.NotNil(t, list.Deliveries[0].Attempts, "an empty list, not null")
		assert.Equal(t, included, len(list.Deliveries[0].Attempts) == 1, query)
	}
	empty := w.list(fmt.Sprintf("eventId=%s", unknownID))
	assert.NotNil(t, empty.Deliveries)
	assert.False(t, empty.HasMore)
}

package byzantinetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func TestDeliveryIsSignedAndCarriesTheEnvelope(t *testing.T) {
	w := newWebhookWorld(t)
	w.server.SetStatus(w.accountID, byzantine.VerificationRejected, "DOCUMENT_FORGED")
	w.server.Deliver()

	got := w.endpoint.deliveries()
	require.Len(t, got, 1)
	event := w.verify(got[0])
	assert.Nil(t, event.Legacy)
	listed, err := w.client.ListEvents(t.Context(), nil)
	require.NoError(t, err)
	want := listed.Events[0]
	want.CreatedAt = time.Time{} // only the list has it
	assert.Equal(t, want, *event)
	data, err := event.CustomerData()
	require.NoError(t, err)
	assert.Equal(t, []string{"DOCUMENT_FORGED"}, data.ReasonCodes)
	assert.Contains(t, string(got[0].body), `"entityId":null,"beneficiaryId":null,"transactionId":null}`)

	d := w.only()
	h := got[0].header
	assert.Equal(t, d.Delivery.ID, h.Get("X-Byzantine-Webhook-Delivery-Id"))
	assert.Equal(t, want.ID, h.Get("X-Byzantine-Webhook-Event-Id"))
	assert.Equal(t, fmt.Sprint(noon.Unix()), h.Get("X-Byzantine-Webhook-Timestamp"))
	assert.Equal(t, w.Subscription.ActiveSigningKeyID, h.Get("X-Byzantine-Webhook-Key-Id"))
	assert.Equal(t, "ECDSA_P256_SHA256", h.Get("X-Byzantine-Webhook-Algorithm"))
	assert.Equal(t, "application/json", h.Get("Content-Type"))
	assert.JSONEq(t, string(got[0].body), string(d.Event.Payload))

	attempts(t, d, byzantine.WebhookDeliverySucceeded, 204)
	assert.Nil(t, d.Delivery.NextAttemptAt)
	attempt := d.Attempts[0]
	assert.Equal(t, byzantine.WebhookAttemptSucceeded, attempt.Outcome)
	assert.Equal(t, h.Get("X-Byzantine-Webhook-Timestamp"), attempt.SignedTimestamp)
	assert.Equal(t, w.Subscription.ActiveSigningKeyID, attempt.SigningKeyID)
	assert.Equal(t, noon, attempt.SignedAt)
	assert.Equal(t, new(int32(0)), attempt.LatencyMs, "on a clock that stands still")
	assert.Empty(t, attempt.Error)
	assert.Empty(t, attempt.Actor)
	assert.JSONEq(t, `{"statusCode":204,"body":"","bodyBytes":0}`, string(attempt.ResponseSummary))
}

func TestOneDeliveryForEachSubscriptionThatWantsTheEvent(t *testing.T) {
	w := newWebhookWorld(t)
	url := w.Subscription.URL
	active := w.subscribe(&byzantine.CreateWebhookSubscriptionRequest{URL: url + "/active", EventTypes: []byzantine.EventType{byzantine.EventCustomerActive}})
	w.subscribe(&byzantine.CreateWebhookSubscriptionRequest{URL: url + "/off", Enabled: new(false)})
	w.happen(byzantine.VerificationUnderReview, byzantine.VerificationActive)
	w.server.Deliver()

	got := map[string]int{}
	events := map[string]bool{}
	for _, d := range w.history(nil) {
		attempts(t, d, byzantine.WebhookDeliverySucceeded, 204)
		got[d.Delivery.SubscriptionID+" "+string(d.Event.EventType)]++
		events[d.Event.ID] = true
	}
	assert.Equal(t, map[string]int{
		w.Subscription.ID + " customer.under_review": 1,
		w.Subscription.ID + " customer.active":       1,
		active.Subscription.ID + " customer.active":  1,
	}, got)
	assert.Len(t, events, 2, "both deliveries of an event carry its id")
	assert.Len(t, w.endpoint.deliveries(), 3)
}

func TestFailedDeliveryIsRetriedOnTheDocumentedSchedule(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500, 500, 500, 500, 500, 500, 500, 500)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()

	d := w.only()
	attempts(t, d, byzantine.WebhookDeliveryFailed, 500)
	assert.Equal(t, new(noon.Add(30*time.Second)), d.Delivery.NextAttemptAt)
	assert.Equal(t, "the endpoint responded with 500 Internal Server Error", d.Attempts[0].Error)

	w.server.Advance(30*time.Second - 1)
	assert.Len(t, w.endpoint.deliveries(), 1, "a nanosecond early")
	w.server.Advance(1)
	assert.Len(t, w.endpoint.deliveries(), 2)
	w.server.Advance(24 * time.Hour)

	want := []time.Duration{0}
	for _, wait := range []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour} {
		want = append(want, want[len(want)-1]+wait)
	}
	assert.Equal(t, want, w.endpoint.offsets(noon), "each attempt at its own time, although the clock moved at once")
	d = w.only()
	attempts(t, d, byzantine.WebhookDeliveryTerminalFailed, 500, 500, 500, 500, 500, 500, 500)
	assert.Nil(t, d.Delivery.NextAttemptAt)
	require.NotEmpty(t, d.Delivery.TerminalReason)
	assert.Equal(t, "max_attempts_exceeded", d.Delivery.TerminalReason)
	assert.Equal(t, noon.Add(want[6]), d.Delivery.UpdatedAt)

	first := w.endpoint.deliveries()[0]
	timestamps := map[string]bool{}
	for _, r := range w.endpoint.deliveries() {
		w.verify(r) // against the time of its own attempt
		assert.Equal(t, first.body, r.body)
		assert.Equal(t, first.header.Get(webhook.HeaderDeliveryID), r.header.Get(webhook.HeaderDeliveryID))
		timestamps[r.header.Get(webhook.HeaderTimestamp)] = true
	}
	assert.Len(t, timestamps, 7, "each attempt is signed anew")
}

func TestDeliveryEndsWithTheFirstSuccess(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(503, 429, 202)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Advance(24 * time.Hour)
	attempts(t, w.only(), byzantine.WebhookDeliverySucceeded, 503, 429, 202)
	assert.Equal(t, []time.Duration{0, 30 * time.Second, 90 * time.Second}, w.endpoint.offsets(noon))
}

func TestWhatCountsAsSuccess(t *testing.T) {
	elsewhere := &endpoint{now: time.Now}
	other := listen(t, elsewhere)
	cutShort := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("half"))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		code    int32
		failure string
	}{
		"200":                          {status(200), 200, ""},
		"201":                          {status(201), 201, ""},
		"299":                          {status(299), 299, ""},
		"300":                          {status(300), 300, "the endpoint responded with 300"},
		"redirect, followed by nobody": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusTemporaryRedirect) }, 307, "the endpoint responded with 307"},
		"redirect to nowhere": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[")
			w.WriteHeader(302)
		}, 302, "the endpoint responded with 302"},
		"304":                {status(304), 304, "the endpoint responded with 304"},
		"404":                {status(404), 404, "the endpoint responded with 404"},
		"410, all the same":  {status(410), 410, "the endpoint responded with 410"},
		"500":                {status(500), 500, "the endpoint responded with 500"},
		"answer cut short":   {cutShort, 200, "unexpected EOF"},
		"connection dropped": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWebhookWorld(t)
			w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: listen(t, test.handler)})
			w.happen(byzantine.VerificationUnderReview)
			w.server.Deliver()
			d := w.only()
			if test.failure == "" {
				attempts(t, d, byzantine.WebhookDeliverySucceeded, test.code)
				assert.Equal(t, byzantine.WebhookAttemptSucceeded, d.Attempts[0].Outcome)
				assert.Empty(t, d.Attempts[0].Error)
				return
			}
			attempts(t, d, byzantine.WebhookDeliveryFailed, test.code)
			assert.Equal(t, byzantine.WebhookAttemptFailed, d.Attempts[0].Outcome)
			require.NotEmpty(t, d.Attempts[0].Error)
			assert.Contains(t, d.Attempts[0].Error, test.failure)
		})
	}
	assert.Empty(t, elsewhere.deliveries())
}

func TestEndpointThatIsDownGetsNoAnswerRecorded(t *testing.T) {
	w := newWebhookWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: "http://" + listener.Addr().String() + "/?token=secret"})
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	d := w.only()
	attempts(t, d, byzantine.WebhookDeliveryFailed, 0)
	assert.Nil(t, d.Attempts[0].StatusCode)
	assert.Nil(t, d.Attempts[0].ResponseSummary)
	assert.Nil(t, d.Delivery.LastResponseSummary)
	require.NotEmpty(t, d.Attempts[0].Error)
	assert.Contains(t, d.Attempts[0].Error, "connection refused")
	assert.NotContains(t, d.Attempts[0].Error, "secret")
}

func TestAnswersAreReadUpToALimit(t *testing.T) {
	w := newWebhookWorld(t)
	stopped := make(chan struct{})
	w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(stopped)
		for { // until the sender hangs up
			if _, err := w.Write([]byte(strings.Repeat("\xff", 1<<10))); err != nil {
				return
			}
		}
	}))})
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	<-stopped
	d := w.only()
	attempts(t, d, byzantine.WebhookDeliverySucceeded, 200)
	var summary struct {
		Body      string
		BodyBytes int
	}
	require.NoError(t, json.Unmarshal(d.Delivery.LastResponseSummary, &summary))
	assert.Equal(t, 64<<10, summary.BodyBytes)
	assert.Equal(t, "\uFFFD", summary.Body, "the beginning, as valid UTF-8")
}

func TestURLThatChangedGetsTheNextAttempt(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	moved := &endpoint{now: w.server.Now}
	w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: listen(t, moved)})
	w.server.Advance(time.Minute)
	assert.Len(t, w.endpoint.deliveries(), 1)
	require.Len(t, moved.deliveries(), 1)
	w.verify(moved.deliveries()[0])
}

func TestDisabledSubscriptionRests(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	w.update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(false)})
	w.happen(byzantine.VerificationActive)
	w.server.Advance(24 * time.Hour)
	attempts(t, w.only(), byzantine.WebhookDeliveryFailed, 500)

	w.update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(true)})
	w.server.Deliver()
	attempts(t, w.only(), byzantine.WebhookDeliverySucceeded, 500, 204)
}

func TestTransportOfTheTestsOwn(t *testing.T) {
	receiver := &endpoint{now: time.Now}
	https := httptest.NewUnstartedServer(receiver)
	https.Config.ErrorLog = log.New(io.Discard, "", 0) // of a handshake that fails on purpose
	https.StartTLS()
	t.Cleanup(https.Close)
	for name, test := range map[string]struct {
		options []byzantinetest.Option
		status  byzantine.WebhookDeliveryStatus
	}{
		"the sandbox's own trusts no test certificate": {nil, byzantine.WebhookDeliveryFailed},
		"one that does": {[]byzantinetest.Option{byzantinetest.WithWebhookTransport(https.Client().Transport)}, byzantine.WebhookDeliverySucceeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWebhookWorld(t, test.options...)
			w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: https.URL})
			w.happen(byzantine.VerificationUnderReview)
			w.server.Deliver()
			assert.Equal(t, test.status, w.only().Delivery.Status)
		})
	}
	_, err := byzantinetest.New(byzantinetest.WithWebhookTransport(nil))
	assert.ErrorContains(t, err, "WithWebhookTransport")
}

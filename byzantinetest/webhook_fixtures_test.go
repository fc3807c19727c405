package byzantinetest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// noon is when worlds begin whose clock stands still.
var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// received is a delivery as it came to an endpoint.
type received struct {
	at     time.Time // on the endpoint's clock
	header http.Header
	body   []byte
}

// endpoint is a receiver that remembers what it got and responds with the statuses that it was told, then with 204.
type endpoint struct {
	now func() time.Time

	mu       sync.Mutex
	got      []received
	statuses []int
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		panic("not a delivery") // the sender sees no response
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, received{e.now(), r.Header, body})
	status := http.StatusNoContent
	if len(e.statuses) > 0 {
		status, e.statuses = e.statuses[0], e.statuses[1:]
	}
	w.WriteHeader(status)
}

func (e *endpoint) answer(statuses ...int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.statuses = statuses
}

func (e *endpoint) deliveries() []received {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]received(nil), e.got...)
}

// offsets is how long after a time the deliveries came.
func (e *endpoint) offsets(from time.Time) []time.Duration {
	var offsets []time.Duration
	for _, d := range e.deliveries() {
		offsets = append(offsets, d.at.Sub(from))
	}
	return offsets
}

// listen serves a handler on a loopback port.
func listen(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// webhookWorld is a sandbox with an account and one subscription to all events.
type webhookWorld struct {
	t         *testing.T
	server    *byzantinetest.Server
	client    *byzantine.Client
	accountID string
	endpoint  *endpoint
	*byzantine.WebhookSubscriptionWithKey
}

// newWebhookWorld makes one whose clock stands still.
func newWebhookWorld(t *testing.T, opts ...byzantinetest.Option) *webhookWorld {
	t.Helper()
	server := newServer(t, append([]byzantinetest.Option{byzantinetest.WithTime(noon)}, opts...)...)
	w := &webhookWorld{t: t, server: server, client: server.Client(), endpoint: &endpoint{now: server.Now}}
	w.accountID = server.AddAccount(byzantinetest.Account{}).ID
	w.WebhookSubscriptionWithKey = w.subscribe(&byzantine.CreateWebhookSubscriptionRequest{URL: listen(t, w.endpoint)})
	return w
}

func (w *webhookWorld) subscribe(req *byzantine.CreateWebhookSubscriptionRequest) *byzantine.WebhookSubscriptionWithKey {
	w.t.Helper()
	s, err := w.client.CreateWebhookSubscription(w.t.Context(), req)
	require.NoError(w.t, err)
	return s
}

func (w *webhookWorld) update(req byzantine.UpdateWebhookSubscriptionRequest) {
	w.t.Helper()
	req.SubscriptionID = w.Subscription.ID
	_, err := w.client.UpdateWebhookSubscription(w.t.Context(), &req)
	require.NoError(w.t, err)
}

// happen moves the account's customer through these statuses, each of which has one event. The customer is active at
// first, so active as the first status would have none.
func (w *webhookWorld) happen(statuses ...byzantine.VerificationStatus) {
	for _, s := range statuses {
		w.server.SetStatus(w.accountID, s)
	}
}

// verify holds a delivery against the subscription's key, as an integrator does.
func (w *webhookWorld) verify(r received) *webhook.Event {
	w.t.Helper()
	verifier, err := webhook.NewVerifier([]webhook.Key{webhook.KeyOf(*w.WebhookSubscriptionWithKey)}, webhook.WithClock(func() time.Time { return r.at }))
	require.NoError(w.t, err)
	d, err := verifier.Verify(w.t.Context(), r.header, r.body)
	require.NoError(w.t, err)
	event, err := d.Event()
	require.NoError(w.t, err)
	return event
}

// history is the deliveries that match, the newest first.
func (w *webhookWorld) history(req *byzantine.ListWebhookDeliveriesRequest) []byzantine.WebhookDeliveryWithAttempts {
	w.t.Helper()
	list, err := w.client.ListWebhookDeliveries(w.t.Context(), req)
	require.NoError(w.t, err)
	return list.Deliveries
}

// only is the one delivery that there is.
func (w *webhookWorld) only() byzantine.WebhookDeliveryWithAttempts {
	w.t.Helper()
	all := w.history(nil)
	require.Len(w.t, all, 1)
	return all[0]
}

// roundTripper is a network that a function stands for.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newBubbleWorld is a webhookWorld without sockets, on a clock that runs by itself.
func newBubbleWorld(t *testing.T, rt http.RoundTripper) (*webhookWorld, *byzantinetest.Sandbox) {
	t.Helper()
	w := &webhookWorld{t: t, endpoint: &endpoint{now: time.Now}}
	if rt == nil {
		rt = byzantinetest.InProcess(w.endpoint)
	}
	sandbox, err := byzantinetest.New(byzantinetest.WithWebhookTransport(rt))
	require.NoError(t, err)
	t.Cleanup(sandbox.Close)
	w.client = clientOf(t, sandbox)
	w.accountID = sandbox.AddAccount(byzantinetest.Account{}).ID
	w.WebhookSubscriptionWithKey = w.subscribe(&byzantine.CreateWebhookSubscriptionRequest{URL: "https://integrator.example/hook"})
	return w, sandbox
}

// clientOf is a client of a sandbox that does not listen.
func clientOf(t testing.TB, sandbox *byzantinetest.Sandbox, opts ...byzantine.Option) *byzantine.Client {
	t.Helper()
	defaults := []byzantine.Option{
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}), byzantine.WithClock(sandbox.Now),
	}
	client, err := byzantine.NewClient(sandbox.Key(), append(defaults, opts...)...)
	require.NoError(t, err)
	return client
}

// attempts checks a delivery's status and its attempts' status codes, 0 for one that got no response.
func attempts(t *testing.T, d byzantine.WebhookDeliveryWithAttempts, status byzantine.WebhookDeliveryStatus, codes ...int32) {
	t.Helper()
	assert.Equal(t, status, d.Delivery.Status)
	assert.EqualValues(t, len(codes), d.Delivery.AttemptCount)
	var got []int32
	for i, a := range d.Attempts {
		assert.EqualValues(t, i+1, a.AttemptNumber)
		assert.Equal(t, d.Delivery.ID, a.DeliveryID)
		code := int32(0)
		if a.StatusCode != nil {
			code = *a.StatusCode
		}
		got = append(got, code)
	}
	assert.Equal(t, codes, got)
}

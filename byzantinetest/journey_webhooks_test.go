package byzantinetest_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// integrator is a service that keeps its customers' statuses by webhooks.
type integrator struct {
	client *byzantine.Client
	url    string
	down   atomic.Bool // the service cannot be reached: its load balancer responds

	*webhook.Dispatcher
	store webhook.Store
	mux   *http.ServeMux

	mu      sync.Mutex
	handled []byzantine.EventType
	paused  bool // the service responds, but cannot do its work
}

func newIntegrator(t *testing.T, server *byzantinetest.Server) *integrator {
	i := &integrator{
		client: server.Client(), Dispatcher: new(webhook.Dispatcher), store: &webhook.MemoryStore{Now: server.Now}, mux: http.NewServeMux(),
	}
	i.OnAny(func(_ context.Context, e *webhook.Event) error {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.paused {
			return context.DeadlineExceeded
		}
		i.handled = append(i.handled, e.Type)
		return nil
	})
	i.url = listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.down.Load() {
			http.Error(w, "no healthy upstream", http.StatusServiceUnavailable)
			return
		}
		i.mux.ServeHTTP(w, r)
	}))
	return i
}

func (i *integrator) pause(paused bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.paused = paused
}

// news is the types of the events that were handled since the last call.
func (i *integrator) news() []byzantine.EventType {
	i.mu.Lock()
	defer i.mu.Unlock()
	news := i.handled
	i.handled = nil
	return news
}

var quiet = slog.New(slog.DiscardHandler)

// A service subscribes, learns of its customers, is down for a while and then for too long, and misses nothing.
func TestJourneyWebhooks(t *testing.T) {
	server := newServer(t, byzantinetest.WithTime(noon), byzantinetest.WithManualApproval())
	i := newIntegrator(t, server)
	ctx := t.Context()

	// Step 1: subscribe. The response has the key that deliveries are verified with.
	subscription, verifier, err := webhook.Subscribe(ctx, i.client, &byzantine.CreateWebhookSubscriptionRequest{URL: i.url + "/webhooks", Name: "statuses"}, webhook.WithClock(server.Now))
	require.NoError(t, err)
	i.mux.Handle("POST /webhooks", &webhook.Handler{Verifier: verifier, Handle: i.Handle, Store: i.store, Logger: quiet})

	// Step 2: see that it works.
	tested, err := i.client.SendTestWebhookDelivery(ctx, subscription.Subscription.ID)
	require.NoError(t, err)
	require.Equal(t, byzantine.WebhookDeliverySucceeded, tested.Delivery.Status)
	require.Equal(t, []byzantine.EventType{byzantine.EventWebhookTest}, i.news())

	// Step 3: a customer signs up and is approved.
	ada, err := i.client.CreateIndividualAccount(ctx, adaInFull(t))
	require.NoError(t, err)
	server.Deliver()
	assert.Equal(t, []byzantine.EventType{byzantine.EventCustomerCreated, byzantine.EventCustomerUnderReview}, i.news())
	server.Advance(10 * time.Minute)
	server.Approve(ada.AccountID)
	server.Deliver()
	assert.Equal(t, []byzantine.EventType{byzantine.EventCustomerActive}, i.news())

	// Step 4: the service is down for half an hour. The retries bring what it missed.
	i.down.Store(true)
	server.SetStatus(ada.AccountID, byzantine.VerificationInactive)
	server.Advance(30 * time.Minute)
	assert.Empty(t, i.news())
	i.down.Store(false)
	server.Advance(30 * time.Minute)
	assert.Equal(t, []byzantine.EventType{byzantine.EventCustomerDeactivated}, i.news())

	// Step 5: it responds but fails. Somebody mends it and asks for the failed delivery at once.
	i.pause(true)
	server.SetStatus(ada.AccountID, byzantine.VerificationActive)
	server.Advance(5 * time.Minute)
	i.pause(false)
	failed, err := i.client.ListWebhookDeliveries(ctx, &byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryFailed})
	require.NoError(t, err)
	require.Len(t, failed.Deliveries, 1)
	assert.EqualValues(t, http.StatusInternalServerError, *failed.Deliveries[0].Attempts[0].StatusCode)
	retried, err := i.client.RetryWebhookDelivery(ctx, failed.Deliveries[0].Delivery.ID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.WebhookDeliverySucceeded, retried.Delivery.Status)
	assert.Equal(t, []byzantine.EventType{byzantine.EventCustomerActive}, i.news())

	// Step 6: it is down for a day, and every retry fails. The event history knows what was given up.
	i.down.Store(true)
	server.SetStatus(ada.AccountID, byzantine.VerificationRejected, "FRAUDULENT_PATTERNS")
	server.Advance(24 * time.Hour)
	i.down.Store(false)
	assert.Empty(t, i.news())
	lost, err := i.client.ListWebhookDeliveries(ctx, &byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryTerminalFailed})
	require.NoError(t, err)
	require.Len(t, lost.Deliveries, 1)
	assert.Len(t, lost.Deliveries[0].Attempts, 7)
	reconciler := &webhook.Reconciler{Events: i.client, Store: i.store, Handle: i.Handle, Now: server.Now, Logger: quiet}
	report, err := reconciler.Pass(ctx)
	require.NoError(t, err)
	assert.Equal(t, []byzantine.EventType{byzantine.EventCustomerRejected}, i.news(), "what came by webhook is not handled again")
	assert.Equal(t, 1, report.Handled)
	assert.Equal(t, 5, report.Known)

	// Step 7: unsubscribe.
	require.NoError(t, i.client.DeleteWebhookSubscription(ctx, subscription.Subscription.ID))
	server.SetStatus(ada.AccountID, byzantine.VerificationUnderReview)
	server.Advance(24 * time.Hour)
	assert.Empty(t, i.news())
}

// Each transaction status that has an event is sent when the transaction comes to it, although nobody asks the API.
func TestJourneyOfATransactionByWebhooksAlone(t *testing.T) {
	i := newActiveInvestor(t, live(t))
	payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC)
	require.NoError(t, err)
	events := make(chan *webhook.Event, 10)
	var verifier *webhook.Verifier
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler := &webhook.Handler{Verifier: verifier, Logger: quiet, Handle: func(_ context.Context, d *webhook.Delivery) error {
			event, err := d.Event()
			if err == nil {
				events <- event
			}
			return err
		}}
		handler.ServeHTTP(w, r)
	}))
	_, verifier, err = webhook.Subscribe(t.Context(), i.client, &byzantine.CreateWebhookSubscriptionRequest{URL: url})
	require.NoError(t, err)

	submitted := i.submit(payload, nil)
	var statuses []byzantine.TransactionStatus
	for !slices.Contains(statuses, byzantine.TransactionCompleted) {
		event := <-events
		assert.Equal(t, byzantine.EventRelated{AccountID: i.accountID, TransactionID: submitted.TransactionID}, event.Related)
		data, err := event.TransactionData()
		require.NoError(t, err)
		statuses = append(statuses, data.Status)
	}
	assert.Equal(t, []byzantine.TransactionStatus{byzantine.TransactionProcessing, byzantine.TransactionCompleted}, statuses)
}

// A receiver of an integrator's is tested with the sandbox in a few lines.
func ExampleSandbox_Deliver() {
	ctx := context.Background()
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client := sandbox.Client()

	received := make(chan string, 10)
	mux := http.NewServeMux()
	receiver := httptest.NewServer(mux)
	defer receiver.Close()
	_, verifier, err := webhook.Subscribe(ctx, client, &byzantine.CreateWebhookSubscriptionRequest{URL: receiver.URL})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/", &webhook.Handler{Verifier: verifier, Logger: slog.New(slog.DiscardHandler), Handle: func(_ context.Context, d *webhook.Delivery) error {
		event, err := d.Event()
		if err != nil {
			return err
		}
		received <- string(event.Type)
		return nil
	}})

	account := sandbox.AddAccount(byzantinetest.Account{})
	sandbox.SetStatus(account.ID, byzantine.VerificationInactive)
	sandbox.Deliver()
	fmt.Println(<-received)
	// Output:
	// customer.deactivated
}

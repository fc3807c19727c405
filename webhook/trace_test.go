package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

type spanKey struct{}

func span(ctx context.Context) string {
	text, _ := ctx.Value(spanKey{}).(string)
	return text
}

// recorder is a Tracer with all optional interfaces. It records the data of the end methods.
type recorder struct {
	mu         sync.Mutex
	lines      []string // one for each end: the names of the span and its parents
	deliveries []webhook.TraceDeliveryEndData
	passes     []webhook.TracePassEndData
	calls      []webhook.TraceStoreEndData
	handled    []webhook.TraceHandleEndData
}

func (r *recorder) start(ctx context.Context, format string, args ...any) context.Context {
	return context.WithValue(ctx, spanKey{}, span(ctx)+"/"+fmt.Sprintf(format, args...))
}

func (r *recorder) end(ctx context.Context, keep func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, span(ctx))
	keep()
}

func (r *recorder) TraceDeliveryStart(ctx context.Context, data webhook.TraceDeliveryStartData) context.Context {
	return r.start(ctx, "%s", data.Source)
}

func (r *recorder) TraceDeliveryEnd(ctx context.Context, data webhook.TraceDeliveryEndData) {
	r.end(ctx, func() { r.deliveries = append(r.deliveries, data) })
}

func (r *recorder) TraceHandleStart(ctx context.Context, data webhook.TraceHandleStartData) context.Context {
	return r.start(ctx, "handle %s", data.Type)
}

func (r *recorder) TraceHandleEnd(ctx context.Context, data webhook.TraceHandleEndData) {
	r.end(ctx, func() { r.handled = append(r.handled, data) })
}

func (r *recorder) TracePassStart(ctx context.Context) context.Context { return r.start(ctx, "pass") }

func (r *recorder) TracePassEnd(ctx context.Context, data webhook.TracePassEndData) {
	r.end(ctx, func() { r.passes = append(r.passes, data) })
}

func (r *recorder) TraceStoreStart(ctx context.Context, data webhook.TraceStoreStartData) context.Context {
	return r.start(ctx, "%s", data.Call)
}

func (r *recorder) TraceStoreEnd(ctx context.Context, data webhook.TraceStoreEndData) {
	r.end(ctx, func() { r.calls = append(r.calls, data) })
}

// tracedReceiver is a receiver whose handler has a tracer.
func tracedReceiver(t *testing.T, fn webhook.Func, tracer webhook.Tracer, store webhook.Store) *receiver {
	r := newReceiver(t, fn, store)
	r.Handler.(*webhook.Handler).Tracer = tracer
	return r
}

func TestTracerSeesADelivery(t *testing.T) {
	var tracer recorder
	var inCallback string
	r := tracedReceiver(t, func(ctx context.Context, _ *webhook.Delivery) error { inCallback = span(ctx); return nil }, &tracer, newStore())
	require.Equal(t, http.StatusNoContent, r.deliver())
	require.Equal(t, http.StatusNoContent, r.deliver())

	const handle = "/webhook/handle customer.resubmission_requested"
	assert.Equal(t, []string{"/webhook/begin", handle, "/webhook/done", "/webhook", "/webhook/begin", "/webhook"}, tracer.lines)
	assert.Equal(t, handle, inCallback)
	require.Len(t, tracer.deliveries, 2)
	for i, want := range []webhook.Outcome{webhook.OutcomeHandled, webhook.OutcomeKnown} {
		got := tracer.deliveries[i]
		assert.Equal(t, want, got.Outcome)
		assert.Equal(t, byzantine.EventCustomerResubmissionRequested, got.Type)
		assert.Equal(t, time.Date(2026, 9, 3, 10, 11, 12, 123456789, time.UTC), got.OccurredAt)
		assert.Equal(t, http.StatusNoContent, got.StatusCode)
		assert.Equal(t, webhook.SourceWebhook, got.Source)
		assert.Positive(t, got.Receiving)
		assert.GreaterOrEqual(t, got.Duration, got.Receiving)
		assert.Empty(t, got.Check)
	}
	require.Len(t, tracer.handled, 1)
	assert.NoError(t, tracer.handled[0].Err)
	assert.ErrorIs(t, tracer.calls[2].Err, webhook.ErrHandled)
}

// failingStore is a store whose Begin or Done returns the given error, if that is not nil.
type failingStore struct {
	webhook.Store
	begin, done error
}

func (s failingStore) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	if s.begin != nil {
		return webhook.Claim{}, s.begin
	}
	return s.Store.Begin(ctx, key, lease)
}

func (s failingStore) Done(ctx context.Context, c webhook.Claim) error {
	if s.done != nil {
		return s.done
	}
	return s.Store.Done(ctx, c)
}

func TestTracerTellsOutcomesApart(t *testing.T) {
	unreadable := []byte(`{"id":"` + testIDs.Event + `"}`)
	down := errors.New("the store is down")
	for name, c := range map[string]struct {
		store   webhook.Store
		fn      webhook.Func
		change  func(*http.Request)
		body    []byte
		outcome webhook.Outcome
		check   webhook.Check
		status  int
	}{
		"callback fails": {fn: func(context.Context, *webhook.Delivery) error { return webhook.ErrHandled }, outcome: webhook.OutcomeFailed, status: 500},
		"callback panics": {fn: func(context.Context, *webhook.Delivery) error { panic("oops") },
			outcome: webhook.OutcomeFailed, status: 500},
		"forged": {change: func(r *http.Request) { r.Header.Set(webhook.HeaderTimestamp, "1") }, outcome: webhook.OutcomeRejected,
			check: webhook.CheckTimestamp, status: 401},
		"of another method": {change: func(r *http.Request) { r.Method = "GET" }, outcome: webhook.OutcomeRejected, status: 405},
		"unreadable":        {body: unreadable, outcome: webhook.OutcomeUnreadable, status: 422},
		"in progress":       {store: failingStore{begin: webhook.ErrInProgress}, outcome: webhook.OutcomeInProgress, status: 409},
		"no store":          {store: failingStore{begin: down}, outcome: webhook.OutcomeUnavailable, status: 503},
		"taken over":        {store: failingStore{done: webhook.ErrLeaseLost}, outcome: webhook.OutcomeLeaseLost, status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			var tracer recorder
			store, fn, body := webhook.Store(newStore()), c.fn, c.body
			if failing, ok := c.store.(failingStore); ok {
				failing.Store = store
				store = failing
			}
			if fn == nil {
				fn = ignore
			}
			if body == nil {
				body = customerBody
			}
			r := tracedReceiver(t, fn, &tracer, store)
			request := r.request(body)
			if c.change != nil {
				c.change(request)
			}
			assert.Equal(t, c.status, r.serve(request).Code)
			require.Len(t, tracer.deliveries, 1)
			got := tracer.deliveries[0]
			assert.Equal(t, c.outcome, got.Outcome)
			assert.Equal(t, c.check, got.Check)
			assert.Equal(t, c.status, got.StatusCode)
			assert.Error(t, got.Err)
			if c.outcome == webhook.OutcomeFailed {
				require.Len(t, tracer.handled, 1)
				assert.Error(t, tracer.handled[0].Err)
			}
		})
	}
}

func TestTracerSeesPasses(t *testing.T) {
	var tracer recorder
	h := &history{times: spread(3, time.Hour, time.Microsecond)}
	store := newStore()
	r := newReconciler(h, store, ignore)
	r.Tracer = &tracer
	pass(t, r)
	pass(t, r)
	require.Len(t, tracer.passes, 2)
	assert.Equal(t, 3, tracer.passes[0].Handled)
	assert.Zero(t, tracer.passes[1].Handled)
	assert.Equal(t, time.Hour, tracer.passes[1].CheckpointAge, "the clock is an hour after the last event")
	assert.Positive(t, tracer.passes[1].Duration)
	var outcomes []webhook.Outcome
	for _, d := range tracer.deliveries {
		assert.Equal(t, webhook.SourceHistory, d.Source)
		outcomes = append(outcomes, d.Outcome)
	}
	require.Greater(t, len(outcomes), 3, "the second pass reads the last one again")
	for i, outcome := range outcomes {
		want := webhook.OutcomeKnown
		if i < 3 {
			want = webhook.OutcomeHandled
		}
		assert.Equal(t, want, outcome)
	}
	assert.Contains(t, tracer.lines, "/pass/history/begin")
	assert.Contains(t, tracer.lines, "/pass/save")

	r.Events = nil
	_, err := r.Pass(t.Context())
	require.Error(t, err)
	assert.Len(t, tracer.passes, 2, "a mistake in the program is no pass")
}

func TestTracerSeesAPassThatFails(t *testing.T) {
	var tracer recorder
	down := errors.New("the store is down")
	r := newReconciler(&history{times: spread(3, time.Hour, time.Microsecond)}, failingStore{Store: newStore(), begin: down}, ignore)
	r.Tracer = &tracer
	_, err := r.Pass(t.Context())
	require.ErrorIs(t, err, down)
	require.Len(t, tracer.passes, 1)
	assert.Equal(t, err, tracer.passes[0].Err)
	assert.Zero(t, tracer.passes[0].CheckpointAge)
}

// bulkStore is a Store that is also a BulkStore and a Purger.
type bulkStore struct {
	*webhook.MemoryStore
	handled, purged int
}

func (s *bulkStore) Handled(context.Context, []string) ([]string, error) {
	s.handled++
	return nil, nil
}
func (s *bulkStore) Purge(context.Context) error { s.purged++; return nil }

// With a StoreTracer, a store's optional methods are called if the store has them, and only then.
func TestTracerKeepsTheOptionalMethodsOfAStore(t *testing.T) {
	var tracer recorder
	store := &bulkStore{MemoryStore: newStore()}
	r := newReconciler(&history{times: spread(3, time.Hour, time.Microsecond)}, store, ignore)
	r.Grace = -1
	r.Tracer = &tracer
	pass(t, r)
	assert.Positive(t, store.handled)
	assert.Positive(t, store.purged)
	calls := func() (calls []webhook.StoreCall) {
		for _, c := range tracer.calls {
			calls = append(calls, c.Call)
		}
		return calls
	}
	assert.Contains(t, calls(), webhook.StoreHandled)
	assert.Contains(t, calls(), webhook.StorePurge)

	tracer = recorder{}
	plain := struct{ webhook.Store }{newStore()} // hides the methods that webhook.Store does not have, also Capacity
	r = newReconciler(&history{times: spread(3, time.Hour, time.Microsecond)}, plain, ignore)
	r.Tracer = &tracer
	pass(t, r)
	assert.False(t, slices.Contains(calls(), webhook.StoreHandled))
	assert.False(t, slices.Contains(calls(), webhook.StorePurge))
}

// outcomePrinter is a Tracer that prints how deliveries ended.
type outcomePrinter struct{}

func (outcomePrinter) TraceDeliveryStart(ctx context.Context, _ webhook.TraceDeliveryStartData) context.Context {
	return ctx
}

func (outcomePrinter) TraceDeliveryEnd(_ context.Context, data webhook.TraceDeliveryEndData) {
	fmt.Println(data.Source, data.Type, data.Outcome)
}

// A Tracer gets the outcome of each delivery. Here the same event is delivered twice.
func ExampleTracer() {
	key, _ := byzantine.GenerateKey() // in place of a subscription's key
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: key.PublicKeyHex()}})
	if err != nil {
		log.Fatal(err)
	}
	handler := &webhook.Handler{
		Verifier: verifier,
		Handle:   func(context.Context, *webhook.Delivery) error { return nil },
		Logger:   slog.New(slog.DiscardHandler),
		Tracer:   outcomePrinter{},
	}
	for range 2 {
		request := httptest.NewRequest(http.MethodPost, "/webhooks", bytes.NewReader(customerBody))
		request.Header, _ = webhooktest.SignDelivery(key, testIDs, time.Now(), customerBody)
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
	// Output:
	// webhook customer.resubmission_requested handled
	// webhook customer.resubmission_requested known
}

package webhook_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// fixedHistory is a history that does not change, the newest event first.
type fixedHistory []byzantine.Event

func (h fixedHistory) AllEvents(context.Context, *byzantine.ListEventsRequest, ...byzantine.CallOption) iter.Seq2[byzantine.Event, error] {
	return func(yield func(byzantine.Event, error) bool) {
		for _, e := range h {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// One Handler, one Dispatcher, one Reconciler, one store and one Verifier, whose keys come from a source, serve all
// goroutines at once. Each event is handled once, whether a delivery or the Reconciler brings it. The race detector
// must find nothing.
func TestConcurrentUse(t *testing.T) {
	const events, bringers = 40, 8
	sender := webhooktest.NewSender(t)
	verifier, err := webhook.NewVerifier(nil, webhook.WithKeySource(func(context.Context) ([]webhook.Key, error) {
		return []webhook.Key{sender.Key()}, nil
	}))
	require.NoError(t, err)
	discard := slog.New(slog.NewTextHandler(io.Discard, nil))

	var mu sync.Mutex
	handled := map[string]int{}
	dispatcher := &webhook.Dispatcher{Logger: discard}
	dispatcher.OnAny(func(_ context.Context, e *webhook.Event) error {
		mu.Lock()
		defer mu.Unlock()
		handled[e.ID]++
		return nil
	})
	store := new(webhook.MemoryStore)
	handler := &webhook.Handler{Verifier: verifier, Handle: dispatcher.Handle, Store: store, Logger: discard}
	var history fixedHistory
	bodies := make([][]byte, events)
	for i := range events {
		id, at := webhooktest.NewID(), time.Now().Add(-time.Hour-time.Duration(i)*time.Second)
		bodies[i] = fmt.Appendf(nil, `{"id":%q,"type":"customer.active"}`, id)
		history = append(history, byzantine.Event{ID: id, Type: byzantine.EventCustomerActive, CreatedAt: at, OccurredAt: at})
	}
	reconciler := &webhook.Reconciler{Events: history, Store: store, Handle: dispatcher.Handle, Logger: discard}

	var all sync.WaitGroup
	for i := range bringers {
		all.Go(func() {
			for j := range events {
				status := sender.Deliver(handler, bodies[(i*events/bringers+j)%events])
				assert.Contains(t, []int{http.StatusNoContent, http.StatusConflict}, status)
			}
		})
		all.Go(func() {
			if _, err := reconciler.Pass(t.Context()); err != nil {
				assert.ErrorIs(t, err, webhook.ErrInProgress)
			}
		})
	}
	all.Wait()
	assert.Len(t, handled, events)
	for id, times := range handled {
		assert.Equal(t, 1, times, id)
	}
}

// A Handler without a store makes one when the first request comes, whichever of many that is.
func TestConcurrentFirstRequests(t *testing.T) {
	sender := webhooktest.NewSender(t)
	verifier, err := webhook.NewVerifier([]webhook.Key{sender.Key()})
	require.NoError(t, err)
	calls := make(chan string, 100)
	handler := &webhook.Handler{Verifier: verifier, Logger: slog.New(slog.DiscardHandler), Handle: func(_ context.Context, d *webhook.Delivery) error {
		calls <- d.EventID
		return nil
	}}
	event := fmt.Appendf(nil, `{"id":%q,"type":"customer.active"}`, webhooktest.NewID())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { sender.Deliver(handler, event) })
	}
	all.Wait()
	assert.Len(t, calls, 1)
}

package recovertest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// Aging is a store whose records a test can make older.
type Aging struct {
	Replicas func(t *testing.T) (a, b webhook.Store) // two stores that share their records, which are new in each call
	Age      func(t *testing.T, by time.Duration)    // makes all records of the last call of Replicas older; nil if records do not expire
	// Forgets says that the store drops records during a downtime that is longer than the retention.
	Forgets bool
	// Capacity is how many events the store holds, at least 60 and fewer than manyEvents; 0 if their number has no limit.
	Capacity int
}

const (
	agingEvents = 40
	manyEvents  = 150
	oddEvent    = 3 // index of the event that always fails in TenRetentionsBehindAFailure
)

// RunRetention tests that a store with a Reconciler keeps the records of all events that the checkpoint can reach: for
// ten retentions in which nothing happens, for ten in which one event always fails, and after a downtime that is
// shorter or longer than the retention. A store with Forgets loses them in the longer downtime. A store with a Capacity
// loses some if one event fails and more events than the Capacity come after it; then each pass logs a warning.
func RunRetention(t *testing.T, store Aging) {
	t.Run("TenQuietRetentions", func(t *testing.T) {
		w := newAging(t, store)
		w.pass(agingEvents, 0)
		for range 20 {
			w.age(0.5)
			w.pass(0, 0)
		}
		w.redeliver()
	})
	t.Run("TenRetentionsBehindAFailure", func(t *testing.T) {
		w := newAging(t, store)
		w.odd = w.events[oddEvent]
		w.pass(agingEvents-1, 1)
		for range 20 {
			w.age(0.5)
			w.pass(0, 1)
		}
		w.odd = ""
		w.pass(1, 0)
	})
	t.Run("ManyEventsBehindAFailure", func(t *testing.T) {
		w := newAging(t, store)
		w.odd = w.events[0]
		w.happen(manyEvents)
		behind := agingEvents + manyEvents - 1
		if store.Capacity > 0 {
			for range 5 {
				w.passThatForgets(behind)
			}
			return
		}
		w.pass(behind, 1)
		for range 20 {
			w.age(0.5)
			w.pass(0, 1)
		}
		w.odd = ""
		w.pass(1, 0)
	})
	t.Run("HandledByWebhookOnly", func(t *testing.T) {
		w := newAging(t, store)
		w.redeliver()
		for range 4 {
			w.age(0.5)
			w.pass(0, 0)
		}
	})
	t.Run("DowntimeShorterThanTheRetention", func(t *testing.T) {
		w := newAging(t, store)
		w.pass(agingEvents, 0)
		w.age(0.85) // less than nine tenths: a pass need not renew a record that is younger than a tenth
		w.pass(0, 0)
		w.age(0.85)
		w.pass(0, 0)
	})
	t.Run("DowntimeLongerThanTheRetention", func(t *testing.T) {
		w := newAging(t, store)
		w.pass(agingEvents, 0)
		for range 7 {
			w.age(0.5)
		}
		if store.Forgets {
			w.pass(agingEvents, 0) // the checkpoint can reach all events, because they are younger than Overlap
		} else {
			w.pass(0, 0)
			w.age(0.5)
			w.pass(0, 0)
		}
	})
	t.Run("NewEventsAllTheTime", func(t *testing.T) {
		w := newAging(t, store)
		w.pass(agingEvents, 0)
		for range 6 {
			w.age(0.5)
			w.happen(3)
			w.pass(3, 0)
		}
	})
}

// agingWorld is a sandbox with events, and a receiver with two replicas, whose stores are in slots.
type agingWorld struct {
	t       *testing.T
	store   Aging
	sandbox *byzantinetest.Server
	account string
	events  []string
	slots   [2]webhook.Store
	odd     string // id of the event whose callback fails; "" if none fails

	mu     sync.Mutex
	calls  map[string]int // by event id: the callbacks that returned nil
	passes int
}

func newAging(t *testing.T, store Aging) *agingWorld {
	w := &agingWorld{t: t, store: store, calls: map[string]int{}}
	w.sandbox = byzantinetest.NewServer(byzantinetest.WithTime(time.Now()))
	t.Cleanup(w.sandbox.Close)
	w.account = w.sandbox.AddAccount(byzantinetest.Account{}).ID
	w.slots[0], w.slots[1] = store.Replicas(t)
	w.happen(agingEvents)
	return w
}

// happen makes n events happen, one second apart, and reads the ids of all events into w.events, the oldest first. All
// events together happen within the Reconciler's Overlap.
func (w *agingWorld) happen(n int) {
	statuses := []byzantine.VerificationStatus{byzantine.VerificationInactive, byzantine.VerificationActive}
	for range n {
		w.sandbox.SetStatus(w.account, statuses[len(w.events)%2])
		w.sandbox.Advance(time.Second)
		w.events = append(w.events, "")
	}
	i := len(w.events)
	for e, err := range w.sandbox.Client().AllEvents(w.t.Context(), nil) {
		require.NoError(w.t, err)
		i--
		w.events[i] = e.ID
	}
	require.Zero(w.t, i)
}

func (w *agingWorld) age(retentions float64) {
	w.t.Helper()
	if retention := w.slots[0].Retention(); retention < 1<<62 {
		w.store.Age(w.t, time.Duration(retentions*float64(retention)))
	}
}

func (w *agingWorld) handle(_ context.Context, d *webhook.Delivery) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.EventID == w.odd {
		return errors.New("odd")
	}
	w.calls[d.EventID]++
	return nil
}

// reconcile makes a pass and returns its report and what it logged. The two replicas make the passes in turn.
func (w *agingWorld) reconcile() (report webhook.Report, logged string) {
	w.t.Helper()
	var log bytes.Buffer
	w.passes++
	r := &webhook.Reconciler{Events: w.sandbox.Client(), Store: w.slots[w.passes%2], Handle: w.handle, Grace: -1,
		Now: w.sandbox.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	report, err := r.Pass(w.t.Context())
	require.NoError(w.t, err)
	return report, log.String()
}

// tooFew is part of the warning that a store holds too few events.
const tooFew = "the store holds fewer events"

// passThatForgets makes a pass in which one event fails. The number of events after that one is behind, and the store
// holds fewer. It requires that the pass logs one warning. The first pass must handle all events after the failure, and
// each later pass some of them again.
func (w *agingWorld) passThatForgets(behind int) {
	w.t.Helper()
	report, logged := w.reconcile()
	require.Equal(w.t, 1, report.Failed)
	require.Equal(w.t, 1, strings.Count(logged, tooFew), "warnings in pass %d", w.passes)
	require.Equal(w.t, behind, report.Handled+report.Known)
	if w.passes == 1 {
		require.Equal(w.t, behind, report.Handled)
		return
	}
	require.Positive(w.t, report.Handled, "events that are handled again in pass %d", w.passes)
}

// pass makes a pass and requires that it handles and fails so many events, and that no event was ever handled twice
// unless the store Forgets.
func (w *agingWorld) pass(handled, failed int) {
	w.t.Helper()
	report, logged := w.reconcile()
	require.Equal(w.t, handled, report.Handled, "events that are handled in pass %d", w.passes)
	require.Equal(w.t, failed, report.Failed)
	require.NotContains(w.t, logged, tooFew)
	if !w.store.Forgets {
		for event, calls := range w.calls {
			require.Equal(w.t, 1, calls, event)
		}
	}
}

// redeliver delivers every event to both replicas and requires that each event was handled once in total.
func (w *agingWorld) redeliver() {
	w.t.Helper()
	for _, store := range w.slots {
		deliver := Receiver(w.t, store, w.handle)
		for event := range slices.Values(w.events) {
			assert.Equal(w.t, http.StatusNoContent, deliver(event))
		}
	}
	for event, calls := range w.calls {
		require.Equal(w.t, 1, calls, event)
	}
}

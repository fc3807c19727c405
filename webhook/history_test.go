package webhook_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// epoch is the earliest time of the events in these tests.
var epoch = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// history is an EventHistory for tests with more events than a test server can have. It lists the newest event first,
// and both bounds are exclusive. The id of an event is its index in times. (The recovery tests use a real server and
// client.)
type history struct {
	times    []time.Time // CreatedAt of the events, ascending
	hidden   map[int]bool
	truncate time.Duration // the bounds of a request are rounded down to a multiple of it; 0 means that they are not
	err      error         // the error with which AllEvents ends; nil for none
	failAt   int           // how many events are read before err, over all calls

	mu      sync.Mutex // guards times and pages where they change during a Run
	loops   int
	pages   int // how many pages were requested
	read    int
	longest int // the most events that one call has read
}

func (h *history) AllEvents(_ context.Context, req *byzantine.ListEventsRequest, _ ...byzantine.CallOption) iter.Seq2[byzantine.Event, error] {
	after, before := req.CreatedAfter, req.CreatedBefore
	if h.truncate > 0 {
		after, before = after.Truncate(h.truncate), before.Truncate(h.truncate)
	}
	return func(yield func(byzantine.Event, error) bool) {
		h.loops++
		h.mu.Lock()
		times := h.times
		h.pages++
		h.mu.Unlock()
		end := sort.Search(len(times), func(i int) bool { return !before.IsZero() && !times[i].Before(before) })
		read := 0
		for i := end - 1; i >= 0 && (req.CreatedAfter.IsZero() || times[i].After(after)); i-- {
			if h.err != nil && h.read >= h.failAt {
				yield(byzantine.Event{}, h.err)
				return
			}
			if h.hidden[i] {
				continue
			}
			if read > 0 && read%250 == 0 {
				h.mu.Lock()
				h.pages++
				h.mu.Unlock()
			}
			h.read++
			read++
			h.longest = max(h.longest, read)
			if !yield(newEvent(i, times[i]), nil) {
				return
			}
		}
	}
}

func newEvent(position int, at time.Time) byzantine.Event {
	return byzantine.Event{ID: fmt.Sprint(position), Type: byzantine.EventCustomerActive, CreatedAt: at}
}

// spread returns n random times in ascending order, less than within after epoch, rounded down to the resolution.
func spread(n int, within, resolution time.Duration) []time.Time {
	times := make([]time.Time, n)
	for i := range times {
		times[i] = epoch.Add(time.Duration(rand.Int64N(int64(within)))).Truncate(resolution)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

func (h *history) last() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.times[len(h.times)-1]
}

func (h *history) grow(times []time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.times = times
}

// book counts the events that its handle method was called with and that did not fail.
type book struct {
	mu    sync.Mutex
	times []time.Time
	count map[string]int
	fail  map[string]error
}

func (b *book) handle(_ context.Context, d *webhook.Delivery) error {
	if err := b.fail[d.EventID]; err != nil {
		return err
	}
	event, err := d.Event()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.times = append(b.times, event.CreatedAt)
	if b.count == nil {
		b.count = map[string]int{}
	}
	b.count[d.EventID]++
	return nil
}

func (b *book) requireEachOnce(t *testing.T, n int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Len(t, b.count, n)
	for id, count := range b.count {
		require.Equal(t, 1, count, "event %s", id)
	}
}

func (b *book) requireOldestFirst(t *testing.T) {
	t.Helper()
	assert.True(t, slices.IsSortedFunc(b.times, time.Time.Compare), "oldest first")
}

// newReconciler returns a Reconciler of the whole history, whose clock is an hour after the last event.
func newReconciler(h *history, store webhook.Store, fn webhook.Func) *webhook.Reconciler {
	return &webhook.Reconciler{Events: h, Store: store, Handle: fn, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return h.last().Add(time.Hour) }}
}

func newStore() *webhook.MemoryStore { return &webhook.MemoryStore{MaxEvents: 1 << 21} }

func pass(t *testing.T, r *webhook.Reconciler) webhook.Report {
	t.Helper()
	report, err := r.Pass(t.Context())
	require.NoError(t, err)
	return report
}

// pagesSince returns how many pages were requested since it was last called.
func (h *history) pagesSince() (pages int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	pages, h.pages = h.pages, 0
	return pages
}

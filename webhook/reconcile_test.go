package webhook_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func TestReconcilerHandsOverEachEventOnceOldestFirst(t *testing.T) {
	for name, h := range map[string]*history{
		"one":                     {times: spread(1, time.Hour, time.Microsecond)},
		"a page":                  {times: spread(250, time.Hour, time.Microsecond)},
		"as many as are held":     {times: spread(webhook.MaxHeldEvents, time.Hour, time.Microsecond)},
		"one more":                {times: spread(webhook.MaxHeldEvents+1, time.Hour, time.Microsecond)},
		"a month":                 {times: spread(6000, 30*24*time.Hour, time.Nanosecond)},
		"on every millisecond":    {times: spread(8000, 8*time.Second, time.Millisecond)},
		"on every second":         {times: spread(8000, time.Hour, time.Second)},
		"a burst after silence":   {times: append(spread(10, time.Hour, time.Second), shift(spread(5000, time.Second, time.Microsecond), 24*365*time.Hour)...)},
		"bounds cut to a milli":   {times: spread(5000, time.Minute, time.Microsecond), truncate: time.Millisecond},
		"bounds cut to a micro":   {times: spread(5000, time.Minute, time.Nanosecond), truncate: time.Microsecond},
		"a quiet year in the mid": {times: append(spread(3000, time.Hour, time.Second), shift(spread(3000, time.Hour, time.Second), 24*365*time.Hour)...)},
	} {
		t.Run(name, func(t *testing.T) {
			var b book
			r := newReconciler(h, newStore(), b.handle)
			report := pass(t, r)
			assert.Equal(t, webhook.Report{Handled: len(h.times), Checkpoint: h.last()}, report)
			b.requireEachOnce(t, len(h.times))
			b.requireOldestFirst(t)
			assert.Less(t, h.longest, webhook.MaxHeldEvents+50, "what is read is held, but for a few at the bounds")
			assert.LessOrEqual(t, h.read, 4*len(h.times)+100*webhook.MaxHeldEvents, "it is read a few times at most")

			report = pass(t, r)
			assert.Zero(t, report.Handled)
			b.requireEachOnce(t, len(h.times))
		})
	}
}

func shift(times []time.Time, by time.Duration) []time.Time {
	for i := range times {
		times[i] = times[i].Add(by)
	}
	return times
}

// More than MaxHeldEvents events have the same time. They come in any order, but each is handled once, and the events
// before and after them are handled in order.
func TestReconcilerCopesWithEqualTimestamps(t *testing.T) {
	times := spread(2000, time.Minute, time.Microsecond)
	for range 5000 {
		times = append(times, epoch.Add(time.Hour))
	}
	h := &history{times: append(times, shift(spread(2000, time.Minute, time.Microsecond), 2*time.Hour)...)}
	var b book
	pass(t, newReconciler(h, newStore(), b.handle))
	b.requireEachOnce(t, 9000)
	b.requireOldestFirst(t)
}

// A backlog is handled in order, and at most MaxHeldEvents of its events are held in memory.
func TestReconcilerBacklogInBoundedMemory(t *testing.T) {
	n := longtest.Count(30_000, 1_000_000)
	h := &history{times: spread(n, 90*24*time.Hour, time.Microsecond)}
	var last time.Time
	handled, ordered := 0, true
	var peak uint64
	r := newReconciler(h, &webhook.MemoryStore{MaxEvents: 5000}, func(_ context.Context, d *webhook.Delivery) error {
		event, err := d.Event()
		ordered = ordered && !event.CreatedAt.Before(last)
		last = event.CreatedAt
		if handled++; handled%5000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
		return err
	})
	start := time.Now()
	pass(t, r)
	assert.Equal(t, n, handled)
	assert.True(t, ordered)
	assert.Less(t, h.longest, webhook.MaxHeldEvents+50)
	t.Logf("%d events in %s: %d loops over the list, %.2f reads per event, %d MB of heap at most (%d of them are the test's history)",
		n, time.Since(start).Round(time.Millisecond), h.loops, float64(h.read)/float64(n), peak>>20, n*24>>20)
}

func TestReconcilerLeavesOutWhatWebhooksDelivered(t *testing.T) {
	h := &history{times: spread(100, time.Hour, time.Second)}
	store := newStore()
	for i := range 100 {
		if i%3 > 0 {
			c, err := store.Begin(t.Context(), fmt.Sprint(i), time.Hour)
			require.NoError(t, err)
			require.NoError(t, store.Done(t.Context(), c))
		}
	}
	var b book
	report := pass(t, newReconciler(h, store, b.handle))
	assert.Equal(t, 34, report.Handled)
	assert.Equal(t, 66, report.Known)
	b.requireEachOnce(t, 34)
}

func TestEventsThatAreCommittedLateAreFound(t *testing.T) {
	h := &history{times: spread(1000, time.Hour, time.Second), hidden: map[int]bool{}}
	var b book
	r := newReconciler(h, newStore(), b.handle)
	late := []int{}
	for i := range h.times {
		if h.last().Sub(h.times[i]) < 9*time.Minute && i%2 == 0 && i < 999 {
			h.hidden[i] = true
			late = append(late, i)
		}
	}
	require.NotEmpty(t, late)
	assert.Equal(t, 1000-len(late), pass(t, r).Handled)
	clear(h.hidden)
	assert.Equal(t, len(late), pass(t, r).Handled)
	b.requireEachOnce(t, 1000)
}

// A process dies in the middle of a slice, six times. The next one continues: each event is handled once, and in order.
func TestReconcilerRestartsInTheMiddle(t *testing.T) {
	h := &history{times: spread(5000, 24*time.Hour, time.Microsecond)}
	store := newStore()
	var b book
	for restarts := 0; ; restarts++ {
		ctx, die := context.WithCancel(t.Context())
		calls := 0
		report, err := newReconciler(h, store, func(ctx context.Context, d *webhook.Delivery) error {
			if calls++; calls > 777 {
				die()
				return ctx.Err()
			}
			return b.handle(ctx, d)
		}).Pass(ctx)
		die()
		if err == nil {
			assert.Equal(t, 6, restarts)
			assert.Equal(t, h.last(), report.Checkpoint)
			break
		}
		require.ErrorIs(t, err, context.Canceled)
	}
	b.requireEachOnce(t, 5000)
	b.requireOldestFirst(t)
}

func TestReconcilerGoesOnAfterAnErrorOfTheAPI(t *testing.T) {
	h := &history{times: spread(3000, time.Hour, time.Microsecond), err: errors.New("the API is away"), failAt: 2500}
	var b book
	r := newReconciler(h, newStore(), b.handle)
	report, err := r.Pass(t.Context())
	require.ErrorIs(t, err, h.err)
	assert.Less(t, report.Handled, 3000)
	h.err = nil
	pass(t, r)
	b.requireEachOnce(t, 3000)
	b.requireOldestFirst(t)
}

func TestFailedEventHoldsTheCheckpointButNotTheOthers(t *testing.T) {
	h := &history{times: spread(500, 24*time.Hour, time.Second)}
	b := book{fail: map[string]error{"100": errors.New("odd"), "200": errors.New("odd")}}
	store := newStore()
	r := newReconciler(h, store, b.handle)
	for range 2 {
		report := pass(t, r)
		assert.Equal(t, 2, report.Failed)
		assert.Equal(t, h.times[100], report.Checkpoint)
		b.requireEachOnce(t, 498)
	}
	delete(b.fail, "100")
	assert.Equal(t, h.times[200], pass(t, r).Checkpoint)
	delete(b.fail, "200")
	report := pass(t, r)
	assert.Equal(t, h.last(), report.Checkpoint)
	assert.Equal(t, 1, report.Handled)
	b.requireEachOnce(t, 500)
}

// While the callback fails, each pass reads the same events again, and none from more than Overlap before Start, which
// another program may have handled.
func TestAnOutageLeadsToNoEventsFromBeforeStart(t *testing.T) {
	h := &history{}
	for at := epoch; at.Before(epoch.Add(10 * time.Hour)); at = at.Add(3 * time.Minute) {
		h.times = append(h.times, at)
	}
	start := epoch.Add(9 * time.Hour)
	oldest := h.last()
	var outage error = errors.New("the database is away")
	var b book
	r := newReconciler(h, newStore(), func(ctx context.Context, d *webhook.Delivery) error {
		event, err := d.Event()
		require.NoError(t, err)
		if event.CreatedAt.Before(oldest) {
			oldest = event.CreatedAt
		}
		if outage != nil {
			return outage
		}
		return b.handle(ctx, d)
	})
	r.Start, r.Overlap = start, 10*time.Minute
	for range 20 {
		assert.Equal(t, start, pass(t, r).Checkpoint)
	}
	outage = nil
	report := pass(t, r)
	assert.Equal(t, h.last(), report.Checkpoint)
	assert.Equal(t, 3+20, report.Handled, "those of the overlap and those since Start")
	assert.Equal(t, start.Add(-9*time.Minute), oldest)
}

// If a store has lost records, their events are handed over again. If they fail then, the checkpoint does not move back
// to them.
func TestACheckpointNeverMovesBack(t *testing.T) {
	h := &history{times: spread(200, 2*time.Hour, time.Second)}
	store := newStore()
	var b book
	pass(t, newReconciler(h, store, b.handle))
	r := newReconciler(h, &forgetful{Store: store}, func(context.Context, *webhook.Delivery) error { return errors.New("odd") })
	for range 5 {
		report := pass(t, r)
		assert.Equal(t, h.last(), report.Checkpoint)
		assert.Positive(t, report.Failed)
	}
}

// forgetful is a store whose Begin claims a done record again, like a store that has lost its records.
type forgetful struct{ webhook.Store }

func (f *forgetful) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	claim, err := f.Store.Begin(ctx, key, lease)
	if errors.Is(err, webhook.ErrHandled) {
		return webhook.Claim{Key: key}, nil
	}
	return claim, err
}

func (f *forgetful) Forget(ctx context.Context, claim webhook.Claim) error {
	if claim.Token == 0 {
		return nil
	}
	return f.Store.Forget(ctx, claim)
}

func TestTooManyFailuresEndThePass(t *testing.T) {
	h := &history{times: spread(500, 24*time.Hour, time.Second)}
	calls := 0
	r := newReconciler(h, newStore(), func(context.Context, *webhook.Delivery) error { calls++; return errors.New("the database is away") })
	report, err := r.Pass(t.Context())
	require.ErrorContains(t, err, "the database is away")
	assert.Equal(t, webhook.MaxFailures, calls)
	assert.Equal(t, webhook.MaxFailures, report.Failed)
}

func TestEventInProgressElsewhereIsNotPassed(t *testing.T) {
	h := &history{times: spread(50, 24*time.Hour, time.Second)}
	store := newStore()
	live, err := store.Begin(t.Context(), "10", time.Hour)
	require.NoError(t, err)
	var b book
	r := newReconciler(h, store, b.handle)
	report := pass(t, r)
	assert.Equal(t, 1, report.InProgress)
	assert.Equal(t, h.times[10], report.Checkpoint)
	require.NoError(t, store.Forget(t.Context(), live)) // its callback failed
	assert.Equal(t, 1, pass(t, r).Handled)
	b.requireEachOnce(t, 50)
}

// The checkpoint is a time from the API, so that a wrong clock delays events but loses none.
func TestReconcilerSurvivesAWrongClock(t *testing.T) {
	all := spread(300, time.Hour, time.Second)
	h := &history{times: all[:100]}
	var b book
	r := newReconciler(h, newStore(), b.handle)
	r.Now = func() time.Time { return epoch.Add(1000 * time.Hour) }
	assert.Equal(t, h.last(), pass(t, r).Checkpoint, "not a time to come")
	h.times = all[:200]
	assert.Equal(t, 100, pass(t, r).Handled)
	h.times = all
	r.Now = func() time.Time { return epoch }
	assert.Zero(t, pass(t, r).Handled)
	r.Now = func() time.Time { return h.last().Add(2 * time.Minute) }
	assert.Equal(t, 100, pass(t, r).Handled)
	b.requireEachOnce(t, 300)
}

func TestGraceLeavesFreshEventsToTheirWebhooks(t *testing.T) {
	h := &history{times: []time.Time{epoch, epoch.Add(time.Minute), epoch.Add(2 * time.Minute)}}
	now := epoch.Add(2 * time.Minute)
	var b book
	r := newReconciler(h, newStore(), b.handle)
	r.Now = func() time.Time { return now }
	assert.Equal(t, 2, pass(t, r).Handled)
	r.Grace = -1
	assert.Equal(t, 1, pass(t, r).Handled)
}

func TestStartCountsOnlyWithoutACheckpoint(t *testing.T) {
	h := &history{times: []time.Time{epoch, epoch.Add(time.Hour), epoch.Add(3 * time.Hour)}}
	store := newStore()
	var b book
	first := newReconciler(h, store, b.handle)
	first.Start = epoch.Add(2 * time.Hour)
	first.Now = func() time.Time { return epoch.Add(2 * time.Hour) }
	assert.Equal(t, webhook.Report{Checkpoint: first.Start}, pass(t, first), "none after Start yet")

	again := newReconciler(h, store, b.handle)
	again.Start = epoch.Add(4 * time.Hour) // does not count, because the store has a checkpoint
	assert.Equal(t, 1, pass(t, again).Handled)

}

// Two Reconcilers with different Names on one store would each purge records that the other one still needs.
func TestSecondNameOnTheSameStoreIsRejected(t *testing.T) {
	h := &history{times: spread(3, time.Hour, time.Second)}
	store := newStore()
	var b book
	pass(t, newReconciler(h, store, b.handle))
	other := newReconciler(h, store, b.handle)
	other.Name = "other"
	_, err := other.Pass(t.Context())
	require.ErrorContains(t, err, `Name is "other"`)
	require.ErrorContains(t, err, `"events"`)
	require.ErrorContains(t, other.Run(t.Context()), "another Name", "waiting does not help")
	b.requireEachOnce(t, 3)
	assert.Zero(t, pass(t, newReconciler(h, store, b.handle)).Handled, "the first one goes on")

	own := newReconciler(h, newStore(), b.handle)
	own.Name = "other"
	assert.Equal(t, 3, pass(t, own).Handled, "on a store of its own it may have any Name")
}

func TestReplicasTakeTurns(t *testing.T) {
	h := &history{times: spread(10, time.Hour, time.Second)}
	store := newStore()
	var inner error
	r := newReconciler(h, store, func(context.Context, *webhook.Delivery) error { return nil })
	r.Handle = func(ctx context.Context, _ *webhook.Delivery) error {
		_, inner = newReconciler(h, store, r.Handle).Pass(ctx)
		return nil
	}
	assert.Equal(t, 10, pass(t, r).Handled)
	require.ErrorIs(t, inner, webhook.ErrInProgress)
	assert.Positive(t, pass(t, r).Known, "the end of a pass is known at once")
}

// A Reconciler whose lease ends during a pass, and which another one overtakes, gets ErrLeaseLost and leaves the
// checkpoint as it is.
func TestReconcilerThatWasOvertakenCannotSetTheCheckpointBack(t *testing.T) {
	now := time.Now()
	store := &webhook.MemoryStore{Now: func() time.Time { return now }}
	h := &history{times: spread(10, time.Hour, time.Second)}
	overtake := func(ctx context.Context, _ *webhook.Delivery) error {
		now = now.Add(time.Hour)
		c, err := store.Begin(ctx, "reconciler/events", time.Hour)
		if err != nil {
			return nil // the checkpoint is claimed already: this is not the first event
		}
		return store.Save(ctx, c, time.Hour, "2030-01-01T00:00:00Z")
	}
	_, err := newReconciler(h, store, overtake).Pass(t.Context())
	require.ErrorIs(t, err, webhook.ErrLeaseLost)
	now = now.Add(2 * time.Hour)
	c, err := store.Begin(t.Context(), "reconciler/events", time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "2030-01-01T00:00:00Z", c.Value)
}

func TestReconcilerRejects(t *testing.T) {
	h := &history{times: spread(1, time.Hour, time.Second)}
	store := newStore()
	for name, change := range map[string]func(*webhook.Reconciler){
		"no events":  func(r *webhook.Reconciler) { r.Events = nil },
		"no store":   func(r *webhook.Reconciler) { r.Store = nil },
		"no handle":  func(r *webhook.Reconciler) { r.Handle = nil },
		"no overlap": func(r *webhook.Reconciler) { r.Overlap = time.Millisecond },
		"interval":   func(r *webhook.Reconciler) { r.Interval = -1 },
		"timeout":    func(r *webhook.Reconciler) { r.Timeout = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReconciler(h, store, ignore)
			change(r)
			_, err := r.Pass(t.Context())
			require.ErrorContains(t, err, "Reconciler")
			require.ErrorContains(t, r.Run(t.Context()), "Reconciler")
		})
	}
	c, err := store.Begin(t.Context(), "reconciler/events", time.Hour)
	require.NoError(t, err)
	require.NoError(t, store.Save(t.Context(), c, time.Hour, "yesterday"))
	require.NoError(t, store.Forget(t.Context(), c))
	_, err = newReconciler(h, store, ignore).Pass(t.Context())
	require.ErrorContains(t, err, "checkpoint")
}

func TestRunMakesPassesUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{times: spread(30, time.Hour, time.Second)[:10:30]}
		more := h.times[:30]
		var b book
		store := &flakyStore{Store: newStore()}
		r := newReconciler(h, store, b.handle)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		b.requireEachOnce(t, 10)

		h.grow(more[:20])
		store.begin.Store(1) // Run continues after a pass that fails
		time.Sleep(time.Minute)
		synctest.Wait()
		b.requireEachOnce(t, 10)
		time.Sleep(time.Minute)
		synctest.Wait()
		b.requireEachOnce(t, 20)

		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
		h.grow(more)
		time.Sleep(time.Hour)
		b.requireEachOnce(t, 20)
	})
}

// purgingStore is a Purger that counts the calls of Purge.
type purgingStore struct {
	webhook.Store
	retention time.Duration // zero means that of the inner store
	purges    int
}

func (s *purgingStore) Retention() time.Duration { return cmp.Or(s.retention, s.Store.Retention()) }

func (s *purgingStore) Purge(context.Context) error { s.purges++; return nil }

func TestOldRecordsAreDroppedAfterACompletePassOnly(t *testing.T) {
	h := &history{times: spread(10, time.Hour, time.Second)}
	store := &purgingStore{Store: newStore()}
	b := book{fail: map[string]error{"5": errors.New("odd")}}
	r := newReconciler(h, store, b.handle)
	pass(t, r)
	assert.Equal(t, 1, store.purges, "the failed event holds the checkpoint, but what is behind it was renewed")

	h.err = errors.New("the API is away")
	_, err := r.Pass(t.Context())
	require.ErrorIs(t, err, h.err)
	assert.Equal(t, 1, store.purges, "what was not read was not renewed")
	h.err = nil

	// With a clock that is slow by half of the retention or more, a pass does not reach records that may be old, so
	// they are not purged.
	r.Now = func() time.Time { return h.last().Add(-15 * 24 * time.Hour) }
	store.retention = 30 * 24 * time.Hour
	pass(t, r)
	assert.Equal(t, 1, store.purges)
	r.Now = func() time.Time { return h.last().Add(-14 * 24 * time.Hour) }
	pass(t, r)
	assert.Equal(t, 2, store.purges)
}

// After a pass that took half of the retention or longer, records that it renewed at its beginning are old, so they are
// not purged.
func TestOldRecordsAreNotDroppedAfterALongPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{times: spread(10, time.Hour, time.Second)}
		store := &purgingStore{Store: newStore(), retention: 20 * time.Hour}
		slow := time.Hour
		r := newReconciler(h, store, func(context.Context, *webhook.Delivery) error { time.Sleep(slow); return nil })
		r.Timeout = 2 * time.Hour
		pass(t, r)
		assert.Zero(t, store.purges)
		slow = 59 * time.Minute
		r.Store = &purgingStore{Store: newStore(), retention: 20 * time.Hour}
		pass(t, r)
		assert.Equal(t, 1, r.Store.(*purgingStore).purges)
	})
}

func TestRetentionThatIsTooShortIsRejected(t *testing.T) {
	h := &history{times: spread(10, time.Hour, time.Second)}
	r := newReconciler(h, nil, ignore) // Overlap, Grace and Interval are 10, 1 and 1 minutes
	for retention, ok := range map[time.Duration]bool{5 * time.Minute: false, 12 * time.Minute: false, 12*time.Minute + 1: true} {
		r.Store = &purgingStore{Store: newStore(), retention: retention}
		_, err := r.Pass(t.Context())
		if ok {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "retention, "+retention.String())
		require.ErrorContains(t, r.Run(t.Context()), "longer than Overlap")
	}
}

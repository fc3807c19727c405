package webhook_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// clockWorld is an EventHistory to which events are added while a Reconciler reads it, and a machine whose clock is
// wrong.
type clockWorld struct {
	created []time.Time     // CreatedAt of the events by the API's clock, ascending
	late    []time.Duration // how much later each of them appears in the list
	latency time.Duration   // of the request for a page

	offset   time.Duration // how much the machine's clock is fast
	callback time.Duration // a callback takes less than this
	lives    []time.Duration
}

// newClockWorld returns a world with one new event per second on average, in which callbacks take 0.8 s on average at
// most, so that a backlog shrinks slowly.
func newClockWorld(seed uint64) *clockWorld {
	random := rand.New(rand.NewPCG(seed, 0))
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	w := &clockWorld{
		latency:  upTo(200 * time.Millisecond),
		offset:   upTo(2*time.Hour) - time.Hour,
		callback: time.Millisecond + upTo(1600*time.Millisecond),
	}
	if seed%2 == 0 { // the worst case
		w.offset, w.callback = 25*time.Minute+upTo(30*time.Minute), 1600*time.Millisecond
	}
	now := time.Now()
	backlog, live := 500+random.IntN(2000), 500+random.IntN(2500)
	for range backlog {
		w.created = append(w.created, now.Add(-upTo(time.Duration(1+seed%48)*time.Hour)))
	}
	for range live {
		w.created = append(w.created, now.Add(upTo(time.Duration(live)*time.Second)))
	}
	slices.SortFunc(w.created, time.Time.Compare)
	for range w.created {
		late := time.Duration(0)
		if random.IntN(3) == 0 {
			late = upTo(9 * time.Minute) // less than the overlap
		}
		w.late = append(w.late, late)
	}
	for range random.IntN(4) {
		w.lives = append(w.lives, upTo(30*time.Minute))
	}
	return w
}

// AllEvents lists the events that have appeared when each page is requested, the newest first.
func (w *clockWorld) AllEvents(ctx context.Context, req *byzantine.ListEventsRequest, _ ...byzantine.CallOption) iter.Seq2[byzantine.Event, error] {
	return func(yield func(byzantine.Event, error) bool) {
		for next := len(w.created) - 1; next >= 0; {
			time.Sleep(w.latency)
			now, page := time.Now(), 0
			for ; next >= 0 && page < 250; next-- {
				at := w.created[next]
				switch {
				case at.Add(w.late[next]).After(now), !req.CreatedBefore.IsZero() && !at.Before(req.CreatedBefore):
				case !req.CreatedAfter.IsZero() && !at.After(req.CreatedAfter):
					return
				default:
					if !yield(newEvent(next, at), ctx.Err()) {
						return
					}
					page++
				}
			}
		}
	}
}

// Whatever the machine's clock says, up to an hour off either way, each event is handled once: with a backlog, with
// events that happen during passes or appear late in the list, with callbacks that take long, and with restarts.
func TestNoEventIsLostWhateverTheClockSays(t *testing.T) {
	for seed := range longtest.Count[uint64](6, 50) {
		t.Run(fmt.Sprintf("world %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newClockWorld(seed)
				var b book
				random := rand.New(rand.NewPCG(seed, 1))
				store := newStore()
				r := &webhook.Reconciler{Events: w, Store: store, Logger: slog.New(slog.DiscardHandler),
					Now: func() time.Time { return time.Now().Add(w.offset) },
					Handle: func(ctx context.Context, d *webhook.Delivery) error {
						time.Sleep(time.Duration(random.Int64N(int64(w.callback))))
						if ctx.Err() != nil {
							return ctx.Err()
						}
						return b.handle(ctx, d)
					}}
				live := func(life time.Duration) {
					ctx, end := context.WithTimeout(t.Context(), life)
					defer end()
					require.ErrorIs(t, r.Run(ctx), context.DeadlineExceeded)
					time.Sleep(10 * time.Second) // callbacks that were under way have ended
				}
				for _, life := range w.lives {
					live(life)
				}
				for hour := 0; len(b.count) < len(w.created) && hour < 8; hour++ {
					live(time.Hour)
				}
				live(3 * time.Minute) // nothing is handled again
				require.Equal(t, len(w.created), len(b.count), "clock off by %v, callbacks of up to %v", w.offset, w.callback)
				b.requireEachOnce(t, len(w.created))
			})
		})
	}
}

package webhook_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// bursts returns the times of at least n events. They come in bursts of least to most events within a minute. The next
// burst begins a minute, and a random time of less than twice pause, after the beginning of the one before.
func bursts(random *rand.Rand, n, least, most int, pause time.Duration) (times []time.Time) {
	for at := epoch; len(times) < n; at = at.Add(time.Minute + time.Duration(random.Int64N(int64(2*pause)))) {
		for range least + random.IntN(most-least+1) {
			times = append(times, at.Add(time.Duration(random.Int64N(int64(time.Minute)))))
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// A thousand events fill four pages. How many more requests a pass needs for them depends on how well it cuts the time
// into slices.
func TestReconcilerNeedsFewRequests(t *testing.T) {
	const n, day = 20000, 24 * time.Hour
	even := func(random *rand.Rand, n int) (times []time.Time) {
		for range n {
			times = append(times, epoch.Add(time.Duration(random.Int64N(int64(90*day)))))
		}
		slices.SortFunc(times, time.Time.Compare)
		return times
	}
	for name, c := range map[string]struct {
		times func(*rand.Rand) []time.Time
		most  float64 // requests for 1,000 events
	}{
		"even":            {func(r *rand.Rand) []time.Time { return even(r, n) }, 5},
		"even, and short": {func(r *rand.Rand) []time.Time { return even(r, 5000) }, 6},
		"office hours": {func(r *rand.Rand) []time.Time {
			times := even(r, n)
			for i, at := range times {
				midnight := at.Truncate(day)
				times[i] = midnight.Add(9*time.Hour + at.Sub(midnight)/3)
			}
			return times
		}, 6},
		"small bursts":              {func(r *rand.Rand) []time.Time { return bursts(r, n, 10, 100, day) }, 7},
		"bursts":                    {func(r *rand.Rand) []time.Time { return bursts(r, n, 100, 700, day) }, 7},
		"bursts after quiet months": {func(r *rand.Rand) []time.Time { return bursts(r, n, 100, 700, 90*day) }, 7},
		"bursts of any size":        {func(r *rand.Rand) []time.Time { return bursts(r, n, 1, 3000, 10*day) }, 10},
		"long bursts":               {func(r *rand.Rand) []time.Time { return bursts(r, n, 5000, 5000, 30*day) }, 10},
		"one moment":                {func(r *rand.Rand) []time.Time { return slices.Repeat([]time.Time{epoch}, n) }, 6},
	} {
		t.Run(name, func(t *testing.T) {
			events, pages := 0, 0
			for seed := range longtest.Count[uint64](1, 2) {
				h := &history{times: c.times(rand.New(rand.NewPCG(seed, 0)))}
				var b book
				r := newReconciler(h, newStore(), b.handle)
				r.Start = epoch
				pass(t, r)
				b.requireEachOnce(t, len(h.times))
				events, pages = events+len(h.times), pages+h.pages
			}
			per := 1000 * float64(pages) / float64(events)
			t.Logf("%.1f requests for 1,000 events", per)
			assert.LessOrEqual(t, per, c.most)
		})
	}
}

// While nothing happens, a pass makes one request. The first pass after a burst of events reads all of it, with few
// more requests than its pages.
func TestRunThroughQuietMonthsAndBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{times: []time.Time{time.Now()}}
		var b book
		r := newReconciler(h, newStore(), b.handle)
		r.Now, r.Interval, r.Start = time.Now, 24*time.Hour, time.Now().Add(-time.Second)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()

		for range 4 {
			synctest.Wait()
			h.pagesSince()
			time.Sleep(90 * 24 * time.Hour)
			synctest.Wait()
			assert.Equal(t, 90, h.pagesSince())

			times := slices.Clone(h.times)
			for i := range 7 * webhook.MaxHeldEvents {
				times = append(times, time.Now().Add(time.Duration(i)*10*time.Millisecond))
			}
			h.grow(append(times, time.Now().Add(20*time.Minute))) // so that the passes of the next quiet months do not read the burst again
			h.pagesSince()
			time.Sleep(24 * time.Hour)
			synctest.Wait()
			b.requireEachOnce(t, len(h.times))
			assert.LessOrEqual(t, h.pagesSince(), 10*7)
		}
		b.requireOldestFirst(t)
		stop()
		<-ended
	})
}

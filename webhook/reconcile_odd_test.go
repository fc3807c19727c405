package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// oddHistory returns a client of a server whose list of events is one page with the given JSON texts.
func oddHistory(t *testing.T, events ...string) *byzantine.Client {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"events":[`+strings.Join(events, ",")+`],"nextCursor":null}`)
	}))
	t.Cleanup(api.Close)
	client, err := byzantine.NewClient(newSigningKey(t).PrivateKey, byzantine.WithBaseURL(api.URL), byzantine.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	return client
}

func oddID(n int) string { return fmt.Sprintf("2f6a1c1e-0b7a-4c53-9d1b-%012d", n) }

func createdAt(minute int) string {
	return `"createdAt":"` + epoch.Add(time.Duration(minute)*time.Minute).Format(time.RFC3339) + `"`
}

// plainEvent returns a readable event as JSON. Its id and its createdAt are made from n.
func plainEvent(n int) string {
	return `{"id":"` + oddID(n) + `","type":"customer.active","occurredAt":"2026-09-01T00:00:00Z",` + createdAt(n) + `}`
}

// The list has events of both generations and some with odd values. Each is handed over with the fields that could be
// read, or logged and never recorded as handled. The other events are handled, and the checkpoint moves on.
func TestOddEventsOfTheHistory(t *testing.T) {
	for name, c := range map[string]struct {
		odd  string // the element between the plain events 1 and 3
		want webhook.Report
		id   string // the event id in the log
		seen byzantine.Event
	}{
		"June's envelope": {
			odd:  `{"id":"` + oddID(2) + `","eventType":"customer.rejected","accountId":"a","provider":"sumsub",` + createdAt(2) + `}`,
			want: webhook.Report{Handled: 3, Checkpoint: epoch.Add(3 * time.Minute)},
			seen: byzantine.Event{ID: oddID(2), Type: "customer.rejected", Related: byzantine.EventRelated{AccountID: "a"}},
		},
		"a time without a zone": {
			odd:  `{"id":"` + oddID(2) + `","type":"customer.rejected","occurredAt":"yesterday 10:11",` + createdAt(2) + `}`,
			want: webhook.Report{Handled: 3, Checkpoint: epoch.Add(3 * time.Minute)},
			seen: byzantine.Event{ID: oddID(2), Type: "customer.rejected"},
		},
		"createdAt of seconds": {
			odd:  `{"id":"` + oddID(2) + `","type":"customer.rejected","createdAt":1788220920}`,
			want: webhook.Report{Handled: 3, Checkpoint: epoch.Add(3 * time.Minute)},
			seen: byzantine.Event{ID: oddID(2), Type: "customer.rejected"},
		},
		"no type": {
			odd:  `{"id":"` + oddID(2) + `",` + createdAt(2) + `}`,
			want: webhook.Report{Handled: 2, Unreadable: 1, Checkpoint: epoch.Add(3 * time.Minute)},
			id:   oddID(2),
		},
		"a type that is no text": {
			odd:  `{"id":"` + oddID(2) + `","type":{},` + createdAt(2) + `}`,
			want: webhook.Report{Handled: 2, Unreadable: 1, Checkpoint: epoch.Add(3 * time.Minute)},
			id:   oddID(2),
		},
		"no id": {
			odd:  `{"type":"customer.rejected",` + createdAt(2) + `}`,
			want: webhook.Report{Handled: 2, Unreadable: 1, Checkpoint: epoch.Add(time.Minute)}, // held: the time of plain event 1
		},
		"an id that is no text": {
			odd:  `{"id":7,"type":"customer.rejected",` + createdAt(2) + `}`,
			want: webhook.Report{Handled: 2, Unreadable: 1, Checkpoint: epoch.Add(time.Minute)},
		},
		"no object": {
			odd:  `"customer.rejected"`,
			want: webhook.Report{Handled: 2, Unreadable: 1, Checkpoint: epoch.Add(time.Minute)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			var seen []byzantine.Event
			store := newStore()
			r := &webhook.Reconciler{Events: oddHistory(t, plainEvent(3), c.odd, plainEvent(1)), Store: store, Grace: -1,
				Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return epoch.Add(time.Hour) },
				Handle: func(_ context.Context, d *webhook.Delivery) error {
					event, err := d.Event()
					if err == nil {
						seen = append(seen, *event)
					}
					return err
				}}
			report := pass(t, r)
			assert.Equal(t, c.want, report)
			if c.want.Unreadable == 0 {
				require.Len(t, seen, 3)
				got := seen[1]
				assert.Equal(t, c.seen.ID, got.ID)
				assert.Equal(t, c.seen.Type, got.Type)
				assert.Equal(t, c.seen.Related, got.Related)
				assert.True(t, got.OccurredAt.IsZero())
				return
			}
			require.Len(t, seen, 2)
			assert.Contains(t, log.String(), "cannot be read and is not handled")
			assert.Contains(t, log.String(), "event_id="+c.id)
			if c.id != "" {
				_, err := store.Begin(t.Context(), c.id, time.Minute)
				require.NoError(t, err, "it was never recorded as handled")
			}
			log.Reset()
			again := pass(t, r)
			assert.Equal(t, webhook.Report{Known: 2, Unreadable: 1, Checkpoint: c.want.Checkpoint}, again)
			assert.Contains(t, log.String(), "cannot be read and is not handled", "each pass that reads it")
		})
	}
}

// An event whose CreatedAt cannot be read and whose callback fails holds the checkpoint at the time of the next older
// event.
func TestFailedEventWithoutATimeHoldsTheCheckpoint(t *testing.T) {
	events := []string{plainEvent(3), `{"id":"` + oddID(2) + `","type":"customer.active","createdAt":"x"}`, plainEvent(1)}
	b := book{fail: map[string]error{oddID(2): errors.New("odd")}}
	r := &webhook.Reconciler{Events: oddHistory(t, events...), Store: newStore(), Handle: b.handle, Grace: -1,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return epoch.Add(time.Hour) }}
	for range 3 {
		report := pass(t, r)
		assert.Equal(t, 1, report.Failed)
		assert.Equal(t, epoch.Add(time.Minute), report.Checkpoint)
	}
	clear(b.fail)
	assert.Equal(t, epoch.Add(3*time.Minute), pass(t, r).Checkpoint)
	b.requireEachOnce(t, 3)
}

// If no CreatedAt can be read, all events are handed over and there is no checkpoint.
func TestHistoryWithoutReadableTimes(t *testing.T) {
	var b book
	r := &webhook.Reconciler{Events: oddHistory(t, `{"id":"b","type":"x"}`, `{"id":"a","type":"x"}`), Store: newStore(), Handle: b.handle,
		Logger: slog.New(slog.DiscardHandler)}
	assert.Equal(t, webhook.Report{Handled: 2}, pass(t, r))
	assert.Equal(t, webhook.Report{Known: 2}, pass(t, r))
}

// listOf is a history that is the same whatever is asked for.
type listOf []byzantine.Event

func (h listOf) AllEvents(context.Context, *byzantine.ListEventsRequest, ...byzantine.CallOption) iter.Seq2[byzantine.Event, error] {
	return func(yield func(byzantine.Event, error) bool) {
		for _, e := range h {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// An event with an id that no store can take, or that is the key of the Reconciler's own records, stops nothing but itself.
func TestOddIDsStopNoPass(t *testing.T) {
	at := epoch
	for _, id := range []string{"reconciler", "reconciler/events", "a\x00b", strings.Repeat("x", 9000), "a b", "\xff"} {
		store := &choosy{newStore()}
		var b book
		r := newReconciler(&history{times: []time.Time{at.Add(time.Second)}}, store, b.handle)
		r.Events = listOf{{ID: "later", Type: "a.b", CreatedAt: at.Add(time.Second)}, {ID: id, Type: "a.b", CreatedAt: at}}
		for n := range 3 {
			report, err := r.Pass(t.Context())
			require.NoError(t, err, "%.20q", id)
			assert.Equal(t, 1, report.Unreadable, "%.20q", id)
			assert.Equal(t, min(1, max(0, 1-n)), report.Handled, "%.20q", id)
		}
	}
}

// choosy is a BulkStore that rejects a key that is empty, longer than 128 bytes, not UTF-8, or has a space or NUL in it.
type choosy struct{ *webhook.MemoryStore }

func (s *choosy) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	if err := s.check(key); err != nil {
		return webhook.Claim{}, err
	}
	return s.MemoryStore.Begin(ctx, key, lease)
}

func (s *choosy) Handled(_ context.Context, keys []string) ([]string, error) {
	return nil, s.check(keys...)
}

func (s *choosy) check(keys ...string) error {
	for _, key := range keys {
		if key == "" || len(key) > 128 || !utf8.ValidString(key) || strings.ContainsAny(key, " \x00") {
			return errors.New("the store rejects the key")
		}
	}
	return nil
}

// strict is a history that rejects an empty span, as the API may.
type strict struct {
	*history
	t *testing.T
}

func (s strict) AllEvents(ctx context.Context, req *byzantine.ListEventsRequest, opts ...byzantine.CallOption) iter.Seq2[byzantine.Event, error] {
	if !req.CreatedBefore.IsZero() {
		assert.True(s.t, req.CreatedAfter.Before(req.CreatedBefore), "asked for what is after %v and before %v", req.CreatedAfter, req.CreatedBefore)
	}
	return s.history.AllEvents(ctx, req, opts...)
}

// After a restart the machine's clock is slow, so no event that the pass can read is older than Grace.
func TestASlowClockAsksForNoEmptySpan(t *testing.T) {
	h := &history{times: spread(3000, 5*time.Minute, time.Microsecond)}
	var b book
	r := newReconciler(h, newStore(), b.handle)
	r.Events = strict{h, t}
	now := h.last().Add(time.Hour)
	r.Now = func() time.Time { return now }
	assert.Equal(t, 3000, pass(t, r).Handled)
	h.grow(append(h.times, shift(spread(3000, time.Minute, time.Microsecond), 6*time.Minute)...))
	now = epoch.Add(-time.Hour)
	report := pass(t, r)
	assert.Zero(t, report.Handled)
	assert.Equal(t, h.times[2999], report.Checkpoint)
	now = h.last().Add(time.Hour)
	assert.Equal(t, 3000, pass(t, r).Handled)
	b.requireEachOnce(t, 6000)
}

// "redis: " at the beginning of a callback's error stays in the log, although this module's Redis store has the same prefix.
func TestTheTextOfACallbacksErrorIsWhole(t *testing.T) {
	var log strings.Builder
	h := &history{times: []time.Time{epoch}}
	r := newReconciler(h, newStore(), func(context.Context, *webhook.Delivery) error { return errors.New("redis: nil") })
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	pass(t, r)
	assert.Contains(t, log.String(), "redis: nil")
}

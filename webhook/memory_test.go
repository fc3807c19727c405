package webhook_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/recovertest"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

func memoryReplicas(*testing.T) (a, b webhook.Store) {
	s := new(webhook.MemoryStore)
	return s, s
}

func TestMemoryStore(t *testing.T) { webhooktest.TestStore(t, memoryReplicas) }

func TestMemoryStoreIsBounded(t *testing.T) {
	now := time.Now()
	s := &webhook.MemoryStore{MaxEvents: 3, Now: func() time.Time { return now }}
	begin := func(key string) (webhook.Claim, error) { return s.Begin(t.Context(), key, time.Minute) }
	must := func(key string) webhook.Claim {
		c, err := begin(key)
		require.NoError(t, err)
		return c
	}
	checkpoint := must("checkpoint")
	require.NoError(t, s.Save(t.Context(), checkpoint, time.Minute, "value"))
	require.NoError(t, s.Forget(t.Context(), checkpoint))

	atWork := must("at work")
	require.NoError(t, s.Done(t.Context(), must("old")))
	require.NoError(t, s.Done(t.Context(), must("young")))
	last := must("one more") // drops "old"
	_, err := begin("young")
	require.ErrorIs(t, err, webhook.ErrHandled)
	_, err = begin("at work")
	require.ErrorIs(t, err, webhook.ErrInProgress)
	again := must("old") // drops "young"
	_, err = begin("too many")
	require.ErrorIs(t, err, webhook.ErrStoreFull)
	require.ErrorIs(t, s.Done(t.Context(), webhook.Claim{Key: "young"}), webhook.ErrLeaseLost)

	// A claim whose lease is over is dropped too if the store is full. Then the old claim is invalid, and the next
	// claim of its key has a larger token.
	now = now.Add(time.Minute)
	fresh := must("too many")
	assert.Greater(t, fresh.Token, again.Token)
	require.ErrorIs(t, s.Done(t.Context(), atWork), webhook.ErrLeaseLost)
	assert.Greater(t, must("at work").Token, atWork.Token)
	assert.Greater(t, again.Token, last.Token)

	for i := range 1000 {
		require.NoError(t, s.Done(t.Context(), must(fmt.Sprint(i))))
	}
	assert.Equal(t, "value", must("checkpoint").Value)
}

func TestRecovery(t *testing.T) { recovertest.Run(t, memoryReplicas) }

func TestRetention(t *testing.T) {
	const capacity = 100
	recovertest.RunRetention(t, recovertest.Aging{Capacity: capacity, Replicas: func(*testing.T) (a, b webhook.Store) {
		s := &webhook.MemoryStore{MaxEvents: capacity}
		return s, s
	}})
}

// The tokens of a store are larger than those of the store of an earlier process.
func TestMemoryStoreTokensGrowAcrossARestart(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { now = now.Add(time.Microsecond); return now }
	last := int64(0)
	for range 3 {
		s := &webhook.MemoryStore{Now: clock}
		for i := range 100 {
			c, err := s.Begin(t.Context(), fmt.Sprint(i), time.Minute)
			require.NoError(t, err)
			require.Greater(t, c.Token, last)
			last = c.Token
			now = now.Add(time.Duration(i%2) * time.Microsecond)
		}
	}
}

// An event that always fails holds the checkpoint, so each pass reads all later events again. If the store remembers
// fewer events than that, each pass handles some of them again and logs one warning.
func TestMemoryStoreThatIsTooSmallIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		capacity, behind int
		warns            bool
	}{
		"too small":                 {50, 51, true},
		"enough":                    {50, 48, false},
		"a backlog that is handled": {50, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := &history{times: spread(300, 24*time.Hour, time.Second)}
			var b book
			if c.behind > 0 {
				b.fail = map[string]error{fmt.Sprint(299 - c.behind): errors.New("odd")}
			}
			var log bytes.Buffer
			store := &webhook.MemoryStore{MaxEvents: c.capacity}
			r := newReconciler(h, store, b.handle)
			r.Overlap = time.Second
			r.Logger = slog.New(slog.NewTextHandler(&log, nil))
			pass(t, r)
			log.Reset()
			again := pass(t, r).Handled
			assert.Equal(t, c.warns, again > 0, "%d events are handled again", again)
			want := 0
			if c.warns {
				want = 1
			}
			assert.Equal(t, want, strings.Count(log.String(), "fewer events"))
		})
	}
}

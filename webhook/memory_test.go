package webhook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/recovertest"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

func memoryReplicas(*testing.T) (a, b webhook.Store) {
	s := webhook.NewMemoryStore(0, nil)
	return s, s
}

func TestMemoryStore(t *testing.T) { webhooktest.TestStore(t, memoryReplicas) }

func TestMemoryStoreIsBounded(t *testing.T) {
	now := time.Now()
	s := webhook.NewMemoryStore(3, func() time.Time { return now })
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

	// A lease that is over makes room as well, but the claims of the dropped record stay the older ones.
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

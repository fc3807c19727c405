package simulation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// The models pass the test that the real stores pass.
func TestModelsAreStores(t *testing.T) {
	t.Run("redis", func(t *testing.T) {
		webhooktest.TestStore(t, func(*testing.T) (a, b webhook.Store) {
			s := newRedisStore(48*time.Hour, time.Now)
			return s, s
		})
	})
	t.Run("postgres", func(t *testing.T) {
		webhooktest.TestStore(t, func(*testing.T) (a, b webhook.Store) {
			s := newPostgresStore(48*time.Hour, time.Now)
			return s, s
		})
	})
}

// The models forget in different ways: redis by expiry and by a failover, postgres by Purge only.
func TestModelsForget(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	handle := func(t *testing.T, s webhook.Store, key string) {
		c, err := s.Begin(t.Context(), key, time.Minute)
		require.NoError(t, err)
		require.NoError(t, s.Done(t.Context(), c))
	}
	knows := func(t *testing.T, s webhook.Store, key string) bool {
		c, err := s.Begin(t.Context(), key, time.Minute)
		if err == nil {
			require.NoError(t, s.Forget(t.Context(), c))
			return false
		}
		require.ErrorIs(t, err, webhook.ErrHandled)
		return true
	}
	t.Run("redis", func(t *testing.T) {
		s := newRedisStore(10*time.Hour, clock)
		handle(t, s, "asked for")
		handle(t, s, "left alone")
		for range 15 {
			now = now.Add(2 * time.Hour)
			assert.True(t, knows(t, s, "asked for"), "each Begin renews it")
		}
		assert.False(t, knows(t, s, "left alone"))

		handle(t, s, "old")
		now = now.Add(2 * time.Second)
		handle(t, s, "new")
		assert.Equal(t, map[string]bool{"new": true}, s.failOver(time.Second))
		assert.True(t, knows(t, s, "old"))
		assert.False(t, knows(t, s, "new"))
	})
	t.Run("postgres", func(t *testing.T) {
		s := newPostgresStore(10*time.Hour, clock)
		handle(t, s, "asked for")
		handle(t, s, "left alone")
		for range 15 {
			now = now.Add(2 * time.Hour)
			assert.True(t, knows(t, s, "asked for"))
		}
		assert.True(t, knows(t, s, "left alone"), "nothing is dropped before a Purge")
		now = now.Add(9 * time.Hour)
		require.NoError(t, s.Purge(t.Context()))
		assert.True(t, knows(t, s, "asked for"))
		now = now.Add(11 * time.Hour)
		require.NoError(t, s.Purge(t.Context()))
		assert.False(t, knows(t, s, "asked for"))
	})
}

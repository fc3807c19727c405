package redis_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/recovertest"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/redis"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

const hour = time.Hour

func TestStore(t *testing.T) { webhooktest.TestStore(t, replicas) }

func TestRecords(t *testing.T) {
	s := testserver.Need(t, shared)
	client := newClient(t, s)
	ctx := t.Context()
	prefix := webhooktest.NewID() + ":"
	store := newStore(t, s, redis.WithPrefix(prefix), redis.WithRetention(48*hour))

	c, err := store.Begin(ctx, "event", hour)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), time.UnixMicro(c.Token), time.Minute, "tokens are times, so they grow even after a loss of data")
	expires := func(key string) time.Duration { return client.PTTL(ctx, prefix+key).Val() }
	assert.InDelta(t, 48*hour, expires("event"), float64(hour), "a record that nobody finishes goes as well")
	require.NoError(t, store.Done(ctx, c))
	assert.InDelta(t, 48*hour, expires("event"), float64(hour))

	id := webhooktest.NewID()
	c, err = store.Begin(ctx, id, hour)
	require.NoError(t, err)
	require.NoError(t, store.Done(ctx, c))
	size, err := client.MemoryUsage(ctx, prefix+id).Result()
	require.NoError(t, err)
	assert.InDelta(t, 200, size, 60, "bytes of an event that is done")

	c, err = store.Begin(ctx, "checkpoint", hour)
	require.NoError(t, err)
	require.NoError(t, store.Save(ctx, c, hour, "value"))
	assert.EqualValues(t, -1, expires("checkpoint"), "a value stays")
	require.NoError(t, store.Forget(ctx, c))
	_, err = store.Begin(ctx, "checkpoint", hour)
	require.NoError(t, err)
	assert.EqualValues(t, -1, expires("checkpoint"))

	// Deleting the key simulates its expiry. A later claim gets a larger token all the same.
	require.NoError(t, client.Del(ctx, prefix+"event").Err())
	later, err := store.Begin(ctx, "event", hour)
	require.NoError(t, err)
	assert.Greater(t, later.Token, c.Token)

	other := newStore(t, s, redis.WithPrefix("other:"+prefix))
	_, err = other.Begin(ctx, "event", hour)
	require.NoError(t, err, "another prefix is another receiver")
}

func TestNewRefuses(t *testing.T) {
	_, err := redis.New(nil)
	assert.Error(t, err)
	client := goredis.NewClient(&goredis.Options{})
	defer client.Close()
	_, err = redis.New(client, redis.WithRetention(hour))
	assert.ErrorContains(t, err, "a day")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, err = redis.New(client, nil)
	assert.EqualError(t, err, "redis: New: option 1 is nil")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	store, err := redis.New(client)
	require.NoError(t, err)
	_, err = store.Begin(over, "x", time.Minute)
	require.Error(t, err)
	assert.Empty(t, errtext.Flaw(err.Error()), err)
}

func newOutage(t *testing.T) recovertest.Outage {
	testserver.Need(t, shared)
	s, err := testserver.NewRedis()
	require.NoError(t, err)
	t.Cleanup(s.Remove)
	return recovertest.Outage{Store: newStore(t, s), Crash: s.Crash, Start: s.Start}
}

func TestServerGoesAwayAndComesBack(t *testing.T) { recovertest.RunOutage(t, newOutage(t)) }

func TestReceiverWhileTheServerIsAway(t *testing.T) { recovertest.RunReceiverOutage(t, newOutage(t)) }

// replicaEnv is the environment variable that makes TestMain run crashingReplica instead of the tests. Its value is the
// server's socket.
const replicaEnv = "BYZANTINE_TEST_REPLICA_SOCKET"

func crashingReplica(socket string) int {
	store, err := redis.New(goredis.NewClient(&goredis.Options{Network: "unix", Addr: socket}))
	if err == nil {
		err = recovertest.DieAfterBegin(store)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestCrashBetweenBeginAndDone(t *testing.T) {
	s := testserver.Need(t, shared)
	replica := exec.Command(os.Args[0])
	replica.Env = append(os.Environ(), replicaEnv+"="+s.RedisSocket())
	recovertest.RunCrash(t, newStore(t, s), replica)
}

func TestRecovery(t *testing.T) { recovertest.Run(t, replicas) }

func TestRetention(t *testing.T) {
	s := testserver.Need(t, shared)
	client := newClient(t, s)
	var prefix string
	recovertest.RunRetention(t, recovertest.Aging{
		Forgets: true,
		Replicas: func(t *testing.T) (a, b webhook.Store) {
			prefix = webhooktest.NewID() + ":"
			return newStore(t, s, redis.WithPrefix(prefix)), newStore(t, s, redis.WithPrefix(prefix))
		},
		// Shortens the time to live of every record, as if the server's clock had moved on.
		Age: func(t *testing.T, by time.Duration) {
			keys, err := client.Keys(t.Context(), prefix+"*").Result()
			require.NoError(t, err)
			require.NotEmpty(t, keys)
			left := make([]*goredis.DurationCmd, len(keys))
			_, err = client.Pipelined(t.Context(), func(p goredis.Pipeliner) error {
				for i, key := range keys {
					left[i] = p.PTTL(t.Context(), key)
				}
				return nil
			})
			require.NoError(t, err)
			_, err = client.Pipelined(t.Context(), func(p goredis.Pipeliner) error {
				for i, key := range keys {
					if left[i].Val() > 0 {
						p.PExpire(t.Context(), key, left[i].Val()-by) // Redis deletes the key if this is negative
					}
				}
				return nil
			})
			require.NoError(t, err)
		},
	})
}

// A claim is kept to the end of its lease, even if the lease is longer than the retention.
func TestLeaseLongerThanTheRetention(t *testing.T) {
	s := testserver.Need(t, shared)
	prefix := webhooktest.NewID() + ":"
	store := newStore(t, s, redis.WithPrefix(prefix), redis.WithRetention(24*hour))
	_, err := store.Begin(t.Context(), "event", 100*hour)
	require.NoError(t, err)
	left := newClient(t, s).PTTL(t.Context(), prefix+"event").Val()
	assert.Greater(t, left, 99*hour)
	assert.LessOrEqual(t, left, 100*hour)
}

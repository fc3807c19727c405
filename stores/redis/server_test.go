package redis_test

import (
	"os"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/redis"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

var shared *testserver.Server // the Redis server of all tests; nil if redis-server is not installed

func TestMain(m *testing.M) {
	if address := os.Getenv(replicaEnv); address != "" {
		os.Exit(crashingReplica(address))
	}
	os.Exit(testserver.Main(m, testserver.Start{At: &shared, New: testserver.NewRedis}))
}

func newClient(t *testing.T, s *testserver.Server) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: s.RedisSocket(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// newStore returns a store on the server s that has its own connections, as each replica of a receiver has.
func newStore(t *testing.T, s *testserver.Server, opts ...redis.Option) *redis.Store {
	t.Helper()
	store, err := redis.New(newClient(t, s), opts...)
	require.NoError(t, err)
	return store
}

func replicas(t *testing.T) (a, b webhook.Store) {
	s := testserver.Need(t, shared)
	prefix := redis.WithPrefix(webhooktest.NewID() + ":") // each test has its own Reconciler, and a store may have one only
	return newStore(t, s, prefix), newStore(t, s, prefix)
}

package postgres_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

var shared *testserver.Server // nil if PostgreSQL is not installed

func TestMain(m *testing.M) {
	if address := os.Getenv(replicaEnv); address != "" {
		os.Exit(crashingReplica(address))
	}
	os.Exit(testserver.Main(m, map[**testserver.Server]func() (*testserver.Server, error){&shared: testserver.NewPostgres}))
}

// newStore opens a store with connections of its own, as a replica has.
func newStore(t *testing.T, s *testserver.Server, opts ...postgres.Option) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), s.PostgresAddress())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.CreateSchema(t.Context(), pool))
	store, err := postgres.New(pool, opts...)
	require.NoError(t, err)
	return store, pool
}

func replicas(t *testing.T) (a, b webhook.Store) {
	s := testserver.Need(t, shared)
	a, _ = newStore(t, s)
	b, _ = newStore(t, s)
	return a, b
}

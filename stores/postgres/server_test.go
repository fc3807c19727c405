package postgres_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

var (
	shared        *testserver.Server // the PostgreSQL server of all tests; nil if PostgreSQL is not installed
	sharedBouncer *testserver.Server // PgBouncer in front of shared; nil if PostgreSQL or PgBouncer is not installed
)

func TestMain(m *testing.M) {
	if address := os.Getenv(replicaEnv); address != "" {
		os.Exit(crashingReplica(address))
	}
	os.Exit(testserver.Main(m,
		testserver.Start{At: &shared, New: testserver.NewPostgres},
		testserver.Start{At: &sharedBouncer, New: func() (*testserver.Server, error) {
			if shared == nil {
				return nil, exec.ErrNotFound
			}
			return testserver.NewPgBouncer(shared)
		}}))
}

// newStore returns a store on the server s that has its own connections, as each replica of a receiver has, and the
// pool of these connections.
func newStore(t *testing.T, s *testserver.Server, opts ...postgres.Option) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	return open(t, s.PostgresAddress(), opts...)
}

func open(t *testing.T, address string, opts ...postgres.Option) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store, err := postgres.New(pool, opts...)
	require.NoError(t, err)
	require.NoError(t, store.CreateSchema(t.Context()))
	return store, pool
}

func replicas(t *testing.T) (a, b webhook.Store) {
	s := testserver.Need(t, shared)
	a, _ = newStore(t, s)
	b, _ = newStore(t, s)
	return a, b
}

// receivers returns two stores on the same table, which is new and in its own schema: each test has its own Reconciler,
// and a table may have one only. pool has the connections of a.
func receivers(t *testing.T) (a, b *postgres.Store, pool *pgxpool.Pool) {
	t.Helper()
	s := testserver.Need(t, shared)
	_, pool = newStore(t, s)
	schema := pgx.Identifier{webhooktest.NewID()}.Sanitize()
	_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	a, pool = open(t, s.PostgresAddress()+" search_path='"+schema+"'")
	b, _ = open(t, s.PostgresAddress()+" search_path='"+schema+"'")
	return a, b, pool
}

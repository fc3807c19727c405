package postgres_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/recovertest"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

const hour = time.Hour

func TestStore(t *testing.T) { webhooktest.TestStore(t, replicas) }

func TestCreateSchemaAtTheSameMoment(t *testing.T) {
	s := testserver.Need(t, shared)
	_, pool := newStore(t, s)
	_, err := pool.Exec(t.Context(), "DROP SCHEMA IF EXISTS moment CASCADE; CREATE SCHEMA moment")
	require.NoError(t, err)
	config, err := pgxpool.ParseConfig(s.PostgresAddress() + " search_path=moment")
	require.NoError(t, err)
	other, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	defer other.Close()
	store, err := postgres.New(other)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { assert.NoError(t, store.CreateSchema(t.Context())) })
	}
	all.Wait()
	_, err = store.Begin(t.Context(), "event", hour)
	require.NoError(t, err)
}

func TestPurgeDropsWhatIsOlderThanTheRetention(t *testing.T) {
	store, pool := newStore(t, testserver.Need(t, shared), postgres.WithRetention(48*hour))
	ctx := t.Context()
	run := webhooktest.NewID()
	begin := func(key string, lease time.Duration) webhook.Claim {
		c, err := store.Begin(ctx, run+key, lease)
		require.NoError(t, err)
		return c
	}
	age := func(key string, by time.Duration) {
		tag, err := pool.Exec(ctx, `UPDATE byzantine_webhook_records SET touched_at = touched_at - $2::interval,
			token = token - extract(epoch FROM $2::interval) * 1000000,
			lease_until = lease_until - $2::interval, done_at = done_at - $2::interval WHERE key = $1`, run+key, by)
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected())
	}
	old := begin("old", hour)
	require.NoError(t, store.Done(ctx, old))
	age("old", 49*hour)
	require.NoError(t, store.Done(ctx, begin("young", hour)))
	age("young", 47*hour)
	begin("dead", hour)
	age("dead", 51*hour)
	begin("at work", 100*hour)
	age("at work", 49*hour)
	require.NoError(t, store.Save(ctx, begin("checkpoint", hour), hour, "value"))
	age("checkpoint", 100*hour)

	require.NoError(t, store.Purge(ctx))
	rows, err := pool.Query(ctx, `SELECT substr(key, 37) FROM byzantine_webhook_records WHERE key LIKE $1 || '%' ORDER BY key`, run)
	require.NoError(t, err)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	assert.Equal(t, []string{"at work", "checkpoint", "young"}, keys)
	assert.Greater(t, begin("old", hour).Token, old.Token, "tokens grow all the same")
	assert.Equal(t, "value", begin("checkpoint", hour).Value)
}

func TestNewRefuses(t *testing.T) {
	_, err := postgres.New(nil)
	assert.Error(t, err)
	_, pool := newStore(t, testserver.Need(t, shared))
	_, err = postgres.New(pool, postgres.WithRetention(hour))
	assert.ErrorContains(t, err, "a day")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, err = postgres.New(pool, nil)
	assert.EqualError(t, err, "postgres: New: option 1 is nil")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	store, err := postgres.New(pool)
	require.NoError(t, err)
	_, err = store.Begin(over, "x", time.Minute)
	require.Error(t, err)
	assert.Empty(t, errtext.Flaw(err.Error()), err)
}

func newOutage(t *testing.T) recovertest.Outage {
	testserver.Need(t, shared)
	s, err := testserver.NewPostgres()
	require.NoError(t, err)
	t.Cleanup(s.Remove)
	store, pool := newStore(t, s)
	return recovertest.Outage{Store: store, Crash: s.Crash, Start: func() error {
		err := s.Start()
		pool.Reset() // otherwise calls fail until every connection that the crash broke was tried once
		return err
	}}
}

func TestServerGoesAwayAndComesBack(t *testing.T) { recovertest.RunOutage(t, newOutage(t)) }

func TestReceiverWhileTheServerIsAway(t *testing.T) { recovertest.RunReceiverOutage(t, newOutage(t)) }

// replicaEnv is the environment variable that makes TestMain run crashingReplica instead of the tests. Its value is the
// database's address.
const replicaEnv = "BYZANTINE_TEST_REPLICA_ADDRESS"

func crashingReplica(address string) int {
	pool, err := pgxpool.New(context.Background(), address)
	if err != nil {
		return 1
	}
	store, err := postgres.New(pool)
	if err == nil {
		err = recovertest.DieAfterBegin(store)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestCrashBetweenBeginAndDone(t *testing.T) {
	s := testserver.Need(t, shared)
	store, _ := newStore(t, s)
	replica := exec.Command(os.Args[0])
	replica.Env = append(os.Environ(), replicaEnv+"="+s.PostgresAddress())
	recovertest.RunCrash(t, store, replica)
}

func TestRecovery(t *testing.T) {
	recovertest.Run(t, func(t *testing.T) (a, b webhook.Store) {
		a, b, _ = receivers(t)
		return a, b
	})
}

func TestRetention(t *testing.T) {
	var pool *pgxpool.Pool
	recovertest.RunRetention(t, recovertest.Aging{
		Replicas: func(t *testing.T) (a, b webhook.Store) {
			a, b, pool = receivers(t)
			return a, b
		},
		Age: func(t *testing.T, by time.Duration) {
			_, err := pool.Exec(t.Context(), `UPDATE byzantine_webhook_records SET touched_at = touched_at - $1::interval,
				token = token - extract(epoch FROM $1::interval) * 1000000,
				lease_until = lease_until - $1::interval, done_at = done_at - $1::interval`, by)
			require.NoError(t, err)
		},
	})
}

package postgres_test

import (
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// CreateSchema brings the table of version 0.1 up to date, and the table keeps its records, of all kinds.
func TestSchemaOfVersion01IsBroughtUpToDate(t *testing.T) {
	s := testserver.Need(t, shared)
	_, pool := newStore(t, s)
	schema := pgx.Identifier{webhooktest.NewID()}.Sanitize()
	old, err := os.ReadFile("testdata/schema-0.1.sql")
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), "CREATE SCHEMA "+schema+"; SET search_path = "+schema+";"+string(old)+`
		INSERT INTO byzantine_webhook_records (key, token, lease_until, done_at, touched_at, value) VALUES
		('done', 1788430272000001, now(), now(), now(), NULL),
		('old', 1000000, '1970-01-02', '1970-01-02', '1970-01-02', NULL),
		('claimed', 1788430272000002, now() + interval '1 hour', NULL, now(), NULL),
		('free', 1788430272000003, '-infinity', NULL, now(), NULL),
		('reconciler/events', 1788430272000004, '-infinity', NULL, now(), '2026-09-01T00:00:00Z'); RESET search_path`)
	require.NoError(t, err)

	store, pool := open(t, s.PostgresAddress()+" search_path='"+schema+"'")
	require.NoError(t, store.CreateSchema(t.Context()), "and again")
	rows, err := pool.Query(t.Context(), `SELECT indexname FROM pg_indexes WHERE tablename = 'byzantine_webhook_records'
		AND schemaname = current_schema() ORDER BY indexname`)
	require.NoError(t, err)
	indexes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	assert.Equal(t, []string{"byzantine_webhook_records_pkey", "byzantine_webhook_records_token"}, indexes)
	var options []string
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT reloptions FROM pg_class WHERE oid = 'byzantine_webhook_records'::regclass`).Scan(&options))
	assert.Equal(t, []string{"fillfactor=80"}, options)

	for key, want := range map[string]error{"done": webhook.ErrHandled, "old": webhook.ErrHandled, "claimed": webhook.ErrInProgress} {
		_, err := store.Begin(t.Context(), key, hour)
		require.ErrorIs(t, err, want, key)
	}
	c, err := store.Begin(t.Context(), "free", hour)
	require.NoError(t, err)
	assert.Greater(t, c.Token, int64(1788430272000003))
	c, err = store.Begin(t.Context(), "reconciler/events", hour)
	require.NoError(t, err)
	assert.Equal(t, "2026-09-01T00:00:00Z", c.Value)
	require.NoError(t, store.Purge(t.Context()))
	_, err = store.Begin(t.Context(), "old", hour)
	require.ErrorIs(t, err, webhook.ErrHandled, "it was renewed just now")
}

// More than 95% of the updates are "heap-only": they write no new entry into an index.
func TestUpdatesLeaveTheIndexesAlone(t *testing.T) {
	store, other, pool := receivers(t)
	const events = 3000
	for i := range events {
		c, err := store.Begin(t.Context(), webhooktest.NewID(), hour)
		require.NoError(t, err)
		require.NoError(t, other.Done(t.Context(), c), i)
	}
	var updates, hot int
	for deadline := time.Now().Add(time.Minute); updates < events && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables
			WHERE relid = 'byzantine_webhook_records'::regclass`).Scan(&updates, &hot)) // PostgreSQL updates the numbers with a delay
	}
	require.GreaterOrEqual(t, updates, events)
	assert.Greater(t, hot, updates*95/100)
}

package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// explaining is a DB that appends the plan of each statement to plans before it runs the statement.
type explaining struct {
	*pgxpool.Pool
	t     *testing.T
	plans []string
}

func (e *explaining) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	e.explain(ctx, sql, args)
	return e.Pool.Exec(ctx, sql, args...)
}

func (e *explaining) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	e.explain(ctx, sql, args)
	return e.Pool.Query(ctx, sql, args...)
}

func (e *explaining) explain(ctx context.Context, sql string, args []any) {
	rows, err := e.Pool.Query(ctx, "EXPLAIN "+sql, args...)
	require.NoError(e.t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(e.t, err)
	e.plans = append(e.plans, strings.Join(lines, "\n"))
}

// In a large table every call finds its rows with an index and in one statement.
func TestCallsUseTheIndexes(t *testing.T) {
	_, _, pool := receivers(t)
	ctx := t.Context()
	_, err := pool.Exec(ctx, `INSERT INTO byzantine_webhook_records (key, token, lease_until, done_at, touched_at)
		SELECT 'event-' || n, extract(epoch FROM at) * 1000000, at, at, at
		FROM (SELECT n, now() - n * interval '10 seconds' AS at FROM generate_series(1, 200000) n) rows`) // 23 days
	require.NoError(t, err)
	_, err = pool.Exec(ctx, "VACUUM ANALYZE byzantine_webhook_records")
	require.NoError(t, err)
	db := &explaining{Pool: pool, t: t}
	store, err := postgres.New(db)
	require.NoError(t, err)

	claim, err := store.Begin(ctx, "new", hour)
	require.NoError(t, err)
	var many []string
	for n := range webhook.MaxHeldEvents {
		many = append(many, fmt.Sprint("event-", 1000*n)) // young and old, known and unknown
	}
	for name, c := range map[string]struct {
		call func() error
		want error
		plan string // text that the plan must contain: the name of the index
	}{
		"begin":                 {func() error { _, err := store.Begin(ctx, "another", hour); return err }, nil, "records_pkey"},
		"a duplicate":           {func() error { _, err := store.Begin(ctx, "event-1", hour); return err }, webhook.ErrHandled, "records_pkey"},
		"an old duplicate":      {func() error { _, err := store.Begin(ctx, "event-100001", hour); return err }, webhook.ErrHandled, "records_pkey"},
		"many":                  {func() error { _, err := store.Handled(ctx, many); return err }, nil, "records_pkey"},
		"save":                  {func() error { return store.Save(ctx, claim, hour, "x") }, nil, "records_pkey"},
		"forget":                {func() error { return store.Forget(ctx, claim) }, nil, "records_pkey"},
		"purge, nothing to do":  {func() error { return store.Purge(ctx) }, nil, "records_token"},
		"done of another claim": {func() error { return store.Done(ctx, webhook.Claim{Key: "new", Token: 1}) }, webhook.ErrLeaseLost, "records_pkey"},
	} {
		t.Run(name, func(t *testing.T) {
			db.plans = nil
			require.ErrorIs(t, c.call(), c.want)
			require.Len(t, db.plans, 1, "one round trip")
			assert.Contains(t, db.plans[0], c.plan)
			assert.NotContains(t, db.plans[0], "Seq Scan on byzantine_webhook_records")
		})
	}

	// pgx prepares the statements, and PostgreSQL may use a plan that ignores the arguments once a prepared statement
	// has run five times. EXPLAIN did not show that plan, so count the scans of the table.
	plain, err := postgres.New(pool)
	require.NoError(t, err)
	scans := func() (sequential, index int) {
		require.NoError(t, pool.QueryRow(ctx, `SELECT seq_scan, idx_scan FROM pg_stat_all_tables
			WHERE relid = 'byzantine_webhook_records'::regclass`).Scan(&sequential, &index))
		return sequential, index
	}
	time.Sleep(1500 * time.Millisecond) // PostgreSQL updates the numbers with a delay of a second
	sequential, index := scans()
	const passes = 20
	for range passes {
		require.NoError(t, plain.Purge(ctx))
		_, err := plain.Handled(ctx, many)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		_, now := scans()
		return now >= index+2*passes
	}, time.Minute, 50*time.Millisecond)
	after, _ := scans()
	assert.Equal(t, sequential, after)
}

package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/storebench"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// TestLargeStore logs how long the store's calls take in a large table: BYZANTINE_STORE_ROWS=10000000 go test -run
// TestLargeStore -v . Without the variable it runs each call once in a smaller table.
func TestLargeStore(t *testing.T) {
	store, _, pool := receivers(t)
	ctx := t.Context()
	rows, measure := storebench.Rows(t)
	began := time.Now()
	// The records' ages are spread evenly over 29 days, and their ids are in random order. The indexes are built after
	// the rows are inserted, because that is faster.
	_, err := pool.Exec(ctx, fmt.Sprintf(`
		ALTER TABLE byzantine_webhook_records DROP CONSTRAINT byzantine_webhook_records_pkey;
		DROP INDEX byzantine_webhook_records_token;
		INSERT INTO byzantine_webhook_records (key, token, lease_until, done_at, touched_at)
			SELECT md5(n::text)::uuid::text, extract(epoch FROM at) * 1000000, at, at, at
			FROM (SELECT n, now() - interval '29 days' * n / %[1]d AS at FROM generate_series(1, %[1]d) n) rows;
		ALTER TABLE byzantine_webhook_records ADD PRIMARY KEY (key)`, rows))
	require.NoError(t, err)
	require.NoError(t, store.CreateSchema(ctx))
	_, err = pool.Exec(ctx, "VACUUM ANALYZE byzantine_webhook_records")
	require.NoError(t, err)
	t.Logf("%d rows in %v", rows, time.Since(began).Round(time.Second))

	// A record is due for a renewal at 3 days (a tenth of the retention): none of the first tenth of the
	// records (up to 2.9 days old), and all after the first ninth (3.2 days).
	key := func(n int) string {
		var k string
		require.NoError(t, pool.QueryRow(ctx, `SELECT md5($1::bigint::text)::uuid::text`, n).Scan(&k))
		return k
	}
	var keys [2][]string // keys of young records; keys of old ones that no call has renewed yet
	for range 1000 {
		keys[0] = append(keys[0], key(1+rand.IntN(rows/10)))
	}
	const most = 400 // the most calls that are measured of each function, Limit or Ours
	require.NoError(t, pool.QueryRow(ctx, `SELECT array_agg(key) FROM (SELECT md5(n::text)::uuid::text AS key
		FROM generate_series($1::bigint, $2::bigint) n ORDER BY random() LIMIT $3) k`, rows/9, rows, 2*most*1000).Scan(&keys[1]))
	next := func(n int) []string {
		if len(keys[1]) < 2*n {
			return keys[1][:n] // too few are left (a run without BYZANTINE_STORE_ROWS has few), so these were renewed before
		}
		some := keys[1][:n]
		keys[1] = keys[1][n:]
		return some
	}

	exec := func(sql string, args ...any) error { _, err := pool.Exec(ctx, sql, args...); return err }
	handled := func(err error) error {
		if errors.Is(err, webhook.ErrHandled) {
			return nil
		}
		return fmt.Errorf("not handled: %w", err)
	}
	const (
		insert = `INSERT INTO byzantine_webhook_records (key, token, lease_until, touched_at) VALUES ($1, $2, now(), now())`
		update = `UPDATE byzantine_webhook_records SET done_at = now() WHERE key = $1`
		renew  = `UPDATE byzantine_webhook_records SET touched_at = now() WHERE key = ANY($1)`
		look   = `SELECT key FROM byzantine_webhook_records WHERE key = ANY($1) AND done_at IS NOT NULL`
	)
	storebench.Run(t, []storebench.Line{
		{Name: "PostgreSQL: an event handled (Begin, Done)", Limit: func() error {
			id := webhooktest.NewID()
			return errors.Join(exec(insert, id, time.Now().UnixMicro()), exec(update, id))
		}, Ours: func() error {
			c, err := store.Begin(ctx, webhooktest.NewID(), time.Minute)
			return errors.Join(err, store.Done(ctx, c))
		}},
		{Name: "PostgreSQL: a duplicate (Begin)", Limit: func() error { return exec(look, keys[0][:1]) },
			Ours: func() error { _, err := store.Begin(ctx, keys[0][rand.IntN(1000)], time.Minute); return handled(err) }},
		{Name: "PostgreSQL: a duplicate that is renewed (Begin)", Limit: func() error { return exec(renew, next(1)) },
			Ours: func() error { _, err := store.Begin(ctx, next(1)[0], time.Minute); return handled(err) }},
		{Name: "PostgreSQL: 1,000 known events (Handled)", Most: 40 * time.Millisecond, Limit: func() error { return exec(look, keys[0]) },
			Ours: func() error { _, err := store.Handled(ctx, keys[0]); return err }},
		{Name: "PostgreSQL: 1,000 known events that are renewed (Handled)", Limit: func() error { return exec(renew, next(1000)) },
			Ours: func() error { _, err := store.Handled(ctx, next(1000)); return err }},
		{Name: "PostgreSQL: nothing to do (Purge)", Most: 5 * time.Millisecond, Limit: func() error { return exec(`SELECT 1`) },
			Ours: func() error { return store.Purge(ctx) }},
	}, measure)
}

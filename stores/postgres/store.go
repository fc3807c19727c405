package postgres

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/options"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// DefaultRetention is how long a Store remembers that an event was handled unless [WithRetention] sets another time.
const DefaultRetention = 30 * 24 * time.Hour

// Schema is SQL that creates the table, or brings the table of an earlier version up to date. [Store.CreateSchema] runs
// it. If you put it into your own migrations instead, run its statements in one transaction: a lock that lasts until
// the end of the transaction makes two replicas that run Schema at the same moment wait for each other.
//
//go:embed schema.sql
var Schema string

// Store is a webhook.Store in PostgreSQL. It is safe for concurrent use if its database handle is.
type Store struct {
	db        querier
	retention time.Duration
}

var (
	_ webhook.Store     = (*Store)(nil)
	_ webhook.Purger    = (*Store)(nil)
	_ webhook.BulkStore = (*Store)(nil)
)

// Option changes how a Store works. The constructor returns an error for an option with an invalid value, and for a nil one.
type Option func(*Store) error

// WithRetention sets how long the Store remembers that an event was handled, after the last renewal of the record:
// [DefaultRetention] unless set. Less than a day is an error, because the sender itself retries for about nine hours.
func WithRetention(d time.Duration) Option {
	return func(s *Store) error {
		if d < 24*time.Hour {
			return errors.New("WithRetention: must be at least a day")
		}
		s.retention = d
		return nil
	}
}

// New returns a Store that uses the table of [Store.CreateSchema] through pgx. New sends nothing to the database. The
// caller closes db. A nil db is an error.
func New(db DB, opts ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("postgres: New: nil database")
	}
	return newStore("New", pgxQuerier{db}, opts)
}

// NewSQL is [New] for database/sql. It is tested with the drivers github.com/jackc/pgx/v5/stdlib and github.com/lib/pq.
func NewSQL(db *sql.DB, opts ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("postgres: NewSQL: nil database")
	}
	return newStore("NewSQL", sqlQuerier{db}, opts)
}

func newStore(call string, db querier, opts []Option) (*Store, error) {
	s := &Store{db: db, retention: DefaultRetention}
	if err := options.Apply(s, opts); err != nil {
		return nil, fmt.Errorf("postgres: %s: %w", call, errtext.Bare(err))
	}
	return s, nil
}

// CreateSchema creates the table if it does not exist, and brings the table of an earlier version up to date. Several
// replicas may call it at the same moment. The update of a table builds an index, and until the index is built the
// other replicas' writes to the table wait; see the package comment for large tables.
func (s *Store) CreateSchema(ctx context.Context) error {
	if _, err := s.db.exec(ctx, Schema); err != nil {
		return fmt.Errorf("postgres: create schema: %w", errtext.Bare(err))
	}
	return nil
}

// Retention implements webhook.Store.
func (s *Store) Retention() time.Duration { return s.retention }

// renewAfter returns the age in microseconds, a tenth of the retention, below which Begin and Handled do not renew a
// record that is done. If they renewed every record, each pass of a Reconciler would write every row that it reads.
func (s *Store) renewAfter() int64 { return s.retention.Microseconds() / 10 }

// Begin implements webhook.Store. For an event that is done it makes one round trip, and writes only if the record is
// due for a renewal.
func (s *Store) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	// All parts of the statement see the table as it was when the statement began, so either "renewed" or "claimed" can
	// change the row, never both. A token is the time in microseconds, or one more than the row's last token if that is
	// larger, so tokens grow even if the row was deleted in between. clock_timestamp() moves on while the statement
	// waits for a lock on the row, now() does not.
	const begin = `
		WITH known AS (
			SELECT FROM byzantine_webhook_records WHERE key = $1::text AND done_at IS NOT NULL
		), renewed AS (
			UPDATE byzantine_webhook_records SET touched_at = clock_timestamp()
			WHERE key = $1::text AND done_at IS NOT NULL AND touched_at < now() - $3::bigint * interval '1 microsecond'
		), claimed AS (
			INSERT INTO byzantine_webhook_records AS r (key, token, lease_until, touched_at)
			SELECT $1::text, extract(epoch FROM clock_timestamp()) * 1000000,
				clock_timestamp() + $2::bigint * interval '1 microsecond', clock_timestamp()
			WHERE NOT EXISTS (SELECT FROM known)
			ON CONFLICT (key) DO UPDATE
			SET token = greatest(excluded.token, r.token + 1), touched_at = clock_timestamp(),
				lease_until = clock_timestamp() + $2::bigint * interval '1 microsecond'
			WHERE r.done_at IS NULL AND r.lease_until <= clock_timestamp()
			RETURNING token, coalesce(value, '') AS value
		)
		SELECT coalesce((SELECT token FROM claimed), 0), coalesce((SELECT value FROM claimed), ''), EXISTS (SELECT FROM known)`
	c := webhook.Claim{Key: key}
	var done bool
	err := s.db.query(ctx, func(scan func(...any) error) error { return scan(&c.Token, &c.Value, &done) },
		begin, key, lease.Microseconds(), s.renewAfter())
	if err == nil && c.Token == 0 && !done {
		// Another claim had the row. The event may have become done while this statement waited for a lock on the row.
		err = s.db.query(ctx, func(scan func(...any) error) error { return scan(&done) },
			`SELECT done_at IS NOT NULL FROM byzantine_webhook_records WHERE key = $1::text`, key)
	}
	switch {
	case err != nil:
		return webhook.Claim{}, fmt.Errorf("postgres: begin: %w", errtext.Bare(err))
	case c.Token != 0:
		return c, nil
	case done:
		return webhook.Claim{}, webhook.ErrHandled
	}
	return webhook.Claim{}, webhook.ErrInProgress
}

// Handled implements webhook.BulkStore.
func (s *Store) Handled(ctx context.Context, keys []string) ([]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("postgres: handled: %w", errtext.Bare(err))
	}
	// Locked rows are skipped, because the statement that has locked such a row renews it in most cases. A row's ctid is its
	// place in the table, which does not change while the row is locked.
	const handled = `
		WITH done AS (
			SELECT key, touched_at FROM byzantine_webhook_records
			WHERE key = ANY(ARRAY(SELECT json_array_elements_text($1::text::json))) AND done_at IS NOT NULL
		), due AS (
			SELECT ctid FROM byzantine_webhook_records
			WHERE key IN (SELECT key FROM done WHERE touched_at < now() - $2::bigint * interval '1 microsecond')
			FOR UPDATE SKIP LOCKED
		), renewed AS (
			UPDATE byzantine_webhook_records r SET touched_at = clock_timestamp() FROM due WHERE r.ctid = due.ctid
		)
		SELECT key FROM done`
	var done []string
	err = s.db.query(ctx, func(scan func(...any) error) error {
		var key string
		err := scan(&key)
		done = append(done, key)
		return err
	}, handled, string(list), s.renewAfter())
	if err != nil {
		return nil, fmt.Errorf("postgres: handled: %w", errtext.Bare(err))
	}
	return done, nil
}

const done = `
	UPDATE byzantine_webhook_records SET done_at = coalesce(done_at, clock_timestamp()), touched_at = clock_timestamp()
	WHERE key = $1::text AND token = $2::bigint`

// Done implements webhook.Store.
func (s *Store) Done(ctx context.Context, c webhook.Claim) error {
	return change(ctx, s.db, "done", done, c.Key, c.Token)
}

// DoneIn records in tx, a transaction of the caller on the store's database, that the event which the calling webhook
// function handles is done. The record and everything else that the function writes in tx are then committed together
// or not at all. ctx must be the context that the function got, or derived from it; any other is an error. DoneIn
// returns webhook.ErrLeaseLost if another replica has taken the event over. Then tx must be rolled back, because the
// other replica does the work. Call DoneIn first in the transaction: from then on, a replica that wants to take the
// event over waits until the transaction ends.
func (s *Store) DoneIn(ctx context.Context, tx pgx.Tx) error {
	return doneIn(ctx, pgxQuerier{tx})
}

// DoneInSQL is [Store.DoneIn] for a transaction of database/sql.
func (s *Store) DoneInSQL(ctx context.Context, tx *sql.Tx) error {
	return doneIn(ctx, sqlQuerier{tx})
}

func doneIn(ctx context.Context, tx querier) error {
	c, ok := webhook.ClaimFrom(ctx)
	if !ok {
		return errors.New("postgres: done: the context is not that of a webhook function")
	}
	return change(ctx, tx, "done", done, c.Key, c.Token)
}

// Forget implements webhook.Store.
func (s *Store) Forget(ctx context.Context, c webhook.Claim) error {
	err := change(ctx, s.db, "forget", `
		UPDATE byzantine_webhook_records SET lease_until = '-infinity', touched_at = clock_timestamp()
		WHERE key = $1::text AND token = $2::bigint AND done_at IS NULL`, c.Key, c.Token)
	if errors.Is(err, webhook.ErrLeaseLost) {
		return nil
	}
	return err
}

// Save implements webhook.Store.
func (s *Store) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return change(ctx, s.db, "save", `
		UPDATE byzantine_webhook_records SET value = $4::text, touched_at = clock_timestamp(),
			lease_until = clock_timestamp() + $3::bigint * interval '1 microsecond'
		WHERE key = $1::text AND token = $2::bigint AND done_at IS NULL`, c.Key, c.Token, lease.Microseconds(), value)
}

// change runs an UPDATE of the one row that has a claim's key and token, and returns webhook.ErrLeaseLost if it changes
// no row. call is the name of the call in the text of other errors.
func change(ctx context.Context, db querier, call, query string, args ...any) error {
	affected, err := db.exec(ctx, query, args...)
	switch {
	case err != nil:
		return fmt.Errorf("postgres: %s: %w", call, errtext.Bare(err))
	case affected == 0:
		return webhook.ErrLeaseLost
	}
	return nil
}

// purgeBatch is how many rows one statement of Purge deletes at most, so that no statement takes long.
const purgeBatch = 10000

// Purge implements webhook.Purger.
func (s *Store) Purge(ctx context.Context) error {
	// touched_at is not earlier than the time in the token, so the index on token finds every old row. The condition on
	// touched_at then leaves out the rows that were renewed since their claim. now() can be used with an index,
	// clock_timestamp() cannot.
	const purge = `
		DELETE FROM byzantine_webhook_records WHERE key IN (
			SELECT key FROM byzantine_webhook_records
			WHERE value IS NULL AND token < (extract(epoch FROM now()) * 1000000)::bigint - $1::bigint
				AND touched_at < now() - $1::bigint * interval '1 microsecond' AND lease_until < now()
			LIMIT $2::bigint FOR UPDATE SKIP LOCKED)`
	for {
		affected, err := s.db.exec(ctx, purge, s.retention.Microseconds(), int64(purgeBatch))
		if err != nil {
			return fmt.Errorf("postgres: purge: %w", errtext.Bare(err))
		}
		if affected < purgeBatch {
			return nil
		}
	}
}

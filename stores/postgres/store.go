package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// DefaultRetention is how long it is remembered that an event was handled.
const DefaultRetention = 30 * 24 * time.Hour

// Schema creates the table, if it is not there: for migrations of your own. [CreateSchema] runs it.
//
//go:embed schema.sql
var Schema string

// DB is what the store needs of a database: a *pgxpool.Pool. A *pgx.Conn serves one goroutine at a time only.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// CreateSchema creates the table, if it is not there. Replicas may do so at the same moment.
func CreateSchema(ctx context.Context, db DB) error {
	if _, err := db.Exec(ctx, Schema); err != nil {
		return fmt.Errorf("postgres: create schema: %w", err)
	}
	return nil
}

// Store is a webhook.Store in PostgreSQL. It is safe for concurrent use if its DB is.
type Store struct {
	db        DB
	retention time.Duration
}

var (
	_ webhook.Store  = (*Store)(nil)
	_ webhook.Purger = (*Store)(nil)
)

// Option changes how a Store works.
type Option func(*Store) error

// WithRetention sets how long it is remembered that an event was handled, [DefaultRetention] unless set. At least a day:
// the sender itself comes again after nine hours.
func WithRetention(d time.Duration) Option {
	return func(s *Store) error {
		if d < 24*time.Hour {
			return errors.New("WithRetention: must be at least a day")
		}
		s.retention = d
		return nil
	}
}

// New returns a store in the table that [CreateSchema] creates. It sends nothing yet; the database stays the caller's to
// close.
func New(db DB, opts ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("postgres: New: nil database")
	}
	s := &Store{db: db, retention: DefaultRetention}
	for _, opt := range opts {
		if err := opt(s); err != nil {
			return nil, fmt.Errorf("postgres: New: %w", err)
		}
	}
	return s, nil
}

// Begin implements webhook.Store.
func (s *Store) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	// Tokens are microseconds, or one more than the last: so they grow even where a row was dropped in between.
	// clock_timestamp goes on while the statement waits for another one's lock on the row, now() does not. The inner
	// condition is for speed alone: without it, a row that is done would be locked to find that out.
	c := webhook.Claim{Key: key}
	err := s.db.QueryRow(ctx, `
		INSERT INTO byzantine_webhook_records AS r (key, token, lease_until, touched_at)
		SELECT $1, extract(epoch FROM clock_timestamp()) * 1000000, clock_timestamp() + $2, clock_timestamp()
		WHERE NOT EXISTS (SELECT FROM byzantine_webhook_records WHERE key = $1 AND done_at IS NOT NULL)
		ON CONFLICT (key) DO UPDATE
		SET token = greatest(excluded.token, r.token + 1), lease_until = clock_timestamp() + $2, touched_at = clock_timestamp()
		WHERE r.done_at IS NULL AND r.lease_until <= clock_timestamp()
		RETURNING token, coalesce(value, '')`, key, lease).Scan(&c.Token, &c.Value)
	if err == nil {
		return c, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return webhook.Claim{}, fmt.Errorf("postgres: begin: %w", err)
	}
	var done bool
	err = s.db.QueryRow(ctx, `SELECT done_at IS NOT NULL FROM byzantine_webhook_records WHERE key = $1`, key).Scan(&done)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows): // no row: it was dropped just now, so try again later
		return webhook.Claim{}, fmt.Errorf("postgres: begin: %w", err)
	case done:
		return webhook.Claim{}, webhook.ErrHandled
	}
	return webhook.Claim{}, webhook.ErrInProgress
}

const done = `
	UPDATE byzantine_webhook_records SET done_at = coalesce(done_at, clock_timestamp()), touched_at = clock_timestamp()
	WHERE key = $1 AND token = $2`

// Done implements webhook.Store.
func (s *Store) Done(ctx context.Context, c webhook.Claim) error {
	return change(ctx, s.db, "done", done, c.Key, c.Token)
}

// DoneIn marks the event that the calling function handles as done in a transaction of its own, on the same database.
// ctx is the function's, or derived from it. It fails with webhook.ErrLeaseLost if another replica has taken the event
// over; then the transaction must be rolled back, because the other one does the work. Call it first in the transaction:
// from then on any other replica waits for its end.
func (s *Store) DoneIn(ctx context.Context, tx pgx.Tx) error {
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
		WHERE key = $1 AND token = $2 AND done_at IS NULL`, c.Key, c.Token)
	if errors.Is(err, webhook.ErrLeaseLost) {
		return nil
	}
	return err
}

// Save implements webhook.Store.
func (s *Store) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return change(ctx, s.db, "save", `
		UPDATE byzantine_webhook_records SET lease_until = clock_timestamp() + $3, value = $4, touched_at = clock_timestamp()
		WHERE key = $1 AND token = $2 AND done_at IS NULL`, c.Key, c.Token, lease, value)
}

// change runs an update that finds its row by the claim.
func change(ctx context.Context, db DB, call, sql string, args ...any) error {
	tag, err := db.Exec(ctx, sql, args...)
	switch {
	case err != nil:
		return fmt.Errorf("postgres: %s: %w", call, err)
	case tag.RowsAffected() == 0:
		return webhook.ErrLeaseLost
	}
	return nil
}

// purgeBatch keeps each statement short.
const purgeBatch = 10000

// Purge implements webhook.Purger.
func (s *Store) Purge(ctx context.Context) error {
	for {
		tag, err := s.db.Exec(ctx, `
			DELETE FROM byzantine_webhook_records WHERE key IN (
				SELECT key FROM byzantine_webhook_records
				WHERE value IS NULL AND touched_at < clock_timestamp() - $1::interval AND lease_until < clock_timestamp()
				LIMIT $2 FOR UPDATE SKIP LOCKED)`, s.retention, purgeBatch)
		if err != nil {
			return fmt.Errorf("postgres: purge: %w", err)
		}
		if tag.RowsAffected() < purgeBatch {
			return nil
		}
	}
}

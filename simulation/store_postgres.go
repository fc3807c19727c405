package simulation

import (
	"context"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// postgresStore is a model of stores/postgres: its SQL statements, written in Go, on a map whose rows stay until Purge.
type postgresStore struct {
	now       func() time.Time
	retention time.Duration

	mu   sync.Mutex
	rows map[string]*postgresRow
}

type postgresRow struct {
	token      int64
	leaseUntil time.Time
	done       bool
	touched    time.Time
	value      *string
}

var (
	_ webhook.Store     = (*postgresStore)(nil)
	_ webhook.Purger    = (*postgresStore)(nil)
	_ webhook.BulkStore = (*postgresStore)(nil)
)

func newPostgresStore(retention time.Duration, now func() time.Time) *postgresStore {
	return &postgresStore{now: now, retention: retention, rows: map[string]*postgresRow{}}
}

// Retention implements webhook.Store.
func (s *postgresStore) Retention() time.Duration { return s.retention }

// Begin implements webhook.Store.
func (s *postgresStore) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	if err := ctx.Err(); err != nil {
		return webhook.Claim{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	row := s.rows[key]
	switch {
	case row == nil:
		row = &postgresRow{}
		s.rows[key] = row
	case row.done:
		s.renew(row, now)
		return webhook.Claim{}, webhook.ErrHandled
	case row.leaseUntil.After(now):
		return webhook.Claim{}, webhook.ErrInProgress
	}
	row.token, row.leaseUntil, row.touched = max(now.UnixMicro(), row.token+1), now.Add(lease), now
	claim := webhook.Claim{Key: key, Token: row.token}
	if row.value != nil {
		claim.Value = *row.value
	}
	return claim, nil
}

// renew makes a record that was read young again, so that the next Purge does not delete it.
func (s *postgresStore) renew(row *postgresRow, now time.Time) {
	if now.Sub(row.touched) > s.retention/10 {
		row.touched = now
	}
}

// Handled implements webhook.BulkStore.
func (s *postgresStore) Handled(ctx context.Context, keys []string) (done []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if row := s.rows[key]; row != nil && row.done {
			s.renew(row, s.now())
			done = append(done, key)
		}
	}
	return done, nil
}

// update changes the row of a claim, unless a later claim has it, or its event is done and alsoDone is false.
func (s *postgresStore) update(ctx context.Context, c webhook.Claim, alsoDone bool, f func(*postgresRow)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[c.Key]
	if row == nil || row.token != c.Token || row.done && !alsoDone {
		return webhook.ErrLeaseLost
	}
	f(row)
	row.touched = s.now()
	return nil
}

// Done implements webhook.Store.
func (s *postgresStore) Done(ctx context.Context, c webhook.Claim) error {
	return s.update(ctx, c, true, func(row *postgresRow) { row.done = true })
}

// Forget implements webhook.Store.
func (s *postgresStore) Forget(ctx context.Context, c webhook.Claim) error {
	err := s.update(ctx, c, false, func(row *postgresRow) { row.leaseUntil = time.Time{} })
	if err == webhook.ErrLeaseLost {
		return nil
	}
	return err
}

// Save implements webhook.Store.
func (s *postgresStore) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return s.update(ctx, c, false, func(row *postgresRow) {
		row.leaseUntil, row.value = s.now().Add(lease), &value
	})
}

// Purge implements webhook.Purger.
func (s *postgresStore) Purge(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for key, row := range s.rows {
		if row.value == nil && row.touched.Before(now.Add(-s.retention)) && row.leaseUntil.Before(now) {
			delete(s.rows, key)
		}
	}
	return nil
}

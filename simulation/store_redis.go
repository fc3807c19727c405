package simulation

import (
	"context"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// redisStore is a model of stores/redis: its scripts, written in Go, on a map whose records expire automatically.
type redisStore struct {
	now       func() time.Time
	retention time.Duration

	mu      sync.Mutex
	records map[string]redisRecord
	journal []redisWrite // of the last moments, the oldest first
}

type redisRecord struct {
	token    int64
	until    int64 // end of the lease, in microseconds; 0 when free
	done     bool
	value    string
	hasValue bool
	expires  time.Time // zero for never
}

// redisWrite has the state of a record before a write.
type redisWrite struct {
	at      time.Time
	key     string
	before  redisRecord
	existed bool
}

var _ webhook.Store = (*redisStore)(nil)

func newRedisStore(retention time.Duration, now func() time.Time) *redisStore {
	return &redisStore{now: now, retention: retention, records: map[string]redisRecord{}}
}

// Retention implements webhook.Store.
func (s *redisStore) Retention() time.Duration { return s.retention }

// script runs f on a record as the server runs a script: alone, and with one time for all of it. If ctx has ended, it does not
// run f.
func (s *redisStore) script(ctx context.Context, key string, f func(r *redisRecord, exists bool, micros int64) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	r, exists := s.records[key]
	if exists && !r.expires.IsZero() && !now.Before(r.expires) {
		delete(s.records, key)
		r, exists = redisRecord{}, false
	}
	before := r
	err := f(&r, exists, now.UnixMicro())
	if r != before {
		s.journal = append(s.journal, redisWrite{now, key, before, exists})
		s.records[key] = r
	}
	return err
}

// expire makes a record expire after some time. A record with a value never expires.
func (s *redisStore) expire(r *redisRecord, after time.Duration) {
	r.expires = time.Time{}
	if !r.hasValue {
		r.expires = s.now().Add(after)
	}
}

// Begin implements webhook.Store.
func (s *redisStore) Begin(ctx context.Context, key string, lease time.Duration) (c webhook.Claim, err error) {
	err = s.script(ctx, key, func(r *redisRecord, exists bool, micros int64) error {
		switch {
		case r.done:
			// A record that a pass of a Reconciler reads is renewed, so that it does not expire while nothing new happens.
			if left := r.expires.Sub(s.now()); left <= s.retention-s.retention/10 {
				s.expire(r, s.retention)
			}
			return webhook.ErrHandled
		case exists && r.until > micros:
			return webhook.ErrInProgress
		}
		r.token, r.until = max(micros, r.token+1), micros+lease.Microseconds()
		s.expire(r, max(s.retention, lease))
		c = webhook.Claim{Key: key, Token: r.token, Value: r.value}
		return nil
	})
	return c, err
}

// change runs f on the record of a claim, unless a later claim has the record.
func (s *redisStore) change(ctx context.Context, c webhook.Claim, f func(r *redisRecord, micros int64) error) error {
	return s.script(ctx, c.Key, func(r *redisRecord, exists bool, micros int64) error {
		if !exists || r.token != c.Token {
			return webhook.ErrLeaseLost
		}
		return f(r, micros)
	})
}

// Done implements webhook.Store.
func (s *redisStore) Done(ctx context.Context, c webhook.Claim) error {
	return s.change(ctx, c, func(r *redisRecord, _ int64) error {
		r.done = true
		s.expire(r, s.retention)
		return nil
	})
}

// Forget implements webhook.Store.
func (s *redisStore) Forget(ctx context.Context, c webhook.Claim) error {
	err := s.change(ctx, c, func(r *redisRecord, _ int64) error {
		r.until = 0
		return nil
	})
	if err == webhook.ErrLeaseLost {
		return nil
	}
	return err
}

// Save implements webhook.Store.
func (s *redisStore) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return s.change(ctx, c, func(r *redisRecord, micros int64) error {
		if r.done {
			return webhook.ErrLeaseLost
		}
		r.until, r.value, r.hasValue = micros+lease.Microseconds(), value, true
		s.expire(r, 0)
		return nil
	})
}

// failOver takes back the writes of the time lost, which the replica that is now the server has not received. It returns
// their keys.
func (s *redisStore) failOver(lost time.Duration) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.now().Add(-lost)
	keys := map[string]bool{}
	for len(s.journal) > 0 {
		last := s.journal[len(s.journal)-1]
		if last.at.Before(since) {
			break
		}
		s.journal = s.journal[:len(s.journal)-1]
		keys[last.key] = true
		if last.existed {
			s.records[last.key] = last.before
		} else {
			delete(s.records, last.key)
		}
	}
	return keys
}

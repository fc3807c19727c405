package webhook

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// DefaultMemoryCapacity is how many events a [MemoryStore] remembers unless told otherwise: about 16 MB.
const DefaultMemoryCapacity = 1 << 16

// ErrStoreFull is returned by [MemoryStore.Begin] when every record is claimed, so that none can be dropped.
var ErrStoreFull = errors.New("webhook: the store is full of claims in progress")

// MemoryStore is a [Store] in this process's memory: for one replica, and for tests. It forgets everything with the
// process; an event that was handled before a restart and comes again after it is handled again.
//
// It is bounded: with its capacity reached, a new event drops the record that was touched longest ago, among those that
// are done, free, or whose lease is over. Records that hold a value are neither counted nor dropped.
type MemoryStore struct {
	capacity int
	now      func() time.Time

	mu      sync.Mutex // guards what follows
	records map[string]*memoryRecord
	order   *list.List // of the records without a value, the longest untouched first
	token   int64      // the last one given; one counter for all keys outlives dropped records
}

type memoryRecord struct {
	key     string
	token   int64
	until   time.Time // end of the lease; zero when free
	done    bool
	value   string
	element *list.Element // in order; nil once a value was saved
}

// NewMemoryStore returns an empty store for so many events, [DefaultMemoryCapacity] if capacity is 0 or less. now is its
// clock, time.Now if nil.
func NewMemoryStore(capacity int, now func() time.Time) *MemoryStore {
	if capacity <= 0 {
		capacity = DefaultMemoryCapacity
	}
	if now == nil {
		now = time.Now
	}
	return &MemoryStore{capacity: capacity, now: now, records: map[string]*memoryRecord{}, order: list.New()}
}

// Begin implements [Store].
func (s *MemoryStore) Begin(ctx context.Context, key string, lease time.Duration) (Claim, error) {
	if err := ctx.Err(); err != nil {
		return Claim{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[key]
	switch {
	case r == nil:
		if !s.makeRoom() {
			return Claim{}, ErrStoreFull
		}
		r = &memoryRecord{key: key}
		r.element = s.order.PushBack(r)
		s.records[key] = r
	case r.done:
		return Claim{}, ErrHandled
	case s.now().Before(r.until):
		return Claim{}, ErrInProgress
	}
	s.token++
	r.token, r.until = s.token, s.now().Add(lease)
	s.touch(r)
	return Claim{Key: key, Token: r.token, Value: r.value}, nil
}

// Done implements [Store].
func (s *MemoryStore) Done(ctx context.Context, c Claim) error {
	return s.with(ctx, c, func(r *memoryRecord) error {
		r.done = true
		return nil
	})
}

// Forget implements [Store].
func (s *MemoryStore) Forget(ctx context.Context, c Claim) error {
	err := s.with(ctx, c, func(r *memoryRecord) error {
		r.until = time.Time{}
		return nil
	})
	if errors.Is(err, ErrLeaseLost) {
		return nil
	}
	return err
}

// Save implements [Store].
func (s *MemoryStore) Save(ctx context.Context, c Claim, lease time.Duration, value string) error {
	return s.with(ctx, c, func(r *memoryRecord) error {
		if r.done {
			return ErrLeaseLost
		}
		r.until, r.value = s.now().Add(lease), value
		if r.element != nil {
			s.order.Remove(r.element)
			r.element = nil
		}
		return nil
	})
}

// with changes the claim's record, if the claim is still the last one.
func (s *MemoryStore) with(ctx context.Context, c Claim, change func(*memoryRecord) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[c.Key]
	if r == nil || r.token != c.Token {
		return ErrLeaseLost
	}
	s.touch(r)
	return change(r)
}

func (s *MemoryStore) touch(r *memoryRecord) {
	if r.element != nil {
		s.order.MoveToBack(r.element)
	}
}

// makeRoom drops a record if it must, and reports whether there is room for one more. Claims in progress are stepped
// over; there are no more of them than callbacks at work.
func (s *MemoryStore) makeRoom() bool {
	if s.order.Len() < s.capacity {
		return true
	}
	for e := s.order.Front(); e != nil; e = e.Next() {
		if r := e.Value.(*memoryRecord); r.done || !s.now().Before(r.until) {
			s.order.Remove(e)
			delete(s.records, r.key)
			return true
		}
	}
	return false
}

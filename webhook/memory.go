package webhook

import (
	"container/heap"
	"container/list"
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// DefaultMemoryCapacity is how many events a [MemoryStore] remembers unless its MaxEvents is set: about 16 MB.
const DefaultMemoryCapacity = 1 << 16

// ErrStoreFull is returned by [MemoryStore.Begin] when the store has reached its capacity and every record is a claim
// whose lease is not over, so that none can be dropped.
var ErrStoreFull = errors.New("webhook: the store is full of claims in progress")

// MemoryStore is a [Store] in the memory of this process, for a single replica and for tests. It loses everything with
// the process; an event that was handled before a restart and comes again after it is handled again. The zero value is
// ready to use. It is safe for concurrent use; its fields must not be changed after the first call.
//
// It has a capacity instead of a retention. When the capacity is reached, a new event drops the record that was touched
// longest ago, among those that are done or free; if there is none, a claim whose lease is over. An event whose record
// was dropped is handled again when it comes again. In each pass a [Reconciler] reads again all events after
// its checkpoint minus Overlap, so the capacity must be larger than the number of events in the Overlap, and larger than
// the number of events after one that always fails; otherwise each pass handles some of them again and logs a warning.
// Records that hold a value are neither counted nor dropped.
//
// A token is the time of the store's clock in microseconds, or one more than the store's last token if that is larger.
// So tokens grow across restarts of the process as long as the clock does not go back.
type MemoryStore struct {
	// MaxEvents is the capacity. 0 or less means [DefaultMemoryCapacity].
	MaxEvents int
	// Now is the store's clock. Nil means time.Now.
	Now func() time.Time

	mu      sync.Mutex // guards the fields below
	records map[string]*memoryRecord
	idle    list.List // the records that are done or free and hold no value, the longest untouched first
	claimed claimHeap // those that are claimed and hold no value, the lease that ends first in front
	token   int64     // of the last claim of any record
}

type memoryRecord struct {
	key     string
	token   int64
	until   time.Time // end of the lease
	state   memoryState
	value   string
	kept    bool          // a value was saved, so the record is in neither idle nor claimed
	element *list.Element // the element of the list idle, or nil
	index   int           // the position in the heap claimed, if the record is claimed and not kept
}

type memoryState int

const (
	memoryFree memoryState = iota
	memoryClaimed
	memoryDone
)

func (s *MemoryStore) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Begin implements [Store].
func (s *MemoryStore) Begin(ctx context.Context, key string, lease time.Duration) (Claim, error) {
	if err := ctx.Err(); err != nil {
		return Claim{}, errtext.In("webhook", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	r := s.records[key]
	switch {
	case r == nil:
		if !s.makeRoom(now) {
			return Claim{}, ErrStoreFull
		}
		if r = (&memoryRecord{key: key}); s.records == nil {
			s.records = map[string]*memoryRecord{}
		}
		s.records[key] = r
	case r.state == memoryDone:
		s.move(r, memoryDone) // renews the record: makeRoom drops the one that was touched longest ago
		return Claim{}, ErrHandled
	case r.state == memoryClaimed && now.Before(r.until):
		return Claim{}, ErrInProgress
	}
	s.token = max(s.token+1, now.UnixMicro())
	r.token = s.token
	s.claim(r, now.Add(lease))
	return Claim{Key: key, Token: r.token, Value: r.value}, nil
}

// Done implements [Store].
func (s *MemoryStore) Done(ctx context.Context, c Claim) error {
	return s.with(ctx, c, func(r *memoryRecord) error {
		s.move(r, memoryDone)
		return nil
	})
}

// Forget implements [Store].
func (s *MemoryStore) Forget(ctx context.Context, c Claim) error {
	err := s.with(ctx, c, func(r *memoryRecord) error {
		if r.state != memoryDone {
			s.move(r, memoryFree)
		}
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
		if r.state == memoryDone {
			return ErrLeaseLost
		}
		s.detach(r)
		r.value, r.kept = value, true
		s.claim(r, s.now().Add(lease))
		return nil
	})
}

// Retention implements [Store]. It is the longest Duration: no record is dropped for its age.
func (s *MemoryStore) Retention() time.Duration { return math.MaxInt64 }

// Capacity returns how many events the store remembers at most: MaxEvents or [DefaultMemoryCapacity].
func (s *MemoryStore) Capacity() int {
	if s.MaxEvents <= 0 {
		return DefaultMemoryCapacity
	}
	return s.MaxEvents
}

// with calls change with the record of the claim's key. It returns ErrLeaseLost if there is no record, or if its last
// claim is another one.
func (s *MemoryStore) with(ctx context.Context, c Claim, change func(*memoryRecord) error) error {
	if err := ctx.Err(); err != nil {
		return errtext.In("webhook", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[c.Key]
	if r == nil || r.token != c.Token {
		return ErrLeaseLost
	}
	return change(r)
}

// claim marks the record as claimed until the given time.
func (s *MemoryStore) claim(r *memoryRecord, until time.Time) {
	s.detach(r)
	r.state, r.until = memoryClaimed, until
	if !r.kept {
		heap.Push(&s.claimed, r)
	}
}

// move sets the state of a record to memoryDone or memoryFree. If the record holds no value, it becomes the last one in
// idle, because it was touched last.
func (s *MemoryStore) move(r *memoryRecord, to memoryState) {
	s.detach(r)
	r.state = to
	if !r.kept {
		r.element = s.idle.PushBack(r)
	}
}

// detach removes the record from the list idle or the heap claimed, if it is in one of them, and sets its state to
// memoryFree.
func (s *MemoryStore) detach(r *memoryRecord) {
	switch {
	case r.element != nil:
		s.idle.Remove(r.element)
		r.element = nil
	case r.state == memoryClaimed && !r.kept:
		heap.Remove(&s.claimed, r.index)
	}
	r.state = memoryFree
}

// makeRoom reports whether the store can take one more record. If the store is full, it drops one: the record that was
// touched longest ago among those that are done or free, or else the claim whose lease ended first. It reports false if
// no lease is over.
func (s *MemoryStore) makeRoom(now time.Time) bool {
	if s.idle.Len()+len(s.claimed) < s.Capacity() {
		return true
	}
	var oldest *memoryRecord
	if front := s.idle.Front(); front != nil {
		oldest = front.Value.(*memoryRecord)
	} else if oldest = s.claimed[0]; now.Before(oldest.until) {
		return false
	}
	s.detach(oldest)
	delete(s.records, oldest.key)
	return true
}

// claimHeap orders claims by the end of their leases; see container/heap.
type claimHeap []*memoryRecord

func (h claimHeap) Len() int { return len(h) }

func (h claimHeap) Less(i, j int) bool {
	if !h[i].until.Equal(h[j].until) {
		return h[i].until.Before(h[j].until)
	}
	return h[i].token < h[j].token
}

func (h claimHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *claimHeap) Push(r any) {
	r.(*memoryRecord).index = len(*h)
	*h = append(*h, r.(*memoryRecord))
}

func (h *claimHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}

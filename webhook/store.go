package webhook

import (
	"context"
	"errors"
	"time"
)

// What a [Store] answers besides success. It may wrap them; errors.Is finds them. Any other error means that the store
// could not be asked, and that nobody knows whether the call took effect.
var (
	// ErrHandled is returned by Begin for a key that is done.
	ErrHandled = errors.New("webhook: handled before")
	// ErrInProgress is returned by Begin while another claim of the key has not run out.
	ErrInProgress = errors.New("webhook: in progress elsewhere")
	// ErrLeaseLost is returned by Done and Save for a claim that was followed by another, or that the store no longer
	// knows.
	ErrLeaseLost = errors.New("webhook: the lease ran out and was taken over")
)

// Store remembers which events were handled, and who is handling one right now. All replicas of a receiver, and its
// [Reconciler], share one Store. It is a table of records by key; the key of an event is its id. A record is free,
// claimed until the end of a lease, or done.
//
//	            Begin              Done, same token     Forget, same token   Save, same token
//	no record   claims, token n    ErrLeaseLost         nothing              ErrLeaseLost
//	free        claims, token > n  done                 nothing              claims again
//	claimed     ErrInProgress      done                 free                 lease and value set
//	lease over  claims, token > n  done                 free                 claims again
//	done        ErrHandled         nothing              nothing              ErrLeaseLost
//
// A call with the token of an earlier claim changes nothing: Done and Save return ErrLeaseLost, Forget returns nil.
//
// Each call is one atomic step on one record: two Begin calls at the same moment have one winner, whichever replicas
// they come from. Leases are measured by the store's clock, never by that of a replica. A record that is done is kept for
// the store's retention at least, one that holds a value for ever. Implementations are safe for concurrent use; package
// storetest has the test of all this.
type Store interface {
	// Begin claims the key for the length of the lease. The claim's token is larger than that of every earlier claim of
	// the record, and its Value is what Save last wrote.
	Begin(ctx context.Context, key string, lease time.Duration) (Claim, error)

	// Done marks the claim's record as done. It succeeds after the end of the lease as well, as long as nobody else began:
	// the work was done by one only. Repeating it is harmless.
	Done(ctx context.Context, c Claim) error

	// Forget gives the claim up, so that the next Begin need not wait for the end of the lease. A value stays.
	Forget(ctx context.Context, c Claim) error

	// Save begins the lease anew and sets the record's value. The Reconciler keeps its checkpoint like this: whoever was
	// overtaken by another cannot set it back.
	Save(ctx context.Context, c Claim, lease time.Duration, value string) error
}

// Purger is a Store that does not drop old records by itself. A [Reconciler] calls Purge after each pass that left nothing
// behind: no event that old can come from the history any more.
type Purger interface {
	// Purge drops the records that are older than the store's retention and hold no value.
	Purge(ctx context.Context) error
}

// Claim is the right to work on a key until the end of a lease.
type Claim struct {
	Key string
	// Token tells this claim from all others of the key. It grows with each, so it can serve as a fencing token: a system
	// that remembers the largest token it has seen can refuse a straggler whose lease ran out.
	Token int64
	// Value is what the record held when the claim was made, "" if nothing was saved.
	Value string
}

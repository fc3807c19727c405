package webhook

import (
	"context"
	"errors"
	"time"
)

// The errors of a [Store] that callers tell apart. It may wrap them; errors.Is finds them. Any other error means that
// the store could not be reached, and that it is unknown whether the call took effect.
var (
	// ErrHandled is returned by Begin for a key that is done.
	ErrHandled = errors.New("webhook: handled before")
	// ErrInProgress is returned by Begin while another claim of the key has not run out.
	ErrInProgress = errors.New("webhook: in progress elsewhere")
	// ErrLeaseLost is returned by Done and Save for a claim that was followed by another, or that the store no longer
	// knows.
	ErrLeaseLost = errors.New("webhook: the lease ran out and was taken over")
)

// Store remembers which events were handled, and which are being handled right now. All replicas of a receiver, and its
// [Reconciler], share one Store. It is a table of records by key; the key of an event is its id. A record is free,
// claimed until the end of a lease, or done.
//
//	            Begin                Done, same token   Forget, same token   Save, same token
//	no record   claims, token n      ErrLeaseLost       nothing              ErrLeaseLost
//	free        claims, token > n    done               nothing              claims again
//	claimed     ErrInProgress        done               free                 lease and value set
//	lease over  claims, token > n    done               free                 claims again
//	done        ErrHandled, renewed  nothing            nothing              ErrLeaseLost
//
// A call with the token of an earlier claim changes nothing: Done and Save return ErrLeaseLost, Forget returns nil.
//
// Each call is one atomic step on one record: of two Begin calls at the same moment one claims, whichever replicas they
// come from. Leases and ages are measured by the store's clock, never by that of a replica.
//
// A record that is done is kept until its age reaches the retention. Its age begins with Done, and again with each
// Begin that finds it done; a store may leave out that renewal while less than a tenth of the retention has passed
// since the last one. A record that is claimed is kept until its lease is over, one that holds a value for ever.
//
// Implementations must be safe for concurrent use. Package webhooktest has a conformance test for them.
type Store interface {
	// Begin claims the key for the length of the lease. The claim's token is larger than that of every earlier claim of
	// the record, and its Value is what Save last wrote. On a record that is done it renews the age and returns
	// ErrHandled.
	Begin(ctx context.Context, key string, lease time.Duration) (Claim, error)

	// Done marks the claim's record as done. It succeeds after the end of the lease as well, as long as there was no
	// other claim: then only one callback did the work. Repeating it is harmless.
	Done(ctx context.Context, c Claim) error

	// Forget releases the claim, so that the next Begin need not wait for the end of the lease. A value stays.
	Forget(ctx context.Context, c Claim) error

	// Save begins the lease again and sets the record's value. The Reconciler keeps its checkpoint like this: a replica
	// whose claim was followed by another cannot set the checkpoint back.
	Save(ctx context.Context, c Claim, lease time.Duration, value string) error

	// Retention is how long a record that is done is kept after its last renewal, at least. It is constant and must not
	// block. A store that drops records for other reasons only, or never, returns the longest Duration.
	Retention() time.Duration
}

// Purger is a Store that drops old records only when it is told to. A [Reconciler] calls Purge after each pass that
// reached its end: everything that the next pass can read again was renewed by then, so a Purge cannot drop it, however
// long the Reconciler was down before.
type Purger interface {
	// Purge drops each record that is older than the store's retention, holds no value, and is under no lease.
	Purge(ctx context.Context) error
}

// BulkStore is a Store that can be asked for many records at once. It is an optional addition: a [Reconciler] uses it
// to pass over the events that were handled before in one round trip instead of one for each event.
type BulkStore interface {
	// Handled returns those of the keys whose records are done, in any order, and renews them as Begin does. Keys are
	// at most [MaxHeldEvents].
	Handled(ctx context.Context, keys []string) (done []string, err error)
}

// Claim is the right to work on a key until the end of a lease.
type Claim struct {
	Key string
	// Token tells this claim from all others of the key. It grows with each, so it can serve as a fencing token: a
	// system that remembers the largest token it has seen can reject a late callback whose lease has ended. The stores
	// of this project derive tokens from their clocks, so tokens keep growing after a loss of records too, unless the
	// clock is set back.
	Token int64
	// Value is what the record held when the claim was made, "" if nothing was saved.
	Value string
}

package webhook

import (
	"context"
	"errors"
	"time"
)

// The errors of a [Store] that callers tell apart. A Store may wrap them; errors.Is finds them. Any other error means
// that the store failed or could not be reached; then it is unknown whether the call took effect.
var (
	// ErrHandled is returned by Begin for a key that is done.
	ErrHandled = errors.New("webhook: handled before")
	// ErrInProgress is returned by Begin while another claim of the key has not run out.
	ErrInProgress = errors.New("webhook: in progress elsewhere")
	// ErrLeaseLost is returned by Done and Save for a claim that is not the last claim of its key, or whose record the
	// store has dropped. Save also returns it for a record that is done.
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
	// Begin claims the key for the duration of the lease. The claim's token is larger than that of every earlier claim
	// of the record, and its Value is what Save last wrote. If the record is done, Begin renews its age and returns
	// ErrHandled. If another claim's lease is not over, Begin returns ErrInProgress.
	Begin(ctx context.Context, key string, lease time.Duration) (Claim, error)

	// Done marks the claim's record as done. It succeeds after the end of the lease as well, as long as there was no
	// later claim: then only one callback did the work. Repeating it is harmless.
	Done(ctx context.Context, c Claim) error

	// Forget releases the claim, so that the next Begin need not wait for the end of the lease. The record keeps its
	// value.
	Forget(ctx context.Context, c Claim) error

	// Save claims the record again, for the duration of the lease from now, and sets its value. The Reconciler keeps
	// its checkpoint in a value: a replica whose claim was followed by another one gets ErrLeaseLost, so it cannot set
	// the checkpoint back.
	Save(ctx context.Context, c Claim, lease time.Duration, value string) error

	// Retention returns how long a record that is done is kept after its last renewal, at least. It is constant and
	// must not block. A store that does not drop records because of their age returns the longest Duration.
	Retention() time.Duration
}

// Purger is a Store that drops old records only when its Purge is called. A [Reconciler] calls Purge at the end of a
// pass that has renewed everything that the next pass can read again, so Purge drops nothing of that, however long the
// Reconciler was down before. It does not call Purge after a pass that failed, that took longer than half of the
// retention, or whose last event is older than the newest one by more than that (if the machine's clock is slow).
type Purger interface {
	// Purge drops each record that is older than the store's retention, holds no value, and is under no lease.
	Purge(ctx context.Context) error
}

// BulkStore is a Store that can look up many records at once. It is optional: with it a [Reconciler] learns in one
// round trip which of many events were handled before, instead of one for each event.
type BulkStore interface {
	// Handled returns those of the keys whose records are done, in any order, and renews these records as Begin does.
	// It claims nothing. There are at most [MaxHeldEvents] keys, and the same key may be given twice.
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

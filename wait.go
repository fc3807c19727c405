package byzantine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// How WaitForTransaction asks. A block takes 2 s on Base and 12 s on Ethereum.
const (
	firstPoll  = time.Second
	maxPoll    = 12 * time.Second
	pollGrowth = 1.5

	// maxUnseen is how long a transaction that was just signed may be unknown to the API.
	maxUnseen = 30 * time.Second
	// maxOutage is how long the API may fail before the wait is given up.
	maxOutage = 5 * time.Minute
)

// WaitOption changes a wait.
type WaitOption func(*transactionWait)

// WaitUntil ends the wait, without an error, also when done returns true: for a state that comes before the end, such as
// TransactionWaitingForFunds. A state that is passed between two polls is not seen, so done has to accept later ones.
func WaitUntil(done func(*Transaction) bool) WaitOption {
	return func(w *transactionWait) { w.done = done }
}

// WaitOnChange calls hook with the transaction when it is first seen and each time that its status has changed since the
// last poll. The wait goes on when hook returns.
func WaitOnChange(hook func(*Transaction)) WaitOption {
	return func(w *transactionWait) { w.changed = hook }
}

// WaitInterval sets the time between two polls. Without it that is one second at first and grows to twelve, with jitter.
// An interval that is not positive changes nothing.
func WaitInterval(interval time.Duration) WaitOption {
	return func(w *transactionWait) { w.interval = interval }
}

// TransactionFailedError says that a transaction ended in another state than completed. For some it is what was wanted:
// a queued withdrawal that was cancelled ends as TransactionCancelled.
type TransactionFailedError struct {
	Transaction *Transaction
}

func (e *TransactionFailedError) Error() string {
	if e.Transaction == nil {
		return "byzantine: the transaction failed"
	}
	return "byzantine: the transaction ended as " + call.Printable(string(e.Transaction.Status))
}

// WaitForTransaction polls a signed transaction until it has ended, or until what [WaitUntil] says. The error is nil if it
// is completed then (or Until is satisfied), and a *[TransactionFailedError] in every other end state. Start it after
// [Client.SignPayloadPasskey] succeeded: a draft is unknown to the API, which looks like a wrong id.
//
// A transaction on the chain takes seconds to minutes. One in fiat takes days: it waits for a bank transfer, in the
// sandbox for ever. Give ctx a deadline, and for fiat rather look again from time to time, or go by webhooks.
//
// The wait goes on if the transaction is unknown in the first 30 seconds, and while for up to five minutes the API
// cannot be reached or responds with a 429 or a 5xx; it polls no earlier than the response's Retry-After says. When ctx
// ends, the error wraps why and names the last status. With any error the transaction is returned as it was last seen,
// nil if it was not.
//
// Operation get_transaction.
func (c *Client) WaitForTransaction(ctx context.Context, transactionID string, opts ...WaitOption) (*Transaction, error) {
	w := &transactionWait{client: c, id: transactionID, started: time.Now()}
	for _, opt := range opts {
		opt(w)
	}
	for poll := 0; ; poll++ {
		ended, err := w.poll(ctx)
		if ended || err != nil {
			return w.last, err
		}
		if !call.Sleep(ctx, max(w.pause(ctx, poll), w.retryAfter())) {
			return w.last, w.interrupted(ctx)
		}
	}
}

type transactionWait struct {
	client   *Client
	id       string
	done     func(*Transaction) bool
	changed  func(*Transaction)
	interval time.Duration

	started     time.Time
	last        *Transaction // as last seen
	failure     error        // of the last poll, if it failed
	failedSince time.Time
}

// poll asks once. An error ends the wait.
func (w *transactionWait) poll(ctx context.Context) (ended bool, err error) {
	t, err := w.client.GetTransaction(ctx, w.id)
	if err != nil {
		return false, w.failed(ctx, err)
	}
	w.failure = nil
	before := w.last
	w.last = t
	if w.changed != nil && (before == nil || before.Status != t.Status) {
		w.changed(t)
	}
	switch {
	case w.done != nil && w.done(t), t.Status == TransactionCompleted:
		return true, nil
	case t.Status.Terminal():
		return true, &TransactionFailedError{Transaction: t}
	}
	return false, nil
}

// failed returns nil if the wait goes on all the same.
func (w *transactionWait) failed(ctx context.Context, err error) error {
	if w.failure == nil {
		w.failedSince = time.Now()
	}
	w.failure = err
	switch {
	case ctx.Err() != nil:
		return w.interrupted(ctx)
	case errors.Is(err, ErrNotFound) && w.last == nil && time.Since(w.started) < maxUnseen:
		return nil
	case passing(err):
		if time.Since(w.failedSince) < maxOutage {
			return nil
		}
	}
	return fmt.Errorf("byzantine: waiting for the transaction, %s: %w", w.lastSeen(), err)
}

// passing reports whether a failed poll says nothing about the next one.
func passing(err error) bool {
	var response *Error
	if errors.As(err, &response) {
		return call.Passing(response.StatusCode, nil)
	}
	var transport *TransportError
	return errors.As(err, &transport) && call.Passing(0, err)
}

func (w *transactionWait) interrupted(ctx context.Context) error {
	err := call.ContextError(ctx)
	if w.failure != nil && !errors.Is(w.failure, ctx.Err()) {
		err = fmt.Errorf("%w; the last poll failed: %w", err, w.failure)
	}
	return fmt.Errorf("byzantine: waiting for the transaction, %s: %w", w.lastSeen(), err)
}

func (w *transactionWait) lastSeen() string {
	if w.last == nil {
		return "not seen yet"
	}
	return "last seen as " + call.Printable(string(w.last.Status))
}

// retryAfter is how long the API asked to wait when it rejected the last poll: at most as long as an outage may take.
func (w *transactionWait) retryAfter() time.Duration {
	var rejected *Error
	if !errors.As(w.failure, &rejected) {
		return 0
	}
	return min(call.RetryAfter(rejected.Header, time.Now()), maxOutage)
}

// pause is the time until the next poll.
func (w *transactionWait) pause(ctx context.Context, poll int) time.Duration {
	if w.interval > 0 {
		return w.interval
	}
	pause := float64(firstPoll)
	for range poll {
		if pause *= pollGrowth; pause >= float64(maxPoll) {
			pause = float64(maxPoll)
			break
		}
	}
	// Between three quarters and all of it, so that waits that began together drift apart.
	return time.Duration(pause) - jitter.UpTo(ctx, time.Duration(pause/4))
}

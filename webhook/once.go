package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

const (
	// responseMargin is how long after the callback's deadline the outcome may still be recorded before the response is
	// sent without it.
	responseMargin = time.Second
	// recordTimeout is how long the recording of an outcome may take in total. It continues after the response was
	// sent.
	recordTimeout = 5 * time.Second
	// recordPause is the wait between two tries to record.
	recordPause = 250 * time.Millisecond
	// leaseMargin is how much longer a lease lasts than the callback's timeout: long enough for the recording, and some
	// seconds more.
	leaseMargin = recordTimeout + 7*time.Second
)

// once calls the callback for events that the store does not have as handled, and records the outcome. [Handler] and
// [Reconciler] both use it, so that an event is handled by only one of them.
type once struct {
	store   Store
	fn      Func
	timeout time.Duration
	logger  *slog.Logger
}

// errTimeout means that the callback did not return in time. It may still be running.
var errTimeout = errors.New("the callback took too long")

// callbackError wraps the error that a callback returned, or one that says that it panicked or ended its goroutine.
type callbackError struct{ err error }

func (e *callbackError) Error() string {
	return "the callback failed: " + errtext.TrimUnlessForeign(e.err.Error())
}
func (e *callbackError) Unwrap() error { return e.err }

// handle returns nil if the event was handled by this call and that is recorded, [ErrHandled] if it had been handled
// before, and [ErrInProgress] if it is being handled elsewhere. Any other error is a failure: a *callbackError,
// errTimeout, or an error of the store.
//
// It returns at the latest when responseMargin has passed after the deadline, whatever callback and store do. A
// callback that ignores its context continues in its goroutine, and its outcome is recorded when it ends, unless its
// lease was taken over by then.
func (o *once) handle(ctx context.Context, d *Delivery, deadline time.Time) error {
	response := time.NewTimer(time.Until(deadline) + responseMargin)
	defer response.Stop()
	outcome := make(chan error, 1)
	go func() { outcome <- o.work(ctx, d, deadline) }()
	select {
	case err := <-outcome:
		return err
	case <-response.C:
		go func() {
			err := <-outcome
			o.logger.WarnContext(ctx, "webhook: a callback ended after the response was sent", slog.String("event_id", d.EventID),
				slog.Bool("handled", err == nil), slog.Any("error", err))
		}()
		return errTimeout
	}
}

func (o *once) work(ctx context.Context, d *Delivery, deadline time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	claim, err := o.store.Begin(bounded, d.EventID, o.timeout+leaseMargin)
	switch {
	case errors.Is(err, ErrHandled), errors.Is(err, ErrInProgress):
		return err
	case err != nil:
		return fmt.Errorf("the store cannot begin: %w", errtext.Bare(err))
	}
	return o.record(context.WithoutCancel(ctx), claim, o.call(context.WithValue(bounded, claimKey{}, claim), d))
}

// call runs the callback and returns nil or a *callbackError. If ctx has ended, it returns another error and does not run
// the callback. It runs it in a separate goroutine, because a callback may end its goroutine (runtime.Goexit).
func (o *once) call(ctx context.Context, d *Delivery) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the store took too long: %w", ctx.Err())
	}
	result := make(chan error, 1)
	go func() {
		err := errors.New("it ended its goroutine") // unless it returns
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
				o.logger.ErrorContext(ctx, "webhook: the callback panicked", slog.String("event_id", d.EventID),
					slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			}
			result <- err
		}()
		err = o.fn(ctx, d)
	}()
	if err := <-result; err != nil {
		return &callbackError{err}
	}
	return nil
}

// record records in the store how the callback ended. If result is nil, it calls Done until that succeeds or the lease
// is lost, for up to recordTimeout, and returns nil or the last error. Otherwise it calls Forget once and returns result.
func (o *once) record(ctx context.Context, claim Claim, result error) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if result != nil {
		if err := o.store.Forget(ctx, claim); err != nil {
			// Only log a failure, because the claim ends with its lease anyway.
			o.logger.WarnContext(ctx, "webhook: a failed event waits for the end of its lease",
				slog.String("event_id", claim.Key), slog.Any("error", err))
		}
		return result
	}
	for {
		err := o.store.Done(ctx, claim)
		if err == nil {
			return nil
		}
		// Try again: if the outcome is not recorded, the event is handled a second time.
		if errors.Is(err, ErrLeaseLost) || !call.Sleep(ctx, recordPause) {
			return fmt.Errorf("handled, but the store cannot record it: %w", errtext.Bare(err))
		}
	}
}

type claimKey struct{}

// ClaimFrom returns the claim under which a callback runs, and false if ctx is not derived from the context of a
// callback. The claim's Token is a fencing token. A store that shares a database with the callback can mark the claim
// as done in the callback's own transaction, as stores/postgres does.
func ClaimFrom(ctx context.Context) (Claim, bool) {
	c, ok := ctx.Value(claimKey{}).(Claim)
	return c, ok
}

package byzantine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// How waits ask. A block takes 2 s on Base and 12 s on Ethereum; a person is verified in minutes, an entity in a day or
// two.
const (
	firstPoll       = time.Second
	pollGrowth      = 1.5
	transactionPoll = 12 * time.Second
	personPoll      = 30 * time.Second
	entityPoll      = 5 * time.Minute

	// maxUnseen is how long what was just made may be unknown to the API.
	maxUnseen = 30 * time.Second
)

// WaitOption changes a wait. For an option with an invalid value, and for a nil one, the wait returns a *[FieldError]
// and sends nothing.
type WaitOption func(*waitOptions) error

type waitOptions struct {
	done     func(*Transaction) bool
	changed  func(*Transaction)
	interval time.Duration
}

// WaitUntil also ends the wait, without an error, when done returns true. Use it for a state before the end, such as
// [TransactionWaitingForFunds]. A state that passes between two polls is not seen, so done must accept later states
// too.
func WaitUntil(done func(*Transaction) bool) WaitOption {
	return func(o *waitOptions) error {
		if done == nil {
			return &FieldError{Field: "WaitUntil", Reason: "nil function"}
		}
		o.done = done
		return nil
	}
}

// WaitOnChange calls hook with the transaction when it is first seen and each time that its status has changed since
// the last poll. The wait goes on when hook returns, so hook must not block for long.
func WaitOnChange(hook func(*Transaction)) WaitOption {
	return func(o *waitOptions) error {
		if hook == nil {
			return &FieldError{Field: "WaitOnChange", Reason: "nil function"}
		}
		o.changed = hook
		return nil
	}
}

// WaitInterval sets the time between two polls. Without it the time is one second at first and grows, with jitter: to
// twelve seconds for a transaction, to half a minute for the verification of a person, to five minutes for that of an
// entity.
func WaitInterval(interval time.Duration) WaitOption {
	return func(o *waitOptions) error {
		if interval <= 0 {
			return &FieldError{Field: "WaitInterval", Reason: "must be positive"}
		}
		o.interval = interval
		return nil
	}
}

// TransactionFailedError says that a transaction ended in another state than completed. This can be what was wanted: a
// queued withdrawal that was cancelled ends as TransactionCancelled.
type TransactionFailedError struct {
	Transaction *Transaction
}

func (e *TransactionFailedError) Error() string {
	if e.Transaction == nil {
		return "byzantine: the transaction failed"
	}
	return "byzantine: the transaction ended as " + call.Printable(string(e.Transaction.Status))
}

// WaitForTransaction polls a signed transaction until it has ended or the condition of [WaitUntil] is true. The error
// is nil if the transaction is completed or the condition is true, and a *[TransactionFailedError] in every other end
// state. Call it after [Client.SignPayloadPasskey] has succeeded: the API does not know a draft and responds as it does
// to a wrong id.
//
// A transaction on the chain takes seconds to minutes. One in fiat takes days, because it waits for a bank transfer; in
// Byzantine's sandbox it waits for ever. A withdrawal for which [SubmittedTransaction.Queued] is true waits until the
// vault pays. Give ctx a deadline. For these two it is better to check from time to time, or to use webhooks.
//
// The wait goes on if the transaction is unknown in the first 30 seconds, and if the API cannot be reached or responds
// with a 429 or a 5xx, for up to five minutes. It polls no earlier than the response's Retry-After says. When ctx ends,
// the error wraps the context's error and names the last status. With any error the transaction is returned as it was
// last seen, or nil if it was never seen.
//
// Operation get_transaction.
func (c *Client) WaitForTransaction(ctx context.Context, transactionID string, opts ...WaitOption) (*Transaction, error) {
	w, err := newWait("the transaction", transactionPoll, opts)
	if err != nil {
		return nil, err
	}
	var last *Transaction
	satisfied := false
	err = w.run(ctx, func() (string, bool, error) {
		t, err := c.GetTransaction(ctx, transactionID)
		if err != nil {
			return "", false, err
		}
		changed := last == nil || last.Status != t.Status
		last = t
		if w.changed != nil && changed {
			w.changed(t)
		}
		satisfied = t.Status == TransactionCompleted || w.done != nil && w.done(t)
		return string(t.Status), satisfied || t.Status.Terminal(), nil
	})
	if err == nil && !satisfied {
		err = &TransactionFailedError{Transaction: last}
	}
	return last, err
}

// wait is what all waits have in common: when to poll again, and which failures to tolerate.
type wait struct {
	waitOptions
	what    string        // "the transaction"
	longest time.Duration // between two polls

	started     time.Time
	seen        bool
	status      string // as last seen
	failure     error  // of the last poll, if it failed
	failedSince time.Time
}

func newWait(what string, longest time.Duration, opts []WaitOption) (*wait, error) {
	w := &wait{what: what, longest: longest, started: time.Now()}
	return w, applyAll(&w.waitOptions, "WaitOption", opts)
}

// run polls until ask says that the wait has ended, or fails for good.
func (w *wait) run(ctx context.Context, ask func() (status string, ended bool, err error)) error {
	for poll := 0; ; poll++ {
		status, ended, err := ask()
		if err != nil {
			if err := w.failed(ctx, err); err != nil {
				return err
			}
		} else {
			w.failure, w.seen, w.status = nil, true, status
		}
		if ended {
			return nil
		}
		if !call.Sleep(ctx, max(w.pause(ctx, poll), w.retryAfter())) {
			return w.interrupted(ctx)
		}
	}
}

// failed returns nil if the wait goes on all the same.
func (w *wait) failed(ctx context.Context, err error) error {
	if w.failure == nil {
		w.failedSince = time.Now()
	}
	w.failure = err
	switch {
	case ctx.Err() != nil:
		return w.interrupted(ctx)
	case errors.Is(err, ErrNotFound) && !w.seen && w.retryAfter() < maxUnseen-time.Since(w.started):
		return nil
	case passing(err) && w.retryAfter() < call.MaxOutage-time.Since(w.failedSince):
		return nil
	}
	return fmt.Errorf("byzantine: waiting for %s, %s: %w", w.what, w.lastSeen(), errtext.Bare(err))
}

// passing reports whether the failure of a poll is temporary, so that the next poll may succeed.
func passing(err error) bool {
	var response *Error
	if errors.As(err, &response) {
		return call.Passing(response.StatusCode, nil)
	}
	var transport *TransportError
	return errors.As(err, &transport) && call.Passing(0, err)
}

func (w *wait) interrupted(ctx context.Context) error {
	err := call.ContextError(ctx)
	if w.failure != nil && !errors.Is(w.failure, ctx.Err()) {
		format := "%w; the last poll failed: %w"
		if errors.Is(w.failure, ErrNotFound) { // of the first seconds, which does not mean that there is none
			format = "%w; the last poll failed: %v"
		}
		err = fmt.Errorf(format, err, errtext.Bare(w.failure))
	}
	return fmt.Errorf("byzantine: waiting for %s, %s: %w", w.what, w.lastSeen(), errtext.Bare(err))
}

func (w *wait) lastSeen() string {
	if !w.seen {
		return "not seen yet"
	}
	return "last seen as " + call.Printable(w.status)
}

// retryAfter is how long the API asked to wait when it rejected the last poll.
func (w *wait) retryAfter() time.Duration {
	var rejected *Error
	if !errors.As(w.failure, &rejected) {
		return 0
	}
	return call.RetryAfter(rejected.Header, time.Now())
}

// pause is the time until the next poll.
func (w *wait) pause(ctx context.Context, poll int) time.Duration {
	if w.interval > 0 {
		return w.interval
	}
	pause := float64(firstPoll)
	for range poll {
		if pause *= pollGrowth; pause >= float64(w.longest) {
			pause = float64(w.longest)
			break
		}
	}
	// Between three quarters and all of it, so that waits that began together drift apart.
	return time.Duration(pause) - jitter.UpTo(ctx, time.Duration(pause/4))
}

// WaitForVerification polls the verification of an account's customer, a person or an entity, until it has ended or
// waits for you: until [VerificationStatus.Terminal] or [VerificationStatus.NeedsAction] reports true. Neither is an
// error: look at the status that is returned. It is VerificationActive when the customer may transact.
//
// The verification of a person takes minutes, that of an entity a day or two. Give ctx a deadline. For an entity it is
// better to use webhooks, [EventCustomerActive] and the other types that begin with "customer.": a process that waits
// for days is restarted in between. VerificationNotStarted counts only after 30 seconds, because it is also the status
// of a customer that was just made.
//
// It tolerates the same failures as [Client.WaitForTransaction]: a 404 in the first 30 seconds, and an outage of up to
// five minutes. All other errors end the wait at once. With any error the status is the last one that was seen, or ""
// if there was none. The only valid option is [WaitInterval]; the others are a *[FieldError].
//
// Operations get_account_details, and get_user_details or get_entity_details.
func (c *Client) WaitForVerification(ctx context.Context, accountID string, opts ...WaitOption) (VerificationStatus, error) {
	w, err := newWait("the verification", personPoll, opts)
	switch {
	case err != nil:
		return "", err
	case w.done != nil:
		return "", &FieldError{Field: "WaitUntil", Reason: "is for WaitForTransaction only"}
	case w.changed != nil:
		return "", &FieldError{Field: "WaitOnChange", Reason: "is for WaitForTransaction only"}
	}
	var last VerificationStatus
	var ask func() (VerificationStatus, error)
	err = w.run(ctx, func() (string, bool, error) {
		if ask == nil {
			account, err := c.GetAccountDetails(ctx, accountID)
			if err != nil && !isPartial(err) { // an odd element of a list does not concern the status
				return "", false, err
			}
			if account.EntityInfo != nil {
				w.longest = entityPoll
			}
			if ask = c.verificationOf(ctx, account); ask == nil {
				return "", false, errors.New("the account names no customer")
			}
		}
		status, err := ask()
		if err != nil {
			return "", false, err
		}
		last = status
		justMade := status == VerificationNotStarted && time.Since(w.started) < maxUnseen
		return string(status), status.Terminal() || status.NeedsAction() && !justMade, nil
	})
	return last, err
}

// verificationOf returns the call that asks for the status of an account's customer, nil if the account names none.
func (c *Client) verificationOf(ctx context.Context, account *Account) func() (VerificationStatus, error) {
	switch {
	case account.EntityInfo != nil:
		return func() (VerificationStatus, error) {
			entity, err := c.GetEntityDetails(ctx, account.EntityInfo.EntityID)
			if err != nil && !isPartial(err) {
				return "", err
			}
			return entity.VerificationStatus, nil
		}
	case account.AccountBeneficiary != nil:
		return func() (VerificationStatus, error) {
			user, err := c.GetUserDetails(ctx, &GetUserDetailsRequest{UserID: account.AccountBeneficiary.UserID})
			if err != nil && !isPartial(err) {
				return "", err
			}
			return user.VerificationStatus, nil
		}
	}
	return nil
}

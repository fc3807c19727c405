package passkey

import (
	"errors"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// submissions records what Transactors have submitted. It belongs to the package and not to a Transactor, because a
// program may make a Transactor for each request.
var submissions = ledger{limit: 100_000}

// submission is a draft at an API, by its [Draft.Key]. Two sandboxes in one process may both know a transaction by the
// same id.
type submission struct {
	client *byzantine.Client
	key    string
}

// ledger is a set of submissions. A submission is removed when every draft of it must have expired.
type ledger struct {
	limit int

	mu    sync.Mutex
	until map[submission]time.Time
	swept time.Time
}

// draftLifetime is longer than the remaining time of any draft that exists now.
const draftLifetime = maxTimeout + gracePeriod

// begin records that a draft is being submitted. end reports whether anything was sent: if not, the record is removed.
// begin returns an error if the draft is already recorded, or if the ledger is full.
func (l *ledger) begin(client *byzantine.Client, draftKey string) (end func(sent bool), err error) {
	key := submission{client, draftKey}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.swept) > time.Minute || len(l.until) >= l.limit {
		for other, until := range l.until {
			if now.After(until) {
				delete(l.until, other)
			}
		}
		l.swept = now
	}
	if until, noted := l.until[key]; noted && !now.After(until) {
		return nil, &Error{Check: "Draft", Reason: "it is being submitted, or was: look for its transaction", Kind: ErrSubmitted}
	}
	if len(l.until) >= l.limit {
		return nil, unusableState("Draft", "too many drafts are being submitted")
	}
	if l.until == nil {
		l.until = map[submission]time.Time{}
	}
	l.until[key] = now.Add(draftLifetime)
	return func(sent bool) {
		if sent {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.until, key)
	}, nil
}

// NothingSent reports whether an error of [Transactor.Finish] proves that this call sent nothing to the API, so that
// the same draft can be finished again. It is false for nil, and for [ErrSubmitted], because another call may have sent
// the draft.
func NothingSent(err error) bool {
	var rejected *Error
	var invalid *byzantine.FieldError
	var failed *byzantine.TransportError
	switch {
	case errors.As(err, &rejected):
		return rejected.Kind != ErrSubmitted
	case errors.As(err, &failed):
		return !failed.Sent
	}
	return errors.As(err, &invalid)
}

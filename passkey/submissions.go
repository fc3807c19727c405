package passkey

import (
	"errors"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// submissions records the drafts that Transactors have submitted. All Transactors of the process share it, because a
// server may make a Transactor for each request.
var submissions = ledger{limit: 100_000}

// submission identifies a draft by the client that submits it and by its [Draft.Key]. The client is part of it because
// the sandboxes of two clients in one process may give two transactions the same id.
type submission struct {
	client *byzantine.Client
	key    string
}

// ledger is a set of at most limit submissions. A submission of which something may have been sent stays for
// draftLifetime, and a later call of begin removes it. One of which nothing was sent is removed when it ends.
type ledger struct {
	limit int

	mu    sync.Mutex
	until map[submission]time.Time
	swept time.Time
}

// draftLifetime is the longest time that a draft which exists now can still be valid.
const draftLifetime = maxTimeout + gracePeriod

// begin records that a draft is being submitted. Call end when the submission has ended: end(false) says that nothing
// was sent and removes the record. begin returns an error of kind [ErrSubmitted] if the draft is already recorded, and
// of kind [ErrState] if the ledger is full.
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

// NothingSent reports whether an error of [Transactor.Finish] proves that this call sent nothing to the API. It is false
// for nil; for an error response of the API; and for [ErrSubmitted], because another call may have sent the draft.
//
// If it is true, what becomes of the draft depends on the error:
//
//   - [ErrState], [ErrExpired]: do not put the draft back into the session. It is missing, unusable, of another user or
//     over, and the user has to begin again.
//   - Any other error: put it back, unless a later draft is there. After a response that was rejected, with
//     [ErrChallenge], [ErrMalformed] and so on, it waits for its own response, which may come from another tab.
//     Otherwise the same response can finish it.
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

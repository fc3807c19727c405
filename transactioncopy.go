package byzantine

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"
)

// TransactionsUpdatedSince iterates over the signed transactions of all accounts that were last updated at the time
// since or later, or over all if since is the zero time. It is the way to keep a copy up to date: it shows every
// status, also those for which there is no event, such as TransactionCancelled and TransactionRefunded.
// [Client.CopyTransactions] does the bookkeeping.
//
// The latest update comes first. The list is read again until nothing is new. A transaction that is updated meanwhile
// is yielded again, after its former state, so a program that stores each as it comes has the newest state at the end.
// When a loop has ended without an error and was not broken off, begin the next one at the UpdatedAt of the first
// transaction that was yielded.
//
// A transaction whose UpdatedAt cannot be read is yielded with a zero UpdatedAt if it is among those that are read. A
// *[PartialError] is about one transaction, and the loop can go on; any other error is the last element. A loop that
// cannot keep up with the updates ends with an error. Each state that is yielded takes about 40 bytes of memory.
//
// Operation get_all_transactions. The transactions come without their bank details, see [Client.GetTransaction].
func (c *Client) TransactionsUpdatedSince(ctx context.Context, since time.Time, opts ...CallOption) iter.Seq2[Transaction, error] {
	list := c.transactionList(ctx, OrderDescending, opts)
	list.Since = since
	// A record of the list is one state of a transaction: two of them can have the same time, or none that can be read.
	list.Key = func(t *Transaction) (string, time.Time) {
		state, _ := json.Marshal(t) // what came as JSON can be written as JSON
		return string(state), t.UpdatedAt
	}
	return readMoving(getAllTransactions.op, 0, 0, list)
}

// copyOverlap is how far before its last time CopyTransactions begins. An API with more than one writer can show an
// update a moment later than another one with a later time. For the same reason the time is that of the beginning of a
// call: what shows itself during the call may stand behind the place that was read already.
const copyOverlap = time.Minute

// CopyTransactions brings a copy of all transactions up to date. It calls store with each transaction that was updated
// since a former call, at least once, and returns the time for the next call:
//
//	since, err = client.CopyTransactions(ctx, since, store)
//
// Begin with the zero time, which copies everything, and keep since beside the copy. store inserts the transaction or
// overwrites it by its TransactionID. It is called in an order in which the newest state of a transaction comes last,
// and again with states that it has stored before. It must not keep the pointer. Only one call may write into a copy at
// a time.
//
// After any error the returned time is since, unchanged: what was stored is correct, and the next call begins at the
// same point again. So a crash at any moment loses nothing. An error of store is returned as it is and ends the call.
// If transactions cannot be read, all others are stored and the error is a *[PartialError] about the first of these.
//
// The returned time, unless it is since, is not later than the client's clock, which the API's responses correct, so
// that one transaction with a time in the future does not hide later updates. Until that time has come, each call stores
// the transaction again.
//
// Operation get_all_transactions, see [Client.TransactionsUpdatedSince].
func (c *Client) CopyTransactions(ctx context.Context, since time.Time, store func(context.Context, *Transaction) error, opts ...CallOption) (next time.Time, err error) {
	from := since
	if !since.IsZero() {
		from = since.Add(-copyOverlap)
	}
	next = since
	first := true
	var unreadable error
	for t, err := range c.TransactionsUpdatedSince(ctx, from, opts...) {
		var partial *PartialError
		switch {
		case errors.As(err, &partial):
			if unreadable == nil {
				unreadable = err
			}
			first = false
			continue
		case err != nil:
			return since, err
		}
		// A time to come would hide what is updated until then. The signatures of these calls were accepted, so this
		// clock is ahead of the API's by less than copyOverlap. It is read before store, which may take its time.
		toCome := t.UpdatedAt.After(c.calls.CorrectedNow())
		if err := store(ctx, &t); err != nil {
			return since, err
		}
		if toCome {
			continue // the first one after it is the one to go on from
		}
		if first && t.UpdatedAt.After(next) { // not if that cannot be read
			next = t.UpdatedAt
		}
		first = false
	}
	if unreadable != nil {
		return since, unreadable
	}
	return next, nil
}

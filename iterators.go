package byzantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/movinglist"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// AllTransactions iterates over the signed transactions of all accounts in the order of the request: the latest update
// first, unless req.Order is [OrderAscending]. It loads a page when the loop gets to it and keeps one at a time; a loop
// that breaks loads no more. A *[PartialError] is about one transaction, and the loop can go on; any other error is the
// last element.
//
// The list changes while it is read: it is ordered by UpdatedAt, so an updated transaction moves to another position
// and others shift. Nevertheless each transaction that is in the list from the first request to the last is yielded,
// and none is yielded twice. A transaction is yielded as its page showed it; one that was updated in the meantime can
// be out of order. This assumes that updates become visible in the order of their UpdatedAt, and that the API keeps the
// order of transactions with the same UpdatedAt where these fill a page.
//
// The costs are about 40 bytes of memory for each transaction, a few more requests when positions have shifted, and,
// with the latest update first, one more request at the end to see what moved to the front. A loop that cannot keep up
// with the updates ends with an error, after 200 pages with new transactions and eight more for each page that the list
// had at first.
//
// req.Limit is the size of a page: 100, the API's maximum, if it is 0, and 3 if it is less, because pages overlap by two or
// more. req.Offset must be 0. The request is copied, and nil stands for the defaults; opts apply to each request.
//
// Operation get_all_transactions. The transactions come without their bank details, see [Client.GetTransaction].
func (c *Client) AllTransactions(ctx context.Context, req *GetAllTransactionsRequest, opts ...CallOption) iter.Seq2[Transaction, error] {
	r := copyOf(req)
	r.Order = cmp.Or(r.Order, OrderDescending) // the way back depends on it, so the API's default is not left to decide
	return readMoving(getAllTransactions.op, r.Limit, r.Offset, c.transactionList(ctx, r.Order, opts))
}

// transactionList is the list of all transactions in an order.
func (c *Client) transactionList(ctx context.Context, order SortOrder, opts []CallOption) movinglist.List[Transaction] {
	return movinglist.List[Transaction]{
		Ascending: order == OrderAscending,
		Key:       func(t *Transaction) (string, time.Time) { return t.TransactionID, t.UpdatedAt },
		Load: func(limit, offset int64) (movinglist.Page[Transaction], error) {
			l, err := c.GetAllTransactions(ctx, &GetAllTransactionsRequest{Limit: limit, Offset: offset, Order: order}, opts...)
			if l == nil {
				return movinglist.Page[Transaction]{}, err
			}
			return movinglist.Page[Transaction]{Records: l.Transactions, Limit: l.Limit, Total: l.Total}, err
		},
	}
}

// AllInvitations iterates over the invitations to all accounts. The order, the guarantees, the costs and the fields of
// the request are as in [Client.AllTransactions].
//
// Operation get_all_invitations.
func (c *Client) AllInvitations(ctx context.Context, req *GetAllInvitationsRequest, opts ...CallOption) iter.Seq2[Invitation, error] {
	r := copyOf(req)
	r.Order = cmp.Or(r.Order, OrderDescending)
	return readMoving(getAllInvitations.op, r.Limit, r.Offset, movinglist.List[Invitation]{
		Ascending: r.Order == OrderAscending,
		Key:       func(i *Invitation) (string, time.Time) { return i.InvitationID, i.UpdatedAt },
		Load: func(limit, offset int64) (movinglist.Page[Invitation], error) {
			l, err := c.GetAllInvitations(ctx, &GetAllInvitationsRequest{Limit: limit, Offset: offset, Order: r.Order}, opts...)
			if l == nil {
				return movinglist.Page[Invitation]{}, err
			}
			return movinglist.Page[Invitation]{Records: l.Invitations, Limit: l.Limit, Total: l.Total}, err
		},
	})
}

// readMoving iterates over a list that changes while it is read. limit and offset are fields of the user's request.
func readMoving[T any](op *Operation, limit, offset int64, list movinglist.List[T]) iter.Seq2[T, error] {
	size := int64(movinglist.DefaultSize)
	if limit != 0 {
		size = max(limit, movinglist.MinSize)
	}
	return func(yield func(T, error) bool) {
		var none T
		invalid := (*wire.FieldError)(nil)
		switch {
		case limit < 0:
			invalid = &wire.FieldError{Field: "Limit", JSONPath: "limit", Reason: "must be at least 0"}
		case offset != 0:
			invalid = &wire.FieldError{
				Field: "Offset", JSONPath: "offset", Reason: "must not be set: an offset is meaningless while the list changes",
			}
		}
		if invalid != nil {
			yield(none, (*FieldError)(wire.NameField(op.NewRequest(), invalid)))
			return
		}
		var errs *pageErrors // of the page that was loaded last
		reader := list
		reader.Load = func(limit, offset int64) (movinglist.Page[T], error) {
			p, err := list.Load(limit, offset)
			errs, err = takeApart(err)
			p.Unreadable = errs.unreadable
			return p, err
		}
		err := reader.Read(size, func(i int, record T) bool { return yieldElement(errs, i, record, yield) })
		if errors.Is(err, movinglist.ErrTooFast) {
			err = fmt.Errorf("byzantine: %s: %w", op.ID, err)
		}
		if err != nil {
			yield(none, err)
		}
	}
}

// AllEvents iterates over the events that match the request, the newest first, beginning at req.Cursor if that is set.
// It loads a page when the loop gets to it and keeps one at a time; a loop that breaks loads no more. A *[PartialError]
// is about one event, and the loop can go on; any other error is the last element. Cursors tie the pages together, so
// events that happen during the loop neither shift the pages nor appear. It is an error if the server returns a cursor
// twice, or more than a hundred pages in a row without a new event.
//
// req.Limit is the size of a page, at most 250: 100 if it is 0. The request is copied, and nil stands for the defaults;
// opts apply to each request.
//
// Operation list_events.
func (c *Client) AllEvents(ctx context.Context, req *ListEventsRequest, opts ...CallOption) iter.Seq2[Event, error] {
	r := copyOf(req)
	return func(yield func(Event, error) bool) {
		request := r
		used := movinglist.Set{}
		used.Add(request.Cursor)
		news := eventNews{seen: movinglist.Set{}}
		withoutNews := 0
		for {
			list, err := c.ListEvents(ctx, &request, opts...)
			errs, err := takeApart(err)
			if err != nil {
				yield(Event{}, err)
				return
			}
			withoutNews++
			for i, event := range list.Events {
				if news.has(&event) {
					withoutNews = 0
				}
				if !yieldElement(errs, i, event, yield) {
					return
				}
			}
			if list.NextCursor == "" {
				return
			}
			request.Cursor = list.NextCursor
			if !used.Add(request.Cursor) {
				yield(Event{}, errors.New("byzantine: "+string(listEvents.op.ID)+": the server gave a cursor twice"))
				return
			}
			if withoutNews > maxPagesWithoutNews {
				yield(Event{}, errors.New("byzantine: "+string(listEvents.op.ID)+": the server says that there is more but does not send it"))
				return
			}
		}
	}
}

// maxPagesWithoutNews is how many pages in a row may be empty or show nothing but what was seen before.
const maxPagesWithoutNews = 100

// eventNews tells events that were not seen yet in a list that is sorted by CreatedAt, the newest first, in the memory
// that the events of one time take.
type eventNews struct {
	oldest time.Time      // CreatedAt of the oldest event so far
	seen   movinglist.Set // of that time, or of none that can be read
}

func (n *eventNews) has(e *Event) bool {
	if at := e.CreatedAt; !at.IsZero() && !at.Equal(n.oldest) {
		if !n.oldest.IsZero() && at.After(n.oldest) {
			return false
		}
		n.oldest = at
		clear(n.seen)
	}
	return n.seen.Add(e.ID)
}

// AllWebhookDeliveries iterates over the delivery history, beginning at req.Offset. It loads a page when the loop gets
// to it and keeps one at a time; a loop that breaks loads no more. A *[PartialError] is about one delivery or one of
// its attempts, and the loop can go on; any other error is the last element.
//
// No delivery is yielded twice; this takes about 40 bytes of memory for each. That each is yielded cannot be promised:
// the order of the history is not documented, and deleting a subscription removes its deliveries, so others can move to
// a page that was already read. Where that matters, list twice, or use [Client.AllEvents].
//
// req.Limit is the size of a page: 100 if it is 0. The API gives at most 250. The request is copied, and nil stands for
// the defaults; opts apply to each request.
//
// Operation list_deliveries.
func (c *Client) AllWebhookDeliveries(ctx context.Context, req *ListWebhookDeliveriesRequest, opts ...CallOption) iter.Seq2[WebhookDeliveryWithAttempts, error] {
	r := copyOf(req)
	return func(yield func(WebhookDeliveryWithAttempts, error) bool) {
		request := r
		seen := movinglist.Set{}
		withoutNews := 0
		for {
			list, err := c.ListWebhookDeliveries(ctx, &request, opts...)
			errs, err := takeApart(err)
			if err != nil {
				yield(WebhookDeliveryWithAttempts{}, err)
				return
			}
			withoutNews++
			for i, delivery := range list.Deliveries {
				if !seen.Add(movinglist.Identity(delivery.Delivery.ID, !errs.unreadable(i), delivery)) {
					continue
				}
				withoutNews = 0
				if !yieldElement(errs, i, delivery, yield) {
					return
				}
			}
			if !list.HasMore {
				return
			}
			if len(list.Deliveries) == 0 || withoutNews > maxPagesWithoutNews {
				yield(WebhookDeliveryWithAttempts{}, errors.New("byzantine: "+string(listWebhookDeliveries.op.ID)+": the server says that there is more but does not send it"))
				return
			}
			request.Offset += int64(len(list.Deliveries))
		}
	}
}

// copyOf returns a copy of a request, so that the caller may change theirs while the loop runs. A nil one has the
// defaults.
func copyOf[T any](req *T) T {
	if req == nil {
		return *new(T)
	}
	return *req
}

package byzantinetest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var eventHandlers = map[byzantine.OperationID]handler{
	byzantine.OpListEvents: on(200, (*world).listEvents),
}

const defaultEventLimit = 100 // the request type knows the bounds

// eventTypes are those that can be subscribed to and listed: all but webhook.test.
var eventTypes = []byzantine.EventType{
	byzantine.EventCustomerCreated,
	byzantine.EventCustomerUnderReview,
	byzantine.EventCustomerAwaitingAssociatedPersonInformation,
	byzantine.EventCustomerResubmissionRequested,
	byzantine.EventCustomerActive,
	byzantine.EventCustomerRejected,
	byzantine.EventCustomerDeactivated,
	byzantine.EventCustomerDeleted,
	byzantine.EventTransactionWithdrawalInitiated,
	byzantine.EventTransactionWaitingForFunds,
	byzantine.EventTransactionPaymentInReview,
	byzantine.EventTransactionFundsInTransfer,
	byzantine.EventTransactionFundsReceived,
	byzantine.EventTransactionProcessing,
	byzantine.EventTransactionCompleted,
	byzantine.EventTransactionSimulationFailed,
	byzantine.EventTransactionReverted,
}

func checkEventType(t byzantine.EventType) error {
	switch {
	case t == byzantine.EventWebhookTest:
		return badRequest("Unsupported webhook event type: %s", t)
	case !slices.Contains(eventTypes, t):
		return badRequest("Unknown webhook event type: %q", string(t))
	}
	return nil
}

// emit records that something happened and has it delivered to the subscriptions that want it. data are written down at
// once: an event shows things as they were then.
func (w *world) emit(eventType byzantine.EventType, related byzantine.EventRelated, data any) {
	e := w.newEvent(eventType, related, data)
	w.events.add(e)
	for _, s := range w.subscriptions {
		if s.wants(e.Type) {
			w.newDelivery(s, e)
		}
	}
	w.dispatch()
}

// newEvent makes an event that is not in the history.
func (w *world) newEvent(eventType byzantine.EventType, related byzantine.EventRelated, data any) byzantine.Event {
	at := w.eventTime()
	return byzantine.Event{
		ID: w.newID(), Type: eventType, OccurredAt: at, PayloadVersion: 1, Related: related, Data: marshalled(data), CreatedAt: at,
	}
}

// eventTime is now, or a millisecond after the last event if that is later: the times of two events differ, for a client
// that counts milliseconds as well.
func (w *world) eventTime() time.Time {
	now := w.clock.now().UTC()
	if next := w.lastEvent.Add(time.Millisecond); now.Before(next) {
		now = next
	}
	w.lastEvent = now
	return now
}

// marshalled writes a value of this package's own as JSON. It panics if it cannot.
func marshalled(v any) json.RawMessage {
	text, err := wire.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: %T: %v", v, err))
	}
	return text
}

// envelope is byzantine.Event as the API sends it: with all ids, null where one does not apply, and without createdAt.
type envelope struct {
	ID             string              `json:"id"`
	Type           byzantine.EventType `json:"type"`
	OccurredAt     time.Time           `json:"occurredAt"`
	Livemode       bool                `json:"livemode"`
	PayloadVersion int32               `json:"payloadVersion"`
	Related        eventRelated        `json:"related"`
	Data           json.RawMessage     `json:"data"`
}

type eventRelated struct {
	AccountID     *string `json:"accountId"`
	UserID        *string `json:"userId"`
	EntityID      *string `json:"entityId"`
	BeneficiaryID *string `json:"beneficiaryId"`
	TransactionID *string `json:"transactionId"`
}

func envelopeOf(e byzantine.Event) envelope {
	return envelope{
		ID: e.ID, Type: e.Type, OccurredAt: e.OccurredAt, Livemode: e.Livemode, PayloadVersion: e.PayloadVersion,
		Related: eventRelated{
			orNull(e.Related.AccountID), orNull(e.Related.UserID), orNull(e.Related.EntityID), orNull(e.Related.BeneficiaryID),
			orNull(e.Related.TransactionID),
		},
		Data: e.Data,
	}
}

// orNull makes null of an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// eventListResponse is byzantine.EventPage as the API writes it.
type eventListResponse struct {
	Events     []listedEvent `json:"events"`
	NextCursor *string       `json:"nextCursor"`
}

type listedEvent struct {
	envelope
	CreatedAt time.Time `json:"createdAt"`
}

func (w *world) listEvents(req *listEventsRequest) (*eventListResponse, error) {
	if req.EventType != "" {
		if err := checkEventType(req.EventType); err != nil {
			return nil, err
		}
	}
	before := len(w.events.all) // the page has what came before this event
	if req.Cursor != "" {
		last, err := openCursor(req)
		if err != nil {
			return nil, err
		}
		position, known := w.events.position[last]
		if !known {
			return nil, errMalformedCursor
		}
		before = position
	}
	limit := defaultEventLimit
	if req.Limit != nil {
		limit = int(*req.Limit)
	}
	list := &eventListResponse{Events: []listedEvent{}}
	first, before := w.events.between(req.CreatedAfter, req.CreatedBefore, before)
	for e := range w.events.backward(first, before, req.AccountID, req.UserID, req.TransactionID) {
		switch {
		case !matches(req, e):
			continue
		case len(list.Events) == limit:
			list.NextCursor = new(newCursor(req, list.Events[limit-1].ID))
			return list, nil
		}
		list.Events = append(list.Events, listedEvent{envelopeOf(e), e.CreatedAt})
	}
	return list, nil
}

// eventHistory is all events, the oldest first.
type eventHistory struct {
	all      []byzantine.Event
	position map[string]int   // of an event's id
	related  map[string][]int // the positions of the events that an account, a user or a transaction has
	unsorted bool             // an event is older than one before it: they came with a document
}

func (h *eventHistory) add(e byzantine.Event) {
	if h.position == nil {
		h.position, h.related = map[string]int{}, map[string][]int{}
	}
	n := len(h.all)
	h.unsorted = h.unsorted || n > 0 && e.CreatedAt.Before(h.all[n-1].CreatedAt)
	h.all = append(h.all, e)
	h.position[e.ID] = n
	for _, id := range []string{e.Related.AccountID, e.Related.UserID, e.Related.TransactionID} {
		if id != "" {
			h.related[id] = append(h.related[id], n)
		}
	}
}

// between returns a range of positions below before that has all events created between two times. It has others, too, if
// the history is not sorted by time: then it narrows nothing. A zero time is no bound.
func (h *eventHistory) between(after, until time.Time, before int) (first, end int) {
	if h.unsorted {
		return 0, before
	}
	compare := func(e byzantine.Event, at time.Time) int { return e.CreatedAt.Compare(at) }
	if !after.IsZero() {
		first, _ = slices.BinarySearchFunc(h.all[:before], after, compare)
	}
	if !until.IsZero() {
		before, _ = slices.BinarySearchFunc(h.all[:before], until, compare)
	}
	return min(first, before), before
}

// backward yields the events from position first up to before, the newest first. It leaves out those that are not related to
// the first of the ids that is not empty; the caller checks the other ids.
func (h *eventHistory) backward(first, before int, ids ...string) iter.Seq[byzantine.Event] {
	return func(yield func(byzantine.Event) bool) {
		for _, id := range ids {
			if id == "" {
				continue
			}
			positions := h.related[id]
			n, _ := slices.BinarySearch(positions, before)
			for _, position := range slices.Backward(positions[:n]) {
				if position < first || !yield(h.all[position]) {
					return
				}
			}
			return
		}
		for _, e := range slices.Backward(h.all[first:before]) {
			if !yield(e) {
				return
			}
		}
	}
}

func matches(req *listEventsRequest, e byzantine.Event) bool {
	return isOrAny(req.AccountID, e.Related.AccountID) &&
		isOrAny(req.UserID, e.Related.UserID) &&
		isOrAny(req.TransactionID, e.Related.TransactionID) &&
		(req.EventType == "" || e.Type == req.EventType) &&
		(req.CreatedAfter.IsZero() || e.CreatedAt.After(req.CreatedAfter)) &&
		(req.CreatedBefore.IsZero() || e.CreatedAt.Before(req.CreatedBefore))
}

// isOrAny compares an id with a filter, which lets everything pass if it is not set.
func isOrAny(filter, id string) bool { return filter == "" || id == filter }

// A cursor is the id of a page's last event and a digest of the filters, in base64url: opaque to everybody else.
const filterDigestBytes = 8

var errMalformedCursor = badRequest("cursor: malformed")

func newCursor(req *listEventsRequest, lastID string) string {
	return base64.RawURLEncoding.EncodeToString(append(filterDigest(req), lastID...))
}

// openCursor returns the id of the last event of the page before.
func openCursor(req *listEventsRequest) (lastID string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(req.Cursor)
	if err != nil || len(raw) <= filterDigestBytes {
		return "", errMalformedCursor
	}
	lastID = string(raw[filterDigestBytes:])
	if newCursor(req, lastID) != req.Cursor {
		return "", badRequest("cursor: it belongs to other filters, or is malformed")
	}
	return lastID, nil
}

// filterDigest is the same for the same filters, whatever zone their times are in.
func filterDigest(req *listEventsRequest) []byte {
	digest := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		req.AccountID, req.UserID, req.TransactionID, string(req.EventType),
		req.CreatedAfter.UTC().Format(time.RFC3339Nano), req.CreatedBefore.UTC().Format(time.RFC3339Nano),
	}))
	return digest[:filterDigestBytes]
}

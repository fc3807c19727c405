package byzantinetest

import (
	"container/heap"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

const (
	defaultDeliveryLimit = 100
	maxDeliveryLimit     = 250
)

// retryDelays are the waits after the first attempt, the second, and so on. The attempt after the last wait is the last.
var retryDelays = []time.Duration{
	30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour,
}

// delivery is the sending of one event to one subscription.
//
//	pending -> sending -> succeeded
//	             |  ^
//	             v  |
//	            failed -> (after the last attempt) terminal_failed
type delivery struct {
	byzantine.WebhookDelivery
	subscription *subscription
	event        byzantine.Event
	body         json.RawMessage // what is signed and sent, each time the same
	attempts     []byzantine.WebhookDeliveryAttempt
}

// newDelivery queues an event for a subscription. It is due at once.
func (w *world) newDelivery(s *subscription, e byzantine.Event) *delivery {
	now := w.clock.now().UTC()
	d := &delivery{
		subscription: s, event: e, body: marshalled(envelopeOf(e)), attempts: []byzantine.WebhookDeliveryAttempt{},
		WebhookDelivery: byzantine.WebhookDelivery{
			ID: w.newID(), SubscriptionID: s.ID, EventID: e.ID, Status: byzantine.WebhookDeliveryPending,
			CreatedAt: now, UpdatedAt: now,
		},
	}
	w.addDelivery(d)
	w.deliverAt(d, now)
	return d
}

// nextDelivery returns the oldest one that is due, nil if none is. Those to a subscription that is disabled wait for it to
// be enabled.
func (w *world) nextDelivery() *delivery {
	for now := w.clock.now(); len(w.due) > 0 && !w.due[0].at.After(now); {
		next := w.due[0]
		switch d := next.delivery; {
		case d.NextAttemptAt == nil || !d.NextAttemptAt.Equal(next.at) || d.subscription.deleted: // somebody was faster
		case d.subscription.Enabled:
			return d
		default:
			d.subscription.waiting = append(d.subscription.waiting, d)
		}
		heap.Pop(&w.due)
	}
	return nil
}

// deliverAt queues a delivery for a time. The caller makes sure that dispatch is called then.
func (w *world) deliverAt(d *delivery, at time.Time) {
	d.NextAttemptAt = &at
	w.deliveriesDue++
	heap.Push(&w.due, dueDelivery{at, w.deliveriesDue, d})
}

// dueDelivery says when a delivery is to be sent. It counts as long as the delivery says the same.
type dueDelivery struct {
	at       time.Time
	order    uint64
	delivery *delivery
}

// dueQueue is a heap: the next delivery is the first.
type dueQueue []dueDelivery

func (q dueQueue) Len() int      { return len(q) }
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)   { *q = append(*q, x.(dueDelivery)) }
func (q dueQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].order < q[j].order
	}
	return q[i].at.Before(q[j].at)
}

func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	d := (*q)[last]
	(*q)[last] = dueDelivery{}
	*q = (*q)[:last]
	return d
}

// attempt sends a delivery once and records the result. The lock is free while the request is under way. actor
// asked for the attempt; it is "" for one that was due.
func (w *world) attempt(d *delivery, actor string) byzantine.WebhookDeliveryAttempt {
	started := w.clock.now().UTC()
	d.Status, d.NextAttemptAt, d.UpdatedAt = byzantine.WebhookDeliverySending, nil, started
	d.AttemptCount++
	s := d.subscription
	a := byzantine.WebhookDeliveryAttempt{
		ID: attemptID(d.ID, d.AttemptCount), DeliveryID: d.ID, SigningKeyID: s.ActiveSigningKeyID, AttemptNumber: d.AttemptCount,
		Outcome: byzantine.WebhookAttemptFailed, SignedAt: started, CreatedAt: started, Actor: actor,
	}
	header, err := webhooktest.SignDelivery(s.key, webhooktest.DeliveryIDs{Delivery: d.ID, Event: d.EventID, Key: s.ActiveSigningKeyID}, started, d.body)
	if err != nil {
		panic(err) // the key was made here
	}
	a.SignedTimestamp = header.Get(webhook.HeaderTimestamp)

	target, result := s.URL, sendResult{}
	w.courier.unlocked(func() { result = w.courier.send(target, header, d.body) })

	now := w.clock.now().UTC()
	a.LatencyMs = new(int32(min(max(now.Sub(started).Milliseconds(), 0), math.MaxInt32)))
	a.StatusCode, a.Error, a.ResponseSummary = result.status, result.failure, result.summary
	if result.failure == "" {
		a.Outcome = byzantine.WebhookAttemptSucceeded
	}
	d.attempts = append(d.attempts, a)
	d.LastResponseSummary, d.UpdatedAt = result.summary, now
	switch n := int(d.AttemptCount); {
	case result.failure == "":
		d.Status = byzantine.WebhookDeliverySucceeded
	case n > len(retryDelays):
		d.Status, d.TerminalReason = byzantine.WebhookDeliveryTerminalFailed, "max_attempts_exceeded"
	default:
		d.Status = byzantine.WebhookDeliveryFailed
		w.deliverAt(d, now.Add(retryDelays[n-1]))
		w.setTimer(*d.NextAttemptAt, nil)
	}
	return a
}

// attemptID is derived from the delivery's instead of drawn: attempts happen beside what a test does, and with a seed the
// test's ids have to be the same in every run.
func attemptID(deliveryID string, number int32) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s/%d", deliveryID, number))
	return fake.UUID([16]byte(digest[:16]), 8)
}

// sendTestDelivery sends a test event at once. The event is not in the event history.
func (w *world) sendTestDelivery(caller *credential, req *byzantine.SendTestWebhookDeliveryRequest) (*byzantine.WebhookDeliveryResult, error) {
	s, err := w.subscription(req.SubscriptionID)
	if err != nil {
		return nil, err
	}
	if !s.Enabled {
		return nil, badRequest("the webhook subscription is disabled")
	}
	return w.attemptNow(w.newTestDelivery(s), caller), nil
}

// newTestDelivery queues an event that is about the subscription alone.
func (w *world) newTestDelivery(s *subscription) *delivery {
	data := struct {
		SubscriptionID string `json:"subscriptionId"`
	}{s.ID}
	return w.newDelivery(s, w.newEvent(byzantine.EventWebhookTest, byzantine.EventRelated{}, data))
}

// retryDelivery makes an attempt ahead of its time. It counts like any other.
func (w *world) retryDelivery(caller *credential, req *byzantine.RetryWebhookDeliveryRequest) (*byzantine.WebhookDeliveryResult, error) {
	d := w.deliveries.get(req.DeliveryID)
	switch {
	case d == nil:
		return nil, notFound("webhook delivery not found")
	case d.Status != byzantine.WebhookDeliveryFailed:
		return nil, badRequest("a webhook delivery that is %s cannot be manually retried", d.Status)
	case !d.subscription.Enabled:
		return nil, badRequest("the webhook subscription is disabled")
	}
	return w.attemptNow(d, caller), nil
}

// attemptNow makes an attempt that somebody asked for.
func (w *world) attemptNow(d *delivery, caller *credential) *byzantine.WebhookDeliveryResult {
	a := w.attempt(d, caller.pubkey)
	return &byzantine.WebhookDeliveryResult{Event: w.recordOf(d), Delivery: d.WebhookDelivery, Attempt: &a}
}

// recordOf is a delivery's event as the delivery history shows it.
func (w *world) recordOf(d *delivery) byzantine.WebhookEvent {
	sourceType, sourceID := d.source()
	return byzantine.WebhookEvent{
		EventRelated: d.event.Related, ID: d.event.ID, IntegratorID: w.integratorID, EventType: d.event.Type,
		SourceType: sourceType, SourceID: sourceID, Payload: d.body, PayloadVersion: d.event.PayloadVersion, CreatedAt: d.event.CreatedAt,
	}
}

// source says where a delivery's event came from.
func (d *delivery) source() (sourceType, sourceID string) {
	switch related := d.event.Related; {
	case related.TransactionID != "":
		return "onchain", related.TransactionID
	case related.AccountID != "":
		return "customer_api", related.AccountID
	}
	return "webhook_test", d.subscription.ID
}

func (w *world) listDeliveries(req *listDeliveriesRequest) (*byzantine.WebhookDeliveryPage, error) {
	if err := checkDeliveryStatus(req.Status); err != nil {
		return nil, err
	}
	limit, offset := req.bounded(defaultDeliveryLimit, maxDeliveryLimit)
	list := &byzantine.WebhookDeliveryPage{
		Deliveries: []byzantine.WebhookDeliveryWithAttempts{}, Limit: limit, Offset: offset,
		AttemptsIncluded: req.IncludeAttempts == nil || *req.IncludeAttempts,
	}
	for _, d := range slices.Backward(w.deliveriesFor(req)) { // the newest first
		if !d.matches(req) {
			continue
		}
		if offset > 0 {
			offset--
			continue
		}
		if list.HasMore = int64(len(list.Deliveries)) == limit; list.HasMore {
			break
		}
		entry := byzantine.WebhookDeliveryWithAttempts{
			Delivery: d.WebhookDelivery, Event: w.recordOf(d), Attempts: []byzantine.WebhookDeliveryAttempt{},
		}
		if list.AttemptsIncluded {
			entry.Attempts = d.attempts
		}
		list.Deliveries = append(list.Deliveries, entry)
	}
	return list, nil
}

func checkDeliveryStatus(s byzantine.WebhookDeliveryStatus) error {
	switch s {
	case "", byzantine.WebhookDeliveryPending, byzantine.WebhookDeliverySending, byzantine.WebhookDeliverySucceeded,
		byzantine.WebhookDeliveryFailed, byzantine.WebhookDeliveryTerminalFailed:
		return nil
	}
	return badRequest("unknown delivery status: %q", string(s))
}

func (d *delivery) matches(req *listDeliveriesRequest) bool {
	sourceType, sourceID := d.source()
	return isOrAny(req.SubscriptionID, d.SubscriptionID) &&
		isOrAny(req.EventID, d.EventID) &&
		(req.EventType == "" || d.event.Type == req.EventType) &&
		(req.Status == "" || d.Status == req.Status) &&
		isOrAny(req.SourceType, sourceType) &&
		isOrAny(req.SourceID, sourceID) &&
		isOrAny(req.AccountID, d.event.Related.AccountID)
}

// snakeCaseToo are the operations that read their query parameters in snake_case as well.
var snakeCaseToo = map[byzantine.OperationID]bool{"list_deliveries": true}

// queryOf is the query of a request in the API's usual spelling. A parameter that came in both keeps the usual one.
func queryOf(r *http.Request, op byzantine.Operation) url.Values {
	query := r.URL.Query()
	if !snakeCaseToo[op.ID] {
		return query
	}
	usual := url.Values{}
	for name, values := range query {
		if camel := camelCase(name); camel == name || !query.Has(camel) {
			usual[camel] = values
		}
	}
	return usual
}

// camelCase turns account_id into accountId.
func camelCase(snake string) string {
	words := strings.Split(snake, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

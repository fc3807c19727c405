package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// Tracer observes the deliveries that a [Handler] receives and the events that a [Reconciler] hands over, for spans and
// metrics. A Tracer that is a [HandleTracer], [PassTracer] or [StoreTracer] too also observes callbacks, passes and
// calls of the store. Module otelbyzantine has one for OpenTelemetry.
//
// The data of the methods hold no id, key, header, body or personal data, with one exception: the text of Err may quote
// the error of a callback or of the store. Do not export that text; record the type of Err instead.
//
// The context that a start method returns must be derived from the one that it gets. The [KeySource], the [Store] and
// the callback that are called afterwards get the returned context. The methods are called by many goroutines at the
// same time and must not block.
type Tracer interface {
	// TraceDeliveryStart is called before a request is read, and before an event of the history is handed over.
	TraceDeliveryStart(ctx context.Context, data TraceDeliveryStartData) context.Context
	// TraceDeliveryEnd is called when the outcome is known: before the response to a webhook is written, or when a
	// Reconciler has handed over the event. A callback that did not return in time may still be running.
	TraceDeliveryEnd(ctx context.Context, data TraceDeliveryEndData)
}

// HandleTracer is a [Tracer] that also observes each call of the Handle function of a [Handler] or a [Reconciler].
type HandleTracer interface {
	Tracer
	// TraceHandleStart is called before the function is called.
	TraceHandleStart(ctx context.Context, data TraceHandleStartData) context.Context
	// TraceHandleEnd is called when the function has returned, panicked, or ended its goroutine.
	TraceHandleEnd(ctx context.Context, data TraceHandleEndData)
}

// PassTracer is a [Tracer] that also observes the passes of a [Reconciler].
type PassTracer interface {
	Tracer
	// TracePassStart is called before the pass claims the checkpoint.
	TracePassStart(ctx context.Context) context.Context
	// TracePassEnd is called when the pass has ended, whether it succeeded or not.
	TracePassEnd(ctx context.Context, data TracePassEndData)
}

// StoreTracer is a [Tracer] that also observes each call of a [Store], except for Retention.
type StoreTracer interface {
	Tracer
	// TraceStoreStart is called before the store is called.
	TraceStoreStart(ctx context.Context, data TraceStoreStartData) context.Context
	// TraceStoreEnd is called when the store has returned.
	TraceStoreEnd(ctx context.Context, data TraceStoreEndData)
}

// Source is where an event came from.
type Source string

// The sources.
const (
	SourceWebhook Source = "webhook" // a request to the Handler
	SourceHistory Source = "history" // the API's list of events, by a Reconciler
)

// Outcome is how a delivery or an event ended.
type Outcome string

// The outcomes.
const (
	OutcomeHandled     Outcome = "handled"     // the callback returned nil, and that is recorded
	OutcomeKnown       Outcome = "known"       // the event had been handled before
	OutcomeInProgress  Outcome = "in_progress" // another callback is handling the event
	OutcomeRejected    Outcome = "rejected"    // the request is not a genuine delivery, or failed another check of the Verifier
	OutcomeUnreadable  Outcome = "unreadable"  // the delivery is genuine or from the history, but the event cannot be read
	OutcomeFailed      Outcome = "failed"      // the callback returned an error, panicked, or ended its goroutine
	OutcomeTimeout     Outcome = "timeout"     // the callback did not return in time
	OutcomeLeaseLost   Outcome = "lease_lost"  // the callback returned nil after its lease was taken over
	OutcomeUnavailable Outcome = "unavailable" // the store or KeySource failed, or a Handler field is invalid
)

// TraceDeliveryStartData says how an event arrived: in a webhook request, or in the list of events that a Reconciler
// reads.
type TraceDeliveryStartData struct {
	Source Source
}

// TraceDeliveryEndData is the result of a delivery or event.
type TraceDeliveryEndData struct {
	Source     Source
	Type       byzantine.EventType // "" if the event was not read, or is not genuine
	OccurredAt time.Time           // when the event occurred; zero if it was not read, or is not genuine
	Outcome    Outcome
	Check      Check // the check that rejected the delivery; "" if none did
	StatusCode int   // of the response to the sender; 0 for SourceHistory
	Err        error
	Duration   time.Duration // from TraceDeliveryStart to TraceDeliveryEnd
	Receiving  time.Duration // part of Duration: reading and verifying the request; 0 for SourceHistory
}

// TraceHandleStartData has the type of the event that is handed to a callback.
type TraceHandleStartData struct {
	Type byzantine.EventType
}

// TraceHandleEndData is the result of a callback.
type TraceHandleEndData struct {
	Type     byzantine.EventType
	Err      error // what the callback returned; if it did not return, an error that says so
	Duration time.Duration
}

// TracePassEndData is the result of a pass. Handled is the number of events that had not been handled before, for example
// because no webhook delivered them.
type TracePassEndData struct {
	Report
	// CheckpointAge is the age of the checkpoint at the end of the pass, by the Reconciler's clock. It is 0 if there is
	// no checkpoint.
	CheckpointAge time.Duration
	Err           error
	Duration      time.Duration
}

// StoreCall is a method of [Store], [BulkStore] or [Purger].
type StoreCall string

// The methods.
const (
	StoreBegin   StoreCall = "begin"
	StoreDone    StoreCall = "done"
	StoreForget  StoreCall = "forget"
	StoreSave    StoreCall = "save"
	StoreHandled StoreCall = "handled"
	StorePurge   StoreCall = "purge"
)

// TraceStoreStartData says which method of the store is called.
type TraceStoreStartData struct {
	Call StoreCall
}

// TraceStoreEndData is the result of a call of the store. An Err that matches [ErrHandled], [ErrInProgress] or
// [ErrLeaseLost] is a regular result and does not mean that the store failed.
type TraceStoreEndData struct {
	Call     StoreCall
	Err      error
	Duration time.Duration
}

// outcomeOf returns the outcome for an error of once.handle or of Handler.receive.
func outcomeOf(err error) Outcome {
	var failed *callbackError
	var request *requestError
	var rejected *VerifyError
	switch {
	case err == nil:
		return OutcomeHandled
	case errors.As(err, &failed): // first, because a callback may return any of the errors below
		return OutcomeFailed
	case errors.Is(err, ErrHandled):
		return OutcomeKnown
	case errors.Is(err, ErrInProgress):
		return OutcomeInProgress
	case errors.Is(err, ErrLeaseLost):
		return OutcomeLeaseLost
	case errors.Is(err, errTimeout):
		return OutcomeTimeout
	case errors.Is(err, errNoEvent), errors.As(err, &request) && request.status == http.StatusUnprocessableEntity:
		return OutcomeUnreadable
	case errors.As(err, &request) && request.status < http.StatusInternalServerError,
		errors.As(err, &rejected) && rejected.Check != CheckKeySource:
		return OutcomeRejected
	}
	return OutcomeUnavailable
}

// traceDelivery calls TraceDeliveryStart, unless t is nil, and returns the new context. The function that it returns
// calls TraceDeliveryEnd with the delivery's type and time, the outcome and the duration added to data; d may be nil.
func traceDelivery(ctx context.Context, t Tracer, source Source) (context.Context, func(d *Delivery, data TraceDeliveryEndData)) {
	if t == nil {
		return ctx, func(*Delivery, TraceDeliveryEndData) {}
	}
	started := time.Now()
	ctx = t.TraceDeliveryStart(ctx, TraceDeliveryStartData{Source: source})
	return ctx, func(d *Delivery, data TraceDeliveryEndData) {
		if d != nil {
			if event := d.event.Load(); event != nil {
				data.Type, data.OccurredAt = event.Type, event.OccurredAt
			}
		}
		var rejected *VerifyError
		if data.Outcome = outcomeOf(data.Err); data.Outcome == OutcomeRejected && errors.As(data.Err, &rejected) {
			data.Check = rejected.Check
		}
		data.Source, data.Duration = source, time.Since(started)
		t.TraceDeliveryEnd(ctx, data)
	}
}

// tracedFunc returns a callback that calls fn and tells t of its start and end. It returns fn if t is no HandleTracer.
func tracedFunc(t Tracer, fn Func) Func {
	h, ok := t.(HandleTracer)
	if !ok {
		return fn
	}
	return func(ctx context.Context, d *Delivery) (err error) {
		var eventType byzantine.EventType
		if event := d.event.Load(); event != nil {
			eventType = event.Type
		}
		started := time.Now()
		ctx = h.TraceHandleStart(ctx, TraceHandleStartData{Type: eventType})
		err = errNoReturn // if fn does not return
		defer func() {
			h.TraceHandleEnd(ctx, TraceHandleEndData{Type: eventType, Err: err, Duration: time.Since(started)})
		}()
		err = fn(ctx, d)
		return err
	}
}

var errNoReturn = errors.New("webhook: the callback panicked or ended its goroutine")

// tracedStore is a Store that tells the tracer of the start and end of each call. It does not have the optional methods
// of a BulkStore or Purger: bulkOf and purgerOf add them if the inner store has them.
type tracedStore struct {
	Store
	tracer StoreTracer
}

// withTracer returns s as a tracedStore, or s itself if t is no StoreTracer.
func withTracer(s Store, t Tracer) Store {
	if st, ok := t.(StoreTracer); ok {
		return &tracedStore{s, st}
	}
	return s
}

func (s *tracedStore) traced(ctx context.Context, call StoreCall, do func(context.Context) error) error {
	started := time.Now()
	ctx = s.tracer.TraceStoreStart(ctx, TraceStoreStartData{Call: call})
	err := do(ctx)
	s.tracer.TraceStoreEnd(ctx, TraceStoreEndData{Call: call, Err: err, Duration: time.Since(started)})
	return err
}

func (s *tracedStore) Begin(ctx context.Context, key string, lease time.Duration) (claim Claim, err error) {
	err = s.traced(ctx, StoreBegin, func(ctx context.Context) error {
		claim, err = s.Store.Begin(ctx, key, lease)
		return err
	})
	return claim, err
}

func (s *tracedStore) Done(ctx context.Context, c Claim) error {
	return s.traced(ctx, StoreDone, func(ctx context.Context) error { return s.Store.Done(ctx, c) })
}

func (s *tracedStore) Forget(ctx context.Context, c Claim) error {
	return s.traced(ctx, StoreForget, func(ctx context.Context) error { return s.Store.Forget(ctx, c) })
}

func (s *tracedStore) Save(ctx context.Context, c Claim, lease time.Duration, value string) error {
	return s.traced(ctx, StoreSave, func(ctx context.Context) error { return s.Store.Save(ctx, c, lease, value) })
}

// tracedBulk and tracedPurger add an optional method to a tracedStore.
type (
	tracedBulk struct {
		*tracedStore
		bulk BulkStore
	}
	tracedPurger struct {
		*tracedStore
		purger Purger
	}
)

func (s tracedBulk) Handled(ctx context.Context, keys []string) (done []string, err error) {
	err = s.traced(ctx, StoreHandled, func(ctx context.Context) error {
		done, err = s.bulk.Handled(ctx, keys)
		return err
	})
	return done, err
}

func (s tracedPurger) Purge(ctx context.Context) error {
	return s.traced(ctx, StorePurge, s.purger.Purge)
}

// bulkOf returns the store as a BulkStore, and nil if it is no BulkStore.
func bulkOf(s Store) BulkStore {
	if traced, ok := s.(*tracedStore); ok {
		if bulk, ok := traced.Store.(BulkStore); ok {
			return tracedBulk{traced, bulk}
		}
		return nil
	}
	bulk, _ := s.(BulkStore)
	return bulk
}

// purgerOf returns the store as a Purger, and nil if it is no Purger.
func purgerOf(s Store) Purger {
	if traced, ok := s.(*tracedStore); ok {
		if purger, ok := traced.Store.(Purger); ok {
			return tracedPurger{traced, purger}
		}
		return nil
	}
	purger, _ := s.(Purger)
	return purger
}

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
// The data of the methods hold no id, key, header, body or personal data, with one exception: Err is for the program's
// own use, and its text may quote the error of a callback or of the store. Record its type and not its text.
//
// The context that a start method returns must be made from the one that it gets. It replaces that context in what is
// observed: the [KeySource], the [Store] and the callback get it. The methods are called by many goroutines at the same
// time and must not block.
type Tracer interface {
	// TraceDeliveryStart is called before a request is read, and before an event of the history is handed over.
	TraceDeliveryStart(ctx context.Context, data TraceDeliveryStartData) context.Context
	// TraceDeliveryEnd is called before the response is written. A callback that did not return in time may still be at
	// work.
	TraceDeliveryEnd(ctx context.Context, data TraceDeliveryEndData)
}

// HandleTracer is a [Tracer] that also observes each call of the Handle function of a [Handler] or a [Reconciler].
type HandleTracer interface {
	Tracer
	// TraceHandleStart is called before the function is called.
	TraceHandleStart(ctx context.Context, data TraceHandleStartData) context.Context
	// TraceHandleEnd is called when the function has returned or panicked.
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

// StoreTracer is a [Tracer] that also observes each call of a [Store].
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
	OutcomeKnown       Outcome = "known"       // it had been handled before
	OutcomeInProgress  Outcome = "in_progress" // it is being handled elsewhere
	OutcomeRejected    Outcome = "rejected"    // it is no delivery, or not a genuine one
	OutcomeUnreadable  Outcome = "unreadable"  // it is genuine, but has no readable id or type
	OutcomeFailed      Outcome = "failed"      // the callback returned an error or panicked
	OutcomeTimeout     Outcome = "timeout"     // the callback did not return in time
	OutcomeLeaseLost   Outcome = "lease_lost"  // the callback returned nil after its lease was taken over
	OutcomeUnavailable Outcome = "unavailable" // the store or KeySource failed, or a Handler field is invalid
)

// TraceDeliveryStartData says where a delivery or event comes from.
type TraceDeliveryStartData struct {
	Source Source
}

// TraceDeliveryEndData is the result of a delivery or event.
type TraceDeliveryEndData struct {
	Source     Source
	Type       byzantine.EventType // "" if it was not read, or not genuine
	OccurredAt time.Time           // of the event; zero if it was not read, or not genuine
	Outcome    Outcome
	Check      Check // that the delivery failed; "" if it passed all or did not come that far
	StatusCode int   // of the response to the sender; 0 for SourceHistory
	Err        error
	Duration   time.Duration // of all of it
	Receiving  time.Duration // of reading the request and verifying it; 0 for SourceHistory
}

// TraceHandleStartData says which event is handed to a callback.
type TraceHandleStartData struct {
	Type byzantine.EventType
}

// TraceHandleEndData is how a callback ended.
type TraceHandleEndData struct {
	Type     byzantine.EventType
	Err      error // what it returned, or that it panicked
	Duration time.Duration
}

// TracePassEndData is the result of a pass. Handled is the number of events that no webhook had brought by then.
type TracePassEndData struct {
	Report
	// CheckpointAge is the age of the checkpoint by the Reconciler's clock. It is 0 if there is no checkpoint.
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

// TraceStoreEndData is the result of a call of the store. Err matches [ErrHandled], [ErrInProgress] or [ErrLeaseLost]
// where the store works as it should.
type TraceStoreEndData struct {
	Call     StoreCall
	Err      error
	Duration time.Duration
}

// outcomeOf tells an outcome by the error of once.handle or of Handler.receive.
func outcomeOf(err error) Outcome {
	var failed *callbackError
	var request *requestError
	var rejected *VerifyError
	switch {
	case err == nil:
		return OutcomeHandled
	case errors.As(err, &failed): // first: a callback may return anything
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

// traceDelivery tells the tracer of a delivery's start. The function that it returns tells of the end.
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

// tracedFunc is a callback that the tracer is told of.
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
		err = errNoReturn // unless it returns
		defer func() {
			h.TraceHandleEnd(ctx, TraceHandleEndData{Type: eventType, Err: err, Duration: time.Since(started)})
		}()
		err = fn(ctx, d)
		return err
	}
}

var errNoReturn = errors.New("webhook: the callback panicked or ended its goroutine")

// tracedStore is a store that the tracer is told of. It has the optional methods only if the store has them: see bulkOf
// and purgerOf.
type tracedStore struct {
	Store
	tracer StoreTracer
}

// withTracer returns a store that t is told of, or the store itself if t is no StoreTracer.
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

// tracedBulk and tracedPurger are the optional methods of a tracedStore.
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

// bulkOf returns the store as a BulkStore, nil if it is none.
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

// purgerOf returns the store as a Purger, nil if it is none.
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

package webhook

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// Func handles an event. An error means that the event was not handled and must come again. It may be called more than
// once for the same event, see the package comment, and by many goroutines at the same time for different events.
type Func = func(context.Context, *Delivery) error

// Dispatcher calls the function that is registered for the event's type. Register all functions before the first event,
// and give [Dispatcher.Handle] to a [Handler] and a [Reconciler]; it is then safe for concurrent use. The zero value is
// ready to use.
//
// The function of the type itself is called if there is one; else that of the type's family, see
// [Dispatcher.OnAnyCustomer] and [Dispatcher.OnAnyTransaction]; else that of [Dispatcher.OnAny]. Byzantine adds types:
// an event for which none of these is registered is logged as a warning, with its id and type, and counts as handled,
// so it does not come again. Register an OnAny that returns an error if such events should come again until a version
// of your program that knows them is running; a [Reconciler] then keeps its checkpoint before them.
type Dispatcher struct {
	// Logger gets the warnings about events that no function is registered for; slog.Default if nil.
	Logger *slog.Logger

	functions map[string]func(context.Context, *Event) error // by a type, by the prefix of a family, or by "" for OnAny
}

const (
	customerFamily    = "customer."
	transactionFamily = "transaction."
	anyFamily         = ""
)

// On registers the function for a type. It panics if there is one already, if t is empty, or if fn is nil.
func (x *Dispatcher) On(t byzantine.EventType, fn func(context.Context, *Event) error) {
	if t == "" {
		panic("webhook: Dispatcher: empty type")
	}
	x.register(string(t), fn)
}

// OnCustomer registers the function for a type that begins with "customer.". It panics for any other, if
// there is a function already, or if fn is nil.
func (x *Dispatcher) OnCustomer(t byzantine.EventType, fn func(context.Context, *Event, *byzantine.CustomerEventData) error) {
	requireFamily(customerFamily, t)
	x.On(t, withData((*byzantine.Event).CustomerData, fn))
}

// OnTransaction registers the function for a type that begins with "transaction.". It panics for any other,
// if there is a function already, or if fn is nil.
func (x *Dispatcher) OnTransaction(t byzantine.EventType, fn func(context.Context, *Event, *byzantine.TransactionEventData) error) {
	requireFamily(transactionFamily, t)
	x.On(t, withData((*byzantine.Event).TransactionData, fn))
}

// OnAnyCustomer registers the function for all types that begin with "customer." and have no function of their own,
// also those that Byzantine adds later. It panics if there is one already, or fn is nil.
func (x *Dispatcher) OnAnyCustomer(fn func(context.Context, *Event, *byzantine.CustomerEventData) error) {
	x.register(customerFamily, withData((*byzantine.Event).CustomerData, fn))
}

// OnAnyTransaction registers the function for all types that begin with "transaction." and have no function of their
// own, also those that Byzantine adds later. It panics if there is one already, or fn is nil.
func (x *Dispatcher) OnAnyTransaction(fn func(context.Context, *Event, *byzantine.TransactionEventData) error) {
	x.register(transactionFamily, withData((*byzantine.Event).TransactionData, fn))
}

// OnAny registers the function for all events that no other function is registered for. It panics if there is one
// already, or fn is nil.
func (x *Dispatcher) OnAny(fn func(context.Context, *Event) error) { x.register(anyFamily, fn) }

func (x *Dispatcher) register(key string, fn func(context.Context, *Event) error) {
	if x.functions == nil {
		x.functions = map[string]func(context.Context, *Event) error{}
	}
	name := key
	if key == anyFamily || strings.HasSuffix(key, ".") {
		name += "*"
	}
	switch {
	case fn == nil:
		panic("webhook: Dispatcher: nil function for " + name)
	case x.functions[key] != nil:
		panic("webhook: Dispatcher: a second function for " + name)
	}
	x.functions[key] = fn
}

// Handle calls the function that is registered for the event's type, and returns its error. It also returns an error if
// the event or its data cannot be decoded. An event without a function is logged as a warning, and Handle returns nil.
func (x *Dispatcher) Handle(ctx context.Context, d *Delivery) error {
	event, err := d.Event()
	if err != nil {
		return err
	}
	if fn := x.function(string(event.Type)); fn != nil {
		return fn(ctx, event)
	}
	cmp.Or(x.Logger, slog.Default()).LogAttrs(ctx, slog.LevelWarn, "webhook: no function is registered for this type of event",
		slog.String("event_id", event.ID), slog.String("type", string(event.Type)))
	return nil
}

func (x *Dispatcher) function(eventType string) func(context.Context, *Event) error {
	if fn := x.functions[eventType]; fn != nil {
		return fn
	}
	for _, family := range []string{customerFamily, transactionFamily} {
		if fn := x.functions[family]; fn != nil && strings.HasPrefix(eventType, family) {
			return fn
		}
	}
	return x.functions[anyFamily]
}

func requireFamily(prefix string, t byzantine.EventType) {
	if !strings.HasPrefix(string(t), prefix) {
		panic(fmt.Sprintf("webhook: Dispatcher: the type %s does not begin with %s", t, prefix))
	}
}

// withData returns a function that decodes the event's data with data and then calls fn; nil if fn is nil.
func withData[T any](data func(*byzantine.Event) (*T, error), fn func(context.Context, *Event, *T) error) func(context.Context, *Event) error {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, e *Event) error {
		decoded, err := data(e)
		if err != nil {
			return err
		}
		return fn(ctx, e, decoded)
	}
}

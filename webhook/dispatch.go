package webhook

import (
	"context"
	"fmt"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// Func handles an event. An error means: not handled, bring it again. It may be called more than once for the same
// event, see the package comment, and by many goroutines at a time for different ones.
type Func = func(context.Context, *Delivery) error

// Dispatcher calls a function according to the event's type. Register all functions before the first event, and give
// [Dispatcher.Handle] to a [Verifier.Handler] and a [Reconciler]. The zero value is ready to use.
type Dispatcher struct {
	functions map[byzantine.EventType]func(context.Context, *Event) error
	otherwise func(context.Context, *Event) error
}

// On registers the function for a type. It panics if there is one already, or fn is nil.
func (x *Dispatcher) On(t byzantine.EventType, fn func(context.Context, *Event) error) {
	if x.functions == nil {
		x.functions = map[byzantine.EventType]func(context.Context, *Event) error{}
	}
	switch {
	case fn == nil:
		panic("webhook: Dispatcher: nil function for " + string(t))
	case x.functions[t] != nil:
		panic("webhook: Dispatcher: a second function for " + string(t))
	}
	x.functions[t] = fn
}

// OnCustomer registers the function for a type that begins with "customer.". It panics for any other, and if there is a
// function already.
func (x *Dispatcher) OnCustomer(t byzantine.EventType, fn func(context.Context, *Event, *byzantine.CustomerEventData) error) {
	x.On(t, withData("customer.", t, (*byzantine.Event).CustomerData, fn))
}

// OnTransaction registers the function for a type that begins with "transaction.". It panics for any other, and if there
// is a function already.
func (x *Dispatcher) OnTransaction(t byzantine.EventType, fn func(context.Context, *Event, *byzantine.TransactionEventData) error) {
	x.On(t, withData("transaction.", t, (*byzantine.Event).TransactionData, fn))
}

// Otherwise sets the function for all types that have none. Without it such events count as handled.
func (x *Dispatcher) Otherwise(fn func(context.Context, *Event) error) { x.otherwise = fn }

// Handle calls the function for the event. It fails with the function's error, or if the event or its data cannot be
// decoded.
func (x *Dispatcher) Handle(ctx context.Context, d *Delivery) error {
	event, err := d.Event()
	if err != nil {
		return err
	}
	fn := x.functions[event.Type]
	if fn == nil {
		fn = x.otherwise
	}
	if fn == nil {
		return nil
	}
	return fn(ctx, event)
}

// withData puts the decoding of the data before a function.
func withData[T any](prefix string, t byzantine.EventType, data func(*byzantine.Event) (*T, error), fn func(context.Context, *Event, *T) error) func(context.Context, *Event) error {
	switch {
	case fn == nil:
		return nil
	case !strings.HasPrefix(string(t), prefix):
		panic(fmt.Sprintf("webhook: Dispatcher: the type %s does not begin with %s", t, prefix))
	}
	return func(ctx context.Context, e *Event) error {
		decoded, err := data(e)
		if err != nil {
			return err
		}
		return fn(ctx, e, decoded)
	}
}

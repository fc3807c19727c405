package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// dispatcher returns a Dispatcher with a function for each type of event. A function that fails is called again, so it
// should be idempotent. Here the functions only pass a text to tell.
func dispatcher(tell func(string)) *webhook.Dispatcher {
	var d webhook.Dispatcher
	d.OnCustomer(byzantine.EventCustomerActive, func(_ context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
		tell("account " + data.Customer.AccountID + " may transact")
		return nil
	})
	d.OnCustomer(byzantine.EventCustomerResubmissionRequested, func(_ context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
		tell(fmt.Sprintf("account %s has to send documents again: %v", data.Customer.AccountID, data.ReasonCodes))
		return nil
	})
	d.OnCustomer(byzantine.EventCustomerDeactivated, func(_ context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
		tell("account " + data.Customer.AccountID + " was deactivated")
		return nil
	})
	d.OnTransaction(byzantine.EventTransactionCompleted, func(_ context.Context, e *webhook.Event, _ *byzantine.TransactionEventData) error {
		if e.Related.TransactionID == "" {
			return errors.New("the event does not name its transaction")
		}
		tell("transaction " + e.Related.TransactionID + " is completed")
		return nil
	})
	d.OnAny(func(_ context.Context, e *webhook.Event) error {
		tell("nothing to do for " + string(e.Type))
		return nil
	})
	return &d
}

// receiver is the service: an endpoint for deliveries, and a Reconciler, which use the same functions and the same
// store.
type receiver struct {
	Handler    http.Handler
	Reconciler *webhook.Reconciler
}

// run receives until the context ends. Then it accepts no more connections, completes the deliveries in progress, and
// waits for the Reconciler to end.
func (r *receiver) run(ctx context.Context, address string, listening func(address string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/webhooks", r.Handler)
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // the API ends a delivery after the same time
		IdleTimeout:       2 * time.Minute,
	}
	var background sync.WaitGroup
	var shutdown error
	background.Go(func() { _ = r.Reconciler.Run(ctx) })
	background.Go(func() {
		<-ctx.Done()
		grace, end := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer end()
		shutdown = server.Shutdown(grace)
	})
	listening(listener.Addr().String())
	err = server.Serve(listener)
	cancel()
	background.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return shutdown
	}
	return err
}

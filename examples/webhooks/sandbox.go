package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// stage is what the scenes of play share. The local sandbox is the API.
type stage struct {
	sandbox *byzantinetest.Server
	client  *byzantine.Client
	store   webhook.Store
	logger  *slog.Logger
	out     io.Writer // used by one goroutine at a time, because the sandbox waits for the receiver
}

// play shows in five scenes what a receiver does.
func play(ctx context.Context, out io.Writer, store webhook.Store, logger *slog.Logger) error {
	s := &stage{sandbox: byzantinetest.NewServer(byzantinetest.WithTime(time.Now())), store: store, logger: logger, out: out}
	defer s.sandbox.Close()
	s.store = &part{Store: store, prefix: s.sandbox.URL + "/"}
	s.client = s.sandbox.Client()
	account := s.sandbox.AddAccount(byzantinetest.Account{})

	// The subscription needs the receiver's address, and the receiver needs the subscription's key, so it responds with
	// a 503 at first.
	var handler lateHandler
	address, stop, err := s.listen(ctx, &handler)
	if err != nil {
		return err
	}
	defer stop()
	subscription, verifier, err := webhook.Subscribe(ctx, s.client,
		&byzantine.CreateWebhookSubscriptionRequest{URL: "http://" + address + "/webhooks"}, webhook.WithClock(s.sandbox.Now))
	if err != nil {
		return err
	}
	handler.set(&webhook.Handler{Verifier: verifier, Handle: dispatcher(s.tell).Handle, Store: s.store, Logger: s.logger})
	fmt.Fprintf(s.out, "1. Subscribed %s with key %s.\n", subscription.Subscription.URL, subscription.Subscription.ActiveSigningKeyID)

	tested, err := s.client.SendTestWebhookDelivery(ctx, subscription.Subscription.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "2. The test delivery %s.\n", tested.Delivery.Status)

	s.sandbox.SetStatus(account.ID, byzantine.VerificationInactive)
	s.sandbox.SetStatus(account.ID, byzantine.VerificationActive)
	s.sandbox.Deliver()
	fmt.Fprintln(s.out, "3. Two events were delivered.")

	if err := stop(); err != nil {
		return err
	}
	s.sandbox.SetStatus(account.ID, byzantine.VerificationResubmissionRequested, "DOCUMENT_EXPIRED")
	s.sandbox.Advance(24 * time.Hour)
	lost, err := s.client.ListWebhookDeliveries(ctx, &byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryTerminalFailed})
	if err != nil {
		return err
	}
	for _, d := range lost.Deliveries {
		fmt.Fprintf(s.out, "4. The receiver was down for a day: %s was given up after %d attempts.\n", d.Event.EventType, d.Delivery.AttemptCount)
	}

	report, err := s.reconciler().Pass(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "5. The Reconciler handed over what was missed: %d event. It passed over %d that had been handled.\n", report.Handled, report.Known)
	return nil
}

// listen starts the receiver of the program on a free port and returns its address. stop ends it as an interrupt would;
// it may be called more than once.
func (s *stage) listen(ctx context.Context, handler http.Handler) (address string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	addresses, ended := make(chan string, 1), make(chan error, 1)
	r := &receiver{Handler: handler, Reconciler: s.reconciler()}
	go func() {
		defer close(ended)
		ended <- r.run(ctx, "127.0.0.1:0", func(address string) { addresses <- address })
	}()
	stop = func() error {
		cancel()
		return <-ended
	}
	select {
	case address = <-addresses:
		return address, stop, nil
	case err = <-ended:
		cancel()
		return "", nil, err
	}
}

func (s *stage) tell(text string) { fmt.Fprintln(s.out, "   ->", text) }

func (s *stage) reconciler() *webhook.Reconciler {
	return &webhook.Reconciler{Events: s.client, Store: s.store, Handle: dispatcher(s.tell).Handle, Now: s.sandbox.Now, Logger: s.logger}
}

// part is the part of a store with the records of one sandbox, because the events of different runs are unrelated. A
// receiver of the real API has the store for itself.
type part struct {
	webhook.Store
	prefix string
}

func (p *part) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	return p.Store.Begin(ctx, p.prefix+key, lease)
}

// lateHandler is a handler that is set after the server has started. Until then it responds with a 503.
type lateHandler struct{ handler atomic.Pointer[http.Handler] }

func (l *lateHandler) set(h http.Handler) { l.handler.Store(&h) }

func (l *lateHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := l.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	http.Error(w, "not ready", http.StatusServiceUnavailable)
}

package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// A Verifier without a Handler, for receivers that put deliveries into a queue and handle them later.
func ExampleVerifier_Verify() {
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: opensslKey}},
		webhook.WithClock(func() time.Time { return time.Unix(1788430280, 0) })) // the delivery of this example is from then
	if err != nil {
		log.Fatal(err)
	}
	header, body := opensslHeader(), []byte(opensslBody)

	delivery, err := verifier.Verify(context.Background(), header, body)
	if err != nil {
		log.Fatal(err)
	}
	event, err := delivery.Event()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Type, event.OccurredAt)

	header.Set(webhook.HeaderEventID, "00000000-0000-4000-8000-000000000000")
	_, err = verifier.Verify(context.Background(), header, body)
	var rejected *webhook.VerifyError
	if errors.As(err, &rejected) {
		fmt.Println(rejected.Check)
	}
	// Output:
	// webhook.test 2026-09-03 10:11:12 +0000 UTC
	// signature
}

// The endpoint of a service, with a function for the one type of event that the service needs.
func ExampleHandler() {
	var dispatcher webhook.Dispatcher
	dispatcher.OnCustomer(byzantine.EventCustomerResubmissionRequested,
		func(_ context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
			fmt.Println("write to", data.Customer.Email, "about", data.ReasonCodes)
			return nil
		})
	key, _ := byzantine.GenerateKey() // in place of a subscription's key
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: key.PublicKeyHex()}})
	if err != nil {
		log.Fatal(err)
	}
	handler := &webhook.Handler{
		Verifier: verifier,
		Handle:   dispatcher.Handle,
		Store:    new(webhook.MemoryStore), // Redis or PostgreSQL for several replicas
		Logger:   slog.New(slog.DiscardHandler),
	}

	for range 2 { // the sender delivers the event twice
		request := httptest.NewRequest(http.MethodPost, "/webhooks", bytes.NewReader(customerBody))
		request.Header, _ = webhooktest.SignDelivery(key, testIDs, time.Now(), customerBody)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		fmt.Println(response.Code)
	}
	// Output:
	// write to ada@example.com about [DOCUMENT_EXPIRED SELFIE_MISMATCH]
	// 204
	// 204
}

// A Reconciler hands over the events that no webhook delivered.
func ExampleReconciler() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	account := sandbox.AddAccount(byzantinetest.Account{})
	sandbox.SetStatus(account.ID, byzantine.VerificationInactive)
	sandbox.SetStatus(account.ID, byzantine.VerificationActive)

	var dispatcher webhook.Dispatcher
	dispatcher.OnAny(func(_ context.Context, e *webhook.Event) error {
		fmt.Println(e.Type)
		return nil
	})
	reconciler := &webhook.Reconciler{
		Events: sandbox.Client(),
		Store:  new(webhook.MemoryStore), // in a service, the store of its Handler
		Handle: dispatcher.Handle,
		Grace:  -1, // hand over events that are younger than a minute too
	}
	for range 2 {
		report, err := reconciler.Pass(context.Background()) // a service calls Run
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report.Handled, "handled,", report.Known, "known")
	}
	// Output:
	// customer.deactivated
	// customer.active
	// 2 handled, 0 known
	// 0 handled, 2 known
}

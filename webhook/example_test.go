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

// A Verifier alone, for those who have a queue between receiving and handling.
func ExampleVerifier_Verify() {
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: opensslKey}},
		webhook.WithClock(func() time.Time { return time.Unix(1788430280, 0) })) // for the sake of the example
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

// The endpoint of a service: one function for each type of event that it cares about.
func ExampleHandler() {
	var dispatcher webhook.Dispatcher
	dispatcher.OnCustomer(byzantine.EventCustomerResubmissionRequested,
		func(_ context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
			fmt.Println("write to", data.Customer.Email, "about", data.ReasonCodes)
			return nil
		})
	key, _ := byzantine.GenerateKey() // in place of the API's
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

	for range 2 { // the sender repeats itself
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

// A Reconciler finds what happened while there was no webhook, or nobody to receive it.
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
		Store:  new(webhook.MemoryStore), // the same as the handler's
		Handle: dispatcher.Handle,
		Grace:  -1, // the example does not wait
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

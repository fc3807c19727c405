package webhook_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// A complete receiver: an endpoint for webhooks, and a Reconciler for the events that happen while the endpoint is
// down.
func Example() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client, mux := sandbox.Client(), http.NewServeMux()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	site := httptest.NewServer(mux)
	defer site.Close()
	subscribe(client, site.URL+"/webhooks")

	var dispatcher webhook.Dispatcher
	dispatcher.OnCustomer(byzantine.EventCustomerActive,
		func(_ context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
			fmt.Println(data.Customer.CustomerType, "account may transact")
			return nil // after an error the event comes again
		})
	verifier, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(client)))
	if err != nil {
		log.Fatal(err)
	}
	store := new(webhook.MemoryStore) // stores/redis or stores/postgres for several replicas
	mux.Handle("/webhooks", &webhook.Handler{Verifier: verifier, Handle: dispatcher.Handle, Store: store})
	reconciler := &webhook.Reconciler{Events: client, Store: store, Handle: dispatcher.Handle}
	go reconciler.Run(ctx)

	// From here on, what Byzantine does.
	account := sandbox.AddAccount(byzantinetest.Account{Status: byzantine.VerificationUnderReview})
	sandbox.Approve(account.ID)
	sandbox.Deliver()
	// Output: individual account may transact
}

// subscribe creates a subscription, so that the sandbox delivers events to the URL.
func subscribe(client *byzantine.Client, url string) {
	_, err := client.CreateWebhookSubscription(context.Background(), &byzantine.CreateWebhookSubscriptionRequest{URL: url})
	if err != nil {
		log.Fatal(err)
	}
}

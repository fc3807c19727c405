package webhook_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	if err := ensureSubscription(ctx, client, site.URL+"/webhooks"); err != nil {
		log.Fatal(err)
	}

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

// ensureSubscription subscribes the URL unless it is subscribed. Every replica may call it at each start.
func ensureSubscription(ctx context.Context, client *byzantine.Client, url string) error {
	subscribed := func() (bool, error) {
		list, err := client.ListWebhookSubscriptions(ctx, nil)
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(list.Subscriptions, func(s byzantine.WebhookSubscriptionWithKey) bool {
			return s.Subscription.URL == url
		}), nil
	}
	if there, err := subscribed(); there || err != nil {
		return err
	}
	_, err := client.CreateWebhookSubscription(ctx, &byzantine.CreateWebhookSubscriptionRequest{URL: url})
	if err != nil {
		if there, _ := subscribed(); there {
			return nil // another replica was faster, or the response was lost
		}
	}
	return err
}

func TestEnsureSubscription(t *testing.T) {
	const url = "https://example.com/webhooks"
	for _, c := range []struct {
		name  string
		calls int
		op    byzantine.OperationID
		fault byzantinetest.Fault
		fails bool
	}{
		{name: "several starts", calls: 3},
		{name: "the response is lost", calls: 1, op: byzantine.OpCreateWebhookSubscription, fault: byzantinetest.Fault{Reset: true, TakesEffect: true}},
		{name: "another replica is faster", calls: 2, op: byzantine.OpListWebhookSubscriptions, fault: byzantinetest.Fault{Status: 200, Body: `{"subscriptions":[]}`}},
		{name: "the API rejects it", calls: 1, op: byzantine.OpCreateWebhookSubscription, fault: byzantinetest.Fault{Status: 400}, fails: true},
		{name: "the list cannot be read", calls: 1, op: byzantine.OpListWebhookSubscriptions, fault: byzantinetest.Fault{Status: 403}, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			sandbox := byzantinetest.NewServer()
			defer sandbox.Close()
			for i := range c.calls {
				if c.op != "" && i == c.calls-1 {
					sandbox.Fail(c.op, 1, c.fault)
				}
				err := ensureSubscription(t.Context(), sandbox.Client(), url)
				assert.Equal(t, c.fails, err != nil, "%v", err)
			}
			list, err := sandbox.Client().ListWebhookSubscriptions(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, !c.fails, len(list.Subscriptions) == 1)
		})
	}
}

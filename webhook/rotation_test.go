package webhook_test

import (
	"context"
	"crypto/fips140"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// handlers is an HTTP transport without a network. It passes a request to the handler of the request's host.
type handlers map[string]http.Handler

func (h handlers) RoundTrip(r *http.Request) (*http.Response, error) {
	return byzantinetest.InProcess(h[r.URL.Host]).RoundTrip(r)
}

// A Reconciler and a key source use a client whose API key is replaced several times, the old key being deleted each
// time. Every pass of the Reconciler succeeds, and deliveries with keys that only the source knows are verified.
func TestReconcilerAndKeySourceFollowARotation(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	synctest.Test(t, func(t *testing.T) {
		hosts := handlers{}
		sandbox, err := byzantinetest.New(byzantinetest.WithAnyWebhookURL(), byzantinetest.WithWebhookTransport(hosts))
		require.NoError(t, err)
		defer sandbox.Close()
		hosts["api.example"] = sandbox
		rotation := byzantine.NewRotation(sandbox.Key())
		client, err := byzantine.NewClient(rotation, byzantine.WithBaseURL("https://api.example"),
			byzantine.WithHTTPClient(&http.Client{Transport: hosts}))
		require.NoError(t, err)
		rotate := func() {
			old, err := byzantine.RotateCredential(t.Context(), client, rotation, func(context.Context, *byzantine.PrivateKey) error { return nil })
			require.NoError(t, err)
			require.NoError(t, byzantine.RetireCredential(t.Context(), client, old))
		}

		var handled atomic.Int64
		handle := func(context.Context, *webhook.Delivery) error {
			handled.Add(1)
			return nil
		}
		verifier, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(client)))
		require.NoError(t, err)
		store := &webhook.MemoryStore{}
		quiet := slog.New(slog.DiscardHandler)
		hosts["hooks.example"] = &webhook.Handler{Verifier: verifier, Handle: handle, Store: store, Logger: quiet}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			r := webhook.Reconciler{Events: client, Store: store, Handle: handle, Interval: time.Minute, Logger: quiet}
			ended <- r.Run(ctx)
		}()

		account := sandbox.AddAccount(byzantinetest.Account{Status: byzantine.VerificationUnderReview})
		for range 3 { // without a subscription: the Reconciler hands the events over
			rotate()
			before := handled.Load()
			sandbox.SetStatus(account.ID, byzantine.VerificationUnderReview)
			sandbox.SetStatus(account.ID, byzantine.VerificationActive)
			time.Sleep(5 * time.Minute)
			assert.Greater(t, handled.Load(), before)
		}
		for _, path := range []string{"a", "b", "c"} { // with a new subscription, whose key the verifier gets from its source
			subscription, _, err := webhook.Subscribe(t.Context(), client, &byzantine.CreateWebhookSubscriptionRequest{URL: "http://hooks.example/" + path})
			require.NoError(t, err)
			rotate()
			result, err := client.SendTestWebhookDelivery(t.Context(), subscription.Subscription.ID)
			require.NoError(t, err)
			assert.Equal(t, byzantine.WebhookAttemptSucceeded, result.Attempt.Outcome)
			time.Sleep(time.Minute) // a verifier calls its source at most once in ten seconds
		}
		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
		for _, r := range sandbox.Requests() {
			assert.Less(t, r.Status, 300, "%s %s", r.Method, r.URI)
		}
	})
}

package webhook_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// sourceWorld is a key source and a clock. The test sets the time, and the keys and the error that the source returns.
type sourceWorld struct {
	mu    sync.Mutex
	now   time.Time
	keys  []webhook.Key
	err   error
	calls int
}

func (w *sourceWorld) source(ctx context.Context) ([]webhook.Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.keys, w.err
}

func (w *sourceWorld) verifier(t *testing.T, fixed ...webhook.Key) *webhook.Verifier {
	t.Helper()
	v, err := webhook.NewVerifier(fixed, webhook.WithKeySource(w.source),
		webhook.WithClock(func() time.Time { return w.now }))
	require.NoError(t, err)
	return v
}

func (w *sourceWorld) verify(t *testing.T, v *webhook.Verifier, key signingKey, keyID string) error {
	t.Helper()
	ids := testIDs
	ids.Key = keyID
	_, err := v.Verify(t.Context(), key.sign(t, ids, w.now, customerBody), customerBody)
	return err
}

func TestKeySourceBringsKeysOfLaterSubscriptions(t *testing.T) {
	w := &sourceWorld{now: time.Now()}
	fixed, later := newSigningKey(t), newSigningKey(t)
	v := w.verifier(t, fixed.named("fixed"))

	require.NoError(t, w.verify(t, v, fixed, "fixed"))
	assert.Zero(t, w.calls, "a known key needs no source")

	w.keys = []webhook.Key{later.named("later")}
	require.NoError(t, w.verify(t, v, later, "later"))
	assert.Equal(t, 1, w.calls)
	require.NoError(t, w.verify(t, v, later, "later"))
	require.NoError(t, w.verify(t, v, fixed, "fixed"))
	assert.Equal(t, 1, w.calls, "the keys are kept")

	// What the source returns replaces what it returned before; the fixed keys stay.
	third := newSigningKey(t)
	w.keys, w.now = []webhook.Key{third.named("third")}, w.now.Add(time.Minute)
	require.NoError(t, w.verify(t, v, third, "third"))
	w.now = w.now.Add(time.Minute)
	requireCheck(t, w.verify(t, v, later, "later"), webhook.CheckKey)
	require.NoError(t, w.verify(t, v, fixed, "fixed"))
}

func TestKeySourceMayReturnKeysWithoutIDs(t *testing.T) {
	w := &sourceWorld{now: time.Now()}
	first, second := newSigningKey(t), newSigningKey(t)
	v := w.verifier(t, first.named(""))
	require.NoError(t, w.verify(t, v, first, "any"))
	w.keys = []webhook.Key{second.named("")}
	require.NoError(t, w.verify(t, v, second, "any"))
	require.NoError(t, w.verify(t, v, first, "any"))
	assert.Equal(t, 1, w.calls)
}

// Only 16 keys may have the same id, because a forged delivery is verified with each of them.
func TestKeysThatShareAnID(t *testing.T) {
	const most = 16
	keys := make([]signingKey, most+1)
	for i := range keys {
		keys[i] = newSigningKey(t)
	}
	for _, id := range []string{"", testIDs.Key} {
		var list []webhook.Key
		for _, key := range keys {
			list = append(list, key.named(id))
		}
		_, err := webhook.NewVerifier(list)
		require.EqualError(t, err, "webhook: NewVerifier: key 17: more than 16 keys have the same id, or none")

		w := &sourceWorld{now: time.Now(), keys: list[1:]}
		v := w.verifier(t, append(list[1:], list[1:]...)...) // the same key given twice counts once
		require.NoError(t, w.verify(t, v, keys[most], testIDs.Key))
		require.NoError(t, w.verify(t, v, keys[1], testIDs.Key))

		w.keys = list[:most] // has a 17th key
		err = w.verify(t, w.verifier(t, list[1:]...), keys[0], "unknown")
		requireCheck(t, err, webhook.CheckKeySource)
		assert.ErrorContains(t, err, "key 1: more than 16 keys have the same id, or none")
	}
}

func TestForgersCannotFloodTheKeySource(t *testing.T) {
	w := &sourceWorld{now: time.Now()}
	known, forger := newSigningKey(t), newSigningKey(t)
	w.keys = []webhook.Key{known.named("known")}
	v := w.verifier(t)
	for range 50 {
		requireCheck(t, w.verify(t, v, forger, "made up"), webhook.CheckKey)
		requireCheck(t, w.verify(t, v, forger, "known"), webhook.CheckSignature)
	}
	assert.Equal(t, 1, w.calls)
	require.NoError(t, w.verify(t, v, known, "known"))

	w.now = w.now.Add(10 * time.Second)
	requireCheck(t, w.verify(t, v, forger, "made up"), webhook.CheckKey)
	assert.Equal(t, 2, w.calls)
}

func TestKeySourceThatFailsIsNotAForgery(t *testing.T) {
	w := &sourceWorld{now: time.Now(), err: errors.New("the database is away")}
	key := newSigningKey(t)
	v := w.verifier(t)
	for range 3 {
		err := w.verify(t, v, key, "key")
		requireCheck(t, err, webhook.CheckKeySource)
		require.ErrorIs(t, err, w.err)
	}
	assert.Equal(t, 1, w.calls)

	w.err, w.keys, w.now = nil, []webhook.Key{{PublicKey: "rubbish"}}, w.now.Add(time.Minute)
	requireCheck(t, w.verify(t, v, key, "key"), webhook.CheckKeySource)

	w.keys, w.now = []webhook.Key{key.named("key")}, w.now.Add(time.Minute)
	require.NoError(t, w.verify(t, v, key, "key"))
}

// Deliveries that wait for the same response of the source share it.
func TestKeySourceIsAskedByOneAtATime(t *testing.T) {
	key := newSigningKey(t)
	var calls atomic.Int32
	v, err := webhook.NewVerifier(nil, webhook.WithKeySource(func(ctx context.Context) ([]webhook.Key, error) {
		calls.Add(1)
		deadline, ok := ctx.Deadline()
		assert.True(t, ok && time.Until(deadline) <= 5*time.Second, "the sender waits for 10 s in all")
		return []webhook.Key{key.named(testIDs.Key)}, nil
	}))
	require.NoError(t, err)
	header := key.sign(t, testIDs, time.Now(), customerBody)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := v.Verify(t.Context(), header, customerBody)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, calls.Load())
}

// A Verify whose context ends returns at once, even if another Verify is still waiting for the source.
func TestWaitingForTheKeySourceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigningKey(t)
		v, err := webhook.NewVerifier(nil, webhook.WithKeySource(func(ctx context.Context) ([]webhook.Key, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		require.NoError(t, err)
		header := key.sign(t, testIDs, time.Now(), customerBody)
		began := time.Now()
		var first sync.WaitGroup
		first.Go(func() {
			_, err := v.Verify(t.Context(), header, customerBody)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 5*time.Second, time.Since(began))
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = v.Verify(ctx, header, customerBody)
		var rejected *webhook.VerifyError
		require.ErrorAs(t, err, &rejected)
		assert.Equal(t, webhook.CheckKeySource, rejected.Check)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
		first.Wait()
	})
}

// The Timeout of the Handler covers the key source and the callback together, whatever they do. So the response is sent
// before the sender's 10 seconds are over.
func TestKeySourceCountsAgainstTheTimeout(t *testing.T) {
	hangs := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	takes := func(d time.Duration) func(context.Context) error {
		return func(context.Context) error { time.Sleep(d); return nil }
	}
	for name, c := range map[string]struct {
		source, callback func(context.Context) error
		timeout          time.Duration // of the Handler; 0 is the default
		want             int
		after            time.Duration
	}{
		"hangs":                            {hangs, nil, 0, 503, 5 * time.Second},
		"hangs without minding":            {takes(time.Hour), nil, 0, 503, 5 * time.Second},
		"hangs, and the timeout is short":  {hangs, nil, 2 * time.Second, 503, 2 * time.Second},
		"panics":                           {func(context.Context) error { panic("no luck") }, nil, 0, 503, 0},
		"slow, as is the callback":         {takes(4 * time.Second), hangs, 0, 500, 8 * time.Second},
		"slow, and the callback minds not": {takes(4 * time.Second), takes(time.Minute), 0, 503, 9 * time.Second},
		"slow, and the callback in time":   {takes(4 * time.Second), takes(3 * time.Second), 0, 204, 7 * time.Second},
		"fast, and the callback in time":   {takes(0), takes(7 * time.Second), 0, 204, 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key := newSigningKey(t)
				v, err := webhook.NewVerifier(nil, webhook.WithKeySource(func(ctx context.Context) ([]webhook.Key, error) {
					if err := c.source(ctx); err != nil {
						return nil, err
					}
					return []webhook.Key{key.named(testIDs.Key)}, nil
				}))
				require.NoError(t, err)
				h := &webhook.Handler{Verifier: v, Timeout: c.timeout, Logger: slog.New(slog.DiscardHandler),
					Handle: func(ctx context.Context, _ *webhook.Delivery) error { return c.callback(ctx) }}
				r := &receiver{t: t, key: key, Handler: h}
				began := time.Now()
				assert.Equal(t, c.want, r.deliver())
				assert.Equal(t, c.after, time.Since(began))
				time.Sleep(2 * time.Hour) // until every source and callback has ended
			})
		})
	}
}

// subscriptionAPI returns a client of a server that responds to list_webhook_subscriptions with list and to
// create_webhook_subscription with created.
func subscriptionAPI(t *testing.T, list, created string) *byzantine.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/webhooks/subscriptions":
			_, _ = w.Write([]byte(list))
		case "POST /v1/webhooks/subscriptions":
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(created))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(server.URL))
	require.NoError(t, err)
	return client
}

func subscriptionJSON(publicKey, algorithm string) string {
	return `{"subscription":{"id":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0010","integratorId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0011",` +
		`"url":"https://example.com/webhooks","enabled":true,"eventTypes":["customer.active"],` +
		`"activeSigningKeyId":"` + testIDs.Key + `","endpointSafetyMetadata":{},"createdAt":"2026-09-01T00:00:00Z",` +
		`"updatedAt":"2026-09-01T00:00:00Z"},"publicKey":"` + publicKey + `","algorithm":"` + algorithm + `"}`
}

func TestSubscribeReturnsTheVerifierOfItsDeliveries(t *testing.T) {
	key := newSigningKey(t)
	client := subscriptionAPI(t, "", subscriptionJSON(key.PublicKeyHex(), webhook.Algorithm))
	subscription, v, err := webhook.Subscribe(t.Context(), client,
		&byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com/webhooks"})
	require.NoError(t, err)
	assert.Equal(t, "https://example.com/webhooks", subscription.Subscription.URL)
	_, err = v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), customerBody), customerBody)
	require.NoError(t, err)
	ids := testIDs
	ids.Key = "another"
	_, err = v.Verify(t.Context(), key.sign(t, ids, time.Now(), customerBody), customerBody)
	requireCheck(t, err, webhook.CheckKey)
}

func TestSubscribeTellsOfASubscriptionWithAUselessKey(t *testing.T) {
	key := newSigningKey(t)
	for name, response := range map[string]string{
		"another algorithm": subscriptionJSON(key.PublicKeyHex(), "ED25519"),
		"no key":            subscriptionJSON("", webhook.Algorithm),
	} {
		t.Run(name, func(t *testing.T) {
			subscription, v, err := webhook.Subscribe(t.Context(), subscriptionAPI(t, "", response),
				&byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com/webhooks"})
			require.Error(t, err)
			assert.Nil(t, v)
			assert.NotNil(t, subscription, "it exists, and somebody has to delete it")
		})
	}
	_, _, err := webhook.Subscribe(t.Context(), subscriptionAPI(t, "", ""), &byzantine.CreateWebhookSubscriptionRequest{})
	assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
}

func TestSubscribeWithAnInvalidOptionSendsNothing(t *testing.T) {
	client := subscriptionAPI(t, "", subscriptionJSON(newSigningKey(t).PublicKeyHex(), webhook.Algorithm))
	subscription, v, err := webhook.Subscribe(t.Context(), client,
		&byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com/webhooks"}, webhook.WithWindow(0))
	require.ErrorContains(t, err, "Subscribe: WithWindow")
	assert.Nil(t, subscription, "none was created")
	assert.Nil(t, v)
}

func TestSubscriptionKeysAreThoseOfTheAPI(t *testing.T) {
	key := newSigningKey(t)
	client := subscriptionAPI(t, `{"subscriptions":[`+subscriptionJSON("rubbish", "ED25519")+`,`+
		subscriptionJSON(key.PublicKeyHex(), webhook.Algorithm)+`]}`, "")
	v, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(client)))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), customerBody), customerBody)
	require.NoError(t, err)

	down := subscriptionAPI(t, "", "")
	v, err = webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(down)))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), customerBody), customerBody)
	requireCheck(t, err, webhook.CheckKeySource)
}

// lister is the API's list of subscriptions.
type lister struct {
	list *byzantine.WebhookSubscriptionList
	err  error
}

func (l lister) ListWebhookSubscriptions(context.Context, *byzantine.ListWebhookSubscriptionsRequest, ...byzantine.CallOption) (*byzantine.WebhookSubscriptionList, error) {
	return l.list, l.err
}

// One odd subscription does not stop the deliveries of the others.
func TestSubscriptionKeysLeaveOutWhatCannotBeRead(t *testing.T) {
	good := newSigningKey(t)
	subscription := func(id, key string) byzantine.WebhookSubscriptionWithKey {
		return byzantine.WebhookSubscriptionWithKey{Subscription: byzantine.WebhookSubscription{ID: id, ActiveSigningKeyID: id}, PublicKey: key, Algorithm: webhook.Algorithm}
	}
	list := func(s ...byzantine.WebhookSubscriptionWithKey) *byzantine.WebhookSubscriptionList {
		return &byzantine.WebhookSubscriptionList{Subscriptions: s}
	}
	partial := &byzantine.PartialError{Elements: []byzantine.ElementError{{Index: 1, Err: errors.New("odd")}}}
	readable := subscription(testIDs.Key, good.PublicKeyHex())
	for name, c := range map[string]struct {
		lister
		keys int
		want string // of the error
	}{
		"one without a key":        {lister{list(subscription("a", ""), readable), nil}, 1, "the key of subscription 1: "},
		"one that is unreadable":   {lister{list(readable, subscription("", "")), partial}, 1, "cannot be read"},
		"none that can be used":    {lister{list(subscription("a", "02ff")), nil}, 0, "the key of subscription 1: "},
		"none but an odd one":      {lister{list(), partial}, 0, "cannot be read"},
		"none":                     {lister{list(), nil}, 0, ""},
		"no list":                  {lister{nil, errors.New("away")}, 0, "away"},
		"one of another algorithm": {lister{list(byzantine.WebhookSubscriptionWithKey{Algorithm: "rsa"}), nil}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := webhook.SubscriptionKeys(c.lister)(t.Context())
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
			} else {
				require.NoError(t, err)
			}
			require.Len(t, keys, c.keys)
			if c.keys == 0 {
				return
			}
			v, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(c.lister)))
			require.NoError(t, err)
			_, err = v.Verify(t.Context(), good.sign(t, testIDs, time.Now(), customerBody), customerBody)
			require.NoError(t, err)
			for range 2 { // also while the source is not asked again
				other := testIDs
				other.Key = webhooktest.NewID()
				_, err = v.Verify(t.Context(), good.sign(t, other, time.Now(), customerBody), customerBody)
				var rejected *webhook.VerifyError
				require.ErrorAs(t, err, &rejected)
				assert.Equal(t, webhook.CheckKeySource, rejected.Check, "it may be that of the subscription that cannot be read")
			}
			_, err = v.Verify(t.Context(), newSigningKey(t).sign(t, testIDs, time.Now(), customerBody), customerBody)
			var forged *webhook.VerifyError
			require.ErrorAs(t, err, &forged)
			assert.Equal(t, webhook.CheckSignature, forged.Check)
		})
	}
}

package byzantinetest_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func TestSubscriptionIsAnsweredWithItsKey(t *testing.T) {
	server := newServer(t, byzantinetest.WithTime(noon))
	client := server.Client()
	var answer byzantine.Response
	created, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{
		URL: "https://Hooks.Example.com:8443/in?tenant=1", Name: "main", EventTypes: []byzantine.EventType{byzantine.EventCustomerActive},
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)

	s := created.Subscription
	assert.Equal(t, "https://Hooks.Example.com:8443/in?tenant=1", s.URL)
	assert.Equal(t, "main", s.Name)
	assert.True(t, s.Enabled)
	assert.Equal(t, byzantine.EventTypes{byzantine.EventCustomerActive}, s.EventTypes)
	assert.Equal(t, noon, s.CreatedAt)
	assert.Equal(t, noon, s.UpdatedAt)
	identity, err := client.Whoami(t.Context())
	require.NoError(t, err)
	assert.Equal(t, identity.IntegratorID, s.IntegratorID)
	assert.JSONEq(t, `{
		"normalizedUrl": "https://hooks.example.com:8443/in?tenant=1", "host": "hooks.example.com", "port": 8443,
		"resolvedIps": [], "validatedAt": "2026-09-01T12:00:00Z"
	}`, string(s.EndpointSafetyMetadata))

	require.True(t, strings.HasPrefix(created.PublicKey, "0x"))
	point, err := hex.DecodeString(created.PublicKey[2:])
	require.NoError(t, err)
	assert.Len(t, point, 33)
	assert.Equal(t, "ECDSA_P256_SHA256", created.Algorithm)
	require.NotEmpty(t, s.ActiveSigningKeyID)
	_, err = webhook.NewVerifier([]webhook.Key{webhook.KeyOf(*created)})
	assert.NoError(t, err)

	second, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com", Enabled: new(false)})
	require.NoError(t, err)
	assert.False(t, second.Subscription.Enabled)
	assert.Empty(t, second.Subscription.Name)
	assert.NotEqual(t, created.PublicKey, second.PublicKey, "each subscription has a key of its own")
	list, err := client.ListWebhookSubscriptions(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []byzantine.WebhookSubscriptionWithKey{*created, *second}, list.Subscriptions)
}

func TestNoSubscriptionsAreAnEmptyList(t *testing.T) {
	server := newServer(t)
	op := operation(t, "list_subscriptions")
	status, body := send(t, server, op.Method, op.Path, "", nil)
	assert.Equal(t, 200, status)
	assert.JSONEq(t, `{"subscriptions":[]}`, body)
}

func TestWebhookURLs(t *testing.T) {
	tests := map[string]string{ // to the words of the rejection, "" for none
		"https://example.com":                         "",
		"https://hooks.example.co.uk:8443/a/b?c=d&e=": "",
		"https://xn--bcher-kva.example/hook":          "",
		"http://127.0.0.1:8080/hook":                  "",
		"http://127.8.9.1/hook":                       "",
		"https://localhost/hook":                      "",
		"http://LOCALHOST:3000":                       "",
		"http://[::1]:8080/hook":                      "",
		"http://[::ffff:127.0.0.1]/hook":              "",

		"http://example.com/hook":                      "must be https: a sandbox with -any-webhook-url",
		"http://10.0.0.1/hook":                         "must be https",
		"ftp://example.com/hook":                       "not an https URL",
		"example.com/hook":                             "not an https URL",
		"//example.com/hook":                           "not an https URL",
		"https:example.com":                            "not an https URL",
		"https:///hook":                                "not an https URL",
		" https://example.com":                         "not an https URL",
		"https://exa mple.com":                         "not an https URL",
		"https://user@example.com/hook":                "user information",
		"https://user:secret@127.0.0.1/hook":           "user information",
		"https://example.com/hook#top":                 "fragment",
		"https://example.com/hook#":                    "fragment",
		"https://example.com:0/hook":                   "not a port",
		"https://example.com:65536/hook":               "not a port",
		"https://93.184.216.34/hook":                   "not an IP address",
		"https://[2606:2800:220:1::1]/hook":            "not an IP address",
		"https://[fe80::1%25eth0]/hook":                "not an IP address",
		"https://0.0.0.0/hook":                         "not an IP address",
		"https://169.254.169.254/latest":               "not an IP address",
		"https://2130706433/hook":                      "not a public host name",
		"https://0x7f.1/hook":                          "not a public host name",
		"https://127.1/hook":                           "not a public host name",
		"https://hooks/in":                             "not a public host name",
		"https://api.localhost/hook":                   "not a public host name",
		"https://printer.local/hook":                   "not a public host name",
		"https://metadata.google.internal/hook":        "not a public host name",
		"https://example.com./hook":                    "not a public host name",
		"https://-a.example.com/hook":                  "not a public host name",
		"https://b\u00fccher.example/hook":             "not a public host name",
		"https://" + strings.Repeat("a", 64) + ".com":  "not a public host name",
		"https://" + strings.Repeat("a.", 127) + "com": "not a public host name",
	}
	for url, words := range tests {
		t.Run(url, func(t *testing.T) {
			client := newServer(t).Client()
			_, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: url})
			if words == "" {
				require.NoError(t, err)
			} else {
				refused(t, err, 400, words)
				assert.NotContains(t, err.Error(), "secret")
			}
			existing, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "https://other.example.org"})
			require.NoError(t, err)
			changed, err := client.UpdateWebhookSubscription(t.Context(), &byzantine.UpdateWebhookSubscriptionRequest{
				SubscriptionID: existing.Subscription.ID, URL: url + "?again",
			})
			switch {
			case words == "":
				require.NoError(t, err)
				assert.Equal(t, url+"?again", changed.Subscription.URL)
			case !strings.Contains(url, "#"): // where "?again" stands in the fragment
				refused(t, err, 400, words)
			}
		})
	}
	status, body := post(t, newServer(t), "create_subscription", `{}`)
	assert.Equal(t, 400, status)
	assert.Contains(t, body, "url: missing")
}

func TestAnyWebhookURLOnRequest(t *testing.T) {
	client := newServer(t, byzantinetest.WithAnyWebhookURL()).Client()
	for _, url := range []string{"http://app:8080/hook", "http://10.0.0.1/hook", "https://printer.local"} {
		_, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: url})
		assert.NoError(t, err, url)
	}
	_, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "http://user@app/hook"})
	refused(t, err, 400, "user information")
}

func TestOneSubscriptionPerURL(t *testing.T) {
	client := newServer(t).Client()
	create := func(url string) (*byzantine.WebhookSubscriptionWithKey, error) {
		return client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: url})
	}
	first, err := create("https://example.com")
	require.NoError(t, err)
	for _, same := range []string{"https://example.com", "https://EXAMPLE.com/", "https://example.com:443", "HTTPS://example.com:0443/"} {
		_, err := create(same)
		refused(t, err, 400, "already")
	}
	second, err := create("https://example.com?tenant=2")
	require.NoError(t, err, "another query makes it another URL")
	_, err = create("https://example.com/hook")
	require.NoError(t, err)

	move := func(s *byzantine.WebhookSubscriptionWithKey, url string) error {
		_, err := client.UpdateWebhookSubscription(t.Context(), &byzantine.UpdateWebhookSubscriptionRequest{SubscriptionID: s.Subscription.ID, URL: url})
		return err
	}
	refused(t, move(second, "https://example.com/"), 400, "already")
	assert.NoError(t, move(first, "https://example.com/"), "its own")
	assert.NoError(t, move(first, "https://example.org/"))
	assert.NoError(t, move(second, "https://example.com/"), "free again")
}

func TestSubscribedEventTypes(t *testing.T) {
	client := newServer(t).Client()
	create := func(url string, types []byzantine.EventType) (*byzantine.WebhookSubscriptionWithKey, error) {
		return client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: url, EventTypes: types})
	}
	all, err := create("https://example.com/omitted", nil)
	require.NoError(t, err)
	assert.Len(t, all.Subscription.EventTypes, 17)
	assert.NotContains(t, all.Subscription.EventTypes, byzantine.EventWebhookTest)
	empty, err := create("https://example.com/empty", []byzantine.EventType{})
	require.NoError(t, err)
	assert.Equal(t, all.Subscription.EventTypes, empty.Subscription.EventTypes)
	twice, err := create("https://example.com/twice", []byzantine.EventType{byzantine.EventCustomerDeleted, byzantine.EventCustomerActive, byzantine.EventCustomerDeleted})
	require.NoError(t, err)
	assert.Equal(t, byzantine.EventTypes{byzantine.EventCustomerDeleted, byzantine.EventCustomerActive}, twice.Subscription.EventTypes)

	update := func(types []byzantine.EventType) (byzantine.EventTypes, error) {
		s, err := client.UpdateWebhookSubscription(t.Context(), &byzantine.UpdateWebhookSubscriptionRequest{SubscriptionID: twice.Subscription.ID, EventTypes: types})
		if err != nil {
			return nil, err
		}
		return s.Subscription.EventTypes, nil
	}
	types, err := update(nil)
	require.NoError(t, err)
	assert.Equal(t, twice.Subscription.EventTypes, types, "omitted: unchanged")
	types, err = update([]byzantine.EventType{byzantine.EventTransactionReverted})
	require.NoError(t, err)
	assert.Equal(t, byzantine.EventTypes{byzantine.EventTransactionReverted}, types)
	types, err = update([]byzantine.EventType{})
	require.NoError(t, err)
	assert.Equal(t, all.Subscription.EventTypes, types, "empty: all again")

	for name, words := range map[byzantine.EventType]string{
		byzantine.EventWebhookTest: "Unsupported webhook event type", "customer.updated": "Unknown webhook event type",
		"CustomerActive": "Unknown webhook event type",
	} {
		list := []byzantine.EventType{byzantine.EventCustomerActive, name}
		_, err := create("https://example.com/refused", list)
		refused(t, err, 400, words)
		_, err = update(list)
		refused(t, err, 400, words)
	}
}

func TestSubscriptionChangesAsAWholeOrNotAtAll(t *testing.T) {
	server := newServer(t, byzantinetest.WithTime(noon))
	client := server.Client()
	created, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com", Name: "main"})
	require.NoError(t, err)
	update := func(req byzantine.UpdateWebhookSubscriptionRequest) (*byzantine.WebhookSubscriptionWithKey, error) {
		req.SubscriptionID = created.Subscription.ID
		return client.UpdateWebhookSubscription(t.Context(), &req)
	}
	server.Advance(time.Minute)
	want := *created
	for name, req := range map[string]byzantine.UpdateWebhookSubscriptionRequest{
		"bad URL":        {URL: "http://example.com", Name: new("new"), Enabled: new(false)},
		"bad event type": {URL: "https://example.org", Name: new("new"), EventTypes: []byzantine.EventType{"no.such"}},
	} {
		_, err := update(req)
		assert.ErrorIs(t, err, byzantine.ErrBadRequest, name)
		list, err := client.ListWebhookSubscriptions(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, want, list.Subscriptions[0], name)
	}

	changed, err := update(byzantine.UpdateWebhookSubscriptionRequest{Enabled: new(false)})
	require.NoError(t, err)
	want.Subscription.Enabled, want.Subscription.UpdatedAt = false, noon.Add(time.Minute)
	assert.Equal(t, want, *changed, "nothing but what was set, and the key stays")
	changed, err = update(byzantine.UpdateWebhookSubscriptionRequest{Name: new("")})
	require.NoError(t, err)
	assert.Empty(t, changed.Subscription.Name)

	_, err = client.UpdateWebhookSubscription(t.Context(), &byzantine.UpdateWebhookSubscriptionRequest{SubscriptionID: unknownID})
	refused(t, err, 404, "not found")
}

func TestDeletedSubscriptionTakesItsHistoryAlong(t *testing.T) {
	w := newWebhookWorld(t)
	other := w.subscribe(&byzantine.CreateWebhookSubscriptionRequest{URL: listen(t, w.endpoint) + "/other"})
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	require.Len(t, w.history(nil), 2)

	assert.Equal(t, 200, statusOf(t, func(opts ...byzantine.CallOption) error {
		return w.client.DeleteWebhookSubscription(t.Context(), w.Subscription.ID, opts...)
	}))
	assert.Equal(t, other.Subscription.ID, w.only().Delivery.SubscriptionID)
	refused(t, w.client.DeleteWebhookSubscription(t.Context(), w.Subscription.ID), 400, "not found")
	_, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	refused(t, err, 404, "not found")
	list, err := w.client.ListEvents(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, list.Events, 1, "events stay")

	w.happen(byzantine.VerificationActive)
	w.server.Deliver()
	assert.Len(t, w.endpoint.deliveries(), 3)
	_, err = w.client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: w.Subscription.URL})
	assert.NoError(t, err, "the URL is free again")
}

func TestReadOnlyKeysReadWebhooks(t *testing.T) {
	w := newWebhookWorld(t)
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	created, err := w.client.CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
	require.NoError(t, err)
	key, err := created.PrivateKey.Key()
	require.NoError(t, err)
	reader, err := byzantine.NewClient(key, byzantine.WithBaseURL(w.server.URL), byzantine.WithClock(w.server.Now))
	require.NoError(t, err)

	_, err = reader.ListWebhookSubscriptions(t.Context(), nil)
	assert.NoError(t, err)
	_, err = reader.ListWebhookDeliveries(t.Context(), nil)
	assert.NoError(t, err)
	_, err = reader.ListEvents(t.Context(), nil)
	assert.NoError(t, err)
	_, err = reader.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "no URL"})
	assert.ErrorIs(t, err, byzantine.ErrForbidden)
	_, err = reader.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	assert.ErrorIs(t, err, byzantine.ErrForbidden)
	_, err = reader.RetryWebhookDelivery(t.Context(), unknownID)
	assert.ErrorIs(t, err, byzantine.ErrForbidden)
	assert.ErrorIs(t, reader.DeleteWebhookSubscription(t.Context(), w.Subscription.ID), byzantine.ErrForbidden)
}

func FuzzWebhookURL(f *testing.F) {
	sandbox, err := byzantinetest.New()
	require.NoError(f, err)
	client := clientOf(f, sandbox)
	for _, seed := range []string{"https://example.com", "http://127.0.0.1:8080/a?b", "http://[::1]", "https://a@b.com", "https://127.1", "HTTPS://Example.COM:443/%7e?#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		create := func(url string) (*byzantine.WebhookSubscriptionWithKey, error) {
			return client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: url})
		}
		created, err := create(raw)
		if err != nil {
			assert.NotErrorIs(t, err, byzantine.ErrServer)
			return
		}
		defer client.DeleteWebhookSubscription(t.Context(), created.Subscription.ID)
		var metadata struct{ NormalizedURL string }
		require.NoError(t, json.Unmarshal(created.Subscription.EndpointSafetyMetadata, &metadata))
		_, err = http.NewRequest(http.MethodPost, created.Subscription.URL, nil)
		assert.NoError(t, err, "a URL that was accepted can be sent to")
		_, err = create(metadata.NormalizedURL)
		assert.ErrorIs(t, err, byzantine.ErrBadRequest, "it is the same as its normalized form: %s", metadata.NormalizedURL)
	})
}

package webhooktest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

var deliveryIDs = webhooktest.DeliveryIDs{
	Delivery: "6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a01",
	Event:    "6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a02",
	Key:      "6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a03",
}

func TestSignDeliveryMakesWhatTheVerifierAccepts(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier([]webhook.Key{{ID: deliveryIDs.Key, PublicKey: key.PublicKeyHex()}})
	require.NoError(t, err)
	body := []byte(`{"id":"` + deliveryIDs.Event + `","type":"webhook.test"}`)
	now := time.Now()

	h, err := webhooktest.SignDelivery(key, deliveryIDs, now, body)
	require.NoError(t, err)
	d, err := verifier.Verify(t.Context(), h, body)
	require.NoError(t, err)
	assert.Equal(t, deliveryIDs, webhooktest.DeliveryIDs{Delivery: d.ID, Event: d.EventID, Key: d.KeyID})
	assert.Equal(t, now.Unix(), d.SignedAt.Unix())

	h, err = webhooktest.SignDelivery(key, deliveryIDs, now.Add(-time.Hour), body)
	require.NoError(t, err)
	_, err = verifier.Verify(t.Context(), h, body)
	assert.ErrorContains(t, err, "timestamp")
}

func TestSignDeliveryNeedsAKey(t *testing.T) {
	_, err := webhooktest.SignDelivery(&byzantine.PrivateKey{}, deliveryIDs, time.Now(), nil)
	assert.Error(t, err)
}

// A Handler is tested like any other http.Handler: with a request whose headers SignDelivery makes.
func ExampleSignDelivery() {
	key, _ := byzantine.GenerateKey()
	verifier, _ := webhook.NewVerifier([]webhook.Key{{PublicKey: key.PublicKeyHex()}})
	var dispatcher webhook.Dispatcher
	dispatcher.OnAny(func(_ context.Context, e *webhook.Event) error {
		fmt.Println("received", e.Type)
		return nil
	})
	receiver := &webhook.Handler{Verifier: verifier, Handle: dispatcher.Handle}

	body := []byte(`{"id":"6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a02","type":"customer.active"}`)
	request := httptest.NewRequest(http.MethodPost, "/webhooks", bytes.NewReader(body))
	request.Header, _ = webhooktest.SignDelivery(key, webhooktest.DeliveryIDs{
		Delivery: "6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a01",
		Event:    "6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a02",
		Key:      "6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a03",
	}, time.Now(), body)
	response := httptest.NewRecorder()
	receiver.ServeHTTP(response, request)
	fmt.Println("responded", response.Code)
	// Output:
	// received customer.active
	// responded 204
}

package storetest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// Receiver makes a handler of fn and returns a function that delivers an event to it, given the event's id, a UUID, and
// returns the status of the answer.
func Receiver(t testing.TB, fn webhook.Func, opts ...webhook.HandlerOption) (deliver func(event string) (status int)) {
	t.Helper()
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: key.PublicKeyHex()}})
	require.NoError(t, err)
	handler := verifier.Handler(fn, append([]webhook.HandlerOption{webhook.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	return func(event string) int {
		body := `{"id":"` + event + `","type":"customer.active"}`
		request := httptest.NewRequest(http.MethodPost, "/webhooks", strings.NewReader(body))
		ids := byzantinetest.DeliveryIDs{Delivery: NewID(), Event: event, Key: "any"}
		header, err := byzantinetest.SignDelivery(key, ids, time.Now(), []byte(body))
		if !assert.NoError(t, err) {
			return 0
		}
		request.Header = header
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer.Code
	}
}

// sameDeliveryAtTwoReplicas delivers an event to both replicas while the first to get it is still at work.
func sameDeliveryAtTwoReplicas(t *testing.T, a, b webhook.Store) {
	event := NewID()
	started, finish := make(chan bool, 2), make(chan bool)
	replica := func(s webhook.Store) func(string) int {
		return Receiver(t, func(context.Context, *webhook.Delivery) error {
			started <- true
			<-finish
			return nil
		}, webhook.WithStore(s), webhook.WithTimeout(time.Minute))
	}
	deliverA, deliverB := replica(a), replica(b)
	answers := make(chan int, 2)
	go func() { answers <- deliverA(event) }()
	go func() { answers <- deliverB(event) }()
	<-started
	assert.Equal(t, http.StatusConflict, <-answers, "the other one has to come again: the work may still fail")
	assert.Empty(t, started, "one callback only")
	close(finish)
	assert.Equal(t, http.StatusNoContent, <-answers)
	assert.Equal(t, http.StatusNoContent, deliverA(event))
	assert.Equal(t, http.StatusNoContent, deliverB(event))
	assert.Empty(t, started)
}

package webhooktest

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// sameDeliveryAtTwoReplicas delivers the same event to two replicas at once. Only one of them calls its function; the
// other one responds with 409 while that runs. When the function has returned, both respond with 204 without calling
// theirs.
func sameDeliveryAtTwoReplicas(t *testing.T, a, b webhook.Store) {
	sender := NewSender(t)
	verifier, err := webhook.NewVerifier([]webhook.Key{sender.Key()})
	noError(t, err)
	event := []byte(`{"id":"` + NewID() + `","type":"customer.active"}`)
	started, finish := make(chan bool, 2), make(chan bool)
	replica := func(s webhook.Store) func() int {
		handler := &webhook.Handler{Verifier: verifier, Store: s, Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler),
			Handle: func(context.Context, *webhook.Delivery) error {
				started <- true
				<-finish
				return nil
			}}
		return func() int { return sender.Deliver(handler, event) }
	}
	deliverA, deliverB := replica(a), replica(b)
	statuses := make(chan int, 2)
	go func() { statuses <- deliverA() }()
	go func() { statuses <- deliverB() }()
	<-started
	equal(t, http.StatusConflict, <-statuses, "the other one must be sent again: the work may still fail")
	equal(t, 0, len(started), "one callback only")
	close(finish)
	equal(t, http.StatusNoContent, <-statuses)
	equal(t, http.StatusNoContent, deliverA())
	equal(t, http.StatusNoContent, deliverB())
	equal(t, 0, len(started))
}

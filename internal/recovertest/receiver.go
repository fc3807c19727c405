package recovertest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// Receiver makes a handler of fn, which may take a minute, on a store. It returns a function that delivers an event to it,
// given the event's id, a UUID, and returns the status of the response.
func Receiver(t testing.TB, store webhook.Store, fn webhook.Func) (deliver func(event string) (status int)) {
	t.Helper()
	sender := webhooktest.NewSender(t)
	verifier, err := webhook.NewVerifier([]webhook.Key{sender.Key()})
	if err != nil {
		t.Fatal(err)
	}
	handler := &webhook.Handler{Verifier: verifier, Handle: fn, Store: store, Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)}
	return func(event string) int {
		return sender.Deliver(handler, []byte(`{"id":"`+event+`","type":"customer.active"}`))
	}
}

package recovertest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// Receiver makes a webhook.Handler of fn and store; fn may take up to a minute. The returned function sends the Handler
// a delivery of the event with the given id, a UUID, and returns the status of the response.
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

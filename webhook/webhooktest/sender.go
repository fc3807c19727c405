package webhooktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// Sender sends deliveries to a receiver in place of the API. It has the signing key of one subscription. It is safe for
// concurrent use, but only on the test's own goroutine can an event that it cannot sign end the test.
type Sender struct {
	t   testing.TB
	key *byzantine.PrivateKey
	id  string
}

// NewSender returns a Sender with a new key. If the Sender cannot make a delivery, it ends the test t as failed. A
// Sender signs at the machine's time. For a verifier with another clock, such as that of a sandbox after Advance, use
// [SignDelivery].
func NewSender(t testing.TB) *Sender {
	t.Helper()
	key, err := byzantine.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &Sender{t: t, key: key, id: NewID()}
}

// Key returns the Sender's public key, to be passed to webhook.NewVerifier.
func (s *Sender) Key() webhook.Key { return webhook.Key{ID: s.id, PublicKey: s.key.PublicKeyHex()} }

// Request returns a delivery of an event as an HTTP request, with a new delivery id and signed at the current time.
// event is the exact body: a JSON object whose "id" is a UUID.
func (s *Sender) Request(event []byte) *http.Request {
	s.t.Helper()
	var named struct{ ID string }
	if err := json.Unmarshal(event, &named); err != nil {
		s.t.Fatalf("webhooktest: the event is not a JSON object: %v", err)
	}
	request := httptest.NewRequest(http.MethodPost, "/webhooks", bytes.NewReader(event))
	header, err := SignDelivery(s.key, DeliveryIDs{Delivery: NewID(), Event: named.ID, Key: s.id}, time.Now(), event)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header = header
	return request
}

// Deliver passes a new [Sender.Request] to the handler and returns the status of the response. 2xx means that the event
// was handled, now or before.
func (s *Sender) Deliver(h http.Handler, event []byte) (status int) {
	s.t.Helper()
	response := httptest.NewRecorder()
	h.ServeHTTP(response, s.Request(event))
	return response.Code
}

// NewID returns a random UUID, for events.
func NewID() string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", rand.Uint32(), rand.Uint64()>>16)
}

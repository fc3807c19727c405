package recovertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// world is a local sandbox whose deliveries are lost, repeated and delayed on their way to the receiver.
type world struct {
	*byzantinetest.Server
	accounts []string
	receiver http.RoundTripper // sends a delivery to the receiver

	mu       sync.Mutex
	random   *rand.Rand
	calm     bool                 // set by calmDown: nothing goes wrong any more
	happened int                  // how many events have happened
	visible  map[string]time.Time // by event id: when the list begins to show the event, by the machine's clock
	strays   sync.WaitGroup       // copies of deliveries, which the sandbox did not send itself
}

// maxCommitDelay is how long after an event the list begins to show it, at the latest.
const maxCommitDelay = 300 * time.Millisecond

// newWorld starts a sandbox whose clock only the test moves. It has two subscriptions, so each event is delivered
// twice.
func newWorld(t *testing.T, receiver http.RoundTripper) *world {
	t.Helper()
	w := &world{receiver: receiver, random: rand.New(rand.NewPCG(rand.Uint64(), 0)), visible: map[string]time.Time{}}
	w.Server = byzantinetest.NewServer(byzantinetest.WithTime(time.Now()), byzantinetest.WithWebhookTransport(w))
	t.Cleanup(w.Close)
	for range 3 {
		w.accounts = append(w.accounts, w.AddAccount(byzantinetest.Account{}).ID)
	}
	for _, url := range []string{"https://receiver.example.com/one", "https://receiver.example.com/two"} {
		_, err := w.Client().CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: url})
		require.NoError(t, err)
	}
	return w
}

// verifier returns a Verifier that gets the keys of the two subscriptions from the sandbox.
func (w *world) verifier(t *testing.T) *webhook.Verifier {
	t.Helper()
	v, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(w.Client())), webhook.WithClock(w.Now))
	require.NoError(t, err)
	return v
}

// chance returns true with the probability p, and false after calmDown.
func (w *world) chance(p float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.calm && w.random.Float64() < p
}

// upTo returns a random duration of 0 or more and less than d.
func (w *world) upTo(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.random.Int64N(int64(d)))
}

func (w *world) calmDown() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = true
}

// happen makes one event happen and moves the clock on, by a random time or, in more than half of the calls, not at
// all. So events often have the same time.
func (w *world) happen() {
	w.mu.Lock()
	i := w.happened
	w.happened++
	w.mu.Unlock()
	statuses := []byzantine.VerificationStatus{byzantine.VerificationInactive, byzantine.VerificationActive}
	w.SetStatus(w.accounts[i%3], statuses[i/3%2])
	switch {
	case w.chance(0.1):
		w.Advance(31 * time.Second) // less than the 60 seconds for which the API accepts a signature
	case w.chance(0.4):
		w.Advance(w.upTo(20 * time.Millisecond))
	}
}

// RoundTrip sends a delivery of the sandbox to the receiver. At random it sends a copy too, at the same time or later;
// it loses the delivery; or it loses the response.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	again := func() *http.Request {
		copied := r.Clone(r.Context())
		copied.Body = io.NopCloser(bytes.NewReader(body))
		return copied
	}
	if w.chance(0.2) {
		w.strays.Go(func() {
			if w.chance(0.5) {
				time.Sleep(w.upTo(200 * time.Millisecond))
			}
			if response, err := w.receiver.RoundTrip(again()); err == nil {
				_ = response.Body.Close()
			}
		})
	}
	if w.chance(0.3) {
		return nil, errors.New("no route to host")
	}
	response, err := w.receiver.RoundTrip(again())
	if err == nil && w.chance(0.1) {
		_ = response.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return response, err
}

// lateList is an HTTP transport to the sandbox that hides some events from the API's list of events for up to
// maxCommitDelay, as if the API committed their transactions after those of newer events.
type lateList struct{ *world }

func (l lateList) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || r.URL.Path != "/v1/query/events" || response.StatusCode != http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	var list byzantine.EventPage
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return nil, err
	}
	shown := []byzantine.Event{}
	for _, e := range list.Events {
		if l.isVisible(e.ID) {
			shown = append(shown, e)
		}
	}
	list.Events = shown
	text, err := json.Marshal(list)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return response, err
}

func (l lateList) isVisible(event string) bool {
	late := l.chance(0.3)
	delay := l.upTo(maxCommitDelay)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, seen := l.visible[event]; !seen && late {
		l.visible[event] = time.Now().Add(delay)
	} else if !seen {
		l.visible[event] = time.Time{}
	}
	return !l.visible[event].After(time.Now())
}

// events returns the ids of all events that have happened.
func (w *world) events(t *testing.T) (ids []string) {
	t.Helper()
	for e, err := range w.Client().AllEvents(t.Context(), nil) {
		require.NoError(t, err)
		ids = append(ids, e.ID)
	}
	return ids
}

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

const (
	smallWorld = 1000 // number of accounts in the limit's sandbox
	// fullJournal is more requests than a sandbox's journal keeps. The status page plots the kept ones, so both
	// sandboxes have a full journal.
	fullJournal = 20_000
)

// sandboxWorld is a sandbox with many accounts. Each has a user, a one-time code, and an event with its delivery.
type sandboxWorld struct {
	*byzantinetest.Sandbox
	bench                    *bench
	client                   *byzantine.Client
	accountID, userID, email string // of the last account
	statuses                 [2]byzantine.VerificationStatus
}

// inProcess is a round tripper that calls a handler in this process.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func newSandboxWorld(b *bench, size int) (*sandboxWorld, error) {
	receiver := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	sandbox, err := byzantinetest.New(byzantinetest.WithSeed(1), byzantinetest.WithTime(time.Now()),
		byzantinetest.WithWebhookTransport(inProcess{receiver}))
	if err != nil {
		return nil, err
	}
	w := &sandboxWorld{Sandbox: sandbox, bench: b, statuses: [2]byzantine.VerificationStatus{byzantine.VerificationInactive, byzantine.VerificationActive}}
	w.client, err = byzantine.NewClient(sandbox.Key(), byzantine.WithBaseURL("http://localhost"), byzantine.WithClock(sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: inProcess{sandbox}}))
	if err != nil {
		return nil, err
	}
	if _, err := w.client.CreateWebhookSubscription(b.ctx, &byzantine.CreateWebhookSubscriptionRequest{URL: "https://example.com/webhooks"}); err != nil {
		return nil, err
	}
	for n := range size {
		w.email = fmt.Sprintf("user%d@example.com", n)
		w.userID = sandbox.AddUser(byzantinetest.User{Email: w.email}).ID
		w.accountID = sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{w.userID}}).ID
		if _, err := w.client.InitOTP(b.ctx, &byzantine.InitOTPRequest{AccountID: w.accountID, UserID: w.userID}); err != nil {
			return nil, err
		}
		sandbox.SetStatus(w.accountID, w.statuses[0])
	}
	sandbox.Deliver()
	for range min(fullJournal, b.accounts) - size {
		if _, err := w.client.Whoami(b.ctx); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// sandboxCalls are the calls that are measured in a small and in a large sandbox.
var sandboxCalls = []struct {
	name string
	call func(*sandboxWorld) error
}{
	{"init_otp", func(w *sandboxWorld) error {
		_, err := w.client.InitOTP(w.bench.ctx, &byzantine.InitOTPRequest{AccountID: w.accountID, UserID: w.userID})
		return err
	}},
	{"get_user_details", func(w *sandboxWorld) error {
		_, err := w.client.GetUserDetails(w.bench.ctx, &byzantine.GetUserDetailsRequest{Email: w.email})
		return err
	}},
	{"list_events, the oldest", func(w *sandboxWorld) error {
		_, err := w.client.ListEvents(w.bench.ctx, &byzantine.ListEventsRequest{CreatedBefore: w.Now().Add(20 * time.Millisecond)})
		return err
	}},
	{"list_deliveries of an account", func(w *sandboxWorld) error {
		_, err := w.client.ListWebhookDeliveries(w.bench.ctx, &byzantine.ListWebhookDeliveriesRequest{AccountID: w.accountID, Limit: 10})
		return err
	}},
	{"an event and its delivery", func(w *sandboxWorld) error {
		w.statuses[0], w.statuses[1] = w.statuses[1], w.statuses[0]
		w.SetStatus(w.accountID, w.statuses[0])
		w.Deliver()
		return nil
	}},
	{"status page", func(w *sandboxWorld) error {
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost"+byzantinetest.StatusPath, nil))
		if recorder.Code != http.StatusOK {
			return fmt.Errorf("status %d", recorder.Code)
		}
		return nil
	}},
}

// sandboxPairs compare a large sandbox with a small one as the limit: a call must not take more than twice as long. The
// sandboxes are filled when the first of these lines runs.
func (b *bench) sandboxPairs() (list []*pair) {
	small := sync.OnceValues(func() (*sandboxWorld, error) { return newSandboxWorld(b, min(smallWorld, b.accounts)) })
	large := sync.OnceValues(func() (*sandboxWorld, error) { return newSandboxWorld(b, b.accounts) })
	for _, c := range sandboxCalls {
		in := func(world func() (*sandboxWorld, error)) func() error {
			return func() error {
				w, err := world()
				if err != nil {
					return err
				}
				return c.call(w)
			}
		}
		p := &pair{name: fmt.Sprintf("sandbox, %d accounts: %s", b.accounts, c.name), limit: in(small), ours: in(large)}
		list = append(list, p.timeAtMost(2))
	}
	return list
}

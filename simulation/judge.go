package simulation

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// probe checks that every program works (a read and a write), and that a delivery is accepted.
func (w *World) probe(when string) {
	for _, r := range w.replicas {
		p := r.current.Load()
		if !p.process.alive() {
			w.violate(Recovery, "%s is down %s", r.name, when)
			continue
		}
		check := func(op string, read bool, method func(ctx context.Context) error) {
			if err := p.call(p.process.ctx, op, read, time.Minute, method); err != nil {
				w.violate(Recovery, "%s of %s fails %s: %v", op, r.name, when, err)
			}
		}
		w.instants.sleep(w.ctx, time.Second)
		check("Whoami", true, func(ctx context.Context) error { _, err := p.client.Whoami(ctx); return err })
		w.instants.sleep(w.ctx, time.Second)
		someone := w.people[0]
		check("InitOTP", false, func(ctx context.Context) error {
			_, err := p.client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: someone.accountID, UserID: someone.userID})
			return err
		})
	}
	w.probeDelivery(when)
	w.trace.add("world", "the check is over", when)
}

// probeDelivery checks that a delivery is accepted, unless a machine's clock is so far off that it may be rejected.
func (w *World) probeDelivery(when string) {
	w.instants.sleep(w.ctx, 15*time.Second) // a verifier asks for keys every ten seconds at most
	if max(w.clockOff(0).Abs(), w.clockOff(1).Abs()) > 4*time.Minute {
		return
	}
	result, err := w.operator.SendTestWebhookDelivery(w.ctx, w.subscriptionID)
	switch {
	case err != nil:
		w.violate(Recovery, "a test delivery cannot be sent %s: %v", when, err)
	case result.Attempt == nil || result.Attempt.Outcome != byzantine.WebhookAttemptSucceeded:
		w.violate(Recovery, "a test delivery is not taken %s: %+v", when, result.Attempt)
	}
}

// judge makes the checks of a world in which nothing happens any more.
func (w *World) judge() {
	w.calls.check()
	w.secrets.check()
}

// inProcess is an http.RoundTripper that calls a handler.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.RequestURI = request.URL.RequestURI()
	if request.Body == nil {
		request.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	t.handler.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}

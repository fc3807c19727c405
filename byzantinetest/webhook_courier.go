package byzantinetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The bounds of an attempt, as the API documents them. They are real time: networks do not follow the sandbox's clock.
const (
	connectTimeout   = 5 * time.Second // for TCP, and as much for TLS
	attemptTimeout   = 10 * time.Second
	maxEndpointBytes = 64 << 10 // that are read of a response
)

// WithWebhookTransport sends webhook deliveries through rt instead of the sandbox's own transport: for example one that
// trusts the certificate of a test server, or that calls a handler directly.
func WithWebhookTransport(rt http.RoundTripper) Option {
	return func(s *Sandbox) error {
		if rt == nil {
			return errors.New("WithWebhookTransport: the transport is nil")
		}
		s.world.courier.transport = rt
		return nil
	}
}

// Deliver sends the webhook deliveries that are due, and returns when all have a response. Without it they are sent
// soon as well, in the background. An endpoint must not call Deliver, [Sandbox.Advance], [Sandbox.Trigger],
// [Sandbox.SetWorld] or [Sandbox.Reset] while it handles a delivery: they wait for its response.
func (s *Sandbox) Deliver() {
	s.lock()
	defer s.unlock()
	s.world.courier.wait()
}

// Close stops the sending of webhook deliveries, including those in progress, and ends all goroutines. It may be called
// more than once. [Server.Close] calls it.
func (s *Sandbox) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.world.courier
	c.closed = true
	c.cancel()
	s.world.setAlarm()
	c.wait()
}

// courier carries webhook deliveries: in one goroutine that lives while some are due, woken by a timer if the world's
// clock runs automatically.
type courier struct {
	transport http.RoundTripper // not a client: redirects are not followed
	ctx       context.Context   // of all requests, until Close
	cancel    context.CancelFunc

	mu      *sync.Mutex // the sandbox's; it guards what follows
	working bool
	closed  bool
	idle    *sync.Cond  // working has become false
	alarm   *time.Timer // may be nil
}

func newCourier(mu *sync.Mutex) *courier {
	ctx, cancel := context.WithCancel(context.Background())
	return &courier{
		mu: mu, idle: sync.NewCond(mu), ctx: ctx, cancel: cancel,
		transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout: connectTimeout,
			DisableKeepAlives:   true, // no connection outlives its delivery
			DisableCompression:  true, // the limit of a response counts its bytes as they are sent
		},
	}
}

// unlocked releases the lock while f runs.
func (c *courier) unlocked(f func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	f()
}

// wait returns when the courier's goroutine has ended. It releases the lock meanwhile.
func (c *courier) wait() {
	for c.working {
		c.idle.Wait()
	}
}

// dispatch starts to send the webhook deliveries that are due, in the background. Code that makes a delivery due calls it.
func (w *world) dispatch() {
	c := w.courier
	if c.working || c.closed || w.nextDelivery() == nil {
		return
	}
	c.working = true
	go w.deliverDue()
}

// deliverDue is the courier's goroutine. It takes the lock itself.
func (w *world) deliverDue() {
	c := w.courier
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed {
		d := w.nextDelivery()
		if d == nil {
			break
		}
		w.attempt(d, "")
	}
	c.working = false
	c.idle.Broadcast()
}

// setAlarm has the world catch up when the next of its timers is due: there may be no request, but a webhook waits for it.
// A stopped clock needs no alarm, because whoever moves it runs what is due. catchUp and whoever adds a timer call it.
func (w *world) setAlarm() {
	c := w.courier
	if c.alarm != nil {
		c.alarm.Stop()
	}
	if c.closed || w.clock.stopped || len(w.timers) == 0 {
		return
	}
	c.alarm = time.AfterFunc(w.timers[0].at.Sub(w.clock.now()), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.catchUp()
	})
}

// sendResult is the result of a request to an endpoint. failure is empty if it succeeded.
type sendResult struct {
	status  *int32 // nil if there was no response
	failure string
	summary json.RawMessage // nil if there was no response
}

// send makes one request to an endpoint and takes a 2xx for success. It runs without the lock.
func (c *courier) send(target string, header http.Header, body []byte) sendResult {
	ctx, cancel := context.WithTimeout(c.ctx, attemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return sendResult{failure: c.reason(ctx, err)}
	}
	request.Header = header
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return sendResult{failure: c.reason(ctx, err)}
	}
	defer response.Body.Close()
	// The body of a 101 is the bare connection, which outlives its request's context.
	defer context.AfterFunc(ctx, func() { response.Body.Close() })()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxEndpointBytes))
	result := sendResult{status: new(int32(response.StatusCode)), summary: summaryOf(response.StatusCode, text)}
	switch {
	case err != nil:
		result.failure = c.reason(ctx, err)
	case response.StatusCode < 200 || response.StatusCode > 299:
		result.failure = fmt.Sprintf("the endpoint responded with %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	return result
}

// reason is why there was no response, or no complete one.
func (c *courier) reason(ctx context.Context, err error) string {
	switch {
	case c.ctx.Err() != nil:
		return "the sandbox was closed"
	case ctx.Err() != nil:
		return fmt.Sprintf("no complete response within %v", attemptTimeout)
	}
	return err.Error()
}

// maxSummaryText is how much of a response's text the history keeps, in bytes.
const maxSummaryText = 1 << 10

// summaryOf is a response as the delivery history shows it.
func summaryOf(status int, body []byte) json.RawMessage {
	return marshalled(struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`      // the beginning of the response's body
		BodyBytes  int    `json:"bodyBytes"` // how many bytes were read of it
	}{status, strings.ToValidUTF8(string(body[:min(len(body), maxSummaryText)]), "\uFFFD"), len(body)})
}

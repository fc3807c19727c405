package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// replica is a machine of the backend. One program after the other runs on it.
type replica struct {
	world      *World
	name       string
	index      int
	generation int // of programs so far
	current    atomic.Pointer[program]
}

// program is one process of the backend, from its start to its crash or to a deployment.
type program struct {
	world      *World
	name       string // of the machine
	process    *process
	index      int // of the machine
	client     *byzantine.Client
	rotation   *byzantine.Rotation // signs for the client
	transactor *passkey.Transactor
	verifier   *webhook.Verifier
	handler    *webhook.Handler
	reconciler *webhook.Reconciler
	transport  *http.Transport
	server     *http.Server
	stopLoop   context.CancelFunc // of the Reconciler
	random     *rand.Rand         // of the callbacks; World.mu guards it
}

// start starts the next program of the machine.
func (r *replica) start() error {
	w := r.world
	r.generation++
	p := &program{world: w, name: r.name, process: w.newProcess(fmt.Sprintf("%s/%d", r.name, r.generation)), index: r.index}
	p.random = w.random("callbacks of " + p.process.name)
	store := w.storeFor(p.process)
	now := func() time.Time { return time.Now().Add(w.clockOff(p.index)) }
	logger := w.logger(r.name)
	var roundTripper http.RoundTripper
	p.transport = &http.Transport{
		DialContext: w.network.dialer(r.name, p.process, w.calls.tap), TLSClientConfig: w.clientTLS(), ForceAttemptHTTP2: w.plan.http2,
		// One: if net/http sends a request again automatically, the client's guard ends the attempt. With a second idle
		// connection, a random select would decide whether that one is closed, so the trace would not be reproducible.
		MaxIdleConnsPerHost: 1, IdleConnTimeout: 50 * time.Second,
		// As in the client's own transport: without pings, a silent connection would be used again and again.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
	if roundTripper = p.transport; w.plan.hookless {
		roundTripper = hookless{p.transport}
	}
	key, err := w.signerOf(w.vault.get())
	if err != nil {
		return err
	}
	p.rotation = byzantine.NewRotation(key)
	client, err := byzantine.NewClient(p.rotation, byzantine.WithBaseURL(w.baseURL()), byzantine.WithInsecureHTTP(),
		byzantine.WithHTTPClient(&http.Client{Transport: roundTripper}), byzantine.WithClock(now), byzantine.WithLogger(logger),
		byzantine.WithTracer(tracer{p}))
	if err != nil {
		return err
	}
	keys, options := []webhook.Key{w.webhookKey}, []webhook.VerifierOption{webhook.WithClock(now)}
	if w.plan.keySource {
		seeded := w.jitter("jitter of the key source of " + p.process.name)
		source := webhook.SubscriptionKeys(client)
		keys, options = nil, append(options, webhook.WithKeySource(func(ctx context.Context) ([]webhook.Key, error) {
			return source(jitter.With(ctx, seeded))
		}))
	}
	verifier, err := webhook.NewVerifier(keys, options...)
	if err != nil {
		return err
	}
	p.client, p.transactor = client, &passkey.Transactor{Client: client, RelyingParty: relyingParty}
	dispatcher := &webhook.Dispatcher{Logger: logger}
	dispatcher.On(byzantine.EventTransactionCompleted, p.handle)
	dispatcher.On(byzantine.EventWebhookTest, p.handle)
	dispatcher.OnAnyTransaction(func(ctx context.Context, e *webhook.Event, _ *byzantine.TransactionEventData) error {
		return p.handle(ctx, e)
	})
	dispatcher.OnAnyCustomer(func(ctx context.Context, e *webhook.Event, _ *byzantine.CustomerEventData) error {
		return p.handle(ctx, e)
	})
	p.verifier = verifier
	p.handler = &webhook.Handler{Verifier: verifier, Handle: dispatcher.Handle, Store: store, Timeout: w.plan.callbackTimeout, Logger: logger}
	p.server = &http.Server{Handler: p.timed(p.handler), ReadTimeout: 15 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	p.reconciler = &webhook.Reconciler{
		Events: client, Store: store, Handle: dispatcher.Handle, Overlap: w.plan.overlap, Grace: w.plan.grace, Interval: w.plan.interval,
		Timeout: w.plan.callbackTimeout, Logger: logger, Now: now,
	}
	loop, stop := context.WithCancel(jitter.With(p.process.ctx, w.jitter("jitter of "+p.process.name)))
	p.stopLoop = stop
	r.current.Store(p)
	w.trace.add(r.name, "starts", "")
	listener := w.network.listen(r.name, p.process)
	go func() { _ = p.server.Serve(listener) }()
	if r.index == 0 {
		go p.keepCopy(jitter.With(loop, w.jitter("jitter of the copy of "+p.process.name)))
	}
	go p.reconcile(loop)
	return nil
}

func (p *program) reconcile(ctx context.Context) {
	w := p.world
	// Wait first, so that two replicas that start together do not begin their passes together.
	first := between(w.random("reconciler of "+p.process.name), 0, w.plan.interval)
	if !w.instants.sleep(ctx, first) {
		return
	}
	if err := p.reconciler.Run(ctx); ctx.Err() == nil {
		w.violate(Recovery, "the Reconciler of %s has ended: %v", p.process.name, err)
	}
}

// stop ends the program's work gracefully: deliveries in progress are finished.
func (p *program) stop() {
	p.stopLoop()
	shutdown(p.server)
	p.transport.CloseIdleConnections()
}

// timed checks that the handler of deliveries responds within the time that it promises.
func (p *program) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		began := time.Now()
		next.ServeHTTP(rw, request)
		bound := p.world.plan.callbackTimeout + time.Second
		if took := time.Since(began); took > bound+slack {
			p.world.violate(Bounds, "%s responded to a delivery after %v; its bound is %v", p.name, took, bound)
		}
	})
}

// handle is the callback for events: what the business does with one.
func (p *program) handle(ctx context.Context, event *webhook.Event) error {
	if !p.process.alive() {
		return errCrashed
	}
	w := p.world
	if event.Type == "" || event.Related.AccountID == "" && event.Type != byzantine.EventWebhookTest {
		w.violate(Events, "the event %s is handed over without its type or account: %+v", event.ID, event)
	}
	w.ledger.begin(event.ID, string(event.Type), p.process)
	w.mu.Lock()
	takes, fails := between(p.random, time.Millisecond, 2*time.Second), p.random.Float64() < w.plan.failing
	slow, deaf := p.random.IntN(20), p.random.IntN(4) == 0
	w.mu.Unlock()
	takes /= time.Duration(1 + w.plan.bursts/10)
	if (slow == 0 || slow < 10 && w.plan.slowCallbacks) && w.stormy() {
		takes *= 10
	}
	if deaf {
		ctx = p.process.ctx // it does not mind the end of its context
	}
	handled := w.instants.sleep(ctx, takes) && !(fails && w.stormy())
	if !p.process.alive() {
		return errCrashed
	}
	w.ledger.end(event.ID, p.process, handled)
	if !handled {
		w.trace.add(p.name, "event "+string(event.Type), "fails")
		return errors.New("the business is not ready")
	}
	w.trace.add(p.name, "event "+string(event.Type), "handled")
	if event.Related.TransactionID != "" {
		w.copy.nudge()
	}
	return nil
}

// supervise runs programs on the machine, one after the other, until the world ends.
func (r *replica) supervise() {
	random := r.world.random("restarts of " + r.name)
	for {
		select {
		case <-r.current.Load().process.ctx.Done():
		case <-r.world.ctx.Done():
			return
		}
		pause := between(random, 2*time.Second, 2*time.Minute)
		if until := time.Until(r.world.restartNotBefore()); until > 0 {
			pause += until
		}
		if !r.world.instants.sleep(r.world.ctx, pause) {
			return
		}
		if err := r.start(); err != nil {
			r.world.violate(Recovery, "%s does not start: %v", r.name, err)
			return
		}
	}
}

// hookless is a round tripper that drops the values of a request's context, as wrappers do that make a request of their own.
type hookless struct{ next *http.Transport }

func (t hookless) RoundTrip(request *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(request.WithContext(bare{request.Context()}))
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t hookless) CloseIdleConnections() { t.next.CloseIdleConnections() }

// bare is a context without values.
type bare struct{ context.Context }

func (bare) Value(any) any { return nil }

package simulation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

const (
	apiHost   = "api.byzantine.example"
	hooksHost = "hooks.bank.example"
)

func (w *World) baseURL() string {
	if w.plan.http2 {
		return "https://" + apiHost
	}
	return "http://" + apiHost
}

// build puts the world together. stop makes the checks at its end and takes it apart.
func (w *World) build() (stop func(), err error) {
	apiKey, err := byzantine.GenerateKey()
	if err != nil {
		return nil, err
	}
	w.secrets.add("the API key", apiKey.SecretHex())
	w.vault.put(apiKey)
	sender := newSender(w)
	w.sandbox, err = byzantinetest.New(byzantinetest.WithSeed(w.seed), byzantinetest.WithKey(apiKey), byzantinetest.WithAnyWebhookURL(),
		byzantinetest.WithWebhookTransport(sender), byzantinetest.WithRequestLog(w.calls.arrivedAt),
		byzantinetest.WithProcessingTime(w.plan.processing))
	if err != nil {
		return nil, err
	}
	api := &http.Server{Handler: &edge{w, w.sandbox}, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: serverTLS()}
	listener := w.network.listen(apiHost, nil)
	if w.plan.http2 {
		go func() { _ = api.ServeTLS(listener, "", "") }()
	} else {
		go func() { _ = api.Serve(listener) }()
	}
	if err := w.makeOperator(apiKey); err != nil {
		return nil, err
	}
	subscription, _, err := webhook.Subscribe(w.ctx, w.operator, &byzantine.CreateWebhookSubscriptionRequest{URL: "http://" + hooksHost + "/events"})
	if err != nil {
		return nil, err
	}
	w.webhookKey, w.subscriptionID = webhook.KeyOf(*subscription), subscription.Subscription.ID
	w.sandbox.QueueWithdrawals(byzantinetest.VaultBaseUSDC, w.plan.queues)
	w.makeStore()
	replicas := 2
	if w.plan.store == "memory" {
		replicas = 1 // a MemoryStore is for one
	}
	for i := range replicas {
		r := &replica{world: w, name: "replica-" + string(rune('a'+i)), index: i}
		if err := r.start(); err != nil {
			return nil, err
		}
		w.replicas = append(w.replicas, r)
	}
	for i := range w.plan.users {
		p, err := w.newPerson(i + 1)
		if err != nil {
			return nil, err
		}
		w.people = append(w.people, p)
	}
	return func() {
		w.allHandled()
		w.books.check()
		w.copy.check()
		w.end()
		for _, r := range w.replicas {
			r.current.Load().stop()
		}
		w.sandbox.Close()
		sender.close()
		shutdown(api)
		time.Sleep(keepAlive + time.Minute) // nothing is on its way any more
		if left := w.network.open(); len(left) > 0 {
			w.violate(Bounds, "connections are left open: %v", left)
			w.network.abortAll()
		}
		synctest.Wait() // checkHeld reads what others have written, without their locks
		for _, r := range w.replicas {
			p := r.current.Load()
			p.checkHeld()
			p.process.kill()
		}
	}, nil
}

// shutdown gives a server a minute to finish its requests and then closes it: a connection that has gone silent would
// keep it from ending.
func shutdown(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close()
	}
}

// allHandled lists all events at the API and checks that they were handled.
func (w *World) allHandled() {
	var all []string
	for event, err := range w.operator.AllEvents(w.ctx, nil) {
		if err != nil {
			w.violate(Events, "the history cannot be read: %v", err)
			return
		}
		all = append(all, event.ID)
	}
	w.ledger.check(all)
}

// recovers checks that all events that exist now are handled when the time within is over.
func (w *World) recovers(within time.Duration) {
	until := time.Now()
	w.instants.sleep(w.ctx, within)
	for event, err := range w.operator.AllEvents(w.ctx, &byzantine.ListEventsRequest{CreatedBefore: until}) {
		if err != nil {
			w.violate(Recovery, "the history cannot be read: %v", err)
			return
		}
		if !w.ledger.isDone(event.ID) {
			w.violate(Recovery, "the event %s of %v is not handled %v after the faults, when programs were running", event.ID, event.CreatedAt, within)
			return
		}
	}
}

// checkpointAt checks that the newest events before the checkpoint less the overlap, which no later pass reads, were handled.
func (w *World) checkpointAt(checkpoint time.Time) {
	if w.ledger.passed(checkpoint) {
		return
	}
	list, err := w.operator.ListEvents(w.ctx, &byzantine.ListEventsRequest{CreatedBefore: checkpoint.Add(-w.plan.overlap), Limit: 250})
	if err != nil {
		w.violate(Events, "the history cannot be read: %v", err)
		return
	}
	for _, event := range list.Events {
		if !w.ledger.isDone(event.ID) {
			w.violate(Events, "the checkpoint %v, less the overlap, is past the event %s of %v, which is not handled", checkpoint, event.ID, event.CreatedAt)
			return
		}
	}
	w.ledger.pass(checkpoint)
}

// makeStore makes the store that all programs share.
func (w *World) makeStore() {
	switch w.plan.store {
	case "redis":
		w.store = newRedisStore(w.plan.retention, time.Now)
	case "postgres":
		w.store = newPostgresStore(w.plan.retention, time.Now)
	}
}

// storeFor returns a program's access to the shared store or to its own MemoryStore.
func (w *World) storeFor(p *process) webhook.Store {
	store := w.store
	if store == nil {
		store = new(webhook.MemoryStore)
	}
	return w.accessTo(store, p)
}

// makeOperator makes the operator's client. It has a key that no rotation changes.
func (w *World) makeOperator(apiKey *byzantine.PrivateKey) error {
	first, err := w.direct(apiKey)
	if err != nil {
		return err
	}
	created, err := first.CreateCredential(w.ctx, &byzantine.CreateCredentialRequest{AccessScope: byzantine.ScopeReadWrite, Label: operatorLabel})
	if err != nil {
		return err
	}
	key, err := created.PrivateKey.Key()
	if err != nil {
		return err
	}
	w.operator, err = w.direct(key)
	return err
}

// direct returns a client that reaches the API without the simulated network.
func (w *World) direct(key *byzantine.PrivateKey) (*byzantine.Client, error) {
	return byzantine.NewClient(key, byzantine.WithHTTPClient(&http.Client{Transport: inProcess{w.sandbox}}), byzantine.WithBaseURL("https://"+apiHost))
}

// sender carries the API's webhooks to the replicas.
type sender struct {
	world     *World
	transport *http.Transport

	mu sync.Mutex
	n  int // deliveries so far
}

func newSender(w *World) *sender {
	return &sender{world: w, transport: &http.Transport{DisableKeepAlives: true, DialContext: w.network.dialer("byzantine", nil, nil)}}
}

// RoundTrip implements http.RoundTripper. The load balancer sends a delivery to any replica, loses it or repeats it.
func (s *sender) RoundTrip(request *http.Request) (*http.Response, error) {
	w := s.world
	s.mu.Lock()
	s.n++
	random := w.random(fmt.Sprintf("delivery %d", s.n))
	s.mu.Unlock()
	luck, again, pause := random.Float64(), random.Float64(), between(random, time.Millisecond, 20*time.Second)
	to, other := pick(random, w.replicas...), pick(random, w.replicas...)
	if w.stormy() && luck < w.plan.webhooks {
		w.trace.add("webhooks", "delivery", "lost on the way")
		return nil, fmt.Errorf("simulation: the delivery is lost")
	}
	if w.stormy() && again < w.plan.twice {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(strings.NewReader(string(body)))
		second := request.Clone(w.ctx)
		second.Body = io.NopCloser(strings.NewReader(string(body)))
		go func() {
			if w.instants.sleep(w.ctx, pause) {
				if response, err := s.send(second, other, "the same delivery again"); err == nil {
					_ = response.Body.Close()
				}
			}
		}()
	}
	return s.send(request, to, "delivery")
}

func (s *sender) send(request *http.Request, to *replica, what string) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Host = to.name
	response, err := s.transport.RoundTrip(request)
	status := "no response"
	if err == nil {
		status = fmt.Sprint(response.StatusCode)
	}
	s.world.trace.add("webhooks", what+" to "+to.name, status)
	return response, err
}

func (s *sender) close() { s.transport.CloseIdleConnections() }

// logger collects what a replica logs: for the timeline, and to look for secrets.
func (w *World) logger(actor string) *slog.Logger {
	return slog.New(slog.NewTextHandler(logWriter{w, actor}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type logWriter struct {
	world *World
	actor string
}

// Write implements io.Writer. A TextHandler writes each record with one call.
func (l logWriter) Write(line []byte) (int, error) {
	l.world.secrets.text("a log line of "+l.actor, string(line))
	return len(line), nil
}

// certificate returns the API's certificate, which all worlds share.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: apiHost}, DNSNames: []string{apiHost},
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: parsed}, pool
})

func serverTLS() *tls.Config {
	pair, _ := certificate()
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
}

func (w *World) clientTLS() *tls.Config {
	if !w.plan.http2 {
		return nil
	}
	_, pool := certificate()
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}
}

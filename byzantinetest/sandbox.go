package byzantinetest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// maxRequestBytes is far above what onboarding with a few documents needs.
const maxRequestBytes = 64 << 20

// Sandbox is the API as an http.Handler. It is safe for concurrent use.
type Sandbox struct {
	mux       *http.ServeMux
	key       *byzantine.PrivateKey // of the first credential
	onRequest func(Request)         // may be nil
	lenient   bool                  // see WithLenientRequests

	mu     sync.Mutex // guards what follows
	world  *world
	log    []Request
	faults fake.FaultPlan
}

// Option configures a [Sandbox].
type Option func(*Sandbox) error

// New returns a sandbox with one read_write credential, whose key is [Sandbox.Key], and what the options put into it.
func New(opts ...Option) (*Sandbox, error) {
	s := &Sandbox{mux: http.NewServeMux(), world: newWorld(), faults: fake.FaultPlan{}}
	s.world.courier = newCourier(&s.mu)
	for _, opt := range opts {
		if err := opt(s); err != nil {
			return nil, fmt.Errorf("byzantinetest: %w", err)
		}
	}
	if s.key == nil {
		key, err := byzantine.GenerateKey()
		if err != nil {
			return nil, fmt.Errorf("byzantinetest: %w", err)
		}
		s.key = key
	}
	s.world.integratorID = s.world.newID()
	s.world.vaults = newVaults(s.world.clock.now())
	s.world.addCredential(s.key.PublicKeyHex(), byzantine.ReadWrite, new("local sandbox"))
	for op := range byzantine.Operations() {
		handle, ok := handlers[op.ID]
		if !ok {
			return nil, fmt.Errorf("byzantinetest: no handler for operation %s", op.ID)
		}
		s.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, op, handle) })
	}
	s.mux.HandleFunc("GET "+documentPath, serveDocument)
	s.routeStatus()
	return s, nil
}

// documentPath is where the API serves its OpenAPI document, without credentials.
const documentPath = "/api-docs/openapi-integrator.json"

func serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonType)
	io.WriteString(w, contract.OpenAPI)
}

// WithKey makes key the sandbox's first credential, in place of a new one.
func WithKey(key *byzantine.PrivateKey) Option {
	return func(s *Sandbox) error {
		if key.PublicKeyHex() == "" {
			return errors.New("WithKey: the key is empty")
		}
		s.key = key
		return nil
	}
}

// WithTime starts the sandbox's clock at t and stops it: it moves by [Sandbox.Advance] only. Without this option it runs
// with the machine's.
func WithTime(t time.Time) Option {
	return func(s *Sandbox) error { s.world.clock.stop(t); return nil }
}

// WithSeed makes ids and codes the same in every run. Keys stay random.
func WithSeed(seed uint64) Option {
	return func(s *Sandbox) error { s.world.random = seededRandom(seed); return nil }
}

// Key returns the private key of the sandbox's first credential.
func (s *Sandbox) Key() *byzantine.PrivateKey { return s.key }

// Now returns the time on the sandbox's clock.
func (s *Sandbox) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.clock.now()
}

// Advance moves the sandbox's clock. A client whose clock stays behind by more than a minute is refused: give it
// [byzantine.WithClock] with [Sandbox.Now], as [Server.Client] does.
//
// What falls due on the way happens at its own time. That includes webhook deliveries: Advance stops at each of their
// retries and returns when the last has been answered.
func (s *Sandbox) Advance(d time.Duration) {
	s.lock()
	defer s.unlock()
	w := s.world
	w.courier.wait()
	for {
		step := d
		if len(w.timers) > 0 {
			step = min(d, max(w.timers[0].at.Sub(w.clock.now()), 0))
		}
		w.clock.advance(step)
		w.catchUp()
		w.courier.wait()
		if d -= step; d <= 0 {
			return
		}
	}
}

// ServeHTTP answers a request to the API. What it does not have a route for is among the requests as well: it is a
// mistake that somebody will look for. [StatusPath] is a page for browsers.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	seen := &statusRecorder{ResponseWriter: w}
	handler.ServeHTTP(seen, r)
	s.record(r, byzantine.Operation{}, nil, fake.Answer{Status: seen.status, Verdict: "the API has no route " + r.Method + " " + r.URL.Path})
}

// statusRecorder notes the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// answered, which tests of this package set, looks at every response of every sandbox.
var answered func(operationID string, out fake.Answer)

// serve plays the faults that were asked for around the handling of one request.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, op byzantine.Operation, handle handler) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	fault := s.takeFault(op.ID)
	if !fault.Wait(r.Context()) {
		return
	}
	var out fake.Answer
	if fault.ReachesHandler() {
		out = s.answer(r, op, handle, body, fault.ClockSkew)
	}
	if answered != nil {
		answered(op.ID, out)
	}
	s.record(r, op, body, out)
	fault.Play(w, s.Now().Add(fault.ClockSkew), out)
}

// answer takes a request through the steps of the API: signature, scope, form, meaning.
func (s *Sandbox) answer(r *http.Request, op byzantine.Operation, handle handler, body []byte, skew time.Duration) fake.Answer {
	s.lock()
	defer s.unlock()
	caller, err := s.authenticate(r, op, body, skew)
	if err != nil {
		return refusalOf(err).answer()
	}
	request, err := s.decode(r, op, body)
	if form := (*formError)(nil); errors.As(err, &form) {
		return form.answer()
	}
	if err != nil {
		return refusalOf(err).answer()
	}
	response, err := handle(s.world, caller, request)
	if err != nil {
		return refusalOf(err).answer()
	}
	return response.answer()
}

// authenticate does what the API's signature layer does, with its statuses. The scope comes before the form of the
// request and before the look-up of what it names.
func (s *Sandbox) authenticate(r *http.Request, op byzantine.Operation, body []byte, skew time.Duration) (*credential, error) {
	if !op.Signed {
		return nil, nil
	}
	signature, err := byzantine.RequestSignatureFromHeader(r.Header)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	if err := checkPubkeyForm(signature.PublicKey); err != nil {
		return nil, err
	}
	caller := s.world.credential(signature.PublicKey)
	if caller == nil || !caller.active {
		return nil, unauthorized("unknown or inactive credential")
	}
	point, err := hex.DecodeString(strings.TrimPrefix(caller.pubkey, "0x"))
	if err != nil {
		return nil, err
	}
	if err := signature.Verify(point, s.world.clock.now().Add(skew), r.Method, r.RequestURI, body); err != nil {
		return nil, refuse(http.StatusUnauthorized, "%v", err)
	}
	if caller.scope != byzantine.ReadWrite && r.Method != http.MethodGet {
		return nil, refuse(http.StatusForbidden, "a read_only credential cannot call %s", op.ID)
	}
	return caller, nil
}

package byzantinetest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/internal/options"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// Sandbox is the API as an http.Handler. It is safe for concurrent use.
type Sandbox struct {
	mux       *http.ServeMux
	pages     *http.ServeMux        // those at StatusPath
	key       *byzantine.PrivateKey // of the first credential
	onRequest func(Request)         // may be nil
	lenient   bool                  // see WithLenientRequests

	crossOrigin  http.CrossOriginProtection
	allowedHosts []string       // see WithAllowedHosts
	initial      []byte         // see WithWorld
	seeds        []func() error // see WithAccount
	initialClock worldClock
	publicKeys   []string // of WithPublicKey
	controlToken string   // see WithControlToken

	mu             sync.Mutex // guards what follows
	world          *world
	journal        fake.Journal[*Request]
	journalled     int64 // how many requests so far
	faults         fake.FaultPlan
	authenticators map[string]*passkeytest.Authenticator // of the control API
}

// Option configures a [Sandbox]. [New] returns an error for an option with an invalid value, and for a nil one;
// [NewServer] panics with it.
type Option func(*Sandbox) error

// New returns a sandbox with one read_write credential, whose key is [Sandbox.Key], and with the state that the options
// add.
func New(opts ...Option) (*Sandbox, error) {
	s := &Sandbox{mux: http.NewServeMux(), world: newWorld(), faults: fake.FaultPlan{}}
	s.world.courier = newCourier(&s.mu)
	if err := options.Apply(s, opts); err != nil {
		return nil, fmt.Errorf("byzantinetest: New: %w", err)
	}
	if s.key == nil {
		s.key = s.world.newKey()
	}
	s.initialClock = s.world.clock
	if err := s.begin(); err != nil {
		s.Close() // something may be due already
		return nil, fmt.Errorf("byzantinetest: New: %w", err)
	}
	for op := range byzantine.Operations() {
		handle, ok := handlers[op.ID]
		if !ok {
			return nil, fmt.Errorf("byzantinetest: New: no handler for operation %s", op.ID)
		}
		s.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, op, handle) })
	}
	s.mux.HandleFunc("GET "+documentPath, serveDocument)
	s.routeStatus()
	s.routeControl()
	return s, nil
}

// begin makes the initial state.
func (s *Sandbox) begin() error {
	document := s.initial
	if document == nil {
		document = []byte("{}")
	}
	s.lock()
	defer s.unlock()
	if err := s.readWorld(document); err != nil {
		return fmt.Errorf("WithWorld: %w", err)
	}
	s.world.catchUp() // with what has fallen due since the world was written
	s.world.dispatch()
	for _, seed := range s.seeds {
		if err := seed(); err != nil {
			return fmt.Errorf("WithAccount: %w", err)
		}
	}
	return nil
}

// documentPath is where the API serves its OpenAPI document, without credentials.
const documentPath = "/api-docs/openapi-integrator.json"

func serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonType)
	io.WriteString(w, contract.OpenAPI)
}

// WithKey makes key the sandbox's first credential, instead of a new key.
func WithKey(key *byzantine.PrivateKey) Option {
	return func(s *Sandbox) error {
		if key.PublicKeyHex() == "" {
			return errors.New("WithKey: the key is empty")
		}
		s.key = key
		return nil
	}
}

// WithPublicKey adds a read_write credential for a key whose private half is not available, such as one in a token or a
// key service. pubkey is what the request header X-Pubkey holds: the compressed P-256 point as 0x and 66 lower-case hex
// digits. Client and Key still have the sandbox's own key. The option may be given for several keys.
func WithPublicKey(pubkey string) Option {
	return func(s *Sandbox) error {
		if err := wire.Check(byzantine.DeleteCredentialRequest{Pubkey: pubkey}); err != nil {
			return fmt.Errorf("WithPublicKey: %w", err)
		}
		if err := newWorld().insertCredential(&credential{pubkey: pubkey}); err != nil {
			return fmt.Errorf("WithPublicKey: %w", err)
		}
		s.publicKeys = append(s.publicKeys, pubkey)
		return nil
	}
}

// WithTime sets the sandbox's clock to t and stops it: it stands still but for [Sandbox.Advance] and [Sandbox.SetTime],
// until [Sandbox.Freeze] or a document lets it run. Without this option it runs with the machine's. A year before 1970 or
// after 2200 is invalid.
func WithTime(t time.Time) Option {
	return func(s *Sandbox) error {
		if err := checkTime(t); err != nil {
			return fmt.Errorf("WithTime: %w", err)
		}
		s.world.clock.stop(t)
		return nil
	}
}

// WithSeed makes ids, codes and keys the same in every run. The keys are as public as the seed.
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

// Advance moves the sandbox's clock. The next request of a client whose clock stays behind by more than a minute is
// rejected, and the client corrects its clock if the call may make a second attempt. Give the client
// [byzantine.WithClock] with [Sandbox.Now] to avoid that, as [Server.Client] does.
//
// Everything that falls due in between happens at its own time. That includes webhook deliveries: Advance stops at each of
// their retries and returns when the last has its response. It panics if the year after it is not from 1970 to 2200.
func (s *Sandbox) Advance(d time.Duration) {
	s.lock()
	defer s.unlock()
	w := s.world
	if err := checkTime(w.clock.now().Add(d)); err != nil {
		panic(fmt.Sprintf("byzantinetest: Advance: duration: the time after it %v", err))
	}
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

package simulation

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// call is one method call of a client, and what is known from the other side about its requests.
type call struct {
	id      int
	replica string
	op      string
	read    bool // nothing that it does takes effect
	process *process
	clock   time.Duration // by how much the machine's clock is off
	draft   string        // what it submits; empty for all other calls
	ended   bool
	err     error

	written   int       // attempts that left the client
	last      string    // signature of the last attempt
	lastLeft  bool      // which left the client
	arrived   []int     // status of each request that the API handled
	responses []int     // status of each response that the proxy gave
	notBefore time.Time // the proxy has asked to wait until then
}

// calls tells which request belongs to which call: every signature is made for one attempt of one call, and no two are
// the same, because the simulation's keys sign with random nonces.
type calls struct {
	world *World

	mu          sync.Mutex
	all         []*call
	bySignature map[string]*call
}

type (
	callKey  struct{} // of the call in a context
	draftKey struct{} // of the draft that a call submits
)

// signer is the API key of a replica. It notes for which call each signature is made.
type signer struct {
	calls *calls
	key   *ecdsa.PrivateKey
}

func (w *World) newSigner() (*signer, *byzantine.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	scalar, err := key.Bytes()
	if err != nil {
		return nil, nil, err
	}
	text := hex.EncodeToString(scalar)
	w.secrets.add("the API key", text)
	parsed, err := byzantine.ParsePrivateKey(text)
	return &signer{calls: &w.calls, key: key}, parsed, err
}

func (s *signer) PublicKey() []byte {
	return elliptic.MarshalCompressed(elliptic.P256(), s.key.X, s.key.Y)
}

func (s *signer) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	der, err := s.key.Sign(rand.Reader, digest, nil)
	if c, ok := ctx.Value(callKey{}).(*call); ok && err == nil {
		s.calls.mu.Lock()
		defer s.calls.mu.Unlock()
		c.last, c.lastLeft = hex.EncodeToString(der), false
		s.calls.bySignature[c.last] = c
	}
	return der, err
}

// signatureHeader is what a request carries its signature in.
const signatureHeader = "X-Signature"

// tap watches what a client writes to its connections. It sees no requests on TLS.
func (x *calls) tap(data []byte) {
	_, rest, ok := bytes.Cut(data, []byte("\r\n"+signatureHeader+": "))
	if !ok {
		return
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.find(string(value)); c != nil {
		c.written++
		c.lastLeft = c.lastLeft || bytes.Contains(bytes.ToLower(value), []byte(c.last))
	}
}

func (x *calls) find(signature string) *call {
	return x.bySignature[strings.TrimPrefix(strings.ToLower(signature), "0x")]
}

// answered records what the proxy responded to a request, and how long it asked the client to wait.
func (x *calls) answered(signature string, status int, retryAfter string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.find(signature); c != nil {
		c.responses = append(c.responses, status)
		if seconds, err := strconv.Atoi(retryAfter); err == nil {
			c.notBefore = time.Now().Add(time.Duration(seconds) * time.Second)
		}
	}
}

// reached notes that a request has come to the proxy.
func (x *calls) reached(signature string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.find(signature); c != nil && time.Now().Before(c.notBefore) {
		x.world.violate(Bounds, "%s #%d was sent again %v before the server wanted to see it", c.op, c.id, time.Until(c.notBefore))
	}
}

// arrivedAt notes a request that the API got, and how it handled it.
func (x *calls) arrivedAt(r byzantinetest.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.find(r.Header.Get(signatureHeader)); c != nil {
		c.arrived = append(c.arrived, r.Status)
	}
}

// slack is how much later than promised a call may come back: a few hops.
const slack = time.Second

// call calls a method of the API in a program. limit bounds it by its context; 0 leaves it to the client's own timeouts.
// read says that the method changes nothing.
func (p *program) call(ctx context.Context, op string, read bool, limit time.Duration, method func(context.Context) error) error {
	w := p.world
	x := &w.calls
	x.mu.Lock()
	c := &call{id: len(x.all) + 1, replica: p.name, op: op, read: read, process: p.process, clock: w.clockOff(p.index)}
	c.draft, _ = ctx.Value(draftKey{}).(string)
	x.all = append(x.all, c)
	x.mu.Unlock()
	ctx = jitter.With(context.WithValue(ctx, callKey{}, c), w.jitter(fmt.Sprintf("jitter of call %d", c.id)))
	bound := longestCall
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
		bound = min(bound, limit)
	}
	// A call that follows another in the same instant would race for the connection that the first one gives back.
	w.instants.sleep(w.ctx, between(w.random(fmt.Sprintf("call %d", c.id)), time.Microsecond, time.Millisecond))
	began := time.Now()
	err := method(ctx)
	took := time.Since(began)
	x.mu.Lock()
	c.ended, c.err = true, err
	x.mu.Unlock()
	w.trace.add(p.name, fmt.Sprintf("%s #%d, %v", op, c.id, took.Round(time.Millisecond)), outcome(err))
	if err != nil {
		w.secrets.text(fmt.Sprintf("the error of %s #%d", op, c.id), err)
	}
	if took > bound+slack {
		w.violate(Bounds, "%s #%d took %v; its bound is %v", op, c.id, took, bound)
	}
	// A request that is long on its way is too old when it arrives.
	if c.process.alive() && errors.Is(err, byzantine.ErrUnauthorized) && c.clock.Abs() < 30*time.Second && c.clock.Abs()+took < time.Minute {
		w.violate(Recovery, "%s #%d was rejected (%v) with a valid key and a clock that is right", op, c.id, err)
	}
	return err
}

// longestCall is how long a call without a deadline can take: three attempts and the waits between them.
const longestCall = 3*3*time.Minute + 2*30*time.Second

// outcome is what a trace says of an error: its kind, not its text.
func outcome(err error) string {
	var transport *byzantine.TransportError
	var response *byzantine.Error
	var words []string
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &transport):
		words = append(words, fmt.Sprintf("no response after %d attempts", transport.Attempts))
		if !transport.Sent {
			words = append(words, "nothing was sent")
		}
	case errors.As(err, &response):
		words = append(words, fmt.Sprintf("status %d after %d attempts", response.StatusCode, response.Attempts))
	case errors.Is(err, errCrashed):
		return "the process crashed"
	default:
		words = append(words, "error")
	}
	if errors.Is(err, byzantine.ErrOutcomeUnknown) {
		words = append(words, "outcome unknown")
	}
	return strings.Join(words, ", ")
}

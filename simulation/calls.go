package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// call is one method call of a client, and what the proxy and the API saw of its requests.
type call struct {
	id      int
	name    string // for randomness
	replica string
	machine int // its index
	op      string
	read    bool // nothing that it does takes effect
	other   bool // not made by program.call
	process *process
	clock   time.Duration // by how much the machine's clock is off
	jumps   bool          // it may be set while the call is under way
	draft   string        // what it submits; empty for all other calls
	ended   bool
	err     error

	signed    int        // attempts that were signed, or should have been
	written   int        // attempts that left the client
	last      *signature // of the last attempt; nil if it got none
	lastLeft  bool       // which left the client
	arrived   []int      // status of each request that the API handled
	responses []int      // status of each response that the proxy gave
	notBefore time.Time  // the proxy has asked to wait until then
	told      time.Time  // when that response came
	noKey     bool       // the API did not know the key of the last request that arrived
}

// calls tells which request belongs to which call: every signature is made for one attempt of one call, and no two are
// the same, because the simulation's keys sign with random nonces.
type calls struct {
	world *World

	mu          sync.Mutex
	all         []*call
	named       int // calls of a program.call
	others      int
	loops       int
	bySignature map[string]*signature
}

type (
	callKey  struct{} // of the call in a context
	loopKey  struct{} // of the loop in a context
	draftKey struct{} // of the draft that a call submits
)

// tap watches what a client writes to its connections. It sees no requests on TLS.
func (x *calls) tap(data []byte) {
	_, rest, ok := bytes.Cut(data, []byte("\r\n"+signatureHeader+": "))
	if !ok {
		return
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.bySignature[plain(string(value))]; s != nil {
		s.call.written++
		s.call.lastLeft = s.call.lastLeft || s == s.call.last
		if s.written.IsZero() {
			s.written = time.Now()
		}
	}
}

// plain returns a signature in the form that is the key of calls.bySignature.
func plain(signature string) string { return strings.TrimPrefix(strings.ToLower(signature), "0x") }

func (x *calls) find(signature string) *call {
	if s := x.bySignature[plain(signature)]; s != nil {
		return s.call
	}
	return nil
}

// responded records what the proxy responded to a request, and how long it asked the client to wait.
func (x *calls) responded(signature string, status int, retryAfter string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.bySignature[plain(signature)]; s != nil {
		s.call.responses = append(s.call.responses, status)
		if seconds, err := strconv.Atoi(retryAfter); err == nil {
			s.notBefore = time.Now().Add(time.Duration(seconds) * time.Second)
		}
	}
}

// reached checks that a request that has come to the proxy was not sent before the time that the last response had asked its
// call to wait for. An attempt that began before that response came is not checked.
func (x *calls) reached(text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.bySignature[plain(text)]
	if s == nil {
		return
	}
	if c := s.call; s.began.After(c.told) && time.Now().Before(c.notBefore) {
		x.world.violate(Bounds, "%s #%d was sent again %v before the server wanted to see it", c.op, c.id, time.Until(c.notBefore))
	}
}

// arrivedAt notes a request that the API got, and how it handled it.
func (x *calls) arrivedAt(r byzantinetest.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.find(r.Header.Get(signatureHeader)); c != nil {
		c.arrived = append(c.arrived, r.Status)
		c.noKey = r.Status == http.StatusUnauthorized && strings.Contains(r.Verdict, "inactive credential")
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
	x.named++
	c := x.begin(p, op, read, x.named, fmt.Sprintf("call %d", x.named))
	c.draft, _ = ctx.Value(draftKey{}).(string)
	x.mu.Unlock()
	ctx = jitter.With(context.WithValue(ctx, callKey{}, c), w.jitter(fmt.Sprintf("jitter of call %d", c.id)))
	bound := longestCall
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
		bound = limit
	}
	// A call that follows another in the same instant would race for the connection that the first one gives back.
	w.instants.sleep(w.ctx, between(w.random(fmt.Sprintf("call %d", c.id)), time.Microsecond, time.Millisecond))
	began := time.Now()
	err := method(ctx)
	took := time.Since(began)
	w.trace.add(p.name, fmt.Sprintf("%s #%d, %v", op, c.id, took.Round(time.Millisecond)), outcome(err))
	if err != nil {
		w.secrets.text(fmt.Sprintf("the error of %s #%d", op, c.id), err)
	}
	if took > bound+slack {
		w.violate(Bounds, "%s #%d took %v; its bound is %v", op, c.id, took, bound)
	}
	x.ends(c, err, took)
	return err
}

// calls calls a method that makes one call after the other. Each has a record of its own.
func (p *program) calls(ctx context.Context, op string, limit time.Duration, method func(context.Context) error) error {
	w, l := p.world, &loop{}
	w.calls.mu.Lock()
	w.calls.loops++
	name := fmt.Sprintf("loop %d", w.calls.loops)
	w.calls.mu.Unlock()
	ctx, cancel := context.WithTimeout(jitter.With(context.WithValue(ctx, loopKey{}, l), w.jitter("jitter of "+name)), limit)
	defer cancel()
	w.instants.sleep(w.ctx, between(w.random(name), time.Microsecond, time.Millisecond))
	began := time.Now()
	err := method(ctx)
	w.trace.add(p.name, fmt.Sprintf("%s, %d calls, %v", op, l.calls, time.Since(began).Round(time.Millisecond)), outcome(err))
	switch took := time.Since(began); {
	case took > limit+slack:
		w.violate(Bounds, "%s took %v; its bound is %v", op, took, limit)
	case l.calls > mostRequests:
		w.violate(Bounds, "%s has made %d calls", op, l.calls)
	}
	if err != nil {
		w.secrets.text("the error of "+op, err)
	}
	return err
}

// loop is a method that makes many calls.
type loop struct{ calls int }

// begin makes the record of a call. x.mu is held.
func (x *calls) begin(p *program, op string, read bool, id int, name string) *call {
	c := &call{id: id, name: name, replica: p.name, machine: p.index, op: op, read: read, process: p.process, clock: x.world.clockOff(p.index)}
	c.jumps = x.world.plan.clockJumps > 0 && x.world.stormy()
	x.all = append(x.all, c)
	return c
}

// ends completes the record of a call, and checks that the call did not fail for its key or its clock.
func (x *calls) ends(c *call, err error, took time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	c.ended, c.err = true, err
	switch {
	case !c.process.alive() || !errors.Is(err, byzantine.ErrUnauthorized):
	case c.noKey:
		x.world.violate(Keys, "%s #%d of %s has failed for its key, which the API does not know any more", c.op, c.id, c.replica)
	// A request that is long on its way is too old when it arrives.
	case !c.jumps && c.clock.Abs() < 30*time.Second && c.clock.Abs()+took < time.Minute:
		x.world.violate(Recovery, "%s #%d was rejected (%v) with a valid key and a clock that is right", c.op, c.id, err)
	}
}

// tracer makes a record of each call of a program that it does not make by program.call: those of its Reconciler, its key
// source, a copy or a rotation.
type tracer struct{ *program }

// TraceCallStart implements byzantine.Tracer.
func (t tracer) TraceCallStart(ctx context.Context, data byzantine.TraceCallStartData) context.Context {
	if _, ok := ctx.Value(callKey{}).(*call); ok {
		return ctx
	}
	x := &t.world.calls
	x.mu.Lock()
	defer x.mu.Unlock()
	x.others++
	c := x.begin(t.program, string(data.Operation), data.Method == http.MethodGet, x.others, fmt.Sprintf("other call %d", x.others))
	c.other = true
	if l, ok := ctx.Value(loopKey{}).(*loop); ok {
		l.calls++
	}
	return context.WithValue(ctx, callKey{}, c)
}

// TraceAttemptStart implements byzantine.AttemptTracer.
func (t tracer) TraceAttemptStart(ctx context.Context, _ byzantine.TraceAttemptStartData) context.Context {
	return ctx
}

// TraceAttemptEnd implements byzantine.AttemptTracer. It notes until when a response has asked the call to wait.
func (t tracer) TraceAttemptEnd(ctx context.Context, data byzantine.TraceAttemptEndData) {
	x := &t.world.calls
	x.mu.Lock()
	defer x.mu.Unlock()
	if c, ok := ctx.Value(callKey{}).(*call); ok && c.last != nil && data.StatusCode != 0 {
		c.notBefore, c.told = c.last.notBefore, time.Now()
	}
}

// TraceCallEnd implements byzantine.Tracer. What a Tracer gets is for spans and metrics, so it must hold no secret.
func (t tracer) TraceCallEnd(ctx context.Context, data byzantine.TraceCallEndData) {
	err := data.Err
	data.Err = nil // its text may quote the API
	t.world.secrets.text("a trace of "+t.name, fmt.Sprintf("%+v", data))
	if c, ok := ctx.Value(callKey{}).(*call); ok && c.other {
		t.world.calls.ends(c, err, data.Duration)
	}
}

// longestCall is how long a call without a deadline can take: three attempts and the waits between them.
const longestCall = 3*3*time.Minute + 2*30*time.Second

// outcome returns what the trace says of an error: its kind, not its text.
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

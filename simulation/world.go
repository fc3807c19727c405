package simulation

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// World is one simulation: the API, the backend of a bank, its users and a network, all of them in one process and in
// virtual time.
type World struct {
	seed uint64
	plan plan
	ctx  context.Context // until the end of the world
	end  context.CancelFunc

	instants *instants
	network  *network
	trace    *trace
	calls    calls
	ledger   ledger
	secrets  secrets
	books    books
	copy     copyOfAll

	sandbox        *byzantinetest.Sandbox
	vault          vault
	operator       *byzantine.Client // reaches the API without a network, with a key of its own
	webhookKey     webhook.Key
	subscriptionID string
	replicas       []*replica
	people         []*person
	store          webhook.Store // nil if each program has one of its own

	mu         sync.Mutex // guards what follows
	violations []Violation
	requests   int              // that reached the proxy so far
	pages      int              // without end so far
	phase      phase            // of now
	downUntil  time.Time        // no program starts before
	outage     bool             // of the store
	jumped     [2]time.Duration // by how much the clocks of the machines have jumped
}

// phase says whether faults happen.
type phase int

const (
	storm phase = iota // faults happen
	calm               // none do
)

// Result is the result of running a world.
type Result struct {
	Seed       uint64
	Plan       string
	Trace      []Entry
	Violations []Violation
	Requests   int
	Handled    int           // events
	Length     time.Duration // in virtual time
}

// source returns a source of randomness that belongs to a name: what one part of a world draws does not depend on when the
// others draw.
func source(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_ = binary.Write(h, binary.BigEndian, seed)
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func (w *World) random(name string) *rand.Rand { return source(w.seed, name) }

// jitter returns a seeded source of the random part of waits.
func (w *World) jitter(name string) jitter.Source {
	r := w.random(name)
	var mu sync.Mutex
	return func(ceiling time.Duration) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(r.Int64N(int64(ceiling)))
	}
}

// Run runs the world of a seed, from its beginning to its end, without the parts that are named (see Parts). It must be
// called inside a bubble of testing/synctest.
func Run(seed uint64, without ...string) (*Result, error) {
	plan := newPlan(seed)
	if err := plan.without(without); err != nil {
		return nil, err
	}
	w := &World{seed: seed, plan: plan, instants: &instants{}, trace: &trace{began: time.Now()}}
	w.calls = calls{world: w, bySignature: map[string]*signature{}}
	w.ledger = ledger{world: w, events: map[string]*eventFacts{}}
	w.secrets.world = w
	w.books, w.copy = books{world: w, orders: map[string]*order{}}, copyOfAll{world: w, rows: map[string]byzantine.Transaction{}}
	w.ctx, w.end = context.WithCancel(context.Background())
	defer w.end()
	w.network = &network{
		instants: w.instants, random: w.random, listeners: map[string]*listener{}, conns: map[*conn]struct{}{}, dials: map[string]int{},
		faults: func() *networkFaults {
			if w.stormy() {
				return &w.plan.network
			}
			return nil
		},
		note: func(actor, what string) { w.trace.add("network", actor, what) },
	}
	stop, err := w.build()
	if err != nil {
		return nil, fmt.Errorf("simulation: world %d: %w", seed, err)
	}
	w.live()
	w.settle()
	stop()
	w.judge()
	return &Result{
		Seed: seed, Plan: w.plan.String(), Trace: w.trace.sorted(), Violations: w.violations,
		Requests: w.requests, Handled: w.ledger.count(), Length: time.Since(w.trace.began),
	}, nil
}

// live runs the world during the faults.
func (w *World) live() {
	var others sync.WaitGroup
	for _, p := range w.people {
		for tab := range 2 {
			others.Go(func() { p.live(tab, w.plan.actions/2+1) })
		}
	}
	others.Go(w.crashes)
	others.Go(w.storeOutages)
	others.Go(w.failover)
	others.Go(w.rotations)
	others.Go(w.misfortunes)
	others.Go(w.deployments)
	others.Go(w.clockJumps)
	others.Go(func() { w.operate(3, min(w.plan.bursts, 30), w.plan.storm) })
	for _, r := range w.replicas {
		go r.supervise()
	}
	w.instants.sleep(w.ctx, w.plan.storm)
	others.Wait() // the last call of a user may take a while
	w.enter(calm)
}

// crashes ends programs at random moments.
func (w *World) crashes() {
	random := w.random("crashes")
	for range w.plan.crashes {
		w.instants.sleep(w.ctx, between(random, time.Second, w.plan.storm/time.Duration(w.plan.crashes)))
		w.crash(pick(random, w.replicas...).current.Load().process, "at a random moment")
	}
}

// crash crashes a process, if it has not crashed yet.
func (w *World) crash(p *process, when string) {
	if !p.alive() {
		return
	}
	w.trace.add(p.name, "crashes", when)
	if w.plan.store == "memory" {
		w.ledger.excuse(nil) // a MemoryStore forgets with its process
	}
	p.kill()
}

// storeOutages makes all calls to the store fail for a while, once.
func (w *World) storeOutages() {
	random := w.random("outages")
	if w.plan.outages.fail == 0 {
		return
	}
	w.instants.sleep(w.ctx, between(random, time.Second, w.plan.storm/2))
	w.set(func() { w.outage = true })
	w.trace.add("store", "goes away", "")
	w.instants.sleep(w.ctx, between(random, time.Second, 5*time.Minute))
	w.set(func() { w.outage = false })
	w.trace.add("store", "comes back", "")
}

// settle runs the world after the faults: the programs handle what they have missed, and then nothing happens for a while.
func (w *World) settle() {
	random := w.random("settling")
	if w.plan.downtime > 0 {
		w.set(func() { w.downUntil = time.Now().Add(w.plan.downtime) })
		for _, r := range w.replicas {
			w.crash(r.current.Load().process, "for a long downtime")
		}
		if w.plan.bursts > 30 {
			w.operate(1, w.plan.bursts, w.plan.downtime)
		} else {
			w.operate(3, w.plan.bursts, w.plan.downtime)
		}
	}
	// The slowest restart and the longest lease have ended by then.
	w.instants.sleep(w.ctx, 5*time.Minute+between(random, 0, time.Minute))
	within := w.passes()
	var recovery sync.WaitGroup
	recovery.Go(func() { w.recovers(within) })
	w.probe("after the faults")
	w.lastRotation()
	w.instants.sleep(w.ctx, within)
	recovery.Wait()
	if w.plan.quiet > 0 {
		w.trace.add("world", "quiet", w.plan.quiet.Round(time.Minute).String())
		w.instants.sleep(w.ctx, w.plan.quiet)
		w.probe("after the quiet")
	}
	w.instants.sleep(w.ctx, time.Minute)
	w.untilStill()
}

// untilStill waits until the last change at the API is so long ago that every program must have learned of it. A queued
// withdrawal, for instance, may have been paid a moment ago.
func (w *World) untilStill() {
	for {
		since := time.Now().Add(-w.passes())
		last := since
		for event, err := range w.operator.AllEvents(w.ctx, &byzantine.ListEventsRequest{CreatedAfter: since}) {
			if err != nil {
				return // allHandled reports it
			}
			last = later(last, event.CreatedAt)
		}
		newest, err := w.operator.GetAllTransactions(w.ctx, &byzantine.GetAllTransactionsRequest{Limit: 1, Order: byzantine.OrderDescending})
		if err == nil && len(newest.Transactions) > 0 {
			last = later(last, newest.Transactions[0].UpdatedAt)
		}
		if !last.After(since) || !w.instants.sleep(w.ctx, last.Sub(since)) {
			return
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (w *World) enter(p phase) {
	w.set(func() { w.phase, w.jumped = p, [2]time.Duration{} })
	w.trace.add("world", "the faults stop", "")
}

func (w *World) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *World) stormy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.phase == storm
}

// storeFaults returns the current faults of the store, nil for none.
func (w *World) storeFaults() *storeFaults {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase != storm {
		return nil
	}
	faults := w.plan.outages
	faults.down = w.outage
	return &faults
}

// nextRequest returns the randomness of a request that reached the proxy, and the proxy's current faults.
func (w *World) nextRequest() (*rand.Rand, *edgeFaults) {
	w.mu.Lock()
	w.requests++
	n := w.requests
	stormy := w.phase == storm
	w.mu.Unlock()
	random := w.random(fmt.Sprintf("request %d", n))
	if !stormy {
		return random, nil
	}
	return random, &w.plan.edge
}

// proxyOff returns by how much the proxy's clock is off now.
func (w *World) proxyOff() time.Duration {
	if w.stormy() || w.plan.proxyStays {
		return w.plan.proxyOff
	}
	return 0
}

// passes returns the time within which a Reconciler hands over an event that comes by no webhook.
func (w *World) passes() time.Duration {
	// A Reconciler whose machine's clock is slow hands events over later by as much.
	return 3*w.plan.interval + 10*time.Minute + max(0, -min(w.clockOff(0), w.clockOff(1)))
}

// clockOff returns by how much the clock of a machine is off now.
func (w *World) clockOff(i int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase == storm || w.plan.clockStays {
		return w.plan.clockOff[i] + w.jumped[i]
	}
	return 0
}

func (w *World) restartNotBefore() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.downUntil
}

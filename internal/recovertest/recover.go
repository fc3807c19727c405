// Package recovertest tests that package webhook keeps its promises (see "What is promised" in its comment) with a
// given store, in spite of crashes, lost responses and downtime. The tests of this project's three stores use it.
package recovertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// recoverEvents is how many events happen in a run, after pauses of random length. recoverFor is how long all of that
// takes on average.
var (
	recoverEvents = longtest.Count(100, 300)
	recoverFor    = time.Duration(recoverEvents) * 4 * time.Second / 300
)

// crashLease is how long a lease lasts at most in a run, so that the claims of a crashed replica end soon. No callback
// takes nearly as long.
const crashLease = 2 * time.Second

// Run tests the promises of package webhook. Two replicas, each with a Handler and a Reconciler, receive the events of
// a local sandbox. Each event is sent to two subscriptions; deliveries arrive in any order, twice, late or not at all;
// and events appear in the API's list late. The replicas crash at any point and are down for a while, their callbacks
// fail, and responses of the store are lost. At the end each event was handled, and no event was handled again after it
// was recorded as done.
func Run(t *testing.T, replicas webhooktest.Replicas) { recoverWith(t, replicas, nil) }

// RunTransaction is Run for a store that can record an event as done in the callback's own transaction. work is the
// callback: in one transaction it must do some work for the event and record the event as done. RunTransaction returns
// the ids of all events. The caller then checks that the work of each was done exactly once.
func RunTransaction(t *testing.T, replicas webhooktest.Replicas, work webhook.Func) (events []string) {
	return recoverWith(t, replicas, work)
}

func recoverWith(t *testing.T, replicas webhooktest.Replicas, work webhook.Func) (events []string) {
	a, b := replicas(t)
	x := &trial{t: t, work: work, working: map[string]*process{},
		completions: map[string]map[int64]bool{}, starts: map[string]int{}, excuses: map[string]int{}}
	w := newWorld(t, x)
	x.world, x.verifier = w, w.verifier(t)
	x.client = w.Client(byzantine.WithHTTPClient(&http.Client{Transport: lateList{w}}))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	for i, store := range []webhook.Store{a, b} {
		all.Go(func() { x.supervise(ctx, i, store) })
	}
	for range recoverEvents {
		time.Sleep(w.upTo(2 * recoverFor / time.Duration(recoverEvents)))
		w.happen()
	}
	w.calmDown()
	w.Advance(time.Hour)
	w.strays.Wait()
	x.waitUntilHandled(recoverEvents)
	stop()
	all.Wait()
	events = w.events(t)
	require.Len(t, events, recoverEvents)
	x.check(events, a, b)
	return events
}

// trial is one run: the replicas, and what has happened so far.
type trial struct {
	t        *testing.T
	world    *world
	work     webhook.Func // the work of RunTransaction, which also records the event; nil for Run
	verifier *webhook.Verifier
	client   *byzantine.Client

	mu          sync.Mutex
	live        [2]*process
	working     map[string]*process       // by event id: the process whose callback handles the event now
	completions map[string]map[int64]bool // by event id: the tokens of the claims that were recorded as done
	starts      map[string]int            // by event id: the callbacks that have started
	excuses     map[string]int            // by event id: the callbacks that failed or whose process crashed
	crashes     int
	fromHistory int // callbacks that a Reconciler started, not a delivery
}

// process is a replica from its start to its crash. After a crash supervise starts the next one.
type process struct {
	*trial
	store   webhook.Store
	handler http.Handler
	dead    atomic.Bool
	crashed chan bool // closed when the process crashes
	once    sync.Once
}

// supervise runs one of the two replicas until ctx ends: it starts a process, has it crash after a random time, waits
// for a random time and starts the next one. It does not crash the process after world.calmDown.
func (x *trial) supervise(ctx context.Context, slot int, store webhook.Store) {
	for ctx.Err() == nil {
		p := &process{trial: x, store: store, crashed: make(chan bool)}
		quiet := slog.New(slog.DiscardHandler)
		seen := webhook.Store(p)
		if bulk, ok := store.(webhook.BulkStore); ok {
			seen = bulkProcess{p, bulk}
		}
		p.handler = &webhook.Handler{Verifier: x.verifier, Handle: p.callback, Store: seen, Logger: quiet}
		reconciler := &webhook.Reconciler{Events: x.client, Store: seen, Handle: p.callback,
			Overlap: 6 * time.Minute, Grace: -1, Interval: 300 * time.Millisecond, Logger: quiet, Now: x.world.Now}
		life, end := context.WithCancel(ctx)
		x.mu.Lock()
		x.live[slot] = p
		x.mu.Unlock()
		stopped := make(chan bool)
		go func() {
			defer close(stopped)
			_ = reconciler.Run(life)
		}()
		select {
		case <-ctx.Done():
		case <-p.crashed:
		case <-time.After(100*time.Millisecond + x.world.upTo(time.Second)):
			if x.world.chance(1) {
				p.crash()
			} else {
				<-ctx.Done() // chance returned false, so calmDown was called
			}
		}
		end()
		<-stopped
		if ctx.Err() == nil {
			time.Sleep(x.world.upTo(600 * time.Millisecond)) // the replica is down
		}
	}
}

// crash marks the process as dead: from now on its calls of the store fail and its responses do not reach the sender.
func (p *process) crash() {
	p.once.Do(func() {
		p.dead.Store(true)
		p.mu.Lock()
		p.crashes++
		p.mu.Unlock()
		close(p.crashed)
	})
}

var (
	// errDead wraps ErrLeaseLost, because package webhook does not try to record an outcome again after that error.
	errDead = fmt.Errorf("this process is dead: %w", webhook.ErrLeaseLost)
	errLost = errors.New("the store's response was lost")
)

// callback is the Handle function of the replica's Handler and Reconciler. At random it fails, or the process crashes
// before or after its work.
func (p *process) callback(ctx context.Context, d *webhook.Delivery) error {
	if p.dead.Load() {
		return errDead
	}
	p.enter(d)
	switch {
	case p.world.chance(0.04):
		p.crash() // before the event is recorded as done
		return nil
	case p.world.chance(0.1):
		p.leave(d.EventID)
		return errors.New("not now")
	}
	time.Sleep(p.world.upTo(5 * time.Millisecond))
	if p.work == nil {
		return nil
	}
	if err := p.work(ctx, d); err != nil {
		p.leave(d.EventID)
		return err
	}
	claim, _ := webhook.ClaimFrom(ctx)
	p.complete(claim)
	if p.world.chance(0.04) {
		p.crash() // after the event was recorded as done
	}
	return nil
}

func (p *process) enter(d *webhook.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	event := d.EventID
	p.starts[event]++
	if d.ID == "" {
		p.fromHistory++
	}
	assert.Empty(p.t, p.completions[event], "handled again after that was recorded")
	if other := p.working[event]; other != nil {
		assert.True(p.t, other.dead.Load(), "two are at work on the same event")
		p.excuses[event]++ // the callback of the dead process
	}
	p.working[event] = p
}

// leave notes that a callback failed.
func (p *process) leave(event string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.excuses[event]++
	delete(p.working, event)
}

// complete notes that an event was recorded as done under the claim c.
func (p *process) complete(c webhook.Claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.completions[c.Key] == nil {
		p.completions[c.Key] = map[int64]bool{}
	}
	p.completions[c.Key][c.Token] = true
	delete(p.working, c.Key)
}

// Retention, Begin, Done, Forget and Save make the process a webhook.Store: the store of the run, whose responses are
// lost at random, and which a dead process cannot call.

func (p *process) Retention() time.Duration { return p.store.Retention() }

func (p *process) Begin(ctx context.Context, key string, lease time.Duration) (c webhook.Claim, err error) {
	err = p.call(func() (err error) {
		c, err = p.store.Begin(ctx, key, min(lease, crashLease))
		return err
	})
	return c, err
}

func (p *process) Done(ctx context.Context, c webhook.Claim) error {
	return p.call(func() error {
		err := p.store.Done(ctx, c)
		if err == nil {
			p.complete(c)
		}
		return err
	})
}

func (p *process) Forget(ctx context.Context, c webhook.Claim) error {
	return p.call(func() error { return p.store.Forget(ctx, c) })
}

func (p *process) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return p.call(func() error { return p.store.Save(ctx, c, min(lease, crashLease), value) })
}

// bulkProcess is a process whose store is a webhook.BulkStore.
type bulkProcess struct {
	*process
	bulk webhook.BulkStore
}

func (p bulkProcess) Handled(ctx context.Context, keys []string) (done []string, err error) {
	err = p.call(func() (err error) {
		done, err = p.bulk.Handled(ctx, keys)
		return err
	})
	return done, err
}

func (p *process) call(f func() error) error {
	if p.dead.Load() {
		return errDead
	}
	err := f()
	if p.dead.Load() {
		return errDead // the call took effect, but the process died while it ran
	}
	if err == nil && p.world.chance(0.03) {
		return errLost
	}
	return err
}

// RoundTrip passes a delivery to one of the two replicas, at random. It returns an error if that replica is down or
// crashes before it responds.
func (x *trial) RoundTrip(r *http.Request) (*http.Response, error) {
	x.mu.Lock()
	p := x.live[x.world.upTo(2)]
	x.mu.Unlock()
	if p == nil || p.dead.Load() {
		return nil, errors.New("connection refused")
	}
	response := httptest.NewRecorder()
	responded := make(chan bool)
	go func() {
		defer close(responded)
		p.handler.ServeHTTP(response, r)
	}()
	select {
	case <-responded:
		return response.Result(), nil
	case <-p.crashed:
		return nil, io.ErrUnexpectedEOF
	}
}

func (x *trial) waitUntilHandled(want int) {
	x.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		x.mu.Lock()
		handled := len(x.completions)
		x.mu.Unlock()
		if handled == want {
			return
		}
		if time.Now().After(deadline) {
			require.Equal(x.t, want, handled, "events that were handled")
		}
	}
}

func (x *trial) check(events []string, stores ...webhook.Store) {
	callbacks, excuses := 0, 0
	for _, event := range events {
		require.Len(x.t, x.completions[event], 1, "each event is handled once")
		assert.Equal(x.t, 1+x.excuses[event], x.starts[event], "a callback is repeated only after a failure or a crash")
		callbacks += x.starts[event]
		excuses += x.excuses[event]
		for _, s := range stores {
			_, err := s.Begin(context.Background(), event, time.Second)
			require.ErrorIs(x.t, err, webhook.ErrHandled)
		}
	}
	x.t.Logf("%d events, %d callbacks, of which %d failed or crashed and %d came from the history; %d crashes of a replica",
		len(events), callbacks, excuses, x.fromHistory, x.crashes)
	require.NotZero(x.t, x.crashes)
	require.NotZero(x.t, excuses)
	require.NotZero(x.t, x.fromHistory)
	require.Less(x.t, x.fromHistory, callbacks)
}

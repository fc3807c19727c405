package simulation

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// storeAccess is a process's access to the store, over a network that takes time, loses responses and fails. The process may
// crash before and after each call.
type storeAccess struct {
	webhook.Store
	world   *World
	process *process
	mu      sync.Mutex // guards random: a handler and the reconciler draw from it
	random  *rand.Rand
}

// postgresAccess is a storeAccess that is a webhook.Purger and a webhook.BulkStore too, as its store is.
type postgresAccess struct {
	*storeAccess
	store *postgresStore
}

var errOutage = errors.New("simulation: the store does not respond")

// accessTo returns a process's access to a store.
func (w *World) accessTo(s webhook.Store, p *process) webhook.Store {
	a := &storeAccess{Store: s, world: w, process: p, random: w.random("store of " + p.name)}
	if s, ok := s.(*postgresStore); ok {
		return &postgresAccess{a, s}
	}
	return a
}

// do makes one call of the store.
func (a *storeAccess) do(ctx context.Context, what, key string, apply func() error) error {
	a.mu.Lock()
	luck, lost := a.random.Float64(), a.random.Float64()
	there, back := a.latency(), a.latency()
	before, after := a.random.Float64(), a.random.Float64()
	a.mu.Unlock()
	if !a.process.alive() {
		return errCrashed
	}
	faults := a.world.storeFaults()
	if faults != nil && before < faults.crash {
		a.world.crash(a.process, "before "+what+" of the store")
		return errCrashed
	}
	if faults != nil && (faults.down || luck < faults.fail) {
		// Half of these calls fail after 10 seconds without a response, the others at once.
		if lost < 0.5 && !a.world.instants.sleep(ctx, 10*time.Second) {
			return ctx.Err()
		}
		a.world.instants.sleep(ctx, there)
		return errOutage
	}
	if !a.world.instants.sleep(ctx, there) {
		return ctx.Err()
	}
	if !a.process.alive() {
		return errCrashed
	}
	err := apply()
	if faults != nil && after < faults.crash {
		a.world.crash(a.process, "after "+what+" of the store")
		return errCrashed
	}
	if faults != nil && lost < faults.loseResponse {
		a.world.trace.add(a.process.name, "store "+what, "the response is lost")
		return errOutage
	}
	if !a.world.instants.sleep(ctx, back) {
		return ctx.Err()
	}
	if !a.process.alive() {
		return errCrashed
	}
	return err
}

func (a *storeAccess) latency() time.Duration {
	return time.Millisecond + time.Duration(a.random.Int64N(int64(8*time.Millisecond)))
}

func (a *storeAccess) Begin(ctx context.Context, key string, lease time.Duration) (c webhook.Claim, err error) {
	err = a.do(ctx, "Begin", key, func() error { c, err = a.Store.Begin(ctx, key, lease); return err })
	if err != nil {
		c = webhook.Claim{}
	}
	return c, err
}

func (a *storeAccess) Done(ctx context.Context, c webhook.Claim) error {
	return a.do(ctx, "Done", c.Key, func() error {
		err := a.Store.Done(ctx, c)
		if err == nil {
			a.world.ledger.recorded(c.Key)
		}
		return err
	})
}

func (a *storeAccess) Forget(ctx context.Context, c webhook.Claim) error {
	return a.do(ctx, "Forget", c.Key, func() error { return a.Store.Forget(ctx, c) })
}

func (a *storeAccess) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return a.do(ctx, "Save", c.Key, func() error {
		err := a.Store.Save(ctx, c, lease, value)
		if checkpoint, not := time.Parse(time.RFC3339Nano, value); err == nil && not == nil {
			a.world.checkpointAt(checkpoint)
		}
		return err
	})
}

func (a *postgresAccess) Purge(ctx context.Context) error {
	return a.do(ctx, "Purge", "", func() error { return a.store.Purge(ctx) })
}

func (a *postgresAccess) Handled(ctx context.Context, keys []string) (done []string, err error) {
	err = a.do(ctx, "Handled", "", func() error { done, err = a.store.Handled(ctx, keys); return err })
	if err != nil {
		return nil, err
	}
	return done, nil
}

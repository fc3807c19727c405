package simulation

import (
	"context"
	"sync"
	"time"
)

// instants hands out the moments at which something happens. Two goroutines that wake at the same virtual instant run in
// an order that differs from run to run, so no moment is given twice: with one thing happening at a time, the same seed
// gives the same trace.
type instants struct {
	mu    sync.Mutex
	taken map[int64]struct{} // in nanoseconds since 1970
}

// after returns d, or a few nanoseconds more if that moment is taken.
func (x *instants) after(d time.Duration) time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now().UnixNano()
	if len(x.taken) > 1<<12 {
		for at := range x.taken {
			if at < now {
				delete(x.taken, at)
			}
		}
	}
	at := now + max(int64(d), 1)
	for {
		if _, ok := x.taken[at]; !ok {
			break
		}
		at++
	}
	if x.taken == nil {
		x.taken = map[int64]struct{}{}
	}
	x.taken[at] = struct{}{}
	return time.Duration(at - now)
}

// sleep waits for d, or until ctx ends, and reports whether ctx has not ended.
func (x *instants) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(x.after(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

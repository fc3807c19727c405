package simulation

import (
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// operate has the verification of customers come to other statuses, at some random moments, in bursts of so many at most.
// Each status is an event.
func (w *World) operate(times, most int, within time.Duration) {
	random := w.random("operator " + within.String())
	statuses := []byzantine.VerificationStatus{byzantine.VerificationUnderReview, byzantine.VerificationActive}
	within /= time.Duration(times)
	for range times {
		moment := between(random, time.Second, within)
		w.instants.sleep(w.ctx, moment)
		account := pick(random, w.people...).accountID
		n := 2 * ((1 + random.IntN(most) + 1) / 2) // it ends as active, or the users could not work any more
		for i := range n {
			w.sandbox.SetStatus(account, statuses[i%2])
		}
		w.instants.sleep(w.ctx, within-moment)
	}
}

// failover makes another server the master of Redis, one that has not seen the last writes.
func (w *World) failover() {
	s, ok := w.store.(*redisStore)
	if !ok || !w.plan.failover {
		return
	}
	random := w.random("failover")
	w.instants.sleep(w.ctx, between(random, time.Second, w.plan.storm))
	lost := s.failOver(between(random, time.Millisecond, 2*time.Second))
	w.ledger.excuse(lost)
	w.trace.add("store", "fails over", "")
}

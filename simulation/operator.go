package simulation

import (
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// operate changes the verification status of customers at a number of random moments, each time in a burst of up to most
// changes (most is rounded up to an even number). Each change is an event.
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

// deployments replace programs: deliveries in progress are finished, the calls of users are cut off, and supervise starts
// the next program as after a crash.
func (w *World) deployments() {
	random := w.random("deployments")
	for range w.plan.deployments {
		w.instants.sleep(w.ctx, between(random, time.Second, w.plan.storm/time.Duration(w.plan.deployments)))
		p := pick(random, w.replicas...).current.Load()
		if !p.process.alive() {
			continue
		}
		w.trace.add("operator", "deploys to "+p.name, "")
		p.stop()
		w.instants.sleep(w.ctx, between(random, time.Millisecond, time.Second))
		w.crash(p.process, "for a deployment")
	}
}

// misfortunes end transactions that are under way as failed. A refund has no event.
func (w *World) misfortunes() {
	random := w.random("misfortunes")
	times, longest := 6, w.plan.storm/6
	if w.plan.mishaps {
		times, longest = 20, min(longest, 30*time.Second)
	}
	for range times {
		w.instants.sleep(w.ctx, between(random, time.Second, longest))
		status := pick(random, byzantine.TransactionRefunded, byzantine.TransactionRefunded, byzantine.TransactionReverted)
		for t, err := range w.operator.AllTransactions(w.ctx, nil) {
			if err == nil && !t.Status.Terminal() {
				w.sandbox.FailTransaction(t.TransactionID, status)
				w.trace.add("operator", "a transaction fails", string(status))
				break
			}
		}
	}
}

// failover makes a replica of Redis the master. The replica has not received the last writes.
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

// clockJumps sets the clocks of the machines again and again, each time to the right time or more than a minute off. In most
// cases the API then rejects what the client signs until the client has corrected its time.
func (w *World) clockJumps() {
	random := w.random("clock jumps")
	for range w.plan.clockJumps {
		w.instants.sleep(w.ctx, between(random, 10*time.Second, 90*time.Second))
		machine, by := random.IntN(2), sign(random)*between(random, 70*time.Second, 20*time.Minute)
		if !w.stormy() {
			return
		}
		w.set(func() {
			if w.jumped[machine].Abs() > time.Minute && random.IntN(2) == 0 {
				by = 0
			}
			w.jumped[machine] = by
		})
		w.trace.add("operator", fmt.Sprintf("sets the clock of machine %d", machine), by.Round(time.Second).String())
	}
}

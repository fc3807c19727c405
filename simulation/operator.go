package simulation

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strings"
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

// late takes out of a list of events those that the API's database does not show yet. Each event has a delay of its own,
// shorter than the Reconciler's Overlap.
func (w *World) late(r *http.Request, body []byte) []byte {
	if w.plan.lag == 0 || !strings.HasSuffix(r.URL.Path, "/events") || r.Method != http.MethodGet {
		return body
	}
	var list map[string]json.RawMessage
	var events []json.RawMessage
	if json.Unmarshal(body, &list) != nil || json.Unmarshal(list["events"], &events) != nil {
		return body
	}
	shown := []json.RawMessage{}
	for _, text := range events {
		var event struct {
			ID        string    `json:"id"`
			CreatedAt time.Time `json:"createdAt"`
		}
		if json.Unmarshal(text, &event) != nil {
			return body
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(event.ID))
		lag := time.Duration(w.plan.lag * float64(w.plan.overlap) * float64(h.Sum32()%1000) / 1000)
		if time.Since(event.CreatedAt) >= lag {
			shown = append(shown, text)
		}
	}
	if len(shown) == len(events) {
		return body
	}
	var err error
	if list["events"], err = json.Marshal(shown); err != nil {
		return body
	}
	if changed, err := json.Marshal(list); err == nil {
		return changed
	}
	return body
}

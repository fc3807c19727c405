package simulation

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// trouble is one route of the API that fails often and in one way, as when one of its services is broken. The faults of
// edgeFaults are spread over all requests, so a route that is seldom called would hardly ever fail several times in a row.
type trouble struct {
	method, suffix string // of the path; an empty suffix is every path
	fault          string // one of those below; empty for no trouble
	share          float64
}

// The faults of a trouble.
const (
	throttled  = "throttled"  // 429 or 503 with a Retry-After
	failing    = "failing"    // a 5xx of the proxy, before the API gets the request
	lost       = "lost"       // the same after the API has handled it
	unreadable = "unreadable" // the body of the success is no JSON
	odd        = "odd"        // a value in the body of the success is of another kind
)

// troubles are those that a world can have. with changes the plan so that the route is called often enough.
var troubles = []struct {
	trouble
	with func(*plan)
}{
	{trouble{http.MethodGet, "/get-transaction", throttled, 0.7}, func(p *plan) { p.processing = 40 * time.Second }},
	{trouble{http.MethodGet, "/get-all-transactions", failing, 0.7}, func(p *plan) { p.shortPages, p.users, p.actions = true, 3, 10 }},
	{trouble{http.MethodPost, "/integrator/credentials", odd, 0.8}, func(p *plan) { p.rotations = max(p.rotations, 3) }},
	{trouble{http.MethodPost, "", unreadable, 0.4}, func(*plan) {}},
	{trouble{http.MethodPost, "/sign-payload-passkey", lost, 0.5}, func(*plan) {}},
	{trouble{http.MethodGet, "/query/events", failing, 0.5}, func(*plan) {}},
}

// addTrouble gives a plan in two one of the troubles.
func (p *plan) addTrouble(r *rand.Rand) {
	wanted, t := r.Float64() < 0.5, pick(r, troubles...)
	if wanted {
		p.trouble = t.trouble
		t.with(p)
	}
}

// meets reports whether a request is for the route of the trouble.
func (t *trouble) meets(r *http.Request) bool {
	return t.fault != "" && r.Method == t.method && strings.HasSuffix(r.URL.Path, t.suffix)
}

// apply changes what the proxy does to a request for the route, for the share of them that fails.
func (t *trouble) apply(f *requestFate, random *rand.Rand) {
	if random.Float64() >= t.share {
		return
	}
	status := pick(random, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable)
	*f = requestFate{page: f.page}
	switch t.fault {
	case throttled:
		f.reject, f.throttle = pick(random, http.StatusTooManyRequests, http.StatusServiceUnavailable), true
	case failing:
		f.reject = status
	case lost:
		f.lose = status
	case unreadable, odd:
		f.mangle, f.how = true, t.fault
	}
}

package simulation

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// plan is what a seed makes of a world, before anything happens in it.
type plan struct {
	http2   bool
	store   string // memory, redis or postgres
	users   int
	actions int           // of each user
	storm   time.Duration // how long faults happen
	quiet   time.Duration // how long nothing happens after it

	network networkFaults
	edge    edgeFaults
	outages storeFaults

	proxyOff   time.Duration // by how much the clock of the proxy in front of the API is off
	proxyStays bool          // also after the storm
	clockOff   [2]time.Duration
	clockStays bool // the machines' clocks stay off after the storm

	webhooks        float64 // the share of deliveries that get lost on the way
	twice           float64 // the share that comes twice
	failing         float64 // the share of callbacks that fail
	overlap         time.Duration
	interval        time.Duration
	grace           time.Duration // of the Reconciler
	retention       time.Duration
	callbackTimeout time.Duration
	crashes         int
	downtime        time.Duration // both replicas at once, after the storm; 0 for none
	bursts          int           // events that come all at once, each time the operator acts
	lag             float64       // the share of Overlap after which an event is listed, at most
	failover        bool          // of Redis
	oldEvents       float64       // the share of the history that is in an envelope of June, or has a time without a zone
	keySource       bool          // the webhook's key is not configured but asked for
	rotations       int           // of the API key, during the storm
	hookless        bool          // the programs' round tripper drops what the context holds, and with it the hooks of httptrace
	deployments     int           // during the storm
	shortPages      bool          // of transactions: three at most, whatever the client asks for
	endlessPages    bool          // lists that users browse have no end
	coarse          bool          // times of events are shown in whole milliseconds, so that many are equal
	queues          bool          // withdrawals wait for an hour, and can be cancelled
	processing      time.Duration // of a transaction, in each status
	trouble         trouble       // a route that goes wrong often
	clockJumps      int           // of the machines' clocks, during the storm
	slowCallbacks   bool          // many, not one in twenty
	mishaps         bool          // transactions fail while users wait for them
	slowSigner      float64       // the share of signatures that take seconds, as those of a key service in trouble
}

// storeFaults are those of the store. Probabilities are for one call.
type storeFaults struct {
	fail, loseResponse float64
	crash              float64 // of the process, before or after the call
	down               bool    // all calls fail
}

func newPlan(seed uint64) plan {
	r := source(seed, "plan")
	chance := func(p float64) bool { return r.Float64() < p }
	// A world has few kinds of faults, so that one does not hide what another would bring to light.
	share := func(p, most float64) float64 {
		on, much := chance(p), r.Float64()
		if !on {
			return 0
		}
		return much * most
	}
	p := plan{
		http2:   chance(0.15),
		store:   pick(r, "memory", "redis", "redis", "postgres", "postgres"),
		users:   1 + r.IntN(3),
		actions: 2 + r.IntN(4),
		storm:   between(r, 5*time.Minute, 40*time.Minute),
		network: networkFaults{
			reject: share(0.3, 0.6), silence: share(0.2, 0.3),
			reset: share(0.4, 0.05), cut: share(0.3, 0.05), stall: share(0.3, 0.02), sluggish: share(0.3, 0.05),
		},
		edge: edgeFaults{
			slow: share(0.3, 0.2), rejected: share(0.3, 0.3), lost: share(0.3, 0.3), aborted: share(0.3, 0.2), mangled: share(0.4, 0.4),
			endless: share(0.3, 0.1),
		},
		outages: storeFaults{
			fail: share(0.3, 0.1), loseResponse: share(0.3, 0.1), crash: share(0.3, 0.02),
		},
		webhooks:        pick(r, 0, 0, 0.3, 1),
		twice:           share(0.3, 0.5),
		failing:         share(0.4, 0.4),
		overlap:         pick(r, 2*time.Second, 30*time.Second, 10*time.Minute),
		interval:        between(r, 20*time.Second, 5*time.Minute),
		retention:       12 * time.Hour,
		callbackTimeout: pick(r, 3*time.Second, 8*time.Second),
		crashes:         r.IntN(4),
		bursts:          pick(r, 1, 1, 3, 30),
		lag:             pick(r, 0, 0, 0.3, 0.9),
		failover:        chance(0.3),
		keySource:       chance(0.4),
		oldEvents:       share(0.3, 0.6),
	}
	switch r.IntN(4) {
	case 0:
		p.proxyOff, p.proxyStays = sign(r)*between(r, 65*time.Second, 55*time.Minute), chance(0.5)
	case 1:
		p.clockOff = [2]time.Duration{sign(r) * between(r, 2*time.Second, 50*time.Minute), sign(r) * between(r, 0, 20*time.Second)}
		p.clockStays = chance(0.5)
	}
	if chance(0.4) {
		p.rotations, p.slowSigner = 1+r.IntN(3), pick(r, 0, 0, 0.1, 0.5)
	}
	if chance(0.25) {
		p.quiet = p.retention*time.Duration(pick(r, 1, 2, 10)) + between(r, 0, time.Hour)
		p.interval = between(r, 30*time.Minute, time.Hour)
	}
	if chance(0.25) {
		p.downtime = between(r, 20*time.Minute, 6*time.Hour)
	}
	if p.downtime > 0 && chance(0.1) {
		// More than a pass holds (webhook.MaxHeldEvents). Each pass reads all until the first is handled, so passes are rare.
		p.bursts, p.interval = 1100, max(p.interval, 20*time.Minute)
	}
	p.hookless, p.endlessPages, p.coarse, p.queues = chance(0.1), chance(0.15), chance(0.2), chance(0.3)
	if chance(0.3) && p.store != "memory" {
		p.deployments = 1 + r.IntN(2)
	}
	p.shortPages = chance(0.4)
	p.processing = pick(r, 2*time.Second, 2*time.Second, 40*time.Second)
	if p.store != "memory" && chance(0.01) { // months, with a pass an hour
		p.retention, p.quiet, p.interval, p.downtime = 30*24*time.Hour, 62*24*time.Hour, time.Hour, 0
		p.bursts = min(p.bursts, 3)
	}
	p.grace = pick(r, -1, 5*time.Second, time.Minute)
	p.failover = p.failover && p.store == "redis"
	if p.store == "memory" {
		p.crashes = min(p.crashes, 1)
	}
	if p.http2 { // a write is a frame there
		n := &p.network
		n.reset, n.cut, n.stall = n.reset/3, n.cut/3, n.stall/3
	}
	// What follows was added later. It draws last, so that a seed still gives the plan that it gave before, apart from this.
	p.addTrouble(r)
	if chance(0.1) {
		p.clockJumps, p.network.reject, p.actions = 6+r.IntN(12), max(p.network.reject, 0.5), 10
		p.clockOff, p.clockStays, p.proxyOff, p.proxyStays = [2]time.Duration{}, false, 0, false
	}
	p.slowCallbacks = chance(0.15)
	if p.endlessPages {
		p.actions = max(p.actions, 8) // so that somebody browses
		if chance(0.6) {              // and nothing else ends the list
			p.network, p.edge, p.trouble, p.crashes, p.outages.crash = networkFaults{}, edgeFaults{}, trouble{}, 0, 0
		}
	}
	if p.mishaps = chance(0.15); p.mishaps {
		p.processing, p.actions = 40*time.Second, max(p.actions, 6)
	}
	return p
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

func sign(r *rand.Rand) time.Duration { return pick[time.Duration](r, 1, -1) }

// String says in one line what is special about the world.
func (p plan) String() string {
	words := []string{p.store, fmt.Sprintf("%d users", p.users), fmt.Sprintf("%v of faults", p.storm.Round(time.Minute))}
	add := func(on bool, format string, args ...any) {
		if on {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(p.http2, "HTTP/2")
	add(p.bursts > 3, "bursts of %d events", p.bursts)
	add(p.lag > 0, "events are listed late")
	add(p.oldEvents > 0, "old envelopes")
	add(p.failover, "a failover")
	add(p.keySource, "the webhook's key is asked for")
	add(p.rotations > 0, "%d rotations of the key", p.rotations)
	add(p.deployments > 0, "%d deployments", p.deployments)
	add(p.shortPages, "short pages")
	add(p.hookless, "no hooks of httptrace")
	add(p.endlessPages, "lists without end")
	add(p.coarse, "events of equal times")
	add(p.queues, "withdrawals are queued")
	add(p.slowSigner > 0, "%.0f %% of the signatures take seconds", p.slowSigner*100)
	add(p.webhooks > 0, "%.0f %% of the webhooks lost", p.webhooks*100)
	add(p.proxyOff != 0, "proxy clock %v off", p.proxyOff.Round(time.Second))
	add(p.trouble.fault != "", "trouble %+v", p.trouble)
	add(p.slowCallbacks, "slow callbacks")
	add(p.mishaps, "many transactions fail")
	add(p.clockJumps > 0, "machine clocks jump %d times", p.clockJumps)
	add(p.clockOff[0] != 0, "machine clocks %v and %v off", p.clockOff[0].Round(time.Second), p.clockOff[1].Round(time.Second))
	add(p.downtime > 0, "downtime of %v", p.downtime.Round(time.Minute))
	add(p.quiet > 0, "%v of quiet", p.quiet.Round(time.Hour))
	add(p.network != networkFaults{}, "network %+v", p.network)
	add(p.edge != edgeFaults{}, "edge %+v", p.edge)
	add(p.outages != storeFaults{}, "store %+v", p.outages)
	return strings.Join(words, ", ")
}

package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// parts are the faults and features that can be taken out of a world, to find the smallest world with the violation.
var parts = map[string]func(*plan){
	"http2":     func(p *plan) { p.http2 = false },
	"dials":     func(p *plan) { p.network.reject, p.network.silence = 0, 0 },
	"breaks":    func(p *plan) { p.network.reset, p.network.cut = 0, 0 },
	"silence":   func(p *plan) { p.network.stall, p.network.sluggish = 0, 0 },
	"slow":      func(p *plan) { p.edge.slow = 0 },
	"rejected":  func(p *plan) { p.edge.rejected = 0 },
	"lost":      func(p *plan) { p.edge.lost, p.edge.aborted = 0, 0 },
	"mangled":   func(p *plan) { p.edge.mangled = 0 },
	"endless":   func(p *plan) { p.edge.endless = 0 },
	"store":     func(p *plan) { p.outages.fail, p.outages.loseResponse = 0, 0 },
	"crashes":   func(p *plan) { p.outages.crash, p.crashes = 0, 0 },
	"failover":  func(p *plan) { p.failover = false },
	"proxy":     func(p *plan) { p.proxyOff = 0 },
	"clocks":    func(p *plan) { p.clockOff, p.clockJumps = [2]time.Duration{}, 0 },
	"mishaps":   func(p *plan) { p.mishaps = false },
	"trouble":   func(p *plan) { p.trouble = trouble{} },
	"webhooks":  func(p *plan) { p.webhooks, p.twice = 0, 0 },
	"callbacks": func(p *plan) { p.failing, p.slowCallbacks = 0, false },
	"downtime":  func(p *plan) { p.downtime = 0 },
	"quiet":     func(p *plan) { p.quiet = 0 },
	"bursts":    func(p *plan) { p.bursts = 1 },
	"lag":       func(p *plan) { p.lag = 0 },
	"envelopes": func(p *plan) { p.oldEvents = 0 },
	"keys":      func(p *plan) { p.keySource = false },
	"deploys":   func(p *plan) { p.deployments = 0 },
	"short":     func(p *plan) { p.shortPages = false },
	"hookless":  func(p *plan) { p.hookless = false },
	"pages":     func(p *plan) { p.endlessPages = false },
	"coarse":    func(p *plan) { p.coarse = false },
	"queues":    func(p *plan) { p.queues = false },
	"rotations": func(p *plan) { p.rotations = 0 },
	"signer":    func(p *plan) { p.slowSigner = 0 },
	"people":    func(p *plan) { p.users = 1 },
}

// Parts returns the names of what can be taken out of a world.
func Parts() []string { return slices.Sorted(maps.Keys(parts)) }

// without takes parts out of a plan.
func (p *plan) without(names []string) error {
	for _, name := range names {
		remove, ok := parts[name]
		if !ok {
			return fmt.Errorf("simulation: no part is called %q; there are %s", name, strings.Join(Parts(), ", "))
		}
		remove(p)
	}
	return nil
}

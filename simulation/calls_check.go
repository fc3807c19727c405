package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// waits is the only method that makes many requests which belong to one record.
const waits = "WaitForTransaction"

// check compares every call with what the API saw of it. It runs when nothing is under way any more.
func (x *calls) check() {
	x.mu.Lock()
	defer x.mu.Unlock()
	submissions, inProcess := map[string]int{}, map[string]int{} // by draft, and by process and draft
	for _, c := range x.all {
		effects, attempts := c.effects(), max(c.written, len(c.arrived))
		if c.draft != "" {
			submissions[c.draft] += effects
			if attempts > 0 {
				inProcess[c.process.name+" "+c.draft]++
			}
		}
		// After a 400, 401 or 403 a client with a wrong clock may send the request again, also after one of the proxy.
		rejected := slices.ContainsFunc(c.responses, func(status int) bool { return status == 400 || status == 401 || status == 403 })
		violate := func(format string, args ...any) {
			x.world.violateAs(Outcomes, format, "%s #%d of %s: %s (attempts: %d signed, %d written); the API handled its requests with %v, the call ended with: %v",
				c.op, c.id, c.replica, fmt.Sprintf(format, args...), c.signed, c.written, c.arrived, c.err)
		}
		// The error of a wait is about its last poll only.
		var transport *byzantine.TransportError
		if errors.As(c.err, &transport) && !transport.Sent && (c.lastLeft || attempts > 0 && !rejected && c.op != waits) {
			violate("it says that nothing was sent")
		}
		if c.read {
			continue
		}
		// These report a success too: the errors of a response that can be read in part, or has another payload than was asked
		// for, and that of a response that cannot be read, whose text says that the request has taken effect.
		var response *byzantine.Error
		var partial *byzantine.PartialError
		var mismatch *byzantine.PayloadMismatchError
		succeeded := c.err == nil || errors.As(c.err, &partial) || errors.As(c.err, &mismatch) ||
			errors.As(c.err, &response) && response.StatusCode/100 == 2 && strings.Contains(response.Error(), "the request has taken effect")
		switch unknown := errors.Is(c.err, byzantine.ErrOutcomeUnknown); {
		case effects > 1:
			violate("it took effect %d times", effects)
		case attempts > 2 || attempts == 2 && !rejected:
			violate("it was sent %d times although it is not a read", attempts)
		case !c.ended || !c.process.alive() && errors.Is(c.err, context.Canceled): // no caller got a result
		case succeeded && effects == 0:
			violate("it says that it took effect and did not")
		case !succeeded && !unknown && effects > 0:
			violate("its error does not say that it may have taken effect")
		case unknown && !c.lastLeft && !x.world.plan.http2 && !x.world.plan.hookless:
			// The earlier attempts cannot have taken effect: each was not sent, or was rejected for its clock.
			violate("its error says that it may have taken effect, but its last attempt was not sent")
		}
	}
	for draft, n := range submissions {
		if n > 1 {
			x.world.violate(Outcomes, "the draft %.36s took effect %d times", draft, n)
		}
	}
	for draft, n := range inProcess {
		if n > 1 {
			x.world.violate(Outcomes, "the draft of a process, %.50s, was submitted by %d calls", draft, n)
		}
	}
}

// effects returns how many requests of the call the API handled with success.
func (c *call) effects() (n int) {
	for _, status := range c.arrived {
		if status >= 200 && status <= 299 {
			n++
		}
	}
	return n
}

package simulation

import (
	"fmt"
	"time"
)

// Invariant names what must hold in every world. docs/promises.md says which promises it stands for.
type Invariant string

// The invariants.
const (
	// Outcomes: a call takes effect at most once, and what it returns is true. Success means that it took effect once; an
	// error that does not match byzantine.ErrOutcomeUnknown means that it did not; "nothing was sent" means just that.
	Outcomes Invariant = "outcomes"
	// Events: each event of the history is handled and recorded, and none that was recorded is handled again while the
	// store promises to remember.
	Events Invariant = "events"
	// Recovery: no client whose clock is right is locked out by the clock of another machine. When the faults have stopped,
	// everything works at once, and all events are handled within a time that docs/promises.md states.
	Recovery Invariant = "recovery"
	// Bounds: no call, response or callback takes longer than promised, and at the end no connection and no goroutine is left,
	// and no memory of what has ended.
	Bounds Invariant = "bounds"
	// Secrets: no error and no log holds a secret or a part of a response's data, in whatever form it is printed.
	Secrets Invariant = "secrets"
	// Keys: no call fails for its key while keys are changed, the key and the signature of each request belong together, and
	// a rotation leaves no credential that the next one does not find.
	Keys Invariant = "keys"
	// Signatures: each covers the bytes that are sent, has the time at which the client asked for it, is made right before
	// the request is sent, and is sent once.
	Signatures Invariant = "signatures"
	// Balances: what users were told of their orders is true, and the balances that follow from all orders are those of the
	// API, to the last digit.
	Balances Invariant = "balances"
	// Projection: a copy that is kept by events and CopyTransactions equals the API's list once nothing changes any more.
	Projection Invariant = "projection"
)

// Invariants are all of them.
var Invariants = []Invariant{Outcomes, Events, Recovery, Bounds, Secrets, Keys, Signatures, Balances, Projection}

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant Invariant
	At        time.Duration // since the world began
	Text      string
	Kind      string // Text without what differs from world to world
}

func (v Violation) String() string {
	return fmt.Sprintf("VIOLATION %s after %v: %s", v.Invariant, v.At, v.Text)
}

// violate records a violation, but of each kind no more than the first maxOfAKind.
func (w *World) violate(i Invariant, format string, args ...any) {
	w.violateAs(i, format, format, args...)
}

// violateAs is violate for a format that several kinds of violation share. kind tells them apart.
func (w *World) violateAs(i Invariant, kind, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, v := range w.violations {
		if v.Invariant == i && v.Kind == kind {
			n++
		}
	}
	if n < maxOfAKind {
		w.violations = append(w.violations, Violation{i, time.Since(w.trace.began), fmt.Sprintf(format, args...), kind})
	}
}

const maxOfAKind = 5

package simulation

import (
	"sync"
	"time"
)

// leaseMargin is how long after the timeout of its callback an event is certainly still leased: the lease is 12 seconds
// longer than the timeout, but begins at the store, up to a second before the callback.
const leaseMargin = 11 * time.Second

// ledger is the truth about events: which callback began when, and what the store has recorded, even if it loses it later.
type ledger struct {
	world *World

	mu     sync.Mutex
	events map[string]*eventFacts
	past   time.Time // the last checkpoint; all that it cannot reach is done
}

type eventFacts struct {
	began   time.Time // of the callback that began last
	by      *process  // of that callback
	working bool      // it has not ended
	handled int       // callbacks that returned nil
	done    bool      // and the store recorded it
	excused bool      // the store may have lost that it was recorded or claimed, and says so
}

func (l *ledger) of(event string) *eventFacts {
	f := l.events[event]
	if f == nil {
		f = &eventFacts{}
		l.events[event] = f
	}
	return f
}

// begin notes that a callback begins with an event.
func (l *ledger) begin(event, name string, p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.of(event)
	switch {
	case f.done && !f.excused:
		l.world.violate(Events, "%s (%s) is handled again by %s, although it was recorded as handled", event, name, p.name)
	case f.working && f.by.alive() && time.Since(f.began) < l.world.plan.callbackTimeout+leaseMargin && !f.excused:
		l.world.violate(Events, "%s (%s) is handled by %s while %s is still at work on it", event, name, p.name, f.by.name)
	}
	f.began, f.by, f.working = time.Now(), p, true
}

// end notes that it ended.
func (l *ledger) end(event string, p *process, handled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.of(event)
	if f.by == p {
		f.working = false
	}
	if handled {
		f.handled++
	}
}

// recorded notes that the store has taken the event as done.
func (l *ledger) recorded(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.of(event)
	f.done, f.excused = true, false
	if f.handled == 0 {
		l.world.violate(Events, "%s is recorded as handled, but no callback has returned nil for it", event)
	}
}

// excuse notes that the store may have lost these keys, in a way that its documentation names. nil means all keys.
func (l *ledger) excuse(keys map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for event, f := range l.events {
		if keys == nil || keys[event] {
			f.excused = true
		}
	}
}

// check checks that all events of the history were handled and recorded.
func (l *ledger) check(history []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, event := range history {
		if f := l.events[event]; f == nil || !f.done {
			l.world.violate(Events, "the event %s was never handled and recorded", event)
		}
	}
}

// passed reports whether pass was last called with this checkpoint, which then needs no check: most passes save the same one.
func (l *ledger) passed(checkpoint time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.past.Equal(checkpoint)
}

func (l *ledger) pass(checkpoint time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.past = checkpoint
}

func (l *ledger) isDone(event string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.events[event]
	return f != nil && f.done
}

func (l *ledger) count() (handled int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.events {
		handled += f.handled
	}
	return handled
}

package byzantinetest

import (
	"slices"
	"time"
)

// timer is something that happens by itself when the world's clock gets there.
type timer struct {
	at time.Time
	do func()
}

// after lets something happen when a time has passed.
func (w *world) after(d time.Duration, do func()) {
	t := timer{w.clock.now().Add(d), do}
	// Behind those of the same time.
	i, _ := slices.BinarySearchFunc(w.timers, t.at, func(other timer, at time.Time) int {
		if other.at.After(at) {
			return 1
		}
		return -1
	})
	w.timers = slices.Insert(w.timers, i, t)
	w.setAlarm()
}

// catchUp lets happen what is due, in its order and each at its own time, although nobody may have looked since.
func (w *world) catchUp() {
	now := w.clock.now()
	for len(w.timers) > 0 && !w.timers[0].at.After(now) {
		due := w.timers[0]
		w.timers = w.timers[1:]
		w.clock.asOf = due.at
		due.do()
	}
	w.clock.asOf = time.Time{}
	w.setAlarm()
}

// lock takes the lock for whoever reads or changes the world, which is up to date then.
func (s *Sandbox) lock() {
	s.mu.Lock()
	s.world.catchUp()
}

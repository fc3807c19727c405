package byzantinetest

import (
	"container/heap"
	"time"
)

// timer is a step that happens automatically at a time of the world's clock: a transaction gets its next status, or, if tx
// is nil, webhook deliveries are due again.
type timer struct {
	at    time.Time
	order uint64 // among those of the same time, the one that was set first goes first
	tx    *transaction
}

// timerQueue is a heap: the next timer is the first.
type timerQueue []timer

func (q timerQueue) Len() int      { return len(q) }
func (q timerQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *timerQueue) Push(x any)   { *q = append(*q, x.(timer)) }
func (q timerQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].order < q[j].order
	}
	return q[i].at.Before(q[j].at)
}

func (q *timerQueue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = timer{} // so that it can be collected
	*q = (*q)[:last]
	return t
}

// setTimer has a transaction move on, or webhook deliveries sent if tx is nil, at a time.
func (w *world) setTimer(at time.Time, tx *transaction) {
	w.addTimer(at, tx)
	w.setAlarm()
}

// addTimer is setTimer without the alarm, for a world that is being read.
func (w *world) addTimer(at time.Time, tx *transaction) {
	w.timersSet++
	heap.Push(&w.timers, timer{at, w.timersSet, tx})
}

// catchUp runs what is due, in order and each at its own time, which may be long ago: requests may have been rare.
func (w *world) catchUp() {
	now := w.clock.now()
	defer func() { w.clock.asOf = time.Time{} }() // also if a transaction cannot move on
	for len(w.timers) > 0 && !w.timers[0].at.After(now) {
		due := heap.Pop(&w.timers).(timer)
		w.clock.asOf = due.at
		switch tx := due.tx; {
		case tx == nil:
			w.dispatch()
		case tx.due.Equal(due.at): // nothing has ended it, or moved it on, meanwhile
			w.moveOn(tx)
		}
	}
	w.clock.asOf = time.Time{}
	w.setAlarm()
}

// lock takes the lock for whoever reads or changes the world, which is up to date then.
func (s *Sandbox) lock() {
	s.mu.Lock()
	s.world.catchUp()
}

// unlock releases the lock. If the clock runs and events were dated ahead of it, see eventTime, it waits for the clock, a
// second at most: whoever caused the events does not see them with a time in the future.
func (s *Sandbox) unlock() {
	ahead := time.Duration(0)
	if w := s.world; !w.clock.stopped {
		ahead = w.lastEvent.Sub(w.clock.now())
	}
	s.mu.Unlock()
	if ahead > 0 {
		time.Sleep(min(ahead, time.Second))
	}
}

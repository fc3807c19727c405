package webhook

import "time"

// sliceTarget is how many events a slice should have: almost three pages, and clearly fewer than MaxHeldEvents, so that
// few slices have too many.
const sliceTarget = 700

// cutter cuts the time of a pass into slices with about sliceTarget events. A slice with few events needs a request of
// its own, and the requests for a slice with too many events (MaxHeldEvents or more) are wasted. How many events a
// slice has is known only when it is read, so the cutter estimates their density from the slices before.
//
// The newest events of a slice that has too many were read, because the API lists them first. So the time of the oldest
// of those splits the slice: the part after that time is a slice that just fits into memory, and the cutter remembers
// it in ends. The part before that time is tried as a whole, because a slice seldom has many more events than
// estimated. If that part has too many events too, there is a burst of events. Then the cutter takes the density of the
// burst and tries to end the next slice before the burst, going back from it by 1, 3, 7, ... times the time that
// MaxHeldEvents of its events take.
type cutter struct {
	after  time.Time // where the next slice begins
	until  time.Time // where the next slice ends, unless the last of ends is earlier
	ends   []sliceEnd
	failed int // how many slices in a row had too many events

	// The density: events in a span. Slices from longer ago count less.
	events float64
	span   time.Duration
}

// sliceEnd is a time at which a slice must end. In cutter.ends the earliest is the last element, and the end of the
// pass is the first.
type sliceEnd struct {
	at   time.Time
	fits bool // the events between the next earlier end and this one fit into memory
}

// newCutter returns the cutter of a pass up to the time end. newest is the first slice of the pass, which has no end
// and had too many events; the time of its oldest event is the earliest of the ends.
func newCutter(newest *slice, end time.Time) *cutter {
	c := &cutter{after: newest.after, ends: []sliceEnd{{at: end}}, events: MaxHeldEvents,
		span: max(minSlice, newest.newest.Sub(newest.oldest))}
	if newest.oldest.Before(end) {
		c.ends = []sliceEnd{{end, true}, {at: newest.oldest}}
	}
	c.until = c.after.Add(c.width())
	return c
}

// next returns the next slice to read, and false when the pass has reached its end.
func (c *cutter) next() (slice, bool) {
	if len(c.ends) == 0 {
		return slice{}, false
	}
	s := slice{after: c.after, end: c.until}
	if last := c.ends[len(c.ends)-1]; last.fits || last.at.Before(s.end) {
		s.end = last.at
	}
	return s, true
}

// handedOver is called when the events of the slice s have been handed over. It adds them to the density, and the next
// slice begins at the end of s.
func (c *cutter) handedOver(s *slice) {
	const remembered = 0.8 // how much the slices before this one count
	c.events = remembered*c.events + float64(len(s.events))
	c.span = time.Duration(remembered*float64(c.span)) + s.end.Sub(s.after)
	c.after, c.failed = s.end, 0
	c.until = c.after.Add(c.width())
	if last := len(c.ends) - 1; !c.after.Before(c.ends[last].at) {
		c.ends = c.ends[:last]
	}
}

// tooMany is called when the slice s, longer than minSlice, had too many events. The next slice is then an earlier part
// of s.
func (c *cutter) tooMany(s *slice) {
	begin := s.oldest
	if begin.IsZero() { // no CreatedAt could be read
		begin = s.after.Add(s.end.Sub(s.after) / 2)
	}
	if latest := s.end.Add(-minSlice); begin.After(latest) {
		begin = latest
	}
	if last := &c.ends[len(c.ends)-1]; s.end.Before(last.at) {
		c.ends = append(c.ends, sliceEnd{s.end, true})
	} else {
		last.fits = true
	}
	c.ends = append(c.ends, sliceEnd{at: begin})
	c.until = begin
	if c.failed++; c.failed == 1 {
		return
	}
	c.events, c.span = MaxHeldEvents, s.end.Sub(begin)
	back := time.Duration(1)<<min(c.failed-1, 30) - 1
	if rest := begin.Sub(s.after); back < rest/c.span {
		c.until = begin.Add(-back * c.span)
	} else {
		c.until = s.after.Add(c.width())
	}
}

// width returns how long a slice with sliceTarget events is, estimated from the density.
func (c *cutter) width() time.Duration {
	const longest = 1 << 62 // some 146 years
	return max(minSlice, time.Duration(min(longest, float64(c.span)/max(1, c.events)*sliceTarget)))
}

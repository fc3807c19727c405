package webhook

import "time"

// sliceTarget is how many events a slice should have: almost three pages, and a quarter less than fit into memory.
const sliceTarget = 700

// cutter cuts the time of a pass into slices. A slice that is too short costs requests, and so does one that has too
// many events, because it is read in vain. How many it has shows only when it is read, so the cutter uses the density
// of the events that were seen.
//
// A slice with too many events shows at least where the newest of them begin. The cutter remembers that time: what lies
// behind it is a slice that is as full as can be. The rest is tried as a whole, because a pass that expects too few
// events is seldom wrong by much. If the rest has too many events too, there is a burst, and the cutter goes back from
// it in steps that double, with the density of the burst.
type cutter struct {
	after  time.Time // where the next slice begins
	until  time.Time // where it ends, unless it would pass the last of ends
	ends   []sliceEnd
	failed int // slices in a row that had too many events

	// The density: events in a span. Slices from longer ago count less.
	events float64
	span   time.Duration
}

// sliceEnd is a time that no slice passes. The next one is last in cutter.ends, and the end of the pass is first.
type sliceEnd struct {
	at   time.Time
	fits bool // the events between the end before this one and this one fit into memory
}

// newCutter begins a pass up to a time. newest is the slice without an end, which had too many events.
func newCutter(newest *slice, end time.Time) *cutter {
	c := &cutter{after: newest.after, ends: []sliceEnd{{at: end}}, events: MaxHeldEvents,
		span: max(minSlice, newest.newest.Sub(newest.oldest))}
	if newest.oldest.Before(end) {
		c.ends = []sliceEnd{{end, true}, {at: newest.oldest}}
	}
	c.until = c.after.Add(c.width())
	return c
}

// next returns the next slice, and false at the end of the pass.
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

// handedOver moves on behind a slice.
func (c *cutter) handedOver(s *slice) {
	const remembered = 0.8 // of the density so far
	c.events = remembered*c.events + float64(len(s.events))
	c.span = time.Duration(remembered*float64(c.span)) + s.end.Sub(s.after)
	c.after, c.failed = s.end, 0
	c.until = c.after.Add(c.width())
	if last := len(c.ends) - 1; !c.after.Before(c.ends[last].at) {
		c.ends = c.ends[:last]
	}
}

// tooMany has a slice of more than minSlice tried again in parts.
func (c *cutter) tooMany(s *slice) {
	begin := s.oldest
	if begin.IsZero() { // no time could be read
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

// width is how long a slice with sliceTarget events is, by the density.
func (c *cutter) width() time.Duration {
	const longest = 1 << 62 // some 146 years
	return max(minSlice, time.Duration(min(longest, float64(c.span)/max(1, c.events)*sliceTarget)))
}

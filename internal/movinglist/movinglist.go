// Package movinglist reads a list by offset while the server changes it. It knows nothing of what the records are.
package movinglist

import (
	"errors"
	"slices"
	"time"
)

// A List reads a list by offset while the server changes it. It yields every record that is in the list from the first
// request to the last, and none twice. The list is ordered by the time of the last update, so an update takes a record
// out of its place and puts it at the newest end.
//
// The frontier is the furthest time that was read. What is kept true: every record whose time stands strictly before
// the frontier in the list's order has been seen, except for those that went to the newest end of a descending list
// since the sweep began. A page whose first record stands strictly before the frontier goes on from there, because
// nothing unseen can stand in front of it. Hence:
//
//   - The next page begins with the last record that stands strictly before the frontier. That brings all records of the
//     frontier's own time again, in whatever order the server puts them.
//   - If records in front have left their places (they were updated or deleted), the page begins too late and is not
//     used. The offset goes back until a page fits; at offset 0 every page does. From then on pages overlap by more, so
//     that a list that moves steadily does not cost two requests for each page.
//   - An ascending list is read to its end, where the updated records go.
//   - In a descending list updated records go to the beginning, behind the reader. So the beginning is read again, down to
//     the newest time that the sweep before began with, and again, until a single page shows all of that, or until
//     nothing is new while records of that one time fill more than a page.
//   - A record whose time cannot be read has a place in the list all the same. It is yielded, and the times of its
//     neighbours decide.
//   - If records of one time fill a page, none stands strictly before the frontier. Then the next page begins with the
//     last record, which is enough as long as the server keeps the order of records of the same time.
type List[T any] struct {
	Ascending bool
	// Since ends a descending list: records that were last updated before it are neither yielded nor looked for. One whose
	// time cannot be read is yielded if it stands on a page that is read. Zero is the whole list.
	Since time.Time
	Key   func(*T) (id string, updatedAt time.Time)
	Load  func(limit, offset int64) (Page[T], error)
}

// Page is a part of the list.
type Page[T any] struct {
	Records    []T
	Unreadable func(index int) bool // reports whether the id of a record could not be read; nil if all could
	Limit      int64                // that the server applied
	Total      int64
}

// The sizes of pages.
const (
	DefaultSize = 100
	MinSize     = 3 // at least two of which overlap
)

// ErrTooFast ends a loop that cannot keep up with the list.
var ErrTooFast = errors.New("the list changes faster than it is read, or its pages do not fit together")

// Read reads the list by pages of a size and calls yield with each record and its index in the page that was loaded last.
// It ends when yield returns false. The error is that of Load, or ErrTooFast.
func (l *List[T]) Read(size int64, yield func(index int, record T) bool) error {
	r := &reader[T]{List: l, size: size, seen: Set{}, yield: yield}
	if err := r.read(); !errors.Is(err, errLoopEnded) {
		return err
	}
	return nil
}

// errLoopEnded says that the caller's loop needs no more.
var errLoopEnded = errors.New("loop ended")

// reader is one loop over a list.
type reader[T any] struct {
	*List[T]
	size  int64
	yield func(index int, record T) bool
	seen  Set

	useful, idle int // pages that brought a record, and those since the last such one that did not
	most         int // useful pages that a list may have which was as long at the beginning as this one
}

func (r *reader[T]) read() error {
	until := r.Since
	for {
		known := len(r.seen)
		newest, loads, err := r.sweep(until)
		still := len(r.seen) == known && !newest.After(until)
		if err != nil || r.Ascending || loads == 1 || still {
			return err
		}
		if newest.After(until) {
			until = newest
		}
	}
}

// sweep reads the list from its beginning to its end, or until a record after the time until, if that is set. It returns
// the time that it began with, and how many pages it loaded.
func (r *reader[T]) sweep(until time.Time) (first time.Time, loads int, err error) {
	var frontier time.Time
	var offset int64
	sameTime := false // records of one time filled the page before
	slack := int64(1) // how many records of the page before the next one begins with, besides those of the frontier
	for {
		p, err := r.Load(r.size, offset)
		if err != nil {
			return first, loads, err
		}
		loads++
		if p.Limit < 1 || p.Limit > r.size {
			p.Limit = r.size
		}
		if r.most == 0 {
			r.most = mostUseful(&p)
		}
		if offset > 0 && !r.goesOn(&p, frontier, sameTime) {
			slack = min(2*slack, max(1, p.Limit*3/4))
			offset -= min(offset, slack)
			if err := r.count(false); err != nil {
				return first, loads, err
			}
			continue
		}
		if len(p.Records) == 0 {
			return first, loads, nil
		}
		news, err := r.take(p)
		if err != nil {
			return first, loads, err
		}
		if loads == 1 {
			first = r.firstTime(p.Records)
			frontier = first
		}
		last := r.lastTime(p.Records)
		if !last.IsZero() && (frontier.IsZero() || r.before(frontier, last)) {
			frontier = last
		}
		// The total is asked as well: a short page in the middle must not pass for the end.
		short := int64(len(p.Records)) < p.Limit
		atEnd := short && (offset+int64(len(p.Records)) >= p.Total || !news)
		if atEnd || (!until.IsZero() && !last.IsZero() && r.before(until, last)) {
			return first, loads, nil
		}
		next := len(p.Records) - 1
		for next > 0 && !r.standsBefore(&p.Records[next], last) {
			next--
		}
		if sameTime = next == 0; sameTime {
			next = len(p.Records) - 1
		}
		offset += max(1, int64(next)+1-slack)
		slack = max(1, slack-1)
		if err := r.count(news); err != nil {
			return first, loads, err
		}
	}
}

// goesOn reports whether nothing unseen can stand in front of a page.
func (r *reader[T]) goesOn(p *Page[T], frontier time.Time, sameTime bool) bool {
	if len(p.Records) == 0 {
		return false
	}
	// A record without a time stands before the first with one, so what stands in front of it does too.
	first := r.firstTime(p.Records)
	if first.IsZero() || frontier.IsZero() || r.before(first, frontier) {
		return true
	}
	_, at := r.Key(&p.Records[0])
	return sameTime && (at.IsZero() || at.Equal(frontier)) && r.seen.Has(r.identity(p, 0))
}

// identity is the [Identity] of a record of a page.
func (r *reader[T]) identity(p *Page[T], i int) string {
	id, _ := r.Key(&p.Records[i])
	return Identity(id, p.Unreadable == nil || !p.Unreadable(i), p.Records[i])
}

// take yields the records that were not seen yet and reports whether there were any.
func (r *reader[T]) take(p Page[T]) (news bool, err error) {
	for i := range p.Records {
		_, at := r.Key(&p.Records[i])
		if !at.IsZero() && at.Before(r.Since) {
			continue
		}
		if !r.seen.Add(r.identity(&p, i)) {
			continue
		}
		news = true
		if !r.yield(i, p.Records[i]) {
			return true, errLoopEnded
		}
	}
	return news, nil
}

// mostUseful is how many pages may bring a record before the loop counts as one that cannot catch up, given the first page:
// eight times the pages of the whole list, whose records may come in pages of one, and some for a short list.
func mostUseful[T any](first *Page[T]) int {
	const least, limit = 200, 1 << 40 // a total beyond the limit makes no sense
	return least + 8*int(min(max(first.Total, 0), limit)/max(1, first.Limit-1))
}

// count ends a loop that would ask for ever. It is an error if more than most pages bring new records, because then the list
// grows as fast as it is read. It is also an error if too many pages bring none: even a loop that goes back to the beginning,
// with pages that overlap by most of their records, needs at most eight such pages for each that brings a record.
func (r *reader[T]) count(useful bool) error {
	if useful {
		r.useful++
		r.idle = 0
	} else {
		r.idle++
	}
	if r.useful > r.most || r.idle > 20+8*r.useful {
		return ErrTooFast
	}
	return nil
}

// firstTime is the time of the first record that has one that could be read; zero if none has.
func (r *reader[T]) firstTime(records []T) time.Time {
	for i := range records {
		if _, at := r.Key(&records[i]); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

func (r *reader[T]) lastTime(records []T) time.Time {
	for i := range slices.Backward(records) {
		if _, at := r.Key(&records[i]); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// standsBefore reports whether a record stands before a time. One without a time does not count.
func (r *reader[T]) standsBefore(record *T, at time.Time) bool {
	_, own := r.Key(record)
	return !own.IsZero() && r.before(own, at)
}

// before reports whether a time stands before another in the list's order.
func (r *reader[T]) before(a, b time.Time) bool {
	if r.Ascending {
		return a.Before(b)
	}
	return a.After(b)
}

// Package movinglist reads all records of a list page by page, by offset, while the server changes the list. It does
// not depend on the type of the records.
package movinglist

import (
	"errors"
	"slices"
	"time"
)

// A List reads a list by offset while the server changes it. It yields every record that is in the list from the first
// request to the last, and none twice. The list is ordered by the time of the last update, so an update moves a record
// to the newest end: the end of an ascending list, the beginning of a descending one.
//
// The frontier is the time that is furthest in the list's order of all that were read. The invariant: every record
// whose time is strictly before the frontier, in the list's order, was seen, except for those that have moved to the
// beginning of a descending list since the sweep began. So reading can continue with any page whose first record is
// strictly before the frontier, because all records in front of that page were seen. Hence:
//
//   - The next page begins with the last record that is strictly before the frontier. So all records that have the
//     frontier's own time are read again, in whatever order the server returns them.
//   - If records in front of the page were updated or deleted, the page begins too late, behind the frontier, and is not
//     used. The offset is reduced until a page begins before the frontier; a page at offset 0 is always used. From then on
//     pages overlap by more records, so that a list that changes steadily does not cost two requests for each page.
//   - An ascending list is read to its end, where the updated records are.
//   - In a descending list updated records move to the beginning, which was read already. So the beginning is read again,
//     down to the time of the first record of the previous sweep. This is repeated until a single page covers all of that, or
//     until a sweep yields nothing new although records of that one time fill more than a page.
//   - A record whose time cannot be read has a place in the list all the same. It is yielded, and the times of its
//     neighbours decide which page is next.
//   - If records of one time fill a page, none is strictly before the frontier. Then the next page begins with the last
//     record, which is enough as long as the server keeps the order of records of the same time.
type List[T any] struct {
	Ascending bool
	// Since ends a descending list: records that were last updated before it are neither yielded nor looked for. A
	// record whose time cannot be read is yielded if it is on a page that is read. The zero time reads the whole list.
	Since time.Time
	Key   func(*T) (id string, updatedAt time.Time)
	Load  func(limit, offset int64) (Page[T], error)
}

// Page is the result of Load: a part of the list.
type Page[T any] struct {
	Records    []T
	Unreadable func(index int) bool // reports whether the id of Records[index] could not be read; nil if all could
	Limit      int64                // the maximum number of records that the server applied; 0 if not known
	Total      int64                // the number of records in the whole list
}

// The numbers of records in a page.
const (
	DefaultSize = 100
	MinSize     = 3 // the smallest size with which two pages can overlap by two records and still make progress
)

// ErrTooFast is the error of a loop that requests page after page without coming to the end of the list.
var ErrTooFast = errors.New("the list changes faster than it is read, or its pages do not fit together")

// Read reads the list by pages of size records. It calls yield with each record and with the record's index in the page
// that was loaded last. It ends when yield returns false; that is not an error. The error is that of Load, or
// ErrTooFast.
func (l *List[T]) Read(size int64, yield func(index int, record T) bool) error {
	r := &reader[T]{List: l, size: size, seen: Set{}, yield: yield}
	if err := r.read(); !errors.Is(err, errLoopEnded) {
		return err
	}
	return nil
}

// errLoopEnded ends the reading after yield has returned false.
var errLoopEnded = errors.New("loop ended")

// reader is the state of one call of Read.
type reader[T any] struct {
	*List[T]
	size  int64
	yield func(index int, record T) bool
	seen  Set

	useful, idle int // how many pages had a new record; how many pages without one came after the last of those
	most         int // the maximum of useful, see mostUseful
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

// sweep reads the list from its beginning to its end. If until is not zero, it ends earlier, with the page whose last
// record is behind until in the list's order. It returns the time of the first record of its first page, and how many
// pages it loaded.
func (r *reader[T]) sweep(until time.Time) (first time.Time, loads int, err error) {
	var frontier time.Time
	var offset int64
	sameTime := false // all records of the previous page had the same time
	slack := int64(1) // by how many records before the frontier the next page overlaps the previous one
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
		// A short page alone does not mean the end, because a server may return one in the middle: the total must
		// agree.
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

// goesOn reports whether every record in front of a page was seen.
func (r *reader[T]) goesOn(p *Page[T], frontier time.Time, sameTime bool) bool {
	if len(p.Records) == 0 {
		return false
	}
	// Times in front of the page are not behind its first time. If that is before the frontier, all of them were seen.
	first := r.firstTime(p.Records)
	if first.IsZero() || frontier.IsZero() || r.before(first, frontier) {
		return true
	}
	_, at := r.Key(&p.Records[0])
	return sameTime && (at.IsZero() || at.Equal(frontier)) && r.seen.Has(r.identity(p, 0))
}

// identity returns the [Identity] of the record with index i of a page.
func (r *reader[T]) identity(p *Page[T], i int) string {
	id, _ := r.Key(&p.Records[i])
	return Identity(id, p.Unreadable == nil || !p.Unreadable(i), p.Records[i])
}

// take yields the records of a page that were not seen yet and are not older than Since. It reports whether there were
// any. The error is errLoopEnded after yield has returned false, otherwise nil.
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

// mostUseful returns how many pages with new records the loop may load, given the first page. It is 200 and eight times
// the number of pages of the whole list, where a page counts one record less than its limit, by which it overlaps the
// next.
func mostUseful[T any](first *Page[T]) int {
	const least, limit = 200, 1 << 40 // a total beyond the limit makes no sense
	return least + 8*int(min(max(first.Total, 0), limit)/max(1, first.Limit-1))
}

// count counts a page and returns ErrTooFast if there are too many. useful says that the page had a new record. There
// may be r.most such pages; a list with more grows as fast as it is read. Pages without a new record may follow one
// another 20 times, plus eight times for each useful page so far: even a loop that returns to the beginning of the list,
// with pages that overlap by most of their records, needs no more than these.
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

// firstTime returns the time of the first record whose time could be read; zero if there is none.
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

// standsBefore reports whether the time of a record is before at in the list's order; false if the record has no time.
func (r *reader[T]) standsBefore(record *T, at time.Time) bool {
	_, own := r.Key(record)
	return !own.IsZero() && r.before(own, at)
}

// before reports whether a is before b in the list's order.
func (r *reader[T]) before(a, b time.Time) bool {
	if r.Ascending {
		return a.Before(b)
	}
	return a.After(b)
}

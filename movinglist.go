package byzantine

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"
)

// A movingList reads a list by offset while the server changes it. The list is ordered by the time of the last update,
// so an update takes a record out of its place and puts it at the newest end.
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
type movingList[T any] struct {
	operation string // for errors
	request   string // the request type, for errors
	ascending bool
	key       func(*T) (id string, updatedAt time.Time)
	load      func(limit, offset int64) (page[T], error)
}

type page[T any] struct {
	records []T
	errs    *pageErrors
	limit   int64 // that the server applied
	total   int64
}

const (
	defaultPageSize = 100
	minPageSize     = 3 // at least two of which overlap
)

// all iterates over the list. limit and offset are members of the caller's request.
func (l *movingList[T]) all(limit, offset *int64) iter.Seq2[T, error] {
	size := int64(defaultPageSize)
	if limit != nil {
		size = max(*limit, minPageSize)
	}
	positioned := offset != nil && *offset != 0
	return func(yield func(T, error) bool) {
		var err error
		if positioned {
			err = &FieldError{Field: l.request + ".Offset", Reason: "must not be set: in a list that changes a position means nothing"}
		} else {
			r := &listReader[T]{movingList: l, size: size, seen: map[recordID]bool{}, yield: yield}
			err = r.read()
		}
		if err != nil && !errors.Is(err, errLoopEnded) {
			var none T
			yield(none, err)
		}
	}
}

// errLoopEnded says that the caller's loop needs no more.
var errLoopEnded = errors.New("loop ended")

// listReader is one loop over a list.
type listReader[T any] struct {
	*movingList[T]
	size  int64
	yield func(T, error) bool
	seen  map[recordID]bool

	useful, idle int // pages that brought a record, and those since the last such one that did not
	most         int // useful pages that a list may have which was as long at the beginning as this one
}

// recordID stands for a record's id in 16 bytes.
type recordID [16]byte

func newRecordID(id string) recordID {
	sum := sha256.Sum256([]byte(id))
	return recordID(sum[:])
}

// unreadableID stands for a record whose id could not be read, by what could be.
func unreadableID(record any) recordID {
	text, _ := json.Marshal(record) // what came as JSON can be written as JSON
	return newRecordID("unreadable " + string(text))
}

func (r *listReader[T]) read() error {
	var until time.Time
	for {
		known := len(r.seen)
		newest, loads, err := r.sweep(until)
		still := len(r.seen) == known && newest.Equal(until)
		if err != nil || r.ascending || loads == 1 || still {
			return err
		}
		until = newest
	}
}

// sweep reads the list from its beginning to its end, or until a record after the time until, if that is set. It returns
// the time that it began with, and how many pages it loaded.
func (r *listReader[T]) sweep(until time.Time) (first time.Time, loads int, err error) {
	var frontier time.Time
	var offset int64
	sameTime := false // records of one time filled the page before
	slack := int64(1) // how many records of the page before the next one begins with, besides those of the frontier
	for {
		p, err := r.load(r.size, offset)
		if err != nil {
			return first, loads, err
		}
		loads++
		if p.limit < 1 || p.limit > r.size {
			p.limit = r.size
		}
		if r.most == 0 {
			r.most = mostUseful(&p)
		}
		if offset > 0 && !r.goesOn(p.records, frontier, sameTime) {
			slack = min(2*slack, max(1, p.limit*3/4))
			offset -= min(offset, slack)
			if err := r.count(false); err != nil {
				return first, loads, err
			}
			continue
		}
		if len(p.records) == 0 {
			return first, loads, nil
		}
		news, err := r.take(p)
		if err != nil {
			return first, loads, err
		}
		if loads == 1 {
			first = r.firstTime(p.records)
			frontier = first
		}
		last := r.lastTime(p.records)
		if frontier.IsZero() || r.before(frontier, last) {
			frontier = last
		}
		// The total is asked as well: a short page in the middle must not pass for the end.
		short := int64(len(p.records)) < p.limit
		atEnd := short && (offset+int64(len(p.records)) >= p.total || !news)
		if atEnd || (!until.IsZero() && r.before(until, last)) {
			return first, loads, nil
		}
		next := len(p.records) - 1
		for next > 0 && !r.standsBefore(&p.records[next], last) {
			next--
		}
		if sameTime = next == 0; sameTime {
			next = len(p.records) - 1
		}
		offset += max(1, int64(next)+1-slack)
		slack = max(1, slack-1)
		if err := r.count(news); err != nil {
			return first, loads, err
		}
	}
}

// goesOn reports whether nothing unseen can stand in front of a page.
func (r *listReader[T]) goesOn(records []T, frontier time.Time, sameTime bool) bool {
	if len(records) == 0 {
		return false
	}
	// A record without a time stands before the first with one, so what stands in front of it does too.
	first := r.firstTime(records)
	if first.IsZero() || frontier.IsZero() || r.before(first, frontier) {
		return true
	}
	id, at := r.key(&records[0])
	return sameTime && (at.IsZero() || at.Equal(frontier)) && r.seen[newRecordID(id)]
}

// take yields the records that were not seen yet and reports whether there were any.
func (r *listReader[T]) take(p page[T]) (news bool, err error) {
	for i := range p.records {
		id, _ := r.key(&p.records[i])
		key := newRecordID(id)
		if p.errs.unreadable(i) {
			key = unreadableID(p.records[i])
		}
		if r.seen[key] {
			continue
		}
		r.seen[key], news = true, true
		if !yieldElement(p.errs, i, p.records[i], r.yield) {
			return true, errLoopEnded
		}
	}
	return news, nil
}

// mostUseful is how many pages may bring a record before the loop counts as one that cannot catch up, given the first page:
// eight times the pages of the whole list, whose records may come in pages of one, and some for a short list.
func mostUseful[T any](first *page[T]) int {
	const least, limit = 200, 1 << 40 // a total beyond the limit makes no sense
	return least + 8*int(min(max(first.total, 0), limit)/max(1, first.limit-1))
}

// count keeps a loop that cannot catch up, or a server that makes no sense, from asking for ever. Going back to the
// beginning and on to the end again, with pages that overlap by most of their records, takes no more than eight times the
// pages that brought a record. Those become more and more if new records come as fast as they are read.
func (r *listReader[T]) count(useful bool) error {
	if useful {
		r.useful++
		r.idle = 0
	} else {
		r.idle++
	}
	if r.useful > r.most || r.idle > 20+8*r.useful {
		return errors.New("byzantine: " + r.operation + ": the list changes faster than it is read, or its pages do not fit together")
	}
	return nil
}

// firstTime is the time of the first record that has one that could be read; zero if none has.
func (r *listReader[T]) firstTime(records []T) time.Time {
	for i := range records {
		if _, at := r.key(&records[i]); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

func (r *listReader[T]) lastTime(records []T) time.Time {
	for i := range slices.Backward(records) {
		if _, at := r.key(&records[i]); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// standsBefore reports whether a record stands before a time. One without a time does not count.
func (r *listReader[T]) standsBefore(record *T, at time.Time) bool {
	_, own := r.key(record)
	return !own.IsZero() && r.before(own, at)
}

// before reports whether a time stands before another in the list's order.
func (r *listReader[T]) before(a, b time.Time) bool {
	if r.ascending {
		return a.Before(b)
	}
	return a.After(b)
}

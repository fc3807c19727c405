package webhook

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// listed is an element of the API's list of events, which may be one that cannot be read.
type listed struct {
	byzantine.Event
	// at is CreatedAt. If CreatedAt cannot be read, it is zero until slice.sort sets it to the time of the next older
	// event in the list, or to the beginning of the slice.
	at time.Time
	// err says why the element cannot be read; then only its ID is set, or not even that. Nil if it was read.
	err error
}

// eachListed iterates over the elements of a slice, the newest first. An element that cannot be read is yielded with
// its err and a nil error. Any other error of the list is yielded as the error and ends the loop.
func (p *pass) eachListed(ctx context.Context, s *slice) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		for event, err := range p.Events.AllEvents(ctx, s.request()) {
			var partial *byzantine.PartialError
			switch {
			case errors.As(err, &partial):
				event.ID = partial.Elements[0].ID
			case err != nil:
				yield(listed{}, err)
				return
			case !s.has(&event):
				continue
			}
			if !yield(listed{Event: event, at: event.CreatedAt, err: err}, nil) {
				return
			}
		}
	}
}

// slice is a stretch of time, after < CreatedAt <= end, and the events that were read from it.
type slice struct {
	after, end     time.Time // a zero end means no end
	events         []listed
	oldest, newest time.Time // the earliest and latest readable CreatedAt of events; zero if there is none
}

func (s *slice) request() *byzantine.ListEventsRequest {
	request := &byzantine.ListEventsRequest{Limit: pageSize}
	if !s.end.IsZero() {
		request.CreatedBefore = s.end.Add(boundMargin)
	}
	if s.after.Unix() > 0 {
		request.CreatedAfter = s.after.Add(-boundMargin)
	}
	return request
}

// has reports whether the event is in the slice. An event whose CreatedAt cannot be read counts as in the slice,
// because the API listed it there.
func (s *slice) has(e *byzantine.Event) bool {
	return e.CreatedAt.IsZero() || e.CreatedAt.After(s.after) && (s.end.IsZero() || !e.CreatedAt.After(s.end))
}

// read reads the events of the slice and sorts them, the oldest first. If there are MaxHeldEvents, it stops and returns
// false: s.events then has the newest of the slice, unsorted. It does so even if there are no more than these, because
// finding that out would cost a request.
func (p *pass) read(ctx context.Context, s *slice) (complete bool, err error) {
	for event, err := range p.eachListed(ctx, s) {
		if err != nil {
			return false, err
		}
		if s.add(event); len(s.events) == MaxHeldEvents {
			return false, nil
		}
	}
	s.sort()
	return true, nil
}

func (s *slice) add(event listed) {
	s.events = append(s.events, event)
	at := event.at
	if at.IsZero() {
		return
	}
	if s.oldest.IsZero() || at.Before(s.oldest) {
		s.oldest = at
	}
	if at.After(s.newest) {
		s.newest = at
	}
}

// sort sorts events that were read newest first, so that the oldest is first. An event without a readable CreatedAt is
// put after the next older event in the list.
func (s *slice) sort() {
	slices.Reverse(s.events)
	at := s.after
	for i := range s.events {
		if s.events[i].at.IsZero() {
			s.events[i].at = at
		}
		at = s.events[i].at
	}
	slices.SortStableFunc(s.events, func(a, b listed) int { return a.at.Compare(b.at) })
}

// upTo returns the sorted events of a slice up to the time end, or all of them if no CreatedAt in it could be read.
func (s *slice) upTo(end time.Time) []listed {
	if s.newest.IsZero() {
		return s.events
	}
	n, _ := slices.BinarySearchFunc(s.events, end, func(e listed, end time.Time) int {
		if e.at.After(end) {
			return 1
		}
		return -1
	})
	return s.events[:n]
}

// reread finds out whether the next pass reads more events again than a store with a limited number of records holds.
// It keeps the times of the last limit+1 events that were handed over.
type reread struct {
	limit int // 0 for a store without a limit
	times []time.Time
	next  int // index of the time that was noted first, once times has limit+1 elements
}

// capacityOf returns how many events a store holds, 0 if it does not limit their number.
func capacityOf(s Store) int {
	if traced, ok := s.(*tracedStore); ok {
		s = traced.Store
	}
	if limited, ok := s.(interface{ Capacity() int }); ok {
		return limited.Capacity()
	}
	return 0
}

func (r *reread) note(at time.Time) {
	switch {
	case r.limit == 0:
	case len(r.times) <= r.limit:
		r.times = append(r.times, at)
	default:
		r.times[r.next] = at
		r.next = (r.next + 1) % len(r.times)
	}
}

// exceeds reports whether more than limit events that were created after the given time were handed over.
func (r *reread) exceeds(after time.Time) bool {
	return r.limit > 0 && len(r.times) > r.limit && r.times[r.next].After(after)
}

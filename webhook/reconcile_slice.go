package webhook

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// listed is an event of the history.
type listed struct {
	byzantine.Event
	// at is CreatedAt. Where that cannot be read, it is the CreatedAt of the next older event: the event itself is not
	// older than that.
	at time.Time
	// err says why the event cannot be read; then only its ID is set, or not even that.
	err error
}

// eachListed iterates over the events of a slice. An event that cannot be read is one of them; any other error ends the
// loop.
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
	oldest, newest time.Time // of the readable times of events; zero if there is none
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

// has reports whether the event is in the slice. An event whose time cannot be read is in it, because the API lists it
// there.
func (s *slice) has(e *byzantine.Event) bool {
	return e.CreatedAt.IsZero() || e.CreatedAt.After(s.after) && (s.end.IsZero() || !e.CreatedAt.After(s.end))
}

// read fills the slice, oldest event first. It is not complete if there are as many as may be held: whether there is
// one more would cost a request.
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

// sort puts the events, which came newest first, in order.
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

// upTo returns the events of a complete slice up to a time, or all of them if no time in it could be read.
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

// reread counts the events that the next pass reads again, for a store that holds a limited number of records. It keeps
// the times of the last events that were handed over, one more than the limit.
type reread struct {
	limit int // 0 for a store without a limit
	times []time.Time
	next  int // where in times the oldest is, once they are full
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

// exceeds reports whether more events than the store holds were handed over that were created after a time.
func (r *reread) exceeds(after time.Time) bool {
	return r.limit > 0 && len(r.times) > r.limit && r.times[r.next].After(after)
}

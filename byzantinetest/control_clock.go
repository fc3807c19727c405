package byzantinetest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// span is a duration in JSON and in queries: a text such as "1h30m" or "250ms".
type span time.Duration

func (d *span) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New("must be a duration such as 1h30m or 250ms")
	}
	*d = span(parsed)
	return nil
}

func (d span) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// SetTime sets the sandbox's clock, forward or back, and leaves it running or frozen as it is. What falls due on the way
// forward happens at its own time, as with [Sandbox.Advance]. It panics if the year is not from 1970 to 2200.
func (s *Sandbox) SetTime(t time.Time) {
	if err := checkTime(t); err != nil {
		panic(fmt.Sprintf("byzantinetest: SetTime: now: %v", err))
	}
	if ahead := t.Sub(s.Now()); ahead > 0 {
		s.Advance(ahead)
		return
	}
	s.lock()
	defer s.unlock()
	w := s.world
	w.clock.advance(t.Sub(w.clock.now()))
	w.lastEvent = time.Time{} // events are dated by the clock that was set
	w.setAlarm()
}

// Freeze stops the sandbox's clock at its current time, or lets it run again from there.
func (s *Sandbox) Freeze(frozen bool) {
	s.lock()
	defer s.unlock()
	w := s.world
	now := w.clock.now()
	if frozen {
		w.clock.stop(now)
	} else {
		w.clock = worldClock{moved: time.Until(now)}
	}
	w.setAlarm()
}

// Frozen says whether the sandbox's clock stands still.
func (s *Sandbox) Frozen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.clock.stopped
}

// checkTime rejects times that no clock can have. Differences between the others
// fit into a time.Duration, and a year of four digits into RFC 3339.
func checkTime(t time.Time) error {
	if t.Year() < 1970 || t.Year() > 2200 {
		return badRequest("must be between 1970 and 2200")
	}
	return nil
}

type clockView struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

func (s *Sandbox) clockView() (clockView, error) {
	return clockView{s.Now().UTC(), s.Frozen()}, nil
}

var clockControls = []control{
	route("getClock", "GET", "clock", "Now", "The sandbox's clock",
		func(_ context.Context, s *Sandbox, _ *none) (clockView, error) { return s.clockView() }),
	route("advanceClock", "POST", "clock/advance", "Advance", "Move the clock forward; what falls due on the way happens at its own time",
		func(_ context.Context, s *Sandbox, req *struct {
			Duration span `json:"duration"`
		}) (clockView, error) {
			if req.Duration <= 0 {
				return clockView{}, badRequest("duration: must be positive")
			}
			s.Advance(time.Duration(req.Duration))
			return s.clockView()
		}),
	route("setClock", "POST", "clock/set", "SetTime", "Set the clock: to a later time as advance does, to an earlier one without undoing anything",
		func(_ context.Context, s *Sandbox, req *struct {
			Now time.Time `json:"now"`
		}) (clockView, error) {
			if req.Now.IsZero() {
				return clockView{}, badRequest("now: missing")
			}
			s.SetTime(req.Now)
			return s.clockView()
		}),
	route("freezeClock", "POST", "clock/freeze", "Freeze", "Stop the clock where it is, or let it run on",
		func(_ context.Context, s *Sandbox, req *struct {
			Frozen bool `json:"frozen"`
		}) (clockView, error) {
			s.Freeze(req.Frozen)
			return s.clockView()
		}),
}

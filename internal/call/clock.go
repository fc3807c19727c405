package call

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// A clock is the time that signatures carry: the machine's, corrected by what a response has shown and a later one has
// proven. The Date of a response may be that of an intermediary whose clock is wrong, so that it is only ever a suspicion.
type clock struct {
	now        func() time.Time
	correction atomic.Int64 // nanoseconds to add, proven
	doubted    atomic.Bool  // a success has shown that the machine's clock needs no correction any more
	turn       atomic.Uint32
}

func (c *clock) kept() time.Duration { return time.Duration(c.correction.Load()) }

func (c *clock) time() time.Time { return c.now().Add(c.kept()) }

const (
	minSkew = 30 * time.Second // half of the window in which a signature counts
	maxSkew = time.Hour        // a clock that is further off has to be set by its owner
)

// A clockTrial is what one call knows of clocks. A correction that is being tried is used by this call only.
type clockTrial struct {
	correction time.Duration // by which the next attempt is signed
	trying     bool          // the correction is not proven
	healing    bool          // it is the trial whether the proven correction can go
	known      bool          // it does not come from a response: no correction, or the one that was proven before
	resent     bool          // the one extra request that a call may make for the clock was made
	first      *attempt      // the rejection that led to it
	skew       time.Duration // how far the clock was ahead by that response
	note       string        // that another clock did not help
}

// chooseClock sets the correction that the next attempt is signed by.
func (x *Exchange) chooseClock() {
	t, c := &x.clock, &x.caller.clock
	if t.trying {
		return
	}
	t.correction = c.kept()
	if t.correction != 0 && !t.resent && c.doubted.Swap(false) {
		t.correction, t.trying, t.healing, t.known = 0, true, true, true
	}
}

// settleClock draws the conclusions from an attempt that the table of retry.go has under "clock". It returns the attempt
// to go by, which is the first one if another clock did not help, and whether to send the request again with another
// clock. Authentication comes before handling, so a request that was rejected for its clock had no effect.
func (x *Exchange) settleClock(ctx context.Context, a *attempt) (by *attempt, resend bool) {
	t, c, status := &x.clock, &x.caller.clock, a.response.StatusCode
	switch {
	case !x.request.Dated || a.unsigned:
		return a, false
	case status == 0:
		t.trying = t.trying && !a.sent // what was not sent has not tried the clock
		return a, false
	}
	if t.trying {
		t.trying = false
		switch {
		case isSuccess(status) || (t.first != nil && t.first.response.StatusCode == http.StatusUnauthorized && passed(status)):
			if isSuccess(status) || !t.known {
				x.keepCorrection(ctx, a)
			}
			t.skew = 0
			return a, false
		case t.first != nil && t.healing: // the correction that was proven before knows better than its trial
			t.skew = 0
			return a, false
		case t.first != nil:
			c.turn.Add(1)
			if !rejected(status) {
				return a, false
			}
			t.note = fmt.Sprintf("a second attempt with the clock corrected was rejected too (%d)", status)
			x.last = t.first
			return t.first, false
		}
	}
	server, dated := serverTime(a.response.Header)
	ahead := a.answered.Sub(server) // the machine's clock
	if isSuccess(status) {
		if a.err == nil && dated && t.correction != 0 && ahead.Abs() < minSkew {
			c.doubted.Store(true)
		}
		return a, false
	}
	if t.resent || !x.findClock(status, ahead, dated) {
		return a, false
	}
	t.first, t.trying, t.resent = a, true, true
	x.log(ctx, slog.LevelWarn, "byzantine: the clock may be wrong", a, slog.Duration("ahead", ahead))
	return a, true
}

// findClock looks for another clock that may be the right one after a rejection: the response's, or that of the machine
// with the proven correction (without it, if the attempt had it). Where both are possible, what was proven comes first,
// and otherwise calls that do not get through take turns, so that a correction that was kept wrongly cannot lock the
// client out, whatever Date responses have.
func (x *Exchange) findClock(status int, ahead time.Duration, dated bool) bool {
	t, c := &x.clock, &x.caller.clock
	alternative := time.Duration(0)
	if t.healing {
		alternative = c.kept()
	}
	byResponse := false
	if off := ahead + t.correction; dated && refusedFor(status, off.Abs()) {
		t.skew = off
		byResponse = ahead.Abs() <= maxSkew
	}
	byMachine := refusedFor(status, (alternative - t.correction).Abs())
	switch {
	case byResponse && !(byMachine && (t.healing || c.turn.Load()%2 == 1)):
		t.correction, t.known = -ahead, false
	case byMachine:
		t.correction, t.known = alternative, true
	}
	return byResponse || byMachine
}

// keepCorrection makes the call's correction that of the client.
func (x *Exchange) keepCorrection(ctx context.Context, a *attempt) {
	before := time.Duration(x.caller.clock.correction.Swap(int64(x.clock.correction)))
	if (before - x.clock.correction).Abs() >= minSkew {
		x.log(ctx, slog.LevelWarn, "byzantine: clock corrected", a, slog.Duration("correction", x.clock.correction))
	}
}

// rejected reports whether a status says that a request was looked at and not taken.
func rejected(status int) bool {
	return status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// passed reports whether a status that is no success shows that a signature was accepted.
func passed(status int) bool { return rejected(status) && status != http.StatusUnauthorized }

// refusedFor reports whether a status with a clock so far off may mean that the clock was the reason. Which status the API
// gives to an old signature is not documented; one more than a minute old cannot have passed.
func refusedFor(status int, off time.Duration) bool {
	switch status {
	case http.StatusUnauthorized:
		return off > minSkew
	case http.StatusBadRequest, http.StatusForbidden:
		return off > 2*minSkew
	}
	return false
}

// serverTime is when a response was made. The Date of one that carries Age is that of a cache's copy.
func serverTime(h http.Header) (time.Time, bool) {
	if len(h.Values("Age")) > 0 {
		return time.Time{}, false
	}
	at, err := http.ParseTime(h.Get("Date"))
	return at, err == nil
}

package call

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// A clock gives the time that signatures carry: the machine's time plus a correction. The correction comes from the
// Date of a response and is kept only after a later response has proven it, because the Date may come from an
// intermediary whose clock is wrong.
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

// A clockTrial is the state of one call's attempts to find the right clock. Only this call uses a correction that is
// being tried.
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

// chooseClock sets the correction for the signature of the next attempt.
func (x *Exchange) chooseClock() {
	t, c := &x.clock, &x.caller.clock
	if t.trying {
		return
	}
	t.correction = c.kept()
	if t.correction != 0 && !t.resent && x.attempts < x.maxAttempts() && c.doubted.Swap(false) {
		t.correction, t.trying, t.healing, t.known = 0, true, true, true
	}
}

// settleClock applies the rules that retry.go lists under "The clock" to an attempt. It returns the attempt that
// decides the call, which is the first one if another clock did not help, and whether to send the request again with
// another clock. Authentication comes before handling, so a request that was rejected for its clock had no effect.
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
	if isSuccess(status) && t.correction == 0 {
		return a, false
	}
	server, dated := serverTime(a.response.Header)
	ahead := a.responded.Sub(server) // the machine's clock
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

// findClock looks for another clock that may be the right one after a rejection: the response's, or the machine's with
// the proven correction (without it, if the attempt used it). If both are possible, a call that tests whether the
// proven correction can go uses the proven one; other calls that fail alternate between the two. So a wrong correction
// that was kept cannot lock the client out, whatever Date the responses have.
func (x *Exchange) findClock(status int, ahead time.Duration, dated bool) bool {
	t, c := &x.clock, &x.caller.clock
	alternative := time.Duration(0)
	if t.healing {
		alternative = c.kept()
	}
	byResponse := false
	if off := ahead + t.correction; dated && rejectedFor(status, off.Abs()) {
		t.skew = off
		byResponse = ahead.Abs() <= maxSkew
	}
	byMachine := rejectedFor(status, (alternative - t.correction).Abs())
	switch {
	case byResponse && !(byMachine && (t.healing || c.turn.Load()%2 == 1)):
		t.correction, t.known = -ahead, false
	case byMachine:
		t.correction, t.known = alternative, true
	}
	return byResponse || byMachine
}

// keepCorrection makes the call's correction the client's.
func (x *Exchange) keepCorrection(ctx context.Context, a *attempt) {
	before := time.Duration(x.caller.clock.correction.Swap(int64(x.clock.correction)))
	if (before - x.clock.correction).Abs() >= minSkew {
		x.log(ctx, slog.LevelWarn, "byzantine: clock corrected", a, slog.Duration("correction", x.clock.correction))
	}
}

// rejected reports whether a status says that the server examined the request and did not accept it.
func rejected(status int) bool {
	return status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// passed reports whether a status other than a success shows that the signature was accepted.
func passed(status int) bool { return rejected(status) && status != http.StatusUnauthorized }

// rejectedFor reports whether the clock may be the reason for a status, if it is off by this much. The API does not
// document the status for an old signature; a signature that is off by more than a minute cannot have been accepted.
func rejectedFor(status int, off time.Duration) bool {
	switch status {
	case http.StatusUnauthorized:
		return off > minSkew
	case http.StatusBadRequest, http.StatusForbidden:
		return off > 2*minSkew
	}
	return false
}

// serverTime returns when a response was made, by its Date. A response with an Age header is a cached copy with an old
// Date, so it gives no time.
func serverTime(h http.Header) (time.Time, bool) {
	if len(h.Values("Age")) > 0 {
		return time.Time{}, false
	}
	at, err := http.ParseTime(h.Get("Date"))
	return at, err == nil
}

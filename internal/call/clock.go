package call

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// A clock gives the time that signatures contain: the machine's time plus a correction. The correction comes from the
// Date of a response and is kept only after the server has accepted a signature with it, because the Date may come from
// an intermediary whose clock is wrong.
type clock struct {
	now        func() time.Time
	correction atomic.Int64 // nanoseconds to add to now; a signature with it was accepted
	doubted    atomic.Bool  // the Date of a success agreed with the machine's clock, so the correction may not be needed any more
	turn       atomic.Uint32
}

func (c *clock) kept() time.Duration { return time.Duration(c.correction.Load()) }

func (c *clock) time() time.Time { return c.now().Add(c.kept()) }

const (
	minSkew = 30 * time.Second // half of the 60 seconds for which a signature is valid
	maxSkew = time.Hour        // a larger difference is reported, not corrected
)

// A clockTrial is the state of one call's search for the right clock. A correction that this call is trying is not used
// by other calls.
type clockTrial struct {
	correction time.Duration // added to the machine's clock in the next attempt's signature
	trying     bool          // the next attempt shows whether correction is right
	healing    bool          // this call tries whether the client can do without its kept correction
	known      bool          // correction is zero or the kept one; otherwise it comes from a response
	resent     bool          // the request was sent again because of the clock, which happens once in a call
	first      *attempt      // the attempt whose rejection led to another clock; nil if none did
	skew       time.Duration // how far the signed time was ahead of the rejecting response's Date; 0 if that is not the reason any more
	note       string        // for the error: that the attempt with another clock was rejected too
}

// chooseClock sets the correction for the signature of the next attempt: the kept one, unless one is being tried
// already. If the Date of an earlier success agreed with the machine's clock, this attempt tries to do without a
// correction.
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

// settleClock applies the rules that retry.go lists under "The clock" to the result a of an attempt. It returns the
// attempt that decides the call: a, or the first one if the server rejected the second clock as well. resend reports
// whether the request is to be sent again with another clock. Authentication comes before handling, so a request that
// was rejected because of its clock had no effect.
func (x *Exchange) settleClock(ctx context.Context, a *attempt) (by *attempt, resend bool) {
	t, c, status := &x.clock, &x.caller.clock, a.response.StatusCode
	switch {
	case !x.request.Dated || a.unsigned:
		return a, false
	case status == 0:
		t.trying = t.trying && !a.sent // an attempt that was not sent does not show whether its clock is right
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
		case t.first != nil && t.healing: // the attempt with the kept correction decides, not the one without it
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
		return a, false // as in most calls; the Date is not needed
	}
	server, dated := serverTime(a.response.Header)
	ahead := a.responded.Sub(server) // by how much the machine's clock is ahead of the response's
	if isSuccess(status) {
		if a.err == nil && dated && ahead.Abs() < minSkew {
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

// findClock looks for another clock after a response with the given status, and sets it for the next attempt. It
// reports whether there is one. ahead is by how much the machine's clock is ahead of the response's; dated is false if
// the response has no time.
//
// There are two candidates: the response's clock, and the machine's clock, without a correction or, in a healing call,
// with the kept one. Each counts only if its difference from the time that was signed explains the rejection (see
// rejectedFor). If both count, a healing call uses the kept correction, and all other calls take the candidate whose turn
// it is: settleClock changes c.turn whenever the response to a second attempt does not prove the second clock right. So a
// wrong correction that was kept cannot lock the client out, whatever Date the responses have.
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

// keepCorrection stores the correction that this call has tried in the client, which uses it for later calls.
func (x *Exchange) keepCorrection(ctx context.Context, a *attempt) {
	before := time.Duration(x.caller.clock.correction.Swap(int64(x.clock.correction)))
	if (before - x.clock.correction).Abs() >= minSkew {
		x.log(ctx, slog.LevelWarn, "byzantine: clock corrected", a, slog.Duration("correction", x.clock.correction))
	}
}

// rejected reports whether a status says that the server examined the request and did not accept it: 4xx other than 408
// and 429.
func rejected(status int) bool {
	return status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// passed reports whether an error status shows that the signature was accepted: the status is one of rejected, but not
// 401.
func passed(status int) bool { return rejected(status) && status != http.StatusUnauthorized }

// rejectedFor reports whether the clock may be the reason for a status, if the signed time is off by off. The API does
// not document the status for an old signature. A 401 may be one from 30 seconds on, a 400 or 403 only from 60 seconds
// on, when the signature cannot have been accepted.
func rejectedFor(status int, off time.Duration) bool {
	switch status {
	case http.StatusUnauthorized:
		return off > minSkew
	case http.StatusBadRequest, http.StatusForbidden:
		return off > 2*minSkew
	}
	return false
}

// serverTime returns the time of a response from its Date header, and whether there is one. A response with an Age
// header is a cached copy with an old Date, so it gives no time.
func serverTime(h http.Header) (time.Time, bool) {
	if len(h.Values("Age")) > 0 {
		return time.Time{}, false
	}
	at, err := http.ParseTime(h.Get("Date"))
	return at, err == nil
}

package byzantine

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// What is sent again, and what the caller learns. "Sent" means that headers were written.
//
//	what happened                                  GET              anything else
//	unknown host, certificate refused, signer      error            error
//	  failed, context over before sending
//	dial or TLS handshake failed, nothing sent     again            again
//	sent, then reset, timeout, cut answer          again            ErrOutcomeUnknown
//	429                                            again            error
//	500, 502, 503, 504                             again            ErrOutcomeUnknown
//	other 5xx                                      error            ErrOutcomeUnknown
//	2xx that is too large or cannot be decoded     error            ErrOutcomeUnknown
//	3xx, other 4xx                                 error            error
//	refused because of the clock                   again, once      again, once
//
// A POST to another API that knows it again by its bytes (see bridge.go) is sent again like a GET.
const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 8 * time.Second
	maxRetryAfter = 30 * time.Second
)

// run sends the request until there is an answer to go by. nil means a success, read completely.
func (x *exchange) run(ctx context.Context) error {
	if ctx.Err() != nil {
		return x.failure(&attempt{err: contextError(ctx)}, nil)
	}
	for {
		x.attempts++
		a := x.attempt(ctx)
		x.sent = x.sent || a.sent
		x.log(ctx, slog.LevelDebug, "byzantine: attempt", a, slog.Duration("duration", a.duration))
		clockWrong := x.checkClock(ctx, a)
		if a.succeeded() {
			return nil
		}
		wait, again := x.next(ctx, a, clockWrong)
		if !again || x.attempts >= x.client.maxAttempts {
			return x.failure(a, nil)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return x.failure(a, fmt.Errorf("not tried again: the context ends before the wait of %s is over", wait.Round(time.Millisecond)))
		}
		x.log(ctx, slog.LevelWarn, "byzantine: sending again", a, slog.Duration("wait", wait))
		if !sleep(ctx, wait) {
			return x.failure(a, fmt.Errorf("not tried again: %w", contextError(ctx)))
		}
	}
}

// next decides by the table above whether the request is sent again after a failed attempt, and after what wait.
func (x *exchange) next(ctx context.Context, a *attempt, clockWrong bool) (wait time.Duration, again bool) {
	switch {
	case clockWrong:
		return 0, true // only the signature was at fault
	case a.err != nil && ctx.Err() != nil:
		return 0, false
	case a.err != nil && !a.sent:
		return x.backoff(), !a.unsigned && !hopeless(a.err)
	case !x.op.Retryable:
		return 0, false
	case a.err != nil:
		return x.backoff(), true
	}
	return max(x.backoff(), retryAfter(a.response.Header, x.client.clock.time())), transient(a.response.StatusCode)
}

// hopeless reports whether an attempt that sent nothing would end the same way again.
func hopeless(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || (errors.As(err, &dns) && dns.IsNotFound)
}

// transient reports whether a status is worth another try of a GET.
func transient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// backoff is exponential with full jitter, so that clients that failed together do not come back together.
func (x *exchange) backoff() time.Duration {
	ceiling := min(maxBackoff, firstBackoff<<min(x.attempts-1, 10))
	return rand.N(ceiling)
}

// retryAfter reads the header (RFC 9110, section 10.2.3), seconds or a date, up to a cap; 0 if there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if server, ok := serverTime(h); ok {
		now = server // the date is by the server's clock
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// sleep waits and reports whether the context is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// clock is the time that signatures carry: the machine's, corrected by what the server's answers show.
type clock struct {
	now        func() time.Time
	correction atomic.Int64 // nanoseconds to add
}

func (c *clock) time() time.Time { return c.now().Add(time.Duration(c.correction.Load())) }

const (
	minSkew = 30 * time.Second // half of the window in which a signature counts
	maxSkew = time.Hour        // a clock that is further off is for people to set
)

// checkClock compares the server's clock with the one that the attempt was signed by. If that is why it was refused, the
// clock is corrected for all calls, and the request may be sent once more: authentication comes before handling, so a
// refused request had no effect. A correction that is not needed any more is dropped.
func (x *exchange) checkClock(ctx context.Context, a *attempt) (resend bool) {
	c := &x.client.clock
	server, ok := serverTime(a.response.Header)
	if !ok || !x.op.Signed {
		return false
	}
	ahead := a.answered.Sub(server) // the machine's clock
	off := ahead + a.correction     // the one that was signed by
	if !refusedFor(a.response.StatusCode, off.Abs()) {
		if ahead.Abs() < minSkew && c.correction.Swap(0) != 0 {
			x.log(ctx, slog.LevelInfo, "byzantine: the clock is right again", a)
		}
		return false
	}
	x.skew = cmp.Or(x.skew, off)
	if ahead.Abs() > maxSkew {
		return false
	}
	c.correction.Store(int64(-ahead))
	x.log(ctx, slog.LevelWarn, "byzantine: clock corrected", a, slog.Duration("ahead", ahead))
	resend = !x.resigned
	x.resigned = true
	return resend
}

// refusedFor reports whether a status with a clock so far off means that the clock was the reason. Which status the API
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

// serverTime is when an answer was made. The Date of one that carries Age is that of a cache's copy.
func serverTime(h http.Header) (time.Time, bool) {
	if len(h.Values("Age")) > 0 {
		return time.Time{}, false
	}
	at, err := http.ParseTime(h.Get("Date"))
	return at, err == nil
}

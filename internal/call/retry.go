package call

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// The table says what is sent again and which error the caller gets. "Sent" means that the server may have the request;
// a request counts as not sent only if that is proven (see guard.sent). "GET" means every call that only reads,
// whatever its method.
//
//	what happened                                  GET              anything else
//	unknown host, certificate rejected, signer     error            error
//	  failed, context over before sending
//	dial or TLS handshake failed, nothing sent     again            again
//	sent, then reset, timeout, cut response        again            ErrOutcomeUnknown
//	sent, then the context ended                   error            ErrOutcomeUnknown
//	429                                            again            error
//	500, 502, 503, 504                             again            ErrOutcomeUnknown
//	  ... any of these with a Retry-After above    error, with      as without it
//	  30 s                                         the value
//	101, other 5xx                                 error            ErrOutcomeUnknown
//	2xx that is too large or cannot be decoded     error            ErrOutcomeUnknown
//	303, 408                                       error            ErrOutcomeUnknown
//	other 3xx, other 4xx                           error            error
//
// The clock. A 401 whose Date is more than 30 s from the time that was signed, and a 400 or 403 more than 60 s from it,
// may be a rejection of the signature's time. Such a request had no effect, so it is sent again with the clock of the
// response, once in a call. The result of that second attempt decides:
//
//	2xx                                            success; the correction is kept for later calls
//	4xx but 401, 408, 429, after a 401             that error; the correction is kept
//	other 4xx but 408, 429                         the first error; the correction is dropped
//	anything else that was sent                    as in the table above; the correction is dropped
//	nothing sent                                   again as in the table above, with the correction; the first error in
//	                                               the end
//
// If the Date is more than an hour off, the error says so and nothing is corrected. A correction that was kept is
// tested against the machine's clock in the same way: after a 401, 400 or 403 that it may have caused, and after a
// success whose Date agrees with the machine's clock.
//
// A POST to another API that recognises a repeated request by its bytes (Request.Repeatable) is sent again like a GET. If
// it fails in the end, its outcome is unknown if any of its attempts left it unknown, whatever the last response was.
const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 8 * time.Second
	maxRetryAfter = 30 * time.Second
)

// MaxOutage is the longest time for which a loop that polls goes on while the server only fails or asks to wait.
const MaxOutage = 5 * time.Minute

// mayHaveTakenEffect reports whether a request that changes something may have done so although its response, which has
// this status, is an error or cannot be read. For a status of success it is called only if the response cannot be read.
func mayHaveTakenEffect(status int) bool {
	return status < 300 || status >= 500 || status == http.StatusSeeOther || status == http.StatusRequestTimeout
}

// Run sends the request, and sends it again where the table allows it. It returns nil after a success whose body was
// read completely, and a Failure otherwise.
func (x *Exchange) Run() *Failure {
	ctx := x.ctx
	if ctx.Err() != nil {
		return x.failure(&attempt{err: ContextError(ctx)}, nil)
	}
	for {
		x.attempts++
		x.chooseClock()
		a := x.attempt(ctx)
		x.log(ctx, slog.LevelDebug, "byzantine: attempt", a, slog.Duration("duration", a.duration))
		a, clockWrong := x.settleClock(ctx, a)
		if a.succeeded() {
			return nil
		}
		if !clockWrong {
			x.sent = x.sent || a.sent
			x.open = x.open || a.leavesOpen()
		}
		wait, again := x.next(ctx, a, clockWrong)
		if !again || x.attempts >= x.maxAttempts() {
			return x.failure(a, nil)
		}
		if wait > maxRetryAfter {
			return x.failure(a, fmt.Errorf("not tried again: the server asks to wait %s, and this client waits %s at most", wait, maxRetryAfter))
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return x.failure(a, fmt.Errorf("not tried again: the context ends before the wait of %s is over", wait.Round(time.Millisecond)))
		}
		x.log(ctx, slog.LevelWarn, "byzantine: sending again", a, slog.Duration("wait", wait))
		if !Sleep(ctx, wait) {
			return x.failure(a, fmt.Errorf("not tried again: %w", ContextError(ctx)))
		}
	}
}

func (x *Exchange) maxAttempts() int { return cmp.Or(x.request.MaxAttempts, x.caller.maxAttempts) }

// next decides by the table above whether the request is sent again after the failed attempt a, and how long to wait
// before that. clockWrong says that settleClock has found another clock to try.
func (x *Exchange) next(ctx context.Context, a *attempt, clockWrong bool) (wait time.Duration, again bool) {
	switch {
	case clockWrong:
		return 0, true // only the time of the signature was wrong
	case a.err != nil && ctx.Err() != nil:
		return 0, false
	case a.err != nil && !a.sent:
		return x.backoff(ctx), !a.unsigned && !Hopeless(a.err)
	case !x.request.Repeatable:
		return 0, false
	case a.err != nil:
		return x.backoff(ctx), true
	}
	return max(x.backoff(ctx), RetryAfter(a.response.Header, x.caller.clock.time())), transient(a.response.StatusCode)
}

// Hopeless reports whether a request that could not be sent would fail in the same way again: the host is unknown, or
// its certificate was rejected.
func Hopeless(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || (errors.As(err, &dns) && dns.IsNotFound)
}

// transient reports whether a request that only reads is sent again after this status.
func transient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Passing reports whether a later request of a loop that polls may succeed after this one failed. status is that of the
// response, or 0 if there was none; then err says why.
func Passing(status int, err error) bool {
	if status == 0 {
		return !Hopeless(err)
	}
	return status == http.StatusTooManyRequests || status >= 500
}

// backoff returns a random wait between 0 and a maximum that doubles with each attempt, from 500 ms to 8 s. Being
// random it keeps clients that failed together from retrying together.
func (x *Exchange) backoff(ctx context.Context) time.Duration {
	return jitter.UpTo(ctx, min(maxBackoff, firstBackoff<<min(x.attempts-1, 10)))
}

// RetryAfter returns the wait that the Retry-After header asks for, in seconds or as a date (RFC 9110, section 10.2.3).
// A date is compared with the response's Date if there is one, otherwise with now. It returns 0 if there is no valid
// value.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(math.MaxInt64/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if server, ok := serverTime(h); ok {
		now = server // the date was written with the server's clock
	}
	return max(at.Sub(now), 0)
}

// Sleep waits for d, or until the context ends, and reports whether the context has not ended.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

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

// What is sent again, and what the caller learns. "Sent" means that the server may have the request; that it has not needs
// proof (see guard.sent). A call that only reads is a GET here, whatever its method.
//
//	what happened                                  GET              anything else
//	unknown host, certificate rejected, signer     error            error
//	  failed, context over before sending
//	dial or TLS handshake failed, nothing sent     again            again
//	sent, then reset, timeout, cut response        again            ErrOutcomeUnknown
//	sent, then the context ended                   error            ErrOutcomeUnknown
//	429                                            again            error
//	500, 502, 503, 504                             again            ErrOutcomeUnknown
//	  ... 429 or 503 with a Retry-After above      error, with      as without it
//	  30 s                                         the value
//	101, other 5xx                                 error            ErrOutcomeUnknown
//	2xx that is too large or cannot be decoded     error            ErrOutcomeUnknown
//	303, 408                                       error            ErrOutcomeUnknown
//	other 3xx, other 4xx                           error            error
//
// The clock. A 401 whose Date is more than 30 s from the time that was signed, and a 400 or 403 more than 60 s from it, may
// be a rejection of the signature's time. It had no effect then, so the request is sent again with the clock of the
// response, once in a call. By what that second attempt meets:
//
//	2xx                                            success; the correction is kept for later calls
//	4xx but 401, 408, 429, after a 401             that error; the correction is kept
//	other 4xx but 408, 429                         the first error; the correction is dropped
//	anything else that was sent                    as in the table above; the correction is dropped
//	nothing sent                                   as in the table above; the correction is tried again
//
// A Date more than an hour off is only named in the error. A kept correction is tested against the machine's clock in the
// same way: after a 401, 400 or 403 that it may be the reason of, and after a success whose Date agrees with the machine.
//
// A POST to another API that knows it again by its bytes (Request.Repeatable) is sent again like a GET.
const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 8 * time.Second
	maxRetryAfter = 30 * time.Second
)

// mayHaveTakenEffect reports whether a response with a status leaves open what became of a request that does not only
// read. A success is asked about here only if it cannot be read.
func mayHaveTakenEffect(status int) bool {
	return status < 300 || status >= 500 || status == http.StatusSeeOther || status == http.StatusRequestTimeout
}

// Run sends the request until there is a response to go by. nil means a success, read completely.
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
		x.sent = x.sent || (a.sent && !clockWrong)
		wait, again := x.next(ctx, a, clockWrong)
		if !again || x.attempts >= cmp.Or(x.request.MaxAttempts, x.caller.maxAttempts) {
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

// next decides by the table above whether the request is sent again after a failed attempt, and after what wait.
func (x *Exchange) next(ctx context.Context, a *attempt, clockWrong bool) (wait time.Duration, again bool) {
	switch {
	case clockWrong:
		return 0, true // only the signature was at fault
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

// Hopeless reports whether an attempt that sent nothing would end the same way again.
func Hopeless(err error) bool {
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

// Passing reports whether a failed poll says nothing about the next one: status is that of the response, or 0 if err came
// in its place.
func Passing(status int, err error) bool {
	if status == 0 {
		return !Hopeless(err)
	}
	return status == http.StatusTooManyRequests || status >= 500
}

// backoff is exponential with full jitter, so that clients that failed together do not come back together.
func (x *Exchange) backoff(ctx context.Context) time.Duration {
	return jitter.UpTo(ctx, min(maxBackoff, firstBackoff<<min(x.attempts-1, 10)))
}

// RetryAfter reads the header (RFC 9110, section 10.2.3), seconds or a date; 0 if there is none.
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
		now = server // the date is by the server's clock
	}
	return max(at.Sub(now), 0)
}

// Sleep waits and reports whether the context is still alive.
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

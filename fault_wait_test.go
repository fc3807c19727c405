package byzantine_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// The tests of this file run with synctest's clock: waits take no real time, and their lengths are exact.

// attemptTimes makes a GET whose attempts get the responses of reply. It returns when each attempt was sent, and the
// call's error.
func attemptTimes(t *testing.T, reply func() *http.Response, opts ...byzantine.Option) ([]time.Time, error) {
	var times []time.Time
	client := newTestClient(t, byzantine.SandboxURL, append(opts, over(roundTripper(func(*http.Request) (*http.Response, error) {
		times = append(times, time.Now())
		return reply(), nil
	})))...)
	_, err := client.Whoami(t.Context())
	return times, err
}

func TestBackoffIsExponentialWithFullJitter(t *testing.T) {
	ceilings := []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second,
	}
	synctest.Test(t, func(t *testing.T) {
		waits := make([][]time.Duration, len(ceilings))
		for range 100 {
			times, err := attemptTimes(t, func() *http.Response { return newResponse(503, nil, "") }, byzantine.WithMaxAttempts(len(ceilings)+1))
			require.ErrorIs(t, err, byzantine.ErrServer)
			require.Len(t, times, len(ceilings)+1)
			for i := range ceilings {
				waits[i] = append(waits[i], times[i+1].Sub(times[i]))
			}
		}
		for i, ceiling := range ceilings {
			least, most := waits[i][0], waits[i][0]
			for _, wait := range waits[i] {
				least, most = min(least, wait), max(most, wait)
			}
			assert.GreaterOrEqual(t, least, time.Duration(0))
			assert.Less(t, most, ceiling)
			// A hundred samples that leave out a fifth of the range come up once in 10^9 runs.
			assert.Less(t, least, ceiling/5)
			assert.Greater(t, most, ceiling*4/5)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	httpDate := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	const (
		jitter  = -1 // the header has no effect: the wait is the ordinary backoff, below half a second
		givenUp = -2
	)
	for _, c := range []struct {
		name   string
		header func() http.Header
		want   time.Duration
	}{
		{"none", func() http.Header { return nil }, jitter},
		{"seconds", func() http.Header { return http.Header{"Retry-After": {"5"}} }, 5 * time.Second},
		{"zero", func() http.Header { return http.Header{"Retry-After": {"0"}} }, jitter},
		{"the longest", func() http.Header { return http.Header{"Retry-After": {"30"}} }, 30 * time.Second},
		{"above the cap", func() http.Header { return http.Header{"Retry-After": {"31"}} }, givenUp},
		{"far above the cap", func() http.Header { return http.Header{"Retry-After": {"3600"}} }, givenUp},
		{"too large for an integer", func() http.Header { return http.Header{"Retry-After": {"99999999999999999999"}} }, givenUp},
		{"negative", func() http.Header { return http.Header{"Retry-After": {"-5"}} }, jitter},
		{"no number and no date", func() http.Header { return http.Header{"Retry-After": {"soon"}} }, jitter},
		{"date", func() http.Header { return http.Header{"Retry-After": {httpDate(7 * time.Second)}} }, 7 * time.Second},
		{"date in the past", func() http.Header { return http.Header{"Retry-After": {httpDate(-time.Hour)}} }, jitter},
		{"date above the cap", func() http.Header { return http.Header{"Retry-After": {httpDate(24 * time.Hour)}} }, givenUp},
		{"date by the server's clock", func() http.Header {
			return http.Header{"Date": {httpDate(10 * time.Minute)}, "Retry-After": {httpDate(10*time.Minute + 7*time.Second)}}
		}, 7 * time.Second},
		{"date in a cached response", func() http.Header {
			return http.Header{"Age": {"60"}, "Date": {httpDate(-time.Minute)}, "Retry-After": {httpDate(7 * time.Second)}}
		}, 7 * time.Second},
	} {
		for _, status := range []int{429, 503} {
			t.Run(c.name+"/"+strconv.Itoa(status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					times, err := attemptTimes(t, func() *http.Response { return newResponse(status, c.header(), "") }, byzantine.WithMaxAttempts(2))
					require.Error(t, err)
					if c.want == givenUp {
						assert.Len(t, times, 1)
						assert.ErrorContains(t, err, "not tried again: the server asks to wait ")
						return
					}
					require.Len(t, times, 2)
					wait := times[1].Sub(times[0])
					if c.want == jitter {
						assert.Less(t, wait, 500*time.Millisecond)
					} else {
						assert.Equal(t, c.want, wait)
					}
				})
			})
		}
	}
}

// A wait that would end after the context's deadline is not begun.
func TestNoWaitBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		requests := 0
		client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
			requests++
			return newResponse(503, http.Header{"Retry-After": {"5"}}, ""), nil
		})))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := client.Whoami(ctx)
		assert.Equal(t, 1, requests)
		assert.Zero(t, time.Since(started))
		assertFailure(t, testCalls[0], want{
			requests: 1, status: 503, is: byzantine.ErrServer, message: "not tried again: the context ends before the wait of 5s is over",
		}, err)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the context is not over yet")
	})
}

func TestNoWaitBeyondTheDeadlineAfterAFailedDial(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newTestClient(t, byzantine.SandboxURL, over(refusingTransport(new(int))))
				ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond) // shorter than any backoff except 0
				defer cancel()
				err := call.do(ctx, client)
				assertFailure(t, call, want{attempts: 1, unsent: true, is: errRefused, message: "connection refused; not tried again: the context ends"}, err)
			})
		})
	}
}

// errRefused is the error of every dial of a refusingTransport.
var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

func refusingTransport(dials *int) *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		*dials++
		return nil, errRefused
	}}
}

func TestCancelledWhileWaiting(t *testing.T) {
	cause := errors.New("shutting down")
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dials := 0
				client := newTestClient(t, byzantine.SandboxURL, over(refusingTransport(&dials)))
				ctx, cancel := context.WithCancelCause(t.Context())
				failed := make(chan error, 1)
				started := time.Now()
				go func() { failed <- call.do(ctx, client) }()
				synctest.Wait() // until the call waits to dial again
				cancel(cause)
				err := <-failed
				assert.Zero(t, time.Since(started))
				assert.Equal(t, 1, dials)
				assertFailure(t, call, want{attempts: 1, unsent: true, is: context.Canceled, message: "shutting down"}, err)
				assert.ErrorIs(t, err, cause)
				assert.ErrorIs(t, err, errRefused)
			})
		})
	}
	t.Run("after a response", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
				return newResponse(429, http.Header{"Retry-After": {"20"}}, "slow down"), nil
			})))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			started := time.Now()
			_, err := client.Whoami(ctx)
			assert.Equal(t, 3*time.Second, time.Since(started))
			assertFailure(t, testCalls[0], want{attempts: 1, status: 429, is: context.Canceled, message: "slow down; not tried again: context canceled"}, err)
		})
	})
}

// After a wait the request is signed again.
func TestSignedAfterTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(r *http.Request) (*http.Response, error) {
			r.RequestURI, r.Body = r.URL.RequestURI(), http.NoBody
			_, err := in.add(r, time.Now())
			return newResponse(503, http.Header{"Retry-After": {"30"}}, ""), err
		})))
		_, err := client.Whoami(t.Context())
		require.Error(t, err)
		require.Len(t, in.all(), 3)
		for _, r := range in.all() {
			assert.Equal(t, strconv.FormatInt(r.at.Unix(), 10), r.header.Get("X-Timestamp"))
		}
		assertEachSignedAnew(t, testCalls[0], in.all())
	})
}

// pipeTransport returns net/http's transport over connections in memory, which serve handles like those of a rawServer.
func pipeTransport(t *testing.T, serve func(*rawConn)) (*http.Transport, *rawServer) {
	server := &rawServer{}
	var running sync.WaitGroup
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		running.Go(func() {
			defer theirs.Close()
			serve(&rawConn{Conn: theirs, server: server, reader: bufio.NewReader(theirs)})
		})
		return ours, nil
	}}
	t.Cleanup(func() { transport.CloseIdleConnections(); running.Wait() })
	return transport, server
}

// TestAttemptTimeout has responses that never end. Each attempt ends after its timeout, and leaves no goroutine, which
// synctest would report.
func TestAttemptTimeout(t *testing.T) {
	silent := func(c *rawConn) {
		c.receive()
		c.untilClosed()
	}
	drip := func(c *rawConn) {
		c.receive()
		c.send(responseHead(200, "Content-Length: 1000000\n\n"))
		for {
			if _, err := io.WriteString(c, " "); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}
	const forGET, forTheRest = 30 * time.Second, 3 * time.Minute
	for _, c := range []struct {
		name       string
		serve      func(*rawConn)
		opts       []byzantine.Option
		get, write time.Duration // of one attempt
	}{
		{"no response", silent, nil, forGET, forTheRest},
		{"slow drip", drip, nil, forGET, forTheRest},
		{"no response, own timeout", silent, []byzantine.Option{byzantine.WithAttemptTimeout(5 * time.Second)}, 5 * time.Second, 5 * time.Second},
		{"slow drip, own timeout", drip, []byzantine.Option{byzantine.WithAttemptTimeout(5 * time.Second)}, 5 * time.Second, 5 * time.Second},
	} {
		for _, call := range testCalls {
			t.Run(c.name+"/"+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					transport, server := pipeTransport(t, c.serve)
					opts := append([]byzantine.Option{over(transport), byzantine.WithClock(tickingClock())}, c.opts...)
					started := time.Now()
					err := call.do(t.Context(), newTestClient(t, "http://127.0.0.1:1", opts...))
					w := want{requests: 1, unknown: true, is: context.DeadlineExceeded, message: "no response within " + c.write.String()}
					least, backoffs := c.write, time.Duration(0)
					if call.isGET() {
						w.requests, w.unknown, w.message = 3, false, "no response within "+c.get.String()
						least, backoffs = 3*c.get, 1500*time.Millisecond
					}
					assertOutcome(t, call, w, outcome{err: err, requests: server.all()})
					assert.GreaterOrEqual(t, time.Since(started), least)
					assert.LessOrEqual(t, time.Since(started), least+backoffs)
				})
			})
		}
	}
}

// The deadline of the context ends the whole call, even during an attempt.
func TestDeadlineDuringAnAttempt(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, server := pipeTransport(t, func(c *rawConn) {
					c.receive()
					c.untilClosed()
				})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				started := time.Now()
				err := call.do(ctx, newTestClient(t, "http://127.0.0.1:1", over(transport)))
				assert.Equal(t, 10*time.Second, time.Since(started))
				assertOutcome(t, call, want{requests: 1, unknown: !call.isGET(), is: context.DeadlineExceeded}, outcome{err: err, requests: server.all()})
				assert.NotContains(t, err.Error(), "no response within")
			})
		})
	}
}

// The timeout of a caller's http.Client applies to each attempt.
func TestHTTPClientTimeout(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, server := pipeTransport(t, func(c *rawConn) {
					c.receive()
					c.untilClosed()
				})
				client := newTestClient(t, "http://127.0.0.1:1", byzantine.WithClock(tickingClock()),
					byzantine.WithHTTPClient(&http.Client{Transport: transport, Timeout: 10 * time.Second}))
				started := time.Now()
				err := call.do(t.Context(), client)
				w := want{requests: 1, unknown: true, is: context.DeadlineExceeded}
				if call.isGET() {
					w.requests, w.unknown = 3, false
				}
				assertOutcome(t, call, w, outcome{err: err, requests: server.all()})
				assert.GreaterOrEqual(t, time.Since(started), time.Duration(w.requests)*10*time.Second)
			})
		})
	}
}

package byzantine_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// clockServer verifies signatures as the API does, by the real clock of the machine. The clients of these tests have
// wrongClocks.
type clockServer struct {
	*httptest.Server
	inbox
	rejection int                 // status of the response if the signature does not verify
	edit      func(http.Header)   // changes the headers of such a response
	reply     func(n int) (s int) // returns the status for the nth accepted request; nil for 200
}

func newClockServer(t *testing.T) *clockServer {
	s := &clockServer{rejection: http.StatusUnauthorized, edit: func(http.Header) {}}
	key := rfc6979Key(t).PublicKey()
	var accepted atomic.Int64
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, err := s.add(r, time.Now())
		assert.NoError(t, err)
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		if seen.verify(key) != nil {
			s.edit(w.Header())
			http.Error(w, "the signature is rejected", s.rejection)
			return
		}
		if n := int(accepted.Add(1)); s.reply != nil {
			w.WriteHeader(s.reply(n))
		}
		fmt.Fprint(w, anyResponse)
	}))
	t.Cleanup(s.Close)
	return s
}

// wrongClock is a clock that is ahead of the real time by an amount that the test sets.
type wrongClock struct{ ahead atomic.Int64 }

func newWrongClock(ahead time.Duration) *wrongClock {
	c := &wrongClock{}
	c.set(ahead)
	return c
}

func (c *wrongClock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }
func (c *wrongClock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }

func skewOf(t *testing.T, err error) time.Duration {
	t.Helper()
	var e *byzantine.Error
	require.ErrorAs(t, err, &e)
	return e.ClockSkew
}

func TestClockSkew(t *testing.T) {
	const near = 2 * time.Second // because Date has whole seconds
	for _, c := range []struct {
		name      string
		ahead     time.Duration
		rejection int
		edit      func(http.Header)
		requests  int
		skew      time.Duration // that the error names; 0 for none
		message   string
	}{
		{name: "right", requests: 1},
		{name: "ahead", ahead: 10 * time.Minute, requests: 2},
		{name: "behind", ahead: -10 * time.Minute, requests: 2},
		{name: "just too far ahead", ahead: 65 * time.Second, requests: 2},
		{name: "just too far behind", ahead: -65 * time.Second, requests: 2},
		{name: "ahead, rejected with 400", ahead: 10 * time.Minute, rejection: 400, requests: 2},
		{name: "behind, rejected with 403", ahead: -10 * time.Minute, rejection: 403, requests: 2},
		{name: "ahead, rejected with 404", ahead: 10 * time.Minute, rejection: 404, requests: 1, message: "404 Not Found"},
		{name: "nearly an hour ahead", ahead: 59 * time.Minute, requests: 2},
		{
			name: "just over an hour ahead", ahead: 61 * time.Minute, requests: 1, skew: 61 * time.Minute,
			message: "s ahead of the server's",
		},
		{
			name: "hours ahead", ahead: 3 * time.Hour, requests: 1, skew: 3 * time.Hour,
			message: "s ahead of the server's",
		},
		{
			name: "days behind", ahead: -48 * time.Hour, requests: 1, skew: -48 * time.Hour,
			message: "s behind the server's",
		},
		{
			name: "ahead, by a cached response", ahead: 10 * time.Minute, requests: 1,
			edit: func(h http.Header) { h.Set("Age", "600") }, message: "401 Unauthorized",
		},
		{
			name: "ahead, with an empty Age", ahead: 10 * time.Minute, requests: 1,
			edit: func(h http.Header) { h["Age"] = []string{""} }, message: "401 Unauthorized",
		},
		{
			name: "ahead, no date", ahead: 10 * time.Minute, requests: 1,
			edit: func(h http.Header) { h["Date"] = nil }, message: "401 Unauthorized",
		},
		{
			name: "ahead, no valid date", ahead: 10 * time.Minute, requests: 1,
			edit: func(h http.Header) { h.Set("Date", "today") }, message: "401 Unauthorized",
		},
	} {
		for _, call := range testCalls {
			t.Run(c.name+"/"+call.method, func(t *testing.T) {
				server := newClockServer(t)
				if c.rejection != 0 {
					server.rejection = c.rejection
				}
				if c.edit != nil {
					server.edit = c.edit
				}
				client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(c.ahead).now))
				err := call.do(t.Context(), client)
				requests := server.all()
				assert.Len(t, requests, c.requests)
				for _, r := range requests {
					assert.Equal(t, call.body, string(r.body), "each time in full")
				}
				if c.message == "" {
					assert.NoError(t, err)
					require.NoError(t, call.do(t.Context(), client))
					assert.Len(t, server.all(), c.requests+1, "the correction is kept")
					return
				}
				assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
				assert.ErrorContains(t, err, c.message)
				assert.InDelta(t, c.skew, skewOf(t, err), float64(near))
			})
		}
	}
}

// The clock is not taken for the reason of a rejection if it is off by less than the 60 seconds that a signature allows;
// for a 401 the limit is 30 seconds.
func TestSmallSkewIsNotTheReason(t *testing.T) {
	for _, c := range []struct {
		status   int
		ahead    time.Duration
		requests int
	}{
		{401, 25 * time.Second, 1}, {401, -25 * time.Second, 1}, {401, 35 * time.Second, 2}, {401, -35 * time.Second, 2},
		{400, 55 * time.Second, 1}, {400, -55 * time.Second, 1}, {403, 55 * time.Second, 1},
	} {
		t.Run(fmt.Sprint(c.status, " ", c.ahead), func(t *testing.T) {
			server := newClockServer(t)
			server.reply = func(int) int { return c.status }
			client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(c.ahead).now))
			_, err := client.Whoami(t.Context())
			assert.Len(t, server.all(), c.requests)
			if c.requests == 1 {
				assert.Zero(t, skewOf(t, err))
			} else {
				assert.InDelta(t, c.ahead, skewOf(t, err), float64(2*time.Second))
			}
		})
	}
}

// With a maximum of one attempt there is no second one that could prove a correction. So each error names the skew, and
// the machine's clock has to be set.
func TestClockSkewWithOneAttempt(t *testing.T) {
	for _, call := range testCalls {
		server := newClockServer(t)
		client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(-10*time.Minute).now), byzantine.WithMaxAttempts(1))
		for n := range 2 {
			err := call.do(t.Context(), client)
			assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
			assert.InDelta(t, -10*time.Minute, skewOf(t, err), float64(2*time.Second))
			assert.Len(t, server.all(), n+1)
		}
	}
}

// The error names the skew that was measured first, even if the second attempt failed for another reason.
func TestErrorNamesTheFirstSkew(t *testing.T) {
	server := newClockServer(t)
	server.reply = func(int) int { return http.StatusUnauthorized }
	for _, call := range testCalls {
		client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(20*time.Minute).now))
		err := call.do(t.Context(), client)
		assert.InDelta(t, 20*time.Minute, skewOf(t, err), float64(2*time.Second))
		assert.ErrorContains(t, err, "2 attempts")
		assert.ErrorContains(t, err, "ahead of the server's; the key or the signature was rejected, or the account is not yours")
	}
}

// The error names the first skew, even if the second response has yet another date.
func TestErrorNamesTheFirstOfTwoSkews(t *testing.T) {
	ahead := 10 * time.Minute
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-ahead).UTC().Format(http.TimeFormat))
		ahead += 20 * time.Minute
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	_, err := newTestClient(t, server.URL).Whoami(t.Context())
	assert.InDelta(t, 10*time.Minute, skewOf(t, err), float64(2*time.Second))
	assert.ErrorContains(t, err, "2 attempts", "corrected once in a call")
}

// If a request is sent again because of the clock and then gets a 500, its outcome is unknown.
func TestOutcomeUnknownAfterACorrection(t *testing.T) {
	for _, call := range testCalls[1:] {
		server := newClockServer(t)
		server.reply = func(int) int { return http.StatusInternalServerError }
		client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(20*time.Minute).now))
		err := call.do(t.Context(), client)
		assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, byzantine.ErrServer)
		assert.Len(t, server.all(), 2)
	}
}

// A correction is dropped when the machine's clock was set right.
func TestClockCorrectionHeals(t *testing.T) {
	server := newClockServer(t)
	clock := newWrongClock(10 * time.Minute)
	client := newTestClient(t, server.URL, byzantine.WithClock(clock.now))
	call := func() int {
		before := len(server.all())
		_, err := client.Whoami(t.Context())
		require.NoError(t, err)
		return len(server.all()) - before
	}
	assert.Equal(t, 2, call(), "corrected")
	assert.Equal(t, 1, call())
	clock.set(0)
	assert.Equal(t, 2, call(), "the old correction is wrong now, and goes")
	assert.Equal(t, 1, call())
	clock.set(-10 * time.Minute)
	assert.Equal(t, 2, call(), "corrected anew")
	assert.Equal(t, 1, call())
	clock.set(-10*time.Minute - 20*time.Second)
	assert.Equal(t, 1, call(), "drift within the window needs nothing")
}

// If a correction is so small that signatures are accepted without it too, it is dropped after the first success whose
// Date agrees with the machine's clock.
func TestSmallClockCorrectionHeals(t *testing.T) {
	server := newClockServer(t)
	server.reply = func(n int) int {
		if n == 1 {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	}
	clock := newWrongClock(45 * time.Second)
	client := newTestClient(t, server.URL, byzantine.WithClock(clock.now))
	call := func() (signedAt time.Time) {
		_, err := client.Whoami(t.Context())
		require.NoError(t, err)
		requests := server.all()
		seconds, err := strconv.ParseInt(requests[len(requests)-1].header.Get("X-Timestamp"), 10, 64)
		require.NoError(t, err)
		return time.Unix(seconds, 0)
	}
	const near = 3 * time.Second
	assert.WithinDuration(t, time.Now(), call(), near, "corrected")
	clock.set(0)
	assert.WithinDuration(t, time.Now().Add(-45*time.Second), call(), near, "corrected too far")
	assert.WithinDuration(t, time.Now(), call(), near, "healed")
	assert.Len(t, server.all(), 4)
}

// A 401 for another reason with a wrong Date makes at most one call fail.
func TestForeignDateDoesNotPoison(t *testing.T) {
	server := newClockServer(t)
	lying := atomic.Bool{}
	lying.Store(true)
	key := rfc6979Key(t).PublicKey()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lying.Swap(false) {
			w.Header().Set("Date", time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat))
			http.Error(w, "not your account", http.StatusUnauthorized)
			return
		}
		server.Config.Handler.ServeHTTP(w, r)
	}))
	defer front.Close()
	client := newTestClient(t, front.URL)
	_, err := client.Whoami(t.Context())
	assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
	_, err = client.Whoami(t.Context())
	assert.NoError(t, err)
	requests := server.all()
	require.Len(t, requests, 2)
	assert.Error(t, requests[0].verify(key))
	assert.NoError(t, requests[1].verify(key))
}

// Many concurrent calls that find the skew at the same time use the same correction, and all succeed.
func TestConcurrentCallsShareTheCorrection(t *testing.T) {
	server := newClockServer(t)
	client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(10*time.Minute).now))
	var running sync.WaitGroup
	failed := make(chan error, 64)
	for i := range cap(failed) {
		call := testCalls[i%len(testCalls)]
		running.Go(func() { failed <- call.do(t.Context(), client) })
	}
	running.Wait()
	close(failed)
	var all error
	for err := range failed {
		all = errors.Join(all, err)
	}
	assert.NoError(t, all)
	assert.LessOrEqual(t, len(server.all()), 2*cap(failed))
	before := len(server.all())
	_, err := client.Whoami(t.Context())
	assert.NoError(t, err)
	assert.Len(t, server.all(), before+1)
}

// The health check has no signature, so its responses do not change the clock.
func TestUnsignedCallsLeaveTheClockAlone(t *testing.T) {
	var in inbox
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := in.add(r, time.Now())
		assert.NoError(t, err)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	client := newTestClient(t, server.URL, byzantine.WithClock(newWrongClock(10*time.Minute).now))
	_, err := client.HealthCheck(t.Context())
	assert.Zero(t, skewOf(t, err))
	require.Len(t, in.all(), 1)
	for _, name := range []string{"X-Pubkey", "X-Timestamp", "X-Signature"} {
		assert.NotContains(t, in.all()[0].header, name)
	}
}

package byzantine_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// intermediary forwards requests to an API whose clock is right, and sets the Date of every response by a wrong clock
// of its own. A request to /v1/submit/<status> with a valid signature gets that status.
type intermediary struct {
	url      string
	requests atomic.Int64
	ahead    atomic.Int64 // by how many nanoseconds its clock is ahead
	swings   atomic.Bool  // the clock is ahead and behind in turn, from one response to the next
	block    atomic.Int64 // if set, it responds with this status itself and does not forward the request
}

func newIntermediary(t *testing.T, rejection int) *intermediary {
	key := rfc6979Key(t).PublicKey()
	i := new(intermediary)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := i.requests.Add(1)
		ahead := time.Duration(i.ahead.Load())
		if i.swings.Load() && n%2 == 0 {
			ahead = -ahead
		}
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		if status := i.block.Load(); status != 0 {
			http.Error(w, "blocked by the firewall", int(status))
			return
		}
		var in inbox
		seen, err := in.add(r, time.Now())
		if err != nil {
			return
		}
		status := http.StatusOK
		if seen.verify(key) != nil {
			http.Error(w, "the signature is rejected", rejection)
			return
		}
		if _, err := fmt.Sscanf(r.URL.Path, "/v1/submit/%d", &status); err == nil && status != http.StatusOK {
			http.Error(w, "for another reason", status)
			return
		}
		_, _ = w.Write([]byte(anyResponse))
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// submit makes a POST for which the API responds with status, and checks that the call made at most two requests and
// that its outcome is known.
func (i *intermediary) submit(t *testing.T, client *byzantine.Client, status int) error {
	t.Helper()
	before := i.requests.Load()
	err := client.Do(t.Context(), "POST", fmt.Sprint("/v1/submit/", status), struct{}{}, nil)
	assert.LessOrEqual(t, i.requests.Load()-before, int64(2), "requests of one call")
	assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	return err
}

func statusOf(err error) int {
	var e *byzantine.Error
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return 0
}

// TestClocks combines a machine and an intermediary whose clocks are right or wrong with an API that gives different
// statuses to an old signature. Calls that succeed alternate with calls that the API rejects for other reasons; all
// calls that should succeed do.
func TestClocks(t *testing.T) {
	reasons := []int{400, 401, 403, 404}
	for _, rejection := range []int{401, 400, 403} {
		for _, machine := range []time.Duration{0, 10 * time.Minute, -3 * time.Minute} {
			for _, lie := range []time.Duration{90 * time.Second, 20 * time.Minute, -59 * time.Minute, machine} {
				for _, swings := range []bool{false, true} {
					name := fmt.Sprintf("rejected with %d/machine %s/intermediary %s/swings %t", rejection, machine, lie, swings)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						front := newIntermediary(t, rejection)
						client := newTestClient(t, front.url, byzantine.WithClock(newWrongClock(machine).now))
						// The client learns of its own clock while the intermediary is in order.
						require.NoError(t, front.submit(t, client, 200))
						front.ahead.Store(int64(lie))
						front.swings.Store(swings)
						for range 3 {
							for _, reason := range reasons {
								err := front.submit(t, client, reason)
								require.Error(t, err)
								if reason == 401 && rejection != 401 {
									// To the client, this 401 and then the status for an old signature look as if the second
									// clock were right.
									assert.Contains(t, []int{reason, rejection}, statusOf(err), err)
								} else {
									assert.Equal(t, reason, statusOf(err), err)
									assert.Contains(t, err.Error(), "for another reason", "the caller sees the API's own words")
								}
								assert.NoError(t, front.submit(t, client, 200), "after a %d", reason)
							}
						}
						front.swings.Store(false)
						front.ahead.Store(0)
						before := front.requests.Load()
						for range 4 {
							assert.NoError(t, front.submit(t, client, 200))
						}
						assert.LessOrEqual(t, front.requests.Load()-before, int64(6), "it calms down")
					})
				}
			}
		}
	}
}

// If both clocks are wrong from the beginning, no signature can be right. Each call makes two requests at most, and as
// soon as the machine's clock is set, calls succeed although the intermediary is still wrong.
func TestBothClocksWrong(t *testing.T) {
	for _, lie := range []time.Duration{20 * time.Minute, -5 * time.Minute, 10 * time.Minute} {
		for _, swings := range []bool{false, true} {
			front := newIntermediary(t, 401)
			front.ahead.Store(int64(lie))
			front.swings.Store(swings)
			clock := newWrongClock(10 * time.Minute)
			client := newTestClient(t, front.url, byzantine.WithClock(clock.now))
			for range 5 {
				assert.ErrorIs(t, front.submit(t, client, 200), byzantine.ErrUnauthorized)
			}
			clock.set(0)
			for range 5 {
				assert.NoError(t, front.submit(t, client, 200))
			}
		}
	}
}

// A wrong code is sent from a machine with a wrong clock: the first response is about the clock, the second about the
// code. The caller gets the second, and the correction is kept, because the second shows that its signature was
// accepted.
func TestMistypedCodeBehindAWrongClock(t *testing.T) {
	front := newIntermediary(t, 401)
	client := newTestClient(t, front.url, byzantine.WithClock(newWrongClock(-10*time.Minute).now))
	err := front.submit(t, client, 400)
	assert.Equal(t, 400, statusOf(err))
	assert.ErrorContains(t, err, "400 Bad Request: for another reason (POST")
	assert.Zero(t, skewOf(t, err), "the clock is not the reason of this one")
	before := front.requests.Load()
	assert.NoError(t, front.submit(t, client, 200))
	assert.EqualValues(t, 1, front.requests.Load()-before, "the correction is kept")
}

// A wrong code is sent through an intermediary with a wrong clock: the caller gets the API's first response after one
// extra request, and no correction is kept.
func TestMistypedCodeBehindAWrongIntermediary(t *testing.T) {
	front := newIntermediary(t, 401)
	front.ahead.Store(int64(20 * time.Minute))
	client := newTestClient(t, front.url)
	var response byzantine.Response
	err := client.Do(t.Context(), "POST", "/v1/submit/400", struct{}{}, nil, byzantine.WithResponse(&response))
	assert.Equal(t, 400, statusOf(err))
	assert.ErrorContains(t, err, "for another reason")
	assert.ErrorContains(t, err, "a second attempt with the clock corrected was rejected too (401)")
	assert.Equal(t, 400, response.StatusCode, "the response is that of the error")
	assert.Contains(t, string(response.Body), "for another reason")
	assert.EqualValues(t, 2, front.requests.Load())
	for range 3 {
		assert.NoError(t, front.submit(t, client, 200))
	}
	assert.EqualValues(t, 5, front.requests.Load())
}

// The intermediary responds itself to the second attempt, so that the correction by its clock looks proven. Later calls
// succeed.
func TestCorrectionThatAnIntermediarySeemsToProve(t *testing.T) {
	for _, swings := range []bool{false, true} {
		front := newIntermediary(t, 401)
		front.ahead.Store(int64(20 * time.Minute))
		client := newTestClient(t, front.url, over(roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := http.DefaultTransport.RoundTrip(r)
			if front.requests.Load() == 1 {
				front.block.Store(404) // the second attempt
			}
			return response, err
		})))
		assert.Equal(t, 404, statusOf(front.submit(t, client, 401)))
		front.block.Store(0)
		front.swings.Store(swings)
		failures := 0
		for range 10 {
			if front.submit(t, client, 200) != nil {
				failures++
			}
		}
		if swings {
			assert.LessOrEqual(t, failures, 1, "no lock-out")
		} else {
			assert.Zero(t, failures)
		}
	}
}

// Sixty concurrent callers, half of which are rejected for other reasons: all calls that should succeed do, with at most
// two requests a call on average.
func TestClocksWithManyCallers(t *testing.T) {
	for name, set := range map[string]func(*intermediary) time.Duration{
		"machine wrong":      func(*intermediary) time.Duration { return 10 * time.Minute },
		"intermediary wrong": func(i *intermediary) time.Duration { i.ahead.Store(int64(20 * time.Minute)); return 0 },
		"it swings": func(i *intermediary) time.Duration {
			i.ahead.Store(int64(20 * time.Minute))
			i.swings.Store(true)
			return 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			front := newIntermediary(t, 401)
			client := newTestClient(t, front.url, byzantine.WithClock(newWrongClock(set(front)).now))
			const callers = 60
			for range 3 {
				before := front.requests.Load()
				var running sync.WaitGroup
				for n := range callers {
					status := []int{200, 400, 200, 401, 200, 403}[n%6]
					running.Go(func() {
						err := client.Do(t.Context(), "POST", fmt.Sprint("/v1/submit/", status), struct{}{}, nil)
						if status == 200 {
							assert.NoError(t, err)
							return
						}
						// If the first attempt is rejected because of the clock, the second is rejected for the other
						// reason.
						assert.Equal(t, status, statusOf(err), err)
						assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
					})
				}
				running.Wait()
				assert.LessOrEqual(t, front.requests.Load()-before, int64(2*callers))
			}
			before := front.requests.Load()
			assert.NoError(t, front.submit(t, client, 200))
			assert.EqualValues(t, 1, front.requests.Load()-before)
		})
	}
}

// A call that may make only one attempt is not used to try whether the client can do without its correction.
func TestASingleAttemptIsNoTrialOfTheClock(t *testing.T) {
	front := newIntermediary(t, 401)
	client := newTestClient(t, front.url, byzantine.WithClock(newWrongClock(-5*time.Minute).now))
	require.NoError(t, front.submit(t, client, 200), "it learns the correction")
	front.ahead.Store(int64(-5 * time.Minute)) // the intermediary agrees with the machine
	for range 10 {
		require.NoError(t, client.Do(t.Context(), "POST", "/v1/submit/200", struct{}{}, nil, byzantine.WithCallMaxAttempts(1)))
	}
	require.NoError(t, front.submit(t, client, 200), "a call with more attempts finds out")
}

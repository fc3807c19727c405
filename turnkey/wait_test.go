package turnkey_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

// The tests of this file run on synctest's clock: waits take no time, and their lengths are exact.

// newFake returns a fake and a client that calls it without a network.
func newFake(t *testing.T, opts ...byzantine.Option) (*turnkeytest.Fake, *turnkey.Client) {
	t.Helper()
	fake, err := turnkeytest.New(turnkeytest.Organization{})
	require.NoError(t, err)
	client, err := turnkey.NewClient(fake.Organization().Key, fake.Organization().ID, append(opts, over(within(fake)))...)
	require.NoError(t, err)
	return fake, client
}

// create submits a new passkey.
func create(ctx context.Context, t *testing.T, fake *turnkeytest.Fake, client *turnkey.Client) ([]string, error) {
	t.Helper()
	return client.CreateAuthenticators(ctx, fake.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
}

func TestPolling(t *testing.T) {
	for name, nest := range map[string]bool{"side by side": false, "nested": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, client := newFake(t)
				fake.NestResults(nest)
				fake.Play(turnkey.ActivityCreated, turnkey.ActivityPending, turnkey.ActivityPending, turnkey.ActivityPending,
					turnkey.ActivityPending, turnkey.ActivityCompleted)
				ids, err := create(t.Context(), t, fake, client)
				require.NoError(t, err)
				assert.Len(t, ids, 1)

				var pauses []time.Duration
				requests := fake.Requests()
				for i, r := range requests[1:] {
					assert.Equal(t, "get_activity", r.Operation)
					assert.JSONEq(t, string(requests[1].Body), string(r.Body))
					pauses = append(pauses, r.Time.Sub(requests[i].Time))
				}
				assert.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}, pauses)
			})
		})
	}
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFake(t)
		fake.Play(turnkey.ActivityCreated, turnkey.ActivityPending)
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		_, err := create(ctx, t, fake, client)
		assert.Equal(t, 9*time.Second, time.Since(start))
		var unresolved *turnkey.UnresolvedError
		require.ErrorAs(t, err, &unresolved)
		assert.Equal(t, turnkey.ActivityPending, unresolved.Activity.Status)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, `turnkey: activity "`+unresolved.Activity.ID+`" is "ACTIVITY_STATUS_PENDING": get_activity: context deadline exceeded`)
		assert.NotContains(t, err.Error(), "the last poll failed")
		assert.Len(t, fake.Requests(), 4, "after 0, 1, 3 and 7 s")
	})
}

func TestCancellationEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFake(t)
		fake.Play(turnkey.ActivityPending)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2500*time.Millisecond, cancel)
		_, err := create(ctx, t, fake, client)
		assert.ErrorIs(t, err, context.Canceled)
		var unresolved *turnkey.UnresolvedError
		assert.ErrorAs(t, err, &unresolved)
	})
}

func TestFailedPolls(t *testing.T) {
	t.Run("that may pass", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake, client := newFake(t, byzantine.WithMaxAttempts(2))
			fake.Play(turnkey.ActivityPending, turnkey.ActivityCompleted)
			fake.Fail("get_activity", 4, turnkeytest.Fault{Status: 503})
			fake.Fail("get_activity", 2, turnkeytest.Fault{Status: 429})
			_, err := create(t.Context(), t, fake, client)
			require.NoError(t, err)
			assert.Len(t, fake.Requests(), 1+4+2+1)
		})
	})
	t.Run("that ask to wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake, client := newFake(t, byzantine.WithMaxAttempts(1))
			fake.Play(turnkey.ActivityPending, turnkey.ActivityCompleted)
			fake.Fail("get_activity", 1, turnkeytest.Fault{Status: 429, Header: http.Header{"Retry-After": {"45"}}})
			_, err := create(t.Context(), t, fake, client)
			require.NoError(t, err)
			polls := fake.Requests()
			assert.Equal(t, 45*time.Second, polls[2].Time.Sub(polls[1].Time))
		})
	})
	t.Run("that ask to wait too long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake, client := newFake(t, byzantine.WithMaxAttempts(1))
			fake.Play(turnkey.ActivityPending, turnkey.ActivityCompleted)
			fake.Fail("get_activity", 1, turnkeytest.Fault{Status: 429, Header: http.Header{"Retry-After": {"864000"}}})
			began := time.Now()
			_, err := create(t.Context(), t, fake, client)
			require.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
			require.ErrorIs(t, err, byzantine.ErrRateLimited)
			assert.Len(t, fake.Requests(), 2)
			assert.Less(t, time.Since(began), time.Minute)
		})
	})
	t.Run("without a response", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake, _ := newFake(t)
			requests := 0
			client, err := turnkey.NewClient(fake.Organization().Key, fake.Organization().ID, byzantine.WithMaxAttempts(1),
				over(func(r *http.Request) (*http.Response, error) {
					if requests++; requests == 2 || requests == 3 {
						return nil, errors.New("the network is down")
					}
					return within(fake)(r)
				}))
			require.NoError(t, err)
			fake.Play(turnkey.ActivityPending, turnkey.ActivityCompleted)
			_, err = create(t.Context(), t, fake, client)
			require.NoError(t, err)
			assert.Equal(t, 4, requests)
		})
	})
	t.Run("that do not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake, client := newFake(t)
			fake.Play(turnkey.ActivityPending, turnkey.ActivityCompleted)
			fake.Fail("get_activity", 1, turnkeytest.Fault{Status: 403, Body: `{"code":7,"message":"no"}`})
			_, err := create(t.Context(), t, fake, client)
			var unresolved *turnkey.UnresolvedError
			require.ErrorAs(t, err, &unresolved)
			assert.ErrorIs(t, err, byzantine.ErrForbidden)
			assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown, "the activity goes on")
			assert.NotErrorIs(t, unresolved.Err, byzantine.ErrOutcomeUnknown, "a look has no outcome")

			later, err := client.GetActivity(t.Context(), unresolved.Activity.ID)
			require.NoError(t, err)
			assert.Equal(t, turnkey.ActivityCompleted, later.Status)
			assert.Len(t, later.AuthenticatorIDs(), 1)
		})
	})
	t.Run("until the context ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake, client := newFake(t, byzantine.WithMaxAttempts(1))
			fake.Play(turnkey.ActivityPending)
			fake.Fail("get_activity", 100, turnkeytest.Fault{Status: 502})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := create(ctx, t, fake, client)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorIs(t, err, byzantine.ErrServer)
			assert.ErrorContains(t, err, "the last poll failed: get_activity: 502 Bad Gateway")
		})
	})
}

func TestConsensus(t *testing.T) {
	for _, status := range []turnkey.ActivityStatus{turnkey.ActivityConsensusNeeded, turnkey.ActivityAuthenticatorsNeeded} {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, client := newFake(t)
				fake.Play(turnkey.ActivityCreated, status)
				request := client.NewCreateAuthenticatorsRequest(fake.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
				_, err := client.SubmitCreateAuthenticators(t.Context(), request)
				var consensus *turnkey.ConsensusError
				require.ErrorAs(t, err, &consensus)
				assert.Equal(t, status, consensus.Activity.Status)
				assert.NotEmpty(t, consensus.Activity.ID)
				assert.Regexp(t, "^sha256:[0-9a-f]{64}$", consensus.Activity.Fingerprint)
				assert.True(t, consensus.Activity.CanApprove)
				assert.EqualError(t, err, `turnkey: activity "`+consensus.Activity.ID+`" is "`+string(status)+`": somebody has to approve it`)
				assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
				assert.Empty(t, fake.Authenticators())

				fake.Approve(consensus.Activity.ID)
				approved, err := client.GetActivity(t.Context(), consensus.Activity.ID)
				require.NoError(t, err)
				assert.Equal(t, turnkey.ActivityCompleted, approved.Status)
				assert.Len(t, approved.Votes, 2)
				ids, err := client.SubmitCreateAuthenticators(t.Context(), request)
				require.NoError(t, err, "the same request is the same activity")
				assert.Equal(t, approved.AuthenticatorIDs(), ids)
				assert.Len(t, fake.Authenticators(), 1)
			})
		})
	}
}

func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFake(t)
		var failed *turnkey.FailedError

		fake.Play(turnkey.ActivityPending, turnkey.ActivityFailed)
		_, err := create(t.Context(), t, fake, client)
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, turnkey.ActivityFailed, failed.Activity.Status)
		assert.Equal(t, turnkey.CodeInternal, failed.Activity.Failure.TurnkeyErrorCode)
		assert.Equal(t, int32(13), failed.Activity.Failure.Code)
		assert.EqualError(t, err, `turnkey: activity "`+failed.Activity.ID+`" is "ACTIVITY_STATUS_FAILED": `+
			`"the fake was told to fail this activity"; turnkeyErrorCode "INTERNAL"`)

		fake.Play(turnkey.ActivityConsensusNeeded)
		var consensus *turnkey.ConsensusError
		request := client.NewCreateAuthenticatorsRequest(fake.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
		_, err = client.SubmitCreateAuthenticators(t.Context(), request)
		require.ErrorAs(t, err, &consensus)
		fake.Reject(consensus.Activity.ID)
		_, err = client.SubmitCreateAuthenticators(t.Context(), request)
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, turnkey.ActivityRejected, failed.Activity.Status)
		assert.Equal(t, turnkey.VoteRejected, last(t, failed.Activity.Votes).Selection)
		assert.Empty(t, fake.Authenticators())
	})
}

func TestOutcomesThatCannotBeTold(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a new status": {
			`{"activity":{"id":"a-1","status":"ACTIVITY_STATUS_ON_HOLD"}}`,
			`turnkey: activity "a-1" is "ACTIVITY_STATUS_ON_HOLD": its status is not one that this package knows`,
		},
		"completed without ids": {
			`{"activity":{"id":"a-1","status":"ACTIVITY_STATUS_COMPLETED","result":{}}}`,
			`turnkey: activity "a-1" is "ACTIVITY_STATUS_COMPLETED": the response has no authenticator ids`,
		},
		"what would forge a log line": {
			"{\"activity\":{\"id\":\"a\\n1\",\"status\":\"\\u001b[31m\"}}",
			`turnkey: activity "a\n1" is "\x1b[31m": its status is not one that this package knows`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := responding(t, http.StatusOK, c.body).SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
			assert.EqualError(t, err, c.want)
			assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
		})
	}
}

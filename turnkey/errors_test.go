package turnkey_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

const routeSubmit = "POST /public/v1/submit/create_authenticators"

func TestErrorsAreTyped(t *testing.T) {
	detail := func(code string) string {
		return `[{"@type":"type.googleapis.com/errors.v1.TurnkeyErrorDetail","turnkeyErrorCode":"` + code + `"}]`
	}
	sender := "host api.turnkey.com, public key " + hex.EncodeToString(parseKey(t, testKey).PublicKey())[:12] + "..."
	for name, c := range map[string]struct {
		status   int
		body     string
		want     turnkey.Status
		sentinel error
		text     string
	}{
		"a code": {
			403, `{"code":7,"message":"wrong organization","details":` + detail("ORGANIZATION_MISMATCH") + `}`,
			turnkey.Status{Code: 7, Message: "wrong organization", TurnkeyErrorCode: turnkey.CodeOrganizationMismatch},
			byzantine.ErrForbidden,
			`403 Forbidden: wrong organization; ` + sender + ` (` + routeSubmit + `, 1 attempt); turnkeyErrorCode "ORGANIZATION_MISMATCH"`,
		},
		"a code that is not listed": {
			400, `{"code":3,"message":"no","details":` + detail("SOMETHING_NEW") + `}`,
			turnkey.Status{Code: 3, Message: "no", TurnkeyErrorCode: "SOMETHING_NEW"}, byzantine.ErrBadRequest,
			`400 Bad Request: no (` + routeSubmit + `, 1 attempt); turnkeyErrorCode "SOMETHING_NEW"`,
		},
		"two codes": {
			400, `{"code":3,"message":"no","details":[{"@type":"x","turnkeyErrorCode":"FIRST"},{"@type":"x","turnkeyErrorCode":"SECOND"}]}`,
			turnkey.Status{Code: 3, Message: "no", TurnkeyErrorCode: "FIRST"}, byzantine.ErrBadRequest,
			`400 Bad Request: no (` + routeSubmit + `, 1 attempt); turnkeyErrorCode "FIRST"`,
		},
		"no code": {
			401, `{"code":16,"message":"no","details":[]}`, turnkey.Status{Code: 16, Message: "no"}, byzantine.ErrUnauthorized,
			`401 Unauthorized: no; ` + sender + ` (` + routeSubmit + `, 1 attempt)`,
		},
		"a page": {
			404, `<html><title>Nothing here</title></html>`, turnkey.Status{}, byzantine.ErrNotFound,
			`404 Not Found: Nothing here (` + routeSubmit + `, 1 attempt)`,
		},
		"nothing": {
			400, ``, turnkey.Status{}, byzantine.ErrBadRequest, `400 Bad Request (` + routeSubmit + `, 1 attempt)`,
		},
		"fields of other types": {
			400, `{"code":"3","message":"odd","details":[7,{"turnkeyErrorCode":1},` + strings.Trim(detail("INTERNAL"), "[]") + `]}`,
			turnkey.Status{Message: "odd", TurnkeyErrorCode: turnkey.CodeInternal}, byzantine.ErrBadRequest,
			`400 Bad Request: odd (` + routeSubmit + `, 1 attempt); turnkeyErrorCode "INTERNAL"`,
		},
		"a code that would forge a log line": {
			400, `{"message":"a\nb","details":` + detail(`\n\u001b[31m`) + `}`,
			turnkey.Status{Message: "a\nb", TurnkeyErrorCode: "\n\x1b[31m"}, byzantine.ErrBadRequest,
			`400 Bad Request: a b (` + routeSubmit + `, 1 attempt); turnkeyErrorCode "\n\x1b[31m"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := responding(t, c.status, c.body).SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
			var e *turnkey.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.want.Code, e.Code)
			assert.Equal(t, c.want.Message, e.Message)
			assert.Equal(t, c.want.TurnkeyErrorCode, e.TurnkeyErrorCode)
			assert.ErrorIs(t, err, c.sentinel)
			assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
			assert.EqualError(t, err, "turnkey: create_authenticators: "+c.text)
			var root *byzantine.Error
			require.ErrorAs(t, err, &root)
			assert.Equal(t, c.body, string(root.Body))
		})
	}
}

func TestResponsesThatCannotBeRead(t *testing.T) {
	for body, want := range map[string]string{
		``:                              "the response has no body",
		`null`:                          "the response is null",
		`<html>Sign in</html>`:          "the response is not JSON, 20 bytes, at offset 0: it looks like HTML or XML",
		`{}`:                            "there is no activity in it, or one without id or status",
		`{"activity":{"id":"a-1"}}`:     "there is no activity in it, or one without id or status",
		`{"activity":{"status":"X"}}`:   "there is no activity in it, or one without id or status",
		`{"activity":7}`:                "the response is not of the expected form",
		`{"activity":{"result":"x"}}`:   "the response is not of the expected form",
		`{"message":"an error at 200"}`: "there is no activity in it, or one without id or status",
	} {
		client := responding(t, http.StatusOK, body)
		_, err := client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
		assert.ErrorContains(t, err, want)
		assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown, body)
		var e *turnkey.Error
		require.ErrorAs(t, err, &e)
		assert.Empty(t, e.Message, "an activity is no failure")

		_, err = client.GetActivity(t.Context(), "a-1")
		assert.ErrorContains(t, err, want)
		assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown, "a look changes nothing")
	}
}

func TestWhatPassesIsSentAgainAsTheSameBytes(t *testing.T) {
	for name, fault := range map[string]turnkeytest.Fault{
		"500":                      {Status: 500},
		"503":                      {Status: 503},
		"429":                      {Status: 429},
		"503, after it was done":   {Status: 503, TakesEffect: true},
		"reset":                    {Reset: true},
		"reset, after it was done": {Reset: true, TakesEffect: true},
		"cut response":             {Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Fail("create_authenticators", 2, fault)
			ids, err := server.Client().CreateAuthenticators(t.Context(), server.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
			require.NoError(t, err)
			assert.Len(t, ids, 1)
			assert.Len(t, server.Authenticators(), 1, "one activity, however often it was sent")
			requests := server.Requests()
			require.Len(t, requests, 3)
			for _, r := range requests[1:] {
				assert.Equal(t, requests[0].Body, r.Body)
			}
		})
	}
}

func TestOutcomeUnknown(t *testing.T) {
	for status, unknown := range map[int]bool{400: false, 404: false, 429: false, 302: false, 500: true, 501: true, 503: true} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := responding(t, status, `{"code":13,"message":"no"}`)
				_, err := client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
				assert.Equal(t, unknown, errors.Is(err, byzantine.ErrOutcomeUnknown))
				assert.Equal(t, unknown, strings.Contains(err.Error(), "may have taken effect"), err)
				_, err = client.GetActivity(t.Context(), "a-1")
				assert.Error(t, err)
				assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
			})
		})
	}
	t.Run("no response", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, err := turnkey.NewClient(parseKey(t, testKey), testOrganizationID, over(func(*http.Request) (*http.Response, error) {
				return nil, errors.New("gone")
			}))
			require.NoError(t, err)
			_, err = client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
			var transport *byzantine.TransportError
			require.ErrorAs(t, err, &transport)
			assert.Equal(t, 3, transport.Attempts)
			assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
			_, err = client.GetActivity(t.Context(), "a-1")
			require.ErrorAs(t, err, &transport)
			assert.Equal(t, 3, transport.Attempts)
			assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
		})
	})
}

func TestAttemptsAreLimitedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := turnkey.NewClient(parseKey(t, testKey), testOrganizationID, byzantine.WithMaxAttempts(1),
			over(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}))
		require.NoError(t, err)
		start := time.Now()
		_, err = client.GetActivity(t.Context(), "a-1")
		assert.ErrorContains(t, err, "no response within 30s")
		assert.Equal(t, 30*time.Second, time.Since(start))
		_, err = client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
		assert.ErrorContains(t, err, "no response within 3m0s")
	})
}

func TestErrorsOfACallersOwnTests(t *testing.T) {
	err := error(&turnkey.Error{Status: turnkey.Status{Message: "no", TurnkeyErrorCode: turnkey.CodeInternal}})
	assert.EqualError(t, err, `turnkey: rejected: "no"; turnkeyErrorCode "INTERNAL"`)
	assert.NotErrorIs(t, err, byzantine.ErrServer)
	assert.NoError(t, errors.Unwrap(err))
	assert.EqualError(t, &turnkey.FailedError{Activity: &turnkey.Activity{ID: "a", Status: turnkey.ActivityRejected}},
		`turnkey: activity "a" is "ACTIVITY_STATUS_REJECTED"`)
}

func TestErrorsWithoutACause(t *testing.T) {
	for _, err := range []error{&turnkey.Error{}, &turnkey.ConsensusError{}, &turnkey.FailedError{}, &turnkey.UnresolvedError{}} {
		assert.NotPanics(t, func() { assert.Contains(t, err.Error(), "turnkey: ") }, "%T", err)
	}
}

// An activity names users and holds attestations: an error that is logged as JSON has its id, type and status alone.
func TestErrorsAsJSONHoldNoPersonalData(t *testing.T) {
	a := &turnkey.Activity{ID: "id-1", Status: turnkey.ActivityFailed, Type: "ACTIVITY_TYPE_X", Votes: []turnkey.Vote{{User: turnkey.User{UserEmail: "ada@example.com"}}}}
	for _, err := range []error{&turnkey.FailedError{Activity: a}, &turnkey.ConsensusError{Activity: a}, &turnkey.UnresolvedError{Activity: a, Err: io.EOF}} {
		text, failure := json.Marshal(err)
		require.NoError(t, failure)
		assert.NotContains(t, string(text), "ada@example.com", "%T", err)
		assert.Contains(t, string(text), `"activityId":"id-1","type":"ACTIVITY_TYPE_X","status":"ACTIVITY_STATUS_FAILED"`, "%T", err)
		assert.Contains(t, string(text), `"error":"turnkey: `, "%T", err)
	}
}

package byzantinetest_test

import (
	"context"
	"crypto/fips140"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// create makes a credential, which shows in the list afterwards if the request took effect.
func create(t *testing.T, client *byzantine.Client) error {
	t.Helper()
	_, err := client.CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
	return err
}

// created counts the credentials beside the sandbox's own.
func created(t *testing.T, server *byzantinetest.Server) int {
	t.Helper()
	credentials, err := server.Client().ListCredentials(t.Context(), nil)
	require.NoError(t, err)
	return len(credentials.Credentials) - 1
}

// requestsOf counts the requests of an operation that reached the sandbox.
func requestsOf(server *byzantinetest.Server, operationID byzantine.OperationID) (n int) {
	for _, r := range server.Requests() {
		if r.OperationID == operationID {
			n++
		}
	}
	return n
}

func TestFaultsOfAWrite(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   byzantinetest.Fault
		status  int // 0 for a call without a response
		effect  int
		unknown bool
		message string
	}{
		{"none", byzantinetest.Fault{}, 201, 1, false, ""},
		{"status", byzantinetest.Fault{Status: 400, Body: "no"}, 400, 0, false, "400 Bad Request: no"},
		{"server error", byzantinetest.Fault{Status: 500, Body: `{"error":"oops"}`}, 500, 0, true, "500 Internal Server Error: oops"},
		{"server error after the effect", byzantinetest.Fault{Status: 502, TakesEffect: true}, 502, 1, true, "502 Bad Gateway"},
		{"success that was none", byzantinetest.Fault{Status: 200}, 200, 0, true, "the response has no body"},
		{"reset", byzantinetest.Fault{Reset: true}, 0, 0, true, "connection reset by peer"},
		{"reset after the effect", byzantinetest.Fault{Reset: true, TakesEffect: true}, 0, 1, true, "connection reset by peer"},
		{"truncated", byzantinetest.Fault{Truncate: true}, 0, 1, true, "status 201, but its body broke off"},
		{"truncated error", byzantinetest.Fault{Truncate: true, Status: 503, Body: "try later"}, 503, 0, true, "503 Service Unavailable: try"},
		{"too many requests", byzantinetest.Fault{Status: 429, Header: http.Header{"retry-after": {"1"}}}, 429, 0, false, "429 Too Many Requests"},
		{"delay", byzantinetest.Fault{Delay: time.Millisecond, Status: 404}, 404, 0, false, "404 Not Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newServer(t)
			server.Fail(byzantine.OpCreateCredential, 1, c.fault)
			err := create(t, server.Client())
			assert.Equal(t, c.effect, created(t, server))
			assert.Equal(t, 1, requestsOf(server, "create_credential"), "a write is not sent again")
			assert.Equal(t, c.unknown, errors.Is(err, byzantine.ErrOutcomeUnknown), err)
			var answered *byzantine.Error
			var unanswered *byzantine.TransportError
			switch {
			case c.message == "":
				require.NoError(t, err)
				return
			case c.status == 0:
				require.ErrorAs(t, err, &unanswered)
				assert.True(t, unanswered.Sent)
			default:
				require.ErrorAs(t, err, &answered)
				assert.Equal(t, c.status, answered.StatusCode)
				for name, values := range c.fault.Header {
					assert.Equal(t, values, answered.Header.Values(name))
				}
			}
			assert.ErrorContains(t, err, c.message)
			assert.NoError(t, create(t, server.Client()), "the fault was for one request")
		})
	}
}

// A GET is sent again, so a passing fault does not show.
func TestFaultsOfAGet(t *testing.T) {
	for name, fault := range map[string]byzantinetest.Fault{
		"status": {Status: 503}, "reset": {Reset: true}, "truncated": {Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Fail(byzantine.OpListCredentials, 1, fault)
			_, err := server.Client().ListCredentials(t.Context(), nil)
			assert.NoError(t, err)
			assert.Equal(t, 2, requestsOf(server, "list_credentials"))
		})
	}
}

// Faults wait in line, each for the number of requests that it was asked for.
func TestFaultsInTheirOrder(t *testing.T) {
	server := newServer(t)
	server.Fail(byzantine.OpCreateCredential, 2, byzantinetest.Fault{Status: 400})
	server.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Status: 404})
	server.Fail(byzantine.OpListCredentials, 0, byzantinetest.Fault{Status: 404})
	for _, want := range []error{byzantine.ErrBadRequest, byzantine.ErrBadRequest, byzantine.ErrNotFound, nil} {
		assert.ErrorIs(t, create(t, server.Client()), want)
	}
	assert.Equal(t, 1, created(t, server))
}

// The journal of the sandbox has the requests that met a fault, too.
func TestFaultsInTheJournal(t *testing.T) {
	server := newServer(t)
	server.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Reset: true})
	require.Error(t, create(t, server.Client()))
	require.Len(t, server.Requests(), 1)
	assert.Equal(t, byzantine.OpCreateCredential, server.Requests()[0].OperationID)
	assert.Zero(t, server.Requests()[0].Status)
}

// The verdict of a request that met a fault is never empty, also where the client got the response of the sandbox.
func TestFaultsThatChangeNoStatusHaveAVerdict(t *testing.T) {
	header := http.Header{"Retry-After": {"1"}, "Age": {"9"}}
	for name, c := range map[string]struct {
		fault   byzantinetest.Fault
		verdict string
	}{
		"headers":          {byzantinetest.Fault{Header: header}, "with headers of the fault (Age, Retry-After)"},
		"delay":            {byzantinetest.Fault{Delay: time.Millisecond}, "the response was delayed by 1ms"},
		"clock":            {byzantinetest.Fault{ClockSkew: -2 * time.Second}, "with a clock that was wrong by -2s"},
		"all":              {byzantinetest.Fault{Header: header, Delay: time.Millisecond, ClockSkew: time.Second}, "the response was delayed by 1ms, with a clock that was wrong by 1s, with headers of the fault (Age, Retry-After)"},
		"headers, handled": {byzantinetest.Fault{Header: header, TakesEffect: true}, "with headers of the fault (Age, Retry-After)"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Fail(byzantine.OpCreateCredential, 1, c.fault)
			require.NoError(t, create(t, server.Client()))
			require.Len(t, server.Requests(), 1)
			assert.Equal(t, 201, server.Requests()[0].Status)
			assert.Equal(t, "a fault: the request was handled with a 201, but "+c.verdict, server.Requests()[0].Verdict)
		})
	}
}

// A fault comes before the signature is looked at, so a request with a wrong one uses it up.
func TestFaultComesBeforeTheSignature(t *testing.T) {
	server := newServer(t)
	server.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Status: 503})
	old := func(h http.Header) { h.Set("X-Timestamp", "1") }
	for _, want := range []int{503, 401} {
		status, _ := send(t, server, "POST", "/v1/integrator/credentials", "{}", old)
		assert.Equal(t, want, status)
	}
}

// A client that gives up during a delay cannot know whether the request took effect. The journal knows. A GET is sent again.
func TestFaultDelayThatTheClientDoesNotWaitFor(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	for _, c := range []struct {
		name    string
		fault   byzantinetest.Fault
		effect  int
		status  int
		verdict string
	}{
		{"delay", byzantinetest.Fault{Delay: time.Hour}, 0, 0,
			"a fault: the request was not handled, because the client gave up during the delay of 1h0m0s"},
		{"status", byzantinetest.Fault{Delay: time.Hour, Status: 503}, 0, 0,
			"a fault: the request was not handled, because the client gave up during the delay of 1h0m0s"},
		{"delay after the effect", byzantinetest.Fault{Delay: time.Hour, TakesEffect: true}, 1, 201,
			"a fault: the request was handled with a 201, but the response was delayed by 1h0m0s"},
		{"status after the effect", byzantinetest.Fault{Delay: time.Hour, TakesEffect: true, Status: 503}, 1, 503,
			"a fault: the request was handled with a 201, but the client got a 503"},
		{"reset after the effect", byzantinetest.Fault{Delay: time.Hour, TakesEffect: true, Reset: true}, 1, 0,
			"a fault: the request was handled with a 201, but the connection was cut without a response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sandbox, err := byzantinetest.New()
				require.NoError(t, err)
				defer sandbox.Close()
				client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now), byzantine.WithAttemptTimeout(time.Second),
					byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
				require.NoError(t, err)
				sandbox.Fail(byzantine.OpCreateCredential, 1, c.fault)
				err = create(t, client)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
				require.Len(t, sandbox.Requests(), 1)
				assert.Equal(t, c.verdict, sandbox.Requests()[0].Verdict)
				assert.Equal(t, c.status, sandbox.Requests()[0].Status)
				credentials, err := client.ListCredentials(t.Context(), nil)
				require.NoError(t, err)
				assert.Len(t, credentials.Credentials, 1+c.effect)
			})
		})
	}
}

// The effect comes before the delay: others see it, and so does the journal, while the client waits.
func TestFaultTakesEffectBeforeItsDelay(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	synctest.Test(t, func(t *testing.T) {
		sandbox, err := byzantinetest.New()
		require.NoError(t, err)
		defer sandbox.Close()
		client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
			byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
		require.NoError(t, err)
		sandbox.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Delay: 10 * time.Second, TakesEffect: true})
		started := time.Now()
		ended := make(chan error)
		go func() { ended <- create(t, client) }()
		synctest.Wait()
		assert.Len(t, sandbox.Requests(), 1)
		credentials, err := client.ListCredentials(t.Context(), nil)
		require.NoError(t, err)
		assert.Len(t, credentials.Credentials, 2)
		assert.Zero(t, time.Since(started))
		require.NoError(t, <-ended, "a client that waits gets the response")
		assert.Equal(t, 10*time.Second, time.Since(started))
	})
}

// A clock that is wrong for two requests is met by a client's correction; for one, the correction itself is wrong. The
// client recovers from both.
func TestFaultClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		server := newServer(t)
		client := server.Client()
		server.Fail(byzantine.OpCreateCredential, 2, byzantinetest.Fault{ClockSkew: skew})
		assert.NoError(t, create(t, client))
		assert.NoError(t, create(t, client), "the correction goes as the sandbox's clock is right again")
		server.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{ClockSkew: skew})
		err := create(t, client)
		var e *byzantine.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
		assert.InDelta(t, -skew, e.ClockSkew, float64(2*time.Second))
		assert.NoError(t, create(t, client))
		assert.Equal(t, 3, created(t, server))
	}
}

// On HTTP/2 a fault ends the stream and not the connection.
func TestFaultsOnHTTP2(t *testing.T) {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	t.Cleanup(sandbox.Close)
	server := httptest.NewUnstartedServer(sandbox)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithBaseURL(server.URL), byzantine.WithHTTPClient(server.Client()))
	require.NoError(t, err)
	for _, fault := range []byzantinetest.Fault{{Reset: true, TakesEffect: true}, {Truncate: true}} {
		sandbox.Fail(byzantine.OpCreateCredential, 1, fault)
		assert.ErrorIs(t, create(t, client), byzantine.ErrOutcomeUnknown)
	}
	credentials, err := client.ListCredentials(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, credentials.Credentials, 3)
}

// Without a server there is no connection to cut: the handler ends the way that net/http's servers understand.
func TestFaultWithoutAServer(t *testing.T) {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	t.Cleanup(sandbox.Close)
	sandbox.Fail(byzantine.OpHealthCheck, 1, byzantinetest.Fault{Reset: true})
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		sandbox.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/health", nil))
	})
	recorder := httptest.NewRecorder()
	sandbox.ServeHTTP(recorder, httptest.NewRequest("GET", "/v1/health", nil))
	body, err := io.ReadAll(recorder.Result().Body)
	require.NoError(t, err)
	assert.Equal(t, 200, recorder.Code)
	assert.NotEmpty(t, body)
}

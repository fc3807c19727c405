package byzantinetest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestRequestLogGetsEachRequest(t *testing.T) {
	logged := make(chan byzantinetest.Request, 10)
	server := newServer(t, byzantinetest.WithRequestLog(func(r byzantinetest.Request) { logged <- r }))
	send(t, server, "GET", "/v1/integrator/whoami", "", nil)
	send(t, server, "GET", "/v1/integrator/whoami", "", func(h http.Header) { h.Del("X-Pubkey") })
	send(t, server, "PUT", "/v1/health", "", nil)
	send(t, server, "GET", "/v1/no/such/route", "", nil)
	for _, want := range server.Requests() {
		assert.Equal(t, want, <-logged)
	}
	assert.Empty(t, logged)

	_, err := byzantinetest.New(byzantinetest.WithRequestLog(nil))
	assert.ErrorContains(t, err, "WithRequestLog")
}

func TestRequestsWithoutARouteAreRemembered(t *testing.T) {
	server := newServer(t)
	status, _ := send(t, server, "GET", "/v1/no/such/route?a=b", "", nil)
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = send(t, server, "PUT", "/v1/health", "", nil)
	assert.Equal(t, http.StatusMethodNotAllowed, status)
	log := server.Requests()
	require.Len(t, log, 2)
	assert.Equal(t, "/v1/no/such/route?a=b", log[0].URI)
	assert.Equal(t, "the API has no route GET /v1/no/such/route", log[0].Verdict)
	assert.Equal(t, http.StatusNotFound, log[0].Status)
	assert.Equal(t, http.StatusMethodNotAllowed, log[1].Status)
	assert.Empty(t, log[1].OperationID)
}

// A request whose body is too long, or breaks off, is in the journal with its error: whoever looks for the 400 finds it.
func TestUnreadableBodiesAreRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		body  io.Reader
		error string
		bytes int
	}{
		"too long":  {io.LimitReader(&endless{}, 64<<20+1), "the body is longer than 67108864 bytes", 64 << 20},
		"cut short": {io.MultiReader(strings.NewReader(`{"label":`), iotest.ErrReader(io.ErrUnexpectedEOF)), "the body cannot be read: unexpected EOF", 9},
	} {
		t.Run(name, func(t *testing.T) {
			logged := 0
			server := newServer(t, byzantinetest.WithRequestLog(func(byzantinetest.Request) { logged++ }))
			server.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Status: 503})
			w := httptest.NewRecorder()
			server.ServeHTTP(w, httptest.NewRequest("POST", "/v1/integrator/credentials", c.body))
			assert.Equal(t, http.StatusBadRequest, w.Code)
			assert.Equal(t, c.error, w.Body.String())
			assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
			log := server.Requests()
			require.Len(t, log, 1)
			assert.Equal(t, byzantine.OpCreateCredential, log[0].OperationID)
			assert.Equal(t, http.StatusBadRequest, log[0].Status)
			assert.Equal(t, c.error, log[0].Verdict)
			assert.Equal(t, c.error, string(log[0].Response))
			assert.Equal(t, c.bytes, log[0].BodyBytes)
			assert.LessOrEqual(t, len(log[0].Body), 4<<10)
			assert.Equal(t, 1, logged)
			status, _ := post(t, server, "create_credential", `{"label":"x"}`)
			assert.Equal(t, 503, status, "the fault waits for a request that can be read")
		})
	}
}

// A path that is not in its clean form is redirected, which a signing client does not follow: the journal says so.
func TestRedirectedRequestsAreRemembered(t *testing.T) {
	server := newServer(t)
	redirected := func(path string) string {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", path, nil)
		r.Host = "localhost"
		server.ServeHTTP(w, r)
		assert.Equal(t, http.StatusTemporaryRedirect, w.Code)
		return w.Header().Get("Location")
	}
	assert.Equal(t, "/v1/integrator/credentials?a=b", redirected("//v1/integrator/../integrator/credentials?a=b"))
	log := server.Requests()
	require.Len(t, log, 1)
	assert.Equal(t, http.StatusTemporaryRedirect, log[0].Status)
	assert.Equal(t, "//v1/integrator/../integrator/credentials?a=b", log[0].URI)
	assert.Equal(t, "the API has no route POST //v1/integrator/../integrator/credentials: the client is redirected to /v1/integrator/credentials?a=b", log[0].Verdict)

	assert.Equal(t, byzantinetest.ControlPath+"reset", redirected(byzantinetest.StatusPath+"/api/reset"))
	assert.Len(t, server.Requests(), 1, "what is the sandbox's own is not in the journal")
}

// A signer that signs SignedText passes.
func TestSignedTextIsWhatTheSignatureCovers(t *testing.T) {
	server := newServer(t)
	const path, body = "/v1/integrator/credentials", `{"label":"é"}`
	status, _ := send(t, server, "POST", path, body, nil)
	require.Equal(t, 201, status)
	r := server.Requests()[0]
	assert.Equal(t, r.Header.Get("X-Timestamp")+"POST"+path+body, string(r.SignedText()))
}

// The journal says what a fault made of a response, also of a request that was handled.
func TestJournalSaysWhatAFaultDid(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   byzantinetest.Fault
		status  int
		verdict string
	}{
		{"reset", byzantinetest.Fault{Reset: true}, 0, "a fault: the request was not handled, and the connection was cut without a response"},
		{"reset after the effect", byzantinetest.Fault{Reset: true, TakesEffect: true}, 0, "a fault: the request was handled with a 201, but the connection was cut without a response"},
		{"status", byzantinetest.Fault{Status: 503, Body: "busy"}, 503, "a fault: the request was not handled, and the client got a 503"},
		{"status after the effect", byzantinetest.Fault{Status: 502, TakesEffect: true}, 502, "a fault: the request was handled with a 201, but the client got a 502"},
		{"truncate", byzantinetest.Fault{Truncate: true}, 201, "a fault: the request was handled with a 201, but the connection was cut in the middle of the response"},
		{"truncated status", byzantinetest.Fault{Status: 500, Body: "ab", Truncate: true}, 500, "a fault: the request was not handled, and the connection was cut in the middle of a 500"},
		{"delay", byzantinetest.Fault{Delay: 1}, 201, "a fault: the request was handled with a 201, but the response was delayed by 1ns"},
		{"none", byzantinetest.Fault{}, 201, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newServer(t)
			server.Fail(byzantine.OpCreateCredential, 1, c.fault)
			server.Client(byzantine.WithMaxAttempts(1)).CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{Label: "x"})
			requests := server.Requests()
			require.Len(t, requests, 1)
			assert.Equal(t, c.status, requests[0].Status)
			assert.Equal(t, c.verdict, requests[0].Verdict)
			_, page := statusPage(t, server, "requests?outcome=fault")
			assert.Equal(t, c.verdict != "", strings.Contains(page, `data-key="request-1"`), "the outcome is a fault")
			seen := newController(t, server).ok("getRequests", "")["requests"].([]any)[0].(map[string]any)
			assert.Equal(t, c.verdict, seen["verdict"])
			assert.EqualValues(t, c.status, seen["status"])
			if c.fault.Status != 0 {
				assert.Equal(t, c.fault.Body, seen["response"])
			}
			for _, status := range []int{0, 201, 500, 502, 503} {
				found := newController(t, server).ok("getRequests", "", fmt.Sprintf("status=%d", status))["requests"].([]any)
				assert.Equal(t, status == c.status, len(found) == 1, "?status=%d finds what the client saw", status)
			}
		})
	}

	// What was wrong with the request itself stands in front.
	server := newServer(t)
	server.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Truncate: true})
	http.Post(server.URL+"/v1/integrator/credentials", "application/json", strings.NewReader("{}"))
	assert.Regexp(t, `X-Pubkey is missing; a fault: the request was handled with a 400, but`, server.Requests()[0].Verdict)
}

// What is below /_sandbox/ is no request to the API: it is not in the journal, whether there is such a path or not.
func TestUnknownPathsOfTheSandboxItself(t *testing.T) {
	server := newServer(t)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"POST", "api/fund", 404, `{"error":"the control API has no route POST /_sandbox/api/fund: its document is at /_sandbox/api/openapi.json","status":404}`},
		{"PUT", "api/clock", 405, `{"error":"the control API has no route PUT /_sandbox/api/clock: its document is at /_sandbox/api/openapi.json","status":405}`},
		{"GET", "no/such/page", 404, ""},
		{"GET", "api/clock", 200, ""},
	} {
		request, err := http.NewRequest(c.method, server.URL+byzantinetest.StatusPath+c.path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, c.status, res.StatusCode, c.path)
		if c.body != "" {
			assert.JSONEq(t, c.body, string(body))
			assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
		}
		if c.status == 405 {
			assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
		}
	}
	assert.Empty(t, server.Requests())
}

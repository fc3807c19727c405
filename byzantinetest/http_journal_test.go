package byzantinetest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// A signer that signs SignedText passes.
func TestSignedTextIsWhatTheSignatureCovers(t *testing.T) {
	server := newServer(t)
	const path, body = "/v1/integrator/credentials", `{"label":"é"}`
	status, _ := send(t, server, "POST", path, body, nil)
	require.Equal(t, 201, status)
	r := server.Requests()[0]
	assert.Equal(t, r.Header.Get("X-Timestamp")+"POST"+path+body, string(r.SignedText()))
}

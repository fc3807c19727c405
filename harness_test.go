package byzantine_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

const (
	testAccountID     = "11111111-2222-4333-8444-555555555555"
	testUserID        = "66666666-7777-4888-9999-aaaaaaaaaaaa"
	testEmail         = "jane.doe+private@example.com"
	testCredentialURI = "/v1/integrator/credentials/" + rfc6979Public

	// anyResponse is a response body that can be decoded as the response of each of the testCalls.
	anyResponse = `{"otpId":"otp-1","integratorId":"i-1","accessScope":"read_write","capabilities":{"canWrite":true}}`
)

// newTestClient returns a client that calls url and signs with the key of RFC 6979.
func newTestClient(tb testing.TB, url string, opts ...byzantine.Option) *byzantine.Client {
	tb.Helper()
	client, err := byzantine.NewClient(rfc6979Key(tb), append([]byzantine.Option{byzantine.WithBaseURL(url)}, opts...)...)
	require.NoError(tb, err)
	return client
}

// atOnce returns a context with which a call does not wait the random time between attempts.
func atOnce(t testing.TB) context.Context {
	t.Helper()
	return jitter.With(t.Context(), func(time.Duration) time.Duration { return 0 })
}

// testCalls has one call for each HTTP method of the API's operations. Each has the body that must be sent in every attempt.
var testCalls = []testCall{
	{"GET", "", func(ctx context.Context, c *byzantine.Client) error {
		_, err := c.Whoami(ctx)
		return err
	}},
	{"POST", `{"accountId":"` + testAccountID + `","userId":"` + testUserID + `"}`, func(ctx context.Context, c *byzantine.Client) error {
		_, err := c.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: testAccountID, UserID: testUserID})
		return err
	}},
	{"PATCH", `{"label":"a<b>&c"}`, func(ctx context.Context, c *byzantine.Client) error {
		return c.Do(ctx, "PATCH", testCredentialURI, map[string]string{"label": "a<b>&c"}, new(any))
	}},
	{"DELETE", "", func(ctx context.Context, c *byzantine.Client) error {
		return c.Do(ctx, "DELETE", testCredentialURI, nil, new(any))
	}},
}

type testCall struct {
	method string
	body   string
	do     func(context.Context, *byzantine.Client) error
}

func (c testCall) isGET() bool { return c.method == http.MethodGet }

// seenRequest is a request as a server has received it.
type seenRequest struct {
	method, uri string
	header      http.Header
	body        []byte
	at          time.Time
}

// verify verifies the signature of a request at the time at which the request arrived.
func (r seenRequest) verify(key []byte) error {
	signature, err := byzantine.RequestSignatureFromHeader(r.header)
	if err != nil {
		return err
	}
	return signature.Verify(key, r.at, r.method, r.uri, r.body)
}

// inbox collects the requests that a server has received.
type inbox struct {
	mu       sync.Mutex
	requests []seenRequest
}

// add reads a request and keeps it. It returns an error if the body did not arrive completely.
func (in *inbox) add(r *http.Request, at time.Time) (seenRequest, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return seenRequest{}, err
	}
	seen := seenRequest{method: r.Method, uri: r.RequestURI, header: r.Header.Clone(), body: body, at: at}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.requests = append(in.requests, seen)
	return seen, nil
}

func (in *inbox) all() []seenRequest {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]seenRequest(nil), in.requests...)
}

// assertEachSignedAnew checks that all requests are complete, are the same call, and have different valid signatures.
// The signature is deterministic, so clients of these tests need a tickingClock to make different ones.
func assertEachSignedAnew(t *testing.T, call testCall, requests []seenRequest) {
	t.Helper()
	key := rfc6979Key(t).PublicKey()
	signatures := map[string]bool{}
	for i, r := range requests {
		assert.Equal(t, call.method, r.method)
		assert.Equal(t, requests[0].uri, r.uri)
		assert.Equal(t, call.body, string(r.body), "request %d", i)
		assert.NoError(t, r.verify(key), "request %d", i)
		signatures[r.header.Get("X-Signature")] = true
	}
	assert.Len(t, signatures, len(requests), "each attempt has a signature of its own")
}

// tickingClock returns a clock that is ahead of the machine's by one second more at each call.
func tickingClock() func() time.Time {
	var mu sync.Mutex
	var ticks time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		ticks += time.Second
		return time.Now().Add(ticks)
	}
}

// refusingURL returns a URL at which connections are refused. Its port stays in use by the client's end of a
// connection, so that no server of another test gets it meanwhile.
func refusingURL(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return "http://" + conn.LocalAddr().String()
}

// roundTripper is a function as a transport. It calls no trace hooks, so a request that it fails counts as sent.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// over returns the option that makes a client use a transport.
func over(transport http.RoundTripper) byzantine.Option {
	return byzantine.WithHTTPClient(&http.Client{Transport: transport})
}

func newResponse(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: status, Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

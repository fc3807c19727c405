package byzantine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// The signature covers the method, path, query and body exactly as the server receives them.
func TestSignatureCoversTheRequestOnTheWire(t *testing.T) {
	queries := []string{
		"", "?", "?a=1", "?email=jane.doe%2Bprivate%40example.com", "?q=a%20b&q=a+b", "?q=%C3%A9%2F%3F%23", "?a=&&b", "?x=1;2",
		"?createdAfter=2026-09-01T00:00:00Z", "?q='()*!$,:@/?",
	}
	paths := []string{
		"/v1/query/plain", "/v1/query/a%20b", "/v1/query/a%2Fb", "/v1/query/%C3%A9", "/v1/query/%25", "/v1/query/a+b:c@d;e=f,g",
		"/v1/query//double", "/v1/query/trailing/", "/v1/query/lower%2fcase", "/v1/query/(a)!*'$&",
	}
	bodies := []any{
		nil, map[string]string{}, map[string]string{"label": "<script>&\u2028é \U0001F600"}, []int{}, "text",
		map[string]string{"large": strings.Repeat("0123456789abcdef", 1<<16)},
	}
	for _, protocol := range []string{"HTTP/1", "HTTP/2"} {
		t.Run(protocol, func(t *testing.T) {
			var last seenRequest
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.True(t, strings.HasPrefix(r.Proto, protocol))
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				last = seenRequest{method: r.Method, uri: r.RequestURI, header: r.Header.Clone(), body: body, at: time.Now()}
			}))
			opts := []byzantine.Option{byzantine.WithUserAgent("acme/1.4")}
			if protocol == "HTTP/2" {
				server.EnableHTTP2 = true
				server.StartTLS()
				opts = append(opts, byzantine.WithHTTPClient(server.Client()))
			} else {
				server.Start()
			}
			defer server.Close()
			client := newTestClient(t, server.URL, opts...)
			check := func(method, uri string, body any) {
				t.Helper()
				require.NoError(t, client.Do(t.Context(), method, uri, body, nil), uri)
				assert.Equal(t, method, last.method)
				assert.Equal(t, uri, last.uri, "sent as it is")
				require.NoError(t, last.verify(rfc6979Key(t).PublicKey()), uri)
				assert.Equal(t, []string{"application/json"}, last.header["Accept"])
				assert.Equal(t, []string{"application/json"}, last.header["Content-Type"])
				assert.Regexp(t, `^acme/1\.4 byzantine-go/\d+\.\d+\.\d+$`, last.header.Get("User-Agent"))
			}
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
				for _, query := range queries {
					check(method, "/v1/query/plain"+query, nil)
					assert.Empty(t, last.body)
				}
				for _, path := range paths {
					check(method, path+"?a=b", nil)
				}
				if method == "GET" {
					continue
				}
				for _, body := range bodies {
					check(method, "/v1/submit/plain", body)
				}
			}
		})
	}
}

// The body is what encoding/json writes, without HTML escaping and without a newline at the end.
func TestBodyOnTheWire(t *testing.T) {
	server := newRawServer(t, acceptAllRaw)
	client := newTestClient(t, server.url)
	for want, in := range map[string]any{
		"":                    nil,
		`{}`:                  struct{}{},
		`{"a":"<b>&'\u2028"}`: map[string]string{"a": "<b>&'\u2028"},
		`{"n":0,"f":false}`: struct {
			N int  `json:"n"`
			F bool `json:"f"`
		}{},
		`{"accountId":"x"}`: struct {
			A string `json:"accountId"`
		}{"x"},
	} {
		before := len(server.all())
		require.NoError(t, client.Do(t.Context(), "POST", "/v1/submit/x", in, nil))
		assert.Equal(t, want, string(server.all()[before].body))
	}
}

// meddler is a RoundTripper like those that integrators wrap around the transport: it adds a context value and headers
// and buffers the body. It clones the request, as it should.
type meddler struct{ next http.RoundTripper }

func (m meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(context.WithValue(r.Context(), meddler{}, "span"))
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.Header.Set("Via", "1.1 proxy")
	if r.Body != nil { // buffers the body, like a logging transport
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return m.next.RoundTrip(r)
}

// A RoundTripper around the transport cannot break the signature, because the request is signed before.
func TestWrappedTransportKeepsTheSignature(t *testing.T) {
	var in inbox
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { acceptAll(&in, w, r) }))
	defer server.Close()
	client := newTestClient(t, server.URL, over(meddler{http.DefaultTransport}), byzantine.WithClock(tickingClock()))
	for i, call := range testCalls {
		require.NoError(t, call.do(t.Context(), client))
		assertEachSignedAnew(t, call, in.all()[i:])
		assert.NotEmpty(t, in.all()[i].header.Get("Traceparent"))
	}
}

// A wrapped transport that calls the trace hooks shows what was not sent as reliably as net/http's.
func TestWrappedTransportTellsWhatWasSent(t *testing.T) {
	client := newTestClient(t, refusingURL(t), over(meddler{http.DefaultTransport}), byzantine.WithMaxAttempts(1))
	for _, call := range testCalls {
		assertFailure(t, call, want{attempts: 1, unsent: true}, call.do(t.Context(), client))
	}
}

// A RoundTripper that calls no trace hook may have sent the request, so the outcome is unknown.
func TestSilentTransportCountsAsSent(t *testing.T) {
	requests := 0
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
		requests++
		return nil, fmt.Errorf("wrapped: %w", &url.Error{Op: "Post", URL: "https://x/?email=" + testEmail, Err: errRefused})
	})))
	for _, call := range testCalls[1:] {
		requests = 0
		err := call.do(t.Context(), client)
		assertFailure(t, call, want{attempts: 1, unknown: true, is: errRefused}, err)
		assert.Equal(t, 1, requests)
		assert.NotContains(t, err.Error(), "jane.doe")
	}
}

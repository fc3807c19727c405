package byzantine_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// hooked is a RoundTripper that passes requests on unchanged, so that the trace hooks are called.
type hooked struct{ next http.RoundTripper }

func (w hooked) RoundTrip(r *http.Request) (*http.Response, error) { return w.next.RoundTrip(r) }

// valueless is a RoundTripper that passes on requests without the values of their contexts, and so without trace hooks.
type valueless struct{ next http.RoundTripper }

func (w valueless) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.next.RoundTrip(r.WithContext(noValues{r.Context()}))
}

type noValues struct{ context.Context }

func (noValues) Value(any) any { return nil }

// transportsOf are the kinds of round trippers that a caller may build with net/http's transport.
var transportsOf = []struct {
	name  string
	wrap  func(*http.Transport) http.RoundTripper
	dials bool // a failed dial or handshake proves that nothing was sent
	waits bool // so does a context that ends before there is a connection
}{
	{"caller's", func(t *http.Transport) http.RoundTripper { return t }, true, true},
	{"wrapped", func(t *http.Transport) http.RoundTripper { return hooked{t} }, true, false},
	{"without values", func(t *http.Transport) http.RoundTripper { return valueless{t} }, false, false},
	{"registered protocol", func(t *http.Transport) http.RoundTripper { return registered(t) }, false, false},
	{"registered protocol, wrapped", func(t *http.Transport) http.RoundTripper { return hooked{registered(t)} }, false, false},
	{"own HTTP/2", func(t *http.Transport) http.RoundTripper {
		t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{"x": nil}
		return t
	}, true, false},
}

// registered returns a transport that passes all requests to t by RegisterProtocol, without their context values, so
// that no trace hooks are called.
func registered(t *http.Transport) *http.Transport {
	outer := &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}} // or else net/http registers https
	outer.RegisterProtocol("http", valueless{t})
	outer.RegisterProtocol("https", valueless{t})
	return outer
}

// unsentRow is a row of a table: a fault that occurs before there is a connection, and the error that it leads to.
type unsentRow struct {
	name  string
	dials bool // the dial or the handshake fails; otherwise the context ends
	setUp func(*testing.T) (url string, transport *http.Transport)
	begin func(t *testing.T, url string, transport *http.Transport) // before the call
	is    error
}

var unsentRows = []unsentRow{
	{name: "dial refused", dials: true, setUp: func(t *testing.T) (string, *http.Transport) { return refusingURL(t), new(http.Transport) }},
	{name: "handshake fails", dials: true, setUp: func(t *testing.T) (string, *http.Transport) {
		server := newRawServer(t, func(c *rawConn) {
			_, _ = c.reader.Peek(1)
			c.send("HTTP/1.1 400 Bad Request\n\n")
		})
		return "https" + strings.TrimPrefix(server.url, "http"), new(http.Transport)
	}},
	{name: "certificate", dials: true, setUp: func(t *testing.T) (string, *http.Transport) {
		return tlsServer(t, http.NotFoundHandler()).URL, new(http.Transport)
	}},
	{name: "the context ends while dialling", is: context.DeadlineExceeded, setUp: func(t *testing.T) (string, *http.Transport) {
		return "http://127.0.0.1:1", &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			<-t.Context().Done()
			return nil, net.ErrClosed
		}}
	}},
	{name: "the context ends in the handshake", is: context.DeadlineExceeded, setUp: func(t *testing.T) (string, *http.Transport) {
		return "https" + strings.TrimPrefix(newRawServer(t, (*rawConn).untilClosed).url, "http"), new(http.Transport)
	}},
	{name: "the context ends in CONNECT", is: context.DeadlineExceeded, setUp: func(t *testing.T) (string, *http.Transport) {
		proxy, err := url.Parse(newRawServer(t, (*rawConn).untilClosed).url)
		require.NoError(t, err)
		return "https://api.example", &http.Transport{Proxy: http.ProxyURL(proxy)}
	}},
	{
		name: "the context ends while waiting for a connection", is: context.DeadlineExceeded,
		setUp: func(t *testing.T) (string, *http.Transport) {
			return newRawServer(t, (*rawConn).untilClosed).url, &http.Transport{MaxConnsPerHost: 1}
		},
		begin: func(t *testing.T, url string, transport *http.Transport) {
			busy := make(chan struct{})
			trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(busy) }}
			request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
			require.NoError(t, err)
			go func() { _, _ = transport.RoundTrip(request) }()
			<-busy
		},
	},
}

// TestProofOfNotSent has every fault before anything is sent, for every kind of round tripper. The error says "nothing
// was sent" only where that is proven, and a request other than a GET is sent again only then.
func TestProofOfNotSent(t *testing.T) {
	for _, row := range unsentRows {
		for _, kind := range transportsOf {
			for _, call := range testCalls {
				t.Run(row.name+"/"+kind.name+"/"+call.method, func(t *testing.T) {
					t.Parallel()
					target, transport := row.setUp(t)
					t.Cleanup(transport.CloseIdleConnections)
					client := newTestClient(t, target, over(kind.wrap(transport)), byzantine.WithMaxAttempts(1))
					if row.begin != nil {
						row.begin(t, target, transport)
					}
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					if !row.dials {
						ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
					}
					defer cancel()
					err := call.do(ctx, client)
					proven := kind.waits || (row.dials && kind.dials)
					assertFailure(t, call, want{attempts: 1, unsent: proven, unknown: !proven && !call.isGET(), is: row.is}, err)
				})
			}
		}
	}
}

// For the client's own transport the proof does not depend on a hook that was called.
func TestProofOfNotSentByOwnTransport(t *testing.T) {
	t.Parallel()
	silent := newRawServer(t, (*rawConn).untilClosed)
	for name, target := range map[string]string{
		"dial": refusingURL(t), "certificate": tlsServer(t, http.NotFoundHandler()).URL, "handshake": "https" + strings.TrimPrefix(silent.url, "http"),
	} {
		client := newTestClient(t, target, byzantine.WithMaxAttempts(1), byzantine.WithAttemptTimeout(200*time.Millisecond))
		for _, call := range testCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				assertFailure(t, call, want{attempts: 1, unsent: true}, call.do(t.Context(), client))
			})
		}
	}
}

// A request other than a GET that arrived and then failed is sent once, whatever the transport.
func TestSentOnceByEveryTransport(t *testing.T) {
	for _, kind := range transportsOf {
		for _, call := range append(testCalls[1:], bodylessPOST) {
			for _, fault := range []func(*rawConn){(*rawConn).reset, func(*rawConn) {}} {
				t.Run(kind.name+"/"+call.method, func(t *testing.T) {
					server := newRawServer(t, func(c *rawConn) {
						if c.receive() {
							c.respond(200, "", anyResponse)
							c.receive()
							fault(c)
						}
					})
					client := newTestClient(t, server.url, over(kind.wrap(new(http.Transport))), byzantine.WithClock(tickingClock()))
					require.NoError(t, call.do(t.Context(), client))
					err := call.do(t.Context(), client)
					assertOutcome(t, call, unknown, outcome{err: err, requests: server.all()[1:]})
				})
			}
		}
	}
}

var bodylessPOST = testCall{"POST", "", func(ctx context.Context, c *byzantine.Client) error {
	return c.Do(ctx, "POST", "/v1/webhooks/deliveries/"+testAccountID+"/retry", nil, new(any))
}}

// A request that was rejected because of its clock had no effect. If nothing is sent after it, the outcome is known,
// and the error is that of the rejection.
func TestNothingSentAfterTheClock(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			t.Parallel()
			server := newRawServer(t, func(c *rawConn) {
				c.receive()
				c.server.listener.Close()
				c.send("HTTP/1.1 401 Unauthorized\nDate: " + time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat) +
					"\nConnection: close\nContent-Length: 0\n\n")
			})
			client := newTestClient(t, server.url, byzantine.WithClock(tickingClock()))
			err := call.do(t.Context(), client)
			assertOutcome(t, call, want{requests: 1, attempts: 3, status: 401, message: "a second attempt with the clock corrected was not sent: dial"},
				outcome{err: err, requests: server.all()})
		})
	}
}

// signingHook is a Signer that calls a function before each signature.
type signingHook struct {
	byzantine.Signer
	before func()
}

func (s signingHook) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	s.before()
	return s.Signer.SignDigest(ctx, digest)
}

// A wrong code behind a proxy with a wrong clock looks like a wrong clock. If the context ends before the second
// attempt is sent, the error is about the code, and does not say that nothing was sent.
func TestMistypedCodeWhoseSecondAttemptIsNotSent(t *testing.T) {
	server := newRawServer(t, func(c *rawConn) {
		for c.receive() {
			c.send("HTTP/1.1 400 Bad Request\nDate: " + time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat) +
				"\nContent-Length: 28\n\n" + `{"error":"invalid OTP code"}`)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	signatures := 0
	client, err := byzantine.NewClient(signingHook{rfc6979Key(t), func() {
		if signatures++; signatures == 2 {
			cancel()
		}
	}}, byzantine.WithBaseURL(server.url))
	require.NoError(t, err)
	var response byzantine.Response
	err = client.Do(ctx, "POST", "/v1/submit/otp-auth", map[string]string{}, nil, byzantine.WithResponse(&response))
	var rejected *byzantine.Error
	require.ErrorAs(t, err, &rejected)
	assert.Equal(t, 400, rejected.StatusCode)
	assert.Equal(t, "invalid OTP code", rejected.Message)
	assert.Equal(t, 2, rejected.Attempts)
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "a second attempt with the clock corrected was not sent: context canceled")
	assert.Equal(t, 400, response.StatusCode)
	assert.Equal(t, 1, server.accepted())
	assert.Len(t, server.all(), 1)
}

// If an HTTP/2 server refuses a request, other requests on the same connection go on, with TLS and without.
func TestRejectedStreamLeavesTheConnectionHTTP2(t *testing.T) {
	for name, newProxy := range map[string]func(*testing.T, *httptest.Server, func(*proxiedStream)) *frameProxy{
		"TLS": newFrameProxy, "plain": newPlainFrameProxy,
	} {
		for _, kind := range transportsOf[:3] {
			for _, call := range []testCall{testCalls[0], bodylessPOST, testCalls[3]} {
				t.Run(name+"/"+kind.name+"/"+call.method, func(t *testing.T) {
					const others = 19
					var waiting sync.WaitGroup
					waiting.Add(others)
					release := make(chan struct{})
					backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						_, _ = io.Copy(io.Discard, r.Body) // the fault occurs at the end of the request
						if strings.HasPrefix(r.URL.Path, "/v1/wait") {
							waiting.Done()
							<-release
						}
						_, _ = io.WriteString(w, anyResponse)
					}))
					var faulty atomic.Bool
					proxy := newProxy(t, backend, func(s *proxiedStream) {
						if faulty.Load() {
							s.onResponse = func(frame) {}
							s.reset(codeREFUSEDSTREAM)
						}
					})
					client := newTestClient(t, proxy.url, over(kind.wrap(proxy.transport(t))), byzantine.WithMaxAttempts(1))
					require.NoError(t, client.Do(t.Context(), "GET", "/v1/warm", nil, nil))
					var running sync.WaitGroup
					for range others {
						running.Go(func() { assert.NoError(t, client.Do(t.Context(), "POST", "/v1/wait", struct{}{}, nil)) })
					}
					waiting.Wait()
					before := proxy.requests.Load()
					faulty.Store(true)
					err := call.do(t.Context(), client)
					close(release)
					running.Wait()
					assert.EqualValues(t, 1, proxy.requests.Load()-before, "on the wire")
					assertFailure(t, call, want{attempts: 1, unknown: !call.isGET()}, err)
				})
			}
		}
	}
}

// If a round tripper does not show what it sends, the log says so once.
func TestHiddenRequestsAreWarnedOfOnce(t *testing.T) {
	for _, kind := range transportsOf {
		server := newRawServer(t, acceptAllRaw)
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
		client := newTestClient(t, server.url, over(kind.wrap(new(http.Transport))), byzantine.WithLogger(logger))
		for range 3 {
			for _, call := range testCalls {
				require.NoError(t, call.do(t.Context(), client))
			}
		}
		want := 0
		if !kind.dials {
			want = 1
		}
		assert.Equal(t, want, strings.Count(out.String(), "does not say what it sends"), "%s: %s", kind.name, out.String())
		assert.Equal(t, want, strings.Count(out.String(), "\n"), kind.name)
	}
}

// tokenFetcher is a round tripper that requests a token with the context of the request before it sends the request.
type tokenFetcher struct {
	tokens string
	next   http.RoundTripper
}

func (f tokenFetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	request, err := http.NewRequestWithContext(r.Context(), "GET", f.tokens, nil)
	if err != nil {
		return nil, err
	}
	response, err := f.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return f.next.RoundTrip(r)
}

// A second request with the context of the first may be the same request again, so it is stopped, and the error says
// why.
func TestTokenUnderTheContextOfTheRequest(t *testing.T) {
	tokens := newRawServer(t, acceptAllRaw)
	for _, call := range testCalls {
		server := newRawServer(t, acceptAllRaw)
		client := newTestClient(t, server.url, over(tokenFetcher{tokens.url, new(http.Transport)}), byzantine.WithMaxAttempts(1))
		err := call.do(t.Context(), client)
		assertFailure(t, call, want{
			attempts: 1, unknown: !call.isGET(), message: "the RoundTripper sent more than one request under the context of this one",
		}, err)
		assert.NotContains(t, err.Error(), "connection failed")
	}
}

// A round tripper that sends a POST again after a failure is stopped in the same way.
func TestWrapperThatSendsAgainIsStopped(t *testing.T) {
	server := newRawServer(t, func(c *rawConn) {
		for c.receive() {
			c.respond(500, "", "")
		}
	})
	call := testCalls[1]
	client := newTestClient(t, server.url, over(roundTripper(func(r *http.Request) (*http.Response, error) {
		var response *http.Response
		var err error
		for range 3 {
			again := r.Clone(r.Context())
			again.Body = io.NopCloser(strings.NewReader(call.body))
			if response, err = http.DefaultTransport.RoundTrip(again); err != nil {
				return nil, err
			}
			if response.StatusCode != 500 {
				break
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		return response, err
	})))
	err := call.do(t.Context(), client)
	assert.True(t, errors.Is(err, byzantine.ErrOutcomeUnknown), err)
	assert.LessOrEqual(t, len(server.all()), 2)
}

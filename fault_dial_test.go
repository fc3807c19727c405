package byzantine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// TestFaultTableBeforeSending has the faults that occur before a request is sent. They have the same result for each
// method.
func TestFaultTableBeforeSending(t *testing.T) {
	untrusted := tlsServer(t, http.NotFoundHandler())
	hangingUp := newRawServer(t, func(c *rawConn) {
		_, _ = c.reader.Peek(1)
		c.reset()
	})
	unencrypted := httptest.NewServer(http.NotFoundHandler())
	defer unencrypted.Close()
	https := func(url string) string { return "https" + strings.TrimPrefix(url, "http") }

	var cells faultCells
	for _, row := range []struct {
		name string
		url  string
		opts []byzantine.Option
		want want
	}{
		{"connection refused", refusingURL(t), nil, want{attempts: 3, is: syscall.ECONNREFUSED}},
		{"connection refused, one attempt", refusingURL(t), []byzantine.Option{byzantine.WithMaxAttempts(1)}, want{attempts: 1, is: syscall.ECONNREFUSED}},
		{"unknown host", "https://api.example", resolvingBy(t, 3), want{attempts: 1, message: "no such host"}},
		{"DNS server out of order", "https://api.example", resolvingBy(t, 2), want{attempts: 3, message: "server misbehaving"}},
		{"certificate rejected", untrusted.URL, nil, want{attempts: 1, message: "failed to verify certificate"}},
		{"TLS handshake broken off", https(hangingUp.url), nil, want{attempts: 3}},
		{"no TLS", https(unencrypted.URL), nil, want{attempts: 3, message: "server gave HTTP response to HTTPS client"}},
	} {
		row.want.unsent = true
		for _, call := range testCalls {
			client := newTestClient(t, row.url, row.opts...)
			cells.add(row.name+"/"+call.method, call, row.want, row.want, func() outcome {
				return outcome{err: call.do(atOnce(t), client)}
			})
		}
	}
	cells.run(t)
}

// tlsServer returns an https server that does not log failed handshakes.
func tlsServer(t *testing.T, handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// resolvingBy makes a client use a name server that responds to all questions with a code of RFC 1035, section 4.1.1.
func resolvingBy(t *testing.T, code byte) []byzantine.Option {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	go func() {
		packet := make([]byte, 512)
		for {
			n, client, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			// The question becomes the response: response, recursion available, and no additional section.
			packet[2], packet[3] = packet[2]|0x80, 0x80|code
			packet[10], packet[11] = 0, 0
			end := 12
			for end < n && packet[end] != 0 {
				end += int(packet[end]) + 1
			}
			_, _ = server.WriteTo(packet[:end+5], client)
		}
	}()
	dialer := &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}}
	return []byzantine.Option{over(&http.Transport{DialContext: dialer.DialContext})}
}

// A call whose context is over makes no attempt.
func TestContextOverBeforeTheCall(t *testing.T) {
	server := newRawServer(t, acceptAllRaw)
	client := newTestClient(t, server.url)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, call := range testCalls {
		for ctx, is := range map[context.Context]error{cancelled: context.Canceled, expired: context.DeadlineExceeded} {
			err := call.do(ctx, client)
			assertFailure(t, call, want{unsent: true, is: is}, err)
			assert.ErrorContains(t, err, "0 attempts")
		}
	}
	assert.Zero(t, server.accepted())
}

// If the context is cancelled while the server handles the request, a GET fails without a response, and the outcome of
// any other request is unknown.
func TestContextCancelledDuringTheCall(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			received := make(chan struct{})
			server := newRawServer(t, func(c *rawConn) {
				c.receive()
				close(received)
				c.untilClosed()
			})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-received
				cancel()
			}()
			err := call.do(ctx, newTestClient(t, server.url))
			assertOutcome(t, call, want{requests: 1, unknown: !call.isGET(), is: context.Canceled}, outcome{err: err, requests: server.all()})
		})
	}
}

// The same holds if the context is cancelled in the middle of the response.
func TestContextCancelledDuringTheResponse(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := newRawServer(t, func(c *rawConn) {
				c.receive()
				c.send(responseHead(200, "Content-Length: 100\n\n") + "{")
				cancel()
				c.untilClosed()
			})
			err := call.do(ctx, newTestClient(t, server.url))
			assertOutcome(t, call, want{requests: 1, unknown: !call.isGET(), is: context.Canceled}, outcome{err: err, requests: server.all()})
		})
	}
}

// An error of the signer ends the call before anything is sent.
func TestSignerFails(t *testing.T) {
	down := errors.New("the HSM is down")
	server := newRawServer(t, acceptAllRaw)
	signer := ownSigner{rfc6979Key(t).PublicKey(), func(context.Context, []byte) ([]byte, error) { return nil, down }}
	client, err := byzantine.NewClient(signer, byzantine.WithBaseURL(server.url))
	require.NoError(t, err)
	for _, call := range testCalls {
		assertFailure(t, call, want{attempts: 1, unsent: true, is: down, message: "sign request: the HSM is down; nothing was sent"}, call.do(t.Context(), client))
	}
	assert.Zero(t, server.accepted())
}

// A signer that hangs is ended by the timeout of the attempt, and the error says that signing failed.
func TestSignerHangs(t *testing.T) {
	signer := ownSigner{rfc6979Key(t).PublicKey(), func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	client, err := byzantine.NewClient(signer, byzantine.WithAttemptTimeout(time.Millisecond))
	require.NoError(t, err)
	for _, call := range testCalls {
		err := call.do(t.Context(), client)
		assertFailure(t, call, want{attempts: 1, unsent: true, is: context.DeadlineExceeded, message: "sign request: context deadline exceeded"}, err)
	}
}

// If a proxy rejects the tunnel, nothing was sent. A request through a tunnel is like any other.
func TestThroughAProxy(t *testing.T) {
	var in inbox
	server := tlsServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := in.add(r, time.Now())
		assert.NoError(t, err)
		_, _ = io.WriteString(w, anyResponse)
	}))
	reject := false
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reject {
			http.Error(w, "who are you?", http.StatusProxyAuthRequired)
			return
		}
		tunnel(t, w, r)
	}))
	defer proxy.Close()
	proxyURL, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	transport := &http.Transport{
		Proxy:           http.ProxyURL(proxyURL),
		TLSClientConfig: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs},
	}
	defer transport.CloseIdleConnections()
	client := newTestClient(t, server.URL, over(transport), byzantine.WithMaxAttempts(1))
	for i, call := range testCalls {
		require.NoError(t, call.do(t.Context(), client))
		assertEachSignedAnew(t, call, in.all()[i:])
	}
	transport.CloseIdleConnections()
	reject = true
	for _, call := range testCalls {
		assertFailure(t, call, want{attempts: 1, unsent: true, message: "Proxy Authentication Required"}, call.do(t.Context(), client))
	}
}

// tunnel serves a CONNECT until one side closes.
func tunnel(t *testing.T, w http.ResponseWriter, r *http.Request) {
	assert.Equal(t, http.MethodConnect, r.Method)
	assert.Empty(t, r.Header.Get("X-Signature"), "the signature is none of the proxy's business")
	target, err := net.Dial("tcp", r.Host)
	if !assert.NoError(t, err) {
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if !assert.NoError(t, err) {
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		defer target.Close()
		_, _ = io.Copy(target, client)
	}()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, target)
	}()
}

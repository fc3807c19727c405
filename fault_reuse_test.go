package byzantine_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// slowCloseConn is a connection whose Close takes 5 ms, during which the connection stays open.
type slowCloseConn struct{ net.Conn }

func (c slowCloseConn) Close() error {
	time.Sleep(5 * time.Millisecond)
	return c.Conn.Close()
}

// If there is a second idle connection, net/http would send a failed GET again on it. Whether net/http checks the
// context before that depends on chance, so the test repeats this.
func TestNoResendOnAnIdleConnection(t *testing.T) {
	t.Parallel()
	const idle = 4
	for range 20 {
		var warm sync.WaitGroup
		warm.Add(idle)
		server := newRawServer(t, func(c *rawConn) {
			if !c.receive() {
				return
			}
			warm.Done()
			warm.Wait() // so that each of the first calls opens a connection
			c.respond(200, "", anyResponse)
			c.receive()
			c.reset()
		})
		transport := &http.Transport{MaxIdleConnsPerHost: idle, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return slowCloseConn{conn}, err
		}}
		client := newTestClient(t, server.url, byzantine.WithMaxAttempts(1), over(transport))
		var running sync.WaitGroup
		for range idle {
			running.Go(func() { assert.NoError(t, testCalls[0].do(t.Context(), client)) })
		}
		running.Wait()
		err := testCalls[0].do(t.Context(), client)
		transport.CloseIdleConnections()
		assertOutcome(t, testCalls[0], want{requests: 1}, outcome{err: err, requests: server.all()[idle:]})
	}
}

// brokenConn is a connection that broke without notice: a write fails, and sends nothing.
type brokenConn struct {
	net.Conn
	broken *atomic.Bool
}

func (c brokenConn) Write(b []byte) (int, error) {
	if c.broken.Load() {
		return 0, syscall.EPIPE
	}
	return c.Conn.Write(b)
}

// If a request without a body cannot be written to a reused connection, net/http would send it again. Only the
// connection knows that nothing was sent, so the request counts as sent.
func TestBrokenReusedConnection(t *testing.T) {
	for _, call := range testCalls {
		t.Run(call.method, func(t *testing.T) {
			server := newRawServer(t, acceptAllRaw)
			var broken atomic.Bool
			transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return brokenConn{conn, &broken}, err
			}}
			defer transport.CloseIdleConnections()
			client := newTestClient(t, server.url, over(transport), byzantine.WithMaxAttempts(1))
			require.NoError(t, call.do(t.Context(), client))
			broken.Store(true)
			err := call.do(t.Context(), client)
			assertFailure(t, call, want{attempts: 1, unknown: !call.isGET()}, err)
			assert.Len(t, server.all(), 1)
		})
	}
}

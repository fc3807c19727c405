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

// slowCloseConn is a connection whose Close takes a while, during which the connection is open.
type slowCloseConn struct{ net.Conn }

func (c slowCloseConn) Close() error {
	time.Sleep(5 * time.Millisecond)
	return c.Conn.Close()
}

// With a second idle connection at hand net/http would send a GET again on it. Whether it looks at the context before
// is a matter of chance, hence the rounds.
func TestNoResendOnAnIdleConnection(t *testing.T) {
	const idle = 4
	for range 20 {
		var warm sync.WaitGroup
		warm.Add(idle)
		server := newRawServer(t, func(c *rawConn) {
			if !c.receive() {
				return
			}
			warm.Done()
			warm.Wait() // each call of the beginning has a connection of its own
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

// brokenConn is a connection that has died unnoticed: a write fails, and no byte of it goes out.
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

// A request that could not be written to a reused connection is one that net/http would send again if it has no body.
// Nobody but the connection knows that nothing went out, so it counts as sent.
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

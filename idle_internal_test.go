package byzantine

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// slowPipe is one direction of a connection: written data arrives after a delay. Writes do not wait.
type slowPipe struct {
	delay   time.Duration
	mu      sync.Mutex
	arrived chan struct{} // closed when there is new data
	chunks  []chunk
}

type chunk struct {
	at   time.Time
	data []byte // nil for the end of the data
}

func (p *slowPipe) put(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chunks = append(p.chunks, chunk{time.Now().Add(p.delay), data})
	close(p.arrived)
	p.arrived = make(chan struct{})
}

func (p *slowPipe) Read(b []byte) (int, error) {
	for {
		p.mu.Lock()
		if len(p.chunks) == 0 {
			more := p.arrived
			p.mu.Unlock()
			<-more
			continue
		}
		c := &p.chunks[0]
		wait := time.Until(c.at)
		if wait > 0 {
			p.mu.Unlock()
			time.Sleep(wait)
			continue
		}
		defer p.mu.Unlock()
		if c.data == nil {
			return 0, io.EOF
		}
		n := copy(b, c.data)
		if c.data = c.data[n:]; len(c.data) == 0 {
			p.chunks = p.chunks[1:]
		}
		return n, nil
	}
}

// slowConn is one end of a connection made of two slowPipes.
type slowConn struct {
	net.Conn // nil, because deadlines and addresses are not used
	in, out  *slowPipe
	closing  sync.Once
}

func newSlowConns(delay time.Duration) (client, server *slowConn) {
	up, down := &slowPipe{delay: delay, arrived: make(chan struct{})}, &slowPipe{delay: delay, arrived: make(chan struct{})}
	return &slowConn{in: down, out: up}, &slowConn{in: up, out: down}
}

func (c *slowConn) Read(b []byte) (int, error) { return c.in.Read(b) }
func (c *slowConn) Write(b []byte) (int, error) {
	c.out.put(append([]byte{}, b...))
	return len(b), nil
}
func (c *slowConn) Close() error {
	c.closing.Do(func() {
		c.out.put(nil)
		c.in.put(nil)
	})
	return nil
}

// balance reads requests and responds like a load balancer that closes a connection after a minute without a request.
func balance(conn *slowConn) {
	defer conn.Close()
	requests := make(chan struct{})
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		defer close(requests)
		for reader := bufio.NewReader(conn); ; {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			select {
			case requests <- struct{}{}:
			case <-gone:
				return
			}
		}
	}()
	for {
		select {
		case _, open := <-requests:
			if !open {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		case <-time.After(60 * time.Second):
			return
		}
	}
}

// meetClosing makes 2000 POSTs, one about every minute, through a load balancer that is 50 ms away. It returns how many
// of them had an unknown outcome because the balancer was closing the connection, and how many connections were opened.
// idle is the IdleConnTimeout.
func meetClosing(t *testing.T, idle time.Duration) (unknown, conns int) {
	const posts = 2000
	key, err := GenerateKey() // not in the bubble: in FIPS mode Go gathers entropy by the real clock
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		own := call.NewTransport()
		own.Proxy, own.IdleConnTimeout = nil, idle
		own.DialContext = func(context.Context, string, string) (net.Conn, error) {
			conns++
			client, server := newSlowConns(50 * time.Millisecond)
			go balance(server)
			return client, nil
		}
		client, err := NewClient(key, WithBaseURL("http://localhost"), WithHTTPClient(&http.Client{Transport: own}))
		require.NoError(t, err)
		random := rand.New(rand.NewPCG(1, 2))
		for range posts {
			err := client.Do(t.Context(), "POST", "/v1/submit/x", struct{}{}, nil)
			if errors.Is(err, ErrOutcomeUnknown) {
				unknown++
			} else {
				assert.NoError(t, err)
			}
			time.Sleep(59500*time.Millisecond + time.Duration(random.Int64N(int64(time.Second))))
		}
		own.CloseIdleConnections()
		time.Sleep(2 * time.Minute)
	})
	return unknown, conns
}

// A job that sends a POST every minute often uses a connection that the balancer is closing, if it keeps idle
// connections for longer than the balancer.
func TestIdleConnectionsAreClosedFirst(t *testing.T) {
	for _, c := range []struct {
		idle time.Duration
		own  bool
	}{{90 * time.Second, false}, {call.IdleTimeout, true}} {
		unknown, conns := meetClosing(t, c.idle)
		t.Logf("idle for %s at most: %d of 2000 POSTs met a closing connection, %d connections", c.idle, unknown, conns)
		if c.own {
			assert.Zero(t, unknown)
		} else {
			assert.NotZero(t, unknown, "the test shows what it is for")
		}
	}
	assert.Equal(t, call.IdleTimeout, call.NewTransport().IdleConnTimeout)
	assert.Less(t, call.IdleTimeout, 60*time.Second)
}

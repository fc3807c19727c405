package byzantine_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// acceptAll responds to each request of the testCalls that arrives completely.
func acceptAll(in *inbox, w http.ResponseWriter, r *http.Request) {
	if _, err := in.add(r, time.Now()); err == nil {
		_, _ = io.WriteString(w, anyResponse)
	}
}

// http2Fault is a row of the fault table for HTTP/2. Unless it drops the request, the server receives and handles it,
// because a proxy may have forwarded it whatever it tells the client. So REFUSED_STREAM and GOAWAY have the same result
// as any other reset.
type http2Fault struct {
	name       string
	play       func(*proxiedStream)
	drops      bool
	get, write want
}

var http2Faults = func() []http2Fault {
	// A response that arrives at the same moment would be used instead of the fault.
	withoutResponse := func(play func(*proxiedStream)) func(*proxiedStream) {
		return func(s *proxiedStream) {
			s.onResponse = func(frame) {}
			play(s)
		}
	}
	resetBy := func(code uint32) func(*proxiedStream) {
		return withoutResponse(func(s *proxiedStream) { s.reset(code) })
	}
	goAwayBefore := withoutResponse(func(s *proxiedStream) { s.goAway(s.id - 1) })
	goAwayAfter := func(s *proxiedStream) { s.goAway(s.id) }
	resetBody := func(s *proxiedStream) {
		s.onResponse = func(f frame) {
			if f.kind == frameHEADERS {
				_ = s.conn.toClient(f)
				s.reset(codeINTERNAL)
			}
		}
	}
	ok := want{requests: 1, success: true}
	return []http2Fault{
		{name: "PROTOCOL_ERROR", play: resetBy(codePROTOCOL), get: sentAgain, write: unknown},
		{name: "REFUSED_STREAM", play: resetBy(codeREFUSEDSTREAM), get: sentAgain, write: unknown},
		{name: "INTERNAL_ERROR", play: resetBy(codeINTERNAL), get: sentAgain, write: unknown},
		{name: "CANCEL", play: resetBy(codeCANCEL), get: sentAgain, write: unknown},
		{name: "PROTOCOL_ERROR, not handled", play: resetBy(codePROTOCOL), drops: true, get: sentAgain, write: unknown},
		{name: "REFUSED_STREAM, not handled", play: resetBy(codeREFUSEDSTREAM), drops: true, get: sentAgain, write: unknown},
		{name: "GOAWAY before the stream", play: goAwayBefore, get: sentAgain, write: unknown},
		{name: "GOAWAY before the stream, not handled", play: goAwayBefore, drops: true, get: sentAgain, write: unknown},
		{name: "GOAWAY after the stream, which gets its response", play: goAwayAfter, get: ok, write: ok},
		{
			name: "GOAWAY after the stream, then closed", play: func(s *proxiedStream) { s.goAway(s.id); s.hangUp() },
			get: sentAgain, write: unknown,
		},
		{name: "closed", play: (*proxiedStream).hangUp, get: sentAgain, write: unknown},
		{name: "body reset", play: resetBody, get: sentAgain, write: unknown},
	}
}()

// Each fault occurs for each method on a new connection, and on one that was used before.
func TestFaultTableHTTP2(t *testing.T) {
	t.Parallel()
	var cells faultCells
	for _, fault := range http2Faults {
		for _, call := range testCalls {
			name := fault.name + "/" + call.method
			cells.add(name+"/new", call, fault.get, fault.write, func() outcome { return fault.run(t, call, false) })
			cells.add(name+"/reused", call, fault.get, fault.write, func() outcome { return fault.run(t, call, true) })
		}
	}
	cells.run(t)
}

func (f http2Fault) run(t *testing.T, call testCall, warm bool) outcome {
	var in inbox
	backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { acceptAll(&in, w, r) }))
	var faulty atomic.Bool
	proxy := newFrameProxy(t, backend, func(s *proxiedStream) {
		if faulty.Load() {
			f.play(s)
		}
	})
	client := newTestClient(t, proxy.url, over(proxy.transport(t)), byzantine.WithClock(tickingClock()))
	if warm {
		assert.NoError(t, call.do(t.Context(), client))
	}
	handled, requests := len(in.all()), proxy.requests.Load()
	faulty.Store(true)
	proxy.drops.Store(f.drops)
	err := call.do(atOnce(t), client)
	onWire := int(proxy.requests.Load() - requests)
	if f.drops {
		assert.Len(t, in.all(), handled)
		return outcome{err: err, unread: onWire}
	}
	assert.Eventually(t, func() bool { return len(in.all())-handled == onWire }, 10*time.Second, time.Millisecond, "all were passed on")
	return outcome{err: err, requests: in.all()[handled:]}
}

// A GOAWAY on an idle connection is no fault: the next call opens a new connection.
func TestGoAwayBetweenCallsHTTP2(t *testing.T) {
	for _, call := range testCalls {
		var in inbox
		backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { acceptAll(&in, w, r) }))
		proxy := newFrameProxy(t, backend, func(s *proxiedStream) { s.goAway(s.id) })
		client := newTestClient(t, proxy.url, over(proxy.transport(t)), byzantine.WithClock(tickingClock()))
		for range 3 {
			assert.NoError(t, call.do(t.Context(), client))
		}
		assert.EqualValues(t, 3, proxy.requests.Load())
		assertEachSignedAnew(t, call, in.all())
	}
}

// A context that is cancelled during a call on HTTP/2.
func TestContextCancelledDuringTheCallHTTP2(t *testing.T) {
	for _, call := range testCalls {
		var in inbox
		backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { acceptAll(&in, w, r) }))
		ctx, cancel := context.WithCancel(t.Context())
		proxy := newFrameProxy(t, backend, func(s *proxiedStream) { cancel() })
		proxy.drops.Store(true)
		client := newTestClient(t, proxy.url, over(proxy.transport(t)))
		err := call.do(ctx, client)
		assertOutcome(t, call, want{requests: 1, unknown: !call.isGET(), is: context.Canceled},
			outcome{err: err, unread: int(proxy.requests.Load())})
	}
}

// stuckConn is a connection whose writes wait while it is stuck, like those of TCP to a peer that has stopped reading.
type stuckConn struct {
	net.Conn
	stuck   *atomic.Bool
	release chan struct{}
}

func (c stuckConn) Write(b []byte) (int, error) {
	if c.stuck.Load() {
		<-c.release
	}
	return c.Conn.Write(b)
}

// HTTP/2 does not interrupt a write when an attempt times out, so the headers may still be sent afterwards, when the
// connection can be written to again. Such a request counts as sent.
func TestHeadersStuckInTheConnectionHTTP2(t *testing.T) {
	for _, call := range testCalls[1:] {
		t.Run(call.method, func(t *testing.T) {
			var in inbox
			backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { acceptAll(&in, w, r) }))
			proxy := newFrameProxy(t, backend, func(*proxiedStream) {})
			stuck, release := &atomic.Bool{}, make(chan struct{})
			transport := proxy.transport(t)
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return stuckConn{conn, stuck, release}, err
			}
			client := newTestClient(t, proxy.url, over(transport), byzantine.WithClock(tickingClock()))
			require.NoError(t, call.do(t.Context(), client))
			stuck.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := call.do(ctx, client)
			assertFailure(t, call, want{attempts: 1, unknown: true, is: context.DeadlineExceeded}, err)
			stuck.Store(false)
			close(release)
		})
	}
}

package byzantine_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// deliveries counts how often the headers of each call arrived at the server, by the id in the query of the call.
type deliveries struct {
	mu    sync.Mutex
	count map[string]int
}

func (d *deliveries) add(r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count[r.URL.Query().Get("id")]++
}

// hammer makes calls with all HTTP methods from 256 goroutines with one client, and waits for them. The function that it
// returns checks whether the result of each call fits the number of requests that the server got for it; it must be called
// after the server was closed.
func (d *deliveries) hammer(t *testing.T, client *byzantine.Client) (check func()) {
	methods := []string{"POST", "PATCH", "DELETE", "PUT", "GET"}
	errs := make(map[string]error, 256*len(methods))
	var mu sync.Mutex
	var running sync.WaitGroup
	for i := range 256 {
		running.Go(func() {
			for _, method := range methods {
				id := fmt.Sprint(method, i)
				var in any
				if method == "POST" || method == "PATCH" {
					in = map[string]string{"label": id}
				}
				err := client.Do(t.Context(), method, "/v1/integrator/credentials?id="+id, in, new(any))
				mu.Lock()
				errs[id] = err
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return func() {
		for id, err := range errs {
			d.check(t, id, err)
		}
	}
}

func (d *deliveries) check(t *testing.T, id string, err error) {
	times := d.count[id]
	var withoutResponse *byzantine.TransportError
	switch {
	case strings.HasPrefix(id, "GET"):
		assert.LessOrEqual(t, times, 3, "%s: %v", id, err)
	case !errors.As(err, &withoutResponse):
		assert.Equal(t, 1, times, "%s got a response: %v", id, err)
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		assert.LessOrEqual(t, times, 1, "%s: %v", id, err)
	default:
		assert.Zero(t, times, "%s was called not sent: %v", id, err)
	}
}

// TestNothingIsSentTwice has an HTTP/1 server that does something at random with each request, and closes connections
// soon after use.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	d := &deliveries{count: map[string]int{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.add(r)
		switch rand.N(12) {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.WriteHeader(http.StatusTooManyRequests)
		case 3: // before the body is read
			cutOff(w)
		case 4:
			_, _ = io.Copy(io.Discard, r.Body)
			cutOff(w)
		case 5: // in the middle of the response
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
			panic(http.ErrAbortHandler)
		case 6:
			w.Header().Set("Connection", "close")
			fallthrough
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	server.Config.IdleTimeout = 2 * time.Millisecond
	server.Start()
	check := d.hammer(t, newTestClient(t, server.URL))
	server.Close()
	check()
}

// cutOff resets the connection of the request that is being handled (HTTP/1 only).
func cutOff(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

// TestNothingIsSentTwiceHTTP2 has a server that handles all requests and a proxy that tells the client at random that
// the server did not.
func TestNothingIsSentTwiceHTTP2(t *testing.T) {
	t.Parallel()
	d := &deliveries{count: map[string]int{}}
	var faulty atomic.Bool
	backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.add(r)
		if !faulty.Load() {
			return
		}
		switch rand.N(12) {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			panic(http.ErrAbortHandler)
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	proxy := newFrameProxy(t, backend, func(s *proxiedStream) {
		if !faulty.Load() {
			return
		}
		switch n := rand.N(1000); { // faults that end a connection are rare, because many calls share it
		case n < 50:
			s.reset(codePROTOCOL)
		case n < 100:
			s.reset(codeREFUSEDSTREAM)
		case n < 150:
			s.reset(codeINTERNAL)
		case n < 152:
			s.goAway(s.id - 1)
		case n < 154:
			s.goAway(0)
		case n < 156:
			s.hangUp()
		}
	})
	transport := proxy.transport(t)
	transport.MaxConnsPerHost = 8 // otherwise all calls open connections at once when a connection ends
	client := newTestClient(t, proxy.url, over(transport))
	require.NoError(t, client.Do(t.Context(), "GET", "/v1/warm", nil, nil)) // otherwise the client would begin with 256 connections
	faulty.Store(true)
	check := d.hammer(t, client)
	proxy.close()
	backend.Close()
	check()
}

package byzantine_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

var (
	hostileCalls = flag.Int("hostile.calls", 0, "calls of TestHostileServer; if 0, 1,000, or 3,000 where tests run at full length")
	hostileSeed  = flag.Uint64("hostile.seed", 0, "what TestHostileServer does is drawn from it; a new one if 0")
)

var discardLog = log.New(io.Discard, "", 0)

// hostileAPI does something at random with each request, and records what it has received of each call, by the id in
// the query.
type hostileAPI struct {
	seed  uint64
	mu    sync.Mutex
	calls map[string]*delivery
}

// delivery is what the server has received of one call.
type delivery struct {
	requests      int // number of requests whose headers arrived
	effects       int // number of requests that were read completely and carried out
	clockRejected int // number of requests that got a 401 with another Date
	wrongBody     string
}

func (h *hostileAPI) of(id string) *delivery {
	if h.calls[id] == nil {
		h.calls[id] = new(delivery)
	}
	return h.calls[id]
}

func (h *hostileAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	h.mu.Lock()
	d := h.of(id)
	d.requests++
	n := d.requests
	h.mu.Unlock()
	var number uint64
	_, _ = fmt.Sscanf(id, "%d", &number)
	draw := rand.New(rand.NewPCG(h.seed^number, uint64(n))).IntN(100)

	switch draw { // the cases without an effect
	case 0, 1:
		cutOffAny(w, r)
		return
	case 2, 3, 4:
		h.mu.Lock()
		d.clockRejected++
		h.mu.Unlock()
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		http.Error(w, "the signature is rejected", http.StatusUnauthorized)
		return
	case 5:
		http.Error(w, "no such thing", http.StatusNotFound)
		return
	case 6:
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	case 7:
		w.Header().Set("Location", "/v1/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mu.Lock()
	d.effects++
	if want := hostileBody(r.Method, id); string(body) != want {
		d.wrongBody = fmt.Sprintf("%q in place of %q", body, want)
	}
	h.mu.Unlock()
	switch draw { // the response to a request that had an effect
	case 8, 9, 10:
		w.WriteHeader(http.StatusInternalServerError)
	case 11:
		w.WriteHeader(http.StatusServiceUnavailable)
	case 12:
		w.WriteHeader(http.StatusRequestTimeout)
	case 13:
		w.Header().Set("Location", "/v1/result")
		w.WriteHeader(http.StatusSeeOther)
	case 14, 15, 16:
		cutOffAny(w, r)
	case 17, 18:
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
		panic(http.ErrAbortHandler)
	case 19:
		switchProtocols(w, r)
	case 20:
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	case 21:
		<-r.Context().Done()
	case 22:
		_, _ = io.WriteString(w, `{"cut":`)
	case 23:
		for range 3 {
			w.WriteHeader(http.StatusEarlyHints)
		}
		_, _ = io.WriteString(w, "{}")
	case 24, 25:
		w.Header().Set("Connection", "close")
		fallthrough
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// hostileBody returns the body that a call with this method and id must send.
func hostileBody(method, id string) string {
	if method == "POST" || method == "PATCH" {
		return `{"id":"` + id + `"}`
	}
	return ""
}

func cutOffAny(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 || r.TLS != nil {
		panic(http.ErrAbortHandler)
	}
	cutOff(w)
}

// switchProtocols responds with a 101 and keeps the connection open until the client closes it.
func switchProtocols(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	_, _ = io.Copy(io.Discard, conn)
}

// brokenListener closes 3 % of the connections with a reset as soon as it has accepted them.
type brokenListener struct{ net.Listener }

func (l brokenListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || rand.IntN(100) >= 3 {
			return conn, err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
}

// hostilePath is a way in which a client reaches the API: a URL, and the transport to use.
type hostilePath struct {
	name      string
	url       string
	transport func() *http.Transport
}

// hostilePaths starts servers and proxies. stop closes them, after which no further request is recorded.
func hostilePaths(t *testing.T, api *hostileAPI) (paths []hostilePath, stop func()) {
	plain := httptest.NewUnstartedServer(api)
	plain.Listener = brokenListener{plain.Listener}
	plain.Config.IdleTimeout = 20 * time.Millisecond
	plain.Start()
	secure := httptest.NewUnstartedServer(api)
	secure.Listener = brokenListener{secure.Listener}
	secure.Config.ErrorLog = discardLog
	secure.Config.IdleTimeout = 20 * time.Millisecond
	secure.StartTLS()
	secureRoots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	backend := http2Server(t, api)
	fault := func(s *proxiedStream) {
		switch n := rand.IntN(1000); { // faults that end a connection are rare, because many calls share it
		case n < 40:
			s.reset(codePROTOCOL)
		case n < 80:
			s.reset(codeREFUSEDSTREAM)
		case n < 120:
			s.reset(codeINTERNAL)
		case n < 123:
			s.goAway(s.id - 1)
		case n < 126:
			s.goAway(0)
		case n < 130:
			s.hangUp()
		}
	}
	secure2, plain2 := newFrameProxy(t, backend, fault), newPlainFrameProxy(t, backend, fault)

	connect := httptest.NewServer(http.HandlerFunc(hostileTunnel))
	connectURL, err := url.Parse(connect.URL)
	require.NoError(t, err)
	forward := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {},
		Transport: &http.Transport{DisableKeepAlives: true}, // otherwise the proxy's transport would send requests again
		ErrorLog:  discardLog,
	})
	forwardURL, err := url.Parse(forward.URL)
	require.NoError(t, err)

	over := func(roots *x509.CertPool, proxy *url.URL) func() *http.Transport {
		return func() *http.Transport {
			transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}, MaxConnsPerHost: 16}
			if proxy != nil {
				transport.Proxy = http.ProxyURL(proxy)
			}
			return transport
		}
	}
	paths = []hostilePath{
		{"HTTP/1", plain.URL, over(nil, nil)},
		{"HTTP/1 with TLS", secure.URL, over(secureRoots, nil)},
		{"HTTP/2 with TLS", secure2.url, func() *http.Transport { return secure2.transport(t) }},
		{"HTTP/2 without TLS", plain2.url, func() *http.Transport { return plain2.transport(t) }},
		{"HTTP/1 through a proxy", plain.URL, over(nil, forwardURL)},
		{"HTTP/1 through CONNECT", secure.URL, over(secureRoots, connectURL)},
		{"HTTP/2 through CONNECT", secure2.url, over(secure2.roots, connectURL)},
	}
	return paths, func() {
		for _, s := range []*httptest.Server{forward, connect, plain, secure} {
			s.CloseClientConnections()
			s.Close()
		}
		secure2.close()
		plain2.close()
		backend.Close()
	}
}

// hostileTunnel is a CONNECT proxy that sometimes rejects, hangs or closes the connection.
func hostileTunnel(w http.ResponseWriter, r *http.Request) {
	draw := rand.IntN(100)
	if draw < 4 {
		http.Error(w, "not now", http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	if draw < 6 {
		_, _ = io.Copy(io.Discard, client) // until the client closes the connection
		return
	}
	target, err := net.Dial("tcp", r.Host)
	if err != nil {
		return
	}
	defer target.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, target)
	}()
	if draw < 20 {
		_, _ = io.CopyN(target, client, rand.Int64N(8000)) // the connection may be closed at any byte
		return
	}
	_, _ = io.Copy(target, client)
}

// TestHostileServer makes calls of all methods to an API that responds at random, over every protocol and kind of
// proxy, with every kind of round tripper, and cancels some of the calls. Then it compares the result of each call with
// what the server has received: only a GET takes effect twice, no call that took effect has an error which says that it
// did not, and no call takes longer than it may.
//
// The long form: go test -run TestHostileServer -hostile.calls 100000 -timeout 30m
func TestHostileServer(t *testing.T) {
	calls, seed := *hostileCalls, *hostileSeed
	if calls == 0 {
		calls = longtest.Count(1000, 3000)
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("%d calls, -hostile.seed %d", calls, seed)
	api := &hostileAPI{seed: seed, calls: map[string]*delivery{}}
	paths, stop := hostilePaths(t, api)
	opts := []byzantine.Option{
		byzantine.WithAttemptTimeout(200 * time.Millisecond),
	}
	type link struct {
		name   string
		client *byzantine.Client
	}
	links := []link{{"own transport", newTestClient(t, paths[0].url, opts...)}}
	for _, path := range paths {
		for _, kind := range transportsOf[:5] {
			transport := path.transport()
			t.Cleanup(transport.CloseIdleConnections)
			links = append(links, link{path.name + ", " + kind.name, newTestClient(t, path.url, append(opts, over(kind.wrap(transport)))...)})
		}
	}

	type result struct {
		id, method, link string
		err              error
	}
	results := make([]result, calls)
	var next atomic.Int64
	var running sync.WaitGroup
	for range 48 {
		running.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= calls {
					return
				}
				random := rand.New(rand.NewPCG(seed, uint64(n)))
				link := links[random.IntN(len(links))]
				method := []string{"POST", "POST", "PATCH", "DELETE", "PUT", "GET"}[random.IntN(6)]
				id := fmt.Sprint(n)
				var in any
				if hostileBody(method, id) != "" {
					in = map[string]string{"id": id}
				}
				noWait := jitter.With(t.Context(), func(time.Duration) time.Duration { return time.Millisecond })
				ctx, cancel := context.WithCancel(noWait)
				if random.IntN(4) == 0 {
					ctx, cancel = context.WithTimeout(noWait, time.Duration(random.Int64N(int64(20*time.Millisecond))))
				}
				err := within(t, func() error { return link.client.Do(ctx, method, "/v1/integrator/credentials?id="+id, in, new(any)) })
				cancel()
				results[n] = result{id, method, link.name, err}
			}
		})
	}
	running.Wait()
	stop()

	counts := map[string]int{}
	for _, r := range results {
		d := api.of(r.id)
		name := fmt.Sprintf("call %s, %s over %s: %+v: %v", r.id, r.method, r.link, *d, r.err)
		var withoutResponse *byzantine.TransportError
		hasNoResponse, unknown := errors.As(r.err, &withoutResponse), errors.Is(r.err, byzantine.ErrOutcomeUnknown)
		switch {
		case r.err == nil:
			counts["success"]++
		case unknown && d.effects == 0:
			counts["unknown, and had no effect"]++
		case unknown:
			counts["unknown, and had its effect"]++
		case hasNoResponse && !withoutResponse.Sent:
			counts["nothing sent"]++
		default:
			counts["failed"]++
		}
		assert.Empty(t, d.wrongBody, name)
		if hasNoResponse && !withoutResponse.Sent {
			assert.Zero(t, d.effects, "false 'nothing was sent': %s", name)
			assert.LessOrEqual(t, d.requests, d.clockRejected, "false 'nothing was sent': %s", name)
		}
		if r.method == "GET" {
			assert.LessOrEqual(t, d.requests, 3, "more requests than attempts: %s", name)
			continue
		}
		assert.LessOrEqual(t, d.effects, 1, "double delivery: %s", name)
		assert.LessOrEqual(t, d.requests, 1+min(1, d.clockRejected), "on the wire again: %s", name)
		if r.err == nil {
			assert.Equal(t, 1, d.effects, "false success: %s", name)
		} else if !unknown {
			assert.Zero(t, d.effects, "false 'it failed': %s", name)
		}
	}
	t.Logf("%d clients: %v", len(links), counts)
	assert.Len(t, counts, 5, "every outcome was seen")
}

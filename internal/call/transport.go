package call

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// A transport is what a Caller knows about the http.RoundTripper that it uses.
type transport struct {
	kind transportKind
	// plainHTTP2 says that connections without TLS use HTTP/2, so that many requests share one.
	plainHTTP2 bool
	traced     atomic.Bool // a trace hook was called during a request of this Caller
	warned     atomic.Bool // the log has the warning that no trace hook is called
}

// A transportKind says how reliably the trace hooks (net/http/httptrace) of a round tripper show what was sent.
type transportKind int

const (
	// A foreign round tripper may send a request without calling a hook: a wrapper, or a *http.Transport whose owner
	// has set an HTTP/2 implementation.
	foreign transportKind = iota
	// A caller's *http.Transport calls the hooks, unless RegisterProtocol has replaced its code, which cannot be
	// detected.
	callers
	// The transport of NewTransport always calls the hooks.
	own
)

// newHTTPClient returns the http.Client that a Caller uses: a copy of user, or a new one with NewTransport if user is
// nil, with wrap around its transport. It records in about what it finds out about the transport. The client follows no
// redirect: Go would send X-Signature to another host and send the body again there, and the signature does not cover
// the host. It returns an error if wrap returns nil.
func newHTTPClient(user *http.Client, wrap func(http.RoundTripper) http.RoundTripper, about *transport) (*http.Client, error) {
	client := &http.Client{}
	switch {
	case user == nil:
		client.Transport = NewTransport()
		about.kind = own
	case user.Transport == nil:
		*client = *user
		client.Transport = http.DefaultTransport
	default:
		*client = *user
	}
	pool := client.Transport
	if wrap != nil {
		about.kind = foreign
		if client.Transport = wrap(client.Transport); client.Transport == nil {
			return nil, errors.New("WithTransport: the wrapper returned nil")
		}
	} else if t, ok := client.Transport.(*http.Transport); ok && about.kind != own {
		about.inspect(t)
	}
	client.Transport = locationCheck{client.Transport, pool}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, nil
}

// inspect sets t by the settings of a transport that the user supplied. It reads a clone of it: the clone's
// TLSNextProto has only the entries that the owner set, and it may be read while other goroutines use the transport.
func (t *transport) inspect(callersTransport *http.Transport) {
	clone := callersTransport.Clone()
	if len(clone.TLSNextProto) == 0 {
		t.kind = callers
	}
	t.plainHTTP2 = clone.Protocols != nil && clone.Protocols.UnencryptedHTTP2() && !clone.Protocols.HTTP1()
}

// resends reports whether the round tripper may send a request without a body a second time before it calls a hook.
// Such requests get the body of onceOnly.
func (t *transport) resends() bool {
	return t.kind == foreign || (t.kind == callers && !t.traced.Load())
}

// locationCheck removes a Location header that is not a URL from a response. Otherwise http.Client would return an
// error instead of the response, before it calls CheckRedirect.
type locationCheck struct {
	next http.RoundTripper
	pool http.RoundTripper // next, or the round tripper that WithTransport has wrapped
}

// CloseIdleConnections closes the idle connections of next or, if next has no such method, of pool. http.Client calls
// it.
func (t locationCheck) CloseIdleConnections() {
	for _, roundTripper := range []http.RoundTripper{t.next, t.pool} {
		if closer, ok := roundTripper.(interface{ CloseIdleConnections() }); ok {
			closer.CloseIdleConnections()
			return
		}
	}
}

func (t locationCheck) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if response != nil && response.StatusCode/100 == 3 {
		if _, bad := request.URL.Parse(response.Header.Get("Location")); bad != nil {
			response.Header.Del("Location")
		}
	}
	return response, err
}

// IdleTimeout is how long an unused connection stays open. It is below the 60 seconds after which common load balancers
// close an idle connection: a request that is sent on a connection that is being closed may have an unknown outcome.
const IdleTimeout = 50 * time.Second

// NewTransport returns a transport for many concurrent calls of one host. With net/http's default of two idle
// connections per host most calls under load would need a new TLS handshake.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          512, // a lower value would limit MaxIdleConnsPerHost as well
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       IdleTimeout,
		ForceAttemptHTTP2:     true, // otherwise TLSClientConfig would turn HTTP/2 off
		// Without pings a dead HTTP/2 connection blocks every call until the kernel gives up. Without a write timeout a
		// peer that has stopped reading blocks the reading of every response, because a reader has to acknowledge what
		// it has read.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: 30 * time.Second},
	}
}

// The reasons for which a guard ends an attempt.
var (
	errSecondSend    = errors.New("the connection failed after the request was written")
	errSecondRequest = errors.New("the RoundTripper sent more than one request under the context of this one: " +
		"it sent this one again, or another such as one for a token")
)

// A guard makes sure that one attempt sends at most one request, and records whether it was sent. net/http sends some
// requests again automatically: on HTTP/2 after RST_STREAM and GOAWAY, on HTTP/1 a GET on a reused connection. The
// guard ends the attempt when it gets a second connection after headers were written.
type guard struct {
	transport *transport
	stop      context.CancelFunc // ends the attempt
	trace     httptrace.ClientTrace
	traced    atomic.Bool // a hook was called
	got       atomic.Bool // there was a connection to write to
	wrote     atomic.Bool // headers were written
	noTLS     atomic.Bool // a TLS handshake failed
	second    atomic.Bool // the attempt was ended because of a second connection
}

// watch returns a context for the attempt's request, with the trace hooks of this guard.
func (g *guard) watch(ctx context.Context) context.Context {
	g.trace.GetConn = func(string) {
		g.traced.Store(true)
		g.stopSecond(nil)
	}
	g.trace.GotConn = func(info httptrace.GotConnInfo) {
		g.traced.Store(true)
		g.got.Store(true)
		g.stopSecond(info.Conn)
	}
	g.trace.WroteHeaders = func() { g.wrote.Store(true) }
	if g.transport.kind == foreign { // the hooks of the other kinds suffice to show that nothing was sent
		g.trace.TLSHandshakeDone = func(_ tls.ConnectionState, err error) {
			if err != nil {
				g.noTLS.Store(true)
			}
		}
	}
	return httptrace.WithClientTrace(ctx, &g.trace)
}

// stopSecond ends the attempt if headers were written already. It is called when net/http asks for a connection (conn
// is nil) and when it has one.
func (g *guard) stopSecond(conn net.Conn) {
	if !g.wrote.Load() {
		return
	}
	g.second.Store(true)
	g.stop()
	// HTTP/2 checks the context again before it writes. HTTP/1 does not, so its connection is closed. For a foreign
	// transport the protocol is not known; a body that can be read only once keeps it from sending the request again
	// (see onceOnly).
	if conn != nil && g.transport.kind != foreign && !g.transport.plainHTTP2 && !isHTTP2(conn) {
		conn.Close()
	}
}

// reason returns why the guard ended the attempt.
func (g *guard) reason() error {
	if g.transport.kind == foreign {
		return errSecondRequest
	}
	return errSecondSend
}

// trusted reports whether it was net/http itself that called the hooks of this attempt.
func (g *guard) trusted() bool {
	return g.transport.kind == own || (g.transport.kind == callers && g.traced.Load())
}

// sent reports whether the server may have received the request of an attempt that ended with err. It returns false
// only with proof: there was no connection, and either the hooks of net/http show this or err is that of a dial or a
// handshake.
func (g *guard) sent(err error) bool {
	return g.got.Load() || !(g.trusted() || (g.traced.Load() && g.failedDial(err)))
}

// failedDial reports whether an error says that a connection could not be made.
func (g *guard) failedDial(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // a context may end at any point, also after the request was sent
	}
	var operation *net.OpError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	return g.noTLS.Load() || errors.As(err, &dns) || errors.As(err, &certificate) ||
		(errors.As(err, &operation) && (operation.Op == "dial" || operation.Op == "proxyconnect"))
}

func isHTTP2(conn net.Conn) bool {
	t, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

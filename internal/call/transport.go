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

// A transport holds what a client knows about its round tripper.
type transport struct {
	kind transportKind
	// plainHTTP2 says that connections without TLS use HTTP/2, so that many requests share one.
	plainHTTP2 bool
	traced     atomic.Bool // the round tripper has called trace hooks for a request of this client
	warned     atomic.Bool // the log has the warning about one that calls none
}

// A transportKind says how reliably the trace hooks of a round tripper show what was sent.
type transportKind int

const (
	// A foreign round tripper may send a request and call no hook: a wrapper, or a *http.Transport with an HTTP/2
	// implementation that its owner set.
	foreign transportKind = iota
	// A caller's *http.Transport calls the hooks, unless RegisterProtocol has replaced its code, which cannot be
	// detected.
	callers
	// The transport of NewTransport always calls the hooks.
	own
)

// newHTTPClient returns the http.Client of a Client: a copy of the user's, or one of our own. It follows no redirect: Go
// would send X-Signature on to another host and replay the body there, and the signed string does not name the host.
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

// inspect examines a caller's transport. It reads a clone, which has only the TLSNextProto that the owner set, and
// which may be read while other goroutines use the transport.
func (t *transport) inspect(callersTransport *http.Transport) {
	clone := callersTransport.Clone()
	if len(clone.TLSNextProto) == 0 {
		t.kind = callers
	}
	t.plainHTTP2 = clone.Protocols != nil && clone.Protocols.UnencryptedHTTP2() && !clone.Protocols.HTTP1()
}

// resends reports whether the round tripper may send a request without a body a second time without calling a hook
// first.
func (t *transport) resends() bool {
	return t.kind == foreign || (t.kind == callers && !t.traced.Load())
}

// locationCheck removes a Location that is not a URL from a response. Otherwise http.Client returns an error in place
// of the response, before it calls CheckRedirect.
type locationCheck struct {
	next http.RoundTripper
	pool http.RoundTripper // next, or what it wraps
}

// CloseIdleConnections makes that of http.Client reach the connections, also through a wrapper that has no such method.
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

// IdleTimeout is below the 60 seconds after which common load balancers close an idle connection. The outcome of a
// request is unknown if it is sent on a connection that is being closed.
const IdleTimeout = 50 * time.Second

// NewTransport returns a transport for many callers and one host. With net/http's default of two idle connections per
// host most calls under load would need a new TLS handshake.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          512, // caps the next one
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       IdleTimeout,
		ForceAttemptHTTP2:     true, // a TLS config of our own would turn it off
		// Without pings a dead HTTP/2 connection blocks every call until the kernel gives up. Without a write timeout a
		// peer that has stopped reading blocks the reading of every response, because a reader has to acknowledge what
		// it has read.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: 30 * time.Second},
	}
}

// Why a guard ended an attempt.
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

// watch returns the context of the one request to watch.
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
	if g.transport.kind == foreign { // for the others the hooks alone show what was not sent
		g.trace.TLSHandshakeDone = func(_ tls.ConnectionState, err error) {
			if err != nil {
				g.noTLS.Store(true)
			}
		}
	}
	return httptrace.WithClientTrace(ctx, &g.trace)
}

// stopSecond ends the attempt if headers were written before the attempt got conn.
func (g *guard) stopSecond(conn net.Conn) {
	if !g.wrote.Load() {
		return
	}
	g.second.Store(true)
	g.stop()
	// HTTP/2 checks the context again before it writes. HTTP/1 does not, so its connection is closed. The protocol of a
	// foreign transport is not known; there a body prevents the second request (see onceOnly).
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

// trusted reports whether the hooks of this attempt were called by net/http itself.
func (g *guard) trusted() bool {
	return g.transport.kind == own || (g.transport.kind == callers && g.traced.Load())
}

// sent reports whether the server may have the request after an attempt that ended with err. It returns false only with
// proof: there was no connection, and either the hooks of net/http show this or the error is that of a dial or a
// handshake.
func (g *guard) sent(err error) bool {
	return g.got.Load() || !(g.trusted() || (g.traced.Load() && g.failedDial(err)))
}

// failedDial reports whether an error says that a connection could not be made.
func (g *guard) failedDial(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // which may have ended anything
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

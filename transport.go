package byzantine

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

// newHTTPClient returns the http.Client of a Client: a copy of the user's, or one of our own. It follows no redirect: Go
// would send X-Signature on to another host and replay the body there, and the signed string does not name the host.
// standard says that the transport is net/http's, whose trace can be believed.
func newHTTPClient(user *http.Client) (client *http.Client, standard bool) {
	client = &http.Client{}
	switch {
	case user == nil:
		client.Transport = newTransport()
	case user.Transport == nil:
		*client = *user
		client.Transport = http.DefaultTransport
	default:
		*client = *user
	}
	_, standard = client.Transport.(*http.Transport)
	client.Transport = locationCheck{client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, standard
}

// locationCheck takes a Location that is no URL out of an answer. With one, http.Client reports an error and not the
// answer, before it asks CheckRedirect.
type locationCheck struct{ next http.RoundTripper }

func (t locationCheck) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(request)
	if answer != nil && answer.StatusCode/100 == 3 {
		if _, bad := request.URL.Parse(answer.Header.Get("Location")); bad != nil {
			answer.Header.Del("Location")
		}
	}
	return answer, err
}

// newTransport is made for many callers and one host: with net/http's default of two idle connections per host, most
// calls under load would pay for a new TLS handshake.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          512, // caps the next one
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true, // a TLS config of our own would turn it off
		// Without pings a dead HTTP/2 connection stalls every call until the kernel gives up.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// errSecondSend is why a guard ended an attempt.
var errSecondSend = errors.New("the connection failed after the request was written")

// guard keeps one attempt to one request on the wire. By itself net/http sends a request again: on HTTP/2 after
// RST_STREAM and GOAWAY, on HTTP/1 one without a body on a reused connection. The guard ends the attempt when a second
// connection comes up after headers were written. It also knows whether anything was sent, which errors do not tell
// reliably.
type guard struct {
	stop   context.CancelFunc // ends the attempt
	trace  httptrace.ClientTrace
	traced atomic.Bool // the transport calls trace hooks
	got    atomic.Bool // there was a connection to write to
	wrote  atomic.Bool // headers were written
	second atomic.Bool // the attempt was ended because of a second connection
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
	return httptrace.WithClientTrace(ctx, &g.trace)
}

// stopSecond ends the attempt if headers were written before conn came up.
func (g *guard) stopSecond(conn net.Conn) {
	if !g.wrote.Load() {
		return
	}
	g.second.Store(true)
	g.stop()
	// HTTP/2 looks at the context once more before it writes. HTTP/1 does not, so its connection has to go.
	if conn != nil && !isHTTP2(conn) {
		conn.Close()
	}
}

// sent reports whether the server may have the request after an attempt that ended with err. standard says that the
// transport is net/http's.
func (g *guard) sent(err error, standard bool) bool {
	switch {
	case g.wrote.Load():
		return true
	case standard:
		// When the context ends, HTTP/2 does not wait for its writer, which may be at the headers just then.
		return g.got.Load() && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
	}
	// Somebody else's transport may call some of the hooks or none.
	return g.got.Load() || !g.traced.Load()
}

func isHTTP2(conn net.Conn) bool {
	t, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

package byzantine_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
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

// Frame types, flags and error codes of HTTP/2 (RFC 9113, sections 6 and 7).
const (
	frameDATA      = 0x0
	frameHEADERS   = 0x1
	frameRSTSTREAM = 0x3
	frameGOAWAY    = 0x7

	flagENDSTREAM = 0x1

	codeNONE          = 0x0
	codePROTOCOL      = 0x1
	codeINTERNAL      = 0x2
	codeREFUSEDSTREAM = 0x7
	codeCANCEL        = 0x8
)

// http2Server returns net/http's server for HTTP/2 only, without TLS, which the frameProxy adds. All responses have the
// same Date. Otherwise a proxy that drops a response could drop the only definition of a header that later responses
// refer to by its index (RFC 7541, section 2.3.2).
func http2Server(t *testing.T, handler http.Handler) *httptest.Server {
	date := time.Now().UTC().Format(http.TimeFormat)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date)
		handler.ServeHTTP(w, r)
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// frameProxy is a proxy between a client and an HTTP/2 server that only knows where frames end. With it a working
// server can be made to fail at any frame, and each request that is sent is counted.
type frameProxy struct {
	url      string
	listener net.Listener
	roots    *x509.CertPool // the certificates that a client of the proxy must trust; nil without TLS
	backend  *httptest.Server
	fault    func(*proxiedStream)

	requests atomic.Int64 // number of requests that the client has sent
	drops    atomic.Bool  // requests are not passed on to the server
	open     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn // all open connections, to the client and to the server
}

// proxiedStream is a request that has arrived completely. Its last frame is passed on to the server after the fault.
type proxiedStream struct {
	conn *proxiedConn
	id   uint32
	// onResponse is called for each frame of the response instead of passing it on; nil to pass it on.
	onResponse func(frame)
}

type proxiedConn struct {
	proxy          *frameProxy
	client, server net.Conn

	mu        sync.Mutex // guards writes to the client, and the fields below
	responses map[uint32]func(frame)
}

type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

// newFrameProxy returns a proxy with TLS that calls fault for each request.
func newFrameProxy(t *testing.T, backend *httptest.Server, fault func(*proxiedStream)) *frameProxy {
	t.Helper()
	https := httptest.NewUnstartedServer(nil) // for its certificate
	https.EnableHTTP2 = true
	https.TLS = &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP256}} // fast, and legal with GODEBUG=fips140=only
	https.StartTLS()
	defer https.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", https.TLS)
	require.NoError(t, err)
	p := &frameProxy{
		url: "https://" + listener.Addr().String(), listener: listener,
		roots:   https.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		backend: backend, fault: fault,
	}
	p.start(t)
	return p
}

// newPlainFrameProxy is newFrameProxy without TLS.
func newPlainFrameProxy(t *testing.T, backend *httptest.Server, fault func(*proxiedStream)) *frameProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &frameProxy{url: "http://" + listener.Addr().String(), listener: listener, backend: backend, fault: fault}
	p.start(t)
	return p
}

func (p *frameProxy) start(t *testing.T) {
	p.open.Go(func() {
		for {
			client, err := p.listener.Accept()
			if err != nil {
				return
			}
			p.keep(client)
			p.open.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(p.close)
}

// close ends all connections and waits until all that was passed on has reached the server.
func (p *frameProxy) close() {
	p.listener.Close()
	p.mu.Lock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.mu.Unlock()
	p.open.Wait()
}

func (p *frameProxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
}

// transport returns a transport that sends through the proxy. The test's cleanup closes its idle connections before it
// closes the proxy.
func (p *frameProxy) transport(t *testing.T) *http.Transport {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.roots}, ForceAttemptHTTP2: true}
	if p.roots == nil {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (p *frameProxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.backend.Listener.Addr().String())
	if err != nil {
		return
	}
	// The connection is closed only at the end of the test, because what was passed on before the client hung up must
	// arrive.
	p.keep(server)
	c := &proxiedConn{proxy: p, client: client, server: server, responses: map[uint32]func(frame){}}
	reader := bufio.NewReader(client)
	if _, err := io.CopyN(server, reader, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	// The server's SETTINGS frame must be the first.
	if f, err := readFrame(server); err != nil || c.toClient(f) != nil {
		return
	}
	p.open.Go(func() {
		defer client.Close()
		c.copyResponses()
	})
	c.copyRequests(reader)
}

// copyRequests passes on the frames that the client sends. The last frame of a request is passed on after the fault.
func (c *proxiedConn) copyRequests(reader io.Reader) {
	dropped := map[uint32]bool{}
	for {
		f, err := readFrame(reader)
		if err != nil {
			return
		}
		if f.kind == frameHEADERS {
			c.proxy.requests.Add(1)
			dropped[f.stream] = c.proxy.drops.Load()
		}
		if (f.kind == frameHEADERS || f.kind == frameDATA) && f.flags&flagENDSTREAM != 0 {
			s := &proxiedStream{conn: c, id: f.stream}
			c.proxy.fault(s)
			c.mu.Lock()
			c.responses[f.stream] = s.onResponse
			c.mu.Unlock()
		}
		if dropped[f.stream] {
			continue
		}
		if writeFrame(c.server, f) != nil {
			return
		}
	}
}

func (c *proxiedConn) copyResponses() {
	reader := bufio.NewReader(c.server)
	for {
		f, err := readFrame(reader)
		if err != nil {
			return
		}
		c.mu.Lock()
		instead := c.responses[f.stream]
		c.mu.Unlock()
		if instead != nil && (f.kind == frameHEADERS || f.kind == frameDATA) {
			instead(f)
		} else if c.toClient(f) != nil {
			return
		}
	}
}

func (c *proxiedConn) toClient(f frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return writeFrame(c.client, f)
}

// reset resets the stream at the client with an error code.
func (s *proxiedStream) reset(code uint32) {
	_ = s.conn.toClient(frame{kind: frameRSTSTREAM, stream: s.id, payload: binary.BigEndian.AppendUint32(nil, code)})
}

// goAway tells the client that streams above last were not processed and will not be.
func (s *proxiedStream) goAway(last uint32) {
	_ = s.conn.toClient(frame{kind: frameGOAWAY, payload: binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), codeNONE)})
}

// hangUp closes the connection to the client.
func (s *proxiedStream) hangUp() { s.conn.client.Close() }

func readFrame(r io.Reader) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:]) & (1<<31 - 1)}
	f.payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err := io.ReadFull(r, f.payload)
	return f, err
}

func writeFrame(w io.Writer, f frame) error {
	n := len(f.payload)
	out := []byte{byte(n >> 16), byte(n >> 8), byte(n), f.kind, f.flags}
	out = binary.BigEndian.AppendUint32(out, f.stream)
	_, err := w.Write(append(out, f.payload...))
	return err
}

// Without a fault the proxy changes nothing: this tests the proxy itself.
func TestFrameProxyWithoutFault(t *testing.T) {
	var in inbox
	backend := http2Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		acceptAll(&in, w, r)
	}))
	proxy := newFrameProxy(t, backend, func(*proxiedStream) {})
	client := newTestClient(t, proxy.url, over(proxy.transport(t)), byzantine.WithClock(tickingClock()))
	for i, call := range testCalls {
		require.NoError(t, call.do(t.Context(), client))
		assertEachSignedAnew(t, call, in.all()[i:])
	}
	large := map[string]string{"text": strings.Repeat("0123456789", 30_000)}
	assert.NoError(t, client.Do(t.Context(), "POST", "/v1/submit/large", large, nil))
	assert.EqualValues(t, len(testCalls)+1, proxy.requests.Load())
}

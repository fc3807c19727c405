package byzantine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rawServer is an HTTP/1 server without net/http's server, which cannot cause most of the faults.
type rawServer struct {
	inbox
	url      string
	listener net.Listener

	mu    sync.Mutex
	conns []net.Conn // all accepted connections
}

// newRawServer starts a server that calls serve for each connection. At the end of the test it closes all connections
// and waits for serve.
func newRawServer(t testing.TB, serve func(*rawConn)) *rawServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &rawServer{url: "http://" + listener.Addr().String(), listener: listener}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			running.Go(func() {
				defer conn.Close()
				serve(&rawConn{Conn: conn, server: s, reader: bufio.NewReader(conn)})
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		s.mu.Lock()
		for _, conn := range s.conns {
			conn.Close()
		}
		s.mu.Unlock()
		running.Wait()
	})
	return s
}

func (s *rawServer) accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// rawConn is the server's end of a connection.
type rawConn struct {
	net.Conn
	server *rawServer
	reader *bufio.Reader
}

// receive reads a whole request and keeps it. It returns false if the connection has ended.
func (c *rawConn) receive() bool {
	request, err := http.ReadRequest(c.reader)
	if err != nil {
		return false
	}
	_, err = c.server.add(request, time.Now())
	return err == nil
}

// send writes a response. Each line break in text becomes a carriage return and a line feed.
func (c *rawConn) send(text string) {
	_, _ = io.WriteString(c, strings.ReplaceAll(text, "\n", "\r\n"))
}

// respond writes a complete response. header may have more header lines, each with a line break.
func (c *rawConn) respond(status int, header, body string) {
	c.send(responseHead(status, header) + fmt.Sprintf("Content-Length: %d\n\n", len(body)))
	_, _ = io.WriteString(c, body)
}

// reset closes the connection with a TCP reset.
func (c *rawConn) reset() {
	_ = c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// acceptAllRaw responds to all requests of the testCalls on a connection.
func acceptAllRaw(c *rawConn) {
	for c.receive() {
		c.respond(200, "", anyResponse)
	}
}

// untilClosed waits until the client closes the connection.
func (c *rawConn) untilClosed() { _, _ = io.Copy(io.Discard, c.reader) }

// responseHead returns a status line and the headers of every response, without the empty line at the end.
func responseHead(status int, header string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\nDate: %s\n%s", status, http.StatusText(status),
		time.Now().UTC().Format(http.TimeFormat), header)
}

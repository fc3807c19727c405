package byzantinetest

import (
	"fmt"
	"net/http/httptest"

	"github.com/byzantine-finance/byzantine-go"
)

// Server is a [Sandbox] that listens on a loopback port.
type Server struct {
	*Sandbox
	URL string // base URL: http://127.0.0.1:port

	http *httptest.Server
}

// NewServer starts a server. Like httptest.NewServer it panics if it cannot listen; it also panics if an option is
// invalid. A program that must not panic serves what [New] returns. The caller must call Close.
func NewServer(opts ...Option) *Server {
	sandbox, err := New(opts...)
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sandbox)
	return &Server{Sandbox: sandbox, URL: server.URL, http: server}
}

// Close stops the server, waits for the requests that are still in progress, and closes the sandbox.
func (s *Server) Close() {
	s.Sandbox.Close()
	s.http.Close()
}

// Client returns a client of the server that signs with the sandbox's key and uses the sandbox's clock. It panics if an
// option is invalid.
func (s *Server) Client(opts ...byzantine.Option) *byzantine.Client {
	defaults := []byzantine.Option{byzantine.WithBaseURL(s.URL), byzantine.WithClock(s.Now)}
	client, err := byzantine.NewClient(s.Key(), append(defaults, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: Client: %v", err))
	}
	return client
}

package byzantine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// endless are responses that do not end until the client closes the connection.
var endless = []struct {
	name   string
	play   func(*rawConn)
	get    want
	write  want
	client []byzantine.Option
}{
	{
		name: "101 and an open connection", play: func(c *rawConn) {
			c.send(responseHead(101, "Upgrade: x\nConnection: Upgrade\n\n"))
			c.untilClosed()
		},
		get: want{requests: 1, status: 101}, write: want{requests: 1, status: 101, unknown: true},
	},
	{
		name: "101 and a stream of bytes", play: func(c *rawConn) {
			c.send(responseHead(101, "Upgrade: x\nConnection: Upgrade\n\n"))
			c.drip("x")
		},
		get: want{requests: 1, status: 101}, write: want{requests: 1, status: 101, unknown: true},
	},
	{name: "1xx for ever", play: func(c *rawConn) { c.drip(responseHead(103, "Link: </x>\n\n")) }, get: late, write: lateUnknown},
	{name: "nothing", play: (*rawConn).untilClosed, get: late, write: lateUnknown},
	{name: "a header that drips", play: func(c *rawConn) { c.send(responseHead(200, "")); c.drip("X-More: y\n") }, get: late, write: lateUnknown},
	{name: "a body that drips", play: func(c *rawConn) { c.send(responseHead(200, "\n")); c.drip(" ") }, get: late, write: lateUnknown},
	{
		name: "a chunked body that drips",
		play: func(c *rawConn) { c.send(responseHead(200, "Transfer-Encoding: chunked\n\n")); c.drip("1\n \n") },
		get:  late, write: lateUnknown,
	},
	{
		name: "a body that stops", play: func(c *rawConn) {
			c.send(responseHead(200, "Content-Length: 100\n\n") + "{")
			c.untilClosed()
		},
		get: late, write: lateUnknown,
	},
	{
		name: "the body of an error that drips", play: func(c *rawConn) { c.send(responseHead(404, "\n") + "no such thing\n"); c.drip(" ") },
		get: want{requests: 1, status: 404, message: "no such thing"}, write: want{requests: 1, status: 404, message: "no such thing"},
	},
}

var (
	late        = want{requests: 1, is: context.DeadlineExceeded, message: "no response within 100ms"}
	lateUnknown = want{requests: 1, unknown: true, is: context.DeadlineExceeded, message: "no response within 100ms"}
)

// drip sends text again and again until the client closes the connection.
func (c *rawConn) drip(text string) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c.untilClosed()
	}()
	for {
		c.send(text)
		select {
		case <-closed:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// TestNothingOutlivesItsAttempt gets each endless response directly, through a proxy that forwards, and through a round
// tripper that drops the context, so that net/http does not know when the attempt is over. Each call ends all the same.
func TestNothingOutlivesItsAttempt(t *testing.T) {
	t.Parallel()
	for _, row := range endless {
		var waiting sync.WaitGroup // for the calls of a row, which run in parallel
		for _, call := range testCalls {
			for path, transport := range map[string]func(*testing.T, *rawServer) http.RoundTripper{
				"direct": func(*testing.T, *rawServer) http.RoundTripper { return new(http.Transport) },
				"proxy": func(t *testing.T, server *rawServer) http.RoundTripper {
					// A raw server handles a request to a proxy like any other request, so it can be its own proxy.
					target, err := url.Parse(server.url)
					require.NoError(t, err)
					return &http.Transport{Proxy: http.ProxyURL(target)}
				},
				"wrapper": func(*testing.T, *rawServer) http.RoundTripper { return deaf{new(http.Transport)} },
			} {
				if path == "wrapper" && row.get.status == 0 && row.name != "a body that stops" && row.name != "a body that drips" {
					continue // until there is a response, only the wrapper could end the attempt
				}
				test := func(t *testing.T) {
					server := newRawServer(t, func(c *rawConn) {
						if c.receive() {
							row.play(c)
						}
					})
					over := over(transport(t, server))
					w, timeout := row.write, 100*time.Millisecond
					if call.isGET() {
						w = row.get
					}
					if w.status != 0 {
						timeout = 2 * time.Second // on a busy machine even a status that is sent at once takes a while
					}
					client := newTestClient(t, server.url, over, byzantine.WithAttemptTimeout(timeout), byzantine.WithMaxAttempts(1))
					err := within(t, func() error { return call.do(t.Context(), client) })
					assertFailure(t, call, w, err)
				}
				waiting.Go(func() { t.Run(row.name+"/"+call.method+"/"+path, test) })
			}
		}
		waiting.Wait()
	}
}

// within returns what do returns, and fails the test if do does not return within a minute.
func within(t *testing.T, do func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		require.FailNow(t, "the call outlives its attempt")
		return nil
	}
}

// deaf is a round tripper that sends a request without its context: without the context's values and its cancellation.
type deaf struct{ next http.RoundTripper }

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	return d.next.RoundTrip(r.Clone(context.Background()))
}

func TestNothingOutlivesItsAttemptHTTP2(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"1xx for ever": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.WriteHeader(http.StatusEarlyHints)
				time.Sleep(time.Millisecond)
			}
		},
		"a body that drips": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Millisecond)
			}
		},
		"a body that stops": func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		server := httptest.NewUnstartedServer(handler)
		server.EnableHTTP2 = true
		server.StartTLS()
		t.Cleanup(server.Close)
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tunnel(t, w, r) }))
		t.Cleanup(proxy.Close)
		proxyURL, err := url.Parse(proxy.URL)
		require.NoError(t, err)
		var waiting sync.WaitGroup // for the calls of a handler, which run in parallel
		for path, useProxy := range map[string]func(*http.Request) (*url.URL, error){"direct": nil, "tunnel": http.ProxyURL(proxyURL)} {
			for _, call := range testCalls {
				test := func(t *testing.T) {
					transport := &http.Transport{
						Proxy: useProxy, ForceAttemptHTTP2: true,
						TLSClientConfig: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs},
					}
					defer transport.CloseIdleConnections()
					// On a busy machine the handshakes alone take a while.
					client := newTestClient(t, server.URL, over(transport), byzantine.WithAttemptTimeout(2*time.Second), byzantine.WithMaxAttempts(1))
					err := within(t, func() error { return call.do(t.Context(), client) })
					var withoutResponse *byzantine.TransportError
					require.ErrorAs(t, err, &withoutResponse)
					assert.True(t, withoutResponse.Sent)
					assert.Equal(t, !call.isGET(), errors.Is(err, byzantine.ErrOutcomeUnknown))
				}
				waiting.Go(func() { t.Run(fmt.Sprint(name, "/", call.method, "/", path), test) })
			}
		}
		waiting.Wait()
	}
}

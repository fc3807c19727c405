package byzantine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestNewClientRejections(t *testing.T) {
	key := rfc6979Key(t)
	for _, c := range []struct {
		name   string
		signer byzantine.Signer
		opt    byzantine.Option
		want   string
	}{
		{"no signer", nil, nil, "no signer"},
		{"no key", (*byzantine.PrivateKey)(nil), nil, "not a compressed P-256 point"},
		{"empty key", new(byzantine.PrivateKey), nil, "not a compressed P-256 point"},
		{"wrong key", ownSigner{publicKey: make([]byte, 32)}, nil, "not a compressed P-256 point"},
		{"nil client", key, byzantine.WithHTTPClient(nil), "WithHTTPClient: nil client"},
		{"no attempts", key, byzantine.WithMaxAttempts(0), "WithMaxAttempts: must be at least 1"},
		{"no timeout", key, byzantine.WithAttemptTimeout(0), "WithAttemptTimeout: must be positive"},
		{"negative timeout", key, byzantine.WithAttemptTimeout(-time.Second), "WithAttemptTimeout: must be positive"},
		{"nil logger", key, byzantine.WithLogger(nil), "WithLogger: nil logger"},
		{"nil clock", key, byzantine.WithClock(nil), "WithClock: nil clock"},
		{"no bytes", key, byzantine.WithMaxResponseBytes(0), "WithMaxResponseBytes: must be at least 1"},
		{"empty agent", key, byzantine.WithUserAgent(""), "WithUserAgent: must be printable ASCII"},
		{"agent with a header", key, byzantine.WithUserAgent("a\r\nX-Evil: 1"), "WithUserAgent: must be printable ASCII"},
		{"agent beyond ASCII", key, byzantine.WithUserAgent("café"), "WithUserAgent: must be printable ASCII"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var opts []byzantine.Option
			if c.opt != nil {
				opts = append(opts, c.opt)
			}
			client, err := byzantine.NewClient(c.signer, opts...)
			assert.Nil(t, client)
			assert.ErrorContains(t, err, "byzantine: NewClient: ")
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestBaseURL(t *testing.T) {
	const notURL, notBare, notHTTPS, notLoopback = "is not of the form https://host", "must be scheme and host only", "scheme must be https", "http is for loopback"
	for _, c := range []struct{ text, want string }{
		{byzantine.SandboxURL, ""},
		{byzantine.ProductionURL, ""},
		{"https://api.byzantine.fi/", ""},
		{"https://api.byzantine.fi:8443", ""},
		{"http://127.0.0.1:8080", ""},
		{"http://127.8.9.10", ""},
		{"http://localhost:8080", ""},
		{"http://[::1]:8080", ""},
		{"", notURL},
		{"api.byzantine.fi", notURL},
		{"https://", notURL},
		{"https://:443", notURL},
		{"https:api.byzantine.fi", notURL},
		{"https://api byzantine.fi", notURL},
		{"https://secret:word@[", notURL},
		{"https://secret@api.byzantine.fi", "must not hold user information"},
		{"https://user:secret@api.byzantine.fi", "must not hold user information"},
		{"https://api.byzantine.fi/v1", notBare},
		{"https://api.byzantine.fi?", notBare},
		{"https://api.byzantine.fi?token=secret", notBare},
		{"https://api.byzantine.fi#secret", notBare},
		{"ftp://api.byzantine.fi", notHTTPS},
		{"http://api.byzantine.fi", notLoopback},
		{"http://10.0.0.1", notLoopback},
		{"http://localhost.example.com", notLoopback},
		{"http://127.0.0.1.example.com", notLoopback},
	} {
		t.Run(c.text, func(t *testing.T) {
			_, err := byzantine.NewClient(rfc6979Key(t), byzantine.WithBaseURL(c.text))
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, "base URL: "+c.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	_, err := byzantine.NewClient(rfc6979Key(t), byzantine.WithBaseURL("http://sandbox.test:8080"), byzantine.WithInsecureHTTP())
	assert.NoError(t, err)
}

// hosts returns an option with a transport that sends nothing and appends the scheme and host of each request to seen.
func hosts(seen *[]string) byzantine.Option {
	return over(roundTripper(func(r *http.Request) (*http.Response, error) {
		*seen = append(*seen, r.URL.Scheme+"://"+r.URL.Host)
		return newResponse(200, nil, anyResponse), nil
	}))
}

func TestNewClientTalksToTheSandbox(t *testing.T) {
	var seen []string
	client, err := byzantine.NewClient(rfc6979Key(t), hosts(&seen))
	require.NoError(t, err)
	_, err = client.Whoami(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{byzantine.SandboxURL}, seen)
}

func TestNewClientFromEnv(t *testing.T) {
	const other = "0x0000000000000000000000000000000000000000000000000000000000000001"
	for _, c := range []struct {
		name                     string
		key, alias, base, option string
		host, err                string
	}{
		{name: "key", key: rfc6979Secret, host: byzantine.SandboxURL},
		{name: "alias", alias: rfc6979Secret, host: byzantine.SandboxURL},
		{name: "both, the same", key: rfc6979Secret, alias: rfc6979Secret, host: byzantine.SandboxURL},
		{name: "both, one without 0x", key: rfc6979Secret, alias: strings.TrimPrefix(rfc6979Secret, "0x"), host: byzantine.SandboxURL},
		{name: "both, one with 0x", key: strings.TrimPrefix(rfc6979Secret, "0x"), alias: rfc6979Secret, host: byzantine.SandboxURL},
		{name: "both, one in capitals and on a line", key: "0x" + strings.ToUpper(rfc6979Secret[2:]) + "\n", alias: rfc6979Secret, host: byzantine.SandboxURL},
		{name: "both, one as PEM", key: rfc6979Secret, alias: encodePEM("EC PRIVATE KEY", sec1DER(t, rawKey(t, rfc6979Key(t)))), host: byzantine.SandboxURL},
		{name: "both, the first is none", key: "0xsecret", alias: rfc6979Secret, err: "BYZANTINE_PRIVATE_KEY: "},
		{name: "both, the second is none", key: rfc6979Secret, alias: "0xsecret", err: "INTEGRATOR_PRIVATE_KEY: "},
		{name: "base URL", key: rfc6979Secret, base: byzantine.ProductionURL, host: byzantine.ProductionURL},
		{name: "an option wins", key: rfc6979Secret, base: byzantine.ProductionURL, option: "http://localhost:1", host: "http://localhost:1"},
		{name: "none", err: "neither BYZANTINE_PRIVATE_KEY nor BYZANTINE_PRIVATE_KEY_FILE is set"},
		{name: "both, different", key: rfc6979Secret, alias: other, err: "BYZANTINE_PRIVATE_KEY and INTEGRATOR_PRIVATE_KEY hold different keys"},
		{name: "no key", key: "0xsecret", err: "BYZANTINE_PRIVATE_KEY: "},
		{name: "no key in the alias", alias: "0xsecret", err: "INTEGRATOR_PRIVATE_KEY: "},
		{name: "no URL", key: rfc6979Secret, base: "https://user:secret@example.com", err: "base URL: must not hold user information"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("BYZANTINE_PRIVATE_KEY", c.key)
			t.Setenv("INTEGRATOR_PRIVATE_KEY", c.alias)
			t.Setenv("BYZANTINE_BASE_URL", c.base)
			var seen []string
			opts := []byzantine.Option{hosts(&seen)}
			if c.option != "" {
				opts = append(opts, byzantine.WithBaseURL(c.option))
			}
			client, err := byzantine.NewClientFromEnv(opts...)
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				assert.NotContains(t, err.Error(), "secret")
				assert.NotContains(t, err.Error(), rfc6979Secret[2:])
				return
			}
			require.NoError(t, err)
			_, err = client.Whoami(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{c.host}, seen)
		})
	}
}

// The caller's http.Client is copied: this package does not change it, and later changes of it have no effect on the
// Client.
func TestHTTPClientIsCopied(t *testing.T) {
	var in inbox
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lb", Value: "7", Path: "/"})
		acceptAll(&in, w, r)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	own := &http.Client{Transport: transport, Jar: jar}
	client := newTestClient(t, server.URL, byzantine.WithHTTPClient(own))
	assert.Same(t, transport, own.Transport)
	assert.Nil(t, own.CheckRedirect)
	own.Transport, own.Timeout = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("changed") }), time.Nanosecond
	for range 2 {
		_, err := client.Whoami(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, "lb=7", in.all()[1].header.Get("Cookie"), "its cookie jar is in use")
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	assert.Len(t, jar.Cookies(address), 1)
}

// Redirects are not followed, even if the caller's http.Client has a CheckRedirect that allows them.
func TestRedirectsStayOff(t *testing.T) {
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, call := range testCalls {
			server := newRawServer(t, func(c *rawConn) {
				for c.receive() {
					c.respond(status, "Location: "+elsewhere.URL+"/v1/integrator/whoami\n", "")
				}
			})
			own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
			for _, opt := range [][]byzantine.Option{nil, {byzantine.WithHTTPClient(own)}} {
				err := call.do(t.Context(), newTestClient(t, server.url, opt...))
				assertFailure(t, call, want{attempts: 1, status: status, unknown: status == 303 && !call.isGET()}, err)
				var e *byzantine.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, elsewhere.URL+"/v1/integrator/whoami", e.Header.Get("Location"))
			}
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		}
	}
	assert.False(t, reached, "the signature was handed to another host")
}

func TestWithResponse(t *testing.T) {
	server := newRawServer(t, func(c *rawConn) {
		for c.receive() {
			c.respond(200, "X-Trace: 7\n", anyResponse)
		}
	})
	var response byzantine.Response
	_, err := newTestClient(t, server.url).Whoami(t.Context(), byzantine.WithResponse(&response))
	require.NoError(t, err)
	assert.Equal(t, 200, response.StatusCode)
	assert.Equal(t, "7", response.Header.Get("X-Trace"))
	assert.Equal(t, anyResponse, string(response.Body))

	_, err = newTestClient(t, server.url).InitOTP(t.Context(), &byzantine.InitOTPRequest{}, byzantine.WithResponse(&response))
	require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
	assert.Zero(t, response, "nothing of the former call is left")
}

// After a failed call WithResponse has the response that the error is about.
func TestWithResponseOnFailure(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  func(*rawConn)
		status int
		body   string
	}{
		{"rejection", responding(404, "", "gone"), 404, "gone"},
		{"not JSON", responding(200, "", "<html>"), 200, "<html>"},
		{"cut short", sending(responseHead(200, "Content-Length: 10\n\n") + "abc"), 200, "abc"},
		{"too large", responding(200, "", strings.Repeat("x", 1001)), 200, ""},
		{"too large, no length", sending(responseHead(200, "Connection: close\n\n") + strings.Repeat("x", 1001)), 200, strings.Repeat("x", 1000)},
		{"reset", (*rawConn).reset, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newRawServer(t, func(conn *rawConn) {
				conn.receive()
				c.fault(conn)
			})
			client := newTestClient(t, server.url, byzantine.WithMaxAttempts(1), byzantine.WithMaxResponseBytes(1000))
			response := byzantine.Response{StatusCode: 1}
			_, err := client.Whoami(t.Context(), byzantine.WithResponse(&response))
			require.Error(t, err)
			assert.Equal(t, c.status, response.StatusCode)
			assert.Equal(t, c.body, string(response.Body))
			assert.Equal(t, c.status != 0, response.Header != nil)
		})
	}
}

// If the last attempt got no response, WithResponse has none, although an earlier attempt got one.
func TestWithResponseOfTheLastAttempt(t *testing.T) {
	server := newRawServer(t, func(c *rawConn) {
		c.receive()
		c.respond(503, "", "busy")
		c.receive()
		c.reset()
	})
	response := byzantine.Response{StatusCode: 1}
	_, err := newTestClient(t, server.url, byzantine.WithMaxAttempts(2)).Whoami(t.Context(), byzantine.WithResponse(&response))
	assertFailure(t, testCalls[0], want{attempts: 2}, err)
	assert.Zero(t, response)
}

// The largest value is accepted as the limit, without an overflow.
func TestLargestLimit(t *testing.T) {
	server := newRawServer(t, acceptAllRaw)
	_, err := newTestClient(t, server.url, byzantine.WithMaxResponseBytes(math.MaxInt64)).Whoami(t.Context())
	assert.NoError(t, err)
}

// A client is safe for concurrent use, and connections are used again: there is about one for each caller, not one for
// each call.
func TestConcurrentUse(t *testing.T) {
	const callers, calls = 64, 5
	server := newRawServer(t, acceptAllRaw)
	client := newTestClient(t, server.url, byzantine.WithLogger(slog.New(slog.NewJSONHandler(io.Discard, nil))))
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for range calls {
				assert.NoError(t, testCalls[i%len(testCalls)].do(t.Context(), client))
			}
		})
	}
	running.Wait()
	assert.Len(t, server.all(), callers*calls)
	assert.LessOrEqual(t, server.accepted(), 2*callers)
}

// An invalid request is reported as invalid, even if the context of the call is over.
func TestInvalidRequestComesFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newTestClient(t, byzantine.SandboxURL).InitOTP(ctx, nil)
	assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
}

// A nil request means a request without values: it is sent if no field is required, otherwise it is invalid. It never
// panics.
func TestANilRequestIsAnEmptyOne(t *testing.T) {
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("sent")
	})))
	sent, invalid := 0, 0
	for i := range reflect.TypeOf(client).NumMethod() {
		method := reflect.ValueOf(client).Method(i)
		kind := method.Type()
		if kind.NumIn() != 3 || kind.In(1).Kind() != reflect.Pointer || kind.NumOut() == 0 {
			continue
		}
		in := func(req reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.ValueOf(t.Context()), req, reflect.ValueOf(byzantine.WithCallMaxAttempts(1))}
		}
		name := reflect.TypeOf(client).Method(i).Name
		outcome := func(req reflect.Value) string {
			out := method.Call(in(req))
			if out[len(out)-1].Type() != reflect.TypeFor[error]() {
				return "iterator" // a nil request to these is tested by TestAllEventsLoadsLazily and the like
			}
			err := out[len(out)-1].Interface().(error)
			if errors.Is(err, byzantine.ErrInvalidRequest) {
				invalid++
			} else {
				sent++
			}
			return err.Error()
		}
		assert.Equal(t, outcome(reflect.New(kind.In(1).Elem())), outcome(reflect.Zero(kind.In(1))), name)
	}
	assert.Greater(t, sent, 10)
	assert.Greater(t, invalid, 40)
}

package byzantine_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

func TestCallMaxAttempts(t *testing.T) {
	ctx := jitter.With(t.Context(), func(time.Duration) time.Duration { return 0 })
	for _, c := range []struct {
		client int
		opts   []byzantine.CallOption
		want   int
	}{{2, nil, 2}, {2, []byzantine.CallOption{byzantine.WithCallMaxAttempts(1)}, 1}, {1, []byzantine.CallOption{byzantine.WithCallMaxAttempts(4)}, 4}} {
		sent := 0
		client := newTestClient(t, byzantine.SandboxURL, byzantine.WithMaxAttempts(c.client), over(roundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return newResponse(503, nil, ""), nil
		})))
		_, err := client.Whoami(ctx, c.opts...)
		require.ErrorIs(t, err, byzantine.ErrServer)
		assert.Equal(t, c.want, sent)
	}
}

func TestCallAttemptTimeout(t *testing.T) {
	var left time.Duration
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(r *http.Request) (*http.Response, error) {
		deadline, ok := r.Context().Deadline()
		require.True(t, ok)
		left = time.Until(deadline)
		return newResponse(200, nil, anyResponse), nil
	})))
	_, err := client.Whoami(t.Context(), byzantine.WithCallAttemptTimeout(10*time.Hour))
	require.NoError(t, err)
	assert.Greater(t, left, 9*time.Hour)
	_, err = client.Whoami(t.Context())
	require.NoError(t, err)
	assert.LessOrEqual(t, left, 30*time.Second, "the client's again")
}

// A header of WithCallHeader is sent with each attempt of its call, and with no other call.
func TestCallHeader(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"otpId":%q}`, strings.Join(r.Header.Values("X-Route"), "|")+r.Header.Get("Idempotency-Key"))
	}))
	defer server.Close()
	client := newTestClient(t, server.URL)
	init := func(opts ...byzantine.CallOption) string {
		response, err := client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: testAccountID, UserID: testUserID}, opts...)
		require.NoError(t, err)
		return response.OTPID
	}
	opts := []byzantine.CallOption{byzantine.WithCallHeader("x-route", "a"), byzantine.WithCallHeader("X-Route", "b c"), byzantine.WithCallHeader("Idempotency-Key", "7")}
	assert.Equal(t, "b c7", init(opts...), "the last one counts")
	assert.Equal(t, "b c7", init(opts...), "options can be used again")
}

func TestCallOptionsAreChecked(t *testing.T) {
	const secret = "se\ncret"
	cases := map[string]struct {
		opt  byzantine.CallOption
		want string
	}{
		"no attempts":        {byzantine.WithCallMaxAttempts(0), "WithCallMaxAttempts: must be at least 1"},
		"no time":            {byzantine.WithCallAttemptTimeout(0), "WithCallAttemptTimeout: must be positive"},
		"no name":            {byzantine.WithCallHeader("", "x"), "WithCallHeader: the name is not that of a header"},
		"name with a blank":  {byzantine.WithCallHeader("X Route", "x"), "WithCallHeader: the name is not that of a header"},
		"name with a colon":  {byzantine.WithCallHeader("X-Route:", "x"), "WithCallHeader: the name is not that of a header"},
		"value with a break": {byzantine.WithCallHeader("X-Route", secret), "WithCallHeader: the value of X-Route must be printable ASCII without blanks around it"},
		"value with blanks":  {byzantine.WithCallHeader("X-Route", " x"), "WithCallHeader: the value of X-Route must be printable ASCII without blanks around it"},
		"nil response":       {byzantine.WithResponse(nil), "WithResponse: nil response"},
		"nil":                {nil, "CallOption: option 1 is nil"},
		"value in Greek":     {byzantine.WithCallHeader("X-Route", "π"), "WithCallHeader: the value of X-Route must be printable ASCII without blanks around it"},
	}
	for _, name := range []string{"X-Pubkey", "X-Timestamp", "X-Signature", "Content-Length", "Transfer-Encoding", "Host", "Accept-Encoding", "User-Agent"} {
		cases[name] = struct {
			opt  byzantine.CallOption
			want string
		}{byzantine.WithCallHeader(strings.ToLower(name), "x"), "WithCallHeader: " + name + " is set by this package"}
	}
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) { panic("sent") })))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := client.Whoami(t.Context(), c.opt, byzantine.WithCallMaxAttempts(1))
			require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
			assert.EqualError(t, err, "byzantine: "+c.want)
			assert.EqualError(t, client.Do(t.Context(), "GET", "/v1/x", nil, nil, c.opt), "byzantine: "+c.want)
		})
	}
}

// WithTransport wraps the transport of this package, and the request that its RoundTripper sees is signed.
func TestWithTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"integratorId":%q}`, r.Header.Get("X-Added"))
	}))
	defer server.Close()
	var tuned *http.Transport
	client := newTestClient(t, server.URL, byzantine.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		tuned, _ = next.(*http.Transport)
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			assert.NotEmpty(t, r.Header.Get("X-Signature"))
			r = r.Clone(r.Context())
			r.Header.Set("X-Added", "by the wrapper")
			return next.RoundTrip(r)
		})
	}))
	me, err := client.Whoami(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "by the wrapper", me.IntegratorID)
	require.NotNil(t, tuned)
	assert.Equal(t, 50*time.Second, tuned.IdleConnTimeout)
	tuned.CloseIdleConnections()
}

func TestWithTransportAroundAClientsTransport(t *testing.T) {
	sent := false
	inner := roundTripper(func(*http.Request) (*http.Response, error) {
		sent = true
		return newResponse(200, nil, anyResponse), nil
	})
	wrap := byzantine.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
	})
	_, err := newTestClient(t, byzantine.SandboxURL, wrap, over(inner)).Whoami(t.Context())
	require.NoError(t, err)
	assert.True(t, sent)
}

// If a wrapper fails without calling a trace hook, the request may have been sent, so the outcome is unknown.
func TestAWrappedTransportProvesLess(t *testing.T) {
	client := newTestClient(t, byzantine.SandboxURL, byzantine.WithTransport(func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout })
	}))
	assert.ErrorIs(t, testCalls[1].do(t.Context(), client), byzantine.ErrOutcomeUnknown)
}

func TestWithTransportIsChecked(t *testing.T) {
	for want, wrap := range map[string]func(http.RoundTripper) http.RoundTripper{
		"byzantine: NewClient: WithTransport: nil wrapper":              nil,
		"byzantine: NewClient: WithTransport: the wrapper returned nil": func(http.RoundTripper) http.RoundTripper { return nil },
	} {
		_, err := byzantine.NewClient(rfc6979Key(t), byzantine.WithTransport(wrap))
		assert.EqualError(t, err, want)
	}
}

func TestRequestID(t *testing.T) {
	for _, c := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"none", http.Header{}, ""},
		{"the server's", http.Header{"Cf-Ray": {"ray"}, "X-Request-Id": {"req-1"}}, "req-1"},
		{"an intermediary's", http.Header{"Cf-Ray": {"8f1-FRA"}}, "8f1-FRA"},
		{"of a gateway", http.Header{"X-Amzn-Requestid": {"a"}, "X-Correlation-Id": {""}}, "a"},
		{"one that forges a line", http.Header{"X-Request-Id": {"a\x1b[2J b"}}, ""},
		{"one that is too long", http.Header{"X-Request-Id": {strings.Repeat("x", 129)}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
				return newResponse(404, c.header, ""), nil
			})))
			var response byzantine.Response
			_, err := client.Whoami(t.Context(), byzantine.WithResponse(&response))
			var e *byzantine.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.want, e.RequestID)
			assert.Equal(t, c.want, response.RequestID)
			text := "byzantine: get_current_integrator_capabilities: 404 Not Found"
			if c.want != "" {
				text += "; request id " + c.want
			}
			assert.EqualError(t, err, text+" (GET /v1/integrator/whoami, 1 attempt)")
		})
	}
}

func ExampleWithCallHeader() {
	_, stop := withSandbox()
	defer stop()
	client, err := byzantine.NewClientFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	// At most one attempt of ten seconds, which the gateway forwards to its second backend.
	me, err := client.Whoami(context.Background(), byzantine.WithCallMaxAttempts(1),
		byzantine.WithCallAttemptTimeout(10*time.Second), byzantine.WithCallHeader("X-Backend", "two"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.AccessScope)
	// Output: read_write
}

func ExampleWithTransport() {
	_, stop := withSandbox()
	defer stop()
	client, err := byzantine.NewClientFromEnv(byzantine.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return printingTransport{next}
	}))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Whoami(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: GET /v1/integrator/whoami
}

// printingTransport prints the requests that it sends.
type printingTransport struct{ next http.RoundTripper }

func (t printingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Println(r.Method, r.URL.Path)
	return t.next.RoundTrip(r)
}

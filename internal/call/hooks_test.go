package call

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type traceKey struct{}

// trace returns the text that the start hooks of TestHooks have put into ctx.
func trace(ctx context.Context) string {
	text, _ := ctx.Value(traceKey{}).(string)
	return text
}

// The context that AttemptStart returns reaches the signature, the transport and AttemptEnd of this attempt only. The
// context that CallStart returns reaches all attempts and CallEnd.
func TestHooks(t *testing.T) {
	var seen []string
	note := func(ctx context.Context, text string) { seen = append(seen, text+" in"+trace(ctx)) }
	with := func(ctx context.Context, text string) context.Context {
		return context.WithValue(ctx, traceKey{}, trace(ctx)+" "+text)
	}
	var ends []AttemptEnd
	var end CallEnd
	sent := 0
	options := []func(*Config) error{func(c *Config) error {
		c.Hooks = Hooks{
			CallStart: func(ctx context.Context, r *Request) context.Context { return with(ctx, "call "+r.Operation) },
			CallEnd:   func(ctx context.Context, e CallEnd) { note(ctx, "call ends"); end = e },
			AttemptStart: func(ctx context.Context, r *Request, number int) context.Context {
				return with(ctx, "attempt "+string(rune('0'+number)))
			},
			AttemptEnd: func(ctx context.Context, e AttemptEnd) { note(ctx, "attempt ends"); ends = append(ends, e) },
		}
		c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			note(r.Context(), "transport")
			sent++
			status := map[int]int{1: 503, 2: 200}[sent]
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("body"))}, nil
		})}
		return nil
	}}
	caller, err := New("https://example.com", options)
	require.NoError(t, err)
	target, err := caller.URL("/v1/x")
	require.NoError(t, err)
	ctx := jitter.With(t.Context(), func(time.Duration) time.Duration { return 0 })
	request := Request{
		Operation: "x", Method: "GET", Path: "/v1/x", URL: target, Reads: true, Repeatable: true,
		Authorize: func(ctx context.Context, _ *http.Request, _ []byte, _ time.Time) error {
			note(ctx, "authorize")
			assert.Nil(t, httptrace.ContextClientTrace(ctx), "what a signer sends is not taken for the request")
			return nil
		},
	}
	x := caller.Begin(ctx, request)
	require.Nil(t, x.Run())
	assert.Equal(t, " call x", trace(x.Context()))
	failure := errors.New("cannot be read")
	x.End(failure)

	assert.Equal(t, []string{
		"authorize in call x attempt 1", "transport in call x attempt 1", "attempt ends in call x attempt 1",
		"authorize in call x attempt 2", "transport in call x attempt 2", "attempt ends in call x attempt 2",
		"call ends in call x",
	}, seen)
	require.Len(t, ends, 2)
	for i := range ends {
		assert.GreaterOrEqual(t, ends[i].Duration, time.Duration(0))
		ends[i].Duration = 0
	}
	assert.Equal(t, []AttemptEnd{
		{Request: &x.request, Number: 1, StatusCode: 503, Sent: true}, {Request: &x.request, Number: 2, StatusCode: 200, Sent: true},
	}, ends)
	assert.Positive(t, end.Duration)
	end.Duration = 0
	assert.Equal(t, CallEnd{Request: &x.request, StatusCode: 200, Attempts: 2, Err: failure, ResponseBytes: 4}, end)
}

// AttemptEnd is called for an attempt that ends before it is sent, and CallEnd for a call without an attempt.
func TestHooksOfWhatIsNotSent(t *testing.T) {
	var ends []AttemptEnd
	var calls []CallEnd
	caller, err := New("https://example.com", []func(*Config) error{func(c *Config) error {
		c.Hooks = Hooks{
			CallEnd:    func(_ context.Context, e CallEnd) { calls = append(calls, e) },
			AttemptEnd: func(_ context.Context, e AttemptEnd) { ends = append(ends, e) },
		}
		return nil
	}})
	require.NoError(t, err)
	target, err := caller.URL("/v1/x")
	require.NoError(t, err)
	broken := errors.New("the HSM is down")
	request := Request{Method: "POST", Path: "/v1/x", URL: target, Authorize: func(context.Context, *http.Request, []byte, time.Time) error {
		return broken
	}}
	x := caller.Begin(t.Context(), request)
	failure := x.Run()
	require.NotNil(t, failure)
	x.End(failure)
	require.Len(t, ends, 1)
	assert.False(t, ends[0].Sent)
	assert.ErrorIs(t, ends[0].Err, broken)
	assert.Equal(t, 1, calls[0].Attempts)

	over, cancel := context.WithCancel(t.Context())
	cancel()
	x = caller.Begin(over, request)
	failure = x.Run()
	require.NotNil(t, failure)
	x.End(failure)
	assert.Len(t, ends, 1)
	assert.Zero(t, calls[1].Attempts)
	assert.ErrorContains(t, calls[1].Err, context.Canceled.Error())
}

package byzantine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

type spanKey struct{}

// spans returns the names that tracers have put into ctx, the outer one first.
func spans(ctx context.Context) string {
	text, _ := ctx.Value(spanKey{}).(string)
	return text
}

// callRecorder is a Tracer that keeps the data that its methods receive.
type callRecorder struct {
	starts []byzantine.TraceCallStartData
	ends   []byzantine.TraceCallEndData
	seen   []string // which spans the signer and the transport have seen
}

func (r *callRecorder) TraceCallStart(ctx context.Context, data byzantine.TraceCallStartData) context.Context {
	r.starts = append(r.starts, data)
	return context.WithValue(ctx, spanKey{}, spans(ctx)+"/call")
}

func (r *callRecorder) TraceCallEnd(ctx context.Context, data byzantine.TraceCallEndData) {
	r.ends = append(r.ends, data)
	r.seen = append(r.seen, "call end: "+spans(ctx))
}

// attemptRecorder is an AttemptTracer that keeps the data that its methods receive.
type attemptRecorder struct {
	callRecorder
	attemptStarts []byzantine.TraceAttemptStartData
	attemptEnds   []byzantine.TraceAttemptEndData
}

func (r *attemptRecorder) TraceAttemptStart(ctx context.Context, data byzantine.TraceAttemptStartData) context.Context {
	r.attemptStarts = append(r.attemptStarts, data)
	return context.WithValue(ctx, spanKey{}, fmt.Sprintf("%s/attempt %d", spans(ctx), data.Number))
}

func (r *attemptRecorder) TraceAttemptEnd(ctx context.Context, data byzantine.TraceAttemptEndData) {
	r.attemptEnds = append(r.attemptEnds, data)
	r.seen = append(r.seen, "attempt end: "+spans(ctx))
}

// noted returns a signer and a transport that record in r.seen the spans of their contexts. The transport responds with
// statuses, one after the other; for 0 it returns an error.
func (r *callRecorder) noted(t *testing.T, body string, statuses ...int) (byzantine.Signer, byzantine.Option) {
	key := rfc6979Key(t)
	signer := ownSigner{key.PublicKey(), func(ctx context.Context, digest []byte) ([]byte, error) {
		r.seen = append(r.seen, "signer: "+spans(ctx))
		return key.SignDigest(ctx, digest)
	}}
	return signer, over(roundTripper(func(request *http.Request) (*http.Response, error) {
		r.seen = append(r.seen, "transport: "+spans(request.Context()))
		status := statuses[0]
		statuses = statuses[1:]
		if status == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return newResponse(status, nil, body), nil
	}))
}

// withoutDurations checks that all durations are positive, sets them to zero, and returns the ends.
func (r *callRecorder) withoutDurations(t *testing.T) []byzantine.TraceCallEndData {
	for i := range r.ends {
		assert.Positive(t, r.ends[i].Duration)
		r.ends[i].Duration = 0
	}
	return r.ends
}

func TestTracerSeesACallAndItsAttempts(t *testing.T) {
	var tracer attemptRecorder
	signer, transport := tracer.noted(t, anyResponse, 503, 200)
	client, err := byzantine.NewClient(signer, transport, byzantine.WithTracer(&tracer))
	require.NoError(t, err)
	ctx := context.WithValue(t.Context(), spanKey{}, "caller")
	_, err = client.Whoami(jitter.With(ctx, func(time.Duration) time.Duration { return 0 }))
	require.NoError(t, err)

	const operation = "get_current_integrator_capabilities"
	assert.Equal(t, []byzantine.TraceCallStartData{{
		Operation: operation, Method: "GET", Path: "/v1/integrator/whoami", Host: "sandbox.api.byzantine.fi",
	}}, tracer.starts)
	assert.Equal(t, []byzantine.TraceCallEndData{{
		Operation: operation, Attempts: 2, StatusCode: 200, ResponseBytes: len(anyResponse),
	}}, tracer.withoutDurations(t))
	assert.Equal(t, []byzantine.TraceAttemptStartData{{Operation: operation, Number: 1}, {Operation: operation, Number: 2}}, tracer.attemptStarts)
	for i := range tracer.attemptEnds {
		assert.Positive(t, tracer.attemptEnds[i].Duration)
		tracer.attemptEnds[i].Duration = 0
	}
	assert.Equal(t, []byzantine.TraceAttemptEndData{
		{Operation: operation, Number: 1, StatusCode: 503, Sent: true}, {Operation: operation, Number: 2, StatusCode: 200, Sent: true},
	}, tracer.attemptEnds)
	assert.Equal(t, []string{
		"signer: caller/call/attempt 1", "transport: caller/call/attempt 1", "attempt end: caller/call/attempt 1",
		"signer: caller/call/attempt 2", "transport: caller/call/attempt 2", "attempt end: caller/call/attempt 2",
		"call end: caller/call",
	}, tracer.seen)
}

// The context that a Tracer returns reaches the signer and the transport also if the Tracer is not an AttemptTracer.
func TestTracerOfCallsOnly(t *testing.T) {
	var tracer callRecorder
	signer, transport := tracer.noted(t, "", 0)
	client, err := byzantine.NewClient(signer, transport, byzantine.WithTracer(&tracer))
	require.NoError(t, err)
	in := map[string]string{"email": testEmail}
	err = client.Do(t.Context(), "POST", "/v1/submit/"+testAccountID+"?email="+testEmail, in, nil)
	require.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	assert.Equal(t, []byzantine.TraceCallStartData{{Method: "POST", Path: "/v1/submit/{}", Host: "sandbox.api.byzantine.fi"}}, tracer.starts)
	assert.Equal(t, []byzantine.TraceCallEndData{{
		Attempts: 1, OutcomeUnknown: true, Err: err, RequestBytes: len(`{"email":""}`) + len(testEmail),
	}}, tracer.withoutDurations(t))
	assert.Equal(t, []string{"signer: /call", "transport: /call", "call end: /call"}, tracer.seen)
}

func TestTracerSeesWhatTheCallerGets(t *testing.T) {
	hour := byzantine.WithClock(newWrongClock(2 * time.Hour).now)
	for name, c := range map[string]struct {
		body   string
		status int
		want   byzantine.TraceCallEndData
	}{
		"a rejection":                   {body: `{"error":"no such user"}`, status: 404, want: byzantine.TraceCallEndData{StatusCode: 404}},
		"a success that cannot be read": {body: `{`, status: 200, want: byzantine.TraceCallEndData{StatusCode: 200, OutcomeUnknown: true}},
		"a server that fails":           {status: 500, want: byzantine.TraceCallEndData{StatusCode: 500, OutcomeUnknown: true}},
		"a field that must be there":    {body: `{"otpId":null}`, status: 200, want: byzantine.TraceCallEndData{StatusCode: 200}},
		"a rejection for the clock":     {status: 401, want: byzantine.TraceCallEndData{StatusCode: 401, ClockSkew: 2 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			var tracer callRecorder
			transport := over(roundTripper(func(*http.Request) (*http.Response, error) {
				date := time.Now().UTC().Format(http.TimeFormat)
				return newResponse(c.status, http.Header{"Date": {date}}, c.body), nil
			}))
			client := newTestClient(t, "https://example.com", hour, transport, byzantine.WithTracer(&tracer))
			_, err := client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: testAccountID, UserID: testUserID})
			require.Error(t, err)
			end := tracer.withoutDurations(t)[0]
			assert.Equal(t, err, end.Err)
			assert.Equal(t, c.want.StatusCode, end.StatusCode)
			assert.Equal(t, c.want.OutcomeUnknown, end.OutcomeUnknown)
			assert.InDelta(t, c.want.ClockSkew, end.ClockSkew, float64(5*time.Minute))
		})
	}
}

func TestTracerOfWhatIsNotSent(t *testing.T) {
	var tracer attemptRecorder
	signer, transport := tracer.noted(t, anyResponse)
	client, err := byzantine.NewClient(signer, transport, byzantine.WithTracer(&tracer))
	require.NoError(t, err)

	_, err = client.InitOTP(t.Context(), &byzantine.InitOTPRequest{})
	require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
	assert.Empty(t, tracer.starts, "an invalid request is no call")

	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Whoami(over)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, tracer.ends, 1)
	assert.Zero(t, tracer.ends[0].Attempts)
	assert.Equal(t, err, tracer.ends[0].Err)
	assert.Empty(t, tracer.attemptStarts)
}

func TestTheLastTracerIsUsed(t *testing.T) {
	var first, last attemptRecorder
	signer, transport := last.noted(t, anyResponse, 200)
	client, err := byzantine.NewClient(signer, byzantine.WithTracer(&first), transport, byzantine.WithTracer(&last))
	require.NoError(t, err)
	_, err = client.Whoami(t.Context())
	require.NoError(t, err)
	assert.Len(t, last.ends, 1)
	assert.Empty(t, first.starts)
}

func TestWithTracerRejectsNil(t *testing.T) {
	_, err := byzantine.NewClient(rfc6979Key(t), byzantine.WithTracer(nil))
	assert.EqualError(t, err, "byzantine: NewClient: WithTracer: nil tracer")
}

// callPrinter is a Tracer that prints calls by their operation and status.
type callPrinter struct{}

func (callPrinter) TraceCallStart(ctx context.Context, data byzantine.TraceCallStartData) context.Context {
	fmt.Println("start", data.Operation, data.Path)
	return ctx
}

func (callPrinter) TraceCallEnd(_ context.Context, data byzantine.TraceCallEndData) {
	fmt.Println("end", data.Operation, data.StatusCode, data.Attempts, errors.Is(data.Err, byzantine.ErrNotFound))
}

func ExampleWithTracer() {
	_, stop := withSandbox()
	defer stop()
	client, err := byzantine.NewClientFromEnv(byzantine.WithTracer(callPrinter{}))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = client.GetUserDetails(context.Background(), &byzantine.GetUserDetailsRequest{UserID: "00000000-0000-4000-8000-000000000000"})
	// Output:
	// start get_user_details /v1/query/get-user-details
	// end get_user_details 404 1 true
}

package otelbyzantine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/otelbyzantine"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// named returns the spans with the given name.
func named(spans tracetest.SpanStubs, name string) (found tracetest.SpanStubs) {
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

func attributesOf(s tracetest.SpanStub) map[string]any {
	all := map[string]any{}
	for _, a := range s.Attributes {
		all[string(a.Key)] = a.Value.AsInterface()
	}
	return all
}

// The span of a call is the parent of the spans of its attempts, and these are the parents of otelhttp's spans.
func TestSpansOfACall(t *testing.T) {
	x := newTelemetry(t)
	w := newWorld(t, x)
	w.sandbox.Fail(byzantine.OpGetAccountDetails, 1, faultOf(503))
	x.spans.Reset()
	_, err := w.client.GetAccountDetails(t.Context(), w.account.ID)
	require.NoError(t, err)
	spans := x.spans.GetSpans()
	calls, attempts, requests := named(spans, "byzantine get_account_details"), named(spans, "byzantine attempt"), named(spans, "HTTP GET")
	require.Len(t, calls, 1)
	require.Len(t, attempts, 2)
	require.Len(t, requests, 2)
	for i := range attempts {
		assert.Equal(t, calls[0].SpanContext.SpanID(), attempts[i].Parent.SpanID())
		assert.Equal(t, attempts[i].SpanContext.SpanID(), requests[i].Parent.SpanID())
	}
	assert.Equal(t, trace.SpanKindClient, calls[0].SpanKind)
	got := attributesOf(calls[0])
	assert.Equal(t, "ok", got["byzantine.outcome"])
	assert.Equal(t, int64(2), got["byzantine.attempts"])
	assert.Equal(t, "/v1/query/get-account-details", got["url.template"])
	assert.Equal(t, "127.0.0.1", got["server.address"])
	assert.Equal(t, codes.Unset, calls[0].Status.Code)
	assert.Equal(t, int64(1), attributesOf(attempts[1])["http.request.resend_count"])
	assert.NotContains(t, attributesOf(attempts[0]), "http.request.resend_count")
}

func TestErrorTypes(t *testing.T) {
	for want, c := range map[string]struct {
		status int
		err    error
	}{
		"404":        {404, &byzantine.Error{StatusCode: 404}},
		"303":        {303, &byzantine.Error{StatusCode: 303}},
		"partial":    {200, &byzantine.PartialError{}},
		"unreadable": {200, &byzantine.Error{StatusCode: 200}},
		"canceled":   {0, &byzantine.TransportError{Err: context.Canceled}},
		"timeout":    {0, &byzantine.TransportError{Err: fmt.Errorf("no response within 3s: %w", context.DeadlineExceeded)}},
		"dns":        {0, &byzantine.TransportError{Err: &net.DNSError{Name: "secret.example"}}},
		"network":    {0, &byzantine.TransportError{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}},
		"_OTHER":     {0, &byzantine.TransportError{Err: errors.New("the HSM of Ada is down")}},
	} {
		t.Run(want, func(t *testing.T) {
			x := newTelemetry(t)
			ctx := x.TraceCallStart(t.Context(), byzantine.TraceCallStartData{Operation: "init_otp", Method: "POST", Host: "api.byzantine.fi"})
			x.TraceCallEnd(ctx, byzantine.TraceCallEndData{Operation: "init_otp", StatusCode: c.status, Err: c.err})
			span := x.spans.GetSpans()[0]
			assert.Equal(t, want, attributesOf(span)["error.type"])
			assert.Equal(t, codes.Error, span.Status.Code)
			assert.Empty(t, span.Status.Description)
			assert.Empty(t, span.Events)
		})
	}
}

// The attribute with the type of event has at most 65 values, however many types come.
func TestEventTypesAreBounded(t *testing.T) {
	x := newTelemetry(t)
	for i := range 1000 {
		ctx := x.TraceDeliveryStart(t.Context(), webhook.TraceDeliveryStartData{Source: webhook.SourceWebhook})
		x.TraceDeliveryEnd(ctx, webhook.TraceDeliveryEndData{
			Type: byzantine.EventType(fmt.Sprintf("customer.%d", i)), Source: webhook.SourceWebhook, Outcome: webhook.OutcomeHandled,
		})
	}
	data, ok := x.metrics(t)["byzantine.webhook.delivery.duration"].Data.(metricdata.Histogram[float64])
	require.True(t, ok)
	assert.Len(t, data.DataPoints, 65, "64 types and the rest")
	others := uint64(0)
	for _, point := range data.DataPoints {
		if v, _ := point.Attributes.Value("byzantine.event.type"); v == attribute.StringValue("_OTHER") {
			others = point.Count
		}
	}
	assert.Equal(t, uint64(1000-64), others)
}

// The gauges of ages grow even if nothing new is recorded.
func TestAgesGrow(t *testing.T) {
	x := newTelemetry(t)
	w := newWorld(t, x)
	assert.NotContains(t, x.metrics(t), "byzantine.reconciler.pass.age", "no pass yet")
	w.healthy()
	x.ahead.Add(int64(time.Hour))
	for _, name := range []string{"byzantine.reconciler.pass.age", "byzantine.reconciler.checkpoint.age"} {
		data, ok := x.metrics(t)[name].Data.(metricdata.Gauge[float64])
		require.True(t, ok, name)
		assert.GreaterOrEqual(t, data.DataPoints[0].Value, 3599.0, name)
	}
}

func TestHideURL(t *testing.T) {
	var arrived string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived = r.RequestURI }))
	defer server.Close()
	var seen string
	transport := otelbyzantine.HideURL(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			seen = r.URL.String()
			return next.RoundTrip(r)
		})
	})(http.DefaultTransport)
	request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/v1/a%2Fb?email=ada@example.com", nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, server.URL+"/", seen)
	assert.Equal(t, "/v1/a%2Fb?email=ada@example.com", arrived)
	assert.Same(t, request, response.Request)
	assert.Equal(t, server.URL+"/v1/a%2Fb?email=ada@example.com", request.URL.String(), "the caller's request is not changed")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOptionsAreChecked(t *testing.T) {
	for want, opt := range map[string]otelbyzantine.Option{
		"WithTracerProvider: nil provider": otelbyzantine.WithTracerProvider(nil),
		"WithMeterProvider: nil provider":  otelbyzantine.WithMeterProvider(nil),
		"WithClock: nil clock":             otelbyzantine.WithClock(nil),
	} {
		_, err := otelbyzantine.New(opt)
		assert.EqualError(t, err, "otelbyzantine: New: "+want)
		assert.Empty(t, errtext.Flaw(err.Error()), err)
	}
}

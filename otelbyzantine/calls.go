package otelbyzantine

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/byzantine-finance/byzantine-go"
)

// The attributes that OpenTelemetry's conventions do not have.
const (
	operationKey = attribute.Key("byzantine.operation")
	outcomeKey   = attribute.Key("byzantine.outcome")
)

// The outcomes of a call.
const (
	outcomeOK      = "ok"
	outcomeError   = "error"
	outcomeUnknown = "unknown" // the request may have taken effect
)

type callMetrics struct {
	duration        metric.Float64Histogram
	attempts        metric.Float64Histogram
	attemptDuration metric.Float64Histogram
	unknown         metric.Int64Counter
	skew            metric.Float64Histogram
}

func newCallMetrics(in *instruments) callMetrics {
	return callMetrics{
		duration:        in.histogram("byzantine.client.call.duration", "s", "Duration of a call with all its attempts and waits.", callTimes),
		attempts:        in.histogram("byzantine.client.call.attempts", "{attempt}", "How often a call was sent.", []float64{0, 1, 2, 3, 4, 5, 10}),
		attemptDuration: in.histogram("byzantine.client.attempt.duration", "s", "Duration of one attempt.", callTimes),
		unknown:         in.counter("byzantine.client.call.outcome_unknown", "{call}", "Calls that may have taken effect although they failed."),
		skew:            in.histogram("byzantine.client.clock.skew", "s", "How far the clock was off when a request was rejected, for what may have been that reason.", skews),
	}
}

// operation returns the name of an operation, and otherValue for Client.Do, which has none.
func operation(id byzantine.OperationID) string { return cmp.Or(string(id), otherValue) }

// TraceCallStart implements byzantine.Tracer.
func (t *Tracer) TraceCallStart(ctx context.Context, data byzantine.TraceCallStartData) context.Context {
	attributes := []attribute.KeyValue{operationKey.String(operation(data.Operation)), semconv.HTTPRequestMethodKey.String(data.Method)}
	if data.Operation != "" { // the path of Client.Do comes from the caller and may hold anything
		attributes = append(attributes, semconv.URLTemplate(data.Path))
	}
	attributes = append(attributes, server(data.Host)...)
	ctx, _ = t.spans.Start(ctx, "byzantine "+operation(data.Operation), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx
}

// server returns the attributes with the host and the port of the base URL.
func server(hostPort string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(hostPort)}
	}
	number, _ := strconv.Atoi(port) // no error: the base URL has been parsed before
	return []attribute.KeyValue{semconv.ServerAddress(host), semconv.ServerPort(number)}
}

// TraceCallEnd implements byzantine.Tracer.
func (t *Tracer) TraceCallEnd(ctx context.Context, data byzantine.TraceCallEndData) {
	outcome := outcomeOK
	switch {
	case data.OutcomeUnknown:
		outcome = outcomeUnknown
	case data.Err != nil:
		outcome = outcomeError
	}
	op := operationKey.String(operation(data.Operation))
	attributes := append([]attribute.KeyValue{op, outcomeKey.String(outcome)}, result(data.StatusCode, data.Err)...)
	set := metric.WithAttributeSet(attribute.NewSet(attributes...))
	t.calls.duration.Record(ctx, data.Duration.Seconds(), set)
	t.calls.attempts.Record(ctx, float64(data.Attempts), metric.WithAttributes(op, outcomeKey.String(outcome)))
	unknown := int64(0) // also recorded, so that the counter exists before the first such call
	if data.OutcomeUnknown {
		unknown = 1
	}
	t.calls.unknown.Add(ctx, unknown, metric.WithAttributes(op))
	if data.ClockSkew != 0 {
		t.calls.skew.Record(ctx, data.ClockSkew.Abs().Seconds())
	}
	end(ctx, data.Err, append(attributes,
		attribute.Int("byzantine.attempts", data.Attempts),
		semconv.HTTPRequestBodySize(data.RequestBytes), semconv.HTTPResponseBodySize(data.ResponseBytes))...)
}

// TraceAttemptStart implements byzantine.AttemptTracer.
func (t *Tracer) TraceAttemptStart(ctx context.Context, data byzantine.TraceAttemptStartData) context.Context {
	attributes := []attribute.KeyValue{operationKey.String(operation(data.Operation))}
	if data.Number > 1 {
		attributes = append(attributes, semconv.HTTPRequestResendCount(data.Number-1))
	}
	ctx, _ = t.spans.Start(ctx, "byzantine attempt", trace.WithAttributes(attributes...))
	return ctx
}

// TraceAttemptEnd implements byzantine.AttemptTracer.
func (t *Tracer) TraceAttemptEnd(ctx context.Context, data byzantine.TraceAttemptEndData) {
	attributes := result(data.StatusCode, data.Err)
	op := operationKey.String(operation(data.Operation))
	t.calls.attemptDuration.Record(ctx, data.Duration.Seconds(), metric.WithAttributes(append(attributes, op)...))
	end(ctx, data.Err, append(attributes, attribute.Bool("byzantine.sent", data.Sent))...)
}

// end ends the span in ctx with the attributes, as failed if err is not nil.
func end(ctx context.Context, err error, attributes ...attribute.KeyValue) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attributes...)
	if err != nil {
		span.SetStatus(codes.Error, "") // no description: the text of an error may quote anything
	}
	span.End()
}

// result returns the attributes with the status of a response, if there was one, and the kind of the error, if there is
// one.
func result(status int, err error) (attributes []attribute.KeyValue) {
	if status != 0 {
		attributes = append(attributes, semconv.HTTPResponseStatusCode(status))
	}
	if kind := errorType(status, err); kind != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(kind))
	}
	return attributes
}

// errorType returns the value of error.type: the status of a response that is not a success, "" for a success without
// an error, or else one of the words below.
func errorType(status int, err error) string {
	var partial *byzantine.PartialError
	var dns *net.DNSError
	var network net.Error
	switch {
	case status >= 300 || (status != 0 && status < 200):
		return strconv.Itoa(status)
	case err == nil:
		return ""
	case errors.As(err, &partial):
		return "partial"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case status != 0:
		return "unreadable"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "network"
	}
	return otherValue
}

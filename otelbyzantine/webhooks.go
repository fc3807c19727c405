package otelbyzantine

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

const (
	sourceKey    = attribute.Key("byzantine.webhook.source")
	eventTypeKey = attribute.Key("byzantine.event.type")
	checkKey     = attribute.Key("byzantine.webhook.check")
	storeCallKey = attribute.Key("byzantine.store.call")
)

type webhookMetrics struct {
	delivery  metric.Float64Histogram
	handle    metric.Float64Histogram
	delay     metric.Float64Histogram
	pass      metric.Float64Histogram
	found     metric.Int64Counter
	store     metric.Float64Histogram
	takeovers metric.Int64Counter
}

// passState is what the gauges are computed from. Its times are zero until there is a checkpoint, or a pass has
// completed.
type passState struct {
	checkpoint, completed time.Time // the checkpoint; when the last complete pass ended
}

func newWebhookMetrics(in *instruments, t *Tracer) webhookMetrics {
	m := webhookMetrics{
		delivery:  in.histogram("byzantine.webhook.delivery.duration", "s", "Duration of a delivery, or of an event of the history, with verification, callback and recording.", shortTimes),
		handle:    in.histogram("byzantine.webhook.handle.duration", "s", "Duration of a callback.", shortTimes),
		delay:     in.histogram("byzantine.webhook.event.delay", "s", "From the time an event occurred to the time it was handled.", delays),
		pass:      in.histogram("byzantine.reconciler.pass.duration", "s", "Duration of a pass.", callTimes),
		found:     in.counter("byzantine.reconciler.events.found", "{event}", "Events that no webhook had brought."),
		store:     in.histogram("byzantine.store.call.duration", "s", "Duration of a call of the store.", shortTimes),
		takeovers: in.counter("byzantine.store.lease.takeovers", "{lease}", "Leases that ran out and were taken over."),
	}
	t.gauge(in, "byzantine.reconciler.checkpoint.age", "Age of the reconciler's checkpoint. It grows while nothing happens.",
		func(s passState) time.Time { return s.checkpoint })
	t.gauge(in, "byzantine.reconciler.pass.age", "Time since the last pass that reached its end.",
		func(s passState) time.Time { return s.completed })
	return m
}

// gauge makes a gauge of the time that has passed since the time that since returns. The gauge is absent while since
// returns the zero time. It grows even if nothing new is recorded.
func (t *Tracer) gauge(in *instruments, name, description string, since func(passState) time.Time) {
	_, err := in.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithFloat64Callback(func(_ context.Context, observer metric.Float64Observer) error {
			t.mu.Lock()
			at := since(t.state)
			t.mu.Unlock()
			if !at.IsZero() {
				observer.Observe(t.now().Sub(at).Seconds())
			}
			return nil
		}))
	in.err = errors.Join(in.err, err)
}

func (t *Tracer) eventType(e byzantine.EventType) []attribute.KeyValue {
	if e == "" {
		return nil
	}
	return []attribute.KeyValue{eventTypeKey.String(t.eventTypes.limit(string(e)))}
}

// TraceDeliveryStart implements webhook.Tracer.
func (t *Tracer) TraceDeliveryStart(ctx context.Context, data webhook.TraceDeliveryStartData) context.Context {
	ctx, _ = t.spans.Start(ctx, "byzantine delivery", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(sourceKey.String(string(data.Source))))
	return ctx
}

// TraceDeliveryEnd implements webhook.Tracer.
func (t *Tracer) TraceDeliveryEnd(ctx context.Context, data webhook.TraceDeliveryEndData) {
	attributes := append(t.eventType(data.Type), sourceKey.String(string(data.Source)), outcomeKey.String(string(data.Outcome)))
	if data.Check != "" {
		attributes = append(attributes, checkKey.String(string(data.Check)))
	}
	t.webhooks.delivery.Record(ctx, data.Duration.Seconds(), metric.WithAttributes(attributes...))
	if data.Outcome == webhook.OutcomeHandled && !data.OccurredAt.IsZero() {
		t.webhooks.delay.Record(ctx, max(0, t.now().Sub(data.OccurredAt).Seconds()),
			metric.WithAttributes(append(t.eventType(data.Type), sourceKey.String(string(data.Source)))...))
	}
	if data.StatusCode != 0 {
		attributes = append(attributes, semconv.HTTPResponseStatusCode(data.StatusCode))
	}
	failed := data.Err
	if data.Outcome == webhook.OutcomeKnown || data.Outcome == webhook.OutcomeInProgress {
		failed = nil
	}
	end(ctx, failed, attributes...)
}

// TraceHandleStart implements webhook.HandleTracer.
func (t *Tracer) TraceHandleStart(ctx context.Context, data webhook.TraceHandleStartData) context.Context {
	ctx, _ = t.spans.Start(ctx, "byzantine handle", trace.WithAttributes(t.eventType(data.Type)...))
	return ctx
}

// TraceHandleEnd implements webhook.HandleTracer.
func (t *Tracer) TraceHandleEnd(ctx context.Context, data webhook.TraceHandleEndData) {
	outcome := outcomeKey.String(outcomeOf(data.Err))
	t.webhooks.handle.Record(ctx, data.Duration.Seconds(), metric.WithAttributes(append(t.eventType(data.Type), outcome)...))
	end(ctx, data.Err, outcome)
}

func outcomeOf(err error) string {
	if err != nil {
		return outcomeError
	}
	return outcomeOK
}

// TracePassStart implements webhook.PassTracer.
func (t *Tracer) TracePassStart(ctx context.Context) context.Context {
	ctx, _ = t.spans.Start(ctx, "byzantine reconcile")
	return ctx
}

// TracePassEnd implements webhook.PassTracer.
func (t *Tracer) TracePassEnd(ctx context.Context, data webhook.TracePassEndData) {
	outcome, failed := outcomeOf(data.Err), data.Err
	if errors.Is(data.Err, webhook.ErrInProgress) { // another replica is making a pass
		outcome, failed = string(webhook.OutcomeInProgress), nil
	}
	t.mu.Lock()
	if !data.Checkpoint.IsZero() {
		t.state.checkpoint = data.Checkpoint
	}
	if data.Err == nil {
		t.state.completed = t.now()
	}
	t.mu.Unlock()
	t.webhooks.pass.Record(ctx, data.Duration.Seconds(), metric.WithAttributes(outcomeKey.String(outcome)))
	t.webhooks.found.Add(ctx, int64(data.Handled))
	end(ctx, failed, outcomeKey.String(outcome),
		attribute.Int("byzantine.events.handled", data.Handled), attribute.Int("byzantine.events.known", data.Known),
		attribute.Int("byzantine.events.failed", data.Failed), attribute.Int("byzantine.events.in_progress", data.InProgress),
		attribute.Int("byzantine.events.unreadable", data.Unreadable))
}

// TraceStoreStart implements webhook.StoreTracer.
func (t *Tracer) TraceStoreStart(ctx context.Context, data webhook.TraceStoreStartData) context.Context {
	ctx, _ = t.spans.Start(ctx, "byzantine store "+string(data.Call), trace.WithAttributes(storeCallKey.String(string(data.Call))))
	return ctx
}

// TraceStoreEnd implements webhook.StoreTracer.
func (t *Tracer) TraceStoreEnd(ctx context.Context, data webhook.TraceStoreEndData) {
	outcome, failed, lost := outcomeOf(data.Err), error(nil), int64(0)
	switch {
	case errors.Is(data.Err, webhook.ErrHandled):
		outcome = string(webhook.OutcomeKnown)
	case errors.Is(data.Err, webhook.ErrInProgress):
		outcome = string(webhook.OutcomeInProgress)
	case errors.Is(data.Err, webhook.ErrLeaseLost):
		outcome, lost = string(webhook.OutcomeLeaseLost), 1
	default:
		failed = data.Err
	}
	t.webhooks.store.Record(ctx, data.Duration.Seconds(), metric.WithAttributes(storeCallKey.String(string(data.Call)), outcomeKey.String(outcome)))
	t.webhooks.takeovers.Add(ctx, lost)
	end(ctx, failed, outcomeKey.String(outcome))
}

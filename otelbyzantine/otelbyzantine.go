// Package otelbyzantine records calls of the Byzantine API and webhooks with OpenTelemetry: spans and metrics. One [Tracer]
// serves clients, webhook handlers and reconcilers:
//
//	tracer, err := otelbyzantine.New()
//	client, err := byzantine.NewClient(key, byzantine.WithTracer(tracer))
//	handler := &webhook.Handler{Verifier: verifier, Handle: handle, Store: store, Tracer: tracer}
//	reconciler := &webhook.Reconciler{Events: client, Handle: handle, Store: store, Tracer: tracer}
//
// Spans and metrics hold no ids, personal data, keys, bodies, headers or queries, and of an error only its kind. Every
// attribute has a small number of values. docs/observability.md in the repository lists all names and units, and alert
// rules for Prometheus.
//
// For spans of the requests themselves use otelhttp together with [HideURL].
package otelbyzantine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/options"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// scope is the name of the instrumentation scope.
const scope = "github.com/byzantine-finance/byzantine-go/otelbyzantine"

// Tracer records calls of the API, deliveries of webhooks, passes of a reconciler and calls of stores. Make one for
// each process and share it: it is safe for concurrent use.
type Tracer struct {
	spans      trace.Tracer
	meter      metric.Meter
	calls      callMetrics
	webhooks   webhookMetrics
	eventTypes bounded
	now        func() time.Time

	mu    sync.Mutex
	state passState
}

var (
	_ byzantine.AttemptTracer = (*Tracer)(nil)
	_ webhook.HandleTracer    = (*Tracer)(nil)
	_ webhook.PassTracer      = (*Tracer)(nil)
	_ webhook.StoreTracer     = (*Tracer)(nil)
)

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	now     func() time.Time
}

// Option sets a provider or the clock of a [Tracer]. [New] returns an error for an option with an invalid value, and
// for a nil one.
type Option func(*config) error

// WithTracerProvider sets the provider of the tracer that records spans, otel.GetTracerProvider() by default.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) error {
		if p == nil {
			return errors.New("WithTracerProvider: nil provider")
		}
		c.tracers = p
		return nil
	}
}

// WithMeterProvider sets the provider of the meter that records metrics, otel.GetMeterProvider() by default.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) error {
		if p == nil {
			return errors.New("WithMeterProvider: nil provider")
		}
		c.meters = p
		return nil
	}
}

// WithClock sets the clock that the ages of events, checkpoints and passes are measured with, time.Now by default.
func WithClock(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return errors.New("WithClock: nil clock")
		}
		c.now = now
		return nil
	}
}

// New returns a Tracer. It is an error if an option is invalid, or if the meter provider cannot make an instrument.
func New(opts ...Option) (*Tracer, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider(), now: time.Now}
	if err := options.Apply(&c, opts); err != nil {
		return nil, fmt.Errorf("otelbyzantine: New: %w", err)
	}
	t := &Tracer{
		spans: c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		meter: c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL)),
		now:   c.now,
	}
	in := instruments{meter: t.meter}
	t.calls = newCallMetrics(&in)
	t.webhooks = newWebhookMetrics(&in, t)
	if in.err != nil {
		return nil, fmt.Errorf("otelbyzantine: New: %w", in.err)
	}
	return t, nil
}

// instruments makes the instruments of a meter and joins their errors.
type instruments struct {
	meter metric.Meter
	err   error
}

func (in *instruments) counter(name, unit, description string) metric.Int64Counter {
	c, err := in.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	in.err = errors.Join(in.err, err)
	return c
}

func (in *instruments) histogram(name, unit, description string, bounds []float64) metric.Float64Histogram {
	h, err := in.meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	in.err = errors.Join(in.err, err)
	return h
}

// The bounds of histograms, in seconds. The creation of an account takes 30 to 90 seconds; an event may be found days
// late.
var (
	shortTimes = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	callTimes  = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90, 180, 600}
	delays     = []float64{1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 10800, 43200, 86400, 604800}
	skews      = []float64{30, 60, 120, 300, 900, 3600, 86400}
)

// maxEventTypes is how many different types of events the attribute shows. Byzantine has about twenty types and adds
// more.
const maxEventTypes = 64

// bounded limits the values of an attribute: limit returns the first maxEventTypes different values as they are, and
// otherValue for all others.
type bounded struct {
	mu   sync.Mutex
	seen map[string]bool
}

const otherValue = "_OTHER"

func (b *bounded) limit(value string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.seen[value]:
	case len(b.seen) >= maxEventTypes:
		return otherValue
	case b.seen == nil:
		b.seen = map[string]bool{value: true}
	default:
		b.seen[value] = true
	}
	return value
}

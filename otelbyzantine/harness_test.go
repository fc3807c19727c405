package otelbyzantine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/otelbyzantine"
)

// telemetry is a Tracer and three exporters of its data: spans into memory, spans and metrics by OTLP over HTTP, and
// metrics for Prometheus to scrape.
type telemetry struct {
	*otelbyzantine.Tracer
	tracers  *trace.TracerProvider
	meters   *metric.MeterProvider
	spans    *tracetest.InMemoryExporter
	reader   *metric.ManualReader
	receiver *receiver
	scrapes  *httptest.Server
	ahead    atomic.Int64 // by how many nanoseconds the Tracer's clock is ahead
}

func newTelemetry(t *testing.T) *telemetry {
	t.Helper()
	x := &telemetry{spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader(), receiver: newReceiver(t)}
	otlpSpans, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(x.receiver.URL+"/v1/traces"))
	require.NoError(t, err)
	otlpMetrics, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(x.receiver.URL+"/v1/metrics"))
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	scraped, err := promexporter.New(promexporter.WithRegisterer(registry))
	require.NoError(t, err)
	x.scrapes = httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(x.scrapes.Close)
	x.tracers = trace.NewTracerProvider(trace.WithSyncer(x.spans), trace.WithBatcher(otlpSpans))
	x.meters = metric.NewMeterProvider(metric.WithReader(x.reader), metric.WithReader(metric.NewPeriodicReader(otlpMetrics)), metric.WithReader(scraped))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, _ = x.tracers.Shutdown(ctx), x.meters.Shutdown(ctx)
	})
	x.Tracer, err = otelbyzantine.New(otelbyzantine.WithTracerProvider(x.tracers), otelbyzantine.WithMeterProvider(x.meters),
		otelbyzantine.WithClock(func() time.Time { return time.Now().Add(time.Duration(x.ahead.Load())) }))
	require.NoError(t, err)
	return x
}

// metrics returns the metrics that were recorded so far, by name.
func (x *telemetry) metrics(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, x.reader.Collect(t.Context(), &all))
	byName := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			byName[m.Name] = m
		}
	}
	return byName
}

// scrape returns the text that Prometheus would scrape now.
func (x *telemetry) scrape(t *testing.T) string {
	t.Helper()
	response, err := http.Get(x.scrapes.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	return string(text)
}

// exported returns everything that each exporter has exported so far, as text. The keys are "memory" (spans), "OTLP"
// and "Prometheus".
func (x *telemetry) exported(t *testing.T) map[string]string {
	t.Helper()
	require.NoError(t, x.tracers.ForceFlush(t.Context()))
	require.NoError(t, x.meters.ForceFlush(t.Context()))
	spans, err := json.Marshal(x.spans.GetSpans())
	require.NoError(t, err)
	return map[string]string{"memory": string(spans), "OTLP": x.receiver.text(), "Prometheus": x.scrape(t)}
}

// receiver is a server that receives OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu              sync.Mutex
	traces, metrics []string // the messages that it received, as JSON
}

func newReceiver(t *testing.T) *receiver {
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		assert.NoError(t, err)
		r.mu.Lock()
		defer r.mu.Unlock()
		read := func(message proto.Message, into *[]string) {
			assert.NoError(t, proto.Unmarshal(body, message))
			text, err := protojson.Marshal(message)
			assert.NoError(t, err)
			*into = append(*into, string(text))
		}
		switch request.URL.Path {
		case "/v1/traces":
			read(new(collectortrace.ExportTraceServiceRequest), &r.traces)
		case "/v1/metrics":
			read(new(collectormetrics.ExportMetricsServiceRequest), &r.metrics)
		default:
			t.Errorf("the exporter sent to %s", request.URL.Path)
		}
		w.Header().Set("Content-Type", "application/x-protobuf") // an empty message is a success
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(append(append([]string(nil), r.traces...), r.metrics...), "\n")
}

// wiretap is a transport that notes the values in the requests and responses that it passes on.
type wiretap struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen map[string]bool
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.note(r.URL, r.Header, body)
	} else {
		w.note(r.URL, r.Header, nil)
	}
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	w.note(r.URL, nil, body)
	return response, nil
}

func (w *wiretap) note(u *url.URL, header http.Header, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	for _, values := range u.Query() {
		for _, v := range values {
			w.seen[v] = true
		}
	}
	for _, segment := range strings.Split(u.Path, "/") {
		w.seen[segment] = true
	}
	for name, values := range header {
		for _, v := range values {
			w.seen[v] = w.seen[v] || strings.HasPrefix(name, "X-")
		}
	}
	var tree any
	if json.Unmarshal(body, &tree) == nil {
		w.walk(tree)
	}
}

func (w *wiretap) walk(tree any) {
	switch v := tree.(type) {
	case string:
		w.seen[v] = true
	case []any:
		for _, element := range v {
			w.walk(element)
		}
	case map[string]any:
		for _, field := range v {
			w.walk(field)
		}
	}
}

var (
	// apiWord matches words of the API, such as a status or a part of a path, which say nothing about a person.
	apiWord = regexp.MustCompile(`^[a-z]+([-_.][a-z0-9]+)*$`)
	// personal matches what must not be exported: e-mail addresses, UUIDs, and keys and signatures in hexadecimal.
	personal = regexp.MustCompile(`[\w.+-]+@[\w-]+\.\w+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|0x[0-9a-fA-F]{16,}|[0-9a-fA-F]{64}`)
)

// values returns the noted values that must not be exported.
func (w *wiretap) values() (values []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for v, ofInterest := range w.seen {
		// This host is exported on purpose: it is that of the sandbox, which spans name as the server.
		if ofInterest && len(v) >= 4 && !apiWord.MatchString(v) && v != "127.0.0.1" {
			values = append(values, v)
		}
	}
	return values
}

// holds reports whether a text has a value in it. A value of digits must be a whole number in the text, because the
// times of spans have many digits.
func holds(text, value string) bool {
	if strings.Trim(value, "0123456789") != "" {
		return strings.Contains(text, value)
	}
	return regexp.MustCompile(`\b` + value + `\b`).MatchString(text)
}

func faultOf(status int) byzantinetest.Fault { return byzantinetest.Fault{Status: status} }

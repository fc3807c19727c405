package otelbyzantine_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/otelbyzantine"
)

// BenchmarkCall measures a call over loopback without a Tracer, and with one that records spans and metrics.
func BenchmarkCall(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"integratorId":"i","accessScope":"read_write","capabilities":{"canWrite":true}}`)
	}))
	defer server.Close()
	key, err := byzantine.GenerateKey()
	require.NoError(b, err)
	tracer, err := otelbyzantine.New(
		otelbyzantine.WithTracerProvider(trace.NewTracerProvider(trace.WithBatcher(tracetest.NewNoopExporter()))),
		otelbyzantine.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))))
	require.NoError(b, err)
	for name, opts := range map[string][]byzantine.Option{"untraced": nil, "traced": {byzantine.WithTracer(tracer)}} {
		b.Run(name, func(b *testing.B) {
			client, err := byzantine.NewClient(key, append(opts, byzantine.WithBaseURL(server.URL))...)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Whoami(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

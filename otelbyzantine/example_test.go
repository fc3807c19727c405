package otelbyzantine_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/otelbyzantine"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// observe makes a client, an endpoint and a reconciler that are observed together.
func observe(signer byzantine.Signer, baseURL string, keys []webhook.Key, handle webhook.Func, store webhook.Store) (
	*byzantine.Client, *webhook.Handler, *webhook.Reconciler, error) {
	tracer, err := otelbyzantine.New() // with the global providers of package otel
	if err != nil {
		return nil, nil, nil, err
	}
	client, err := byzantine.NewClient(signer, byzantine.WithBaseURL(baseURL), byzantine.WithTracer(tracer))
	if err != nil {
		return nil, nil, nil, err
	}
	verifier, err := webhook.NewVerifier(keys, webhook.WithKeySource(webhook.SubscriptionKeys(client)))
	if err != nil {
		return nil, nil, nil, err
	}
	handler := &webhook.Handler{Verifier: verifier, Handle: handle, Store: store, Tracer: tracer}
	reconciler := &webhook.Reconciler{Events: client, Handle: handle, Store: store, Tracer: tracer}
	return client, handler, reconciler, nil
}

func Example() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	handle := func(context.Context, *webhook.Delivery) error { return nil }
	client, _, _, err := observe(sandbox.Key(), sandbox.URL, nil, handle, new(webhook.MemoryStore))
	if err != nil {
		log.Fatal(err)
	}
	me, err := client.Whoami(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.AccessScope)
	// Output: read_write
}

// withHTTPSpans adds a span for each HTTP request, without its path and query.
func withHTTPSpans() byzantine.Option {
	return byzantine.WithTransport(otelbyzantine.HideURL(func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next, otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator())) // sends no trace ids
	}))
}

func ExampleHideURL() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client := sandbox.Client(withHTTPSpans())
	if _, err := client.Whoami(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sandbox.Requests()[0].URI)
	// Output: /v1/integrator/whoami
}

func ExampleNew() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	spans := tracetest.NewInMemoryExporter() // in place of an exporter to a collector
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	tracer, err := otelbyzantine.New(otelbyzantine.WithTracerProvider(provider))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := sandbox.Client(byzantine.WithTracer(tracer)).HealthCheck(context.Background()); err != nil {
		log.Fatal(err)
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
	}
	// Output:
	// byzantine attempt
	// byzantine health_check
}

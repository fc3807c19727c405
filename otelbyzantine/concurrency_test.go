package otelbyzantine_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// One Tracer observes all goroutines at once, and no span and no count is lost. The race detector watches.
func TestConcurrentUse(t *testing.T) {
	const callers, calls = 8, 20
	x := newTelemetry(t)
	x.spans.Reset()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range calls {
				ctx := x.TraceCallStart(t.Context(), byzantine.TraceCallStartData{Operation: byzantine.OpWhoami, Method: "GET", Path: "/v1/integrator/whoami", Host: "example.com"})
				attempt := x.TraceAttemptStart(ctx, byzantine.TraceAttemptStartData{Operation: byzantine.OpWhoami, Number: 1})
				x.TraceAttemptEnd(attempt, byzantine.TraceAttemptEndData{Operation: byzantine.OpWhoami, Number: 1, StatusCode: 200, Sent: true})
				x.TraceCallEnd(ctx, byzantine.TraceCallEndData{Operation: byzantine.OpWhoami, Attempts: 1, StatusCode: 200})
				delivery := x.TraceDeliveryStart(t.Context(), webhook.TraceDeliveryStartData{Source: webhook.SourceWebhook})
				store := x.TraceStoreStart(delivery, webhook.TraceStoreStartData{Call: webhook.StoreBegin})
				x.TraceStoreEnd(store, webhook.TraceStoreEndData{Call: webhook.StoreBegin})
				handle := x.TraceHandleStart(delivery, webhook.TraceHandleStartData{Type: byzantine.EventCustomerActive})
				x.TraceHandleEnd(handle, webhook.TraceHandleEndData{Type: byzantine.EventCustomerActive})
				x.TraceDeliveryEnd(delivery, webhook.TraceDeliveryEndData{Source: webhook.SourceWebhook, Outcome: webhook.OutcomeHandled, StatusCode: 204})
				pass := x.TracePassStart(t.Context())
				x.TracePassEnd(pass, webhook.TracePassEndData{})
			}
		})
	}
	all.Wait()
	spans := x.spans.GetSpans()
	assert.Len(t, named(spans, "byzantine get_current_integrator_capabilities"), callers*calls)
	assert.Len(t, named(spans, "byzantine attempt"), callers*calls)
	recorded := x.metrics(t)
	for _, name := range []string{"byzantine.client.call.duration", "byzantine.webhook.delivery.duration", "byzantine.store.call.duration"} {
		points := recorded[name].Data.(metricdata.Histogram[float64]).DataPoints
		if assert.Len(t, points, 1, name) {
			assert.EqualValues(t, callers*calls, points[0].Count, name)
		}
	}
}

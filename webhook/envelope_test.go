package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

const juneBody = `{"id":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0002","eventType":"customer.active","occurredAt":"2026-06-03T10:11:12Z",` +
	`"livemode":true,"payloadVersion":1,"integratorId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0009","provider":"sumsub","providerEventId":"abc",` +
	`"accountId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0004","userId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0005","entityId":null,` +
	`"beneficiaryId":null,"transactionId":null,"data":{"status":"active"}}`

func delivery(body string) *webhook.Delivery {
	return &webhook.Delivery{EventID: testIDs.Event, Body: []byte(body)}
}

func TestEventOfSeptember(t *testing.T) {
	e, err := delivery(string(customerBody)).Event()
	require.NoError(t, err)
	assert.Equal(t, byzantine.EventCustomerResubmissionRequested, e.Type)
	assert.Equal(t, testIDs.Event, e.ID)
	assert.True(t, e.Livemode)
	assert.EqualValues(t, 1, e.PayloadVersion)
	assert.Equal(t, time.Date(2026, 9, 3, 10, 11, 12, 123456789, time.UTC), e.OccurredAt)
	assert.Equal(t, "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0004", e.Related.AccountID)
	assert.Equal(t, "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0005", e.Related.UserID)
	assert.Empty(t, e.Related.EntityID)
	assert.Nil(t, e.Legacy)
	data, err := e.CustomerData()
	require.NoError(t, err)
	assert.Equal(t, "Ada Lovelace", data.Customer.Name)
	assert.Equal(t, []string{"DOCUMENT_EXPIRED", "SELFIE_MISMATCH"}, data.ReasonCodes)
}

func TestEventOfJune(t *testing.T) {
	e, err := delivery(juneBody).Event()
	require.NoError(t, err)
	assert.Equal(t, byzantine.EventCustomerActive, e.Type)
	assert.Equal(t, "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0004", e.Related.AccountID)
	assert.Equal(t, "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0005", e.Related.UserID)
	assert.Empty(t, e.Related.TransactionID)
	assert.Equal(t, &byzantine.LegacyEvent{
		IntegratorID: "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0009", Provider: "sumsub", ProviderEventID: "abc",
	}, e.Legacy)
	assert.JSONEq(t, `{"status":"active"}`, string(e.Data))
}

func TestEventOfAnUnknownTypePassesThrough(t *testing.T) {
	e, err := delivery(`{"id":"` + testIDs.Event + `","type":"moon.full","phase":{"deep":[1]},"data":[1,2]}`).Event()
	require.NoError(t, err)
	assert.EqualValues(t, "moon.full", e.Type)
	assert.JSONEq(t, `[1,2]`, string(e.Data))
}

func TestEventErrors(t *testing.T) {
	const secret = "ada@example.com"
	for name, c := range map[string]struct{ body, text string }{
		"no JSON":          {`{"id":"` + testIDs.Event + `",` + secret, "not JSON, at byte"},
		"neither type":     {`{"id":"` + testIDs.Event + `"}`, "type: missing"},
		"another id":       {`{"id":"` + secret + `","type":"x"}`, "the id is not that"},
		"a second id":      {`{"id":"` + testIDs.Event + `","type":"x","id":"` + secret + `"}`, "the id is not that"},
		"type is a number": {`{"id":"` + testIDs.Event + `","type":7}`, "type: number in place of string"},
		"an array":         {`["` + secret + `"]`, "list in place of object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := delivery(c.body).Event()
			require.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

// A field with a value of a wrong form is left zero, and the event is handled nevertheless.
func TestEventWithFieldsThatCannotBeRead(t *testing.T) {
	for name, odd := range map[string]string{
		"a wrong time":      `"occurredAt":"yesterday"`,
		"a time of seconds": `"occurredAt":1788430272`,
		"related is a list": `"related":["x"]`,
		"a number in words": `"payloadVersion":"one"`,
	} {
		t.Run(name, func(t *testing.T) {
			e, err := delivery(`{"id":"` + testIDs.Event + `","type":"customer.active","livemode":true,` + odd + `}`).Event()
			require.NoError(t, err)
			assert.Equal(t, &byzantine.Event{ID: testIDs.Event, Type: byzantine.EventCustomerActive, Livemode: true}, e)

			var got *webhook.Event
			r := newReceiver(t, func(_ context.Context, d *webhook.Delivery) (err error) { got, err = d.Event(); return err })
			body := []byte(`{"id":"` + testIDs.Event + `","eventType":"customer.active",` + odd + `}`)
			assert.Equal(t, 204, r.serve(r.request(body)).Code)
			assert.Equal(t, byzantine.EventCustomerActive, got.Type)
			assert.Contains(t, r.log.String(), "cannot be read and are left empty")
			assert.NotContains(t, r.log.String(), "yesterday")
		})
	}
}

func TestDispatcherCallsByType(t *testing.T) {
	var got []string
	var x webhook.Dispatcher
	x.On(byzantine.EventCustomerCreated, func(_ context.Context, e *webhook.Event) error {
		got = append(got, "created "+e.ID)
		return nil
	})
	x.OnCustomer(byzantine.EventCustomerResubmissionRequested, func(_ context.Context, e *webhook.Event, data *byzantine.CustomerEventData) error {
		got = append(got, "resubmit "+data.Customer.Name)
		return nil
	})
	x.OnTransaction(byzantine.EventTransactionCompleted, func(_ context.Context, e *webhook.Event, data *byzantine.TransactionEventData) error {
		got = append(got, "transaction "+string(data.Status))
		return errors.New("no")
	})
	body := func(eventType, data string) *webhook.Delivery {
		return delivery(`{"id":"` + testIDs.Event + `","type":"` + eventType + `","data":` + data + `}`)
	}
	require.NoError(t, x.Handle(t.Context(), body("customer.created", "null")))
	require.NoError(t, x.Handle(t.Context(), delivery(string(customerBody))))
	require.EqualError(t, x.Handle(t.Context(), body("transaction.completed", `{"status":"completed"}`)), "no")
	require.NoError(t, x.Handle(t.Context(), body("moon.full", "{}")), "nobody asked for it")
	require.Error(t, x.Handle(t.Context(), body("transaction.completed", `[]`)), "data of another kind")
	require.Error(t, x.Handle(t.Context(), body("customer.resubmission_requested", `null`)))
	require.Error(t, x.Handle(t.Context(), delivery("rubbish")))
	assert.Equal(t, []string{"created " + testIDs.Event, "resubmit Ada Lovelace", "transaction completed"}, got)

	x.OnAny(func(_ context.Context, e *webhook.Event) error {
		got = append(got, "else "+string(e.Type))
		return nil
	})
	require.NoError(t, x.Handle(t.Context(), body("moon.full", "{}")))
	assert.Equal(t, "else moon.full", got[len(got)-1])
}

// An event of a type without a function of its own is passed to the function of its family, otherwise to the one of
// OnAny. If there is none either, it is logged as a warning.
func TestDispatcherCallsByFamily(t *testing.T) {
	var log bytes.Buffer
	var got []string
	note := func(who string) func(context.Context, *webhook.Event) error {
		return func(_ context.Context, e *webhook.Event) error { got = append(got, who+" "+string(e.Type)); return nil }
	}
	x := webhook.Dispatcher{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	send := func(eventType string) {
		data := `{"status":"refunded","customer":{"accountId":"a"}}`
		require.NoError(t, x.Handle(t.Context(), delivery(`{"id":"`+testIDs.Event+`","type":"`+eventType+`","data":`+data+`}`)))
	}
	x.On("transaction.completed", note("own"))
	for range 2 {
		send("transaction.refunded")
	}
	assert.Equal(t, 2, strings.Count(log.String(), "level=WARN"), "each time")
	assert.Contains(t, log.String(), "type=transaction.refunded")
	assert.Contains(t, log.String(), "event_id="+testIDs.Event)
	log.Reset()

	x.OnAny(note("any"))
	send("transaction.refunded")
	x.OnAnyTransaction(func(ctx context.Context, e *webhook.Event, data *byzantine.TransactionEventData) error {
		assert.EqualValues(t, "refunded", data.Status)
		return note("transaction")(ctx, e)
	})
	x.OnAnyCustomer(func(ctx context.Context, e *webhook.Event, data *byzantine.CustomerEventData) error {
		assert.Equal(t, "a", data.Customer.AccountID)
		return note("customer")(ctx, e)
	})
	for _, eventType := range []string{"transaction.refunded", "transaction.completed", "customer.moved", "customers.moved", "moon.full"} {
		send(eventType)
	}
	assert.Equal(t, []string{"any transaction.refunded", "transaction transaction.refunded", "own transaction.completed",
		"customer customer.moved", "any customers.moved", "any moon.full"}, got)
	assert.Empty(t, log.String())
}

func TestDispatcherRejectsWhatCannotBeMeant(t *testing.T) {
	var x webhook.Dispatcher
	nothing := func(context.Context, *webhook.Event) error { return nil }
	x.On(byzantine.EventCustomerActive, nothing)
	assert.PanicsWithValue(t, "webhook: Dispatcher: a second function for customer.active", func() {
		x.On(byzantine.EventCustomerActive, nothing)
	})
	assert.Panics(t, func() {
		x.OnCustomer(byzantine.EventTransactionCompleted, func(context.Context, *webhook.Event, *byzantine.CustomerEventData) error { return nil })
	})
	assert.Panics(t, func() { x.On(byzantine.EventCustomerCreated, nil) })
	assert.Panics(t, func() { x.OnCustomer(byzantine.EventCustomerCreated, nil) })
	assert.Panics(t, func() { x.On("", nothing) })
	assert.PanicsWithValue(t, "webhook: Dispatcher: nil function for customer.*", func() { x.OnAnyCustomer(nil) })
	assert.Panics(t, func() { x.OnAnyTransaction(nil) })
	x.OnAny(nothing)
	assert.PanicsWithValue(t, "webhook: Dispatcher: a second function for *", func() { x.OnAny(nothing) })
	assert.Panics(t, func() {
		x.OnTransaction(byzantine.EventCustomerCreated, func(context.Context, *webhook.Event, *byzantine.TransactionEventData) error { return nil })
	})
}

// All calls of Delivery.Event return the same event, also when goroutines call it at the same time.
func TestEventIsDecodedOnce(t *testing.T) {
	d := delivery(string(customerBody))
	events := make(chan *webhook.Event)
	for range 8 {
		go func() {
			e, _ := d.Event()
			events <- e
		}()
	}
	first := <-events
	require.NotNil(t, first)
	for range 7 {
		assert.Same(t, first, <-events)
	}
	again, err := d.Event()
	require.NoError(t, err)
	assert.Same(t, first, again)
}

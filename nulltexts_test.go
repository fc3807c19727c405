package byzantine_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// Texts of a response that are null, absent or "" are all read as "".
func TestNullAbsentAndEmptyTextsReadAsEmpty(t *testing.T) {
	const (
		transaction = `"transactionId":"` + testTransactionID + `","accountId":"` + testAccountID + `","chainId":8453,"intermediaryAmount":"1",
			"type":"deposit","status":"completed","createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-01T10:00:00Z"`
		texts = `"vaultAddr":X,"transactionHash":X,"sourceCurrency":X,"destinationCurrency":X,"relatedTransactionId":X,"destinationAddress":X`
		event = `"id":"` + testObjectID + `","type":"customer.active","occurredAt":"2026-09-01T10:00:00Z","livemode":false,"payloadVersion":1,
			"data":{},"createdAt":"2026-09-01T10:00:00Z"`
		related = `"accountId":X,"userId":X,"entityId":X,"beneficiaryId":X,"transactionId":X`
	)
	api := newFakeAPI(t)
	for name, c := range map[string]struct{ texts, related, cursor string }{
		"null":   {"," + strings.ReplaceAll(texts, "X", "null"), strings.ReplaceAll(related, "X", "null"), `,"nextCursor":null`},
		"absent": {},
		"empty":  {"," + strings.ReplaceAll(texts, "X", `""`), strings.ReplaceAll(related, "X", `""`), `,"nextCursor":""`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, odd := range []string{"", `,"livemode":"odd"`} { // the second text makes the lenient pass read the response
				api.response = `{` + transaction + c.texts + strings.ReplaceAll(odd, "livemode", "broadcastedAt") + `}`
				tx, err := api.client.GetTransaction(t.Context(), testTransactionID)
				require.NoError(t, err)
				require.Equal(t, testTransactionID, tx.TransactionID)
				assert.Empty(t, tx.VaultAddr+tx.TransactionHash+tx.RelatedTransactionID+tx.DestinationAddress)
				assert.Empty(t, tx.SourceCurrency+tx.DestinationCurrency)

				api.response = `{"events":[{` + event + odd + `,"related":{` + c.related + `}}]` + c.cursor + `}`
				page, err := api.client.ListEvents(t.Context(), nil)
				require.NoError(t, err)
				assert.Empty(t, page.NextCursor)
				require.Len(t, page.Events, 1)
				assert.Equal(t, byzantine.EventRelated{}, page.Events[0].Related)
			}
		})
	}
}

// A text in a response is a pointer only where a change of an entity or a person must distinguish "" from unchanged: in
// the request and the response of an update.
func TestTextsOfResponsesAreNoPointers(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[byzantine.Client]().PkgPath() {
			return
		}
		if strings.HasSuffix(typ.Name(), "Update") || typ == reflect.TypeFor[byzantine.HighRiskInfo]() {
			return
		}
		for field := range typ.Fields() {
			pointsToText := field.Type.Kind() == reflect.Pointer && field.Type.Elem().Kind() == reflect.String
			assert.False(t, pointsToText, "%s.%s", typ.Name(), field.Name)
			walk(field.Type)
		}
	}
	for op := range byzantine.Operations() {
		if response := op.NewResponse(); response != nil {
			walk(reflect.TypeOf(response))
		}
	}
	walk(reflect.TypeFor[byzantine.CustomerEventData]())
	walk(reflect.TypeFor[byzantine.TransactionEventData]())
}

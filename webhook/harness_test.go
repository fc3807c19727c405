package webhook_test

import (
	"crypto/ecdsa"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

var testIDs = webhooktest.DeliveryIDs{
	Delivery: "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0001",
	Event:    "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0002",
	Key:      "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0003",
}

// customerBody is an event of the size that customer events usually have.
var customerBody = []byte(`{"id":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0002","type":"customer.resubmission_requested",` +
	`"occurredAt":"2026-09-03T10:11:12.123456789Z","livemode":true,"payloadVersion":1,` +
	`"related":{"accountId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0004","userId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0005",` +
	`"entityId":null,"beneficiaryId":null,"transactionId":null},` +
	`"data":{"customer":{"accountId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0004","customerType":"individual",` +
	`"userId":"2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0005","entityId":null,"name":"Ada Lovelace","email":"ada@example.com",` +
	`"verificationStatus":"resubmission_requested","createdAt":"2026-09-01T08:00:00Z"},` +
	`"beneficiary":null,"reasonCodes":["DOCUMENT_EXPIRED","SELFIE_MISMATCH"]}}`)

// signingKey is the private key of a subscription, which in reality only the API has.
type signingKey struct{ *byzantine.PrivateKey }

func newSigningKey(t testing.TB) signingKey {
	t.Helper()
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	return signingKey{key}
}

func (k signingKey) sign(t testing.TB, ids webhooktest.DeliveryIDs, at time.Time, body []byte) http.Header {
	t.Helper()
	h, err := webhooktest.SignDelivery(k.PrivateKey, ids, at, body)
	require.NoError(t, err)
	return h
}

// named returns the public key as a webhook.Key with the given id.
func (k signingKey) named(id string) webhook.Key {
	return webhook.Key{ID: id, PublicKey: k.PublicKeyHex()}
}

func (k signingKey) point(t testing.TB) *ecdsa.PublicKey {
	t.Helper()
	compressed, err := hex.DecodeString(strings.TrimPrefix(k.PublicKeyHex(), "0x"))
	require.NoError(t, err)
	point, err := p256.ParseCompressed(compressed)
	require.NoError(t, err)
	return point
}

// newVerifier returns a Verifier with one key, whose id is testIDs.Key.
func newVerifier(t testing.TB, key signingKey, opts ...webhook.VerifierOption) *webhook.Verifier {
	t.Helper()
	v, err := webhook.NewVerifier([]webhook.Key{key.named(testIDs.Key)}, opts...)
	require.NoError(t, err)
	return v
}

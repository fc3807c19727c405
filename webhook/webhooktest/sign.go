package webhooktest

import (
	"context"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// DeliveryIDs are the ids in the headers of a webhook delivery, all of them UUIDs.
type DeliveryIDs struct {
	Delivery string
	Event    string // the id in the body
	Key      string // the subscription's activeSigningKeyId; the signature does not cover it
}

// SignDelivery returns the headers of a webhook delivery as the API would sign it, Content-Type included, for tests of
// your own receiver. key is the signing key of the subscription: make the webhook.Verifier of the receiver with its
// PublicKeyHex. body is the exact body that is sent. at is the time of signing, rounded down to a second.
//
// SignDelivery does not check ids, at and body, so a test can send what the API never sends: an old time, or the id of
// another event. A zero PrivateKey is an error.
func SignDelivery(key *byzantine.PrivateKey, ids DeliveryIDs, at time.Time, body []byte) (http.Header, error) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	digest := sha256.Sum256([]byte(ids.Delivery + "." + ids.Event + "." + timestamp + "." + string(body)))
	der, err := key.SignDigest(context.Background(), digest[:])
	if err != nil {
		return nil, fmt.Errorf("webhooktest: SignDelivery: %w", errtext.Bare(err))
	}
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &signature); err != nil {
		return nil, fmt.Errorf("webhooktest: SignDelivery: %w", errtext.Bare(err))
	}
	var raw [64]byte
	signature.R.FillBytes(raw[:32])
	signature.S.FillBytes(raw[32:])
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set(webhook.HeaderDeliveryID, ids.Delivery)
	h.Set(webhook.HeaderEventID, ids.Event)
	h.Set(webhook.HeaderTimestamp, timestamp)
	h.Set(webhook.HeaderKeyID, ids.Key)
	h.Set(webhook.HeaderAlgorithm, webhook.Algorithm)
	h.Set(webhook.HeaderSignature, hex.EncodeToString(raw[:]))
	return h, nil
}

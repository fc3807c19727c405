package turnkeytest

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

// apiKeyScheme is the only scheme of stamps that the fake accepts: an API key on P-256.
const apiKeyScheme = "SIGNATURE_SCHEME_TK_API_P256"

// stamp is the stamp of a request whose signature verifies, and the body that it signs.
type stamp struct {
	publicKey string // lower-case hexadecimal of the compressed point
	signature string // hexadecimal ASN.1 DER
	body      string
}

// verifyStamp reads X-Stamp, a JSON object in base64url without padding, and checks that its key has signed the
// body, all of it and nothing else.
func verifyStamp(header string, body []byte) (stamp, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil || strings.ContainsAny(header, "\r\n") { // the decoder skips line breaks
		return stamp{}, errors.New("X-Stamp is not base64url without padding")
	}
	var fields map[string]any // a struct would accept names in any letter case
	if json.Unmarshal(text, &fields) != nil {
		return stamp{}, errors.New("X-Stamp does not hold a JSON object")
	}
	scheme, _ := fields["scheme"].(string)
	publicKey, _ := fields["publicKey"].(string)
	signature, _ := fields["signature"].(string)
	if scheme != apiKeyScheme {
		return stamp{}, errors.New("X-Stamp: scheme is not " + apiKeyScheme)
	}
	point, err := hex.DecodeString(publicKey)
	if err != nil {
		return stamp{}, errors.New("X-Stamp: publicKey is not hexadecimal without 0x")
	}
	key, err := p256.ParseCompressed(point)
	if err != nil {
		return stamp{}, errors.New("X-Stamp: publicKey: " + err.Error())
	}
	der, err := hex.DecodeString(signature)
	if err != nil {
		return stamp{}, errors.New("X-Stamp: signature is not hexadecimal without 0x")
	}
	digest := sha256.Sum256(body)
	if !ecdsa.VerifyASN1(key, digest[:], der) {
		return stamp{}, errors.New("X-Stamp: signature does not verify: another key, other bytes than the body's, or no DER")
	}
	return stamp{strings.ToLower(publicKey), signature, string(body)}, nil
}

package turnkey

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/bridge"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

const (
	stampHeader = "X-Stamp"
	stampScheme = "SIGNATURE_SCHEME_TK_API_P256"
)

// stamp is what X-Stamp holds, as JSON in unpadded base64url.
type stamp struct {
	PublicKey string `json:"publicKey"` // compressed SEC 1, 66 hexadecimal digits without 0x
	Scheme    string `json:"scheme"`
	Signature string `json:"signature"` // ECDSA over the SHA-256 of the body, hexadecimal ASN.1 DER
}

func stampWith(signer byzantine.Signer) bridge.Stamp {
	return func(ctx context.Context, body []byte, header http.Header) error {
		digest := sha256.Sum256(body)
		der, err := signer.SignDigest(ctx, digest[:])
		if err != nil {
			return fmt.Errorf("stamp: %w", err)
		}
		text, err := wire.Marshal(stamp{hex.EncodeToString(signer.PublicKey()), stampScheme, hex.EncodeToString(der)})
		if err != nil {
			return fmt.Errorf("stamp: %w", err)
		}
		header.Set(stampHeader, base64.RawURLEncoding.EncodeToString(text))
		return nil
	}
}

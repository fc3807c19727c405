package turnkey

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

const (
	stampHeader = "X-Stamp"
	stampScheme = "SIGNATURE_SCHEME_TK_API_P256"
)

// stamp is the JSON object in X-Stamp, which is encoded in unpadded base64url.
type stamp struct {
	PublicKey string `json:"publicKey"` // compressed SEC 1, 66 hexadecimal digits without 0x
	Scheme    string `json:"scheme"`
	Signature string `json:"signature"` // ECDSA over the SHA-256 of the body, hexadecimal ASN.1 DER
}

// stampWith returns a function that adds the signer's stamp to a request. If the signer is a byzantine.SignerSource,
// the function calls its Signer method for each request. A nil signer, or one without a compressed P-256 key, is an
// error.
func stampWith(signer byzantine.Signer) (call.Authorize, error) {
	if err := checkSigner(signer); err != nil {
		return nil, err
	}
	return func(ctx context.Context, request *http.Request, body []byte, _ time.Time) error {
		signer := signer
		if source, ok := signer.(byzantine.SignerSource); ok {
			var err error
			if signer, err = source.Signer(ctx); err == nil {
				err = checkSigner(signer)
			}
			if err != nil {
				return fmt.Errorf("stamp: %w", errtext.Bare(err))
			}
		}
		digest := sha256.Sum256(body)
		der, err := signer.SignDigest(ctx, digest[:])
		if err != nil {
			return fmt.Errorf("stamp: %w", errtext.Bare(err))
		}
		if len(der) == 0 || len(der) > p256.MaxDERSize {
			return fmt.Errorf("stamp: %d bytes from the signer are no P-256 signature in DER", len(der))
		}
		text, err := wire.Marshal(stamp{hex.EncodeToString(signer.PublicKey()), stampScheme, hex.EncodeToString(der)})
		if err != nil {
			return fmt.Errorf("stamp: %w", errtext.Bare(err))
		}
		request.Header.Set(stampHeader, base64.RawURLEncoding.EncodeToString(text))
		return nil
	}, nil
}

func checkSigner(signer byzantine.Signer) error {
	switch {
	case signer == nil:
		return errors.New("no signer")
	case !p256.IsCompressed(signer.PublicKey()):
		return errors.New("the signer's public key is not a compressed P-256 point of 33 bytes")
	}
	return nil
}

// stampedKey returns the public key in the stamp of a request with the header h, "" if there is no stamp.
func stampedKey(h http.Header) string {
	var s stamp
	text, err := base64.RawURLEncoding.DecodeString(h.Get(stampHeader))
	if err != nil || json.Unmarshal(text, &s) != nil {
		return ""
	}
	return s.PublicKey
}

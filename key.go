package byzantine

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// PrivateKey is a P-256 private key in this process's memory, and a [Signer]. It signs deterministically (RFC 6979), so
// the same request in the same second has the same signature. A PrivateKey is immutable and safe for concurrent use.
//
// Printing, logging, marshalling or dumping a key, alone or inside another value, shows at most its public key; only
// [PrivateKey.SecretHex] returns the secret. Two keys are equal if their PublicKeyHex is equal.
//
// The zero value and a nil pointer hold no key: SignDigest returns an error, PublicKey returns nil, and PublicKeyHex and
// SecretHex return "".
type PrivateKey struct {
	publicKeyHex string
	// secret is a function because reflection cannot look into one: fmt, spew and testify print the unexported fields
	// of a struct, and of all structs that it points to, without calling a method.
	secret func() *ecdsa.PrivateKey
}

var _ Signer = (*PrivateKey)(nil)

// ParsePrivateKey reads a P-256 private key. It accepts 64 hexadecimal digits with or without 0x, or one unencrypted
// PEM block: SEC 1 ("EC PRIVATE KEY", RFC 5915) or PKCS #8 ("PRIVATE KEY", RFC 5208). It skips an "EC PARAMETERS" block
// before the key, as openssl ecparam writes it, and white space around the text.
//
// It rejects everything else: other lengths, zero or a number that is not below the order of the curve, other curves
// and algorithms, public keys, more than one key, data after the key. The error says why and never repeats the input.
func ParsePrivateKey(s string) (*PrivateKey, error) {
	if wrong := wire.ForeignEncoding([]byte(s[:min(len(s), 4)])); wrong != "" {
		return nil, keyError(wrong + "; save it as UTF-8 without BOM")
	}
	text := strings.TrimSpace(s)
	if strings.Contains(text, pemBegin) {
		return parseKeyPEM(text)
	}
	return parseKeyHex(text)
}

// GenerateKey makes a new key from the operating system's random source.
func GenerateKey() (*PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("byzantine: generate private key: %w", err)
	}
	return holdKey(key)
}

// PublicKeyHex returns the public key in the API's form: the compressed point (SEC 1, section 2.3.3) as 66 lower-case
// hexadecimal digits after 0x.
func (k *PrivateKey) PublicKeyHex() string {
	if k == nil {
		return ""
	}
	return k.publicKeyHex
}

// SecretHex returns the private key as 64 lower-case hexadecimal digits after 0x, which [ParsePrivateKey] reads. Use it
// only to store the key in a vault: whoever reads the text can sign in your name.
func (k *PrivateKey) SecretHex() string {
	key, err := k.reveal()
	if err != nil {
		return ""
	}
	scalar, err := key.Bytes()
	if err != nil {
		return ""
	}
	return hexWithPrefix(scalar)
}

// PublicKey returns the compressed point, 33 bytes, for [Signer]. The caller may change the slice.
func (k *PrivateKey) PublicKey() []byte {
	point, err := hex.DecodeString(strings.TrimPrefix(k.PublicKeyHex(), "0x"))
	if err != nil || len(point) == 0 {
		return nil
	}
	return point
}

// SignDigest signs a SHA-256 digest of 32 bytes, for [Signer]. It does not block, so it ignores the context.
func (k *PrivateKey) SignDigest(_ context.Context, digest []byte) ([]byte, error) {
	key, err := k.reveal()
	if err != nil {
		return nil, err
	}
	// Without a random source Sign takes the nonce of RFC 6979, which makes it deterministic.
	der, err := key.Sign(nil, digest, crypto.SHA256)
	return der, errtext.In("byzantine: private key", err)
}

// Format prints the public key, whatever the verb. Format and MarshalText have value receivers so that a copied key
// hides its secret as well.
func (k PrivateKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.publicKeyHex) }

// MarshalText returns the public key as PublicKeyHex does, for encoding/json, log/slog and similar packages. There is
// no UnmarshalText: only [ParsePrivateKey] reads a key.
func (k PrivateKey) MarshalText() ([]byte, error) { return []byte(k.publicKeyHex), nil }

func (k *PrivateKey) reveal() (*ecdsa.PrivateKey, error) {
	if k == nil || k.secret == nil {
		return nil, keyError("there is none in this PrivateKey; use ParsePrivateKey or GenerateKey")
	}
	return k.secret(), nil
}

// holdKey wraps a P-256 key that no other code will change.
func holdKey(key *ecdsa.PrivateKey) (*PrivateKey, error) {
	point, err := compressPoint(&key.PublicKey)
	if err != nil {
		return nil, keyError(err.Error())
	}
	return &PrivateKey{
		publicKeyHex: hexWithPrefix(point),
		secret:       func() *ecdsa.PrivateKey { return key },
	}, nil
}

// keyFromScalar makes a key from its secret number, 32 bytes in big-endian order.
func keyFromScalar(scalar []byte) (*PrivateKey, error) {
	if bytes.Equal(scalar, make([]byte, scalarSize)) {
		return nil, keyError("it is zero")
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		return nil, keyError("it is not below the order of the curve P-256")
	}
	return holdKey(key)
}

func parseKeyHex(text string) (*PrivateKey, error) {
	const want = 2 * scalarSize
	digits := strings.TrimPrefix(text, "0x")
	n := len(digits)
	switch {
	case n == 0:
		return nil, keyError("it is empty")
	case strings.Trim(digits, "0123456789abcdefABCDEF") != "":
		return nil, keyError("it is neither hexadecimal digits nor PEM")
	case n == 66 && (digits[:2] == "02" || digits[:2] == "03"), n == 130 && digits[:2] == "04":
		return nil, keyError("it looks like a public key; a private key has 64 hexadecimal digits")
	case n < want:
		return nil, keyError(fmt.Sprintf(
			"it has %d hexadecimal digits instead of %d: leading zeros may have been dropped, or a part is missing", n, want))
	case n > want:
		return nil, keyError(fmt.Sprintf("it has %d hexadecimal digits instead of %d", n, want))
	}
	scalar, err := hex.DecodeString(digits)
	if err != nil {
		return nil, keyError("it is not hexadecimal") // not wrapped: hex errors quote the input
	}
	return keyFromScalar(scalar)
}

// keyError makes the error of a key. reason must not hold a part of the input, nor the text of an error that may quote
// it.
func keyError(reason string) error { return errors.New("byzantine: private key: " + reason) }

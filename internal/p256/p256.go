// Package p256 converts public keys and signatures to and from the forms in which APIs and tokens have them.
package p256

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"math/big"
)

const (
	pointSize      = 33 // compressed
	coordinateSize = 32
)

// MaxDERSize is the length of the longest signature in ASN.1 DER, in bytes.
const MaxDERSize = 72

// ParseCompressed reads a compressed point (SEC 1, section 2.3.4), 33 bytes.
func ParseCompressed(point []byte) (*ecdsa.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), point)
	if x == nil {
		return nil, errors.New("it is not a compressed P-256 point of 33 bytes")
	}
	uncompressed := make([]byte, pointSize+coordinateSize)
	uncompressed[0] = 4
	x.FillBytes(uncompressed[1:pointSize])
	y.FillBytes(uncompressed[pointSize:])
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed)
}

// IsCompressed reports whether bytes have the form of a compressed point. Whether the point is on the curve is left to
// [ParseCompressed].
func IsCompressed(point []byte) bool {
	return len(point) == pointSize && (point[0] == 2 || point[0] == 3)
}

// SignatureFromRaw encodes a signature of the form r||s (IEEE P1363), 64 bytes, in ASN.1 DER (SEC 1, section C.8).
func SignatureFromRaw(raw []byte) ([]byte, error) {
	if len(raw) != 2*coordinateSize {
		return nil, errors.New("it is not a P-256 signature r||s of 64 bytes")
	}
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(raw[:coordinateSize]), new(big.Int).SetBytes(raw[coordinateSize:]),
	})
}

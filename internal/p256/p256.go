// Package p256 reads public keys in the form in which the APIs name them.
package p256

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
)

const (
	pointSize      = 33 // compressed
	coordinateSize = 32
)

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

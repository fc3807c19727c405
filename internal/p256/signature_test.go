package p256_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

func TestSignatureFromRaw(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	digest := sha256.Sum256([]byte("message"))
	for range 8 { // with and without the leading zero that DER needs
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		require.NoError(t, err)
		raw := make([]byte, 64)
		r.FillBytes(raw[:32])
		s.FillBytes(raw[32:])
		der, err := p256.SignatureFromRaw(raw)
		require.NoError(t, err)
		assert.True(t, ecdsa.VerifyASN1(&key.PublicKey, digest[:], der))
	}
	for _, size := range []int{0, 63, 65, 96} {
		_, err := p256.SignatureFromRaw(make([]byte, size))
		assert.ErrorContains(t, err, "r||s of 64 bytes")
	}
}

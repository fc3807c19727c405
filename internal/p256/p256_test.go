package p256_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

func TestParseCompressed(t *testing.T) {
	for range 8 { // both signs of y
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		signer, err := byzantine.NewSigner(key)
		require.NoError(t, err)
		got, err := p256.ParseCompressed(signer.PublicKey())
		require.NoError(t, err)
		assert.True(t, key.PublicKey.Equal(got))
	}
}

func TestParseCompressedRejects(t *testing.T) {
	const x = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" // of the key of RFC 6979, A.2.5
	for name, text := range map[string]string{
		"nothing":               "",
		"infinity":              "00",
		"no sign":               x,
		"a byte short":          "03" + x[:62],
		"a byte long":           "03" + x + "00",
		"uncompressed":          "04" + x + x,
		"another form":          "05" + x,
		"no point of the curve": "02" + strings.Repeat("00", 31) + "01",
		"beyond the field":      "02" + strings.Repeat("ff", 32),
	} {
		point, err := hex.DecodeString(text)
		require.NoError(t, err)
		_, err = p256.ParseCompressed(point)
		assert.Error(t, err, name)
	}
}

package signertest_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/remotekey"
	"github.com/byzantine-finance/byzantine-go/internal/signertest"
)

// A key in memory behind what all signers share.
func TestSharedPart(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signer, err := remotekey.New(t.Context(), remotekey.Config{Name: "test", Public: key.Public(),
		Sign: func(_ context.Context, digest []byte) ([]byte, error) {
			return key.Sign(rand.Reader, digest, crypto.SHA256)
		}})
	require.NoError(t, err)
	signertest.Test(t, signer)
}

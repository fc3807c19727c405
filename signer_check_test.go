package byzantine_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// remoteSigner is a Signer as an integrator would write one for a key service.
type remoteSigner struct {
	point []byte
	sign  func(ctx context.Context, digest []byte) ([]byte, error)
}

func (s *remoteSigner) PublicKey() []byte { return s.point }

func (s *remoteSigner) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return s.sign(ctx, digest)
}

func TestCheckSigner(t *testing.T) {
	key, other := newECDSAKey(t, elliptic.P256()), newECDSAKey(t, elliptic.P256())
	point, err := byzantine.CompressPublicKey(&key.PublicKey)
	require.NoError(t, err)
	inDER := func(k *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
		return k.Sign(rand.Reader, digest, crypto.SHA256)
	}
	rawSignature := func(digest []byte) ([]byte, error) {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			return nil, err
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out, nil
	}
	hashed := func(digest []byte) []byte { h := sha256.Sum256(digest); return h[:] }

	for _, c := range []struct {
		name  string
		point []byte
		sign  func(digest []byte) ([]byte, error)
		want  string // part of the error; empty if the signer passes
	}{
		{"good", point, func(d []byte) ([]byte, error) { return inDER(key, d) }, ""},
		{"no public key", nil, nil, "public key: it is not a compressed P-256 point"},
		{"uncompressed public key", append([]byte{4}, make([]byte, 64)...), nil, "public key: it is not a compressed P-256 point"},
		{"off the curve", append([]byte{2}, make([]byte, 31)...), nil, "public key: it is not a compressed P-256 point"},
		{"another key", point, func(d []byte) ([]byte, error) { return inDER(other, d) }, "does not verify"},
		{"nothing", point, func([]byte) ([]byte, error) { return nil, nil }, "does not verify"},
		{"r||s", point, rawSignature, "r||s, 64 bytes; it must be ASN.1 DER"},
		{"64 zeros", point, func([]byte) ([]byte, error) { return make([]byte, 64), nil }, "does not verify"},
		{"hashed again", point, func(d []byte) ([]byte, error) { return inDER(key, hashed(d)) }, "hashed again"},
		{"hashed again, r||s", point, func(d []byte) ([]byte, error) { return rawSignature(hashed(d)) }, "hashed again"},
		{"bytes after the signature", point, func(d []byte) ([]byte, error) {
			der, err := inDER(key, d)
			return append(der, 0), err
		}, "does not verify"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			err := byzantine.CheckSigner(t.Context(), &remoteSigner{c.point, func(_ context.Context, digest []byte) ([]byte, error) {
				calls++
				assert.Len(t, digest, 32)
				return c.sign(digest)
			}})
			assert.LessOrEqual(t, calls, 1, "a signature may cost money")
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "byzantine: check signer: ")
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestCheckSignerPassesOnContextAndError(t *testing.T) {
	key := rfc6979Key(t)
	require.NoError(t, byzantine.CheckSigner(t.Context(), key))
	require.ErrorContains(t, byzantine.CheckSigner(t.Context(), nil), "nil")
	//lint:ignore SA1012 this is the case
	require.ErrorContains(t, byzantine.CheckSigner(nil, key), "nil")
	require.ErrorContains(t, byzantine.CheckSigner(t.Context(), new(byzantine.PrivateKey)), "compressed P-256 point")
	require.ErrorContains(t, byzantine.CheckSigner(t.Context(), (*byzantine.PrivateKey)(nil)), "compressed P-256 point")

	type mark struct{}
	locked := errors.New("token is locked")
	err := byzantine.CheckSigner(context.WithValue(t.Context(), mark{}, "here"), &remoteSigner{key.PublicKey(), func(ctx context.Context, _ []byte) ([]byte, error) {
		assert.Equal(t, "here", ctx.Value(mark{}))
		return nil, locked
	}})
	assert.ErrorIs(t, err, locked)
}

func TestCompressPublicKey(t *testing.T) {
	for range 8 { // so that both signs of y occur
		key := newECDSAKey(t, elliptic.P256())
		got, err := byzantine.CompressPublicKey(&key.PublicKey)
		require.NoError(t, err)
		assert.Equal(t, elliptic.MarshalCompressed(elliptic.P256(), key.X, key.Y), got)
	}
	for _, c := range []struct {
		key  *ecdsa.PublicKey
		want string
	}{
		{nil, "no public half"},
		{&ecdsa.PublicKey{Curve: elliptic.P256()}, "no public half"},
		{&newECDSAKey(t, elliptic.P384()).PublicKey, "P-256"},
	} {
		_, err := byzantine.CompressPublicKey(c.key)
		assert.ErrorContains(t, err, "byzantine: compress public key: ")
		assert.ErrorContains(t, err, c.want)
	}
}

// A program checks its own Signer once, at its start.
func ExampleCheckSigner() {
	key, err := byzantine.ParsePrivateKey("0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(byzantine.CheckSigner(context.Background(), key))
	// Output: <nil>
}

// The public key of a key service becomes the Pubkey of a credential.
func ExampleCompressPublicKey() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	point, err := byzantine.CompressPublicKey(&key.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(fmt.Sprintf("0x%x", point)))
	// Output: 68
}

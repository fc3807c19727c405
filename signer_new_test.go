//lint:file-ignore SA1019 wrong keys can only be made of their raw numbers

package byzantine_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// tokenKey is a crypto.Signer whose private key is not in memory, like that of an HSM.
type tokenKey struct {
	public crypto.PublicKey
	sign   func(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (k *tokenKey) Public() crypto.PublicKey { return k.public }

func (k *tokenKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.sign(rand, digest, opts)
}

func newECDSAKey(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(tb, err)
	return key
}

func TestNewSignerWithAToken(t *testing.T) {
	key := newECDSAKey(t, elliptic.P256())
	calls := 0
	signer, err := byzantine.NewSigner(&tokenKey{key.Public(), func(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
		calls++
		assert.NotNil(t, rand)
		assert.Len(t, digest, 32)
		assert.Equal(t, crypto.SHA256, opts.HashFunc())
		return key.Sign(rand, digest, opts)
	}})
	require.NoError(t, err)
	assert.Equal(t, 1, calls, "it proves itself once")

	now := time.Unix(1760375826, 0)
	sig, err := byzantine.SignRequest(t.Context(), signer, now, "DELETE", "/v1/x", nil)
	require.NoError(t, err)
	assert.Equal(t, 2, calls)
	assert.NoError(t, sig.Verify(signer.PublicKey(), now, "DELETE", "/v1/x", nil))

	signer.PublicKey()[0] = 0xff
	assert.NotEqual(t, byte(0xff), signer.PublicKey()[0], "the slice is the caller's own")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = byzantine.SignRequest(ctx, signer, now, "DELETE", "/v1/x", nil)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 2, calls, "a call that is over does not bother the token")
}

func TestNewSignerWithALocalKeyIsDeterministic(t *testing.T) {
	key := rfc6979Key(t)
	raw := rawKey(t, key)
	signer, err := byzantine.NewSigner(raw)
	require.NoError(t, err)

	now := time.Unix(1760375826, 0)
	want, err := byzantine.SignRequest(t.Context(), key, now, "GET", "/v1/x", nil)
	require.NoError(t, err)

	*raw = *newECDSAKey(t, elliptic.P256())
	got, err := byzantine.SignRequest(t.Context(), signer, now, "GET", "/v1/x", nil)
	require.NoError(t, err)
	assert.Equal(t, want, got, "as of the key when it was given, whatever its owner did since")
}

func TestNewSignerRejections(t *testing.T) {
	key, other := newECDSAKey(t, elliptic.P256()), newECDSAKey(t, elliptic.P256())
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p384 := newECDSAKey(t, elliptic.P384())
	responses := func(der []byte, err error) *tokenKey {
		return &tokenKey{key.Public(), func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return der, err }}
	}
	with := func(public ecdsa.PublicKey, d *big.Int) *ecdsa.PrivateKey {
		return &ecdsa.PrivateKey{PublicKey: public, D: d}
	}
	order := elliptic.P256().Params().N

	for _, c := range []struct {
		name string
		key  crypto.Signer
		want string
	}{
		{"nil", nil, "nil"},
		{"nil *ecdsa.PrivateKey", (*ecdsa.PrivateKey)(nil), "nil"},
		{"nil token", (*tokenKey)(nil), "nil"},
		{"Ed25519", edKey, "ed25519.PublicKey"},
		{"RSA", rsaKey, "*rsa.PublicKey"},
		{"no public key", &tokenKey{nil, key.Sign}, "<nil>"},
		{"public key by value", &tokenKey{key.PublicKey, key.Sign}, "ecdsa.PublicKey"},
		{"nil *ecdsa.PublicKey", &tokenKey{(*ecdsa.PublicKey)(nil), key.Sign}, "no public half"},
		{"public key without a point", &tokenKey{&ecdsa.PublicKey{Curve: elliptic.P256()}, key.Sign}, "no public half"},
		{"public key without a curve", &tokenKey{&ecdsa.PublicKey{X: key.X, Y: key.Y}, key.Sign}, "P-256"},
		{"public key off the curve", &tokenKey{&ecdsa.PublicKey{Curve: elliptic.P256(), X: key.X, Y: key.X}, key.Sign}, "not a point"},
		{"local key on P-384", p384, "P-256"},
		{"token on P-384", &tokenKey{p384.Public(), p384.Sign}, "P-256"},
		{"token with another public key", &tokenKey{other.Public(), key.Sign}, "does not verify"},
		{"token that returns nothing", responses(nil, nil), "does not verify"},
		{"token that returns r and s", responses(make([]byte, 64), nil), "does not verify"},
		{"token that hashes again", &tokenKey{key.Public(), func(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
			h := crypto.SHA256.New()
			h.Write(digest)
			return key.Sign(rand, h.Sum(nil), opts)
		}}, "does not verify"},
		{"zero local key", &ecdsa.PrivateKey{}, "no public half"},
		{"local key without its private half", with(key.PublicKey, nil), "no private half"},
		{"local key of zero", with(key.PublicKey, new(big.Int)), "no valid number"},
		{"negative local key", with(key.PublicKey, new(big.Int).Neg(key.D)), "no valid number"},
		{"local key of the order", with(key.PublicKey, order), "no valid number"},
		{"local key far too large", with(key.PublicKey, new(big.Int).Lsh(order, 8)), "no valid number"},
		{"local key with another's public half", with(other.PublicKey, key.D), "does not belong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer, err := byzantine.NewSigner(c.key)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "byzantine: ")
			assert.Nil(t, signer)
		})
	}

	locked := errors.New("token is locked")
	_, err = byzantine.NewSigner(responses(nil, locked))
	assert.ErrorIs(t, err, locked)
}

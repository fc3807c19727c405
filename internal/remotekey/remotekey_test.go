package remotekey_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/remotekey"
)

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

// service is a key service. Its first signature is right; later ones are made by then, if that is set.
type service struct {
	key   *ecdsa.PrivateKey
	calls int
	then  func(ctx context.Context, digest []byte) ([]byte, error)
}

func (s *service) sign(ctx context.Context, digest []byte) ([]byte, error) {
	s.calls++
	if s.calls == 1 || s.then == nil {
		return s.key.Sign(rand.Reader, digest, crypto.SHA256)
	}
	return s.then(ctx, digest)
}

func newRemote(t *testing.T, s *service, tryTimeout time.Duration) *remotekey.Key {
	t.Helper()
	s.key = newKey(t, elliptic.P256())
	key, err := remotekey.New(t.Context(), remotekey.Config{Name: "test", Public: s.key.Public(), Sign: s.sign, TryTimeout: tryTimeout})
	require.NoError(t, err)
	require.Equal(t, 1, s.calls, "one signature proves it")
	return key
}

func TestNewRejects(t *testing.T) {
	p256, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	failed := errors.New("key is disabled")
	for _, c := range []struct {
		name   string
		public crypto.PublicKey
		sign   func(context.Context, []byte) ([]byte, error)
		want   string
	}{
		{"nil", nil, nil, "test: the public key is a <nil>"},
		{"Ed25519", ed, nil, "test: the public key is a ed25519.PublicKey; a key on P-256 is needed"},
		{"P-384", newKey(t, elliptic.P384()).Public(), nil, "not on the curve P-256"},
		{"another key", p256.Public(), (&service{key: other}).sign, "does not verify"},
		{"no signature", p256.Public(), func(context.Context, []byte) ([]byte, error) { return nil, failed }, "first signature failed: key is disabled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := remotekey.New(t.Context(), remotekey.Config{Name: "test", Public: c.public, Sign: c.sign})
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "test: ")
			assert.Nil(t, key)
		})
	}
}

func TestSignaturesInRawForm(t *testing.T) {
	s := &service{}
	key := newRemote(t, s, 0)
	s.then = func(_ context.Context, digest []byte) ([]byte, error) {
		r, v, err := ecdsa.Sign(rand.Reader, s.key, digest)
		raw := make([]byte, 64)
		r.FillBytes(raw[:32])
		v.FillBytes(raw[32:])
		return raw, err
	}
	digest := make([]byte, 32)
	der, err := key.SignDigest(t.Context(), digest)
	require.NoError(t, err)
	assert.True(t, ecdsa.VerifyASN1(&s.key.PublicKey, digest, der))
}

func TestAnotherDigestIsRejected(t *testing.T) {
	s := &service{}
	key := newRemote(t, s, 0)
	for _, size := range []int{0, 31, 33, 64} {
		_, err := key.SignDigest(t.Context(), make([]byte, size))
		assert.ErrorContains(t, err, "test: the digest has")
	}
	assert.Equal(t, 1, s.calls)
}

func TestTries(t *testing.T) {
	hang := func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, errors.New("no response") // like a library whose error does not wrap the context's
	}
	denied := errors.New("denied")
	for _, c := range []struct {
		name       string
		tryTimeout time.Duration
		call       time.Duration // the caller's own limit; 0: none
		then       func(calls int) func(context.Context, []byte) ([]byte, error)
		tries      int
		took       time.Duration
		want       error // nil: a signature
		text       string
	}{
		{"a dead connection costs one try", remotekey.TryTimeout, 0, func(calls int) func(context.Context, []byte) ([]byte, error) {
			if calls == 2 {
				return hang
			}
			return nil
		}, 2, 10 * time.Second, nil, ""},
		{"a service that is away", remotekey.TryTimeout, 0, func(int) func(context.Context, []byte) ([]byte, error) { return hang },
			3, 30 * time.Second, context.DeadlineExceeded, "no signature within 30s"},
		{"a token that hangs", 0, 0, func(int) func(context.Context, []byte) ([]byte, error) { return hang },
			1, 30 * time.Second, context.DeadlineExceeded, "no signature within 30s"},
		{"the caller's limit", remotekey.TryTimeout, 12 * time.Second, func(int) func(context.Context, []byte) ([]byte, error) { return hang },
			2, 12 * time.Second, context.DeadlineExceeded, "no response"},
		{"an error is final", remotekey.TryTimeout, 0, func(int) func(context.Context, []byte) ([]byte, error) {
			return func(context.Context, []byte) ([]byte, error) { return nil, denied }
		}, 1, 0, denied, "test: denied"},
		{"a damaged response is asked for again", remotekey.TryTimeout, 0, func(calls int) func(context.Context, []byte) ([]byte, error) {
			if calls < 4 {
				return func(context.Context, []byte) ([]byte, error) { return nil, remotekey.Transient(denied) }
			}
			return nil
		}, 3, 0, nil, ""},
		{"three times", remotekey.TryTimeout, 0, func(int) func(context.Context, []byte) ([]byte, error) {
			return func(context.Context, []byte) ([]byte, error) { return nil, remotekey.Transient(denied) }
		}, 3, 0, denied, "test: denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{}
				key := newRemote(t, s, c.tryTimeout)
				s.then = func(ctx context.Context, digest []byte) ([]byte, error) {
					if sign := c.then(s.calls); sign != nil {
						return sign(ctx, digest)
					}
					return s.key.Sign(rand.Reader, digest, crypto.SHA256)
				}
				ctx := t.Context()
				if c.call > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, c.call)
					defer stop()
				}
				started := time.Now()
				der, err := key.SignDigest(ctx, make([]byte, 32))
				assert.Equal(t, c.took, time.Since(started))
				assert.Equal(t, c.tries, s.calls-1)
				if c.want == nil {
					require.NoError(t, err)
					assert.True(t, ecdsa.VerifyASN1(&s.key.PublicKey, make([]byte, 32), der))
					return
				}
				require.ErrorIs(t, err, c.want)
				assert.ErrorContains(t, err, c.text)
			})
		})
	}
}

func TestACallThatIsOverSignsNothing(t *testing.T) {
	s := &service{}
	key := newRemote(t, s, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := key.SignDigest(ctx, make([]byte, 32))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, s.calls)

	key.PublicKey()[0] = 0xff
	assert.NotEqual(t, byte(0xff), key.PublicKey()[0], "the slice is the caller's own")
}

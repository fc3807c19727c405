package byzantine_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// The key of RFC 6979, appendix A.2.5, and its compressed public point.
const (
	rfc6979Secret = "0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
	rfc6979Public = "0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
)

func rfc6979Key(tb testing.TB) *byzantine.PrivateKey {
	tb.Helper()
	key, err := byzantine.ParsePrivateKey(rfc6979Secret)
	require.NoError(tb, err)
	return key
}

// ownSigner is a Signer with a public key and a function that signs.
type ownSigner struct {
	publicKey []byte
	sign      func(ctx context.Context, digest []byte) ([]byte, error)
}

func (s ownSigner) PublicKey() []byte { return s.publicKey }

func (s ownSigner) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return s.sign(ctx, digest)
}

// hexBytes decodes hexadecimal digits with or without 0x.
func hexBytes(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	require.NoError(tb, err)
	return b
}

func TestPrivateKeySignsLikeRFC6979(t *testing.T) {
	// RFC 6979, appendix A.2.5, SHA-256, as DER.
	for _, c := range []struct{ name, digest, r, s string }{
		{
			"sample", "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
			"00efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
			"00f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
		},
		{
			"test", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			"00f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
			"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			der, err := rfc6979Key(t).SignDigest(t.Context(), hexBytes(t, c.digest))
			require.NoError(t, err)
			assert.Equal(t, derSignature(t, c.r, c.s), der)
		})
	}
}

// derSignature encodes a signature in DER. r and s are the contents of its integers, as hexadecimal digits.
func derSignature(tb testing.TB, r, s string) []byte {
	tb.Helper()
	var inner []byte
	for _, number := range []string{r, s} {
		content := hexBytes(tb, number)
		inner = append(append(inner, 0x02, byte(len(content))), content...)
	}
	return append([]byte{0x30, byte(len(inner))}, inner...)
}

func TestSignRequestHashesTheMessage(t *testing.T) {
	key := rfc6979Key(t)
	for _, c := range []struct{ name, method, path, body, digest string }{
		{
			"query, no body", "GET", "/v1/query/get-transactions?accountId=11111111-2222-4333-8444-555555555555", "",
			"393e28d89cc31695acc0d18dc9ab7c25f68479d55ca4a0bdab7c4daa5f23fd43",
		},
		{
			"body", "POST", "/v1/integrator/credentials", `{"label":"x"}`,
			"c1bfefbda4ee48787bc6551ffa5e5dcdcc102fff1923ab6e0c4afa130b39f39d",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var digest []byte
			signer := ownSigner{key.PublicKey(), func(ctx context.Context, d []byte) ([]byte, error) {
				digest = d
				return key.SignDigest(ctx, d)
			}}
			at := time.Unix(1760375826, 999_999_999).In(time.FixedZone("", -7*3600))
			sig, err := byzantine.SignRequest(t.Context(), signer, at, c.method, c.path, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, c.digest, hex.EncodeToString(digest))
			assert.Equal(t, rfc6979Public, sig.PublicKey)
			assert.Equal(t, "1760375826", sig.Timestamp)
			assert.Regexp(t, "^0x30[0-9a-f]+$", sig.Signature)

			local, err := byzantine.SignRequest(t.Context(), key, at, c.method, c.path, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, local, sig, "a Signer of one's own and a local key give the same headers")
			assert.NoError(t, sig.Verify(key.PublicKey(), at, c.method, c.path, []byte(c.body)))
		})
	}
}

func TestSignRequestRejections(t *testing.T) {
	key := rfc6979Key(t)
	broken := func(der []byte, err error) byzantine.Signer {
		return ownSigner{key.PublicKey(), func(context.Context, []byte) ([]byte, error) { return der, err }}
	}
	withPublicKey := func(point []byte) byzantine.Signer { return ownSigner{point, key.SignDigest} }
	var noKey *byzantine.PrivateKey
	now := time.Unix(1760375826, 0)

	for _, c := range []struct {
		name   string
		signer byzantine.Signer
		at     time.Time
		method string
		path   string
		want   string
	}{
		{"no signer", nil, now, "GET", "/v1/x", "signer is nil"},
		{"nil key", noKey, now, "GET", "/v1/x", "33 bytes"},
		{"zero key", new(byzantine.PrivateKey), now, "GET", "/v1/x", "33 bytes"},
		{"no public key", withPublicKey(nil), now, "GET", "/v1/x", "33 bytes"},
		{"uncompressed public key", withPublicKey(make([]byte, 65)), now, "GET", "/v1/x", "33 bytes"},
		{"wrong prefix", withPublicKey(make([]byte, 33)), now, "GET", "/v1/x", "compressed"},
		{"one byte short", withPublicKey(key.PublicKey()[:32]), now, "GET", "/v1/x", "33 bytes"},
		{"empty signature", broken(nil, nil), now, "GET", "/v1/x", "0 bytes from the signer"},
		{"signature too long", broken(make([]byte, 73), nil), now, "GET", "/v1/x", "73 bytes from the signer"},
		{"zero time", key, time.Time{}, "GET", "/v1/x", "before 1970"},
		{"year 10000", key, time.Unix(253402300800, 0), "GET", "/v1/x", "after 9999"},
		{"no method", key, now, "", "/v1/x", "method"},
		{"lower-case method", key, now, "get", "/v1/x", "method"},
		{"mixed-case method", key, now, "GeT", "/v1/x", "method"},
		{"digit before the method", key, now, "6GET", "/v1/x", "method"},
		{"slash after the method", key, now, "GET/", "/v1/x", "method"},
		{"no path", key, now, "GET", "", "begin with a slash"},
		{"relative path", key, now, "GET", "v1/x", "begin with a slash"},
		{"whole URL", key, now, "GET", "https://sandbox.api.byzantine.fi/v1/x", "begin with a slash"},
		{"fragment", key, now, "GET", "/v1/x#y", "'#'"},
		{"blank", key, now, "GET", "/v1/x y", "blank"},
		{"tab", key, now, "GET", "/v1/x\ty", "control"},
		{"line break", key, now, "GET", "/v1/x\r\nX-Evil: 1", "control"},
		{"null byte", key, now, "GET", "/v1/x\x00", "control"},
		{"delete character", key, now, "GET", "/v1/x\x7f", "control"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sig, err := byzantine.SignRequest(t.Context(), c.signer, c.at, c.method, c.path, nil)
			require.ErrorContains(t, err, c.want)
			assert.Zero(t, sig)
		})
	}
}

func TestSignRequestNilContext(t *testing.T) {
	var ctx context.Context
	_, err := byzantine.SignRequest(ctx, rfc6979Key(t), time.Unix(1, 0), "GET", "/v1/x", nil)
	assert.ErrorContains(t, err, "context")
}

func TestSignRequestWrapsTheSignersError(t *testing.T) {
	throttled := errors.New("key service: throttled")
	signer := ownSigner{rfc6979Key(t).PublicKey(), func(context.Context, []byte) ([]byte, error) { return nil, throttled }}
	_, err := byzantine.SignRequest(t.Context(), signer, time.Unix(1, 0), "GET", "/v1/x", nil)
	require.ErrorIs(t, err, throttled)
	assert.Equal(t, "byzantine: sign request: key service: throttled", err.Error())
}

func TestSignRequestPassesTheContextOn(t *testing.T) {
	type contextKey struct{}
	key := rfc6979Key(t)
	var got any
	signer := ownSigner{key.PublicKey(), func(ctx context.Context, digest []byte) ([]byte, error) {
		got = ctx.Value(contextKey{})
		return key.SignDigest(ctx, digest)
	}}
	ctx := context.WithValue(t.Context(), contextKey{}, "trace")
	_, err := byzantine.SignRequest(ctx, signer, time.Unix(1, 0), "GET", "/v1/x", nil)
	require.NoError(t, err)
	assert.Equal(t, "trace", got)
}

// SignRequest does not change the digest after the Signer has returned: the client of a key service may still read it,
// for instance in a second request.
func TestSignRequestLeavesTheDigestAlone(t *testing.T) {
	key := rfc6979Key(t)
	var kept, copied []byte
	signer := ownSigner{key.PublicKey(), func(ctx context.Context, digest []byte) ([]byte, error) {
		kept, copied = digest, append([]byte(nil), digest...)
		return key.SignDigest(ctx, digest)
	}}
	_, err := byzantine.SignRequest(t.Context(), signer, time.Unix(1, 0), "GET", "/v1/x", nil)
	require.NoError(t, err)
	assert.Equal(t, copied, kept)
}

func TestSignRequestLongPath(t *testing.T) {
	key := rfc6979Key(t)
	now := time.Unix(1760375826, 0)
	path := "/v1/query/events?cursor=" + strings.Repeat("A", 10_000)
	sig, err := byzantine.SignRequest(t.Context(), key, now, "GET", path, nil)
	require.NoError(t, err)
	assert.NoError(t, sig.Verify(key.PublicKey(), now, "GET", path, nil))
	assert.Error(t, sig.Verify(key.PublicKey(), now, "GET", path+"A", nil))
}

func TestSignRequestConcurrently(t *testing.T) {
	key := rfc6979Key(t)
	now := time.Unix(1760375826, 0)
	want, err := byzantine.SignRequest(t.Context(), key, now, "POST", "/v1/x", []byte("{}"))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got, err := byzantine.SignRequest(t.Context(), key, now, "POST", "/v1/x", []byte("{}"))
				assert.NoError(t, err)
				assert.Equal(t, want, got, "deterministic")
			}
		})
	}
	wg.Wait()
}

func TestRequestSignatureApply(t *testing.T) {
	h := http.Header{"X-Pubkey": {"old", "older"}, "X-Signature": {"old"}, "Accept": {"application/json"}}
	byzantine.RequestSignature{PublicKey: "p", Timestamp: "t", Signature: "s"}.Apply(h)
	assert.Equal(t, http.Header{
		"X-Pubkey": {"p"}, "X-Timestamp": {"t"}, "X-Signature": {"s"}, "Accept": {"application/json"},
	}, h)
}

package byzantine_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const benchPath = "/v1/query/get-deposit-payload-passkey?chain_id=8453"

// rawKey returns the standard library's key of a PrivateKey, for comparisons.
func rawKey(tb testing.TB, key *byzantine.PrivateKey) *ecdsa.PrivateKey {
	tb.Helper()
	scalar, err := hex.DecodeString(strings.TrimPrefix(key.SecretHex(), "0x"))
	require.NoError(tb, err)
	raw, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	require.NoError(tb, err)
	return raw
}

// BenchmarkSignRaw is the limit for BenchmarkSignRequest: the SHA-256 of the body (without the head, which is short)
// and a deterministic signature of that.
func BenchmarkSignRaw(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			key := rawKey(b, rfc6979Key(b))
			body := make([]byte, size.bytes)
			b.ReportAllocs()
			for b.Loop() {
				digest := sha256.Sum256(body)
				if _, err := key.Sign(nil, digest[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSignRequest(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			key := rfc6979Key(b)
			at := time.Unix(1760375826, 0)
			body := make([]byte, size.bytes)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := byzantine.SignRequest(b.Context(), key, at, "POST", benchPath, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	key := rfc6979Key(b)
	at := time.Unix(1760375826, 0)
	body := make([]byte, 1<<10)
	sig, err := byzantine.SignRequest(b.Context(), key, at, "POST", benchPath, body)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := sig.Verify(key.PublicKey(), at, "POST", benchPath, body); err != nil {
			b.Fatal(err)
		}
	}
}

var benchSizes = []struct {
	name  string
	bytes int
}{{"0B", 0}, {"1KiB", 1 << 10}, {"64KiB", 64 << 10}, {"8MiB", 8 << 20}}

// SignRequest may make four allocations more than the bare signature of a ready digest. Both are measured, so that the
// result depends neither on the race detector nor on the version of Go.
func TestSignRequestAllocations(t *testing.T) {
	key := rfc6979Key(t)
	raw := rawKey(t, key)
	digest := sha256.Sum256(nil)
	at := time.Unix(1760375826, 0)
	body := make([]byte, 1<<10)

	limit := testing.AllocsPerRun(200, func() {
		if _, err := raw.Sign(nil, digest[:], crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	})
	got := testing.AllocsPerRun(200, func() {
		if _, err := byzantine.SignRequest(t.Context(), key, at, "POST", benchPath, body); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, got, limit+4)
}

// The body is hashed in place: signing 2 MiB takes no more memory than signing no body.
func TestSignRequestMemoryIsFlat(t *testing.T) {
	key := rfc6979Key(t)
	at := time.Unix(1760375826, 0)
	bytesPerRequest := func(body []byte) uint64 {
		const runs = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if _, err := byzantine.SignRequest(t.Context(), key, at, "POST", benchPath, body); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / runs
	}
	large := make([]byte, 2<<20)
	leastEmpty, leastLarge := bytesPerRequest(nil), bytesPerRequest(large)
	for range 5 { // the least of several rounds, because a goroutine of another test may allocate meanwhile
		leastEmpty = min(leastEmpty, bytesPerRequest(nil))
		leastLarge = min(leastLarge, bytesPerRequest(large))
	}
	// Signatures differ in length by a byte or two, which can be another size class of the allocator.
	assert.InDelta(t, leastEmpty, leastLarge, 64)
}

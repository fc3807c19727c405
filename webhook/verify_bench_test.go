package webhook_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkVerify reports the ratio between the medians of Verify and of bare elliptic-curve verification of a ready
// digest. Its budget is 1.05. The two take turns within each iteration, so that other work of the machine slows both
// down alike.
func BenchmarkVerify(b *testing.B) {
	key := newSigningKey(b)
	verifier := newVerifier(b, key)
	header := key.sign(b, testIDs, time.Now(), customerBody)
	digest := sha256.Sum256(customerBody)
	der, err := key.SignDigest(b.Context(), digest[:])
	require.NoError(b, err)
	point := key.point(b)

	var ours, raw []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if _, err := verifier.Verify(b.Context(), header, customerBody); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if !ecdsa.VerifyASN1(point, digest[:], der) {
			b.Fatal("the signature does not verify")
		}
		ours = append(ours, middle.Sub(start))
		raw = append(raw, time.Since(middle))
	}
	b.ReportMetric(median(raw), "raw-ns/op")
	b.ReportMetric(median(ours), "verify-ns/op")
	b.ReportMetric(median(ours)/median(raw), "ratio")
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2])
}

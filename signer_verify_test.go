package byzantine_test

import (
	"crypto/elliptic"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// signedRequest is a signed request with all arguments of Verify.
type signedRequest struct {
	trusted      []byte
	now          time.Time
	sig          byzantine.RequestSignature
	method, path string
	body         []byte
}

func newSignedRequest(tb testing.TB) signedRequest {
	tb.Helper()
	key := rfc6979Key(tb)
	r := signedRequest{
		trusted: key.PublicKey(), now: time.Unix(1760375826, 0),
		method: "POST", path: "/v1/integrator/credentials?a=b", body: []byte(`{"label":"x"}`),
	}
	var err error
	r.sig, err = byzantine.SignRequest(tb.Context(), key, r.now, r.method, r.path, r.body)
	require.NoError(tb, err)
	return r
}

func (r signedRequest) verify() error {
	return r.sig.Verify(r.trusted, r.now, r.method, r.path, r.body)
}

// changeDER replaces the signature by the result of change for its DER.
func (r *signedRequest) changeDER(tb testing.TB, change func(der []byte) []byte) {
	tb.Helper()
	r.sig.Signature = "0x" + hex.EncodeToString(change(hexBytes(tb, r.sig.Signature)))
}

func TestVerify(t *testing.T) {
	other, err := byzantine.GenerateKey()
	require.NoError(t, err)

	for _, c := range []struct {
		name   string
		change func(r *signedRequest)
		want   string // part of the error; empty if the signature passes
	}{
		{"unchanged", func(*signedRequest) {}, ""},

		{"other method", func(r *signedRequest) { r.method = "PATCH" }, "X-Signature does not belong"},
		{"lower-case method", func(r *signedRequest) { r.method = "post" }, "method"},
		{"other path", func(r *signedRequest) { r.path = "/v1/integrator/credential?a=b" }, "X-Signature does not belong"},
		{"without query", func(r *signedRequest) { r.path = "/v1/integrator/credentials" }, "X-Signature does not belong"},
		{"relative path", func(r *signedRequest) { r.path = r.path[1:] }, "slash"},
		{"other body", func(r *signedRequest) { r.body = []byte(`{"label":"y"}`) }, "X-Signature does not belong"},
		{"no body", func(r *signedRequest) { r.body = nil }, "X-Signature does not belong"},
		{"digit moved from the timestamp to the method", func(r *signedRequest) {
			r.sig.Timestamp, r.method = "176037582", "6POST"
			r.now = time.Unix(176037582, 0)
		}, "method"},
		{"letter moved from the method to the path", func(r *signedRequest) { r.method, r.path = "POS", "T"+r.path }, "slash"},

		{"no trusted key", func(r *signedRequest) { r.trusted = nil }, "trusted key"},
		{"another trusted key", func(r *signedRequest) { r.trusted = other.PublicKey() }, "X-Pubkey is not the trusted key"},
		{"trusted key not compressed", func(r *signedRequest) {
			r.trusted, _ = rawKey(t, rfc6979Key(t)).PublicKey.Bytes()
		}, "compressed"},
		{"trusted key one byte short", func(r *signedRequest) { r.trusted = r.trusted[:32] }, "compressed"},
		{"trusted key not on the curve", func(r *signedRequest) {
			r.trusted = append([]byte{2}, make([]byte, 32)...)
			r.trusted[32] = 1
		}, "compressed P-256 point"},
		{"trusted key is not reduced", func(r *signedRequest) {
			r.trusted = append([]byte{2}, elliptic.P256().Params().P.Bytes()...)
		}, "compressed P-256 point"},
		{"header names another key", func(r *signedRequest) { r.sig.PublicKey = other.PublicKeyHex() }, "X-Pubkey"},
		{"header names the other root", func(r *signedRequest) { r.sig.PublicKey = "0x02" + r.sig.PublicKey[4:] }, "X-Pubkey"},
		{"header key in upper case", func(r *signedRequest) {
			r.sig.PublicKey = "0x" + strings.ToUpper(r.sig.PublicKey[2:])
		}, "X-Pubkey"},
		{"header key without 0x", func(r *signedRequest) { r.sig.PublicKey = r.sig.PublicKey[2:] }, "X-Pubkey"},
		{"no header key", func(r *signedRequest) { r.sig.PublicKey = "" }, "X-Pubkey"},

		{"60 s old", func(r *signedRequest) { r.now = r.now.Add(60 * time.Second) }, ""},
		{"60 s old, and a part of the next", func(r *signedRequest) { r.now = r.now.Add(60*time.Second + 999*time.Millisecond) }, ""},
		{"61 s old", func(r *signedRequest) { r.now = r.now.Add(61 * time.Second) }, "X-Timestamp is 61 s old"},
		{"60 s in the future", func(r *signedRequest) { r.now = r.now.Add(-60 * time.Second) }, ""},
		{"61 s in the future", func(r *signedRequest) { r.now = r.now.Add(-61 * time.Second) }, "X-Timestamp is 61 s in the future"},
		{"clock at zero time", func(r *signedRequest) { r.now = time.Time{} }, "s in the future"},
		{"timestamp altered within the window", func(r *signedRequest) { r.sig.Timestamp = "1760375827" }, "X-Signature does not belong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newSignedRequest(t)
			c.change(&r)
			err := r.verify()
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "byzantine: request signature: ")
		})
	}
}

func TestVerifyTimestampIsCanonical(t *testing.T) {
	for _, timestamp := range []string{
		"", " 1760375826", "1760375826 ", "+1760375826", "-1760375826", "01760375826", "1760375826.0", "1_760_375_826",
		"1.760375826e9", "0x68ed3152", "-0", "١٧٦٠٣٧٥٨٢٦", "1760375826\n",
		"253402300800", "9223372036854775807", "9223372036854775808", "18446744075469927442", strings.Repeat("9", 1000),
	} {
		r := newSignedRequest(t)
		r.sig.Timestamp = timestamp
		assert.ErrorContains(t, r.verify(), "X-Timestamp is not a decimal number of Unix seconds", "%.40q", timestamp)
	}
	r := newSignedRequest(t)
	r.sig.Timestamp = "0"
	assert.ErrorContains(t, r.verify(), "X-Timestamp is 1760375826 s old", "zero is canonical, only long ago")
}

func TestVerifySignatureIsCanonical(t *testing.T) {
	const notHex, notDER, notStrict = "X-Signature is not lower-case hexadecimal after 0x",
		"X-Signature is not an ASN.1 DER signature", "X-Signature is not strict ASN.1 DER"
	text := func(change func(s string) string) func(testing.TB, *signedRequest) {
		return func(_ testing.TB, r *signedRequest) { r.sig.Signature = change(r.sig.Signature) }
	}
	der := func(change func(der []byte) []byte) func(testing.TB, *signedRequest) {
		return func(tb testing.TB, r *signedRequest) { r.changeDER(tb, change) }
	}
	for _, c := range []struct {
		name   string
		change func(testing.TB, *signedRequest)
		want   string
	}{
		{"empty", text(func(string) string { return "" }), notHex},
		{"0x only", text(func(string) string { return "0x" }), notDER},
		{"without 0x", text(func(s string) string { return s[2:] }), notHex},
		{"with 0X", text(func(s string) string { return "0X" + s[2:] }), notHex},
		{"with 0x twice", text(func(s string) string { return "0x" + s }), notHex},
		{"upper case", text(func(s string) string { return "0x" + strings.ToUpper(s[2:]) }), notHex},
		{"odd number of digits", text(func(s string) string { return s[:len(s)-1] }), notHex},
		{"blank at the end", text(func(s string) string { return s + " " }), notHex},
		{"base64", text(func(string) string { return "MEUCIQDv1Isqr" }), notHex},
		{"1 MiB", text(func(string) string { return "0x" + strings.Repeat("30", 1<<19) }), "longer than a P-256 signature"},

		{"cut off", der(func(d []byte) []byte { return d[:len(d)-1] }), notDER},
		{"data at the end", der(func(d []byte) []byte { return append(d, 0) }), notStrict},
		{"data inside the sequence", der(func([]byte) []byte { return []byte{0x30, 8, 2, 1, 1, 2, 1, 1, 5, 0} }), notStrict},
		{"long form of the length", der(func(d []byte) []byte {
			return append([]byte{d[0], 0x81}, d[1:]...)
		}), notDER},
		{"padded number", der(func(d []byte) []byte {
			d = append(d[:4:4], append([]byte{0}, d[4:]...)...)
			d[1]++
			d[3]++
			return d
		}), notDER},
		{"set in place of the sequence", der(func(d []byte) []byte {
			d[0] = 0x31
			return d
		}), notDER},
		{"raw r and s", der(func([]byte) []byte { return make([]byte, 64) }), notDER},
		{"zero numbers", der(func([]byte) []byte { return []byte{0x30, 6, 2, 1, 0, 2, 1, 0} }), "X-Signature does not belong"},
		{"negative number", der(func([]byte) []byte { return []byte{0x30, 6, 2, 1, 0xff, 2, 1, 1} }), "X-Signature does not belong"},
		{"one bit changed", der(func(d []byte) []byte {
			d[len(d)-1] ^= 1
			return d
		}), "X-Signature does not belong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newSignedRequest(t)
			require.NoError(t, r.verify())
			c.change(t, &r)
			assert.ErrorContains(t, r.verify(), c.want)
		})
	}
}

// Signers for the API do not normalise S, so both S and n-S must be accepted.
func TestVerifyAcceptsHighAndLowS(t *testing.T) {
	r := newSignedRequest(t)
	first := r.sig.Signature
	r.sig.Signature = mirrorS(t, first)
	assert.NotEqual(t, first, r.sig.Signature)
	assert.NoError(t, r.verify())
}

func TestRequestSignatureFromHeader(t *testing.T) {
	want := byzantine.RequestSignature{PublicKey: "p", Timestamp: "t", Signature: "s"}
	for _, c := range []struct {
		name string
		h    http.Header
		err  string
	}{
		{"all there", http.Header{"X-Pubkey": {"p"}, "X-Timestamp": {"t"}, "X-Signature": {"s"}, "Accept": {"a", "b"}}, ""},
		{"names in other cases", http.Header{"x-pubkey": {"p"}, "X-TIMESTAMP": {"t"}, "X-signature": {"s"}}, ""},
		{"nil header", nil, "X-Pubkey is missing"},
		{"no public key", http.Header{"X-Timestamp": {"t"}, "X-Signature": {"s"}}, "X-Pubkey is missing"},
		{"no timestamp", http.Header{"X-Pubkey": {"p"}, "X-Signature": {"s"}}, "X-Timestamp is missing"},
		{"no signature", http.Header{"X-Pubkey": {"p"}, "X-Timestamp": {"t"}}, "X-Signature is missing"},
		{"name without a value", http.Header{"X-Pubkey": {}, "X-Timestamp": {"t"}, "X-Signature": {"s"}}, "X-Pubkey is missing"},
		{"empty value", http.Header{"X-Pubkey": {"p"}, "X-Timestamp": {""}, "X-Signature": {"s"}}, "X-Timestamp is empty"},
		{"twice the same", http.Header{"X-Pubkey": {"p", "p"}, "X-Timestamp": {"t"}, "X-Signature": {"s"}}, "X-Pubkey is there 2 times"},
		{"two signatures", http.Header{"X-Pubkey": {"p"}, "X-Timestamp": {"t"}, "X-Signature": {"s", "u"}}, "X-Signature is there 2 times"},
		{
			"twice in two cases",
			http.Header{"X-Pubkey": {"p"}, "x-pubkey": {"q"}, "X-Timestamp": {"t"}, "X-Signature": {"s"}},
			"X-Pubkey is there 2 times",
		},
		{
			"a letter that only looks the same",
			http.Header{"X-Pub\u212aey": {"p"}, "X-Timestamp": {"t"}, "X-Signature": {"s"}},
			"X-Pubkey is missing",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			sig, err := byzantine.RequestSignatureFromHeader(c.h)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				assert.Zero(t, sig)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, want, sig)
		})
	}
}

func TestApplyAndFromHeaderRoundTrip(t *testing.T) {
	r := newSignedRequest(t)
	h := http.Header{}
	r.sig.Apply(h)
	got, err := byzantine.RequestSignatureFromHeader(h)
	require.NoError(t, err)
	assert.Equal(t, r.sig, got)
}

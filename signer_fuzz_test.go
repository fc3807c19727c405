package byzantine_test

import (
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

var hexRun = regexp.MustCompile(`(?i)[0-9a-f]{8,}`)

func FuzzParsePrivateKey(f *testing.F) {
	raw := rawKey(f, rfc6979Key(f))
	sec1PEM, pkcs8PEM := encodePEM("EC PRIVATE KEY", sec1DER(f, raw)), encodePEM("PRIVATE KEY", pkcs8DER(f, raw))
	for _, seed := range []string{
		"", "0x", rfc6979Secret, rfc6979Secret[2:], rfc6979Secret[4:], rfc6979Public, strings.ToUpper(rfc6979Secret),
		strings.Repeat("0", 64), strings.Repeat("f", 64), " " + rfc6979Secret + "\n",
		sec1PEM, pkcs8PEM, sec1PEM + pkcs8PEM, encodePEM("EC PARAMETERS", marshalDER(f, oidP256)) + sec1PEM,
		encodePEM("PUBLIC KEY", sec1DER(f, raw)), "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END PRIVATE KEY-----",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		key, err := byzantine.ParsePrivateKey(input)
		if err != nil {
			assert.Nil(t, key)
			text := strings.ToLower(err.Error())
			for _, run := range hexRun.FindAllString(input, -1) {
				assert.NotContains(t, text, strings.ToLower(run))
			}
			return
		}
		assert.Regexp(t, "^0x[0-9a-f]{64}$", key.SecretHex())
		assert.Regexp(t, "^0x0[23][0-9a-f]{64}$", key.PublicKeyHex())
		again, err := byzantine.ParsePrivateKey(key.SecretHex())
		require.NoError(t, err)
		assert.Equal(t, key.SecretHex(), again.SecretHex())
		assert.Equal(t, key.PublicKeyHex(), again.PublicKeyHex())
	})
}

// Whatever the headers contain, only the signature that was made for this request passes, in one spelling, and its
// mirror image with n-S, which anybody who has the signature can compute without the key.
func FuzzRequestSignatureVerify(f *testing.F) {
	key := rfc6979Key(f)
	now := time.Unix(1760375826, 0)
	const method, path, body = "POST", "/v1/integrator/credentials", `{"label":"x"}`
	good, err := byzantine.SignRequest(f.Context(), key, now, method, path, []byte(body))
	require.NoError(f, err)
	mirrored := mirrorS(f, good.Signature)

	f.Add(good.PublicKey, good.Timestamp, good.Signature, method, path, body)
	f.Add(good.PublicKey, good.Timestamp, mirrored, method, path, body)
	f.Add(good.PublicKey, good.Timestamp, strings.ToUpper(good.Signature), method, path, body)
	f.Add(good.PublicKey, good.Timestamp, good.Signature+"00", method, path, body)
	f.Add(good.PublicKey, good.Timestamp, "0x3006020100020100", method, path, body)
	f.Add(good.PublicKey, good.Timestamp, "0x30800201010201010000", method, path, body)
	f.Add("0x02"+good.PublicKey[4:], good.Timestamp, good.Signature, method, path, body)
	f.Add(good.PublicKey, "0"+good.Timestamp, good.Signature, method, path, body)
	f.Add(good.PublicKey, "-1", good.Signature, method, path, body)
	f.Add(good.PublicKey, "176037582", good.Signature, "6POST", path, body)
	f.Add("", "", "", "", "", "")

	f.Fuzz(func(t *testing.T, publicKey, timestamp, signature, method2, path2, body2 string) {
		h := http.Header{"X-Pubkey": {publicKey}, "X-Timestamp": {timestamp}, "X-Signature": {signature}}
		sig, err := byzantine.RequestSignatureFromHeader(h)
		if err != nil {
			assert.True(t, publicKey == "" || timestamp == "" || signature == "")
			return
		}
		if sig.Verify(key.PublicKey(), now, method2, path2, []byte(body2)) != nil {
			return
		}
		assert.Equal(t, good.PublicKey, publicKey)
		assert.Equal(t, good.Timestamp, timestamp)
		assert.Contains(t, []string{good.Signature, mirrored}, signature)
		assert.Equal(t, method, method2)
		// The signed text has no separator between path and body.
		assert.Equal(t, path+body, path2+body2)

		again := http.Header{}
		sig.Apply(again)
		assert.Equal(t, h, again)
	})
}

// mirrorS returns a signature in which S is replaced by n-S. Both signatures are valid.
func mirrorS(tb testing.TB, signature string) string {
	tb.Helper()
	var numbers struct{ R, S *big.Int }
	_, err := asn1.Unmarshal(hexBytes(tb, signature), &numbers)
	require.NoError(tb, err)
	numbers.S.Sub(elliptic.P256().Params().N, numbers.S)
	return "0x" + hex.EncodeToString(marshalDER(tb, numbers))
}

package byzantine_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// signerVector is a request that the openssl program has signed. OpenSSL signs with random nonces, so these signatures
// can be verified but not reproduced.
type signerVector struct {
	Name         string `json:"name"`
	PrivateKey   string `json:"privateKey"` // PEM, as openssl wrote it
	PublicKey    string `json:"publicKey"`
	Timestamp    string `json:"timestamp"`
	Method       string `json:"method"`
	PathAndQuery string `json:"pathAndQuery"`
	Body         string `json:"body"`
	Signature    string `json:"signature"`
}

func (v signerVector) at(tb testing.TB) time.Time {
	tb.Helper()
	seconds, err := strconv.ParseInt(v.Timestamp, 10, 64)
	require.NoError(tb, err)
	return time.Unix(seconds, 0)
}

func (v signerVector) message() []byte {
	return []byte(v.Timestamp + v.Method + v.PathAndQuery + v.Body)
}

func readSignerVectors(tb testing.TB) []signerVector {
	tb.Helper()
	file, err := os.Open("testdata/vectors/requests.json")
	require.NoError(tb, err)
	defer file.Close()
	var document struct {
		Comment string         `json:"comment"`
		Vectors []signerVector `json:"vectors"`
	}
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields() // so that a field which no test reads is an error
	require.NoError(tb, decoder.Decode(&document))
	require.NotEmpty(tb, document.Vectors)
	return document.Vectors
}

func TestVectorsMadeByOpenSSL(t *testing.T) {
	for _, v := range readSignerVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			key, err := byzantine.ParsePrivateKey(v.PrivateKey)
			require.NoError(t, err)
			assert.Equal(t, v.PublicKey, key.PublicKeyHex())

			theirs := byzantine.RequestSignature{PublicKey: v.PublicKey, Timestamp: v.Timestamp, Signature: v.Signature}
			require.NoError(t, theirs.Verify(key.PublicKey(), v.at(t), v.Method, v.PathAndQuery, []byte(v.Body)))
			assert.Error(t, theirs.Verify(key.PublicKey(), v.at(t), v.Method, v.PathAndQuery, []byte(v.Body+" ")))

			ours, err := byzantine.SignRequest(t.Context(), key, v.at(t), v.Method, v.PathAndQuery, []byte(v.Body))
			require.NoError(t, err)
			assert.Equal(t, v.PublicKey, ours.PublicKey)
			assert.Equal(t, v.Timestamp, ours.Timestamp)
			assert.NoError(t, ours.Verify(key.PublicKey(), v.at(t), v.Method, v.PathAndQuery, []byte(v.Body)))
		})
	}
}

// openSSL runs the openssl program in a temporary folder.
type openSSL struct{ dir string }

func newOpenSSL(tb testing.TB) openSSL {
	tb.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
			tb.Fatal("the openssl program is not on PATH")
		}
		tb.Skip("the openssl program is not on PATH: nothing independent to compare with")
	}
	return openSSL{tb.TempDir()}
}

func (o openSSL) run(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "openssl", args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	require.NoError(tb, err, "openssl %v: %s", args, out)
	return string(out)
}

func (o openSSL) write(tb testing.TB, name string, content []byte) {
	tb.Helper()
	require.NoError(tb, os.WriteFile(filepath.Join(o.dir, name), content, 0o600))
}

func (o openSSL) read(tb testing.TB, name string) []byte {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(tb, err)
	return content
}

func TestOpenSSLVerifiesOurSignatures(t *testing.T) {
	o := newOpenSSL(t)
	for _, v := range readSignerVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			key, err := byzantine.ParsePrivateKey(v.PrivateKey)
			require.NoError(t, err)
			sig, err := byzantine.SignRequest(t.Context(), key, v.at(t), v.Method, v.PathAndQuery, []byte(v.Body))
			require.NoError(t, err)

			o.write(t, "key.pem", []byte(v.PrivateKey))
			o.run(t, "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
			o.write(t, "message", v.message())
			o.write(t, "signature", hexBytes(t, sig.Signature))
			assert.Contains(t, o.run(t, "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message"), "Verified OK")
		})
	}
}

// Keys in each format that openssl writes are generated, and each signs a request.
func TestOpenSSLKeysAndSignatures(t *testing.T) {
	o := newOpenSSL(t)
	o.run(t, "ecparam", "-name", "prime256v1", "-genkey", "-out", "parameters.pem")
	o.run(t, "ec", "-in", "parameters.pem", "-out", "sec1.pem")
	o.run(t, "ec", "-in", "parameters.pem", "-conv_form", "compressed", "-out", "compressed.pem")
	o.run(t, "ec", "-in", "parameters.pem", "-no_public", "-out", "bare.pem")
	o.run(t, "pkcs8", "-topk8", "-nocrypt", "-in", "parameters.pem", "-out", "pkcs8.pem")
	o.run(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "genpkey.pem")
	require.Contains(t, string(o.read(t, "parameters.pem")), "BEGIN EC PARAMETERS")

	now := time.Unix(1760375826, 0)
	for _, name := range []string{"parameters.pem", "sec1.pem", "compressed.pem", "bare.pem", "pkcs8.pem", "genpkey.pem"} {
		t.Run(name, func(t *testing.T) {
			key, err := byzantine.ParsePrivateKey(string(o.read(t, name)))
			require.NoError(t, err)

			o.run(t, "ec", "-in", name, "-pubout", "-conv_form", "compressed", "-outform", "DER", "-out", "public.der")
			der := o.read(t, "public.der")
			assert.Equal(t, der[len(der)-33:], key.PublicKey(), "openssl finds the same public key")

			o.write(t, "message", []byte("1760375826POST/v1/x?y=z{}"))
			o.run(t, "dgst", "-sha256", "-sign", name, "-out", "signature", "message")
			sig := byzantine.RequestSignature{
				PublicKey: key.PublicKeyHex(), Timestamp: "1760375826",
				Signature: "0x" + hex.EncodeToString(o.read(t, "signature")),
			}
			assert.NoError(t, sig.Verify(key.PublicKey(), now, "POST", "/v1/x?y=z", []byte("{}")))
		})
	}
}

func TestOpenSSLKeysThatAreRejected(t *testing.T) {
	o := newOpenSSL(t)
	o.run(t, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "p256.pem")
	o.run(t, "ec", "-in", "p256.pem", "-aes256", "-passout", "pass:x", "-out", "encrypted-sec1.pem")
	o.run(t, "pkcs8", "-topk8", "-in", "p256.pem", "-passout", "pass:x", "-out", "encrypted-pkcs8.pem")
	o.run(t, "ec", "-in", "p256.pem", "-pubout", "-out", "public.pem")
	o.run(t, "ec", "-in", "p256.pem", "-param_enc", "explicit", "-out", "explicit.pem")
	o.run(t, "ecparam", "-name", "prime256v1", "-out", "parameters.pem")
	o.run(t, "ecparam", "-name", "secp256k1", "-genkey", "-out", "secp256k1.pem")
	o.run(t, "pkcs8", "-topk8", "-nocrypt", "-in", "secp256k1.pem", "-out", "secp256k1-pkcs8.pem")
	o.run(t, "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "p384.pem")
	o.run(t, "genpkey", "-algorithm", "ED25519", "-out", "ed25519.pem")
	o.run(t, "genpkey", "-algorithm", "RSA", "-out", "rsa.pem")

	for name, want := range map[string]string{
		"encrypted-sec1.pem":  "encrypted",
		"encrypted-pkcs8.pem": "encrypted",
		"public.pem":          "public key",
		"explicit.pem":        "does not name its curve",
		"parameters.pem":      "parameters only",
		"secp256k1.pem":       "another curve",
		"secp256k1-pkcs8.pem": "another curve",
		"p384.pem":            "another curve",
		"ed25519.pem":         "another algorithm",
		"rsa.pem":             "another algorithm",
	} {
		t.Run(name, func(t *testing.T) {
			input := string(o.read(t, name))
			_, err := byzantine.ParsePrivateKey(input)
			require.ErrorContains(t, err, want)
			assertQuotesNothing(t, err, input)
		})
	}
}

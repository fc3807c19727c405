package byzantine_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

var (
	oidP256      = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidSecp256k1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
	oidECKey     = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// derSEC1 is ECPrivateKey of RFC 5915. With it tests can encode wrong keys.
type derSEC1 struct {
	Version    int
	PrivateKey []byte
	Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	PublicKey  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

// derPKCS8 is PrivateKeyInfo of RFC 5208. With it tests can encode wrong keys.
type derPKCS8 struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte
}

func marshalDER(tb testing.TB, v any) []byte {
	tb.Helper()
	der, err := asn1.Marshal(v)
	require.NoError(tb, err)
	return der
}

func encodePEM(blockType string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}))
}

// wrapPKCS8 returns a PrivateKeyInfo that contains the ECPrivateKey inner and names a curve.
func wrapPKCS8(tb testing.TB, inner []byte, curve asn1.ObjectIdentifier) []byte {
	tb.Helper()
	return marshalDER(tb, derPKCS8{
		Algorithm:  pkix.AlgorithmIdentifier{Algorithm: oidECKey, Parameters: asn1.RawValue{FullBytes: marshalDER(tb, curve)}},
		PrivateKey: inner,
	})
}

func sec1DER(tb testing.TB, key *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(tb, err)
	return der
}

func pkcs8DER(tb testing.TB, key any) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	return der
}

func TestParsePrivateKey(t *testing.T) {
	raw := rawKey(t, rfc6979Key(t))
	digits := strings.TrimPrefix(rfc6979Secret, "0x")
	scalar := hexBytes(t, digits)
	uncompressed, err := raw.PublicKey.Bytes()
	require.NoError(t, err)
	compressed := hexBytes(t, rfc6979Public)
	sec1PEM, pkcs8PEM := encodePEM("EC PRIVATE KEY", sec1DER(t, raw)), encodePEM("PRIVATE KEY", pkcs8DER(t, raw))
	parameters := encodePEM("EC PARAMETERS", marshalDER(t, oidP256))
	bitString := func(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }

	for name, input := range map[string]string{
		"hex":                            digits,
		"hex with 0x":                    "0x" + digits,
		"hex, upper case":                strings.ToUpper(digits),
		"hex between white space":        " \t\r\n0x" + digits + "\r\n",
		"SEC 1":                          sec1PEM,
		"SEC 1 without last line break":  strings.TrimSpace(sec1PEM),
		"SEC 1 with CR LF":               strings.ReplaceAll(sec1PEM, "\n", "\r\n"),
		"SEC 1 between white space":      "\n\n  " + sec1PEM + "\n \t\n",
		"SEC 1 after its parameters":     parameters + sec1PEM,
		"SEC 1 after a blank line":       parameters + "\n" + sec1PEM,
		"SEC 1 without a public key":     encodePEM("EC PRIVATE KEY", marshalDER(t, derSEC1{1, scalar, oidP256, asn1.BitString{}})),
		"SEC 1, compressed public key":   encodePEM("EC PRIVATE KEY", marshalDER(t, derSEC1{1, scalar, oidP256, bitString(compressed)})),
		"SEC 1, uncompressed public key": encodePEM("EC PRIVATE KEY", marshalDER(t, derSEC1{1, scalar, oidP256, bitString(uncompressed)})),
		"PKCS #8":                        pkcs8PEM,
		"PKCS #8, curve inside as well":  encodePEM("PRIVATE KEY", wrapPKCS8(t, marshalDER(t, derSEC1{1, scalar, oidP256, asn1.BitString{}}), oidP256)),
	} {
		t.Run(name, func(t *testing.T) {
			key, err := byzantine.ParsePrivateKey(input)
			require.NoError(t, err)
			assert.Equal(t, rfc6979Secret, key.SecretHex())
			assert.Equal(t, rfc6979Public, key.PublicKeyHex())
			assert.Equal(t, compressed, key.PublicKey())
		})
	}
}

func TestParsePrivateKeyAtTheBounds(t *testing.T) {
	order := elliptic.P256().Params().N
	one := big.NewInt(1)
	for _, scalar := range []*big.Int{one, new(big.Int).Sub(order, one), new(big.Int).Lsh(one, 247)} {
		digits := "0x" + hexDigits(scalar)
		key, err := byzantine.ParsePrivateKey(digits)
		require.NoError(t, err)
		assert.Equal(t, digits, key.SecretHex(), "leading zeros stay")
	}
	// The public key of the number 1 is the base point.
	key, err := byzantine.ParsePrivateKey(hexDigits(one))
	require.NoError(t, err)
	assert.Equal(t, "0x036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", key.PublicKeyHex())

	for want, scalar := range map[string]*big.Int{
		"it is zero":                        new(big.Int),
		"it is not below the order":         order,
		"it is not below the order of":      new(big.Int).Add(order, one),
		"not below the order of the curve ": new(big.Int).Sub(new(big.Int).Lsh(one, 256), one),
	} {
		_, err := byzantine.ParsePrivateKey(hexDigits(scalar))
		require.ErrorContains(t, err, want)
	}
}

func hexDigits(n *big.Int) string { return strings.Repeat("0", 64-len(n.Text(16))) + n.Text(16) }

// Old versions of openssl wrote the number without leading zeros. The DER has its length, so the number is not
// ambiguous.
func TestParsePrivateKeyPEMWithoutLeadingZeros(t *testing.T) {
	der := marshalDER(t, derSEC1{1, bytes.Repeat([]byte{7}, 31), oidP256, asn1.BitString{}})
	key, err := byzantine.ParsePrivateKey(encodePEM("EC PRIVATE KEY", der))
	require.NoError(t, err)
	assert.Equal(t, "0x00"+strings.Repeat("07", 31), key.SecretHex())
}

func TestParsePrivateKeyRejections(t *testing.T) {
	raw := rawKey(t, rfc6979Key(t))
	digits := strings.TrimPrefix(rfc6979Secret, "0x")
	scalar := hexBytes(t, digits)
	uncompressed, err := raw.PublicKey.Bytes()
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p384 := newECDSAKey(t, elliptic.P384())
	other := newECDSAKey(t, elliptic.P256())
	otherPoint, err := other.PublicKey.Bytes()
	require.NoError(t, err)
	spki, err := x509.MarshalPKIXPublicKey(raw.Public())
	require.NoError(t, err)

	sec1PEM, pkcs8PEM := encodePEM("EC PRIVATE KEY", sec1DER(t, raw)), encodePEM("PRIVATE KEY", pkcs8DER(t, raw))
	parameters := encodePEM("EC PARAMETERS", marshalDER(t, oidP256))
	bare := func(scalar []byte, curve asn1.ObjectIdentifier) []byte {
		return marshalDER(t, derSEC1{1, scalar, curve, asn1.BitString{}})
	}
	sec1With := func(der []byte) string { return encodePEM("EC PRIVATE KEY", der) }
	pkcs8With := func(der []byte) string { return encodePEM("PRIVATE KEY", der) }

	for _, c := range []struct{ name, input, want string }{
		{"nothing", "", "empty"},
		{"white space", " \r\n\t", "empty"},
		{"0x", "0x", "empty"},
		{"31 bytes", digits[2:], "62 hexadecimal digits instead of 64: leading zeros may have been dropped"},
		{"63 digits", digits[1:], "63 hexadecimal digits"},
		{"65 digits", digits + "0", "65 hexadecimal digits"},
		{"33 bytes", "04" + digits, "66 hexadecimal digits instead of 64"},
		{"two keys in hex", digits + digits, "128 hexadecimal digits"},
		{"compressed public key", rfc6979Public, "looks like a public key"},
		{"compressed public key without 0x", rfc6979Public[2:], "looks like a public key"},
		{"uncompressed public key", "04" + strings.Repeat(digits, 2), "looks like a public key"},
		{"0x twice", "0x0x" + digits, "neither hexadecimal digits nor PEM"},
		{"letter that is no digit", digits[:63] + "g", "neither hexadecimal digits nor PEM"},
		{"same in the middle", digits[:20] + "g" + digits[21:], "neither hexadecimal digits nor PEM"},
		{"blank in the middle", digits[:32] + " " + digits[32:], "neither hexadecimal digits nor PEM"},
		{"quotes", `"` + digits + `"`, "neither hexadecimal digits nor PEM"},
		{"base64", "ya+p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE=", "neither hexadecimal digits nor PEM"},
		{"digits of another script", strings.Repeat("٣", 64), "neither hexadecimal digits nor PEM"},

		{"BEGIN line only", "-----BEGIN EC PRIVATE KEY-----", "damaged"},
		{"no END line", strings.Split(sec1PEM, "-----END")[0], "damaged"},
		{"base64 cut off", strings.Replace(sec1PEM, "=", "", 1), "damaged"},
		{"line breaks written as \\n", strings.ReplaceAll(sec1PEM, "\n", `\n`), `real ones, not \n`},
		{"text before the key", "Bag Attributes\n" + sec1PEM, "other text stands before"},
		{"text between parameters and key", parameters + "text\n" + sec1PEM, "other text stands before"},
		{"damaged key before a good one", "-----BEGIN EC PRIVATE KEY-----\n!\n-----END EC PRIVATE KEY-----\n" + sec1PEM, "damaged"},
		{"begun key before a good one", "-----BEGIN EC PRIVATE KEY-----\n" + sec1PEM, "damaged"},
		{"parameters only", parameters, "parameters only"},
		{"parameters twice", parameters + parameters + sec1PEM, "other data follows"},
		{"text after the key", sec1PEM + "text", "other data follows"},
		{"two keys", sec1PEM + sec1PEM, "other data follows"},
		{"PKCS #8 and SEC 1", pkcs8PEM + sec1PEM, "other data follows"},
		{"hex after PEM", sec1PEM + digits, "other data follows"},
		{"parameters after the key", sec1PEM + parameters, "other data follows"},

		{"encrypted PKCS #8", encodePEM("ENCRYPTED PRIVATE KEY", pkcs8DER(t, raw)), "encrypted"},
		{"encrypted SEC 1", string(pem.EncodeToMemory(&pem.Block{
			Type: "EC PRIVATE KEY", Bytes: sec1DER(t, raw),
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00112233445566778899AABBCCDDEEFF"},
		})), "encrypted"},
		{"public key", encodePEM("PUBLIC KEY", spki), "public key"},
		{"certificate", encodePEM("CERTIFICATE", spki), "public key"},
		{"RSA, PKCS #1", encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "RSA"},
		{"OpenSSH", encodePEM("OPENSSH PRIVATE KEY", []byte("openssh-key-v1\x00")), "OpenSSH"},
		{"DSA", encodePEM("DSA PRIVATE KEY", []byte{0x30, 0}), "neither SEC 1"},
		{"SEC 1 called PKCS #8", pkcs8With(sec1DER(t, raw)), "PKCS #8 structure is damaged"},
		{"PKCS #8 called SEC 1", sec1With(pkcs8DER(t, raw)), "SEC 1 structure is damaged"},

		{"SEC 1, no DER", sec1With(nil), "SEC 1 structure is damaged"},
		{"SEC 1, DER cut off", sec1With(sec1DER(t, raw)[:100]), "SEC 1 structure is damaged"},
		{"SEC 1, data after the DER", sec1With(append(sec1DER(t, raw), 0)), "other data follows"},
		{"SEC 1, version 2", sec1With(marshalDER(t, derSEC1{2, scalar, oidP256, asn1.BitString{}})), "SEC 1 structure is damaged"},
		{"SEC 1, P-384", sec1With(sec1DER(t, p384)), "another curve"},
		{"SEC 1, secp256k1", sec1With(bare(scalar, oidSecp256k1)), "another curve"},
		{"SEC 1, no curve", sec1With(bare(scalar, nil)), "does not name its curve"},
		{"SEC 1, no number", sec1With(bare(nil, oidP256)), "zero"},
		{"SEC 1, zero", sec1With(bare(make([]byte, 32), oidP256)), "zero"},
		{"SEC 1, all ones", sec1With(bare(bytes.Repeat([]byte{0xff}, 32), oidP256)), "not below the order"},
		{"SEC 1, 33 bytes", sec1With(bare(append([]byte{0}, scalar...), oidP256)), "longer than 32 bytes"},
		{
			"SEC 1, another's public key",
			sec1With(marshalDER(t, derSEC1{1, scalar, oidP256, asn1.BitString{Bytes: otherPoint, BitLength: 8 * len(otherPoint)}})),
			"does not belong",
		},
		{
			"SEC 1, public key cut off",
			sec1With(marshalDER(t, derSEC1{1, scalar, oidP256, asn1.BitString{Bytes: uncompressed[:64], BitLength: 8 * 64}})),
			"does not belong",
		},

		{"PKCS #8, no DER", pkcs8With(nil), "PKCS #8 structure is damaged"},
		{"PKCS #8, data after the DER", pkcs8With(append(pkcs8DER(t, raw), 0)), "other data follows"},
		{"PKCS #8, data after the inner DER", pkcs8With(wrapPKCS8(t, append(bare(scalar, nil), 0), oidP256)), "other data follows"},
		{"PKCS #8, RSA", pkcs8With(pkcs8DER(t, rsaKey)), "another algorithm (RSA, Ed25519 ...)"},
		{"PKCS #8, Ed25519", pkcs8With(pkcs8DER(t, edKey)), "another algorithm (RSA, Ed25519 ...)"},
		{"PKCS #8, P-384", pkcs8With(pkcs8DER(t, p384)), "another curve"},
		{"PKCS #8, secp256k1", pkcs8With(wrapPKCS8(t, bare(scalar, nil), oidSecp256k1)), "another curve"},
		{"PKCS #8, another curve inside", pkcs8With(wrapPKCS8(t, bare(scalar, oidSecp256k1), oidP256)), "another curve"},
		{"PKCS #8, no curve", pkcs8With(marshalDER(t, derPKCS8{
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECKey}, PrivateKey: bare(scalar, oidP256),
		})), "does not name its curve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := byzantine.ParsePrivateKey(c.input)
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, key)
			assert.ErrorContains(t, err, "byzantine: private key: ")
			assertQuotesNothing(t, err, c.input)
		})
	}
}

// assertQuotesNothing checks that the error contains no eight characters of a run of digits or base64 in input. Runs of
// letters only, such as "PRIVATE", may be words, so they are allowed.
func assertQuotesNothing(tb testing.TB, err error, input string) {
	tb.Helper()
	for _, run := range strings.FieldsFunc(input, func(r rune) bool { return !isBase64Rune(r) }) {
		for i := 0; i+8 <= len(run); i++ {
			part := run[i : i+8]
			if strings.ContainsAny(part, "0123456789+/") {
				assert.NotContains(tb, strings.ToLower(err.Error()), strings.ToLower(part))
			}
		}
	}
}

func isBase64Rune(r rune) bool {
	return r == '+' || r == '/' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func TestGenerateKey(t *testing.T) {
	a, err := byzantine.GenerateKey()
	require.NoError(t, err)
	b, err := byzantine.GenerateKey()
	require.NoError(t, err)
	assert.NotEqual(t, a.SecretHex(), b.SecretHex())

	assert.Regexp(t, "^0x0[23][0-9a-f]{64}$", a.PublicKeyHex())
	assert.Regexp(t, "^0x[0-9a-f]{64}$", a.SecretHex())
	again, err := byzantine.ParsePrivateKey(a.SecretHex())
	require.NoError(t, err)
	assert.Equal(t, a.PublicKeyHex(), again.PublicKeyHex())
}

func TestPrivateKeyGivesItsPublicKeyAway(t *testing.T) {
	key := rfc6979Key(t)
	key.PublicKey()[0] = 0xff
	assert.Equal(t, rfc6979Public, key.PublicKeyHex())
	assert.Equal(t, hexBytes(t, rfc6979Public), key.PublicKey(), "the slice is the caller's own")
}

func TestPrivateKeyRejectsOtherDigests(t *testing.T) {
	for _, length := range []int{0, 20, 31, 33, 64} {
		_, err := rfc6979Key(t).SignDigest(t.Context(), make([]byte, length))
		assert.Error(t, err, "%d bytes", length)
	}
}

func TestPrivateKeyWithoutAKey(t *testing.T) {
	var none *byzantine.PrivateKey
	for name, key := range map[string]*byzantine.PrivateKey{"nil": none, "zero": new(byzantine.PrivateKey)} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, key.PublicKeyHex())
			assert.Empty(t, key.SecretHex())
			assert.Nil(t, key.PublicKey())
			_, err := key.SignDigest(t.Context(), make([]byte, 32))
			assert.ErrorContains(t, err, "byzantine: private key")
		})
	}
}

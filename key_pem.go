package byzantine

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"strings"
)

// crypto/x509 would read these files too, but it ignores data after the DER, a public key that is not the private
// key's, and the inner curve of a PKCS #8 key. So the two structures are spelled out here.

// keyPKCS8 is PrivateKeyInfo of RFC 5208, section 5. Its optional attributes are ignored.
type keyPKCS8 struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte // a keySEC1 in DER
}

// keySEC1 is ECPrivateKey of RFC 5915, section 3.
type keySEC1 struct {
	Version    int
	PrivateKey []byte
	Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	PublicKey  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

var (
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}    // RFC 5480, section 2.1.1
	oidP256        = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7} // RFC 5480, section 2.1.1.1
)

const pemBegin = "-----BEGIN "

func parseKeyPEM(text string) (*PrivateKey, error) {
	block, rest := cutPEM(text)
	if block != nil && block.Type == "EC PARAMETERS" {
		if rest == "" {
			return nil, keyError("the PEM holds curve parameters only")
		}
		block, rest = cutPEM(rest)
	}
	if block == nil {
		return nil, keyError("the PEM is damaged, or other text stands before it (line breaks must be real ones, not \\n)")
	}
	_, encrypted := block.Headers["Proc-Type"] // RFC 1421, section 4.6.1.1: the form of openssl ec -aes256
	switch {
	case encrypted, block.Type == "ENCRYPTED PRIVATE KEY":
		return nil, keyError("it is encrypted; decrypt it first, for instance with openssl pkey")
	case rest != "":
		return nil, keyError("other data follows the PEM block; one key is expected")
	case block.Type == "EC PRIVATE KEY":
		return parseKeySEC1(block.Bytes, nil)
	case block.Type == "PRIVATE KEY":
		return parseKeyPKCS8(block.Bytes)
	case block.Type == "RSA PRIVATE KEY":
		return nil, keyError("it is an RSA key; a P-256 key is expected")
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, keyError("it is in OpenSSH's own format; convert a P-256 key with ssh-keygen -p -m PKCS8")
	case strings.HasSuffix(block.Type, "PUBLIC KEY"), block.Type == "CERTIFICATE":
		return nil, keyError("the PEM holds a public key")
	}
	return nil, keyError("the PEM is neither SEC 1 (EC PRIVATE KEY) nor PKCS #8 (PRIVATE KEY)")
}

// cutPEM splits off the block that text begins with. pem.Decode alone would skip any text and any damaged block before
// the first good one, and so pick one of several keys.
func cutPEM(text string) (*pem.Block, string) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || !strings.HasPrefix(text, pemBegin) {
		return nil, ""
	}
	if strings.Count(text[:len(text)-len(rest)], pemBegin) != 1 {
		return nil, ""
	}
	return block, string(bytes.TrimSpace(rest))
}

func parseKeyPKCS8(der []byte) (*PrivateKey, error) {
	var outer keyPKCS8
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) != 0 {
		return nil, keyError("the PKCS #8 structure is damaged, or other data follows it")
	}
	if !outer.Algorithm.Algorithm.Equal(oidECPublicKey) {
		return nil, keyError("it is for another algorithm (RSA, Ed25519 ...); a P-256 key is expected")
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(outer.Algorithm.Parameters.FullBytes, &curve); err != nil || len(rest) != 0 {
		return nil, keyError("the PKCS #8 structure does not name its curve; a P-256 key is expected")
	}
	return parseKeySEC1(outer.PrivateKey, curve)
}

// parseKeySEC1 reads an ECPrivateKey. outerCurve is the curve that a PKCS #8 wrapper names, nil without a wrapper.
func parseKeySEC1(der []byte, outerCurve asn1.ObjectIdentifier) (*PrivateKey, error) {
	var inner keySEC1
	if rest, err := asn1.Unmarshal(der, &inner); err != nil || len(rest) != 0 || inner.Version != 1 {
		return nil, keyError("the SEC 1 structure is damaged, or other data follows it")
	}
	for _, curve := range []asn1.ObjectIdentifier{outerCurve, inner.Curve} {
		if curve != nil && !curve.Equal(oidP256) {
			return nil, keyError("it is on another curve than P-256 (also called secp256r1 and prime256v1)")
		}
	}
	if outerCurve == nil && inner.Curve == nil {
		return nil, keyError("the SEC 1 structure does not name its curve; P-256 is expected")
	}
	if len(inner.PrivateKey) > scalarSize {
		return nil, keyError("the number in it is longer than 32 bytes")
	}
	// Old openssl left leading zeros out. Unlike in bare hexadecimal, the DER shows that nothing else is missing.
	scalar := make([]byte, scalarSize)
	copy(scalar[scalarSize-len(inner.PrivateKey):], inner.PrivateKey)
	key, err := keyFromScalar(scalar)
	if err != nil {
		return nil, err
	}
	if len(inner.PublicKey.Bytes) != 0 && !key.hasPoint(inner.PublicKey.Bytes) {
		return nil, keyError("the public key in it does not belong to the private key")
	}
	return key, nil
}

// hasPoint reports whether point, compressed or not (SEC 1, section 2.3.3), is the key's public key.
func (k *PrivateKey) hasPoint(point []byte) bool {
	key, err := k.reveal()
	if err != nil {
		return false
	}
	uncompressed, err := key.PublicKey.Bytes()
	return err == nil && (bytes.Equal(point, uncompressed) || bytes.Equal(point, k.PublicKey()))
}

package passkey

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

const (
	// credentialIDOffset is where the id begins in authenticator data with attested credential data: hash, flags and
	// count, AAGUID, length of the id (W3C WebAuthn, sections 6.1 and 6.5.1).
	credentialIDOffset = 32 + 1 + 4 + 16 + 2

	minModulusBits = 2048
	// maxModulusBits is the size of the largest RSA key. A signature check with a larger key could take seconds.
	maxModulusBits = 8192
)

// credentialPublicKey returns the public key of a new credential, after checking it. The result has the bytes of the
// authenticator data, because go-webauthn's copy was encoded again.
func credentialPublicKey(object protocol.AttestationObject) ([]byte, error) {
	rest := object.RawAuthData[credentialIDOffset+len(object.AuthData.AttData.CredentialID):]
	var key webauthncbor.RawMessage
	if _, err := webauthncbor.UnmarshalFirst(rest, &key); err != nil {
		return nil, malformed(checkPublicKey, "not readable")
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return bytes.Clone(key), nil
}

const checkPublicKey = checkAuthData + ".credentialPublicKey"

// checkKey accepts a COSE_Key for ES256 on P-256, or for RS256 with 2048 to 8192 bits, and rejects all others.
// go-webauthn compares only the algorithm, so that a point that is not on the curve would fail at the first signature.
func checkKey(cose []byte) error {
	if reason := unsupportedKey(cose); reason != "" {
		return &Error{Check: checkPublicKey, Reason: reason, Kind: ErrUnsupportedKey}
	}
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return &Error{Check: checkPublicKey, Reason: libraryReason(err), Kind: ErrUnsupportedKey}
	}
	switch key := parsed.(type) {
	case webauthncose.EC2PublicKeyData: // its parser has checked curve and point
		if webauthncose.COSEAlgorithmIdentifier(key.Algorithm) == webauthncose.AlgES256 {
			return nil
		}
	case webauthncose.RSAPublicKeyData:
		if webauthncose.COSEAlgorithmIdentifier(key.Algorithm) == webauthncose.AlgRS256 {
			return checkRSAKey(key)
		}
	}
	return &Error{Check: checkPublicKey, Reason: "its type is not that of its algorithm", Kind: ErrUnsupportedKey}
}

// The labels of a COSE_Key (RFC 9052, section 7.1; RFC 9053, section 7; RFC 8230, section 4).
const (
	labelKeyType      = 1
	labelAlgorithm    = 3
	labelPrivateCurve = -4 // the private part d of a key on a curve
	labelPrivateRSA   = -3 // the private part d of an RSA key; all labels below -3 belong to its private key too
)

// unsupportedKey returns why a COSE_Key is not supported: its algorithm is neither ES256 nor RS256, or it has its
// private part, with which whoever saw the key could sign as the user. It returns "" if neither is the case.
func unsupportedKey(cose []byte) (reason string) {
	var key map[any]any
	if webauthncbor.Unmarshal(cose, &key) != nil {
		return "" // checkKey rejects it
	}
	fields := map[int64]any{}
	for label, value := range key {
		if n, isNumber := integer(label); isNumber {
			fields[n] = value
		}
	}
	keyType, _ := integer(fields[labelKeyType])
	for label := range fields {
		if keyType == int64(webauthncose.RSAKey) && label <= labelPrivateRSA ||
			keyType != int64(webauthncose.RSAKey) && label == labelPrivateCurve {
			return "it brings its private part along"
		}
	}
	algorithm, named := integer(fields[labelAlgorithm])
	switch id := webauthncose.COSEAlgorithmIdentifier(algorithm); {
	case !named:
		return "it names no COSE algorithm"
	case id == webauthncose.AlgES256 || id == webauthncose.AlgRS256:
		return ""
	case id.String() != strconv.FormatInt(algorithm, 10):
		return fmt.Sprintf("COSE algorithm %d (%s), neither -7 (ES256) nor -257 (RS256)", algorithm, id)
	default:
		return fmt.Sprintf("COSE algorithm %d, neither -7 (ES256) nor -257 (RS256)", algorithm)
	}
}

// integer returns an integer that the CBOR decoder has read, and false for any other value.
func integer(value any) (n int64, ok bool) {
	switch v := value.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func checkRSAKey(key webauthncose.RSAPublicKeyData) error {
	n, e := new(big.Int).SetBytes(key.Modulus), new(big.Int).SetBytes(key.Exponent)
	reason := ""
	switch {
	case n.BitLen() < minModulusBits || n.BitLen() > maxModulusBits:
		reason = "an RSA modulus that has not 2048 to 8192 bits"
	case n.Bit(0) == 0:
		reason = "an RSA modulus that is even"
	case e.Bit(0) == 0 || e.BitLen() < 2 || e.BitLen() > 31:
		reason = "an RSA exponent that is even, 1 or longer than 31 bits"
	default:
		return nil
	}
	return &Error{Check: checkPublicKey, Reason: reason, Kind: ErrUnsupportedKey}
}

package passkey

import (
	"bytes"
	"math/big"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

const (
	// credentialIDOffset is where the id begins in authenticator data with attested credential data: hash, flags and
	// count, AAGUID, length of the id (W3C WebAuthn, sections 6.1 and 6.5.1).
	credentialIDOffset = 32 + 1 + 4 + 16 + 2

	minModulusBits = 2048
	// maxModulusBits keeps a signature check with an invented key from taking seconds.
	maxModulusBits = 8192
)

// credentialPublicKey returns the public key of a new credential, in the very bytes of the authenticator data:
// go-webauthn holds a copy that it has encoded anew.
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

// checkKey takes ES256 on P-256 and RS256 with a modulus of sensible size. go-webauthn compares the algorithm only, and
// leaves a point off the curve for the first login to fail on.
func checkKey(cose []byte) error {
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
	return &Error{Check: checkPublicKey, Reason: "neither ES256 nor RS256", Kind: ErrUnsupportedKey}
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

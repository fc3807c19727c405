package byzantine

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

// CompressPublicKey encodes a P-256 public key in the API's form: the compressed point (SEC 1, section 2.3.3), 33
// bytes. [Signer].PublicKey returns this form, and the Pubkey of a credential is 0x followed by its hexadecimal digits.
// A key on another curve, a point that is not on the curve, and a key without coordinates are errors.
func CompressPublicKey(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := compressPoint(key)
	if err != nil {
		return nil, fmt.Errorf("byzantine: compress public key: %w", err)
	}
	return point, nil
}

// CheckSigner makes one signature with s and verifies it with the public key of s. A program with a [Signer] of its own
// should call it when it starts, so that a wrong key or encoding is found then and not as a 401 of the first call.
//
// It uses no network except what s itself uses, so it cannot find out whether the API knows the key: [Client.Whoami]
// does. The error says what is wrong: the public key is not a compressed P-256 point, signing failed (the error of s is
// wrapped), the signature is r||s instead of ASN.1 DER, the digest was hashed again, or the public key does not belong
// to the private key.
func CheckSigner(ctx context.Context, s Signer) error {
	if ctx == nil || s == nil {
		return errors.New("byzantine: check signer: the context or the signer is nil")
	}
	public, err := p256.ParseCompressed(s.PublicKey())
	if err != nil {
		return fmt.Errorf("byzantine: check signer: the public key: %w", err)
	}
	if err := checkSigning(public, func(digest []byte) ([]byte, error) { return s.SignDigest(ctx, digest) }); err != nil {
		return fmt.Errorf("byzantine: check signer: %w", err)
	}
	return nil
}

// checkSigning makes one signature and verifies it.
func checkSigning(public *ecdsa.PublicKey, sign func(digest []byte) ([]byte, error)) error {
	// No request can have this digest: a request's message begins with a digit.
	digest := sha256.Sum256([]byte("byzantine-go: does this key sign?"))
	signature, err := sign(digest[:])
	if err != nil {
		return fmt.Errorf("the first signature failed: %w", errtext.Bare(err))
	}
	if ecdsa.VerifyASN1(public, digest[:], signature) {
		return nil
	}
	again := sha256.Sum256(digest[:])
	switch der, err := p256.SignatureFromRaw(signature); {
	case err == nil && ecdsa.VerifyASN1(public, digest[:], der):
		return errors.New("the signature is r||s, 64 bytes; it must be ASN.1 DER")
	case ecdsa.VerifyASN1(public, again[:], signature), err == nil && ecdsa.VerifyASN1(public, again[:], der):
		return errors.New("the signature does not verify: the digest was hashed again before it was signed; choose the mode of the key service for digests")
	}
	return errors.New("the key's signature does not verify with its public key, or is not ASN.1 DER")
}

package awskms

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/remotekey"
)

// API is the part of *kms.Client that a Signer uses.
type API interface {
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
}

var _ API = (*kms.Client)(nil)

// Signer signs with one key of KMS. It is safe for concurrent use.
type Signer struct {
	key *remotekey.Key
	arn string
}

var _ byzantine.Signer = (*Signer)(nil)

// New reads the public key of a KMS key, has KMS make one signature with the key, and verifies it. keyID is the ARN or
// the id of the key, or an alias ("alias/name" or the alias's ARN).
//
// It fails, with an error that names what to fix, if the key does not exist, is disabled or about to be deleted, is not an
// ECC_NIST_P256 key for SIGN_VERIFY, or if kms:GetPublicKey or kms:Sign is not allowed. The error of the AWS SDK is wrapped.
func New(ctx context.Context, client API, keyID string) (*Signer, error) {
	if v := reflect.ValueOf(client); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("awskms: the client is nil")
	}
	if keyID == "" {
		return nil, errors.New("awskms: the key id is empty: give the ARN or id of a key, or an alias")
	}
	getting, stop := context.WithTimeout(ctx, remotekey.SignTimeout)
	defer stop()
	out, err := client.GetPublicKey(getting, &kms.GetPublicKeyInput{KeyId: &keyID})
	if err != nil {
		return nil, fmt.Errorf("awskms: %w", explain("kms:GetPublicKey", keyID, err))
	}
	if err := check(out); err != nil {
		return nil, fmt.Errorf("awskms: %s: %w", keyID, err)
	}
	public, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("awskms: the public key: %w", err)
	}
	arn := aws.ToString(out.KeyId)
	key, err := remotekey.New(ctx, remotekey.Config{
		Name: "awskms", Public: public, TryTimeout: remotekey.TryTimeout,
		Sign: func(ctx context.Context, digest []byte) ([]byte, error) {
			out, err := client.Sign(ctx, &kms.SignInput{
				KeyId: &arn, Message: digest,
				MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
			})
			if err != nil {
				return nil, explain("kms:Sign", arn, err)
			}
			return out.Signature, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &Signer{key, arn}, nil
}

// check returns an error if KMS describes the key as one that cannot be used, because that is clearer than the error of
// a first signature.
func check(out *kms.GetPublicKeyOutput) error {
	switch {
	case out.KeyUsage != types.KeyUsageTypeSignVerify:
		return fmt.Errorf("the key usage is %s; make a key with the usage SIGN_VERIFY", out.KeyUsage)
	case out.KeySpec != types.KeySpecEccNistP256:
		return fmt.Errorf("the key spec is %s; make a key with the spec ECC_NIST_P256", out.KeySpec)
	case !slices.Contains(out.SigningAlgorithms, types.SigningAlgorithmSpecEcdsaSha256):
		return fmt.Errorf("the key signs with %v; ECDSA_SHA_256 is needed", out.SigningAlgorithms)
	case aws.ToString(out.KeyId) == "":
		return errors.New("the response names no key")
	}
	return nil
}

// PublicKey returns the compressed point of the key, 33 bytes, as [New] read it. The caller may change the slice.
func (s *Signer) PublicKey() []byte { return s.key.PublicKey() }

// SignDigest has KMS sign a SHA-256 digest of 32 bytes and returns the signature in ASN.1 DER. It takes 30 seconds at most,
// and less if ctx ends. Its errors name what to fix and wrap the error of the AWS SDK.
func (s *Signer) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return s.key.SignDigest(ctx, digest)
}

// KeyARN returns the ARN of the key, even if [New] was given an alias.
func (s *Signer) KeyARN() string { return s.arn }

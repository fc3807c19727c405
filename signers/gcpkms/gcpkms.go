package gcpkms

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"regexp"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/remotekey"
)

// API is the part of *apiv1.KeyManagementClient, of the package cloud.google.com/go/kms/apiv1, that a Signer uses.
type API interface {
	GetPublicKey(context.Context, *kmspb.GetPublicKeyRequest, ...gax.CallOption) (*kmspb.PublicKey, error)
	AsymmetricSign(context.Context, *kmspb.AsymmetricSignRequest, ...gax.CallOption) (*kmspb.AsymmetricSignResponse, error)
}

// Signer signs with one version of a key of Cloud KMS. It is safe for concurrent use.
type Signer struct {
	key    *remotekey.Key
	client API
	name   string
}

var _ byzantine.Signer = (*Signer)(nil)

var versionName = regexp.MustCompile(`^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/[0-9]+$`)

// New reads the public key of a key version, has Cloud KMS make one signature with it, and verifies it. name is the
// version's resource name: projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N.
//
// It fails, with an error that names what to fix, if the name has another form, the version does not exist, is disabled
// or destroyed, its algorithm is not EC_SIGN_P256_SHA256, or a permission is missing. Errors of the service are
// wrapped.
func New(ctx context.Context, client API, name string) (*Signer, error) {
	if v := reflect.ValueOf(client); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("gcpkms: the client is nil")
	}
	if !versionName.MatchString(name) {
		return nil, fmt.Errorf("gcpkms: the name of the key version is %q; it must be projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N", name)
	}
	s := &Signer{client: client, name: name}
	public, err := s.publicKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("gcpkms: %w", err)
	}
	s.key, err = remotekey.New(ctx, remotekey.Config{Name: "gcpkms", Public: public, Sign: s.sign, TryTimeout: remotekey.TryTimeout})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// PublicKey returns the compressed point of the key, 33 bytes, as [New] read it. The caller may change the slice.
func (s *Signer) PublicKey() []byte { return s.key.PublicKey() }

// SignDigest has KMS sign a SHA-256 digest of 32 bytes and returns the signature in ASN.1 DER. It takes 30 seconds at most,
// and less if ctx ends. Its errors name what to fix and wrap the error of the service.
func (s *Signer) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return s.key.SignDigest(ctx, digest)
}

// Name returns the resource name of the key version.
func (s *Signer) Name() string { return s.name }

func (s *Signer) publicKey(ctx context.Context) (crypto.PublicKey, error) {
	ctx, stop := context.WithTimeout(ctx, remotekey.SignTimeout)
	defer stop()
	out, err := s.client.GetPublicKey(ctx, &kmspb.GetPublicKeyRequest{Name: s.name})
	if err != nil {
		return nil, explain("cloudkms.cryptoKeyVersions.viewPublicKey", s.name, err)
	}
	if want := kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256; out.GetAlgorithm() != want {
		return nil, fmt.Errorf("%s: the algorithm is %s; make a key with the algorithm %s", s.name, out.GetAlgorithm(), want)
	}
	if out.GetName() != s.name || !isChecksum(out.GetPemCrc32C(), []byte(out.GetPem())) {
		return nil, fmt.Errorf("%s: the public key was damaged on the way: its name or checksum is wrong", s.name)
	}
	block, _ := pem.Decode([]byte(out.GetPem()))
	if block == nil {
		return nil, fmt.Errorf("%s: the public key is not in PEM", s.name)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: the public key: %w", s.name, err)
	}
	return public, nil
}

func (s *Signer) sign(ctx context.Context, digest []byte) ([]byte, error) {
	out, err := s.client.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
		Name:         s.name,
		Digest:       &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: digest}},
		DigestCrc32C: wrapperspb.Int64(checksum(digest)),
	})
	if err != nil {
		return nil, explain("cloudkms.cryptoKeyVersions.useToSign", s.name, err)
	}
	if !out.GetVerifiedDigestCrc32C() || out.GetName() != s.name || !isChecksum(out.GetSignatureCrc32C(), out.GetSignature()) {
		return nil, remotekey.Transient(fmt.Errorf("%s: the signature or its digest was damaged on the way: a checksum or the name is wrong", s.name))
	}
	return out.GetSignature(), nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) int64 { return int64(crc32.Checksum(data, castagnoli)) }

// isChecksum reports whether got is the checksum of data. A missing checksum is not.
func isChecksum(got *wrapperspb.Int64Value, data []byte) bool {
	return got != nil && got.GetValue() == checksum(data)
}

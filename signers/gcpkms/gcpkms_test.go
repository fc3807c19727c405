package gcpkms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	apiv1 "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/signertest"
	"github.com/byzantine-finance/byzantine-go/signers/gcpkms"
)

func TestSigner(t *testing.T) {
	s, client := newServer(t)
	signer, err := gcpkms.New(t.Context(), client, name)
	require.NoError(t, err)
	assert.Equal(t, name, signer.Name())
	signertest.Test(t, signer)
	assert.Equal(t, 1, s.reads, "the public key is read once")
}

func TestNewRejectsNames(t *testing.T) {
	s, client := newServer(t)
	for _, wrong := range []string{
		"", "byzantine", name + "/", name + "\n", "/" + name,
		"projects/p/locations/europe-west1/keyRings/r/cryptoKeys/byzantine",
		"projects/p/locations/europe-west1/keyRings/r/cryptoKeys/byzantine/cryptoKeyVersions/",
		"projects/p/locations/europe-west1/keyRings/r/cryptoKeys/byzantine/cryptoKeyVersions/latest",
	} {
		_, err := gcpkms.New(t.Context(), client, wrong)
		assert.ErrorContains(t, err, "gcpkms: the name of the key version is ", "%q", wrong)
		assert.Empty(t, errtext.Flaw(err.Error()), err)
	}
	assert.Zero(t, s.reads, "nothing was sent")
	_, err := gcpkms.New(t.Context(), nil, name)
	require.ErrorContains(t, err, "the client is nil")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, err = gcpkms.New(t.Context(), (*apiv1.KeyManagementClient)(nil), name)
	require.ErrorContains(t, err, "the client is nil")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
}

func TestNewRejectsKeys(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	publish := func(text string) func(*kmspb.PublicKey) {
		return func(out *kmspb.PublicKey) { out.Pem, out.PemCrc32C = text, crc([]byte(text)) }
	}
	for _, c := range []struct {
		name   string
		change func(*kmspb.PublicKey)
		want   string
	}{
		{"P-384", func(out *kmspb.PublicKey) { out.Algorithm = kmspb.CryptoKeyVersion_EC_SIGN_P384_SHA384 },
			"the algorithm is EC_SIGN_P384_SHA384; make a key with the algorithm EC_SIGN_P256_SHA256"},
		{"RSA", func(out *kmspb.PublicKey) { out.Algorithm = kmspb.CryptoKeyVersion_RSA_SIGN_PSS_2048_SHA256 }, "the algorithm is RSA_SIGN_PSS_2048_SHA256"},
		{"no checksum", func(out *kmspb.PublicKey) { out.PemCrc32C = nil }, "damaged on the way"},
		{"wrong checksum", func(out *kmspb.PublicKey) { out.PemCrc32C.Value++ }, "damaged on the way"},
		{"another name", func(out *kmspb.PublicKey) { out.Name = name + "0" }, "damaged on the way"},
		{"no PEM", publish("text"), "is not in PEM"},
		{"no public key", publish("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "the public key: "},
		{"a key on P-384 all the same", publish(pemOf(p384.Public())), "not on the curve P-256"},
		{"the public key of another", publish(pemOf(other.Public())), "does not verify with its public key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, client := newServer(t)
			s.set(func() { s.onPublic = c.change })
			signer, err := gcpkms.New(t.Context(), client, name)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "gcpkms: ")
			assert.Empty(t, errtext.Flaw(err.Error()), err)
			assert.Nil(t, signer)
		})
	}
}

func TestRejections(t *testing.T) {
	s, client := newServer(t)
	signer, err := gcpkms.New(t.Context(), client, name)
	require.NoError(t, err)
	for _, c := range []struct {
		code codes.Code
		want string
	}{
		{codes.PermissionDenied, "the permission is missing"},
		{codes.Unauthenticated, "the Google credentials are missing or not valid"},
		{codes.NotFound, "there is no such key version"},
		{codes.FailedPrecondition, "the key version is not enabled"},
		{codes.InvalidArgument, "the purpose ASYMMETRIC_SIGN"},
		{codes.ResourceExhausted, "the quota of Cloud KMS is used up"},
		{codes.Internal, "Cloud KMS failed"},
		{codes.Aborted, "Aborted"},
	} {
		t.Run(c.code.String(), func(t *testing.T) {
			s.set(func() { s.state = c.code })
			_, err := gcpkms.New(t.Context(), client, name)
			require.ErrorContains(t, err, "gcpkms: cloudkms.cryptoKeyVersions.viewPublicKey on "+name+": ")
			assert.ErrorContains(t, err, c.want)
			assert.Empty(t, errtext.Flaw(err.Error()), err)

			_, err = signer.SignDigest(t.Context(), make([]byte, 32))
			require.ErrorContains(t, err, "gcpkms: cloudkms.cryptoKeyVersions.useToSign on "+name+": ")
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "the server's own words")
			assert.Empty(t, errtext.Flaw(err.Error()), err)
			assert.Equal(t, c.code, status.Code(err), "the error of the service is wrapped")
		})
	}
	s.set(func() { s.state = codes.OK })
	require.NoError(t, byzantine.CheckSigner(t.Context(), signer), "an enabled version signs again")
}

func TestASignatureThatIsDamagedOnTheWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*kmspb.AsymmetricSignResponse)
	}{
		{"signature", func(out *kmspb.AsymmetricSignResponse) { out.Signature[9] ^= 1 }},
		{"no checksum", func(out *kmspb.AsymmetricSignResponse) { out.SignatureCrc32C = nil }},
		{"checksum of the digest was not looked at", func(out *kmspb.AsymmetricSignResponse) { out.VerifiedDigestCrc32C = false }},
		{"another version", func(out *kmspb.AsymmetricSignResponse) { out.Name = name + "0" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, client := newServer(t)
			signer, err := gcpkms.New(t.Context(), client, name)
			require.NoError(t, err)
			damaged := 0
			s.set(func() {
				s.onSign = func(_ context.Context, out *kmspb.AsymmetricSignResponse) error {
					if damaged++; damaged <= 2 {
						c.damage(out)
					}
					return nil
				}
			})
			require.NoError(t, byzantine.CheckSigner(t.Context(), signer), "the call is made again")
			assert.Equal(t, 3, damaged)
			s.set(func() {
				s.onSign = func(_ context.Context, out *kmspb.AsymmetricSignResponse) error { c.damage(out); return nil }
			})
			_, err = signer.SignDigest(t.Context(), make([]byte, 32))
			require.ErrorContains(t, err, "damaged on the way")
			assert.Empty(t, errtext.Flaw(err.Error()), err)
		})
	}
}

func TestAnUnavailableServiceIsTriedAgain(t *testing.T) {
	s, client := newServer(t)
	signer, err := gcpkms.New(t.Context(), client, name)
	require.NoError(t, err)
	away := 0
	s.set(func() {
		s.onSign = func(context.Context, *kmspb.AsymmetricSignResponse) error {
			if away++; away == 1 {
				return status.Error(codes.Unavailable, "away")
			}
			return nil
		}
	})
	require.NoError(t, byzantine.CheckSigner(t.Context(), signer))
	assert.Equal(t, 2, away)
}

func TestContextEndsASignature(t *testing.T) {
	s, client := newServer(t)
	signer, err := gcpkms.New(t.Context(), client, name)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	s.set(func() {
		s.onSign = func(ctx context.Context, _ *kmspb.AsymmetricSignResponse) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
	})
	_, err = signer.SignDigest(ctx, make([]byte, 32))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 2, s.signs, "it is not tried again")
}

func BenchmarkSigner(b *testing.B) {
	_, client := newServer(b)
	signer, err := gcpkms.New(b.Context(), client, name)
	require.NoError(b, err)
	signertest.Benchmark(b, signer)
}

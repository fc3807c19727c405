package awskms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/signertest"
	"github.com/byzantine-finance/byzantine-go/signers/awskms"
)

func TestSigner(t *testing.T) {
	client := localKMS(t)
	signer, err := awskms.New(t.Context(), client, createSigningKey(t, client))
	require.NoError(t, err)
	signertest.Test(t, signer)
}

func TestAnAliasIsResolvedOnce(t *testing.T) {
	client := localKMS(t)
	first, second := createSigningKey(t, client), createSigningKey(t, client)
	alias := "alias/byzantine-" + first // an alias that no earlier run has used
	_, err := client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &first})
	require.NoError(t, err)
	signer, err := awskms.New(t.Context(), client, alias)
	require.NoError(t, err)
	assert.Contains(t, signer.KeyARN(), first)
	assert.Contains(t, signer.KeyARN(), "arn:aws:kms:")

	_, err = client.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: &alias, TargetKeyId: &second})
	require.NoError(t, err)
	require.NoError(t, byzantine.CheckSigner(t.Context(), signer), "a moved alias changes no signer")
	next, err := awskms.New(t.Context(), client, alias)
	require.NoError(t, err)
	assert.NotEqual(t, signer.PublicKey(), next.PublicKey())
}

func TestNewRejectsOtherKeys(t *testing.T) {
	client := localKMS(t)
	disabled, deleted := createSigningKey(t, client), createSigningKey(t, client)
	_, err := client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &disabled})
	require.NoError(t, err)
	_, err = client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &deleted})
	require.NoError(t, err)
	for _, c := range []struct{ name, key, want string }{
		{"none", "", "the key id is empty"},
		{"unknown", "0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d11", "there is no such key in this account and region"},
		{"unknown alias", "alias/nothing", "there is no such key in this account and region"},
		{"P-384", createKey(t, client, types.KeySpecEccNistP384, types.KeyUsageTypeSignVerify), "the key spec is ECC_NIST_P384; make a key with the spec ECC_NIST_P256"},
		{"Bitcoin's curve", createKey(t, client, types.KeySpecEccSecgP256k1, types.KeyUsageTypeSignVerify), "the key spec is ECC_SECG_P256K1"},
		{"RSA for encryption", createKey(t, client, types.KeySpecRsa2048, types.KeyUsageTypeEncryptDecrypt), "the key usage is ENCRYPT_DECRYPT; make a key with the usage SIGN_VERIFY"},
		{"symmetric", createKey(t, client, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt), "make one with the usage SIGN_VERIFY and the spec ECC_NIST_P256"},
		{"disabled", disabled, "the key is disabled: enable it"},
		{"to be deleted", deleted, "its deletion is scheduled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer, err := awskms.New(t.Context(), client, c.key)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "awskms: ")
			assert.ErrorContains(t, err, c.key)
			assert.Empty(t, errtext.Flaw(err.Error()), err)
			assert.NotContains(t, err.Error(), "the secret of this test")
			assert.Nil(t, signer)
		})
	}
}

func TestAKeyThatIsDisabledAndEnabledAgain(t *testing.T) {
	client := localKMS(t)
	id := createSigningKey(t, client)
	signer, err := awskms.New(t.Context(), client, id)
	require.NoError(t, err)
	_, err = client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &id})
	require.NoError(t, err)
	_, err = signer.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "awskms: kms:Sign on "+signer.KeyARN()+": the key is disabled: enable it")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, isDisabled := errors.AsType[*types.DisabledException](err)
	assert.True(t, isDisabled, "the error of the AWS SDK is wrapped")

	_, err = client.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &id})
	require.NoError(t, err)
	require.NoError(t, byzantine.CheckSigner(t.Context(), signer))
}

func TestNewReadsTheAnswerOfKMS(t *testing.T) {
	for _, c := range []struct {
		name   string
		change map[string]any
		want   string
	}{
		{"no signing algorithm", map[string]any{"SigningAlgorithms": []string{}}, "ECDSA_SHA_256 is needed"},
		{"no key", map[string]any{"KeyId": ""}, "names no key"},
		{"no public key", map[string]any{"PublicKey": nil}, "the public key: "},
		{"public key of another", map[string]any{"PublicKey": otherPublicKey(t)}, "does not verify with its public key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newWire(t)
			server.getPublicKey = c.change
			_, err := awskms.New(t.Context(), newClient(server.URL), "alias/byzantine")
			require.ErrorContains(t, err, c.want)
			assert.Empty(t, errtext.Flaw(err.Error()), err)
		})
	}
	_, err := awskms.New(t.Context(), nil, arn)
	require.ErrorContains(t, err, "the client is nil")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, err = awskms.New(t.Context(), (*kms.Client)(nil), arn)
	require.ErrorContains(t, err, "the client is nil")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
}

func TestRejections(t *testing.T) {
	for _, c := range []struct {
		action, code string
		status       int
		want         string
	}{
		{"GetPublicKey", "AccessDeniedException", 400, "kms:GetPublicKey on alias/byzantine: the permission is missing"},
		{"Sign", "AccessDeniedException", 400, "kms:Sign on " + arn + ": the permission is missing"},
		{"Sign", "InvalidKeyUsageException", 400, "the key is not for signing"},
		{"Sign", "ThrottlingException", 400, "the request quota of KMS is used up"},
		{"Sign", "KMSInternalException", 500, "KMS failed, also after the retries"},
		{"GetPublicKey", "ExpiredTokenException", 400, "the AWS credentials have expired"},
		{"GetPublicKey", "UnrecognizedClientException", 400, "the AWS credentials are not valid"},
		{"GetPublicKey", "AnythingElse", 400, "AnythingElse"},
	} {
		t.Run(c.action+" "+c.code, func(t *testing.T) {
			server := newWire(t)
			server.fail = func(action string, w http.ResponseWriter) bool {
				if action == c.action {
					reject(w, c.code, c.status)
				}
				return action == c.action
			}
			_, err := awskms.New(t.Context(), newClient(server.URL), "alias/byzantine")
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "the server's own words")
			assert.Empty(t, errtext.Flaw(err.Error()), err)
		})
	}

	server := newWire(t)
	server.Close()
	_, err := awskms.New(t.Context(), newClient(server.URL), arn)
	require.ErrorContains(t, err, "no response (check the AWS credentials, the region and the network)")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
}

func TestThrottlingIsRetried(t *testing.T) {
	server := newWire(t)
	throttled := 0
	server.fail = func(action string, w http.ResponseWriter) bool {
		if action == "Sign" && throttled < 2 {
			throttled++
			reject(w, "ThrottlingException", 400)
			return true
		}
		return false
	}
	signer, err := awskms.New(t.Context(), newClient(server.URL), "alias/byzantine")
	require.NoError(t, err)
	assert.Equal(t, 2, throttled)
	assert.Equal(t, []string{"alias/byzantine", arn, arn, arn}, server.keyIDs, "it reads the public key once and signs with the ARN")
	assert.Equal(t, arn, signer.KeyARN())
}

func TestContextEndsASignature(t *testing.T) {
	server := newWire(t)
	signer, err := awskms.New(t.Context(), newClient(server.URL), arn)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	server.fail = func(string, http.ResponseWriter) bool {
		cancel()
		<-release
		return true
	}
	_, err = signer.SignDigest(ctx, make([]byte, 32))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, server.signed, "the first signature only")
}

func otherPublicKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return public
}

func BenchmarkSigner(b *testing.B) {
	client := localKMS(b)
	signer, err := awskms.New(b.Context(), client, createSigningKey(b, client))
	require.NoError(b, err)
	signertest.Benchmark(b, signer)
}

package awskms_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/testserver"
)

var shared *testserver.Server // the local-kms of all tests; nil if local-kms cannot be built

func TestMain(m *testing.M) {
	os.Exit(testserver.Main(m, testserver.Start{At: &shared, New: func() (*testserver.Server, error) {
		return testserver.NewLocalKMS("testdata/localkms")
	}}))
}

func newClient(url string) *kms.Client {
	return kms.New(kms.Options{
		Region:       "eu-west-2",
		BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "the secret of this test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond }),
	})
}

// localKMS returns a client of the shared local-kms, and skips the test if there is none.
func localKMS(t testing.TB) *kms.Client {
	t.Helper()
	if shared == nil {
		t.Skip("local-kms cannot be built (set BYZANTINE_REQUIRE_PROGRAMS=1 to fail instead)")
	}
	return newClient(shared.URL)
}

func createKey(t testing.TB, client *kms.Client, spec types.KeySpec, usage types.KeyUsageType) string {
	t.Helper()
	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
	require.NoError(t, err)
	return aws.ToString(out.KeyMetadata.KeyId)
}

func createSigningKey(t testing.TB, client *kms.Client) string {
	t.Helper()
	return createKey(t, client, types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify)
}

const arn = "arn:aws:kms:eu-west-2:111122223333:key/0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d11"

// wire is a fake of KMS with one key, for what local-kms cannot do: rejections by policy, quotas, and no response.
type wire struct {
	*httptest.Server
	key          *ecdsa.PrivateKey
	getPublicKey map[string]any                                  // fields that replace those of the response
	fail         func(action string, w http.ResponseWriter) bool // returns true if it has responded instead of the fake
	signed       int
	keyIDs       []string // the key ids in the requests
}

func newWire(t *testing.T) *wire {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := &wire{key: key}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	var in struct {
		KeyId   string
		Message []byte
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		reject(w, "SerializationException", 400)
		return
	}
	s.keyIDs = append(s.keyIDs, in.KeyId)
	if s.fail != nil && s.fail(action, w) {
		return
	}
	switch action {
	case "GetPublicKey":
		public, _ := x509.MarshalPKIXPublicKey(s.key.Public())
		out := map[string]any{
			"KeyId": arn, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY",
			"SigningAlgorithms": []string{"ECDSA_SHA_256"}, "PublicKey": public,
		}
		for name, value := range s.getPublicKey {
			out[name] = value
		}
		_ = json.NewEncoder(w).Encode(out)
	case "Sign":
		s.signed++
		der, err := s.key.Sign(rand.Reader, in.Message, crypto.SHA256)
		if err != nil {
			reject(w, "ValidationException", 400)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": in.KeyId, "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256"})
	}
}

func reject(w http.ResponseWriter, code string, status int) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "the server's own words"})
}

package byzantine_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// azureSigner signs with a key of the type EC or EC-HSM on P-256 in Azure Key Vault or Managed HSM.
type azureSigner struct {
	key   string                                // "https://NAME.vault.azure.net/keys/byzantine/VERSION"
	token func(context.Context) (string, error) // a function of azidentity, for the scope https://vault.azure.net/.default
	point []byte                                // the compressed public key, from byzantine.CompressPublicKey
}

func (s *azureSigner) PublicKey() []byte { return s.point }

func (s *azureSigner) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	token, err := s.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("azure: %w", err)
	}
	request := fmt.Appendf(nil, `{"alg":"ES256","value":%q}`, base64.RawURLEncoding.EncodeToString(digest))
	header := http.Header{"Authorization": {"Bearer " + token}}
	var response struct{ Value string }
	if err := postJSON(ctx, s.key+"/sign?api-version=7.4", header, request, &response); err != nil {
		return nil, fmt.Errorf("azure: %w", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(response.Value) // r||s
	if err != nil || len(raw) != 64 {
		return nil, errors.New("azure: the response holds no signature of 64 bytes")
	}
	return asn1.Marshal([]*big.Int{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
}

func TestAzureSigner(t *testing.T) {
	key := rawKey(t, rfc6979Key(t))
	value := "" // if it is not empty, the fake responds with it
	azure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Alg, Value string }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&in))
		assert.Equal(t, "/keys/byzantine/1/sign?api-version=7.4", r.URL.RequestURI())
		assert.Equal(t, "Bearer the token", r.Header.Get("Authorization"))
		assert.Equal(t, "ES256", in.Alg)
		digest, err := base64.RawURLEncoding.DecodeString(in.Value)
		assert.NoError(t, err)
		x, y, err := ecdsa.Sign(rand.Reader, key, digest)
		assert.NoError(t, err)
		raw := make([]byte, 64)
		x.FillBytes(raw[:32])
		y.FillBytes(raw[32:])
		signature := base64.RawURLEncoding.EncodeToString(raw)
		if value != "" {
			signature = value
		}
		fmt.Fprintf(w, `{"value":%q}`, signature)
	}))
	defer azure.Close()
	failed := errors.New("no token")
	signer := &azureSigner{
		key:   azure.URL + "/keys/byzantine/1",
		token: func(context.Context) (string, error) { return "the token", nil },
		point: rfc6979Key(t).PublicKey(),
	}
	for range 4 { // several, so that numbers with and without a leading zero in DER occur
		require.NoError(t, byzantine.CheckSigner(t.Context(), signer))
	}
	for _, value = range []string{"AAAA", "not base64!"} {
		require.ErrorContains(t, byzantine.CheckSigner(t.Context(), signer), "no signature of 64 bytes")
	}
	signer.token = func(context.Context) (string, error) { return "", failed }
	require.ErrorIs(t, byzantine.CheckSigner(t.Context(), signer), failed)
}

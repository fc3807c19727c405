package byzantine_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// vaultSigner signs with a key of the type ecdsa-p256 in the transit engine of HashiCorp Vault or OpenBao.
type vaultSigner struct {
	address, token, key string // "https://vault.internal:8200", "...", "byzantine"
	version             int    // the version of the key
	point               []byte // the compressed public key, from byzantine.CompressPublicKey
}

func (s *vaultSigner) PublicKey() []byte { return s.point }

func (s *vaultSigner) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	request, err := json.Marshal(map[string]any{"input": digest, "prehashed": true, "hash_algorithm": "sha2-256",
		"marshaling_algorithm": "asn1", "key_version": s.version})
	if err != nil {
		return nil, err
	}
	header := http.Header{"X-Vault-Token": {s.token}}
	var response struct{ Data struct{ Signature string } }
	if err := postJSON(ctx, s.address+"/v1/transit/sign/"+s.key, header, request, &response); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(response.Data.Signature, fmt.Sprintf("vault:v%d:", s.version)))
}

// postJSON sends one request to a key service. The error shows the status and nothing that was sent.
func postJSON(ctx context.Context, url string, header http.Header, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the key service responded with %s", response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(into)
}

func TestVaultSigner(t *testing.T) {
	key := rawKey(t, rfc6979Key(t))
	vault := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Input               []byte
			Prehashed           bool
			HashAlgorithm       string `json:"hash_algorithm"`
			MarshalingAlgorithm string `json:"marshaling_algorithm"`
			KeyVersion          int    `json:"key_version"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&in))
		if r.Header.Get("X-Vault-Token") != "hvs.token" {
			http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
			return
		}
		assert.Equal(t, "POST /v1/transit/sign/byzantine", r.Method+" "+r.URL.Path)
		assert.Equal(t, []any{true, "sha2-256", "asn1", 3}, []any{in.Prehashed, in.HashAlgorithm, in.MarshalingAlgorithm, in.KeyVersion})
		der, err := key.Sign(rand.Reader, in.Input, crypto.SHA256)
		assert.NoError(t, err)
		fmt.Fprintf(w, `{"data":{"signature":"vault:v3:%s"}}`, base64.StdEncoding.EncodeToString(der))
	}))
	defer vault.Close()
	signer := &vaultSigner{address: vault.URL, token: "hvs.token", key: "byzantine", version: 3, point: rfc6979Key(t).PublicKey()}
	require.NoError(t, byzantine.CheckSigner(t.Context(), signer))

	signer.token = "hvs.expired"
	err := byzantine.CheckSigner(t.Context(), signer)
	require.ErrorContains(t, err, "vault: the key service responded with 403 Forbidden")
	assert.NotContains(t, err.Error(), "hvs.expired")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, byzantine.CheckSigner(ctx, signer), context.Canceled)
}

// The public key is read from the key service once, as PEM.
func ExampleCompressPublicKey_pem() {
	fromVault := `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END PUBLIC KEY-----`
	block, _ := pem.Decode([]byte(fromVault))
	if block == nil {
		log.Fatal("this is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		log.Fatal("the key is not an EC key")
	}
	point, err := byzantine.CompressPublicKey(public)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("0x%x\n", point)
	// Output: 0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
}

package byzantine_test

import (
	"crypto/sha256"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// A second attempt has a new signature, but uses the body that was made for the first one.
func TestASecondAttemptSendsTheSameDocument(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	var bodies [][sha256.Size]byte
	var signatures []string
	var sent int64
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		hash := sha256.New()
		n, err := io.Copy(hash, r.Body)
		sent = n
		bodies = append(bodies, [sha256.Size]byte(hash.Sum(nil)))
		signatures = append(signatures, r.Header.Get("X-Signature"))
		response := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}
		if len(bodies)%2 == 1 { // the first attempt is rejected because of the clock
			response.StatusCode = 401
			response.Header.Set("Date", time.Now().Add(time.Duration(len(bodies))*5*time.Minute).UTC().Format(http.TimeFormat))
		}
		return response, err
	})
	client, err := byzantine.NewClient(key, byzantine.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	document, err := byzantine.NewDataURI("application/pdf", append([]byte("%PDF-1.7\n"), make([]byte, 6<<20)...))
	require.NoError(t, err)
	call := func() {
		_, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: "1f0d2b6a-6d1e-4b7c-9a43-7e5c8d9f0b32",
			VerificationDocuments: []byzantine.UserVerificationDocument{{
				DocumentType: byzantine.DocumentProofOfAddress, IssuingCountry: "FRA", Document: document,
			}},
		})
		require.NoError(t, err)
	}
	call() // so that the caches of types are filled
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)

	require.Len(t, bodies, 4, "two calls of two attempts each")
	assert.Equal(t, bodies[2], bodies[3])
	assert.NotEqual(t, signatures[2], signatures[3])
	require.Greater(t, sent, int64(8<<20))
	assert.LessOrEqual(t, float64(after.TotalAlloc-before.TotalAlloc), 1.25*float64(sent), "for both attempts together")
}

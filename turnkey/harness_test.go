package turnkey_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

// The key of RFC 6979, A.2.5. Its signatures are deterministic.
const testKey = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"

const testOrganizationID = "4d0c7b2e-5a0f-4a53-8a35-0d8b6a1f7c22"

func parseKey(tb testing.TB, text string) *byzantine.PrivateKey {
	tb.Helper()
	key, err := byzantine.ParsePrivateKey(text)
	require.NoError(tb, err)
	return key
}

// startServer starts a fake of Turnkey that listens on a loopback port.
func startServer(t *testing.T) *turnkeytest.Server {
	t.Helper()
	server := turnkeytest.NewServer(turnkeytest.Organization{})
	t.Cleanup(server.Close)
	return server
}

// newPasskey returns a new passkey of a software authenticator, as package passkey makes it.
func newPasskey(tb testing.TB) byzantine.AuthenticatorParam {
	tb.Helper()
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: "user-1", Name: "ada@example.com"})
	require.NoError(tb, err)
	response, err := passkeytest.NewAuthenticator().Create(options)
	require.NoError(tb, err)
	credential, err := rp.FinishRegistration(state, response, "My phone")
	require.NoError(tb, err)
	return credential.Authenticator
}

// roundTripper is a function as an http.RoundTripper. It calls no hooks of httptrace, so a request for which it
// returns an error counts as sent.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// over returns an option for a client that uses the transport.
func over(transport roundTripper) byzantine.Option {
	return byzantine.WithHTTPClient(&http.Client{Transport: transport})
}

// within responds to requests by calling a handler, without a network.
func within(handler http.Handler) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		return recorder.Result(), nil
	}
}

// responding returns a client that gets the same response to every request.
func responding(t *testing.T, status int, body string, opts ...byzantine.Option) *turnkey.Client {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	})
	client, err := turnkey.NewClient(parseKey(t, testKey), testOrganizationID, append(opts, over(within(handler)))...)
	require.NoError(t, err)
	return client
}

// readFile reads a file of the test data.
func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(tb, err)
	return text
}

// sampleRequest returns the request in testdata/create_authenticators_request.json.
func sampleRequest(tb testing.TB) *turnkey.CreateAuthenticatorsRequest {
	tb.Helper()
	request := new(turnkey.CreateAuthenticatorsRequest)
	require.NoError(tb, json.Unmarshal(readFile(tb, "create_authenticators_request.json"), request))
	return request
}

// last returns the last element of a list, which must not be empty.
func last[T any](t *testing.T, list []T) T {
	t.Helper()
	require.NotEmpty(t, list)
	return list[len(list)-1]
}

package turnkey_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

func TestCreateAuthenticators(t *testing.T) {
	server := startServer(t)
	passkeys := []byzantine.AuthenticatorParam{newPasskey(t), newPasskey(t)}
	ids, err := server.Client().CreateAuthenticators(t.Context(), server.Organization().UserID, passkeys)
	require.NoError(t, err)
	require.Len(t, ids, 2)
	assert.NotEqual(t, ids[0], ids[1])
	assert.Equal(t, passkeys, server.Authenticators())
	require.Len(t, server.Requests(), 1, "completed at once, so nothing was polled")
	request := server.Requests()[0]
	assert.Equal(t, "application/json", request.Header.Get("Content-Type"))
	assert.Contains(t, request.Header.Get("User-Agent"), "byzantine-go/")
	for _, name := range []string{"X-Pubkey", "X-Timestamp", "X-Signature"} {
		assert.Empty(t, request.Header.Values(name), "Byzantine's signature is for Byzantine")
	}
}

func TestStampIsOverTheBodyThatIsSent(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	var seen *http.Request
	var body bytes.Buffer
	signer := newHSM(t, key)
	client, err := turnkey.NewClient(signer, testOrganizationID, byzantine.WithMaxAttempts(1), over(func(r *http.Request) (*http.Response, error) {
		seen = r
		_, err := body.ReadFrom(r.Body)
		return nil, errors.Join(errors.New("no response"), err)
	}))
	require.NoError(t, err)
	_, err = client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
	require.ErrorContains(t, err, "no response")

	assert.Equal(t, "POST", seen.Method)
	assert.Equal(t, "https://api.turnkey.com/public/v1/submit/create_authenticators", seen.URL.String())
	text, err := base64.RawURLEncoding.Strict().DecodeString(seen.Header.Get("X-Stamp"))
	require.NoError(t, err, "base64url without padding")
	var stamp map[string]string
	require.NoError(t, json.Unmarshal(text, &stamp))
	signature, err := hex.DecodeString(stamp["signature"])
	require.NoError(t, err)
	digest := sha256.Sum256(body.Bytes())
	assert.True(t, ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature))
	delete(stamp, "signature")
	assert.Equal(t, map[string]string{"publicKey": hex.EncodeToString(signer.PublicKey()), "scheme": "SIGNATURE_SCHEME_TK_API_P256"}, stamp)
	assert.Contains(t, body.String(), `My phone <3 & \"more\"`, "no HTML escaping")
}

// hsm is a Signer whose key is reached through a service; its calls take a context.
type hsm struct {
	byzantine.Signer
	key *ecdsa.PrivateKey
}

func newHSM(t *testing.T, key *ecdsa.PrivateKey) hsm {
	t.Helper()
	signer, err := byzantine.NewSigner(key)
	require.NoError(t, err)
	return hsm{signer, key}
}

func (h hsm) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return ecdsa.SignASN1(rand.Reader, h.key, digest)
}

func TestSignersOfTheRootPackage(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signer, err := byzantine.NewSigner(key)
	require.NoError(t, err)
	server := startServer(t)
	for name, s := range map[string]byzantine.Signer{"crypto.Signer": signer, "service": newHSM(t, key)} {
		t.Run(name, func(t *testing.T) {
			server.AddKey(hex.EncodeToString(s.PublicKey()))
			client, err := turnkey.NewClient(s, server.Organization().ID, byzantine.WithBaseURL(server.URL))
			require.NoError(t, err)
			_, err = client.CreateAuthenticators(t.Context(), server.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
			assert.NoError(t, err)
		})
	}
}

type brokenSigner struct{ byzantine.Signer }

func (brokenSigner) SignDigest(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("the HSM is down")
}

func TestSignerThatFails(t *testing.T) {
	server := startServer(t)
	client, err := turnkey.NewClient(brokenSigner{parseKey(t, testKey)}, server.Organization().ID, byzantine.WithBaseURL(server.URL))
	require.NoError(t, err)
	_, err = client.CreateAuthenticators(t.Context(), server.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
	var transport *byzantine.TransportError
	require.ErrorAs(t, err, &transport)
	assert.False(t, transport.Sent)
	assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	assert.EqualError(t, err, "byzantine: create_authenticators: stamp: the HSM is down; nothing was sent "+
		"(POST /public/v1/submit/create_authenticators, 1 attempt)")
	assert.Empty(t, server.Requests())
}

func TestNewClientRejects(t *testing.T) {
	key := parseKey(t, testKey)
	for want, newClient := range map[string]func() (*turnkey.Client, error){
		"turnkey: NewClient: no organisation id": func() (*turnkey.Client, error) { return turnkey.NewClient(key, "") },
		"turnkey: NewClient: no signer": func() (*turnkey.Client, error) {
			return turnkey.NewClient(nil, testOrganizationID)
		},
		"turnkey: NewClient: the signer's public key is not a compressed P-256 point of 33 bytes": func() (*turnkey.Client, error) {
			return turnkey.NewClient(new(byzantine.PrivateKey), testOrganizationID)
		},
		"turnkey: NewClient: WithMaxAttempts: must be at least 1": func() (*turnkey.Client, error) {
			return turnkey.NewClient(key, testOrganizationID, byzantine.WithMaxAttempts(0))
		},
	} {
		_, err := newClient()
		assert.EqualError(t, err, want)
	}
}

func TestRequestsAreRejectedBeforeSending(t *testing.T) {
	const of = "byzantine: CreateAuthenticatorsRequest."
	for name, c := range map[string]struct {
		change func(*turnkey.CreateAuthenticatorsRequest)
		want   string
	}{
		"Unknown transport": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators[0].Attestation.Transports = []byzantine.AuthenticatorTransport{byzantine.TransportUSB, byzantine.TransportUnknown}
		}, of + "Parameters.Authenticators[0].Attestation.Transports[1]: Turnkey has no such value: leave it out, the list may be empty"},
		"made-up transport": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators[1].Attestation.Transports = []byzantine.AuthenticatorTransport{"AUTHENTICATOR_TRANSPORT_SMART_CARD"}
		}, of + "Parameters.Authenticators[1].Attestation.Transports[0]: Turnkey has no such value: leave it out, the list may be empty"},
		"no transports": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators[1].Attestation.Transports = nil
		}, of + "Parameters.Authenticators[1].Attestation.Transports: missing"},
		"no challenge": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators[0].Challenge = ""
		}, of + "Parameters.Authenticators[0].Challenge: missing"},
		"padded base64": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators[0].Attestation.CredentialID = "AQ=="
		}, of + "Parameters.Authenticators[0].Attestation.CredentialID: must be unpadded base64url"},
		"no authenticators": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators = nil
		}, of + "Parameters.Authenticators: missing"},
		"empty list of authenticators": {func(r *turnkey.CreateAuthenticatorsRequest) {
			r.Parameters.Authenticators = []byzantine.AuthenticatorParam{}
		}, of + "Parameters.Authenticators: must have at least 1 element"},
		"no user":      {func(r *turnkey.CreateAuthenticatorsRequest) { r.Parameters.UserID = "" }, of + "Parameters.UserID: missing"},
		"no timestamp": {func(r *turnkey.CreateAuthenticatorsRequest) { r.TimestampMs = "" }, of + "TimestampMs: missing"},
		"timestamp in words": {func(r *turnkey.CreateAuthenticatorsRequest) { r.TimestampMs = "-1" },
			of + "TimestampMs: must be Unix milliseconds, decimal"},
		"another type": {func(r *turnkey.CreateAuthenticatorsRequest) { r.Type = "ACTIVITY_TYPE_CREATE_AUTHENTICATORS" },
			of + "Type: must be ACTIVITY_TYPE_CREATE_AUTHENTICATORS_V2"},
		"another organisation": {func(r *turnkey.CreateAuthenticatorsRequest) { r.OrganizationID = "x" }, of + "OrganizationID: is not the client's"},
		"nothing":              {func(r *turnkey.CreateAuthenticatorsRequest) { *r = turnkey.CreateAuthenticatorsRequest{} }, of + "Type: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := turnkey.NewClient(parseKey(t, testKey), testOrganizationID, over(func(*http.Request) (*http.Response, error) {
				panic("sent")
			}))
			require.NoError(t, err)
			request := sampleRequest(t)
			c.change(request)
			_, err = client.SubmitCreateAuthenticators(t.Context(), request)
			assert.EqualError(t, err, c.want)
			assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
			var field *byzantine.FieldError
			assert.ErrorAs(t, err, &field)
		})
	}
	client := responding(t, 200, "{}")
	_, err := client.SubmitCreateAuthenticators(t.Context(), nil)
	assert.EqualError(t, err, of+"Type: missing")
	_, err = client.GetActivity(t.Context(), "")
	assert.EqualError(t, err, "byzantine: GetActivityRequest.ActivityID: missing")
}

func TestTheSameRequestIsTheSameActivity(t *testing.T) {
	server := startServer(t)
	client := server.Client()
	request := client.NewCreateAuthenticatorsRequest(server.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
	first, err := client.SubmitCreateAuthenticators(t.Context(), request)
	require.NoError(t, err)

	// Another process reads the stored request and submits it.
	stored, err := json.MarshalIndent(request, "", " ")
	require.NoError(t, err)
	var restored turnkey.CreateAuthenticatorsRequest
	require.NoError(t, json.Unmarshal(stored, &restored))
	second, err := server.Client().SubmitCreateAuthenticators(t.Context(), &restored)
	require.NoError(t, err)
	assert.Equal(t, first, second)
	assert.Len(t, server.Authenticators(), 1)

	later := server.Client(byzantine.WithClock(func() time.Time { return time.Now().Add(time.Second) }))
	_, err = later.CreateAuthenticators(t.Context(), server.Organization().UserID, request.Parameters.Authenticators)
	assert.ErrorIs(t, err, byzantine.ErrBadRequest, "another timestamp is another activity")
}

// Each attempt of a retried request may have created its activity. A last response that says that the last attempt had
// no effect does not make the outcome of the earlier ones known.
func TestTheOutcomeOfAnEarlierAttemptIsNotForgotten(t *testing.T) {
	lost := turnkeytest.Fault{Reset: true, TakesEffect: true}
	for name, c := range map[string]struct {
		first, last turnkeytest.Fault
		unknown     bool
	}{
		"connection, then 429":      {lost, turnkeytest.Fault{Status: 429}, true},
		"connection, then 400":      {lost, turnkeytest.Fault{Status: 400}, true},
		"connection, then 403":      {lost, turnkeytest.Fault{Status: 403}, true},
		"502 with effect, then 404": {turnkeytest.Fault{Status: 502, TakesEffect: true}, turnkeytest.Fault{Status: 404}, true},
		"429, then 400":             {turnkeytest.Fault{Status: 429}, turnkeytest.Fault{Status: 400}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t)
			server.Fail("create_authenticators", 1, c.first)
			server.Fail("create_authenticators", 2, c.last) // two, because a 429 is retried as well
			atOnce := jitter.With(t.Context(), func(time.Duration) time.Duration { return 0 })
			_, err := server.Client().CreateAuthenticators(atOnce, server.Organization().UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
			require.Error(t, err)
			assert.Equal(t, c.unknown, errors.Is(err, byzantine.ErrOutcomeUnknown), err)
			if c.unknown {
				assert.ErrorContains(t, err, "an attempt before this one may have taken effect")
				assert.Len(t, server.Authenticators(), 1)
			}
		})
	}
}

func TestTimestampIsTheClocks(t *testing.T) {
	at := time.Date(2026, 8, 1, 0, 0, 0, 123_999_999, time.UTC)
	client := responding(t, 200, "{}", byzantine.WithClock(func() time.Time { return at }))
	assert.Equal(t, "1785542400123", client.NewCreateAuthenticatorsRequest("u", nil).TimestampMs)
}

// Logs hide secrets, and redirects are not followed, as the README of the root package says.
func TestLogsAndRedirectsAreTheRootPackages(t *testing.T) {
	server := startServer(t)
	server.Fail("create_authenticators", 1, turnkeytest.Fault{Status: 307, Header: http.Header{"Location": {"/elsewhere"}}})
	var text bytes.Buffer
	client := server.Client(byzantine.WithLogger(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	passkeys := []byzantine.AuthenticatorParam{newPasskey(t)}
	user := server.Organization().UserID

	_, err := client.CreateAuthenticators(t.Context(), user, passkeys)
	var rejected *turnkey.Error
	require.ErrorAs(t, err, &rejected)
	assert.Equal(t, 307, rejected.Err.StatusCode)
	assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	require.Len(t, server.Requests(), 1, "not followed")

	_, err = client.CreateAuthenticators(t.Context(), user, passkeys)
	require.NoError(t, err)
	assert.Contains(t, text.String(), "operation=create_authenticators method=POST path=/public/v1/submit/create_authenticators")
	sent := last(t, server.Requests())
	for _, secret := range []string{
		user, server.Organization().ID, passkeys[0].Challenge, sent.Header.Get("X-Stamp"),
		hex.EncodeToString(server.Organization().Key.PublicKey()),
	} {
		assert.NotContains(t, text.String(), secret)
	}
}

func TestResponsesAreLimited(t *testing.T) {
	client := responding(t, 200, string(readFile(t, "activity_flat.json")), byzantine.WithMaxResponseBytes(100))
	_, err := client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
	assert.ErrorContains(t, err, "larger than 100 bytes")
	assert.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
}

// WithDump has no effect here. The dump hides the secret fields of Byzantine's API, and it would show those of Turnkey.
func TestDumpIsIgnored(t *testing.T) {
	var dump strings.Builder
	client := responding(t, 200, string(readFile(t, "activity_flat.json")), byzantine.WithDump(&dump))
	_, err := client.GetActivity(t.Context(), "a-1")
	require.NoError(t, err)
	assert.Empty(t, dump.String())
}

// sourceOf is a SignerSource whose Signer method returns next.
type sourceOf struct {
	*byzantine.PrivateKey
	next byzantine.Signer
}

func (s sourceOf) Signer(context.Context) (byzantine.Signer, error) { return s.next, nil }

// wordless is a signer whose signature is empty.
type wordless struct{ byzantine.Signer }

func (wordless) SignDigest(context.Context, []byte) ([]byte, error) { return nil, nil }

// faceless is a signer without a public key.
type faceless struct{ byzantine.Signer }

func (faceless) PublicKey() []byte { return nil }

func TestASignerThatReturnsNothingUsable(t *testing.T) {
	key := parseKey(t, testKey)
	for want, signer := range map[string]byzantine.Signer{
		"stamp: no signer": sourceOf{key, nil},
		"stamp: the signer's public key is not a compressed P-256 point of 33 bytes": sourceOf{key, faceless{key}},
		"stamp: 0 bytes from the signer are no P-256 signature in DER":               wordless{key},
	} {
		client, err := turnkey.NewClient(signer, testOrganizationID, over(func(*http.Request) (*http.Response, error) {
			t.Error("something was sent")
			return nil, io.EOF
		}))
		require.NoError(t, err)
		_, err = client.GetActivity(t.Context(), "a")
		assert.ErrorContains(t, err, want)
	}
}

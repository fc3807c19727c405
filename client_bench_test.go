package byzantine_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// benchCallPath is the path of the call of 1 KiB that has performance budgets: the registration of a passkey.
const benchCallPath = "/v1/submit/create-authenticators-otp"

func newBenchRequest() *byzantine.CreateAuthenticatorsOTPRequest {
	blob := func(n int) string { return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte("0123"), n/4)) }
	return &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: testUserID,
		AccountID: testAccountID,
		UserID:    testUserID,
		Authenticators: []byzantine.AuthenticatorParam{{
			AuthenticatorName: "Ada's phone",
			Challenge:         blob(32),
			Attestation: byzantine.Attestation{
				CredentialID:      blob(32),
				ClientDataJSON:    blob(136),
				AttestationObject: blob(236),
				Transports:        []byzantine.AuthenticatorTransport{byzantine.TransportHybrid, byzantine.TransportInternal},
			},
		}},
	}
}

func benchServer(tb testing.TB) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"authenticatorIds":["4b1c7a52-7a3e-4e57-9d6e-0c2f6d6f8a11"]}`)
	}))
	tb.Cleanup(server.Close)
	return server
}

// bareCall is the limit: the same call with net/http, encoding/json and crypto/ecdsa, with hardly any handling of
// errors.
func bareCall(ctx context.Context, client *http.Client, key *ecdsa.PrivateKey, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	hash := sha256.New()
	hash.Write([]byte(timestamp + "POST" + benchCallPath))
	hash.Write(body)
	der, err := key.Sign(nil, hash.Sum(nil), crypto.SHA256)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, "POST", url+benchCallPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Pubkey", rfc6979Public)
	request.Header.Set("X-Timestamp", timestamp)
	request.Header.Set("X-Signature", "0x"+hex.EncodeToString(der))
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.Unmarshal(text, out)
}

// benchCalls returns two functions that make the same call: one without this package, one with a Client. Each keeps one
// connection open.
func benchCalls(tb testing.TB, opts ...byzantine.Option) (bare, sdk func() error) {
	server := benchServer(tb)
	key := rfc6979Key(tb)
	raw := rawKey(tb, key)
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment} // like that of the Client, because reading the environment allocates
	tb.Cleanup(transport.CloseIdleConnections)
	bareClient := &http.Client{Transport: transport}
	client, err := byzantine.NewClient(key, append([]byzantine.Option{byzantine.WithBaseURL(server.URL)}, opts...)...)
	require.NoError(tb, err)
	in := newBenchRequest()
	bare = func() error {
		return bareCall(tb.Context(), bareClient, raw, server.URL, in, new(byzantine.CreateAuthenticatorsOTPResponse))
	}
	sdk = func() error {
		_, err := client.CreateAuthenticatorsOTP(tb.Context(), in)
		return err
	}
	require.NoError(tb, bare())
	require.NoError(tb, sdk())
	return bare, sdk
}

func BenchmarkCallBare(b *testing.B) {
	bare, _ := benchCalls(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := bare(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	_, sdk := benchCalls(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := sdk(); err != nil {
			b.Fatal(err)
		}
	}
}

// idleTracer is an AttemptTracer that does nothing.
type idleTracer struct{}

func (idleTracer) TraceCallStart(ctx context.Context, _ byzantine.TraceCallStartData) context.Context {
	return ctx
}

func (idleTracer) TraceCallEnd(context.Context, byzantine.TraceCallEndData) {}

func (idleTracer) TraceAttemptStart(ctx context.Context, _ byzantine.TraceAttemptStartData) context.Context {
	return ctx
}

func (idleTracer) TraceAttemptEnd(context.Context, byzantine.TraceAttemptEndData) {}

// BenchmarkTracedCallRatio measures the time of a call with a Tracer that does nothing, relative to one without a
// Tracer.
func BenchmarkTracedCallRatio(b *testing.B) {
	_, untraced := benchCalls(b)
	_, traced := benchCalls(b, byzantine.WithTracer(idleTracer{}))
	benchRatio(b, untraced, traced, "traced/untraced")
}

// BenchmarkCallRatio measures the time of a call relative to the bare call. It runs them in turn, so that a busy
// machine slows down both. The budget of client/bare is 1.08.
func BenchmarkCallRatio(b *testing.B) {
	bare, sdk := benchCalls(b)
	benchRatio(b, bare, sdk, "client/bare")
}

func benchRatio(b *testing.B, one, other func() error, unit string) {
	var oneTime, otherTime time.Duration
	for b.Loop() {
		started := time.Now()
		if err := one(); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := other(); err != nil {
			b.Fatal(err)
		}
		oneTime += between.Sub(started)
		otherTime += time.Since(between)
	}
	b.ReportMetric(float64(otherTime)/float64(oneTime), unit)
}

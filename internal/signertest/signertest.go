// Package signertest is the test that every signer of a key service or token passes. The nested modules use it.
package signertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// Test runs the tests. The signer's server is up.
func Test(t *testing.T, s byzantine.Signer) {
	t.Run("Check", func(t *testing.T) { require.NoError(t, byzantine.CheckSigner(t.Context(), s)) })
	t.Run("PublicKey", func(t *testing.T) { testPublicKey(t, s) })
	t.Run("Digest", func(t *testing.T) { testDigest(t, s) })
	t.Run("Context", func(t *testing.T) { testContext(t, s) })
	t.Run("Concurrent", func(t *testing.T) { testConcurrent(t, s) })
	t.Run("Enrolment", func(t *testing.T) { testEnrolment(t, s) })
}

func testPublicKey(t *testing.T, s byzantine.Signer) {
	first := s.PublicKey()
	require.Len(t, first, 33)
	s.PublicKey()[0] ^= 0xff
	assert.Equal(t, first, s.PublicKey(), "the slice is the caller's own")
}

func testDigest(t *testing.T, s byzantine.Signer) {
	for _, size := range []int{0, 31, 33} {
		_, err := s.SignDigest(t.Context(), make([]byte, size))
		assert.ErrorContains(t, err, "SHA-256")
	}
}

func testContext(t *testing.T, s byzantine.Signer) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.SignDigest(ctx, make([]byte, 32))
	require.ErrorIs(t, err, context.Canceled)
}

func testConcurrent(t *testing.T, s byzantine.Signer) {
	public, err := p256.ParseCompressed(s.PublicKey())
	require.NoError(t, err)
	var group sync.WaitGroup
	for i := range 32 {
		group.Go(func() {
			digest := sha256.Sum256(fmt.Append(nil, "message ", i))
			der, err := s.SignDigest(t.Context(), digest[:])
			if assert.NoError(t, err) {
				assert.True(t, ecdsa.VerifyASN1(public, digest[:], der), "each caller gets the signature of its own digest")
			}
		})
	}
	group.Wait()
}

// testEnrolment enrols a passkey by one-time code at a sandbox that knows the signer's key.
func testEnrolment(t *testing.T, s byzantine.Signer) {
	ctx := t.Context()
	sandbox := byzantinetest.NewServer(byzantinetest.WithWorld(fmt.Appendf(nil,
		`{"credentials":[{"pubkey":"0x%s","accessScope":"read_write"}]}`, hex.EncodeToString(s.PublicKey()))))
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	account := sandbox.AddAccount(byzantinetest.Account{Name: "Ada's account", UserIDs: []string{user.ID}})
	unknown, err := byzantine.GenerateKey()
	require.NoError(t, err)
	client, err := byzantine.NewClient(unknown, byzantine.WithBaseURL(sandbox.URL))
	require.NoError(t, err)
	_, err = client.Whoami(ctx)
	require.ErrorIs(t, err, byzantine.ErrUnauthorized, "the sandbox looks at the key")

	client, err = byzantine.NewClient(s, byzantine.WithBaseURL(sandbox.URL))
	require.NoError(t, err)
	me, err := client.Whoami(ctx)
	require.NoError(t, err)
	require.True(t, me.Capabilities.CanWrite)
	otp, err := client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
	require.NoError(t, err)
	session, err := client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: account.ID, UserID: user.ID, OTPID: otp.OTPID, OTPCode: sandbox.OTPCode(otp.OTPID),
	})
	require.NoError(t, err)

	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: user.ID, Name: user.Email, DisplayName: user.Email})
	require.NoError(t, err)
	response, err := passkeytest.NewAuthenticator().Create(options)
	require.NoError(t, err)
	credential, err := rp.FinishRegistration(state, response, "A phone")
	require.NoError(t, err)
	created, err := client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: session.SessionID, AccountID: account.ID, UserID: user.ID,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	require.NoError(t, err)
	assert.Len(t, created.AuthenticatorIDs, 1)
}

// Benchmark measures one signature of a key in memory, and one of s, alone and by eight callers per processor at a time.
func Benchmark(b *testing.B, s byzantine.Signer) {
	key, err := byzantine.GenerateKey()
	require.NoError(b, err)
	digest := make([]byte, 32)
	sign := func(b *testing.B, s byzantine.Signer) {
		if _, err := s.SignDigest(b.Context(), digest); err != nil {
			b.Error(err)
		}
	}
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			sign(b, key)
		}
	})
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			sign(b, s)
		}
	})
	b.Run("together", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				sign(b, s)
			}
		})
	})
}

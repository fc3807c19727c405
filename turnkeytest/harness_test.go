package turnkeytest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// newPasskey returns a new passkey of a software authenticator, in the form that create_authenticators takes.
func newPasskey(t *testing.T) byzantine.AuthenticatorParam {
	t.Helper()
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: "user-1", Name: "ada@example.com"})
	require.NoError(t, err)
	response, err := passkeytest.NewAuthenticator().Create(options)
	require.NoError(t, err)
	credential, err := rp.FinishRegistration(state, response, "My phone")
	require.NoError(t, err)
	return credential.Authenticator
}

// panicText returns the text with which f panics, and fails the test if f does not panic.
func panicText(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() { text, _ = recover().(string) }()
	f()
	require.Fail(t, "it does not panic")
	return ""
}

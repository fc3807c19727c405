//go:build cgo

package pkcs11_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/signertest"
	"github.com/byzantine-finance/byzantine-go/signers/pkcs11"
)

func TestSigner(t *testing.T) {
	for name, change := range map[string]func(a *admin, c *choice){
		"label":       func(*admin, *choice) {},
		"id":          func(_ *admin, c *choice) { c.keyLabel, c.keyID = "", []byte{1} },
		"one session": func(_ *admin, c *choice) { c.maxSessions = 1 },
		"serial number": func(a *admin, c *choice) {
			info, err := a.GetTokenInfo(a.slot)
			require.NoError(t, err)
			c.tokenLabel, c.tokenSerial = "", info.SerialNumber
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := withKey(t)
			c := a.choice()
			change(a, &c)
			signertest.Test(t, newSigner(t, c))
		})
	}
}

func TestAKeyThatWantsThePINForEachSignature(t *testing.T) {
	a := newToken(t)
	a.login()
	a.generate("signing-key", []byte{1}, p256, p11.NewAttribute(p11.CKA_ALWAYS_AUTHENTICATE, true))
	a.logout()
	signertest.Test(t, newSigner(t, a.choice()))
}

func TestNewRejects(t *testing.T) {
	a := newToken(t)
	a.login()
	a.generate("signing-key", []byte{1}, p256)
	a.generate("twin", []byte{2}, p256)
	a.generate("twin", []byte{3}, p256)
	a.generate("P-384", []byte{4}, p384)
	a.generate("no signing", []byte{5}, p256, p11.NewAttribute(p11.CKA_SIGN, false), p11.NewAttribute(p11.CKA_DERIVE, true))
	public, _ := a.generate("no public half", []byte{6}, p256)
	require.NoError(t, a.DestroyObject(a.session, public))
	foreign, _ := a.generate("foreign", []byte{7}, p256)
	require.NoError(t, a.DestroyObject(a.session, foreign))
	other, _ := a.generate("other", []byte{8}, p256)
	require.NoError(t, a.SetAttributeValue(a.session, other, []*p11.Attribute{p11.NewAttribute(p11.CKA_ID, []byte{7})}))
	_, _, err := a.GenerateKeyPair(a.session, []*p11.Mechanism{p11.NewMechanism(p11.CKM_RSA_PKCS_KEY_PAIR_GEN, nil)},
		[]*p11.Attribute{p11.NewAttribute(p11.CKA_MODULUS_BITS, 2048), p11.NewAttribute(p11.CKA_TOKEN, true)},
		[]*p11.Attribute{p11.NewAttribute(p11.CKA_SIGN, true), p11.NewAttribute(p11.CKA_TOKEN, true), p11.NewAttribute(p11.CKA_LABEL, "RSA")})
	require.NoError(t, err)
	a.logout()
	noLibrary := filepath.Join(t.TempDir(), "library.so")
	require.NoError(t, os.WriteFile(noLibrary, []byte("text"), 0o600))

	for _, c := range []struct {
		name   string
		change func(c *choice)
		want   string
	}{
		{"no module", func(c *choice) { c.module = "" }, "module: missing"},
		{"no such module", func(c *choice) { c.module = "/nowhere.so" }, "module: stat /nowhere.so"},
		{"not a library", func(c *choice) { c.module = noLibrary }, "library.so cannot be loaded"},
		{"no token named", func(c *choice) { c.tokenLabel = "" }, "WithTokenLabel and WithTokenSerial: one of them is needed"},
		{"no such token", func(c *choice) { c.tokenLabel = "x" }, `no token has the label "x"; there are tokens with the labels `},
		{"token of another serial number", func(c *choice) { c.tokenSerial = "y" }, `serial number "y"; there are`},
		{"no key named", func(c *choice) { c.keyLabel = "" }, "WithKeyLabel and WithKeyID: one of them is needed"},
		{"no such key", func(c *choice) { c.keyLabel = "x" }, `the token has no private key with the label "x"`},
		{"key of another id", func(c *choice) { c.keyID = []byte{0xab, 2} }, `no private key with the label "signing-key" id "ab02"`},
		{"two keys", func(c *choice) { c.keyLabel = "twin" }, `more than one private key has the label "twin"`},
		{"P-384", func(c *choice) { c.keyLabel = "P-384" }, "on the curve with the OID 1.3.132.0.34; P-256 is needed"},
		{"RSA", func(c *choice) { c.keyLabel = "RSA" }, "is not an EC key"},
		{"no signing", func(c *choice) { c.keyLabel = "no signing" }, "CKA_SIGN is false"},
		{"no public half", func(c *choice) { c.keyLabel = "no public half" }, "no public key with the id of the private key"},
		{"public half of another", func(c *choice) { c.keyLabel = "foreign" }, "does not verify with its public key"},
		{"no PIN", func(c *choice) { c.pin = "" }, "WithPIN: missing; the token requires a login"},
		{"wrong PIN", func(c *choice) { c.pin = "wrong-pin" }, "C_Login: the PIN is wrong"},
		{"short PIN", func(c *choice) { c.pin = "1" }, "C_Login: the PIN is"},
		{"sessions", func(c *choice) { c.maxSessions = -1 }, "WithMaxSessions: must be at least 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := a.choice()
			c.change(&config)
			signer, err := config.new(t.Context())
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "pkcs11: ")
			assert.Empty(t, errtext.Flaw(err.Error()), err)
			assert.NotContains(t, err.Error(), userPIN)
			assert.NotContains(t, err.Error(), "wrong-pin")
			assert.Nil(t, signer)
		})
	}

	c := a.choice()
	c.keyLabel, c.keyID = "twin", []byte{3}
	require.NoError(t, byzantine.CheckSigner(t.Context(), newSigner(t, c)), "label and id tell twins apart")
}

func TestLostSessionsAreReplaced(t *testing.T) {
	a := withKey(t)
	signer := newSigner(t, a.choice())
	for range 3 {
		a.logout()
		require.NoError(t, byzantine.CheckSigner(t.Context(), signer))
	}
	signTogether(t, signer) // several sessions are idle now
	a.logout()
	signTogether(t, signer)
	require.NoError(t, signer.Close())
	a.requireNoSessions()
}

func signTogether(t *testing.T, signer *pkcs11.Signer) {
	t.Helper()
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() { assert.NoError(t, byzantine.CheckSigner(t.Context(), signer)) })
	}
	group.Wait()
}

func TestAWrongPINIsTriedOnce(t *testing.T) {
	a := withKey(t)
	signer := newSigner(t, a.choice())
	setPIN := func(old, next string) {
		a.setPIN(old, next)
		a.logout()
	}
	setPIN(userPIN, "another-pin")
	_, err := signer.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "the PIN is wrong")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	require.ErrorIs(t, err, p11.Error(p11.CKR_PIN_INCORRECT))

	setPIN("another-pin", userPIN)
	_, err = signer.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "is not tried again", "with the PIN that is right again it would have succeeded")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	require.NoError(t, byzantine.CheckSigner(t.Context(), newSigner(t, a.choice())))
}

func TestAWrongPINOfASignatureIsTriedOnce(t *testing.T) {
	a := newToken(t)
	a.login()
	a.generate("signing-key", []byte{1}, p256, p11.NewAttribute(p11.CKA_ALWAYS_AUTHENTICATE, true))
	signer := newSigner(t, a.choice())
	signTogether(t, signer) // several sessions are idle now
	a.setPIN(userPIN, "another-pin")
	_, err := signer.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorIs(t, err, p11.Error(p11.CKR_PIN_INCORRECT))
	a.setPIN("another-pin", userPIN)
	for range pkcs11.DefaultMaxSessions + 1 { // on each session, and on a new one
		_, err = signer.SignDigest(t.Context(), make([]byte, 32))
		require.ErrorIs(t, err, p11.Error(p11.CKR_PIN_INCORRECT), "with the PIN that is right again it would have succeeded")
	}
	a.logout()
}

func TestAKeyThatWasReplacedIsNotUsed(t *testing.T) {
	a := withKey(t)
	signer := newSigner(t, a.choice())
	a.login()
	for _, class := range []uint{p11.CKO_PRIVATE_KEY, p11.CKO_PUBLIC_KEY} {
		require.NoError(t, a.FindObjectsInit(a.session, []*p11.Attribute{p11.NewAttribute(p11.CKA_CLASS, class)}))
		found, _, err := a.FindObjects(a.session, 2)
		require.NoError(t, err)
		require.NoError(t, a.FindObjectsFinal(a.session))
		require.Len(t, found, 1)
		require.NoError(t, a.DestroyObject(a.session, found[0]))
	}
	_, err := signer.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, `the token has no private key with the label "signing-key"`)
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	a.generate("signing-key", []byte{1}, p256)
	_, err = signer.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "is not the one that it was")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	require.NoError(t, signer.Close())
	require.NoError(t, a.CloseSession(a.session))
	a.requireNoSessions()
}

func TestClose(t *testing.T) {
	a := withKey(t)
	first, second := newSigner(t, a.choice()), newSigner(t, a.choice())
	require.NoError(t, first.Close())
	require.NoError(t, first.Close(), "again")
	_, err := first.SignDigest(t.Context(), make([]byte, 32))
	require.ErrorIs(t, err, pkcs11.ErrClosed)
	require.NoError(t, byzantine.CheckSigner(t.Context(), second), "the library is still there for the other")
	require.NoError(t, second.Close())
	a.requireNoSessions()
	require.NoError(t, byzantine.CheckSigner(t.Context(), newSigner(t, a.choice())), "and for the next")
}

// ownLibraryEnv is the environment variable with a token's label that makes TestOwnLibrary run its checks. It is set in
// a child process, in which only Signers initialize the library.
const ownLibraryEnv = "BYZANTINE_TEST_OWN_LIBRARY"

func TestOwnLibrary(t *testing.T) {
	label := os.Getenv(ownLibraryEnv)
	if label == "" {
		a := withKey(t)
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOwnLibrary$", "-test.v")
		child.Env = append(os.Environ(), ownLibraryEnv+"="+a.label)
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: TestOwnLibrary")
		return
	}
	config := choose(label)
	other := p11.New(module)
	for range 2 { // after the last Close the library can be initialized again
		signer, err := config.new(t.Context())
		require.NoError(t, err)
		require.NoError(t, byzantine.CheckSigner(t.Context(), signer))
		_, err = other.GetInfo()
		require.NoError(t, err)
		require.NoError(t, signer.Close())
		_, err = other.GetInfo()
		require.ErrorIs(t, err, p11.Error(p11.CKR_CRYPTOKI_NOT_INITIALIZED), "the last Close finalizes it")
	}
	config.pin = "wrong-pin"
	_, err := config.new(t.Context())
	require.ErrorContains(t, err, "the PIN is wrong")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, err = other.GetInfo()
	require.ErrorIs(t, err, p11.Error(p11.CKR_CRYPTOKI_NOT_INITIALIZED), "a New that fails leaves nothing open")
}

func TestNewWithAContextThatIsOver(t *testing.T) {
	a := withKey(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.choice().new(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestThePINIsNotShown(t *testing.T) {
	a := withKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		assert.NotContains(t, fmt.Sprintf(verb, newSigner(t, a.choice())), userPIN)
	}
}

func BenchmarkSigner(b *testing.B) {
	signertest.Benchmark(b, newSigner(b, withKey(b).choice()))
}

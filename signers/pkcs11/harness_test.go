//go:build cgo

package pkcs11_test

import (
	"context"
	"encoding/asn1"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/signers/pkcs11"
)

const (
	userPIN  = "1234-user"
	adminPIN = "5678-admin"
)

var (
	p256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	p384 = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
)

var module string // the library of SoftHSM; empty if it is not installed

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run writes a configuration for SoftHSM and runs the tests. SoftHSM reads its configuration once in a process.
func run(m *testing.M) int {
	found, err := findSoftHSM()
	if err != nil && os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	module = found
	if os.Getenv(ownLibraryEnv) != "" {
		return m.Run() // a child of TestOwnLibrary uses the parent's configuration
	}
	dir, err := os.MkdirTemp("", "byzantine")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s\nlog.level = ERROR\n", dir), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("SOFTHSM2_CONF", conf)
	return m.Run()
}

func findSoftHSM() (string, error) {
	if _, err := exec.LookPath("softhsm2-util"); err != nil {
		return "", err
	}
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib*/*/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("softhsm2-util is installed, but its library is in none of the usual places: %w", exec.ErrNotFound)
}

// admin uses SoftHSM in this process beside the Signers. It prepares tokens and disturbs the Signers' sessions.
type admin struct {
	*p11.Ctx
	t       testing.TB
	label   string
	slot    uint
	session p11.SessionHandle
}

// newToken makes a token with a label that no other test has, and with userPIN. It skips the test if SoftHSM is not
// installed.
func newToken(t testing.TB) *admin {
	t.Helper()
	if module == "" {
		t.Skip("softhsm2 is not installed (set BYZANTINE_REQUIRE_PROGRAMS=1 to fail instead)")
	}
	tokens++
	a := &admin{Ctx: p11.New(module), t: t, label: fmt.Sprintf("byzantine-%d", tokens)}
	require.NotNil(t, a.Ctx)
	if err := a.Initialize(); err != nil {
		require.ErrorIs(t, err, p11.Error(p11.CKR_CRYPTOKI_ALREADY_INITIALIZED))
	}
	// Made in this process, because SoftHSM does not see tokens that another process makes.
	require.NoError(t, a.InitToken(a.slotOf(""), adminPIN, a.label))
	a.slot = a.slotOf(a.label)
	session, err := a.OpenSession(a.slot, p11.CKF_SERIAL_SESSION|p11.CKF_RW_SESSION)
	require.NoError(t, err)
	require.NoError(t, a.Login(session, p11.CKU_SO, adminPIN))
	require.NoError(t, a.InitPIN(session, userPIN))
	a.logout()
	return a
}

// slotOf returns the slot of the token with the label. The token with the label "" is a new one.
func (a *admin) slotOf(label string) uint {
	slots, err := a.GetSlotList(true)
	require.NoError(a.t, err)
	for _, slot := range slots {
		info, err := a.GetTokenInfo(slot)
		require.NoError(a.t, err)
		if info.Label == label {
			return slot
		}
	}
	require.Fail(a.t, "no slot has this token", label)
	return 0
}

var tokens int // how many tokens the tests have made

// login opens a session that may write, and logs in. The login is valid for the whole process until logout.
func (a *admin) login() {
	var err error
	a.session, err = a.OpenSession(a.slot, p11.CKF_SERIAL_SESSION|p11.CKF_RW_SESSION)
	require.NoError(a.t, err)
	if err := a.Login(a.session, p11.CKU_USER, userPIN); err != nil {
		require.ErrorIs(a.t, err, p11.Error(p11.CKR_USER_ALREADY_LOGGED_IN))
	}
}

// logout ends all sessions of the token in this process, those of signers too.
func (a *admin) logout() { require.NoError(a.t, a.CloseAllSessions(a.slot)) }

// setPIN changes the user's PIN on the token from old to next.
func (a *admin) setPIN(old, next string) {
	session, err := a.OpenSession(a.slot, p11.CKF_SERIAL_SESSION|p11.CKF_RW_SESSION)
	require.NoError(a.t, err)
	require.NoError(a.t, a.SetPIN(session, old, next))
	require.NoError(a.t, a.CloseSession(session))
}

// requireNoSessions requires that no session of the token is open in this process. SoftHSM does not count sessions, but
// closing the last one ends the login, so a new session must not be logged in.
func (a *admin) requireNoSessions() {
	session, err := a.OpenSession(a.slot, p11.CKF_SERIAL_SESSION)
	require.NoError(a.t, err)
	info, err := a.GetSessionInfo(session)
	require.NoError(a.t, err)
	require.EqualValues(a.t, p11.CKS_RO_PUBLIC_SESSION, info.State, "a session was open")
	require.NoError(a.t, a.CloseSession(session))
}

// generate makes a key pair; change replaces attributes of the private key.
func (a *admin) generate(label string, id []byte, curve asn1.ObjectIdentifier, change ...*p11.Attribute) (public, private p11.ObjectHandle) {
	params, err := asn1.Marshal(curve)
	require.NoError(a.t, err)
	both := []*p11.Attribute{p11.NewAttribute(p11.CKA_TOKEN, true), p11.NewAttribute(p11.CKA_LABEL, label), p11.NewAttribute(p11.CKA_ID, id)}
	public, private, err = a.GenerateKeyPair(a.session, []*p11.Mechanism{p11.NewMechanism(p11.CKM_EC_KEY_PAIR_GEN, nil)},
		append([]*p11.Attribute{p11.NewAttribute(p11.CKA_EC_PARAMS, params), p11.NewAttribute(p11.CKA_VERIFY, true)}, both...),
		merge(append([]*p11.Attribute{p11.NewAttribute(p11.CKA_SIGN, true), p11.NewAttribute(p11.CKA_PRIVATE, true), p11.NewAttribute(p11.CKA_SENSITIVE, true)}, both...), change))
	require.NoError(a.t, err)
	return public, private
}

func merge(attributes, change []*p11.Attribute) []*p11.Attribute {
	for _, c := range change {
		for i, a := range attributes {
			if a.Type == c.Type {
				attributes[i], c = c, nil
				break
			}
		}
		if c != nil {
			attributes = append(attributes, c)
		}
	}
	return attributes
}

// choice has what a test passes to New. A zero field means that its option is not used.
type choice struct {
	module, tokenLabel, tokenSerial, pin, keyLabel string
	keyID                                          []byte
	maxSessions                                    int
}

// choose returns the choice of the key "signing-key" of a token.
func choose(tokenLabel string) choice {
	return choice{module: module, tokenLabel: tokenLabel, pin: userPIN, keyLabel: "signing-key"}
}

func (c choice) new(ctx context.Context) (*pkcs11.Signer, error) {
	var opts []pkcs11.Option
	add := func(is bool, opt pkcs11.Option) {
		if is {
			opts = append(opts, opt)
		}
	}
	add(c.tokenLabel != "", pkcs11.WithTokenLabel(c.tokenLabel))
	add(c.tokenSerial != "", pkcs11.WithTokenSerial(c.tokenSerial))
	add(c.pin != "", pkcs11.WithPIN(byzantine.NewSecret(c.pin)))
	add(c.keyLabel != "", pkcs11.WithKeyLabel(c.keyLabel))
	add(c.keyID != nil, pkcs11.WithKeyID(c.keyID))
	add(c.maxSessions != 0, pkcs11.WithMaxSessions(c.maxSessions))
	return pkcs11.New(ctx, c.module, opts...)
}

func (a *admin) choice() choice { return choose(a.label) }

// withKey makes a token with one key pair, "signing-key".
func withKey(t testing.TB) *admin {
	t.Helper()
	a := newToken(t)
	a.login()
	a.generate("signing-key", []byte{1}, p256)
	a.logout()
	return a
}

func newSigner(t testing.TB, c choice) *pkcs11.Signer {
	t.Helper()
	signer, err := c.new(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, signer.Close()) })
	return signer
}

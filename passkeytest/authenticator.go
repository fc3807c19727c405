// Package passkeytest is a software authenticator with the browser in front of it, for tests of passkey ceremonies without a
// browser and without a device. Nothing in it is fit for production.
package passkeytest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"sync"

	"github.com/byzantine-finance/byzantine-go/internal/options"
)

// Authenticator is a passkey device and the browser in front of it, in software. It takes the options that a page
// would hand to navigator.credentials and returns what PublicKeyCredential.toJSON would give back (W3C WebAuthn,
// sections 5.1.3, 5.1.4 and 6.3).
//
// It is for tests and for trying things out, and for nothing else: private keys lie in memory without protection, and
// it signs without asking for consent. It forgets its credentials when the program ends.
//
// An Authenticator is safe for concurrent use.
type Authenticator struct {
	origin           string
	algorithms       []Algorithm
	transports       []string
	aaguid           [16]byte
	selfAttestation  bool
	userVerification bool
	backupEligible   bool
	backedUp         bool
	counts           bool
	firstCount       uint32

	mu          sync.Mutex // guards the fields below
	random      io.Reader
	cancel      int
	credentials []*credentialSource
}

// credentialSource is a public key credential source (W3C WebAuthn, section 4).
type credentialSource struct {
	id           []byte
	rpID         string
	userHandle   []byte
	discoverable bool
	signCount    uint32
	key          signingKey
}

// Option changes what an [Authenticator] is or does. An option with an invalid value, and a nil one, is an error of
// [Enroll]; [NewAuthenticator] panics with it.
type Option func(*Authenticator) error

// WithOrigin sets the origin of the page, as in "https://app.example.com" or "http://localhost:8080". Without this
// option it is https:// and the relying party's id.
func WithOrigin(origin string) Option {
	return func(a *Authenticator) error { a.origin = origin; return nil }
}

// WithAlgorithms sets the algorithms of which the authenticator can make keys: both without this option. It makes a key
// for the first algorithm of the page's pubKeyCredParams that it has.
func WithAlgorithms(algorithms ...Algorithm) Option {
	return func(a *Authenticator) error {
		if len(algorithms) == 0 {
			return errors.New("WithAlgorithms: none")
		}
		for _, algorithm := range algorithms {
			if algorithm != AlgorithmES256 && algorithm != AlgorithmRS256 {
				return fmt.Errorf("WithAlgorithms: %d is neither AlgorithmES256 nor AlgorithmRS256", algorithm)
			}
		}
		a.algorithms = slices.Clone(algorithms)
		return nil
	}
}

// WithSelfAttestation makes the authenticator add an attestation statement of the format "packed", signed with the
// credential's own key (W3C WebAuthn, section 8.2), whether the page asked for attestation or not. Without this option
// the format is "none".
func WithSelfAttestation() Option {
	return func(a *Authenticator) error { a.selfAttestation = true; return nil }
}

// WithTransports sets the transports that the browser reports: "hybrid" and "internal" without this option.
func WithTransports(transports ...string) Option {
	return func(a *Authenticator) error { a.transports = slices.Clone(transports); return nil }
}

// WithAAGUID sets the AAGUID, which identifies the model of the authenticator: zeros without this option.
func WithAAGUID(aaguid [16]byte) Option {
	return func(a *Authenticator) error { a.aaguid = aaguid; return nil }
}

// WithUserVerification sets whether the authenticator can verify its user, as with a PIN or a fingerprint: it can
// without this option. If it cannot, Create and Get reject options that require it with a NotAllowedError.
func WithUserVerification(able bool) Option {
	return func(a *Authenticator) error { a.userVerification = able; return nil }
}

// WithBackup sets the flags BE (the passkeys may be synchronised) and BS (they are synchronised): both are set without
// this option. It also accepts the combination that the standard forbids, backed up but not eligible.
func WithBackup(eligible, backedUp bool) Option {
	return func(a *Authenticator) error { a.backupEligible, a.backedUp = eligible, backedUp; return nil }
}

// WithSignCount makes the authenticator count signatures, for each credential: first is the count at registration, and
// each assertion adds one. Without this option the count is always 0, as with synchronised passkeys.
func WithSignCount(first uint32) Option {
	return func(a *Authenticator) error { a.counts, a.firstCount = true, first; return nil }
}

// WithDeterministicKeys derives keys and credential ids from a seed, so that the same calls in the same order give the
// same bytes in every run. Whoever knows the seed knows the private keys.
func WithDeterministicKeys(seed string) Option {
	return func(a *Authenticator) error { a.random = mathrand.NewChaCha8(sha256.Sum256([]byte(seed))); return nil }
}

// NewAuthenticator returns an authenticator without credentials: a platform authenticator that verifies its user and
// synchronises its passkeys, unless options say otherwise. It panics if an option is invalid.
func NewAuthenticator(opts ...Option) *Authenticator {
	a, err := newAuthenticator(opts)
	if err != nil {
		panic(fmt.Sprintf("passkeytest: NewAuthenticator: %v", err))
	}
	return a
}

func newAuthenticator(opts []Option) (*Authenticator, error) {
	a := &Authenticator{
		algorithms:       []Algorithm{AlgorithmES256, AlgorithmRS256},
		transports:       []string{"hybrid", "internal"},
		userVerification: true,
		backupEligible:   true,
		backedUp:         true,
		random:           rand.Reader,
	}
	return a, options.Apply(a, opts)
}

// Cancel makes the user dismiss the next ceremonies, as many as times says: Create and Get then return a
// NotAllowedError.
func (a *Authenticator) Cancel(times int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cancel = times
}

// DOMException is how a browser tells a page that a ceremony failed (Web IDL, section 2.8.1; the names that occur are
// listed in W3C WebAuthn, sections 5.1.3 and 5.1.4).
type DOMException struct {
	// Name tells the page why the ceremony failed: NotAllowedError (the user dismissed it, no credential or
	// authenticator fits, or the user cannot be verified), InvalidStateError (the authenticator holds one of the
	// excluded credentials), SecurityError (origin and relying party id do not fit), NotSupportedError (no common
	// algorithm), EncodingError (not base64url) or TypeError (invalid options).
	Name    string
	Message string
}

func (e *DOMException) Error() string { return "passkeytest: " + e.Name + ": " + e.Message }

// proceed returns false if the user dismisses this ceremony, as Cancel has asked, and then lowers the number of dismissals
// that are left. The caller holds the lock.
func (a *Authenticator) proceed() bool {
	if a.cancel <= 0 {
		return true
	}
	a.cancel--
	return false
}

// find returns the newest credential of a relying party for which fits returns true, nil if there is none. The caller
// holds the lock.
func (a *Authenticator) find(rpID string, fits func(*credentialSource) bool) *credentialSource {
	for _, c := range slices.Backward(a.credentials) {
		if c.rpID == rpID && fits(c) {
			return c
		}
	}
	return nil
}

func (a *Authenticator) attachment() string {
	if slices.Contains(a.transports, "internal") {
		return "platform"
	}
	return "cross-platform"
}

// The flags of authenticator data (W3C WebAuthn, section 6.1).
const (
	flagUserPresent        = 1 << 0
	flagUserVerified       = 1 << 2
	flagBackupEligible     = 1 << 3
	flagBackedUp           = 1 << 4
	flagAttestedCredential = 1 << 6
)

// authenticatorData returns authenticator data for a credential (W3C WebAuthn, section 6.1): the hash of the relying
// party id, flags, count and attested, the attested credential data, which is nil for an assertion. userVerification is
// what the page's options require.
func (a *Authenticator) authenticatorData(c *credentialSource, userVerification string, attested []byte) []byte {
	flags := byte(flagUserPresent)
	if a.userVerification && userVerification != "discouraged" {
		flags |= flagUserVerified
	}
	if a.backupEligible {
		flags |= flagBackupEligible
	}
	if a.backedUp {
		flags |= flagBackedUp
	}
	if attested != nil {
		flags |= flagAttestedCredential
	}
	hash := sha256.Sum256([]byte(c.rpID))
	data := append(hash[:], flags)
	data = binary.BigEndian.AppendUint32(data, c.signCount)
	return append(data, attested...)
}

// collectClientData returns the client data as JSON, with the fields in the order of the standard (W3C WebAuthn,
// section 5.8.1).
func collectClientData(ceremony string, challenge base64URL, origin string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Type        string    `json:"type"`
		Challenge   base64URL `json:"challenge"`
		Origin      string    `json:"origin"`
		CrossOrigin bool      `json:"crossOrigin"`
	}{ceremony, challenge, origin, false})
	if err != nil {
		return nil, fmt.Errorf("passkeytest: client data: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

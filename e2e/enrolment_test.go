package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestAuthenticators(t *testing.T) {
	b := startBrowser(t)
	for _, c := range []struct {
		name       string
		device     webauthn.VirtualAuthenticatorOptions
		wish       func(options map[string]any) // changes the options that the SDK makes; nil for none
		format     string                       // of the attestation
		certified  bool                         // the attestation has a certificate of the authenticator's vendor
		algorithm  int
		transports transports
	}{{
		name:   "platform passkey",
		device: platform(),
		format: "none", algorithm: es256, transports: transports{byzantine.TransportInternal},
	}, {
		name:   "platform passkey with the vendor's attestation",
		device: platform(),
		wish:   askForAttestation,
		format: "packed", certified: true, algorithm: es256, transports: transports{byzantine.TransportInternal},
	}, {
		name:   "RS256, as Windows Hello makes it",
		device: platform(),
		wish:   askForRS256,
		format: "none", algorithm: rs256, transports: transports{byzantine.TransportInternal},
	}, {
		name:   "U2F security key over USB with the vendor's attestation",
		device: u2fSecurityKey(),
		wish:   askForAttestation,
		format: "fido-u2f", certified: true, algorithm: es256, transports: transports{byzantine.TransportUSB},
	}, {
		name:   "U2F security key over USB",
		device: u2fSecurityKey(),
		format: "none", algorithm: es256, transports: transports{byzantine.TransportUSB},
	}, {
		name:   "FIDO2 security key over NFC",
		device: reachedBy(webauthn.AuthenticatorTransportNfc),
		format: "none", algorithm: es256, transports: transports{byzantine.TransportNFC},
	}, {
		name:   "smart card, a transport that the API does not name",
		device: reachedBy(webauthn.AuthenticatorTransportSmartCard),
		format: "none", algorithm: es256, transports: transports{byzantine.TransportNFC, byzantine.TransportUnknown},
	}, {
		name:   "phone beside the computer",
		device: reachedBy(webauthn.AuthenticatorTransportHybrid),
		format: "none", algorithm: es256, transports: transports{byzantine.TransportBLE, byzantine.TransportHybrid},
	}} {
		t.Run(c.name, func(t *testing.T) {
			s := startSite(t)
			s.changeOptions = c.wish
			s.accepts(c.device)
			v := visit(t, b, s, "ada")
			v.load(c.device)
			v.enrol()

			assert.Equal(t, []string{"init_otp 200", "otp_auth 200", "create_authenticators_otp 200"}, s.requests().outcomes())
			got := v.requireEnrolled().credential
			assert.Equal(t, c.transports, got.Authenticator.Attestation.Transports)
			assert.Equal(t, c.algorithm, parseKey(t, got.PublicKey).Algorithm)
			assert.Equal(t, c.device.IsUserVerified, got.UserVerified)
			assert.Equal(t, c.device.DefaultBackupEligibility, got.BackupEligible)
			assert.Equal(t, c.device.DefaultBackupState, got.BackedUp)
			attestation := attestationOf(t, got)
			assert.Equal(t, c.format, attestation.Format)
			assert.Equal(t, c.certified, len(attestation.Statement.X5C) > 0)
		})
	}
}

// A security key that cannot verify its user creates no passkey for a site that requires user verification.
func TestSecurityKeyWithoutUserVerification(t *testing.T) {
	s := startSite(t)
	s.rp.Timeout = time.Second
	v := visit(t, startBrowser(t), s, "ada")
	v.load(u2fSecurityKey())
	v.begin()
	v.shows(notCreated)
	assert.Empty(t, v.requireNotEnrolled())
	assert.Empty(t, v.device.credentials())
}

func askForAttestation(options map[string]any) { options["attestation"] = "direct" }

func askForRS256(options map[string]any) {
	options["pubKeyCredParams"] = []any{map[string]any{"type": "public-key", "alg": rs256}}
}

// Password managers and older browsers replace or lack interfaces that a page needs.
func TestBrokenInterfaces(t *testing.T) {
	b := startBrowser(t)
	internal := transports{byzantine.TransportInternal}
	for _, c := range []struct {
		name       string
		script     string // runs before the page's own scripts
		broken     string // an expression that is true in the page afterwards: the interface is broken
		transports transports
	}{{
		name:   "no JSON conversions",
		script: `delete PublicKeyCredential.prototype.toJSON; delete PublicKeyCredential.parseCreationOptionsFromJSON`,
		broken: `!("toJSON" in PublicKeyCredential.prototype) && !("parseCreationOptionsFromJSON" in PublicKeyCredential)`, transports: internal,
	}, {
		name:   "toJSON fails",
		script: `PublicKeyCredential.prototype.toJSON = () => { throw new TypeError("Illegal invocation") }`,
		broken: `/Illegal/.test(PublicKeyCredential.prototype.toJSON)`, transports: internal,
	}, {
		name:   "toJSON returns something else",
		script: `PublicKeyCredential.prototype.toJSON = () => ({})`,
		broken: `JSON.stringify(PublicKeyCredential.prototype.toJSON()) === "{}"`, transports: internal,
	}, {
		name:   "no getTransports",
		script: `delete AuthenticatorAttestationResponse.prototype.getTransports`,
		broken: `!("getTransports" in AuthenticatorAttestationResponse.prototype)`, transports: transports{},
	}, {
		name:   "getTransports fails",
		script: `AuthenticatorAttestationResponse.prototype.getTransports = () => { throw new TypeError("Illegal invocation") }`,
		broken: `/Illegal/.test(AuthenticatorAttestationResponse.prototype.getTransports)`, transports: transports{},
	}} {
		t.Run(c.name, func(t *testing.T) {
			v := visit(t, b, startSite(t), "ada")
			v.beforeLoad(c.script)
			v.load(platform())
			require.True(t, eval[bool](v.tab, "return "+c.broken))
			v.enrol()
			assert.Equal(t, c.transports, v.requireEnrolled().credential.Authenticator.Attestation.Transports)
		})
	}
}

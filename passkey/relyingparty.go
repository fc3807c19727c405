package passkey

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
)

// UserVerification says whether the authenticator must verify its user, with a PIN or a fingerprint (W3C WebAuthn,
// section 5.8.6).
type UserVerification string

const (
	// UserVerificationRequired rejects a response without user verification. This is the default, because whoever finds
	// a security key must not be able to move money with it.
	UserVerificationRequired UserVerification = "required"
	// UserVerificationPreferred also accepts a passkey without user verification, such as that of an older security key
	// without a PIN. The API's own clients ask for this.
	UserVerificationPreferred UserVerification = "preferred"
)

// AttestationConveyance says whether a registration has to prove which model of authenticator made the passkey (W3C
// WebAuthn, section 5.4.7).
type AttestationConveyance string

const (
	// AttestationNone asks for no attestation. This is the default. If a browser or password manager sends a statement
	// nevertheless, and it cannot be verified, it counts as none: one of an unknown format, or with a certificate that
	// is expired or of an unknown manufacturer. A statement that contradicts the data that it signs is rejected with
	// [ErrAttestation].
	AttestationNone AttestationConveyance = "none"
	// AttestationDirect asks for attestation and rejects, with [ErrAttestation], a registration without a statement or
	// with one that does not verify (W3C WebAuthn, section 8). Synchronised passkeys usually have none. This package
	// does not decide which manufacturers to trust: compare [Credential.AAGUID] and the certificates of the statement
	// with your own list.
	AttestationDirect AttestationConveyance = "direct"
)

const (
	// defaultTimeout is the longest time that Byzantine's API expects a ceremony to take.
	defaultTimeout = 10 * time.Minute
	minTimeout     = time.Second
	maxTimeout     = time.Hour
)

// RelyingParty is the site to which passkeys belong. ID, Name and Origins are required. It is safe for concurrent use,
// because its methods do not change it.
type RelyingParty struct {
	// ID is the domain that passkeys are bound to, without scheme and port: "example.com", or "localhost" during
	// development. If it changes, all passkeys become unusable (W3C WebAuthn, section 5.4.2).
	ID string
	// Name is the name of the site that the user sees.
	Name string
	// Origins are the origins of the pages that may run a ceremony, in the form that browsers use: scheme, host and a
	// port other than the default, as in "https://app.example.com". The host is ID or a subdomain of it. Besides https,
	// only http://localhost is valid, with or without a port.
	Origins []string
	// UserVerification says whether the authenticator must verify its user: UserVerificationRequired if empty.
	UserVerification UserVerification
	// Attestation says whether to ask for attestation: AttestationNone if empty.
	Attestation AttestationConveyance
	// Timeout is how long a ceremony may take, between one second and one hour. It is 10 minutes if zero.
	Timeout time.Duration
}

// Validate returns an error if a field of the relying party is missing or invalid. Every ceremony calls Validate; call
// it when your server starts to find mistakes early. The error is an *[Error] of kind [ErrConfiguration].
func (rp *RelyingParty) Validate() error {
	if rp == nil {
		return misconfigured("RelyingParty", "missing")
	}
	if reason := checkDomain(rp.ID); reason != "" {
		return misconfigured("RelyingParty.ID", reason)
	}
	if err := checkText("RelyingParty.Name", rp.Name); err != nil {
		return err
	}
	if len(rp.Origins) == 0 {
		return misconfigured("RelyingParty.Origins", "missing")
	}
	for i, origin := range rp.Origins {
		if reason := checkOrigin(origin, rp.ID); reason != "" {
			return misconfigured(fmt.Sprintf("RelyingParty.Origins[%d]", i), reason)
		}
	}
	if !slices.Contains([]UserVerification{UserVerificationPreferred, UserVerificationRequired}, rp.userVerification()) {
		return misconfigured("RelyingParty.UserVerification", `neither "preferred" nor "required"`)
	}
	if !slices.Contains([]AttestationConveyance{AttestationNone, AttestationDirect}, rp.attestation()) {
		return misconfigured("RelyingParty.Attestation", `neither "none" nor "direct"`)
	}
	if rp.Timeout != 0 && (rp.Timeout < minTimeout || rp.Timeout > maxTimeout) {
		return misconfigured("RelyingParty.Timeout", "not between one second and one hour")
	}
	return nil
}

func (rp *RelyingParty) timeout() time.Duration {
	if rp.Timeout == 0 {
		return defaultTimeout
	}
	return rp.Timeout
}

func (rp *RelyingParty) userVerification() UserVerification {
	if rp.UserVerification == "" {
		return UserVerificationRequired
	}
	return rp.UserVerification
}

func (rp *RelyingParty) attestation() AttestationConveyance {
	if rp.Attestation == "" {
		return AttestationNone
	}
	return rp.Attestation
}

// checkText rejects a text that is blank or not valid UTF-8. check is the name of the text in the error.
func checkText(check, s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return misconfigured(check, "missing")
	case !utf8.ValidString(s):
		return misconfigured(check, "not valid UTF-8")
	}
	return nil
}

// checkDomain returns why a name cannot be a relying party id, or "". Authenticators hash the id as it is, so it must
// be spelt as browsers spell it: in lower case and punycode.
func checkDomain(name string) (reason string) {
	if name == "" {
		return "missing"
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
			return "not a domain name in lower case, without scheme, port and path"
		}
	}
	if err := protocol.ValidateRPID(name); err != nil {
		return "not a domain name: " + err.Error()
	}
	return ""
}

// checkOrigin returns why a page of this origin cannot run a ceremony for the relying party id, or "".
func checkOrigin(origin, rpID string) (reason string) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return "not an origin such as https://" + rpID
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if scheme != "https" && (scheme != "http" || host != "localhost") {
		return "neither https nor http://localhost"
	}
	if host != rpID && (!strings.HasSuffix(host, "."+rpID) || checkDomain(host) != "") {
		return "its host is neither the relying party's id nor a subdomain of it"
	}
	canonical := scheme + "://" + host
	if port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return "its port is not a number from 1 to 65535"
		}
		if defaultPort := map[string]uint64{"https": 443, "http": 80}[scheme]; number != defaultPort {
			canonical += ":" + strconv.FormatUint(number, 10)
		}
	}
	if origin != canonical {
		return "browsers spell it " + canonical
	}
	return ""
}

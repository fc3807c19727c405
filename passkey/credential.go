package passkey

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/byzantine-finance/byzantine-go"
)

// Credential is a passkey after its registration: what goes to the API, and what your own database may want to keep
// (W3C WebAuthn, section 4, "credential record"). It goes to JSON and back unchanged.
type Credential struct {
	// Authenticator is the passkey as the API takes it.
	Authenticator byzantine.AuthenticatorParam `json:"authenticator"`
	// ID is the id of the credential in unpadded base64url: what the API calls credentialId, and what
	// [RelyingParty.BeginRegistration] excludes.
	ID string `json:"id"`
	// PublicKey is the COSE_Key that the authenticator made (RFC 9052, section 7). In JSON it is standard base64.
	PublicKey []byte `json:"publicKey"`
	// AAGUID names the model of the authenticator, spelt as a UUID. Many authenticators report zeros.
	AAGUID string `json:"aaguid"`
	// Transports is what the browser reported, in WebAuthn's spelling ("internal", "usb"), each once; never nil. The
	// API's spelling is in Authenticator.
	Transports []string `json:"transports"`
	// SignCount is the authenticator's count of signatures. Synchronised passkeys always report 0.
	SignCount uint32 `json:"signCount"`
	// UserVerified says that the authenticator verified its user, with a PIN or a fingerprint.
	UserVerified bool `json:"userVerified"`
	// BackupEligible says that the passkey may be synchronised between devices; this never changes.
	BackupEligible bool `json:"backupEligible"`
	// BackedUp says that it was synchronised at the time.
	BackedUp bool `json:"backedUp"`
}

// ParseUnverified reads what the browser sent (RegistrationResponseJSON) without a state to check it against.
//
// IT VERIFIES NOTHING ABOUT WHERE THE RESPONSE COMES FROM. Neither the challenge nor the origin, neither the relying
// party nor the attestation statement is looked at: anybody can make such a response with any key, or send one that
// was made at another time, for another user or for another site. Use [RelyingParty.FinishRegistration] wherever
// your own server makes the options.
//
// It does reject what is not well formed or contradicts itself: another ceremony than a registration, an id that is not
// the attested one, a key that is not on its curve or not one that the API takes, flags that exclude each other. name is
// as for FinishRegistration. An error is an *[Error] of kind [ErrName], [ErrMalformed] or [ErrUnsupportedKey].
func ParseUnverified(responseJSON []byte, name string) (*Credential, error) {
	name, err := authenticatorName(name)
	if err != nil {
		return nil, err
	}
	r, err := parseRegistration(responseJSON)
	if err != nil {
		return nil, err
	}
	return r.credential(name), nil
}

// credential puts the result together. The blobs go out as the bytes that came in.
func (r *registration) credential(name string) *Credential {
	data := r.response.AttestationObject.AuthData
	id := encodeBase64(r.raw.RawID)
	return &Credential{
		Authenticator: byzantine.AuthenticatorParam{
			AuthenticatorName: name,
			Challenge:         r.client.Challenge,
			Attestation: byzantine.Attestation{
				CredentialID:      id,
				ClientDataJSON:    encodeBase64(r.raw.AttestationResponse.ClientDataJSON),
				AttestationObject: encodeBase64(r.raw.AttestationResponse.AttestationObject),
				Transports:        apiTransports(r.transports),
			},
		},
		ID:             id,
		PublicKey:      r.publicKey,
		AAGUID:         formatUUID(data.AttData.AAGUID),
		Transports:     r.transports,
		SignCount:      data.Counter,
		UserVerified:   data.Flags.HasUserVerified(),
		BackupEligible: data.Flags.HasBackupEligible(),
		BackedUp:       data.Flags.HasBackupState(),
	}
}

// WithCBORCredentialID returns the Authenticator with its credentialId as a CBOR byte string around the id, in unpadded
// base64url. The API's text calls credentialId CBOR encoded, while its clients send the id itself, as Authenticator has it:
// use this only if the API rejects that.
func (c *Credential) WithCBORCredentialID() (byzantine.AuthenticatorParam, error) {
	param := c.Authenticator
	id, err := decodeBase64(c.ID)
	if err != nil || len(id) == 0 {
		return byzantine.AuthenticatorParam{}, misconfigured("Credential.ID", "not the id of a credential")
	}
	encoded, err := webauthncbor.Marshal(id)
	if err != nil {
		return byzantine.AuthenticatorParam{}, misconfigured("Credential.ID", "cannot be encoded")
	}
	param.Attestation.CredentialID = encodeBase64(encoded)
	return param, nil
}

// apiTransports translates into the API's spelling, each once and in order; never nil.
func apiTransports(reported []string) []byzantine.AuthenticatorTransport {
	list := make([]byzantine.AuthenticatorTransport, 0, len(reported))
	for _, t := range reported {
		if translated := apiTransport(t); !slices.Contains(list, translated) {
			list = append(list, translated)
		}
	}
	return list
}

func apiTransport(t string) byzantine.AuthenticatorTransport {
	switch t {
	case "internal":
		return byzantine.TransportInternal
	case "usb":
		return byzantine.TransportUSB
	case "nfc":
		return byzantine.TransportNFC
	case "ble":
		return byzantine.TransportBLE
	case "hybrid", "cable": // cable is what hybrid was called before it was standardised
		return byzantine.TransportHybrid
	}
	return byzantine.TransportUnknown
}

// formatUUID spells 16 bytes as RFC 9562 does.
func formatUUID(b []byte) string {
	return strings.Join([]string{
		hex.EncodeToString(b[0:4]), hex.EncodeToString(b[4:6]), hex.EncodeToString(b[6:8]),
		hex.EncodeToString(b[8:10]), hex.EncodeToString(b[10:16]),
	}, "-")
}

// maxAuthenticatorName is in characters. The API documents no bound; this one fits a list on a screen.
const maxAuthenticatorName = 64

func authenticatorName(name string) (string, error) {
	name = strings.TrimSpace(name)
	reason := ""
	switch {
	case name == "":
		reason = "missing"
	case !utf8.ValidString(name):
		reason = "not valid UTF-8"
	case utf8.RuneCountInString(name) > maxAuthenticatorName:
		reason = "longer than 64 characters"
	case strings.ContainsFunc(name, unicode.IsControl):
		reason = "contains control characters"
	default:
		return name, nil
	}
	return "", &Error{Check: "name", Reason: reason, Kind: ErrName}
}

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

// Credential is a registered passkey: what the API takes, and what your own database may keep (W3C WebAuthn, section 4,
// "credential record"). JSON encodes and decodes it without loss.
type Credential struct {
	// Authenticator is the passkey in the form that the API takes.
	Authenticator byzantine.AuthenticatorParam `json:"authenticator"`
	// ID is the id of the credential in unpadded base64url. The API calls it credentialId, and
	// [RelyingParty.BeginRegistration] takes it in exclude.
	ID string `json:"id"`
	// PublicKey is the public key of the passkey, a COSE_Key (RFC 9052, section 7). In JSON it is standard base64.
	PublicKey []byte `json:"publicKey"`
	// AAGUID identifies the model of the authenticator, in the form of a UUID. Many authenticators report zeros.
	AAGUID string `json:"aaguid"`
	// Transports are the transports that the browser reported, in WebAuthn's spelling ("internal", "usb"), each once;
	// never nil. The API's spelling is in Authenticator.
	Transports []string `json:"transports"`
	// SignCount is the authenticator's count of signatures. Synchronised passkeys always report 0.
	SignCount uint32 `json:"signCount"`
	// UserVerified says that the authenticator verified its user, with a PIN or a fingerprint.
	UserVerified bool `json:"userVerified"`
	// BackupEligible says that the passkey may be synchronised between devices; this never changes.
	BackupEligible bool `json:"backupEligible"`
	// BackedUp says that the passkey was synchronised at the time of the registration.
	BackedUp bool `json:"backedUp"`
}

// ParseUnverified reads what the browser sent (RegistrationResponseJSON) without a state to check it against.
//
// IT DOES NOT VERIFY WHERE THE RESPONSE COMES FROM. It does not check the challenge, the origin, the relying party or
// the attestation statement: an attacker can make such a response with any key, or send one that was made at another
// time, for another user or for another site. Use [RelyingParty.FinishRegistration] wherever your own server makes the
// options.
//
// It rejects a response that is not well formed or contradicts itself: one of another ceremony than a registration, an
// id that is not the attested one, a key that is not on its curve or not one that the API takes, flags that exclude
// each other. name is as for FinishRegistration. An error is an *[Error] of kind [ErrName], [ErrMalformed] or
// [ErrUnsupportedKey].
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

// credential returns the Credential of a registration with the given authenticator name. Its binary fields are the
// bytes that the browser sent.
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
// base64url. The API's documentation calls credentialId CBOR encoded, but its clients send the id itself, as
// Authenticator does. Use this method only if the API rejects that.
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

// apiTransports translates WebAuthn's transports into the API's, in the same order and each once. The result is never
// nil.
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

// formatUUID returns 16 bytes as the text of a UUID (RFC 9562).
func formatUUID(b []byte) string {
	return strings.Join([]string{
		hex.EncodeToString(b[0:4]), hex.EncodeToString(b[4:6]), hex.EncodeToString(b[6:8]),
		hex.EncodeToString(b[8:10]), hex.EncodeToString(b[10:16]),
	}, "-")
}

// maxAuthenticatorName is the longest name, in characters. The API documents no limit; a name of this length fits into
// a list on a screen.
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

package passkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// MaxResponseBytes is the size in bytes of the largest response that this package reads. Pass it to http.MaxBytesReader
// when you read the request. Responses of browsers have 1 to 10 KiB.
const MaxResponseBytes = 64 << 10

const (
	// maxAttestationObject is the size in bytes of the largest attestation object. It limits the certificates in an
	// attestation statement, and so the time that a signature check takes: an RSA key of 30,000 bits costs 50 ms, and
	// one that fills 64 KiB a second. The longest real chains have about 8 KiB, and the options usually ask for none.
	maxAttestationObject = 16 << 10
	// maxCredentialID is the length in bytes of the longest credential id (WebAuthn, section 4, "credential ID").
	maxCredentialID = 1023
	// No browser reports more than the six transports of WebAuthn, section 5.8.4. A list that is stored needs a limit.
	maxTransports      = 16
	maxTransportLength = 32
)

// The names of the parts of a response in errors.
const (
	checkCredential         = "credential"
	checkResponse           = checkCredential + ".response"
	checkClientDataJSON     = checkResponse + ".clientDataJSON"
	checkAttestationObject  = checkResponse + ".attestationObject"
	checkAuthData           = checkAttestationObject + ".authData"
	checkAssertionData      = checkResponse + ".authenticatorData"
	checkAssertionSignature = checkResponse + ".signature"
)

// registration is a well-formed response to a request for a registration, which does not contradict itself. It has not
// been compared with a RegistrationState yet.
type registration struct {
	raw        protocol.CredentialCreationResponse
	response   *protocol.ParsedAttestationResponse
	client     protocol.CollectedClientData
	transports []string
	publicKey  []byte // COSE_Key, the bytes that the authenticator wrote
}

// parseRegistration reads RegistrationResponseJSON (W3C WebAuthn, section 5.1) and makes the checks that need no
// RegistrationState.
func parseRegistration(responseJSON []byte) (*registration, error) {
	rawID, response, err := parseCredential(responseJSON, "clientDataJSON", "attestationObject", "transports")
	if err != nil {
		return nil, err
	}
	if !response.has("attestationObject") && response.has("signature") {
		return nil, malformed(checkAttestationObject, "missing: this is the response of a sign-in, not of a registration")
	}
	var r registration
	r.raw.RawID = rawID
	if r.raw.AttestationResponse.ClientDataJSON, err = response.bytes("clientDataJSON"); err != nil {
		return nil, err
	}
	if r.raw.AttestationResponse.AttestationObject, err = response.bytes("attestationObject"); err != nil {
		return nil, err
	}
	if len(r.raw.AttestationResponse.AttestationObject) > maxAttestationObject {
		return nil, malformed(checkAttestationObject, "larger than 16 KiB")
	}
	r.transports = transports(response)
	if r.client, err = parseClientData(r.raw.AttestationResponse.ClientDataJSON, protocol.CreateCeremony); err != nil {
		return nil, err
	}
	if err := checkAttestationFields(r.raw.AttestationResponse.AttestationObject); err != nil {
		return nil, err
	}
	// go-webauthn would reject client data because of fields that do not matter, so it gets an empty object here;
	// r.client has the fields that are needed.
	plain := r.raw.AttestationResponse
	plain.ClientDataJSON = []byte("{}")
	if r.response, err = plain.Parse(); err != nil {
		return nil, malformed(checkAttestationObject, libraryReason(err))
	}
	if err := r.checkAuthenticatorData(); err != nil {
		return nil, err
	}
	if r.publicKey, err = credentialPublicKey(r.response.AttestationObject); err != nil {
		return nil, err
	}
	return &r, nil
}

// parseCredential reads what registrations and signatures have in common, and returns the credential's id and the
// object in the field response. known are the fields of that object that the caller will read.
func parseCredential(responseJSON []byte, known ...string) (rawID []byte, response object, err error) {
	if len(responseJSON) > MaxResponseBytes {
		return nil, object{}, malformed(checkCredential, "larger than 64 KiB")
	}
	credential, err := decodeObject(checkCredential, responseJSON, "id", "rawId", "type", "response")
	if err != nil {
		return nil, object{}, err
	}
	if rawID, err = credentialID(credential); err != nil {
		return nil, object{}, err
	}
	if err := credential.expect("type", string(protocol.PublicKeyCredentialType)); err != nil {
		return nil, object{}, err
	}
	response, err = decodeObject(checkResponse, credential.fields["response"], known...)
	return rawID, response, err
}

// credentialID returns the credential's id as bytes. It is an error if the fields id and rawId differ.
func credentialID(credential object) ([]byte, error) {
	if !credential.has("id") && !credential.has("rawId") && wraps(credential) {
		return nil, malformed(checkCredential, "wrapped in another object: pass what PublicKeyCredential.toJSON returned, nothing around it")
	}
	id, err := credential.bytes("id")
	if err != nil {
		return nil, err
	}
	rawID, err := credential.bytes("rawId")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(id, rawID) {
		return nil, malformed(credential.path("rawId"), "not the same as id")
	}
	if len(rawID) > maxCredentialID {
		return nil, malformed(credential.path("id"), "longer than 1023 bytes")
	}
	return rawID, nil
}

// wraps reports whether a field of the object holds a response, because the page has posted the response inside another
// object.
func wraps(o object) bool {
	for _, value := range o.fields {
		var inner struct {
			RawID    json.RawMessage `json:"rawId"`
			Response json.RawMessage `json:"response"`
		}
		if json.Unmarshal(value, &inner) == nil && inner.RawID != nil && inner.Response != nil {
			return true
		}
	}
	return false
}

// transports returns the transports that the browser reported, each once. They are only a hint (W3C WebAuthn, section
// 5.2.1): a browser may report none, and a value that cannot be a transport is left out.
func transports(response object) []string {
	list := []string{}
	var reported []any
	if json.Unmarshal(response.fields["transports"], &reported) != nil {
		return list
	}
	for _, value := range reported {
		t, isText := value.(string)
		if isText && t != "" && len(t) <= maxTransportLength && len(list) < maxTransports && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// parseClientData reads the client data, in which the browser says which page ran which ceremony (W3C WebAuthn, section
// 5.8.1). It is an error if the client data are for another ceremony than the given one.
func parseClientData(clientDataJSON []byte, ceremony protocol.CeremonyType) (client protocol.CollectedClientData, err error) {
	text := bytes.TrimPrefix(clientDataJSON, []byte("\ufeff")) // section 7.1, step 5: a byte order mark is stripped
	o, err := decodeObject(checkClientDataJSON, text, "type", "challenge", "origin", "crossOrigin", "topOrigin")
	if err != nil {
		return client, err
	}
	if err := o.expect("type", string(ceremony)); err != nil {
		return client, err
	}
	challenge, err := o.text("challenge")
	if err != nil {
		return client, err
	}
	// The API gets the challenge in this text, so only unpadded base64url is accepted, which all browsers write.
	if raw, err := decodeBase64(challenge); err != nil || encodeBase64(raw) != challenge {
		return client, malformed(o.path("challenge"), "not unpadded base64url")
	}
	origin, err := o.text("origin")
	if err != nil {
		return client, err
	}
	client = protocol.CollectedClientData{Type: ceremony, Challenge: challenge, Origin: origin}
	if o.has("crossOrigin") && json.Unmarshal(o.fields["crossOrigin"], &client.CrossOrigin) != nil {
		return client, malformed(checkClientDataJSON, "crossOrigin is not a boolean")
	}
	if o.has("topOrigin") && json.Unmarshal(o.fields["topOrigin"], &client.TopOrigin) != nil {
		return client, malformed(checkClientDataJSON, "topOrigin is not a string")
	}
	// All other fields are ignored, such as tokenBinding, which WebAuthn level 3 has dropped.
	return client, nil
}

// checkAttestationFields rejects an attestation object that another decoder would read differently: go-webauthn
// matches names without regard to case and takes an array of numbers for bytes (W3C WebAuthn, section 6.5.4).
func checkAttestationFields(attestationObject []byte) error {
	var fields map[string]any
	if err := webauthncbor.Unmarshal(attestationObject, &fields); err != nil {
		return malformed(checkAttestationObject, "not a CBOR map in CTAP2's form")
	}
	if _, ok := fields["authData"].([]byte); !ok {
		return malformed(checkAuthData, "missing, or not bytes")
	}
	if _, ok := fields["fmt"].(string); !ok {
		return malformed(checkAttestationObject+".fmt", "missing, or not text")
	}
	if fields["attStmt"] == nil {
		return malformed(checkAttestationObject+".attStmt", "missing")
	}
	for name := range fields {
		for _, known := range []string{"authData", "fmt", "attStmt"} {
			if name != known && strings.EqualFold(name, known) {
				return malformed(checkAttestationObject+"."+known, "spelt in other letter case")
			}
		}
	}
	return nil
}

// checkAuthenticatorData checks the flags, and that the response's id is the one in the authenticator data.
func (r *registration) checkAuthenticatorData() error {
	data := r.response.AttestationObject.AuthData
	if err := checkFlags(checkAuthData, data.Flags); err != nil {
		return err
	}
	if !bytes.Equal(r.raw.RawID, data.AttData.CredentialID) {
		return malformed(checkCredential+".id", "not the id in the attested credential data")
	}
	return nil
}

// checkFlags rejects authenticator data whose flags say that the user was not present, or that the passkey is backed up
// although it may not be. check is the name of the authenticator data in the error.
//
// Reserved flags are not checked. The two backup flags were once reserved, and relying parties that rejected reserved
// flags rejected every synchronised passkey when browsers began to use them.
func checkFlags(check string, flags protocol.AuthenticatorFlags) error {
	if !flags.HasUserPresent() {
		return malformed(check+".flags", "the user was not present")
	}
	if flags.HasBackupState() && !flags.HasBackupEligible() {
		return malformed(check+".flags", "backed up without being eligible for it")
	}
	return nil
}

// libraryReason returns the fixed part of an error of go-webauthn: the words before its first colon. The words after
// it, its DevInfo and the errors that it wraps can repeat challenges and bytes.
func libraryReason(err error) string {
	details := "not readable"
	var protocolError *protocol.Error
	var keyError *webauthncose.Error
	switch {
	case errors.As(err, &protocolError):
		details = protocolError.Details
	case errors.As(err, &keyError):
		details = keyError.Details
	}
	fixed, _, _ := strings.Cut(details, ":")
	return "go-webauthn: " + fixed
}

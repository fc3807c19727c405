package passkeytest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Create does what navigator.credentials.create does: it takes PublicKeyCredentialCreationOptionsJSON, makes a
// credential and returns RegistrationResponseJSON (W3C WebAuthn, section 5.1). A rejection is a *[DOMException].
func (a *Authenticator) Create(optionsJSON []byte) (registrationResponseJSON []byte, err error) {
	var options creationOptions
	if err := decodeCeremonyOptions(optionsJSON, &options); err != nil {
		return nil, err
	}
	if err := options.check(); err != nil {
		return nil, err
	}
	origin, rpID, err := a.scope(options.RP.ID)
	if err != nil {
		return nil, err
	}
	algorithm, err := a.choose(options.PubKeyCredParams)
	if err != nil {
		return nil, err
	}
	selection := options.AuthenticatorSelection
	if selection.AuthenticatorAttachment != "" && selection.AuthenticatorAttachment != a.attachment() {
		return nil, &DOMException{"NotAllowedError", "no authenticator is attached in the way that is asked for"}
	}
	if err := a.checkUserVerification(selection.UserVerification); err != nil {
		return nil, err
	}
	clientData, err := collectClientData("webauthn.create", options.Challenge, origin)
	if err != nil {
		return nil, err
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.proceed() {
		return nil, errDismissed
	}
	if a.find(rpID, func(c *credentialSource) bool { return listed(options.ExcludeCredentials, c) }) != nil {
		return nil, &DOMException{"InvalidStateError", "the authenticator holds one of the excluded credentials"}
	}
	c, err := a.newCredential(algorithm)
	if err != nil {
		return nil, err
	}
	c.rpID, c.userHandle, c.discoverable = rpID, options.User.ID, selection.discoverable()
	response, err := a.attest(c, selection.UserVerification, clientData)
	if err != nil {
		return nil, err
	}
	a.credentials = append(a.credentials, c)
	return response, nil
}

// checkUserVerification returns a NotAllowedError if the page requires user verification and the authenticator cannot
// verify its user.
func (a *Authenticator) checkUserVerification(requirement string) error {
	if requirement == "required" && !a.userVerification {
		return &DOMException{"NotAllowedError", "the authenticator cannot verify its user"}
	}
	return nil
}

// choose returns the first algorithm of the page's pubKeyCredParams that the authenticator has, or a NotSupportedError.
// An empty list means ES256 and RS256 (W3C WebAuthn, section 5.1.3).
func (a *Authenticator) choose(params []credentialParameter) (Algorithm, error) {
	if len(params) == 0 {
		params = []credentialParameter{{"public-key", AlgorithmES256}, {"public-key", AlgorithmRS256}}
	}
	for _, p := range params {
		if p.Type == "public-key" && slices.Contains(a.algorithms, p.Alg) {
			return p.Alg, nil
		}
	}
	return 0, &DOMException{"NotSupportedError", "the authenticator has none of the algorithms in pubKeyCredParams"}
}

func (a *Authenticator) newCredential(algorithm Algorithm) (*credentialSource, error) {
	key, err := newSigningKey(algorithm, a.random)
	if err != nil {
		return nil, err
	}
	c := &credentialSource{id: make([]byte, 32), key: key, signCount: a.firstCount}
	if _, err := io.ReadFull(a.random, c.id); err != nil {
		return nil, fmt.Errorf("passkeytest: credential id: %w", err)
	}
	return c, nil
}

// attest returns the registration response for a new credential (W3C WebAuthn, sections 6.5 and 5.2.1.1).
func (a *Authenticator) attest(c *credentialSource, userVerification string, clientData []byte) ([]byte, error) {
	publicKey, err := encodeCBOR(c.key.cose())
	if err != nil {
		return nil, err
	}
	spki, err := c.key.spki()
	if err != nil {
		return nil, err
	}
	attested := slices.Concat(a.aaguid[:], binary.BigEndian.AppendUint16(nil, uint16(len(c.id))), c.id, publicKey)
	authData := a.authenticatorData(c, userVerification, attested)

	format, statement := "none", map[string]any{}
	if a.selfAttestation {
		signature, err := c.key.sign(authData, clientData)
		if err != nil {
			return nil, err
		}
		format, statement = "packed", map[string]any{"alg": c.key.algorithm(), "sig": signature}
	}
	attestationObject, err := encodeCBOR(map[string]any{"fmt": format, "attStmt": statement, "authData": authData})
	if err != nil {
		return nil, err
	}
	return json.Marshal(publicKeyCredential{
		ID: c.id, RawID: c.id, Type: "public-key", AuthenticatorAttachment: a.attachment(),
		Response: attestationResponse{
			ClientDataJSON:     clientData,
			AuthenticatorData:  authData,
			Transports:         append([]string{}, a.transports...), // [] and not null, as in a browser
			PublicKey:          spki,
			PublicKeyAlgorithm: c.key.algorithm(),
			AttestationObject:  attestationObject,
		},
	})
}

// encodeCBOR encodes in CTAP2's canonical form, which WebAuthn requires of authenticators (section 6).
func encodeCBOR(v any) ([]byte, error) {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(v)
}

// listed reports whether a list of the options names the credential.
func listed(descriptors []credentialDescriptor, c *credentialSource) bool {
	return slices.ContainsFunc(descriptors, func(d credentialDescriptor) bool {
		return d.Type == "public-key" && bytes.Equal(d.ID, c.id)
	})
}

package passkey

import (
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// User is the account that a passkey is made for (W3C WebAuthn, section 5.4.3).
type User struct {
	// ID identifies the account, 1 to 64 bytes, the same at every registration. The authenticator stores it as the user
	// handle. It does not display the id, but whoever holds the authenticator can read it, so use an opaque id and not
	// an e-mail address.
	ID string
	// Name is the name that the account picker shows, usually the e-mail address. Required.
	Name string
	// DisplayName is the person's name. It is Name if empty.
	DisplayName string
}

// RegistrationState is what the server keeps between [RelyingParty.BeginRegistration] and
// [RelyingParty.FinishRegistration]. JSON encodes and decodes it without loss, so any session store can hold it.
//
// Only the state ties a response to a user, so treat it like a session:
//
//   - Keep it on the server, in the session of the user who began; never send it to the page.
//   - In a store of your own, compare UserID with the signed-in user before [RelyingParty.FinishRegistration], which
//     cannot know who is signed in.
//   - Take it out of the store before finishing, whatever the outcome. A state that stays can be used again until it
//     expires.
type RegistrationState struct {
	// UserID is the ID of the user for whom the registration began.
	UserID string `json:"userId"`
	// RelyingPartyID is the ID of the relying party.
	RelyingPartyID string `json:"rpId"`
	// Challenge is the challenge that the authenticator signs: 32 random bytes in unpadded base64url.
	Challenge string `json:"challenge"`
	// ExpiresAt is when the state expires: after the relying party's timeout and one more minute for the response to
	// arrive. The machine's clock decides, also in a test against a sandbox with a clock of its own.
	ExpiresAt time.Time `json:"expiresAt"`
}

const (
	challengeSize = 32
	// gracePeriod is the time after the relying party's timeout in which a response may still arrive.
	gracePeriod = time.Minute
	// maxUserHandle is the length in bytes of the longest user handle (WebAuthn, section 5.4.3).
	maxUserHandle = 64
)

// credentialParameters are the algorithms that the API accepts, the preferred one first.
var credentialParameters = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// BeginRegistration makes the options for the page (PublicKeyCredentialCreationOptionsJSON, W3C WebAuthn, section 5.4)
// and the state for the server. The options ask for an ES256 or RS256 key, which the API accepts, for a discoverable
// credential if possible, and for the user verification and attestation that the RelyingParty sets.
//
// exclude are the ids of the passkeys that the user already has, in base64url as in [Credential.ID]. An authenticator
// that holds one of them does not make a second.
//
// An error is an *[Error] of kind [ErrConfiguration].
func (rp *RelyingParty) BeginRegistration(user User, exclude ...string) (options json.RawMessage, state *RegistrationState, err error) {
	if err := rp.Validate(); err != nil {
		return nil, nil, err
	}
	if err := user.check(); err != nil {
		return nil, nil, err
	}
	excluded := make([]protocol.CredentialDescriptor, 0, len(exclude))
	for i, id := range exclude {
		descriptor, err := describe(fmt.Sprintf("exclude[%d]", i), id)
		if err != nil {
			return nil, nil, err
		}
		excluded = append(excluded, descriptor)
	}
	challenge := make([]byte, challengeSize)
	rand.Read(challenge)

	displayName := user.DisplayName
	if displayName == "" {
		displayName = user.Name
	}
	options, err = json.Marshal(protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{
			CredentialEntity: protocol.CredentialEntity{Name: rp.Name}, ID: rp.ID,
		},
		User: protocol.UserEntity{
			CredentialEntity: protocol.CredentialEntity{Name: user.Name},
			DisplayName:      displayName,
			ID:               protocol.URLEncodedBase64(user.ID),
		},
		Challenge:             challenge,
		Parameters:            credentialParameters,
		Timeout:               int(rp.timeout().Milliseconds()),
		CredentialExcludeList: excluded,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:      protocol.ResidentKeyRequirementPreferred,
			UserVerification: protocol.UserVerificationRequirement(rp.userVerification()),
		},
		Attestation: protocol.ConveyancePreference(rp.attestation()),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: options: %w", err)
	}
	return options, &RegistrationState{
		UserID:         user.ID,
		RelyingPartyID: rp.ID,
		Challenge:      encodeBase64(challenge),
		ExpiresAt:      rp.stateExpiry(),
	}, nil
}

// stateExpiry returns when a state that is made now expires: in whole seconds and UTC, so that JSON does not change it.
func (rp *RelyingParty) stateExpiry() time.Time {
	return time.Now().Add(rp.timeout() + gracePeriod).UTC().Truncate(time.Second)
}

// describe returns the descriptor of a credential for the options. check is the name of the id in an error.
func describe(check, id string) (protocol.CredentialDescriptor, error) {
	raw, err := decodeBase64(id)
	if err != nil {
		return protocol.CredentialDescriptor{}, misconfigured(check, err.Error())
	}
	if len(raw) == 0 || len(raw) > maxCredentialID {
		return protocol.CredentialDescriptor{}, misconfigured(check, "not the id of a credential: 1 to 1023 bytes")
	}
	return protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: raw}, nil
}

func (u User) check() error {
	if len(u.ID) == 0 || len(u.ID) > maxUserHandle {
		return misconfigured("User.ID", "not 1 to 64 bytes")
	}
	// JSON could not keep other bytes in the state.
	if !utf8.ValidString(u.ID) {
		return misconfigured("User.ID", "not valid UTF-8")
	}
	if err := checkText("User.Name", u.Name); err != nil {
		return err
	}
	if !utf8.ValidString(u.DisplayName) {
		return misconfigured("User.DisplayName", "not valid UTF-8")
	}
	return nil
}

// FinishRegistration checks the browser's response (RegistrationResponseJSON) against the state by W3C WebAuthn,
// section 7.1, and returns the credential. name is the authenticator's name in the user's list of passkeys; it is
// trimmed and must have 1 to 64 characters.
//
// FinishRegistration trusts the state. The caller must make sure that the state is the signed-in user's and has not
// been used before, as [RegistrationState] says, and afterwards that no other user has registered the same
// [Credential.ID].
//
// An error is an *[Error]. After [ErrExpired] and [ErrState] begin the registration again; after [ErrName] ask for
// another name. [ErrConfiguration] means that the RelyingParty is invalid.
func (rp *RelyingParty) FinishRegistration(state *RegistrationState, responseJSON []byte, name string) (*Credential, error) {
	if err := rp.Validate(); err != nil {
		return nil, err
	}
	if err := state.check(rp); err != nil {
		return nil, err
	}
	name, err := authenticatorName(name)
	if err != nil {
		return nil, err
	}
	r, err := parseRegistration(responseJSON)
	if err != nil {
		return nil, err
	}
	if err := rp.checkClientData(r.client, state.Challenge); err != nil {
		return nil, err
	}
	if err := rp.checkAuthenticatorData(checkAuthData, &r.response.AttestationObject.AuthData); err != nil {
		return nil, err
	}
	if err := rp.checkAttestation(r, state.Challenge); err != nil {
		return nil, err
	}
	return r.credential(name), nil
}

// check rejects a state that is missing, incomplete or made for another relying party ([ErrState]), or that has expired
// ([ErrExpired]). With an incomplete state a later check could pass because there is nothing to compare with.
func (s *RegistrationState) check(rp *RelyingParty) error {
	const name = "RegistrationState"
	if s == nil {
		return unusableState(name, "missing")
	}
	challenge, err := decodeBase64(s.Challenge)
	if err != nil || len(challenge) != challengeSize || s.UserID == "" {
		return unusableState(name, "incomplete")
	}
	return rp.checkState(name, s.RelyingPartyID, s.ExpiresAt)
}

// checkState checks the relying party and the expiry of a RegistrationState or SigningState. name is the name of the
// state in an error.
func (rp *RelyingParty) checkState(name, relyingPartyID string, expiresAt time.Time) error {
	switch {
	case expiresAt.IsZero():
		return unusableState(name, "incomplete")
	case relyingPartyID != rp.ID:
		return unusableState(name, "made for another relying party")
	case !time.Now().Before(expiresAt):
		return &Error{Check: name + ".ExpiresAt", Reason: "the ceremony took too long", Kind: ErrExpired}
	}
	return nil
}

// checkClientData checks that the browser ran the ceremony with this challenge, on a page of one of the origins that is
// not framed by a page of another origin (W3C WebAuthn, sections 7.1 and 7.2).
func (rp *RelyingParty) checkClientData(client protocol.CollectedClientData, challenge string) error {
	if subtle.ConstantTimeCompare([]byte(client.Challenge), []byte(challenge)) != 1 {
		return &Error{Check: checkClientDataJSON + ".challenge", Reason: "not the one of this ceremony", Kind: ErrChallenge}
	}
	// Browsers serialise origins canonically, and the standard compares them as strings.
	if !slices.Contains(rp.Origins, client.Origin) {
		reason := "not among RelyingParty.Origins: " + quoteOrigin(client.Origin)
		return &Error{Check: checkClientDataJSON + ".origin", Reason: reason, Kind: ErrOrigin}
	}
	// The user of a framed page sees the address of the site around it.
	if client.CrossOrigin || client.TopOrigin != "" {
		return &Error{Check: checkClientDataJSON + ".crossOrigin", Reason: "the page is framed by a page of another origin", Kind: ErrOrigin}
	}
	return nil
}

// checkAuthenticatorData checks that the authenticator made the data for this relying party id, and verified the user
// if that is required (sections 7.1 and 7.2). check is the name of the data in an error.
func (rp *RelyingParty) checkAuthenticatorData(check string, data *protocol.AuthenticatorData) error {
	if hash := sha256.Sum256([]byte(rp.ID)); subtle.ConstantTimeCompare(hash[:], data.RPIDHash) != 1 {
		return &Error{Check: check + ".rpIdHash", Reason: "made for another relying party id", Kind: ErrOrigin}
	}
	if rp.userVerification() == UserVerificationRequired && !data.Flags.HasUserVerified() {
		return &Error{Check: check + ".flags", Reason: "the authenticator did not verify its user", Kind: ErrUserVerification}
	}
	return nil
}

// checkAttestation checks the attestation statement, with the whole procedure of section 7.1 in go-webauthn. After the
// checks before it, whose errors say more, only the statement can still fail. With GODEBUG=fips140=only the standard
// library panics at a statement that uses SHA-1, as those of some TPMs do, so such a statement counts as one that does
// not verify.
func (rp *RelyingParty) checkAttestation(r *registration, challenge string) error {
	pcc := protocol.ParsedCredentialCreationData{
		ParsedPublicKeyCredential: protocol.ParsedPublicKeyCredential{RawID: r.raw.RawID},
		Response:                  *r.response,
		Raw:                       r.raw,
	}
	pcc.Response.CollectedClientData = r.client
	verify := func() (err error) {
		defer func() {
			if !fips140.Enforced() {
				return
			}
			if p := recover(); p != nil {
				err = errors.New("the statement uses an algorithm that FIPS 140 does not allow")
			}
		}()
		_, err = pcc.Verify(challenge, rp.ID, rp.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false,
			rp.userVerification() == UserVerificationRequired, true, nil, credentialParameters,
			protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
		return err
	}
	object := &pcc.Response.AttestationObject
	err := verify()
	switch asked := rp.Attestation == AttestationDirect; {
	case asked && object.Format == string(protocol.AttestationFormatNone):
		return badAttestation("none, although the relying party asks for one")
	case err == nil:
		return nil
	case asked:
		return badAttestation(libraryReason(err))
	}
	// The options did not ask for a statement, so one that cannot be verified counts as none. But a statement for
	// another key or other data shows that the response was put together from parts of several ones.
	clientDataHash := sha256.Sum256(r.raw.AttestationResponse.ClientDataJSON)
	contradicted := func() (reason string) {
		defer func() {
			if fips140.Enforced() {
				recover()
			}
		}()
		return contradiction(object, clientDataHash[:])
	}
	if reason := contradicted(); reason != "" {
		return badAttestation(reason)
	}
	object.Format, object.AttStatement, object.SubStatements = string(protocol.AttestationFormatNone), nil, nil
	if err := verify(); err != nil {
		return badAttestation(libraryReason(err))
	}
	return nil
}

func badAttestation(reason string) error {
	return &Error{Check: checkAttestationObject + ".attStmt", Reason: reason, Kind: ErrAttestation}
}

// quoteOrigin quotes and shortens an origin for an error. The origin is the only text from the page that an error
// shows, because without it an origin that is missing in the configuration could not be found.
func quoteOrigin(origin string) string {
	return fmt.Sprintf("%.100q", origin)
}

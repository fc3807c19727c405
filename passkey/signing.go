package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Challenge returns the challenge that a passkey signs for a payload, in unpadded base64url: the lower-case hexadecimal
// of the SHA-256 of bodyToSign, those 64 characters taken as bytes. bodyToSign is the JSON object as the API sent it;
// white space between its tokens does not count, everything else does, so it must not have been decoded and encoded
// again.
//
// [RelyingParty.BeginSigning] puts the challenge into its options. This function is for those who make their own. The
// error is an *[Error] of kind [ErrConfiguration].
func Challenge(bodyToSign []byte) (string, error) {
	body, err := wire.CompactObject(bodyToSign)
	if err != nil {
		return "", misconfigured("bodyToSign", err.Error())
	}
	return encodeBase64(challengeOf(body)), nil
}

// challengeOf takes a body that is compact already.
func challengeOf(body []byte) []byte {
	digest := sha256.Sum256(body)
	return hex.AppendEncode(nil, digest[:])
}

// SigningState is what the server remembers between the two halves of a signature. It goes to JSON and back unchanged,
// the bytes to sign included, so any session store holds it.
//
// Whoever finishes it sends the payload, so treat it like a session:
//
//   - Keep it on the server, in the session of the user who began; never send it to the page.
//   - Name the user's passkeys when you begin, as [RelyingParty.BeginSigning] demands. Then nobody else's can finish it,
//     wherever the state goes.
//   - Take it out of the store before finishing, whatever the outcome. The challenge follows from the payload, so a
//     response fits a state that stays until it expires. (The API takes each payload once.)
//
// An account has at most one unsigned transaction: asking for another payload ends the one in here, and submitting it is
// then a byzantine.ErrBadRequest. So keep one state per account, not one per tab.
type SigningState struct {
	// Payload is what is signed, with the transaction and the chain that it belongs to. Its BodyToSign is compact.
	Payload byzantine.Payload `json:"payload"`
	// RelyingPartyID is the ID of the relying party.
	RelyingPartyID string `json:"rpId"`
	// Allowed has the public key (COSE_Key, in JSON standard base64) of each passkey that may sign, by its id in unpadded
	// base64url. The key is nil if it is not known.
	Allowed map[string][]byte `json:"allowed,omitzero"`
	// AnyCredential says that Allowed is empty because [RelyingParty.BeginSigningAny] names no passkeys.
	AnyCredential bool `json:"anyCredential,omitzero"`
	// ExpiresAt is when the state ends: the relying party's timeout and a minute for the way back.
	ExpiresAt time.Time `json:"expiresAt"`
}

// BeginSigning makes the options for the page (PublicKeyCredentialRequestOptionsJSON, W3C WebAuthn, section 5.5) and the
// state for the server. payload is what one of the Get...PayloadPasskey methods returned. A payload that names a
// transaction has to order signatures of the account's wallet; one in which a JSON name stands twice, in whatever letter
// case, is rejected.
//
// allowed are the signed-in user's passkeys, at least one. Of each only ID, PublicKey and Transports are used, and ID alone
// is enough: a passkey that was enrolled elsewhere is Credential{ID: ...} with the credentialId that the API reports.
// Without its public key, though, [RelyingParty.FinishSigning] cannot check the signature and leaves that to the API.
//
// An error is an *[Error] of kind [ErrConfiguration], or of kind [ErrUnsupportedKey] for a public key that is none.
func (rp *RelyingParty) BeginSigning(payload *byzantine.Payload, allowed []Credential) (options json.RawMessage, state *SigningState, err error) {
	if len(allowed) == 0 {
		if err := rp.Validate(); err != nil {
			return nil, nil, err
		}
		return nil, nil, misconfigured("allowed", "empty: without one anybody's passkey could sign (BeginSigningAny is for that)")
	}
	return rp.beginSigning(payload, allowed)
}

// BeginSigningAny is BeginSigning for any passkey that the browser's user has for the relying party, whoever that is. Its
// response says nothing about who they are, and [RelyingParty.FinishSigning] does not check its signature. Use it only if
// the API is to decide alone who may sign.
func (rp *RelyingParty) BeginSigningAny(payload *byzantine.Payload) (options json.RawMessage, state *SigningState, err error) {
	return rp.beginSigning(payload, nil)
}

func (rp *RelyingParty) beginSigning(payload *byzantine.Payload, allowed []Credential) (options json.RawMessage, state *SigningState, err error) {
	if err := rp.Validate(); err != nil {
		return nil, nil, err
	}
	body, err := bodyToSign(payload)
	if err != nil {
		return nil, nil, err
	}
	state = &SigningState{
		Payload:        *payload,
		RelyingPartyID: rp.ID,
		AnyCredential:  len(allowed) == 0,
		ExpiresAt:      rp.stateExpiry(),
	}
	state.Payload.BodyToSign = body
	var descriptors []protocol.CredentialDescriptor
	for i, credential := range allowed {
		descriptor, err := describe(fmt.Sprintf("allowed[%d].ID", i), credential.ID)
		if err != nil {
			return nil, nil, err
		}
		for _, transport := range credential.Transports {
			descriptor.Transport = append(descriptor.Transport, protocol.AuthenticatorTransport(transport))
		}
		added, err := state.allow(encodeBase64(descriptor.CredentialID), credential.PublicKey)
		if err != nil {
			return nil, nil, err
		}
		if added {
			descriptors = append(descriptors, descriptor)
		}
	}
	options, err = json.Marshal(protocol.PublicKeyCredentialRequestOptions{
		Challenge:          challengeOf(body),
		Timeout:            int(rp.timeout().Milliseconds()),
		RelyingPartyID:     rp.ID,
		AllowedCredentials: descriptors,
		UserVerification:   protocol.UserVerificationRequirement(rp.userVerification()),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: options: %w", err)
	}
	return options, state, nil
}

// bodyToSign returns the compact body of a payload whose order is plain.
func bodyToSign(payload *byzantine.Payload) ([]byte, error) {
	if payload == nil {
		return nil, misconfigured("Payload", "missing")
	}
	body, err := wire.CompactObject(payload.BodyToSign)
	if err != nil {
		return nil, misconfigured("Payload.BodyToSign", err.Error())
	}
	activity, err := payload.Activity()
	if err != nil {
		return nil, misconfigured("Payload.BodyToSign", strings.TrimPrefix(err.Error(), "byzantine: payload: "))
	}
	if payload.TransactionID != "" && activity.SignRawPayloads == nil {
		return nil, misconfigured("Payload.BodyToSign", "the payload of a transaction that does not order signatures of the account's wallet")
	}
	return body, nil
}

// allow adds a passkey and reports whether it is a new one. A list that was put together from two sources may name one
// twice, with and without its key.
func (s *SigningState) allow(id string, publicKey []byte) (added bool, err error) {
	if len(publicKey) > 0 {
		if err := checkKey(publicKey); err != nil {
			return false, err
		}
	} else {
		publicKey = nil
	}
	known, twice := s.Allowed[id]
	if s.Allowed == nil {
		s.Allowed = map[string][]byte{}
	}
	if known == nil {
		s.Allowed[id] = bytes.Clone(publicKey)
	}
	return !twice, nil
}

// FinishSigning checks what the browser sent (AuthenticationResponseJSON) against the state, by W3C WebAuthn, section
// 7.2, and returns the payload with its stamp, ready to be submitted: SignPayloadPasskeyRequest, InviteUsersRequest and
// UpdateUsersRoleRequest embed it. What goes out are the bytes that were signed.
//
// The signature is checked with the public key that the passkey was named with, and not at all if that is not known. The
// API checks it in any case. Not checked: the user handle, because the state does not know a user, and the count of
// signatures, because nothing here remembers the last one.
//
// It trusts the state: that the state is the signed-in user's, and has not been used before, is for the caller to see
// to, as [SigningState] says.
//
// An error is an *[Error]. [ErrExpired] and [ErrState] ask for another beginning with a new payload; [ErrCredential] is
// a passkey that the user has but not for this account; [ErrConfiguration] is the program's own.
func (rp *RelyingParty) FinishSigning(state *SigningState, responseJSON []byte) (byzantine.SignedPayload, error) {
	none := byzantine.SignedPayload{}
	if err := rp.Validate(); err != nil {
		return none, err
	}
	if err := state.check(rp); err != nil {
		return none, err
	}
	body, err := wire.CompactObject(state.Payload.BodyToSign)
	if err != nil {
		return none, unusableState("SigningState", "incomplete")
	}
	a, err := parseAssertion(responseJSON)
	if err != nil {
		return none, err
	}
	publicKey, ok := state.Allowed[encodeBase64(a.raw.RawID)]
	if !ok && !state.AnyCredential {
		return none, &Error{Check: checkCredential + ".id", Reason: "not one of the passkeys that were asked for", Kind: ErrCredential}
	}
	challenge := encodeBase64(challengeOf(body))
	if err := rp.checkClientData(a.response.CollectedClientData, challenge); err != nil {
		return none, err
	}
	if err := rp.checkAuthenticatorData(checkAssertionData, &a.response.AuthenticatorData); err != nil {
		return none, err
	}
	if publicKey != nil {
		if err := rp.checkSignature(a, challenge, publicKey); err != nil {
			return none, err
		}
	}
	stamp, err := a.stamp()
	if err != nil {
		return none, fmt.Errorf("passkey: stamp: %w", err)
	}
	return byzantine.SignedPayload{
		SignedBody:    body,
		WebAuthnStamp: stamp,
		TransactionID: state.Payload.TransactionID,
		ChainID:       state.Payload.ChainID,
	}, nil
}

// check rejects a state that could make a later check pass by being empty.
func (s *SigningState) check(rp *RelyingParty) error {
	const name = "SigningState"
	switch {
	case s == nil:
		return unusableState(name, "missing")
	case (len(s.Allowed) == 0) != s.AnyCredential:
		return unusableState(name, "incomplete")
	}
	return rp.checkState(name, s.RelyingPartyID, s.ExpiresAt)
}

// checkSignature runs the whole procedure of section 7.2 again in go-webauthn. After the checks before it, whose
// errors tell more, what can still fail is the signature.
func (rp *RelyingParty) checkSignature(a *assertion, challenge string, publicKey []byte) error {
	pca := protocol.ParsedCredentialAssertionData{
		ParsedPublicKeyCredential: protocol.ParsedPublicKeyCredential{RawID: a.raw.RawID},
		Response:                  a.response,
		Raw:                       a.raw,
	}
	err := pca.Verify(challenge, rp.ID, "", rp.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false,
		rp.userVerification() == UserVerificationRequired, true, publicKey, protocol.SignaturePolicy{})
	if err == nil {
		return nil
	}
	return &Error{Check: checkAssertionSignature, Reason: libraryReason(err), Kind: ErrSignature}
}

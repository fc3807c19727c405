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

// Challenge returns the challenge that a passkey signs for a payload, in unpadded base64url. The challenge is the
// SHA-256 of bodyToSign in lower-case hexadecimal, and those 64 characters are its bytes. bodyToSign is the JSON object
// as the API sent it. White space between its tokens does not matter; everything else does, so it must not have been
// decoded and encoded again.
//
// [RelyingParty.BeginSigning] puts the challenge into its options. This function is for servers that make the options
// themselves. The error is an *[Error] of kind [ErrConfiguration].
func Challenge(bodyToSign []byte) (string, error) {
	body, err := wire.CompactObject(bodyToSign)
	if err != nil {
		return "", misconfigured("bodyToSign", err.Error())
	}
	return encodeBase64(challengeOf(body)), nil
}

// challengeOf returns the bytes of the challenge for a body that is compact JSON already.
func challengeOf(body []byte) []byte {
	digest := sha256.Sum256(body)
	return hex.AppendEncode(nil, digest[:])
}

// SigningState is what the server keeps between [RelyingParty.BeginSigning] and [RelyingParty.FinishSigning]. JSON
// encodes and decodes it without loss, the bytes to sign included, so any session store can hold it.
//
// Whoever finishes a state gets a payload that is ready to be submitted, so treat the state like a session:
//
//   - Keep it on the server, in the session of the user who began; never send it to the page.
//   - Name the user's passkeys when you begin, as [RelyingParty.BeginSigning] demands. Then no other passkey can finish
//     the state, wherever it goes.
//   - Take it out of the store before finishing, and leave it out once a response was accepted. The challenge follows
//     from the payload, so a state that stays accepts the same response again until it expires. (The API accepts each
//     payload once.) A state whose response was rejected can go back and wait for its own response, unless the error is
//     [ErrState] or [ErrExpired].
//
// An account has at most one unsigned transaction. Asking for another payload ends the transaction of this state, and
// submitting it then fails, see [Draft]. So keep one state per account, not one per tab.
type SigningState struct {
	// Payload is the payload to sign, with the transaction and the chain that it belongs to. Its BodyToSign is compact
	// JSON.
	Payload byzantine.Payload `json:"payload"`
	// RelyingPartyID is the ID of the relying party.
	RelyingPartyID string `json:"rpId"`
	// Allowed maps the id of each passkey that may sign, in unpadded base64url, to its public key (COSE_Key; standard
	// base64 in JSON). The public key is nil if it is not known.
	Allowed map[string][]byte `json:"allowed,omitzero"`
	// AnyCredential says that Allowed is empty because [RelyingParty.BeginSigningAny] names no passkeys.
	AnyCredential bool `json:"anyCredential,omitzero"`
	// ExpiresAt is when the state expires: after the relying party's timeout and one more minute for the response to
	// arrive. The machine's clock decides, also in a test against a sandbox with a clock of its own.
	ExpiresAt time.Time `json:"expiresAt"`
}

// BeginSigning makes the options for the page (PublicKeyCredentialRequestOptionsJSON, W3C WebAuthn, section 5.5) and
// the state for the server. payload is the result of one of the Get...PayloadPasskey methods. If it names a transaction,
// its BodyToSign must ask a wallet for signatures (byzantine.Activity.SignRawPayloads). It is invalid if an object in
// BodyToSign has two fields of the same name, in whatever letter case.
//
// allowed are the signed-in user's passkeys, at least one. Only ID, PublicKey and Transports of each are used, and ID
// alone is enough: a passkey that was enrolled elsewhere is Credential{ID: ...} with the credentialId that the API
// reports. Without the public key [RelyingParty.FinishSigning] cannot check the signature, and only the API checks it.
//
// An error is an *[Error] of kind [ErrConfiguration], or of kind [ErrUnsupportedKey] if a PublicKey is not a valid key
// of a supported algorithm.
func (rp *RelyingParty) BeginSigning(payload *byzantine.Payload, allowed []Credential) (options json.RawMessage, state *SigningState, err error) {
	if len(allowed) == 0 {
		if err := rp.Validate(); err != nil {
			return nil, nil, err
		}
		return nil, nil, misconfigured("allowed", "empty: without one anybody's passkey could sign (BeginSigningAny is for that)")
	}
	return rp.beginSigning(payload, allowed)
}

// BeginSigningAny is like [RelyingParty.BeginSigning], but any passkey that the browser's user has for the relying
// party may sign. The response then does not show who the user is, and [RelyingParty.FinishSigning] does not check the
// signature. Use it only if the API alone is to decide who may sign.
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

// bodyToSign returns the payload's BodyToSign as compact JSON. It rejects a body that is not an activity, that two
// readers could understand differently, or that asks no wallet for signatures although the payload names a transaction.
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
		return nil, misconfigured("Payload.BodyToSign", "the payload of a transaction that does not ask a wallet for signatures")
	}
	return body, nil
}

// allow adds a passkey to Allowed and reports whether it was not there yet. A caller may name a passkey twice, once
// with its public key and once without; the entry then has the key. A public key that is not supported is an error.
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

// FinishSigning checks the browser's response (AuthenticationResponseJSON) against the state by W3C WebAuthn, section
// 7.2. It returns the payload with its stamp, ready to be submitted: SignPayloadPasskeyRequest, InviteUsersRequest and
// UpdateUsersRoleRequest embed it. Exactly the bytes that were signed are submitted.
//
// The signature is checked with the public key that BeginSigning got for the passkey, and not checked if it got none.
// The API checks the signature in any case. FinishSigning does not check the user handle, because the state does not
// name a user, nor the signature counter, because this package does not store the last one.
//
// FinishSigning trusts the state. The caller must make sure that the state is the signed-in user's and has not been
// used before, as [SigningState] says.
//
// An error is an *[Error]. After [ErrExpired] and [ErrState] begin again with a new payload. [ErrCredential] means that
// the user chose a passkey that BeginSigning was not given. [ErrConfiguration] means that the RelyingParty is invalid.
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

// check rejects a state that is missing, incomplete or made for another relying party ([ErrState]), or that has expired
// ([ErrExpired]). A state without passkeys is incomplete unless it has AnyCredential: otherwise any passkey would pass
// the check of the credential id.
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

// checkSignature checks the signature with the public key, with the whole procedure of section 7.2 in go-webauthn.
// After the checks before it, whose errors say more, only the signature can still fail.
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

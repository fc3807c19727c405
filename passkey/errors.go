package passkey

import "errors"

// The kinds of rejection, for errors.Is.
var (
	// ErrConfiguration is a mistake in the calling code: a relying party, a user, a payload or a credential id that
	// cannot be used.
	ErrConfiguration = errors.New("passkey: configuration not usable")
	// ErrState is a state that is missing, incomplete, another relying party's or another user's: the ceremony has to
	// begin again. [Transactor.Finish] also returns it if 100,000 drafts were submitted by this process in the last
	// hour.
	ErrState = errors.New("passkey: state not usable")
	// ErrSubmitted is a draft that another call is submitting now, or may have submitted. Check the draft's transaction
	// before you begin another one.
	ErrSubmitted = errors.New("passkey: draft already submitted")
	// ErrExpired is a state that has expired: the ceremony has to begin again.
	ErrExpired = errors.New("passkey: state expired")
	// ErrName is a name for the authenticator that is empty, longer than 64 characters, not valid UTF-8, or has control
	// characters. The user can choose another one.
	ErrName = errors.New("passkey: authenticator name not usable")
	// ErrMalformed is a response that is not what a browser sends, or contradicts itself.
	ErrMalformed = errors.New("passkey: response malformed")
	// ErrChallenge is a response to another challenge than the state's.
	ErrChallenge = errors.New("passkey: challenge does not match")
	// ErrOrigin is a response from a page that is not one of the relying party's origins, from a page that is framed by
	// a page of another origin, or for another relying party id.
	ErrOrigin = errors.New("passkey: origin not accepted")
	// ErrUserVerification is a response without the user verification that the relying party requires.
	ErrUserVerification = errors.New("passkey: user not verified")
	// ErrUnsupportedKey is a public key that the API does not accept: neither ES256 nor RS256, not on its curve, of an
	// RSA size below 2048 or above 8192 bits, or with its private part. If the algorithm is not supported, the error
	// names it.
	ErrUnsupportedKey = errors.New("passkey: public key not supported")
	// ErrCredential is a signature by a passkey that the state does not allow, see [SigningState.Allowed].
	ErrCredential = errors.New("passkey: credential not allowed")
	// ErrSignature is a signature that the passkey's public key does not verify.
	ErrSignature = errors.New("passkey: signature not valid")
	// ErrAttestation is an attestation statement that contradicts the data that it signs. If the relying party asks for
	// attestation, it is also a statement that is missing or does not verify.
	ErrAttestation = errors.New("passkey: attestation not valid")
)

// Error says why a configuration, a state, a name or a response was rejected. Its text never repeats challenges, ids or
// key material; of the page's data it shows at most the origin and the number of the key's algorithm.
type Error struct {
	// Check names the value that was checked: a field as in "RelyingParty.ID", or a field of the response as in
	// "credential.response.clientDataJSON.origin".
	Check string
	// Reason says what is wrong with the value.
	Reason string
	// Kind is one of the sentinel errors of this package.
	Kind error
}

func (e *Error) Error() string { return "passkey: " + e.Check + ": " + e.Reason }

// Unwrap returns Kind.
func (e *Error) Unwrap() error { return e.Kind }

func unusableState(name, reason string) error {
	return &Error{Check: name, Reason: reason, Kind: ErrState}
}

func malformed(check, reason string) error {
	return &Error{Check: check, Reason: reason, Kind: ErrMalformed}
}

func misconfigured(check, reason string) error {
	return &Error{Check: check, Reason: reason, Kind: ErrConfiguration}
}

package byzantine

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Payload is what a user's passkey is asked to sign. The Get...PayloadPasskey methods return it, package passkey makes
// the browser's options of it, and what comes back is a [SignedPayload].
//
// It can wait in a JSON session store while the browser is asked: encoding/json writes BodyToSign as base64, and the
// way back gives the same bytes. (A json.RawMessage would come back changed, "<" as "\u003c", and the signature over it
// would be rejected.) A fake of the API has to write bodyToSign as an object, from a struct of its own.
type Payload struct {
	// BodyToSign is the JSON object to sign, the characters and the key order as the API sent them; only white space
	// between the tokens is dropped, because the signature is made without. [Payload.Activity] reads it.
	BodyToSign []byte `json:"bodyToSign" check:"present,object"`
	// TransactionID names the draft that this payload belongs to. Empty for an invitation and for a change of roles.
	TransactionID string `json:"transactionId,omitzero" check:"must"`
	// ChainID is the chain that the payload was asked for, and that it has to be submitted on: Base for a vault
	// upgrade, 0 for an invitation and for a change of roles. The API's response does not have it; the methods copy it
	// from the request.
	ChainID ChainID `json:"chainId,omitzero"`
	// Operation is the id of the operation that the payload was asked of, such as [OpGetDepositPayloadPasskey]. The
	// methods set it, as they do with ChainID, after they have compared what BodyToSign orders with the request.
	Operation OperationID `json:"operation,omitzero"`
	// DestinationBankAccount is where a withdrawal in fiat goes. Nil otherwise. Nothing compares it with the request,
	// because the API shows the last digits only: show it to the user.
	DestinationBankAccount *BankAccount `json:"destinationBankAccount,omitzero"`

	// What a vault upgrade moves, and into which vault. Empty otherwise. SourceAmount is in the asset of the vault that
	// it leaves, DestinationAmount in that of the vault that it enters (USDC or EURC).
	SourceAmount         Decimal `json:"sourceAmount,omitzero"`
	DestinationAmount    Decimal `json:"destinationAmount,omitzero"`
	DestinationVaultAddr string  `json:"destinationVaultAddr,omitzero"`
}

// UnmarshalJSON reads a payload as the API sends it, with bodyToSign as an object, and as encoding/json writes it, with
// bodyToSign as the base64 of the object's bytes. If bodyToSign is null, BodyToSign is nil; if it is missing, the result
// is an error.
func (p *Payload) UnmarshalJSON(data []byte) error {
	return errtext.In("byzantine: payload", p.read(data))
}

func (p *Payload) read(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	fields, err := wire.ReadObject(data, "bodyToSign", "transactionId")
	if err != nil {
		return err
	}
	if fields["bodyToSign"] == nil {
		return &wire.FieldError{Field: "bodyToSign", JSONPath: "bodyToSign", Reason: "missing"}
	}
	var body []byte
	if text := fields["bodyToSign"]; string(text) != "null" {
		if body, err = wire.ObjectText(text); err != nil {
			return &wire.FieldError{Field: "bodyToSign", JSONPath: "bodyToSign", Reason: err.Error()}
		}
	}
	type plain Payload
	err = wire.ReadPart(data, (*plain)(p))
	p.BodyToSign = body
	return err
}

// SignedPayload is a payload together with what the user's passkey signed. Package passkey makes it; it goes into the
// request of [Client.SignPayloadPasskey], [Client.InviteUsers] or [Client.UpdateUsersRole]. Submit it in the
// process that made it: unlike a [Payload], it cannot be stored as JSON and read back.
type SignedPayload struct {
	// SignedBody is Payload.BodyToSign. It goes on the wire byte for byte, without an encoder in between, because the
	// signature covers these bytes. Only white space between its tokens is dropped, as it is before signing.
	SignedBody json.RawMessage `json:"signedBody"`
	// WebAuthnStamp is a JSON text with the fields credentialId, authenticatorData, clientDataJson and signature, each
	// unpadded base64url.
	WebAuthnStamp string `json:"webAuthnStamp"`
	// TransactionID and ChainID are those of the payload. Payloads of an invitation and of a change of roles have none.
	TransactionID string  `json:"transactionId,omitzero" check:"uuid"`
	ChainID       ChainID `json:"-" query:"chain_id,omitzero"`
}

// check rejects a SignedBody that is not a JSON object, and a payload for another kind of request: TransactionID and
// ChainID must be set if the request submits a transaction, and must not be set otherwise.
func (p *SignedPayload) check(forTransaction bool) error {
	if _, err := wire.CompactObject(p.SignedBody); err != nil {
		return &wire.FieldError{Field: "SignedBody", Reason: err.Error()}
	}
	switch {
	case forTransaction && p.TransactionID == "":
		return &wire.FieldError{Field: "TransactionID", Reason: "missing"}
	case forTransaction && p.ChainID == 0:
		return &wire.FieldError{Field: "ChainID", Reason: "missing"}
	case !forTransaction && p.TransactionID != "":
		return &wire.FieldError{Field: "TransactionID", Reason: "must be empty: the payload of a transaction is for sign_payload_passkey"}
	case !forTransaction && p.ChainID != 0:
		return &wire.FieldError{Field: "ChainID", Reason: "must be 0: the payload of a transaction is for sign_payload_passkey"}
	}
	return nil
}

// ActivityType says what an [Activity] does. Values that are not listed here pass through.
type ActivityType string

// The activities that a passkey is asked to sign.
const (
	// ActivitySignRawPayload is a deposit, a withdrawal, a transfer, a cancellation or an activation.
	ActivitySignRawPayload   ActivityType = "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2"
	ActivitySignRawPayloads  ActivityType = "ACTIVITY_TYPE_SIGN_RAW_PAYLOADS"  // vault upgrade
	ActivityCreateUsers      ActivityType = "ACTIVITY_TYPE_CREATE_USERS_V3"    // invitation
	ActivityUpdateRootQuorum ActivityType = "ACTIVITY_TYPE_UPDATE_ROOT_QUORUM" // change of roles
)

// Activity is the content of a [Payload]: an order to the key provider, Turnkey, which holds the account's wallet.
type Activity struct {
	Type           ActivityType `json:"type"`
	OrganizationID string       `json:"organizationId"` // the key provider's; the account id for invitations and roles
	TimestampMs    string       `json:"timestampMs"`    // Unix time in milliseconds
	// Parameters are the parameters as sent, for a type that has no field below.
	Parameters json.RawMessage `json:"parameters"`

	// The parameters of the known types: the one that belongs to Type is set, and none if Type is not known.
	SignRawPayloads  *SignRawPayloadsParams  `json:"-"` // of ActivitySignRawPayload and ActivitySignRawPayloads
	CreateUsers      *CreateUsersParams      `json:"-"`
	UpdateRootQuorum *UpdateRootQuorumParams `json:"-"`
}

// SignRawPayloadsParams orders signatures by a wallet.
type SignRawPayloadsParams struct {
	SignWith string `json:"signWith"` // the wallet's address
	// Payloads is what to sign, in the form that Encoding says. ActivitySignRawPayload has one.
	Payloads     []string `json:"payloads"`
	Encoding     string   `json:"encoding"`     // "PAYLOAD_ENCODING_HEXADECIMAL", ...
	HashFunction string   `json:"hashFunction"` // "HASH_FUNCTION_NO_OP", ...
}

// CreateUsersParams adds users to an account.
type CreateUsersParams struct {
	Users []ActivityUser `json:"users"`
}

// ActivityUser is a user that is added. The user's own passkeys come later, so the three lists of JSON objects are
// empty in an invitation, and there is no phone number.
type ActivityUser struct {
	UserName        string            `json:"userName"`
	UserEmail       string            `json:"userEmail"`
	UserPhoneNumber string            `json:"userPhoneNumber,omitzero"`
	APIKeys         []json.RawMessage `json:"apiKeys"`
	Authenticators  []json.RawMessage `json:"authenticators"`
	OAuthProviders  []json.RawMessage `json:"oauthProviders"`
	UserTags        []string          `json:"userTags"`
}

// UpdateRootQuorumParams says which users can sign for an account, and how many of them have to.
type UpdateRootQuorumParams struct {
	Threshold int32    `json:"threshold"`
	UserIDs   []string `json:"userIds"` // the key provider's, not necessarily the API's
}

// Activity reads BodyToSign, to show or to check what the user is about to sign. A type that this package does not know
// is no error.
//
// Names count exactly as they are spelt. An object in which two names are equal, or differ in letter case only, is an
// error anywhere in BodyToSign, because two readers of it could take it for two different orders.
func (p *Payload) Activity() (*Activity, error) {
	a := new(Activity)
	if err := wire.UniqueNames(p.BodyToSign); err != nil {
		return nil, notAnActivity(err)
	}
	if err := wire.DecodeExact(p.BodyToSign, a); err != nil {
		return nil, notAnActivity(err)
	}
	var parameters any
	var raw rawPayloadParams
	switch a.Type {
	case "":
		return nil, notAnActivity(errors.New("type is missing"))
	case ActivitySignRawPayload, ActivitySignRawPayloads:
		parameters = &raw
	case ActivityCreateUsers:
		parameters = &a.CreateUsers
	case ActivityUpdateRootQuorum:
		parameters = &a.UpdateRootQuorum
	default:
		return a, nil
	}
	err := wire.DecodeExact(a.Parameters, parameters)
	if err == nil && parameters == any(&raw) {
		a.SignRawPayloads, err = raw.of(a.Type)
	}
	if err != nil || string(a.Parameters) == "null" {
		return nil, fmt.Errorf("byzantine: payload: the parameters are not those of %s", a.Type)
	}
	return a, nil
}

// rawPayloadParams is [SignRawPayloadsParams] as the API sends it: with the field payload in [ActivitySignRawPayload]
// and the field payloads in [ActivitySignRawPayloads].
type rawPayloadParams struct {
	SignWith     string   `json:"signWith"`
	Payload      *string  `json:"payload"`
	Payloads     []string `json:"payloads"`
	Encoding     string   `json:"encoding"`
	HashFunction string   `json:"hashFunction"`
}

func (p *rawPayloadParams) of(kind ActivityType) (*SignRawPayloadsParams, error) {
	if single := kind == ActivitySignRawPayload; (p.Payload != nil) != single || (p.Payloads != nil) == single {
		return nil, errors.New("the payload is missing, or there are two sorts of it")
	}
	if p.Payload != nil {
		p.Payloads = []string{*p.Payload}
	}
	return &SignRawPayloadsParams{SignWith: p.SignWith, Payloads: p.Payloads, Encoding: p.Encoding, HashFunction: p.HashFunction}, nil
}

// notAnActivity returns the error of a BodyToSign that is not an activity. Errors of encoding/json are replaced,
// because their texts can quote the body.
func notAnActivity(err error) error {
	var odd *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	if errors.As(err, &odd) || errors.As(err, &syntax) {
		err = errors.New("a field is of the wrong type")
	}
	return fmt.Errorf("byzantine: payload: bodyToSign is not an activity: %w", err)
}

package passkey

import (
	"context"
	"encoding/json"

	"github.com/byzantine-finance/byzantine-go"
)

// Transactor takes a user's transaction through the two requests of their browser, from the payload to the submission:
//
//	payload, err := client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{...})
//	options, draft, err := transactor.Begin(userID, payload, passkeys...)
//	// options to the page, which calls navigator.credentials.get; draft into the user's session
//
//	// draft out of the session, so that it serves once
//	submitted, err := transactor.Finish(ctx, userID, draft, response)
//	transaction, err := client.WaitForTransaction(ctx, submitted.TransactionID)
//
// It is for what ends in SignPayloadPasskey: activation, deposit, withdrawal, cancellation, transfer, vault upgrade. The
// payloads of invitations and of changes of roles are for [RelyingParty.BeginSigning].
//
// Its methods only read it, so one value serves any number of goroutines.
type Transactor struct {
	Client       *byzantine.Client
	RelyingParty *RelyingParty
}

// Draft is a transaction that waits for its user's passkey. It goes to JSON and back unchanged, so any session store
// holds it. It ends at ExpiresAt.
//
// What [SigningState] says about keeping it holds here as well: on the server, in the session of the user who began, and
// taken out before it is finished, whatever the outcome.
//
// An account has at most one draft. The API forgets it when another payload is asked for, from whatever tab, device or
// user of the account that comes; to finish the former one is then a byzantine.ErrBadRequest, and moves nothing. A page
// that finds itself in that place begins again.
type Draft struct {
	// UserID is the user who began, by the caller's own id.
	UserID string `json:"userId"`
	// SigningState has the payload, and with it the transaction id.
	SigningState
}

// Begin makes the options for the page (PublicKeyCredentialRequestOptionsJSON) and the draft for the user's session of
// what one of the client's Get...PayloadPasskey methods returned. Asking for that payload has ended the draft that the
// account had before, see [Draft].
//
// userID names the signed-in user, passkeys are theirs: at least one, each as [RelyingParty.BeginSigning] says. An error
// is an *[Error], as there.
func (t *Transactor) Begin(userID string, payload *byzantine.Payload, passkeys ...Credential) (options json.RawMessage, draft *Draft, err error) {
	switch {
	case userID == "":
		return nil, nil, misconfigured("userID", "missing")
	case payload == nil || payload.TransactionID == "":
		return nil, nil, misconfigured("Payload", "not that of a transaction")
	case len(passkeys) == 0:
		return nil, nil, misconfigured("passkeys", "missing: without one anybody's passkey could sign")
	}
	options, state, err := t.RelyingParty.BeginSigning(*payload, passkeys...)
	if err != nil {
		return nil, nil, err
	}
	return options, &Draft{UserID: userID, SigningState: *state}, nil
}

// Finish checks what the browser sent (AuthenticationResponseJSON) and submits the transaction. userID is the user who is
// signed in now: a draft of somebody else is refused.
//
// Cut the context off from the browser's request, with context.WithoutCancel and a timeout: the user has signed, and when
// they close the tab halfway nobody would know what became of it.
//
// An error is an *[Error] if nothing was sent, of kind [ErrState] for a draft that is missing or not this user's, else as
// [RelyingParty.FinishSigning] says; or it is that of byzantine.Client.SignPayloadPasskey. After byzantine.ErrOutcomeUnknown
// look for draft.Payload.TransactionID with GetTransaction before you begin another transaction.
//
// A withdrawal that the vault queued is a success, see byzantine.SubmittedTransaction.Queued.
func (t *Transactor) Finish(ctx context.Context, userID string, draft *Draft, responseJSON []byte) (*byzantine.SubmittedTransaction, error) {
	switch {
	case t.Client == nil:
		return nil, misconfigured("Transactor.Client", "missing")
	case draft == nil:
		return nil, unusableState("Draft", "missing")
	case draft.UserID == "" || draft.UserID != userID:
		return nil, unusableState("Draft.UserID", "not the signed-in user")
	case draft.AnyCredential:
		return nil, unusableState("Draft.AnyCredential", "no passkeys were named")
	}
	signed, err := t.RelyingParty.FinishSigning(&draft.SigningState, responseJSON)
	if err != nil {
		return nil, err
	}
	return t.Client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
}

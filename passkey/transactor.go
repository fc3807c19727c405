package passkey

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// Transactor takes a user's transaction through the two requests of their browser, from the payload to the submission:
//
//	payload, err := client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{...})
//	options, draft, err := transactor.Begin(userID, payload, passkeys)
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
//
// # A draft counts once
//
// Within a process, a draft is submitted at most once, however many requests come with it: [Transactor.Finish] rejects it
// with [ErrSubmitted] while another call submits it, and after a submission that may have reached the API. If nothing was
// sent, it can be finished again. This holds for all Transactors of one client. The API takes each payload once as well,
// but a second request would tell the user that their transaction failed.
//
// Several processes that serve the same sessions need a common store. One line before Finish does it, in Redis
//
//	SET <draft.Key()> 1 NX EX 3660
//
// which replies OK to the first and nil to the others, or in SQL
//
//	INSERT INTO submitted_drafts (draft) VALUES (<draft.Key()>) ON CONFLICT DO NOTHING
//
// with draft as the primary key, which affects one row for the first and none for the others. Only the first goes on, and
// deletes the key or row again if Finish failed and [NothingSent] reports true. 3660 seconds outlive every draft.
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

// Key names what the draft submits, the same for all copies of it: its transaction id, and the SHA-256 of the bytes to sign
// in hexadecimal, because the cancellation of a withdrawal may bear the withdrawal's transaction id.
func (d *Draft) Key() string {
	return strings.ToLower(d.Payload.TransactionID) + ":" + string(challengeOf(d.Payload.BodyToSign))
}

// Begin makes the options for the page (PublicKeyCredentialRequestOptionsJSON) and the draft for the user's session of
// what one of the client's Get...PayloadPasskey methods returned. Asking for that payload has ended the draft that the
// account had before, see [Draft].
//
// userID names the signed-in user, passkeys are theirs: at least one, each as [RelyingParty.BeginSigning] says. An error
// is an *[Error], as there.
func (t *Transactor) Begin(userID string, payload *byzantine.Payload, passkeys []Credential) (options json.RawMessage, draft *Draft, err error) {
	switch {
	case userID == "":
		return nil, nil, misconfigured("userID", "missing")
	case payload == nil || payload.TransactionID == "":
		return nil, nil, misconfigured("Payload", "not that of a transaction")
	case len(passkeys) == 0:
		return nil, nil, misconfigured("passkeys", "missing: without one anybody's passkey could sign")
	}
	options, state, err := t.RelyingParty.BeginSigning(payload, passkeys)
	if err != nil {
		return nil, nil, err
	}
	return options, &Draft{UserID: userID, SigningState: *state}, nil
}

// Finish checks what the browser sent (AuthenticationResponseJSON) and submits the transaction. userID is the user who
// is signed in now: a draft of another user is rejected.
//
// Cut the context off from the browser's request, with context.WithoutCancel and a timeout: the user has signed, and
// when they close the tab halfway the outcome of the submission would be unknown.
//
// An error is an *[Error] if nothing was sent by this call: of kind [ErrState] for a draft that is missing or not this
// user's, of kind [ErrSubmitted] for one that is or was submitted by another call, else as [RelyingParty.FinishSigning]
// says. Or it is that of byzantine.Client.SignPayloadPasskey. After byzantine.ErrOutcomeUnknown and ErrSubmitted look for
// draft.Payload.TransactionID with GetTransaction before you begin another transaction.
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
	end, err := submissions.begin(t.Client, draft.Key())
	if err != nil {
		return nil, err
	}
	sent := true // also if what follows panics
	defer func() { end(sent) }()
	submitted, err := t.Client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
	sent = !NothingSent(err)
	return submitted, err
}

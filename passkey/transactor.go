package passkey

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// Transactor signs and submits a transaction with a user's passkey. That takes two requests of the user's browser:
//
//	payload, err := client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{...})
//	options, draft, err := transactor.Begin(userID, payload, passkeys)
//	// options to the page, which calls navigator.credentials.get; draft into the user's session
//
//	// draft out of the session, so that it is used once
//	submitted, err := transactor.Finish(ctx, userID, draft, response)
//	transaction, err := client.WaitForTransaction(ctx, submitted.TransactionID)
//
// It is for the payloads that SignPayloadPasskey submits: activation, deposit, withdrawal, cancellation, transfer,
// vault upgrade. For invitations and changes of roles use [RelyingParty.BeginSigning].
//
// A Transactor is safe for concurrent use, because its methods do not change it.
//
// # A draft counts once
//
// Within a process, a draft is submitted at most once, however many requests finish it: [Transactor.Finish] rejects it
// with [ErrSubmitted] while another call submits it, and after a submission that may have reached the API. That includes
// one to which the API responded with an error, such as a 400 or a 429: begin again, with a new payload. Only if nothing
// was sent can the draft be finished again; [NothingSent] says when. This holds for all Transactors with the same Client. The API takes each payload once as well, but a second request would tell the user that their
// transaction failed.
//
// Several processes that serve the same sessions need a common store. One command before Finish is enough, in Redis
//
//	SET <draft.Key()> 1 NX EX 3660
//
// which returns OK to the first process and nil to the others, or in SQL
//
//	INSERT INTO submitted_drafts (draft) VALUES (<draft.Key()>) ON CONFLICT DO NOTHING
//
// with draft as the primary key, which affects one row for the first and none for the others. Only the first process
// calls Finish, and it deletes the key or row again if Finish failed and [NothingSent] reports true. Every draft
// expires before the 3660 seconds are over.
type Transactor struct {
	Client       *byzantine.Client
	RelyingParty *RelyingParty
}

// Draft is a transaction that waits for the signature of its user's passkey. JSON encodes and decodes it without loss,
// so any session store can hold it. It expires at ExpiresAt.
//
// Keep it as [SigningState] says: on the server, in the session of the user who began, and take it out before it is
// finished. [NothingSent] says when to put it back.
//
// An account has at most one draft. The API drops it when another payload is requested for the account, in whatever
// tab, on whatever device or by whatever user. Finishing the dropped draft then fails and moves nothing; the page has
// to begin again. The API's status for this is not documented; package byzantinetest responds with a 400
// (byzantine.ErrBadRequest).
type Draft struct {
	// UserID is the caller's own id of the user who began.
	UserID string `json:"userId"`
	// SigningState holds the payload, and the payload holds the transaction id.
	SigningState
}

// Key identifies what the draft submits. It is the same for all copies of a draft: the transaction id in lower case, a
// colon, and the SHA-256 of the bytes to sign in hexadecimal. The transaction id alone is not enough, because the
// cancellation of a withdrawal may have the withdrawal's transaction id.
func (d *Draft) Key() string {
	return strings.ToLower(d.Payload.TransactionID) + ":" + string(challengeOf(d.Payload.BodyToSign))
}

// Begin makes the options for the page (PublicKeyCredentialRequestOptionsJSON) and the draft for the user's session.
// payload is the result of one of the client's Get...PayloadPasskey methods; requesting it has ended the draft that the
// account had before, see [Draft].
//
// userID is your own id of the signed-in user. passkeys are that user's passkeys, at least one, each as
// [RelyingParty.BeginSigning] says. An error is an *[Error], as there.
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

// Finish checks the browser's response (AuthenticationResponseJSON) and submits the transaction. userID is the user who
// is signed in now; a draft of another user is rejected.
//
// Detach ctx from the browser's request with context.WithoutCancel, and give it a timeout. The user has signed already:
// if they close the tab, the outcome of the submission would otherwise be unknown.
//
// If Finish rejects the draft or the response, the error is an *[Error]: of kind [ErrState] for a draft that is missing
// or not this user's, of kind [ErrSubmitted] for a draft that another call submits or has submitted, otherwise as
// [RelyingParty.FinishSigning] says. Any other error is that of byzantine.Client.SignPayloadPasskey, which may have sent
// nothing, see [NothingSent]. After byzantine.ErrTookEffect the transaction is submitted. After byzantine.ErrOutcomeUnknown
// and ErrSubmitted check draft.Payload.TransactionID with GetTransaction before you begin another transaction. For a
// cancellation check the WithdrawalRequest of the withdrawal's transaction instead of its status, because a cancellation
// can have the withdrawal's id.
//
// The result always has the transaction's id. A withdrawal that the vault has queued is a success, see
// byzantine.SubmittedTransaction.Queued.
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
	sent := true // end(true) if SignPayloadPasskey panics
	defer func() { end(sent) }()
	submitted, err := t.Client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
	sent = !NothingSent(err)
	if err == nil && submitted.TransactionID == "" { // the API may leave out what the draft has
		submitted.TransactionID = draft.Payload.TransactionID
	}
	return submitted, err
}

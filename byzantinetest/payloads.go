package byzantinetest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// newActivity returns the text that a passkey is asked to sign: an activity of the key provider. Its organizationId is the
// account's id here. Fields are in the provider's order, which is not that of the alphabet.
func (w *world) newActivity(kind byzantine.ActivityType, organizationID string, parameters any) (json.RawMessage, error) {
	return wire.Marshal(struct {
		Type           byzantine.ActivityType `json:"type"`
		TimestampMs    string                 `json:"timestampMs"`
		OrganizationID string                 `json:"organizationId"`
		Parameters     any                    `json:"parameters"`
	}{kind, strconv.FormatInt(w.clock.now().UnixMilli(), 10), organizationID, parameters})
}

// payloadResponse is byzantine.Payload as the API sends it.
type payloadResponse struct {
	BodyToSign             json.RawMessage        `json:"bodyToSign"`
	TransactionID          string                 `json:"transactionId,omitzero"`
	DestinationBankAccount *byzantine.BankAccount `json:"destinationBankAccount,omitzero"`
	SourceAmount           byzantine.Decimal      `json:"sourceAmount,omitzero"`
	DestinationAmount      byzantine.Decimal      `json:"destinationAmount,omitzero"`
	DestinationVaultAddr   string                 `json:"destinationVaultAddr,omitzero"`
}

// payloadLifetime is how long a payload can be signed.
const payloadLifetime = 15 * time.Minute

// draft is a transaction that waits for its signature. An account has at most one.
type draft struct {
	transaction *transaction
	body        []byte // to sign
	expires     time.Time
	cancels     bool // the signature cancels the transaction, which is signed already, instead of sending it
}

var payloadHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetActivateAccountPayloadPasskey:  on(200, (*world).activationPayload),
	byzantine.OpGetDepositPayloadPasskey:          on(200, (*world).depositPayload),
	byzantine.OpGetWithdrawPayloadPasskey:         on(200, (*world).withdrawPayload),
	byzantine.OpGetCancelWithdrawalPayloadPasskey: on(200, (*world).cancelWithdrawalPayload),
	byzantine.OpGetTransferPayloadPasskey:         on(200, (*world).transferPayload),
	byzantine.OpGetVaultUpgradePayloadPasskey:     on(200, (*world).vaultUpgradePayload),
	"sign_payload_passkey":                        signPayload,
}

// transactor finds an account that may move funds by passkey.
func (w *world) transactor(accountID string) (*account, error) {
	a, err := w.ownAccount(accountID)
	switch {
	case err != nil:
		return nil, err
	case a.selfCustodial:
		return nil, badRequest("the account is self-custodial: its wallet signs for itself")
	}
	return a, a.requireActive()
}

// transactorOn finds an account that may move funds by passkey on a chain.
func (w *world) transactorOn(accountID string, chain byzantine.ChainID) (*account, error) {
	a, err := w.transactor(accountID)
	if err != nil {
		return nil, err
	}
	if err := checkChain(chain); err != nil {
		return nil, err
	}
	if !a.activated[chain] {
		return nil, badRequest("the account is not activated on chain %d", chain)
	}
	return a, nil
}

// draft asks for a signature over an order to the key provider. The account's former draft is gone for good.
func (w *world) draft(tx *transaction, kind byzantine.ActivityType, parameters any) (*payloadResponse, error) {
	body, err := w.newActivity(kind, tx.account.id, parameters)
	if err != nil {
		return nil, err
	}
	w.dropDraft(tx.account)
	d := &draft{transaction: tx, body: body, expires: w.clock.now().Add(payloadLifetime)}
	w.drafts[tx.account.id], w.draftByTransaction[tx.id] = d, d
	return &payloadResponse{BodyToSign: body, TransactionID: tx.id}, nil
}

// signRawPayload is the parameters of byzantine.ActivitySignRawPayload.
type signRawPayload struct {
	SignWith     string `json:"signWith"`
	Payload      string `json:"payload"`
	Encoding     string `json:"encoding"`
	HashFunction string `json:"hashFunction"`
}

const (
	encodingHexadecimal = "PAYLOAD_ENCODING_HEXADECIMAL"
	encodingEIP7702     = "PAYLOAD_ENCODING_EIP7702_AUTHORIZATION"
	hashFunctionNoOp    = "HASH_FUNCTION_NO_OP"
)

// draftOperation is draft for what is one operation of the wallet on its chain.
func (w *world) draftOperation(tx *transaction) (*payloadResponse, error) {
	parameters := signRawPayload{tx.account.wallet, w.newHash(), encodingHexadecimal, hashFunctionNoOp}
	return w.draft(tx, byzantine.ActivitySignRawPayload, parameters)
}

// newHash stands for the hash of something that goes on a chain, in hexadecimal.
func (w *world) newHash() string {
	var b [32]byte
	w.random.Read(b[:])
	return hex.EncodeToString(b[:])
}

// dropDraft forgets an account's draft, if it has one.
func (w *world) dropDraft(a *account) {
	if d := w.drafts[a.id]; d != nil {
		delete(w.drafts, a.id)
		delete(w.draftByTransaction, d.transaction.id)
	}
}

func (w *world) draftOf(transactionID string) *draft {
	return w.draftByTransaction[transactionID]
}

// signPayload verifies the signature of a draft and submits it. A rejected one leaves the draft as it was, so that it can be
// signed again.
func signPayload(w *world, _ *credential, request any) (response, error) {
	req := request.(*byzantine.SignPayloadPasskeyRequest)
	d := w.draftOf(req.TransactionID)
	if d == nil {
		return response{}, badRequest("no transaction of this id waits for a signature: it is signed already, or another payload took its place")
	}
	tx := d.transaction
	var body bytes.Buffer
	switch {
	case !w.clock.now().Before(d.expires):
		return response{}, badRequest("the payload has expired")
	case req.ChainID != tx.chain:
		return response{}, badRequest("chain_id: the payload was made for chain %d", tx.chain)
	case json.Compact(&body, req.SignedBody) != nil:
		return response{}, badRequest("signedBody: not JSON")
	case !bytes.Equal(body.Bytes(), d.body):
		return response{}, otherBody(d.body, body.Bytes())
	}
	if _, err := w.verifyStamp(tx.account, d.body, req.WebAuthnStamp); err != nil {
		return response{}, err
	}
	w.dropDraft(tx.account)
	if err := w.submit(d); err != nil {
		return response{}, err
	}
	w.catchUp() // with a processing time of 0 there is more to tell
	reply := tx.submitted()
	if reply.Queued() {
		return response{http.StatusAccepted, reply}, nil
	}
	return response{http.StatusOK, reply}, nil
}

// otherBody is the error of a body that is not the one that was to be signed.
func otherBody(expected, signed []byte) error {
	difference := newDifference("another body", expected, signed)
	return &mismatchError{
		rejection:  badRequest("signedBody: not the payload's bodyToSign as it was sent: they differ from byte %d on", difference.Offset),
		difference: difference,
	}
}

// submit sets going what was signed. An error sets nothing going.
func (w *world) submit(d *draft) error {
	tx := d.transaction
	if d.cancels {
		if !tx.pending() {
			return badRequest("the withdrawal is not pending any more")
		}
		tx.account.countOperation(tx.chain)
		w.fail(tx, byzantine.TransactionCancelled)
		return nil
	}
	w.enter(tx)
	tx.account.countOperation(tx.chain)
	switch {
	case tx.upgrade != nil:
		w.upgrade(tx, tx.upgrade)
	case tx.kind == byzantine.TransactionTypeAuthorization:
		w.start(tx)
	case tx.kind == byzantine.TransactionTypeDeposit:
		w.deposit(tx)
	case tx.kind == byzantine.TransactionTypeOnrampDeposit:
		w.awaitTransfer(tx)
	case tx.kind == byzantine.TransactionTypeTransfer:
		w.transfer(tx)
	default:
		w.withdraw(tx)
	}
	return nil
}

// enter puts a transaction that was signed among those that the API shows.
func (w *world) enter(tx *transaction) {
	w.transactions.add(tx.id, tx)
	tx.account.transactions = append(tx.account.transactions, tx)
}

func (tx *transaction) submitted() *byzantine.SubmittedTransaction {
	response := &byzantine.SubmittedTransaction{
		TransactionID:     tx.id,
		Status:            tx.status,
		BroadcastedAt:     optionalTime(tx.broadcast),
		TransactionHash:   tx.hash,
		WithdrawalRequest: tx.requestView(),
	}
	if tx.instructions != nil {
		response.FiatDepositInstructions = new(*tx.instructions)
		response.FiatDepositInstructions.ObjectID = ""
	}
	if tx.bank != nil {
		response.DestinationBankAccount = &tx.bank.BankAccountDetails
	}
	return response
}

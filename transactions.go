package byzantine

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// TransactionStatus says how far a transaction is. Values that are not listed here pass through.
//
// A deposit in fiat goes from TransactionWaitingForFunds (signed; the bank transfer is awaited) through
// TransactionFundsInTransfer, TransactionFundsReceived and TransactionProcessing to TransactionCompleted. In a
// withdrawal to a bank TransactionWaitingForFunds comes after TransactionProcessing and means that the assets have
// reached the bank account's liquidation address.
type TransactionStatus string

// The statuses. The drafts that Get...PayloadPasskey makes have none: the API shows a transaction once it is signed.
const (
	TransactionWithdrawalInitiated TransactionStatus = "withdrawal_initiated" // queued by the vault
	TransactionWaitingForFunds     TransactionStatus = "waiting_for_funds"
	TransactionFundsInTransfer     TransactionStatus = "funds_in_transfer"
	TransactionFundsReceived       TransactionStatus = "funds_received"
	TransactionProcessing          TransactionStatus = "processing"
	TransactionCompleted           TransactionStatus = "completed"         // end
	TransactionSimulationFailed    TransactionStatus = "simulation_failed" // end; nothing went on the chain
	TransactionReverted            TransactionStatus = "reverted"          // end; the chain undid it
	TransactionRefunded            TransactionStatus = "refunded"          // end
	TransactionCancelled           TransactionStatus = "cancelled"         // end
)

// Terminal reports whether the status is an end state. A status that this package does not know is not one.
func (s TransactionStatus) Terminal() bool {
	switch s {
	case TransactionCompleted, TransactionSimulationFailed, TransactionReverted, TransactionRefunded, TransactionCancelled:
		return true
	}
	return false
}

// TransactionType says what a transaction does. Values that are not listed here pass through.
type TransactionType string

// The types.
const (
	TransactionTypeOnramp          TransactionType = "onramp"           // fiat to stablecoin
	TransactionTypeDeposit         TransactionType = "deposit"          // stablecoin into a vault
	TransactionTypeOnrampDeposit   TransactionType = "onramp_deposit"   // fiat into a vault
	TransactionTypeWithdraw        TransactionType = "withdraw"         // out of a vault, to stablecoin
	TransactionTypeOfframp         TransactionType = "offramp"          // stablecoin to fiat; not offered yet
	TransactionTypeWithdrawOfframp TransactionType = "withdraw_offramp" // out of a vault, to a bank account
	TransactionTypeAuthorization   TransactionType = "authorization"    // activation of an account on a chain
	TransactionTypeApprove         TransactionType = "approve"
	TransactionTypeTransfer        TransactionType = "transfer" // stablecoin to another address
)

// Transaction is a signed transaction.
type Transaction struct {
	// TransactionID is a UUID.
	TransactionID string `json:"transactionId" check:"must"`
	// AccountID is a UUID.
	AccountID string  `json:"accountId"`
	ChainID   ChainID `json:"chainId"`
	// VaultAddr is the address of the vault. It is empty for a transaction without a vault.
	VaultAddr string `json:"vaultAddr,omitzero"`
	// IntermediaryAmount is the amount that moves on the chain, in its stablecoin (USDC or EURC).
	IntermediaryAmount Decimal           `json:"intermediaryAmount"`
	Type               TransactionType   `json:"type"`
	Status             TransactionStatus `json:"status"`
	// TransactionHash is the transaction's hash on the chain. It is empty until the transaction is sent to the chain.
	TransactionHash     string     `json:"transactionHash,omitzero"`
	BroadcastedAt       *time.Time `json:"broadcastedAt,omitzero"`
	CreatedAt           time.Time  `json:"createdAt"`
	UpdatedAt           time.Time  `json:"updatedAt"`
	SourceCurrency      Currency   `json:"sourceCurrency,omitzero"`
	DestinationCurrency Currency   `json:"destinationCurrency,omitzero"`
	// SourceAmount is in SourceCurrency.
	SourceAmount Decimal `json:"sourceAmount,omitzero"`
	// DestinationAmount is in DestinationCurrency.
	DestinationAmount Decimal `json:"destinationAmount,omitzero"`
	// RelatedTransactionID names the transaction that belongs to this one, such as the other half of a vault upgrade.
	RelatedTransactionID string `json:"relatedTransactionId,omitzero"`
	// DestinationAddress is the receiver of a transfer.
	DestinationAddress string              `json:"destinationAddress,omitzero"`
	Account            *TransactionAccount `json:"account,omitzero"`
	// WithdrawalRequest belongs to a withdrawal that was queued.
	WithdrawalRequest *WithdrawalRequest `json:"withdrawalRequest,omitzero"`

	// The bank's side of a deposit or a withdrawal in fiat. [Client.GetAllTransactions] and [Client.AllTransactions]
	// leave these two out.
	FiatDepositInstructions *DepositInstructions    `json:"fiatDepositInstructions,omitzero"`
	DestinationBankAccount  *TransactionBankAccount `json:"destinationBankAccount,omitzero"`
}

// TransactionAccount names the account of a transaction and its owner: an entity or a user.
type TransactionAccount struct {
	AccountName string `json:"accountName"`
	// EntityID and OwnerUserID are UUIDs. One of them is empty.
	EntityID    string `json:"entityId,omitzero"`
	OwnerUserID string `json:"ownerUserId,omitzero"`
	ImageURL    string `json:"imageUrl,omitzero"`
}

// WithdrawalRequest is a withdrawal that the vault queued instead of paying at once. That a vault is reported as
// asynchronous does not tell whether it queues.
type WithdrawalRequest struct {
	RequestID string                  `json:"requestId" check:"must"` // UUID
	Status    WithdrawalRequestStatus `json:"status"`
}

// WithdrawalRequestStatus is what became of a queued withdrawal. Values that are not listed here pass through.
type WithdrawalRequestStatus string

// The statuses of a queued withdrawal. Only a pending one can be cancelled, see
// [Client.GetCancelWithdrawalPayloadPasskey].
const (
	WithdrawalPending   WithdrawalRequestStatus = "pending"
	WithdrawalSettled   WithdrawalRequestStatus = "settled"
	WithdrawalCancelled WithdrawalRequestStatus = "cancelled"
)

// DepositInstructions is the bank account to which the user sends the money of a deposit in fiat.
type DepositInstructions struct {
	// ObjectID is the UUID of these instructions. It is empty in the response of [Client.SignPayloadPasskey].
	ObjectID string   `json:"objectId,omitzero"`
	Currency Currency `json:"currency"`
	// ExpectedDepositAmount is what to send, in Currency. Exactly the deposit's amount goes into the vault; the rest
	// stays idle in the wallet.
	ExpectedDepositAmount Decimal              `json:"expectedDepositAmount,omitzero"`
	BankName              string               `json:"bankName"`
	BankAddress           string               `json:"bankAddress"`
	PaymentRails          []DepositPaymentRail `json:"paymentRails"`
	BankBeneficiaryName   string               `json:"bankBeneficiaryName"`
	// BankBeneficiaryAddress may be empty with SEPA.
	BankBeneficiaryAddress string `json:"bankBeneficiaryAddress,omitzero"`
	// BankAccountNumber and BankRoutingNumber are set for a deposit in US dollar.
	BankAccountNumber string `json:"bankAccountNumber,omitzero"`
	BankRoutingNumber string `json:"bankRoutingNumber,omitzero"`
	// IBAN and BIC are set for a deposit in euro.
	IBAN string `json:"iban,omitzero"`
	BIC  string `json:"bic,omitzero"`
}

// DepositPaymentRail is a network on which a deposit in fiat can be sent. Values that are not listed here pass through.
type DepositPaymentRail string

// The rails of deposits.
const (
	DepositRailACHPush DepositPaymentRail = "achPush"
	DepositRailFedNow  DepositPaymentRail = "fedNow"
	DepositRailPIX     DepositPaymentRail = "pix"
	DepositRailSEPA    DepositPaymentRail = "sepa"
	DepositRailSPEI    DepositPaymentRail = "spei"
	DepositRailWire    DepositPaymentRail = "wire"
	DepositRailUnknown DepositPaymentRail = "unknown"
)

// TransactionBankAccount is the bank account that a withdrawal in fiat goes to.
type TransactionBankAccount struct {
	ObjectID    string // UUID
	BankAccount BankAccount
}

type objectID struct {
	ObjectID string `json:"objectId"`
}

// UnmarshalJSON reads the bank account and the id from one object. If the id cannot be read, it sets the account and
// returns an error.
func (b *TransactionBankAccount) UnmarshalJSON(data []byte) error {
	var id objectID
	err := json.Unmarshal(data, &id)
	b.ObjectID = id.ObjectID
	return errtext.In("byzantine: bank account", cmp.Or(err, json.Unmarshal(data, &b.BankAccount)))
}

// MarshalJSON writes the bank account and the id as one object.
func (b TransactionBankAccount) MarshalJSON() ([]byte, error) {
	id := objectID{b.ObjectID}
	switch account := b.BankAccount; {
	case account.IBAN != nil:
		return json.Marshal(struct {
			objectID
			IBANAccount
		}{id, *account.IBAN})
	case account.ACH != nil:
		return json.Marshal(struct {
			objectID
			ACHAccount
		}{id, *account.ACH})
	case account.Unknown != nil:
		return account.Unknown, nil // the whole object, its objectId included
	}
	return json.Marshal(id)
}

// GetTransactionsRequest asks for all transactions of an account.
type GetTransactionsRequest struct {
	AccountID string `json:"-" query:"accountId" check:"uuid"`
}

// GetTransactions returns all signed transactions of an account. The list is not paged.
//
// Operation get_transactions.
func (c *Client) GetTransactions(ctx context.Context, req *GetTransactionsRequest, opts ...CallOption) ([]Transaction, error) {
	return bareList(getTransactions.call(ctx, c, req, opts))
}

// GetTransactionRequest names a transaction. [Client.GetTransaction] fills it in from its argument.
type GetTransactionRequest struct {
	TransactionID string `json:"-" query:"transactionId" check:"uuid"`
}

// GetTransaction returns a signed transaction. [Client.WaitForTransaction] calls it until the transaction has ended.
//
// Operation get_transaction. [ErrNotFound] if there is no such transaction; that is also what a draft that is not
// signed yet gives, and for a moment one that was just signed.
func (c *Client) GetTransaction(ctx context.Context, transactionID string, opts ...CallOption) (*Transaction, error) {
	return getTransaction.call(ctx, c, &GetTransactionRequest{TransactionID: transactionID}, opts)
}

// GetAllTransactionsRequest asks for a page of all transactions.
type GetAllTransactionsRequest struct {
	// Limit is the size of the page: 20 if it is 0. The API takes a limit above 100 as 100.
	Limit int64 `json:"-" query:"limit,omitzero" check:"min=0"`
	// Offset is how many elements of the list come before the page.
	Offset int64 `json:"-" query:"offset,omitzero" check:"min=0"`
	// Order is the order by UpdatedAt: OrderDescending if it is empty.
	Order SortOrder `json:"-" query:"order,omitzero"`
}

// TransactionPage is a page of transactions. One past the end is empty.
type TransactionPage struct {
	Transactions []Transaction `json:"transactions" check:"must"`
	// Total is how many transactions there are on all pages. Limit and Offset are those that were applied.
	Total  int64 `json:"total" check:"must"`
	Limit  int64 `json:"limit" check:"must"`
	Offset int64 `json:"offset" check:"must"`
}

// GetAllTransactions returns a page of the signed transactions of all accounts of the integrator, without their bank
// details. [Client.AllTransactions] iterates over all pages.
//
// Operation get_all_transactions.
func (c *Client) GetAllTransactions(ctx context.Context, req *GetAllTransactionsRequest, opts ...CallOption) (*TransactionPage, error) {
	return getAllTransactions.call(ctx, c, req, opts)
}

// SignPayloadPasskeyRequest submits what a passkey signed. TransactionID and ChainID are required: they are those of
// the [Payload].
type SignPayloadPasskeyRequest struct {
	SignedPayload
}

var _ = wire.Rule(func(r *SignPayloadPasskeyRequest) error { return r.check(true) })

// SubmittedTransaction is a transaction right after it was signed.
type SubmittedTransaction struct {
	// TransactionID is a UUID. It is empty if the response lacks it; the [Payload] has it in any case.
	TransactionID string            `json:"transactionId" check:"must"`
	Status        TransactionStatus `json:"status"`
	BroadcastedAt *time.Time        `json:"broadcastedAt,omitzero"`
	// TransactionHash is the transaction's hash on the chain. It is empty until the transaction is sent to the chain.
	TransactionHash string `json:"transactionHash,omitzero"`
	// FiatDepositInstructions is where the user has to send the money of a deposit in fiat.
	FiatDepositInstructions *DepositInstructions `json:"fiatDepositInstructions,omitzero"`
	// DestinationBankAccount is the bank account that a withdrawal in fiat goes to.
	DestinationBankAccount *BankAccount `json:"destinationBankAccount,omitzero"`
	// WithdrawalRequest belongs to a withdrawal that was queued.
	WithdrawalRequest *WithdrawalRequest `json:"withdrawalRequest,omitzero"`
}

// Queued reports whether the vault queued the withdrawal instead of paying at once (status 202). It is a success: the
// money comes later, and until then the withdrawal can be cancelled.
func (t *SubmittedTransaction) Queued() bool { return t.Status == TransactionWithdrawalInitiated }

// SignPayloadPasskey submits a transaction that the user's passkey has signed: step 2 of 2, after one of the
// Get...PayloadPasskey methods. The API checks the signature and sends the transaction to the chain, or, for a deposit
// in fiat, says where to send the money.
//
// Operation sign_payload_passkey. The API rejects the request if another payload has replaced the draft, or if the
// signature does not fit; the status is not documented.
//
// After [ErrOutcomeUnknown] call [Client.GetTransaction] again and again for half a minute: if it returns the
// transaction, it was submitted; if the 404 remains, it most likely was not. Only then request another payload, and
// call GetTransaction again before the user signs: the new payload has discarded the draft, which cannot be submitted
// any more. A cancellation can have the id of its withdrawal, which GetTransaction returns in any case: the
// cancellation took effect if the Status of that transaction's WithdrawalRequest is [WithdrawalCancelled].
func (c *Client) SignPayloadPasskey(ctx context.Context, req *SignPayloadPasskeyRequest, opts ...CallOption) (*SubmittedTransaction, error) {
	return signPayloadPasskey.call(ctx, c, req, opts)
}

package byzantinetest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// documentVersion is the form of the world's document that this version writes, and the only one that it reads.
const documentVersion = 1

// worldDocument is a whole world as JSON. It is what [Sandbox.World] writes in full, and what people write by hand with a
// few fields in it: each has a default.
type worldDocument struct {
	Version       int                    `json:"version,omitzero" about:"1 if left out"`
	Clock         *clockDocument         `json:"clock,omitzero"`
	IntegratorID  string                 `json:"integratorId,omitzero" about:"UUID; a new one if left out"`
	Credentials   []credentialDocument   `json:"credentials,omitzero" about:"the sandbox's own key is added"`
	Users         []userDocument         `json:"users,omitzero"`
	Accounts      []accountDocument      `json:"accounts,omitzero"`
	Invitations   []invitationDocument   `json:"invitations,omitzero"`
	Codes         []codeDocument         `json:"codes,omitzero"`
	Sessions      []sessionDocument      `json:"sessions,omitzero"`
	Proposals     []proposalDocument     `json:"proposals,omitzero"`
	Transactions  []transactionDocument  `json:"transactions,omitzero"`
	Drafts        []draftDocument        `json:"drafts,omitzero"`
	Events        []byzantine.Event      `json:"events,omitzero"`
	Subscriptions []subscriptionDocument `json:"subscriptions,omitzero"`
	Deliveries    []deliveryDocument     `json:"deliveries,omitzero"`
	Vaults        []vaultDocument        `json:"vaults,omitzero"`
}

// clockDocument is the clock. One that is not frozen runs, ahead of the machine's by some time.
type clockDocument struct {
	Now    time.Time `json:"now,omitzero" about:"where a frozen clock stands, and where a running one begins if ahead is left out"`
	Frozen bool      `json:"frozen,omitzero"`
	Ahead  string    `json:"ahead,omitzero" about:"of a running clock: how far it is ahead of the machine's, such as 1h30m"`
}

type credentialDocument struct {
	Pubkey      string                `json:"pubkey"`
	AccessScope byzantine.AccessScope `json:"accessScope,omitzero" about:"read_write if left out"`
	Inactive    bool                  `json:"inactive,omitzero"`
	Label       string                `json:"label,omitzero"`
	CreatedAt   time.Time             `json:"createdAt,omitzero"`
}

type userDocument struct {
	ID                 string                           `json:"id,omitzero"`
	Info               byzantine.UserInfo               `json:"info"`
	AdditionalInfo     *byzantine.AdditionalUserInfo    `json:"additionalInfo,omitzero"`
	VerificationStatus byzantine.VerificationStatus     `json:"verificationStatus,omitzero" about:"not_started if left out"`
	Documents          []byzantine.VerificationDocument `json:"documents,omitzero"`
	Passkeys           []passkeyDocument                `json:"passkeys,omitzero"`
	CreatedAt          time.Time                        `json:"createdAt,omitzero"`
	UpdatedAt          time.Time                        `json:"updatedAt,omitzero"`
}

type passkeyDocument struct {
	ID           string    `json:"id,omitzero"`
	Name         string    `json:"name,omitzero"`
	CredentialID string    `json:"credentialId" about:"unpadded base64url"`
	PublicKey    []byte    `json:"publicKey" about:"COSE, in base64"`
	CreatedAt    time.Time `json:"createdAt,omitzero"`
}

type accountDocument struct {
	ID              string                       `json:"id,omitzero"`
	Name            string                       `json:"name,omitzero" about:"the customer's if left out"`
	OwnerID         string                       `json:"ownerId,omitzero"`
	Entity          *entityDocument              `json:"entity,omitzero" about:"instead of an owner"`
	Members         []memberDocument             `json:"members,omitzero"`
	WalletAddress   string                       `json:"walletAddress,omitzero"`
	SelfCustodial   bool                         `json:"selfCustodial,omitzero"`
	Foreign         bool                         `json:"foreign,omitzero"`
	ActivatedChains []byzantine.ChainID          `json:"activatedChains,omitzero"`
	Nonces          map[byzantine.ChainID]uint64 `json:"nonces,omitzero" about:"by chain id: the nonce of the wallet's next operation"`
	BankAccounts    []bankDocument               `json:"bankAccounts,omitzero"`
	Idle            []idleDocument               `json:"idle,omitzero" about:"what lies in no vault"`
	Positions       []positionDocument           `json:"positions,omitzero" about:"what lies in vaults"`
	CreatedAt       time.Time                    `json:"createdAt,omitzero"`
}

type entityDocument struct {
	ID                 string                           `json:"id,omitzero"`
	Info               byzantine.EntityInfo             `json:"info"`
	VerificationStatus byzantine.VerificationStatus     `json:"verificationStatus,omitzero" about:"not_started if left out"`
	Documents          []byzantine.VerificationDocument `json:"documents,omitzero"`
	Persons            []personDocument                 `json:"associatedPersons,omitzero"`
	CreatedAt          time.Time                        `json:"createdAt,omitzero"`
	UpdatedAt          time.Time                        `json:"updatedAt,omitzero"`
}

type personDocument struct {
	BeneficiaryID string                       `json:"beneficiaryId,omitzero"`
	UserID        string                       `json:"userId"`
	Details       byzantine.BeneficiaryDetails `json:"beneficiaryDetails"`
}

type memberDocument struct {
	UserID   string                    `json:"userId"`
	Role     byzantine.AccountUserRole `json:"role,omitzero" about:"root if left out"`
	JoinedAt time.Time                 `json:"joinedAt,omitzero"`
}

type bankDocument struct {
	byzantine.LinkedBankAccount
	Number string `json:"number,omitzero" about:"by which a bank account is known again"`
}

// quantity is an exact number: a decimal string, or a fraction where decimals do not suffice.
type quantity struct{ *big.Rat }

// maxQuantity is the largest number in a document. It is far above what amounts of at most maxAmount can add up to, and its
// sums and products with prices still fit into a byzantine.Decimal.
var maxQuantity = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(36), nil))

const maxQuantityText = 4096 // bytes

// AppendText writes a decimal number where there is one that is not longer than the fraction. Without it encoding/json/v2
// would take the method of the same name that big.Rat has.
func (q quantity) AppendText(b []byte) ([]byte, error) {
	fraction := q.RatString()
	if n, exact := q.FloatPrec(); exact {
		if number := q.FloatString(n); n <= sharePlaces || len(number) <= len(fraction) {
			return append(b, number...), nil
		}
	}
	return append(b, fraction...), nil
}

func (q quantity) MarshalText() ([]byte, error) { return q.AppendText(nil) }

func (q *quantity) UnmarshalText(text []byte) error {
	// An exponent could make a number of any length, and .5 is longer when it is written again.
	number, ok := new(big.Rat), len(text) <= maxQuantityText && !bytes.ContainsAny(text, "eEpP_xX") && !bytes.HasPrefix(text, []byte("."))
	if ok {
		number, ok = number.SetString(string(text))
	}
	switch {
	case !ok:
		return badRequest("not a decimal number")
	case number.Sign() < 0 || number.Cmp(maxQuantity) > 0:
		return badRequest("must be between 0 and %s", maxQuantity.RatString())
	}
	q.Rat = number
	return nil
}

// rat is 0 for a quantity that was left out.
func (q quantity) rat() *big.Rat {
	if q.Rat == nil {
		return new(big.Rat)
	}
	return q.Rat
}

// fine is rat with as many decimals as shares have. What is added up must not become a fraction that grows with each sum.
func (q quantity) fine() *big.Rat { return round(q.rat(), sharePlaces) }

func (q quantity) IsZero() bool { return q.Rat == nil }

type idleDocument struct {
	ChainID  byzantine.ChainID        `json:"chainId"`
	Currency byzantine.CryptoCurrency `json:"currency"`
	Amount   quantity                 `json:"amount"`
}

type positionDocument struct {
	VaultAddress string   `json:"vaultAddress"`
	Shares       quantity `json:"shares,omitzero" about:"the balance is shares times the vault's share price, which rises each hour"`
	Amount       quantity `json:"amount,omitzero" about:"instead of shares: the balance when the document is read; World does not write it"`
	Pending      quantity `json:"pending,omitzero" about:"shares that are queued for withdrawal and not among shares any more: at least those of the transactions"`
}

type invitationDocument struct {
	ID        string                     `json:"id,omitzero"`
	AccountID string                     `json:"accountId"`
	UserID    string                     `json:"userId"`
	InviterID string                     `json:"inviterId"`
	Role      byzantine.AccountUserRole  `json:"role,omitzero" about:"view if left out"`
	Status    byzantine.InvitationStatus `json:"status,omitzero" about:"pending if left out"`
	CreatedAt time.Time                  `json:"createdAt,omitzero"`
	UpdatedAt time.Time                  `json:"updatedAt,omitzero"`
}

type codeDocument struct {
	ID        string    `json:"id,omitzero"`
	Code      string    `json:"code"`
	AccountID string    `json:"accountId"`
	UserID    string    `json:"userId"`
	SentAt    time.Time `json:"sentAt,omitzero"`
	ExpiresAt time.Time `json:"expiresAt,omitzero" about:"10 minutes after sentAt if left out"`
	Attempts  int       `json:"attempts,omitzero" about:"wrong ones"`
	Used      bool      `json:"used,omitzero"`
}

type sessionDocument struct {
	ID        string    `json:"id,omitzero"`
	AccountID string    `json:"accountId"`
	UserID    string    `json:"userId"`
	ExpiresAt time.Time `json:"expiresAt,omitzero" about:"in 15 minutes if left out"`
}

type proposalDocument struct {
	BodyToSign string                    `json:"bodyToSign"`
	ExpiresAt  time.Time                 `json:"expiresAt"`
	AccountID  string                    `json:"accountId"`
	NewUsers   []byzantine.Invitee       `json:"newUsers,omitzero" about:"of an invitation"`
	UserIDs    []string                  `json:"userIds,omitzero" about:"of a change of roles, as are the next two"`
	Role       byzantine.AccountUserRole `json:"role,omitzero"`
	Quorum     []string                  `json:"quorum,omitzero"`
}

type moneyDocument struct {
	Currency byzantine.Currency `json:"currency"`
	Amount   quantity           `json:"amount"`
}

type transactionDocument struct {
	ID            string                         `json:"id"`
	AccountID     string                         `json:"accountId"`
	Type          byzantine.TransactionType      `json:"type"`
	ChainID       byzantine.ChainID              `json:"chainId"`
	VaultAddress  string                         `json:"vaultAddress,omitzero"`
	Amount        quantity                       `json:"amount"`
	Source        *moneyDocument                 `json:"source,omitzero"`
	Destination   *moneyDocument                 `json:"destination,omitzero"`
	Address       string                         `json:"address,omitzero"`
	BankAccountID string                         `json:"bankAccountId,omitzero"`
	Instructions  *byzantine.DepositInstructions `json:"fiatDepositInstructions,omitzero"`
	UpgradeID     string                         `json:"relatedTransactionId,omitzero"`
	Status        byzantine.TransactionStatus    `json:"status,omitzero" about:"empty in a draft"`
	Request       *byzantine.WithdrawalRequest   `json:"withdrawalRequest,omitzero"`
	Hash          string                         `json:"transactionHash,omitzero"`
	BroadcastedAt time.Time                      `json:"broadcastedAt,omitzero"`
	CreatedAt     time.Time                      `json:"createdAt"`
	UpdatedAt     time.Time                      `json:"updatedAt,omitzero"`
	DueAt         time.Time                      `json:"dueAt,omitzero"`
	Shares        quantity                       `json:"shares,omitzero"`
	Received      quantity                       `json:"received,omitzero"`
}

type draftDocument struct {
	TransactionID string    `json:"transactionId"`
	BodyToSign    string    `json:"bodyToSign" about:"the text, whose bytes count"`
	ExpiresAt     time.Time `json:"expiresAt"`
	Cancels       bool      `json:"cancels,omitzero"`
}

type subscriptionDocument struct {
	byzantine.WebhookSubscription
	PrivateKey string `json:"privateKey" about:"64 hexadecimal digits: signs the deliveries"`
}

type deliveryDocument struct {
	byzantine.WebhookDelivery
	Event    byzantine.Event                    `json:"event"`
	Body     json.RawMessage                    `json:"body"`
	Attempts []byzantine.WebhookDeliveryAttempt `json:"attempts,omitzero"`
}

type vaultDocument struct {
	Address string    `json:"address"`
	Since   time.Time `json:"since,omitzero" about:"when a share cost 1; 90 days ago if left out"`
	Queues  bool      `json:"queueWithdrawals"`
}

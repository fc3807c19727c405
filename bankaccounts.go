package byzantine

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// BankAccount is a bank account as the API shows it, with only the last four characters of its number. Exactly one
// field is set; the zero BankAccount has none.
type BankAccount struct {
	IBAN *IBANAccount // an account in euro
	ACH  *ACHAccount  // an account in US dollar
	// Unknown is the JSON of an account whose kind cannot be told.
	Unknown json.RawMessage
}

// IBANAccount is a bank account in the SEPA area as the API shows it, with only the last four characters of its IBAN.
type IBANAccount struct {
	Country string `json:"country"`
	// Last4 is the end of the IBAN.
	Last4 string `json:"last4"`
	BIC   string `json:"bic,omitzero"`
}

// ACHAccount is a bank account in the United States as the API shows it, with only the last four digits of its number.
type ACHAccount struct {
	RoutingNumber string `json:"routingNumber"`
	// Last4 is the end of the account number.
	Last4             string            `json:"last4"`
	CheckingOrSavings CheckingOrSavings `json:"checkingOrSavings,omitzero"`
}

// UnmarshalJSON reads either kind. The API does not mark the kind: an ACH account is the one with a routing number, an
// IBAN account the one with a country. An account with both, with neither, or without last4 goes to Unknown and is not
// an error, so that a new kind of account does not make a payload unreadable and money never seems to go to an account
// of a guessed kind. null changes nothing.
func (b *BankAccount) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var has struct {
		RoutingNumber *string `json:"routingNumber"`
		Country       *string `json:"country"`
		Last4         *string `json:"last4"`
	}
	readable := json.Unmarshal(data, &has) == nil && has.Last4 != nil
	switch iban, ach := new(IBANAccount), new(ACHAccount); {
	case readable && has.RoutingNumber != nil && has.Country == nil && json.Unmarshal(data, ach) == nil:
		*b = BankAccount{ACH: ach}
	case readable && has.Country != nil && has.RoutingNumber == nil && json.Unmarshal(data, iban) == nil:
		*b = BankAccount{IBAN: iban}
	default:
		*b = BankAccount{Unknown: bytes.Clone(data)}
	}
	return nil
}

// MarshalJSON writes the field that is set, null if none is.
func (b BankAccount) MarshalJSON() ([]byte, error) {
	switch {
	case b.IBAN != nil:
		return json.Marshal(b.IBAN)
	case b.ACH != nil:
		return json.Marshal(b.ACH)
	case b.Unknown != nil:
		return b.Unknown, nil
	}
	return []byte("null"), nil
}

// CheckingOrSavings is the kind of an account in the United States. A response may hold one that is not listed here; a
// request may not.
type CheckingOrSavings string

// The kinds.
const (
	CheckingAccount          CheckingOrSavings = "checking"
	SavingsAccount           CheckingOrSavings = "savings"
	CheckingOrSavingsUnknown CheckingOrSavings = "unknown"
)

// Validate rejects a kind that is not listed here.
func (c CheckingOrSavings) Validate() error {
	return oneOf(c, CheckingAccount, SavingsAccount, CheckingOrSavingsUnknown)
}

// PaymentRail is the network that money moves on. Values that are not listed here pass through.
type PaymentRail string

// The rails.
const (
	RailACH      PaymentRail = "ach"
	RailSEPA     PaymentRail = "sepa"
	RailEthereum PaymentRail = "ethereum"
	RailBase     PaymentRail = "base"
)

// AddedBankAccount ties a bank account to an account: stablecoins that arrive at the liquidation address are paid out
// to the bank account.
type AddedBankAccount struct {
	BankAccountID       string      `json:"bankAccountId" check:"must"` // UUID; a withdrawal to the bank names it
	AccountID           string      `json:"accountId"`
	Name                string      `json:"name"`               // the label
	LiquidationAddress  string      `json:"liquidationAddress"` // on a chain
	CreatedAt           time.Time   `json:"createdAt"`
	DestinationCurrency Currency    `json:"destinationCurrency"`
	DestinationRail     PaymentRail `json:"destinationRail"`
}

// LinkedBankAccount is a bank account of an account.
type LinkedBankAccount struct {
	AddedBankAccount
	BankAccountDetails BankAccount `json:"bankAccountDetails"`
}

// GetBankAccountsRequest asks for the bank accounts of an account.
type GetBankAccountsRequest struct {
	AccountID string   `json:"-" query:"accountId" check:"uuid"`
	Currency  Currency `json:"-" query:"currency,omitzero"` // those in this currency only
}

// BankAccountList is the bank accounts of an account.
type BankAccountList struct {
	BankAccounts []LinkedBankAccount `json:"bankAccounts" check:"must"`
}

// GetBankAccounts returns the bank accounts that an account can withdraw to. The list is not paged.
//
// Operation get_bank_accounts.
func (c *Client) GetBankAccounts(ctx context.Context, req *GetBankAccountsRequest, opts ...CallOption) (*BankAccountList, error) {
	return getBankAccounts.call(ctx, c, req, opts)
}

// AddBankAccountRequest links a bank account to an account. It holds the complete account number or IBAN, of which
// responses show only the last four characters.
type AddBankAccountRequest struct {
	AccountID string   `json:"accountId" check:"uuid"`
	Currency  Currency `json:"currency"`
	// Label is what the user sees.
	Label string `json:"label"`
	// ACHBankAccountDetails and IBANBankAccountDetails are the account. Exactly one of them must be set: ACH for US
	// dollar, IBAN for euro.
	ACHBankAccountDetails  *ACHAccountParam  `json:"achBankAccountDetails,omitzero"`
	IBANBankAccountDetails *IBANAccountParam `json:"ibanBankAccountDetails,omitzero"`
}

// ACHAccountParam is a bank account in the United States to be added. All fields are required.
type ACHAccountParam struct {
	BankName          string            `json:"bankName"`
	AccountNumber     string            `json:"accountNumber"`
	RoutingNumber     string            `json:"routingNumber"`
	CheckingOrSavings CheckingOrSavings `json:"checkingOrSavings"`
}

// IBANAccountParam is a bank account in the SEPA area to be added.
type IBANAccountParam struct {
	BankName      string `json:"bankName,omitzero"`
	AccountNumber string `json:"accountNumber"` // the IBAN
	BIC           string `json:"bic"`
	// Country is the bank's country. The API does not say in which form; ISO 3166-1 alpha-3 is what it uses elsewhere.
	Country string `json:"country"`
}

var _ = wire.Rule(func(r *AddBankAccountRequest) error {
	if (r.ACHBankAccountDetails == nil) == (r.IBANBankAccountDetails == nil) {
		return &wire.FieldError{Field: "ACHBankAccountDetails", Reason: "exactly one of the ACH and the IBAN account must be set"}
	}
	return nil
})

// AddBankAccount adds a bank account to which withdrawals in fiat can go. The account's verification has to be active.
//
// Operation add_bank_account. [ErrUnauthorized] also if the account is not yours. After [ErrOutcomeUnknown] check with
// [Client.GetBankAccounts] whether the bank account is there.
func (c *Client) AddBankAccount(ctx context.Context, req *AddBankAccountRequest, opts ...CallOption) (*AddedBankAccount, error) {
	return addBankAccount.call(ctx, c, req, opts)
}

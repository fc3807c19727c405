package byzantine

import (
	"context"
	"time"
)

// AccountType says whether an account belongs to a person or to a company. Values that are not listed here pass through.
type AccountType string

// The account types.
const (
	AccountTypeIndividual AccountType = "individual"
	AccountTypeCompany    AccountType = "company"
)

// AccountUserRole is what a user may do in an account. Values that are not listed here pass through.
type AccountUserRole string

// The roles.
const (
	RoleRoot          AccountUserRole = "root"           // signs and manages
	RoleAdmin         AccountUserRole = "admin"          // its rights are not documented
	RoleView          AccountUserRole = "view"           // reads
	RoleSelfCustodial AccountUserRole = "self_custodial" // transacts with a wallet of their own and adds bank accounts
	RoleBeneficiary   AccountUserRole = "beneficiary"    // a beneficial owner: reads
)

// UserSummary names a user.
type UserSummary struct {
	UserID    string `json:"userId" check:"must"` // UUID
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
}

// AccountUser is a user of an account and their role in it.
type AccountUser struct {
	UserSummary
	Role AccountUserRole `json:"role"`
}

// EntitySummary names an entity.
type EntitySummary struct {
	EntityID   string `json:"entityId" check:"must"` // UUID
	EntityName string `json:"entityName"`
}

// Account is an account: a wallet, the users who share it and the bank accounts it can withdraw to.
type Account struct {
	// AccountID is a UUID.
	AccountID   string      `json:"accountId" check:"must"`
	AccountName string      `json:"accountName"`
	AccountType AccountType `json:"accountType"`
	// EntityInfo names the entity of the account. It is nil for a person's account.
	EntityInfo    *EntitySummary `json:"entityInfo,omitzero"`
	WalletDetails WalletDetails  `json:"walletDetails"`
	// BankAccounts is nil if there are none.
	BankAccounts []LinkedBankAccount `json:"bankAccounts,omitzero"`
	// ImageURL is the picture of the customer.
	ImageURL  string    `json:"imageUrl,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
	// AccountBeneficiary is the person that a person's account is for, who need not be one of its root users.
	AccountBeneficiary *UserSummary  `json:"accountBeneficiary,omitzero"`
	Users              []AccountUser `json:"users"`
}

// WalletDetails is the wallet of an account.
type WalletDetails struct {
	WalletAddress string `json:"walletAddress"`
	// IsTurnkeyWallet is false for a self-custodial account, whose wallet came from outside.
	IsTurnkeyWallet bool `json:"isTurnkeyWallet"`
	// IsSmartAccount says on which chains the account is activated.
	IsSmartAccount ActivatedChains `json:"isSmartAccount"`
}

// ActivatedChains says on which chains the account is activated: each needs its own signature before the first
// deposit or withdrawal there, see [Client.GetActivateAccountPayloadPasskey].
type ActivatedChains struct {
	Ethereum bool `json:"ethereum"`
	Base     bool `json:"base"`
}

// GetAccountDetailsRequest names an account. [Client.GetAccountDetails] fills it in from its argument.
type GetAccountDetailsRequest struct {
	AccountID string `json:"-" query:"accountId" check:"uuid"`
}

// GetAccountDetails returns an account with its users, wallet and bank accounts.
//
// Operation get_account_details. [ErrNotFound] if there is no such account.
func (c *Client) GetAccountDetails(ctx context.Context, accountID string, opts ...CallOption) (*Account, error) {
	return getAccountDetails.call(ctx, c, &GetAccountDetailsRequest{AccountID: accountID}, opts)
}

// GetAccountBalancesRequest asks for what an account holds.
type GetAccountBalancesRequest struct {
	AccountID string `json:"-" query:"accountId" check:"uuid"`
	// ChainID restricts the response to one chain. All chains are listed if it is 0.
	ChainID ChainID `json:"-" query:"chainId,omitzero"`
	// IncludeTestVaults says whether positions in test vaults are listed as well.
	IncludeTestVaults bool `json:"-" query:"includeTestVaults,omitzero"`
}

// AccountBalances is what an account holds.
type AccountBalances struct {
	AccountID   string               `json:"account_id" check:"must"` // UUID
	SubAccounts []SubAccountBalances `json:"sub_accounts"`
}

// SubAccountBalances is what one wallet of an account holds.
type SubAccountBalances struct {
	WalletAddress string         `json:"wallet_address"`
	Positions     []VaultBalance `json:"positions"` // in vaults
	// Idle is what lies in the wallet: a deposit of that amount in the stablecoin puts it into a vault.
	Idle []IdleBalance `json:"idle"`
}

// VaultBalance is a position in a vault.
type VaultBalance struct {
	ChainID      ChainID `json:"chain_id"`
	VaultAddress string  `json:"vault_address"`
	// IsAsyncVault does not predict whether a withdrawal is queued: that was seen on vaults that are not async as well.
	IsAsyncVault bool   `json:"is_async_vault"`
	AssetAddress string `json:"asset_address"`
	// Currency is the fiat currency that the vault's asset follows: it is FiatEUR for EURC.
	Currency FiatCurrency `json:"currency"`
	// Balance is what the shares are worth, in the vault's asset (USDC or EURC).
	Balance Decimal `json:"balance"`
	// Shares is the number of the vault's shares. Shares are not a currency.
	Shares Decimal `json:"shares"`
	// PricePerShare is what one share is worth, in the vault's asset. It is rounded: show Balance, not the product with
	// Shares.
	PricePerShare Decimal `json:"price_per_share"`
	// PendingWithdrawals is nil if none is queued. Whether Balance and Shares include it is not documented; those of
	// package byzantinetest do not.
	PendingWithdrawals *PendingWithdrawals `json:"pending_withdrawals,omitzero"`
}

// PendingWithdrawals is what of a position is queued for withdrawal.
type PendingWithdrawals struct {
	// Balance is in the vault's asset (USDC or EURC).
	Balance Decimal `json:"balance"`
	// Shares is the number of the vault's shares.
	Shares Decimal `json:"shares"`
}

// IdleBalance is what lies in a wallet on one chain in one stablecoin.
type IdleBalance struct {
	ChainID ChainID `json:"chain_id"`
	// Balance is in the stablecoin (USDC or EURC).
	Balance Decimal `json:"balance"`
	// Currency is the fiat currency that the stablecoin follows: it is FiatEUR for EURC.
	Currency FiatCurrency `json:"currency"`
}

// GetAccountBalances returns what an account holds in vaults and what lies idle. It can take the API a few seconds to
// follow a transaction; a 500 meanwhile is temporary, and like any GET the call is tried again automatically.
//
// Operation get_account_balances. [ErrNotFound] if there is no such account.
func (c *Client) GetAccountBalances(ctx context.Context, req *GetAccountBalancesRequest, opts ...CallOption) (*AccountBalances, error) {
	return getAccountBalances.call(ctx, c, req, opts)
}

package byzantine

import "context"

// GetActivateAccountPayloadPasskeyRequest names an account and a chain to activate it on.
type GetActivateAccountPayloadPasskeyRequest struct {
	ChainID   ChainID `json:"-" query:"chain_id"`
	AccountID string  `json:"accountId" check:"uuid"`
}

func (r *GetActivateAccountPayloadPasskeyRequest) expects() expectation {
	return expectation{r.ChainID, ActivitySignRawPayload, r.AccountID, nil}
}

// GetActivateAccountPayloadPasskey drafts the activation of an account on a chain (an EIP-7702 delegation) and returns
// what the user's passkey has to sign. An account has at most one draft: the request discards an earlier one of any
// kind, and its transaction id. The activation is needed once per chain before the first deposit or withdrawal there;
// IsSmartAccount in the [WalletDetails] of [Client.GetAccountDetails] tells where it was done. The gas is sponsored.
//
// Operation get_authorization_payload_passkey, a POST. After [ErrOutcomeUnknown] call it again: a draft whose response
// was lost moves nothing, and the next one replaces it. If the payload orders something else than the request, the
// error is a *[PayloadMismatchError].
func (c *Client) GetActivateAccountPayloadPasskey(ctx context.Context, req *GetActivateAccountPayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getActivateAccountPayloadPasskey, req, opts)
}

// GetDepositPayloadPasskeyRequest is a deposit into a vault.
type GetDepositPayloadPasskeyRequest struct {
	ChainID   ChainID `json:"-" query:"chain_id"`
	AccountID string  `json:"accountId" check:"uuid"`
	VaultAddr string  `json:"vaultAddr" check:"address"`
	// Amount is in the stablecoin of the vault (USDC or EURC), whatever SourceCurrency is. It has at most 6 decimals,
	// and the API checks that it is positive.
	Amount Decimal `json:"amount" check:"places=6"`
	// SourceCurrency decides where the money comes from: with USDC and EURC from the account's wallet, at once; with
	// USD and EUR from a bank transfer that the user makes afterwards.
	SourceCurrency Currency `json:"sourceCurrency"`
}

func (r *GetDepositPayloadPasskeyRequest) expects() expectation {
	return expectation{r.ChainID, ActivitySignRawPayload, r.AccountID, nil}
}

// GetDepositPayloadPasskey drafts a deposit into a vault and returns what the user's passkey has to sign. An account
// has at most one draft: the request discards an earlier one of any kind, and its transaction id. A deposit in fiat is
// signed first and paid afterwards: the response of [Client.SignPayloadPasskey] says where to send the money.
//
// Operation get_deposit_payload_passkey, a POST. After [ErrOutcomeUnknown] call it again: a draft whose response was
// lost moves nothing, and the next one replaces it. If the payload orders something else than the request, the error is
// a *[PayloadMismatchError].
func (c *Client) GetDepositPayloadPasskey(ctx context.Context, req *GetDepositPayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getDepositPayloadPasskey, req, opts)
}

// GetWithdrawPayloadPasskeyRequest is a withdrawal from a vault.
type GetWithdrawPayloadPasskeyRequest struct {
	ChainID   ChainID `json:"-" query:"chain_id"`
	AccountID string  `json:"accountId" check:"uuid"`
	VaultAddr string  `json:"vaultAddr" check:"address"`
	// Amount is in the stablecoin of the vault (USDC or EURC), whatever DestinationCurrency is. It has at most 6
	// decimals, and the API checks that it is positive.
	Amount Decimal `json:"amount" check:"places=6"`
	// DestinationCurrency decides where the money goes: with USDC and EURC into the account's wallet, with USD and EUR
	// to a bank account.
	DestinationCurrency Currency `json:"destinationCurrency"`
	// BankAccountID is the BankAccountID of an account that [Client.GetBankAccounts] lists. Set it only if
	// DestinationCurrency is USD or EUR. It is optional; which account the API chooses without it is not documented,
	// but DestinationBankAccount of the [Payload] shows it.
	BankAccountID string `json:"bankAccountId,omitzero" check:"uuid"`
}

func (r *GetWithdrawPayloadPasskeyRequest) expects() expectation {
	return expectation{r.ChainID, ActivitySignRawPayload, r.AccountID, nil}
}

// GetWithdrawPayloadPasskey drafts a withdrawal from a vault and returns what the user's passkey has to sign. An
// account has at most one draft: the request discards an earlier one of any kind, and its transaction id. A withdrawal
// to a bank needs a bank account, see [Client.AddBankAccount]; [Payload].DestinationBankAccount shows which one it is.
//
// Operation get_withdraw_payload_passkey, a POST. After [ErrOutcomeUnknown] call it again: a draft whose response was
// lost moves nothing, and the next one replaces it. If the payload orders something else than the request, the error is
// a *[PayloadMismatchError].
func (c *Client) GetWithdrawPayloadPasskey(ctx context.Context, req *GetWithdrawPayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getWithdrawPayloadPasskey, req, opts)
}

// GetCancelWithdrawalPayloadPasskeyRequest names a queued withdrawal.
type GetCancelWithdrawalPayloadPasskeyRequest struct {
	ChainID       ChainID `json:"-" query:"chain_id"` // of the withdrawal
	TransactionID string  `json:"transactionId" check:"uuid"`
}

// The request names no account.
func (r *GetCancelWithdrawalPayloadPasskeyRequest) expects() expectation {
	return expectation{r.ChainID, ActivitySignRawPayload, "", nil}
}

// GetCancelWithdrawalPayloadPasskey drafts the cancellation of a queued withdrawal and returns what the user's passkey
// has to sign. An account has at most one draft: the request discards an earlier one of any kind, and its transaction
// id. Submit with the payload's TransactionID: whether it equals the withdrawal's is not documented.
//
// The request names no account. If the TransactionID comes from a page, check first that [Transaction].AccountID of
// [Client.GetTransaction] is the signed-in user's account. Otherwise a stranger could discard the draft of its owner.
//
// Operation get_cancel_withdrawal_payload_passkey, a POST. [ErrBadRequest] (not [ErrNotFound]) if there is no such
// transaction, if it is on another chain, or if its [WithdrawalRequest] is not pending any more. After
// [ErrOutcomeUnknown] call it again: a draft whose response was lost moves nothing, and the next one replaces it. If
// the payload orders something else than the request, the error is a *[PayloadMismatchError].
func (c *Client) GetCancelWithdrawalPayloadPasskey(ctx context.Context, req *GetCancelWithdrawalPayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getCancelWithdrawalPayloadPasskey, req, opts)
}

// GetTransferPayloadPasskeyRequest is a transfer out of an account's wallet.
type GetTransferPayloadPasskeyRequest struct {
	ChainID   ChainID        `json:"-" query:"chain_id"`
	AccountID string         `json:"accountId" check:"uuid"`
	Currency  CryptoCurrency `json:"currency"`
	// Amount is in Currency. It has at most 6 decimals, and the API checks that it is positive.
	Amount             Decimal `json:"amount" check:"places=6"`
	DestinationAddress string  `json:"destinationAddress" check:"address"`
}

func (r *GetTransferPayloadPasskeyRequest) expects() expectation {
	return expectation{r.ChainID, ActivitySignRawPayload, r.AccountID, nil}
}

// GetTransferPayloadPasskey drafts a transfer of stablecoins to any address and returns what the user's passkey has to
// sign. An account has at most one draft: the request discards an earlier one of any kind, and its transaction id. Once
// it is submitted the transfer cannot be undone, not even if the address has no owner.
//
// Operation get_transfer_payload_passkey, a POST. After [ErrOutcomeUnknown] call it again: a draft whose response was
// lost moves nothing, and the next one replaces it. If the payload orders something else than the request, the error is
// a *[PayloadMismatchError].
func (c *Client) GetTransferPayloadPasskey(ctx context.Context, req *GetTransferPayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getTransferPayloadPasskey, req, opts)
}

// GetVaultUpgradePayloadPasskeyRequest names a vault on Base whose position moves to its successor.
type GetVaultUpgradePayloadPasskeyRequest struct {
	AccountID       string `json:"accountId" check:"uuid"`
	SourceVaultAddr string `json:"sourceVaultAddr" check:"address"`
}

func (r *GetVaultUpgradePayloadPasskeyRequest) expects() expectation {
	return expectation{ChainBase, ActivitySignRawPayloads, r.AccountID, nil}
}

// GetVaultUpgradePayloadPasskey drafts the move of a whole position from a vault on Base to its successor and returns
// what the user's passkey has to sign: two orders under one signature. An account has at most one draft: the request
// discards an earlier one of any kind, and its transaction id. Amounts and the other vault are in the payload.
//
// Operation get_vault_upgrade_payload_passkey, a POST. [ErrBadRequest] if the vault has no successor or is
// asynchronous, if there are no shares in it, or if an upgrade is under way. [ErrUnauthorized] also if the account is
// not yours or is not activated. After [ErrOutcomeUnknown] call it again: a draft whose response was lost moves
// nothing, and the next one replaces it. If the payload orders something else than the request, the error is a
// *[PayloadMismatchError].
func (c *Client) GetVaultUpgradePayloadPasskey(ctx context.Context, req *GetVaultUpgradePayloadPasskeyRequest, opts ...CallOption) (*Payload, error) {
	return fetchPayload(ctx, c, getVaultUpgradePayloadPasskey, req, opts)
}

package byzantinetest

import (
	"slices"

	"github.com/byzantine-finance/byzantine-go"
)

func (w *world) vaultUpgradePayload(req *byzantine.GetVaultUpgradePayloadPasskeyRequest) (*payloadResponse, error) {
	a, err := w.transactor(req.AccountID)
	if err != nil {
		return nil, err
	}
	if !a.activated[byzantine.ChainBase] {
		return nil, unauthorized("the account is not activated on Base")
	}
	from := w.vault(byzantine.ChainBase, req.SourceVaultAddr)
	switch {
	case from == nil || from.successor == "":
		return nil, badRequest("sourceVaultAddr: no vault on Base that has a successor")
	case w.upgrading(a):
		return nil, badRequest("an upgrade of this account is under way")
	}
	position := a.funds.position(from)
	amount := position.balance(from.price(w.clock.now()))
	if amount.Sign() == 0 {
		return nil, badRequest("sourceVaultAddr: the account has no shares in this vault")
	}
	out := w.newTransaction(a, byzantine.TransactionTypeWithdraw, byzantine.ChainBase)
	in := w.newTransaction(a, byzantine.TransactionTypeDeposit, byzantine.ChainEthereum)
	out.vault, in.vault = from, w.vault(byzantine.ChainEthereum, from.successor)
	out.upgrade, in.upgrade = in, out
	parameters := byzantine.SignRawPayloadsParams{
		SignWith: a.wallet, Payloads: []string{w.newHash(), w.newHash()},
		Encoding: encodingHexadecimal, HashFunction: hashFunctionNoOp,
	}
	response, err := w.draft(out, byzantine.ActivitySignRawPayloads, parameters)
	if err != nil {
		return nil, err
	}
	response.SourceAmount, response.DestinationAmount = decimal(amount, coinPlaces), decimal(amount, coinPlaces)
	response.DestinationVaultAddr = in.vault.address
	return response, nil
}

func (w *world) upgrading(a *account) bool {
	return slices.ContainsFunc(a.transactions, func(tx *transaction) bool {
		return tx.upgrade != nil && !tx.status.Terminal()
	})
}

// upgrade moves a whole position, as it is now, from a vault to its successor: a withdrawal and a deposit.
func (w *world) upgrade(out, in *transaction) {
	w.enter(in)
	in.account.countOperation(in.chain)
	from := out.account.funds.position(out.vault)
	shares, price := from.shares, out.vault.price(w.clock.now())
	out.amount = from.balance(price)
	in.amount = out.amount
	coins := &money{byzantine.Currency(out.vault.currency), out.amount}
	out.source, out.destination, in.source = coins, coins, coins
	from.shares = minus(from.shares, shares)
	out.shares = shares
	w.start(out)
	w.start(in)
}

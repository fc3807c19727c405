package byzantinetest

import (
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// queueTime is how long a queued withdrawal waits, unless the test settles it.
const queueTime = time.Hour

// QueueWithdrawals lets a vault queue withdrawals from now on, or pay them at once, whether it is asynchronous or not. It
// panics if there is no such vault.
func (s *Sandbox) QueueWithdrawals(vaultAddr string, queue bool) {
	s.lock()
	defer s.unlock()
	v, err := s.world.vaultByID(vaultAddr)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: QueueWithdrawals: vaultAddr: no vault %s: there are %s", vaultAddr, s.world.vaultAddresses(0)))
	}
	v.queues = queue
}

// SettleWithdrawal lets the vault pay a queued withdrawal, which it does automatically after an hour. It panics if there is
// no such withdrawal, or if it is not pending.
func (s *Sandbox) SettleWithdrawal(transactionID string) {
	s.lock()
	defer s.unlock()
	tx := s.world.seededTransaction("SettleWithdrawal", transactionID)
	if !tx.pending() {
		panic(fmt.Sprintf("byzantinetest: SettleWithdrawal: transactionId: the transaction %s is not a withdrawal that is queued", transactionID))
	}
	s.world.settle(tx)
	s.world.catchUp()
}

// pending says whether the transaction is a withdrawal in the vault's queue.
func (tx *transaction) pending() bool {
	return tx.request != nil && tx.request.Status == byzantine.WithdrawalPending
}

func (w *world) withdrawPayload(req *byzantine.GetWithdrawPayloadPasskeyRequest) (*payloadResponse, error) {
	a, err := w.transactorOn(req.AccountID, req.ChainID)
	if err != nil {
		return nil, err
	}
	v := w.vault(req.ChainID, req.VaultAddr)
	if v == nil {
		return nil, badRequest("vaultAddr: no vault of this address on chain %d: there are %s", req.ChainID, w.vaultAddresses(req.ChainID))
	}
	amount, err := parseAmount(req.Amount)
	if err != nil {
		return nil, err
	}
	coins := money{byzantine.Currency(v.currency), amount}
	tx := w.newTransaction(a, byzantine.TransactionTypeWithdraw, v.chain)
	tx.vault, tx.amount, tx.source = v, amount, &coins
	switch {
	case isFiat(req.DestinationCurrency):
		if tx.bank, err = a.payoutBank(req.DestinationCurrency, req.BankAccountID); err != nil {
			return nil, err
		}
		tx.kind = byzantine.TransactionTypeWithdrawOfframp
		tx.destination = new(exchange(coins, req.DestinationCurrency))
	case req.DestinationCurrency != coins.currency:
		return nil, badRequest("destinationCurrency: the vault pays %s", coins.currency)
	case req.BankAccountID != "":
		return nil, badRequest("bankAccountId: for usd and eur only")
	default:
		tx.destination = &coins
	}
	response, err := w.draftOperation(tx)
	if err == nil && tx.bank != nil {
		response.DestinationBankAccount = &tx.bank.BankAccountDetails
	}
	return response, err
}

// payoutBank returns the account's bank account in the currency that has the id, or the first one in the currency if the
// id is empty. There being none is a 400.
func (a *account) payoutBank(currency byzantine.Currency, id string) (*bankAccount, error) {
	for _, b := range a.banks {
		if b.DestinationCurrency == currency && (id == "" || id == b.BankAccountID) {
			return b, nil
		}
	}
	return nil, badRequest("bankAccountId: the account has no such bank account in %s", currency)
}

// withdraw takes shares out of a position and pays for them, at once or when the vault's queue gets there.
func (w *world) withdraw(tx *transaction) {
	p := tx.account.funds.position(tx.vault)
	shares, ok := p.take(tx.amount, tx.vault.price(w.clock.now()))
	if !ok {
		w.become(tx, byzantine.TransactionSimulationFailed)
		return
	}
	tx.shares = shares
	if !tx.vault.queues {
		w.start(tx)
		return
	}
	tx.request = &byzantine.WithdrawalRequest{RequestID: w.newID(), Status: byzantine.WithdrawalPending}
	p.pending = plus(p.pending, shares)
	w.become(tx, byzantine.TransactionWithdrawalInitiated)
	w.moveAt(tx, w.clock.now().Add(queueTime))
}

// settle takes a withdrawal out of the queue and starts to pay it.
func (w *world) settle(tx *transaction) {
	p := tx.account.funds.position(tx.vault)
	tx.request.Status = byzantine.WithdrawalSettled
	p.pending = minus(p.pending, tx.shares)
	w.start(tx)
}

func (w *world) cancelWithdrawalPayload(req *byzantine.GetCancelWithdrawalPayloadPasskeyRequest) (*payloadResponse, error) {
	tx := w.transactions.get(req.TransactionID)
	switch {
	case tx == nil:
		return nil, badRequest("transactionId: no such transaction")
	case tx.chain != req.ChainID:
		return nil, badRequest("chain_id: the transaction is not on this chain")
	case !tx.pending():
		return nil, badRequest("transactionId: not a queued withdrawal that is pending")
	}
	if _, err := w.transactorOn(tx.account.id, tx.chain); err != nil {
		return nil, err
	}
	response, err := w.draftOperation(tx)
	if err == nil {
		w.drafts[tx.account.id].cancels = true
	}
	return response, err
}

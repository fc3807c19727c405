package byzantinetest

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// defaultProcessingTime is about a block of the faster chain.
const defaultProcessingTime = 2 * time.Second

// WithProcessingTime is how long a transaction stays in each status that it leaves automatically, on the sandbox's clock: 2
// seconds without this option. With 0, a transaction that waits for no one is completed in the response to its submission.
func WithProcessingTime(d time.Duration) Option {
	return func(s *Sandbox) error {
		if d < 0 {
			return fmt.Errorf("WithProcessingTime: %v is negative", d)
		}
		s.world.processingTime = d
		return nil
	}
}

// transaction is a draft until it is signed, and the API does not show it before.
type transaction struct {
	id          string
	account     *account
	kind        byzantine.TransactionType
	chain       byzantine.ChainID
	vault       *vault   // of a deposit or a withdrawal
	amount      *big.Rat // of the stablecoin that moves on the chain
	source      *money
	destination *money
	address     string       // of a transfer's destination
	bank        *bankAccount // of a withdrawal in fiat
	// instructions is where to send the money of a deposit in fiat.
	instructions *byzantine.DepositInstructions
	upgrade      *transaction // the other half of a vault upgrade

	status    byzantine.TransactionStatus // empty in a draft
	request   *byzantine.WithdrawalRequest
	hash      string
	broadcast time.Time
	created   time.Time
	updated   time.Time

	due      time.Time // when it moves on automatically; zero if it does not
	shares   *big.Rat  // of a withdrawal: what was taken out of the position
	received *big.Rat  // of a deposit in fiat: what the bank transfer brought, in the stablecoin
}

func (w *world) newTransaction(a *account, kind byzantine.TransactionType, chain byzantine.ChainID) *transaction {
	return &transaction{id: w.newID(), account: a, kind: kind, chain: chain, amount: new(big.Rat), created: w.clock.now()}
}

// become takes a transaction to a status. Processing means that it is on its chain.
func (w *world) become(tx *transaction, status byzantine.TransactionStatus) {
	now := w.clock.now()
	tx.status, tx.updated, tx.due = status, now, time.Time{}
	w.recentTransactions.touch(tx)
	if status == byzantine.TransactionProcessing {
		tx.hash, tx.broadcast = "0x"+w.newHash(), now
	}
	// Some statuses have no event.
	if event := byzantine.EventType("transaction." + status); slices.Contains(eventTypes, event) {
		w.emit(event, tx.related(), byzantine.TransactionEventData{Status: status})
	}
}

// journeys are the statuses through which a transaction goes automatically, by its type. Each starts at the first when
// nothing holds it up any more.
var journeys = map[byzantine.TransactionType][]byzantine.TransactionStatus{
	byzantine.TransactionTypeAuthorization: {byzantine.TransactionProcessing, byzantine.TransactionCompleted},
	byzantine.TransactionTypeDeposit:       {byzantine.TransactionProcessing, byzantine.TransactionCompleted},
	byzantine.TransactionTypeWithdraw:      {byzantine.TransactionProcessing, byzantine.TransactionCompleted},
	byzantine.TransactionTypeTransfer:      {byzantine.TransactionProcessing, byzantine.TransactionCompleted},
	byzantine.TransactionTypeOnrampDeposit: {
		byzantine.TransactionFundsInTransfer, byzantine.TransactionFundsReceived,
		byzantine.TransactionProcessing, byzantine.TransactionCompleted,
	},
	byzantine.TransactionTypeWithdrawOfframp: {
		byzantine.TransactionProcessing, byzantine.TransactionWaitingForFunds,
		byzantine.TransactionFundsInTransfer, byzantine.TransactionCompleted,
	},
}

// start takes a transaction to the first status of its journey.
func (w *world) start(tx *transaction) { w.arrive(tx, journeys[tx.kind][0]) }

// moveOn is what time does to a transaction: the vault's queue gets to it, or it reaches the next status of its journey.
func (w *world) moveOn(tx *transaction) {
	if tx.pending() {
		w.settle(tx)
		return
	}
	journey := journeys[tx.kind]
	w.arrive(tx, journey[slices.Index(journey, tx.status)+1])
}

// arrive takes a transaction to a status of its journey. The next one follows after the processing time.
func (w *world) arrive(tx *transaction, status byzantine.TransactionStatus) {
	w.takeEffect(tx, status)
	w.become(tx, status)
	if !status.Terminal() {
		w.moveAt(tx, w.clock.now().Add(w.processingTime))
	}
}

func (w *world) moveAt(tx *transaction, at time.Time) {
	tx.due = at
	w.setTimer(at, tx)
}

// takeEffect moves what a transaction moves when it reaches a status.
func (w *world) takeEffect(tx *transaction, status byzantine.TransactionStatus) {
	funds, completed := &tx.account.funds, status == byzantine.TransactionCompleted
	switch tx.kind {
	case byzantine.TransactionTypeAuthorization:
		if completed {
			tx.account.activate(tx.chain)
		}
	case byzantine.TransactionTypeOnrampDeposit:
		if status == byzantine.TransactionProcessing {
			funds.purse(tx.chain, tx.vault.currency).add(minus(tx.received, tx.amount))
		}
		if completed {
			w.invest(tx)
		}
	case byzantine.TransactionTypeDeposit:
		if completed {
			w.invest(tx)
		}
	case byzantine.TransactionTypeWithdraw:
		if completed && tx.upgrade == nil {
			funds.purse(tx.chain, tx.vault.currency).add(tx.amount)
		}
	case byzantine.TransactionTypeTransfer:
		if receiver := w.accountByWallet(tx.address); completed && receiver != nil {
			receiver.funds.purse(tx.chain, tx.coin()).add(tx.amount)
		}
	}
}

// giveBack returns what a transaction that fails has taken so far.
func (w *world) giveBack(tx *transaction) {
	funds := &tx.account.funds
	switch tx.kind {
	case byzantine.TransactionTypeDeposit:
		if tx.upgrade == nil {
			funds.purse(tx.chain, tx.vault.currency).add(tx.amount)
		}
	case byzantine.TransactionTypeOnrampDeposit:
		switch idle := funds.purse(tx.chain, tx.vault.currency); tx.status {
		case byzantine.TransactionFundsReceived:
			idle.add(tx.received)
		case byzantine.TransactionProcessing: // what was over is idle already
			idle.add(tx.amount)
		}
	case byzantine.TransactionTypeTransfer:
		funds.purse(tx.chain, tx.coin()).add(tx.amount)
	case byzantine.TransactionTypeWithdraw, byzantine.TransactionTypeWithdrawOfframp:
		p := funds.position(tx.vault)
		p.shares = plus(p.shares, tx.shares)
		if tx.pending() {
			tx.request.Status = byzantine.WithdrawalCancelled
			p.pending = minus(p.pending, tx.shares)
		}
	}
}

// coin is the stablecoin of a transfer.
func (tx *transaction) coin() byzantine.CryptoCurrency {
	return byzantine.CryptoCurrency(tx.source.currency)
}

// fail ends a transaction and gives back what it has taken.
func (w *world) fail(tx *transaction, status byzantine.TransactionStatus) {
	w.giveBack(tx)
	w.become(tx, status)
}

// failedStatuses are those that a test can end a transaction with.
var failedStatuses = []byzantine.TransactionStatus{byzantine.TransactionSimulationFailed, byzantine.TransactionReverted, byzantine.TransactionRefunded}

// FailTransaction ends a transaction that is under way with a status: byzantine.TransactionSimulationFailed,
// TransactionReverted or TransactionRefunded. What it moved is where it was before; money that a bank transfer has brought
// by then is idle. Of a vault upgrade both halves fail. It panics if there is no such transaction, if it has ended, or if
// the status is none of these.
func (s *Sandbox) FailTransaction(transactionID string, status byzantine.TransactionStatus) {
	s.lock()
	defer s.unlock()
	tx := s.world.seededTransaction("FailTransaction", transactionID)
	switch {
	case tx.status.Terminal():
		panic(fmt.Sprintf("byzantinetest: FailTransaction: transactionId: the transaction has ended already: it is %s", tx.status))
	case !slices.Contains(failedStatuses, status):
		panic(fmt.Sprintf("byzantinetest: FailTransaction: %v", checkChoice("status", status, failedStatuses)))
	}
	s.world.fail(tx, status)
	if tx.upgrade != nil {
		s.world.fail(tx.upgrade, status)
	}
}

// seededTransaction finds a signed transaction for a method of Sandbox, and panics if there is none.
func (w *world) seededTransaction(method, id string) *transaction {
	tx := w.transactions.get(id)
	if tx == nil {
		panic(fmt.Sprintf("byzantinetest: %s: transactionId: no transaction %s: sign and submit it first", method, id))
	}
	return tx
}

var transactionHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetTransactions:    on(200, (*world).accountTransactions),
	byzantine.OpGetTransaction:     on(200, (*world).oneTransaction),
	byzantine.OpGetAllTransactions: on(200, (*world).allTransactions),
}

func (w *world) accountTransactions(req *byzantine.GetTransactionsRequest) (*[]byzantine.Transaction, error) {
	a, err := w.ownAccount(req.AccountID)
	if err != nil {
		return nil, err
	}
	list := []byzantine.Transaction{}
	for _, tx := range slices.Backward(a.transactions) {
		list = append(list, tx.detailedView())
	}
	return &list, nil
}

func (w *world) oneTransaction(req *byzantine.GetTransactionRequest) (*byzantine.Transaction, error) {
	tx := w.transactions.get(req.TransactionID)
	if tx == nil {
		return nil, notFound("transaction not found")
	}
	return new(tx.detailedView()), nil
}

func (w *world) allTransactions(req *pageRequest) (*byzantine.TransactionPage, error) {
	page, limit, offset := w.recentTransactions.page(req)
	views := []byzantine.Transaction{}
	for _, tx := range page {
		views = append(views, tx.view())
	}
	return &byzantine.TransactionPage{
		Transactions: views, Total: int64(len(w.transactions.all)), Limit: limit, Offset: offset,
	}, nil
}

// view is a transaction without its bank details.
func (tx *transaction) view() byzantine.Transaction {
	view := byzantine.Transaction{
		TransactionID:      tx.id,
		AccountID:          tx.account.id,
		ChainID:            tx.chain,
		IntermediaryAmount: decimal(tx.amount, coinPlaces),
		Type:               tx.kind,
		Status:             tx.status,
		TransactionHash:    tx.hash,
		BroadcastedAt:      optionalTime(tx.broadcast),
		CreatedAt:          tx.created.UTC(),
		UpdatedAt:          tx.updated.UTC(),
		DestinationAddress: tx.address,
		Account:            tx.account.transactionAccount(),
		WithdrawalRequest:  tx.requestView(),
	}
	if tx.vault != nil {
		view.VaultAddr = tx.vault.address
	}
	if tx.source != nil {
		view.SourceCurrency, view.SourceAmount = tx.source.currency, tx.source.decimal()
	}
	if tx.destination != nil {
		view.DestinationCurrency, view.DestinationAmount = tx.destination.currency, tx.destination.decimal()
	}
	if tx.upgrade != nil {
		view.RelatedTransactionID = tx.upgrade.id
	}
	return view
}

// requestView is nil for a transaction that was never queued. It is a copy: the request's status changes.
func (tx *transaction) requestView() *byzantine.WithdrawalRequest {
	if tx.request == nil {
		return nil
	}
	return new(*tx.request)
}

func (tx *transaction) detailedView() byzantine.Transaction {
	view := tx.view()
	view.FiatDepositInstructions = tx.instructions
	if tx.bank != nil {
		view.DestinationBankAccount = &byzantine.TransactionBankAccount{
			ObjectID: tx.bank.BankAccountID, BankAccount: tx.bank.BankAccountDetails,
		}
	}
	return view
}

func (a *account) transactionAccount() *byzantine.TransactionAccount {
	view := &byzantine.TransactionAccount{AccountName: a.name, ImageURL: a.image()}
	if a.entity != nil {
		view.EntityID = a.entity.id
	} else {
		view.OwnerUserID = a.owner.id
	}
	return view
}

// optionalTime is nil for the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

// everyChain are the chains that there are vaults on.
var everyChain = []byzantine.ChainID{byzantine.ChainEthereum, byzantine.ChainBase}

// checkChain rejects a chain that there are no vaults on.
func checkChain(chain byzantine.ChainID) error { return checkChainIn("chain_id", chain) }

// checkChainIn is checkChain for a chain in a field of another name.
func checkChainIn(field string, chain byzantine.ChainID) error {
	if !slices.Contains(everyChain, chain) {
		return badRequest("%s: unknown chain %d", field, chain)
	}
	return nil
}

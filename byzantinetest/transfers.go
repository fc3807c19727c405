package byzantinetest

import "github.com/byzantine-finance/byzantine-go"

func (w *world) transferPayload(req *byzantine.GetTransferPayloadPasskeyRequest) (*payloadResponse, error) {
	a, err := w.transactorOn(req.AccountID, req.ChainID)
	if err != nil {
		return nil, err
	}
	amount, err := parseAmount(req.Amount)
	if err != nil {
		return nil, err
	}
	coins := &money{byzantine.Currency(req.Currency), amount}
	tx := w.newTransaction(a, byzantine.TransactionTypeTransfer, req.ChainID)
	tx.amount, tx.source, tx.destination, tx.address = amount, coins, coins, req.DestinationAddress
	return w.draftOperation(tx)
}

// transfer moves stablecoins from the wallet to an address, which may be that of another account of the sandbox.
func (w *world) transfer(tx *transaction) {
	if !tx.account.funds.purse(tx.chain, tx.coin()).take(tx.amount) {
		w.become(tx, byzantine.TransactionSimulationFailed)
		return
	}
	w.start(tx)
}

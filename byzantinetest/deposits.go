package byzantinetest

import (
	"math/big"

	"github.com/byzantine-finance/byzantine-go"
)

func (w *world) depositPayload(req *byzantine.GetDepositPayloadPasskeyRequest) (*payloadResponse, error) {
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
	coin := byzantine.Currency(v.currency)
	if isFiat(req.SourceCurrency) {
		tx := w.newTransaction(a, byzantine.TransactionTypeOnrampDeposit, v.chain)
		tx.vault, tx.amount = v, amount
		tx.source, tx.destination = new(priceOf(money{coin, amount}, req.SourceCurrency)), &money{coin, amount}
		return w.draftOperation(tx)
	}
	if req.SourceCurrency != coin {
		return nil, badRequest("sourceCurrency: the vault takes %s", coin)
	}
	tx := w.newTransaction(a, byzantine.TransactionTypeDeposit, v.chain)
	tx.vault, tx.amount, tx.source = v, amount, &money{coin, amount}
	return w.draftOperation(tx)
}

// deposit moves stablecoins from the wallet into a vault.
func (w *world) deposit(tx *transaction) {
	idle := tx.account.funds.purse(tx.chain, tx.vault.currency)
	if !idle.take(tx.amount) {
		w.become(tx, byzantine.TransactionSimulationFailed)
		return
	}
	w.start(tx)
}

// invest puts a deposit's amount into its vault.
func (w *world) invest(tx *transaction) {
	tx.account.funds.position(tx.vault).invest(tx.amount, tx.vault.price(w.clock.now()))
}

// exchangeMargin is the factor that makes a deposit half a percent more expensive if it has to be exchanged into another
// currency.
var exchangeMargin = big.NewRat(1005, 1000)

// priceOf returns what to send for an amount of a stablecoin, rounded up to whole cents.
func priceOf(coins money, fiat byzantine.Currency) money {
	price := exchange(coins, fiat).amount
	if dollars[fiat].Cmp(dollars[coins.currency]) != 0 {
		price = times(price, exchangeMargin)
	}
	cents := roundDown(price, centPlaces)
	if cents.Cmp(price) < 0 {
		cents = plus(cents, big.NewRat(1, 100))
	}
	return money{fiat, cents}
}

// awaitTransfer says where to send the money of a deposit in fiat, and waits for it.
func (w *world) awaitTransfer(tx *transaction) {
	tx.instructions = &byzantine.DepositInstructions{
		ObjectID:              w.newID(),
		Currency:              tx.source.currency,
		ExpectedDepositAmount: tx.source.decimal(),
		BankName:              "Local Sandbox Bank",
		BankAddress:           "1 Example Street, Springfield",
		BankBeneficiaryName:   tx.account.name,
	}
	if tx.source.currency == byzantine.CurrencyUSD {
		tx.instructions.PaymentRails = []byzantine.DepositPaymentRail{byzantine.DepositRailACHPush, byzantine.DepositRailWire}
		tx.instructions.BankBeneficiaryAddress = "2 Example Street, Springfield"
		tx.instructions.BankAccountNumber, tx.instructions.BankRoutingNumber = "000123456789", "021000021"
	} else {
		tx.instructions.PaymentRails = []byzantine.DepositPaymentRail{byzantine.DepositRailSEPA}
		tx.instructions.IBAN, tx.instructions.BIC = "DE89370400440532013000", "EXAMDEFFXXX"
	}
	w.become(tx, byzantine.TransactionWaitingForFunds)
}

// receiveTransfer is a bank transfer to an account. It pays the oldest deposit that waits for it and that it covers.
func (w *world) receiveTransfer(a *account, chain byzantine.ChainID, received money) {
	for _, tx := range a.transactions {
		if tx.chain != chain || tx.kind != byzantine.TransactionTypeOnrampDeposit ||
			tx.status != byzantine.TransactionWaitingForFunds || tx.source.currency != received.currency {
			continue
		}
		coins := exchange(received, tx.destination.currency)
		if coins.amount = roundDown(coins.amount, coinPlaces); coins.amount.Cmp(tx.amount) >= 0 {
			tx.received = coins.amount
			w.start(tx)
			return
		}
	}
	// No waiting deposit takes the money, so it becomes idle in the currency's own stablecoin.
	for coin, fiat := range fiatOf {
		if byzantine.Currency(fiat) == received.currency {
			a.funds.purse(chain, coin).add(received.amount)
		}
	}
}

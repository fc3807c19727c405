package byzantinetest

import (
	"fmt"
	"math/big"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// funds is what an account holds.
type funds struct {
	purses    []*purse
	positions []*position
}

// purse is what lies idle in the wallet, on one chain in one stablecoin.
type purse struct {
	chain    byzantine.ChainID
	currency byzantine.CryptoCurrency
	amount   *big.Rat
}

// position is a part of a vault.
type position struct {
	vault   *vault
	shares  *big.Rat
	pending *big.Rat // shares that are queued for withdrawal, which are not among shares any more
}

// purse returns an empty one if there was none.
func (f *funds) purse(chain byzantine.ChainID, currency byzantine.CryptoCurrency) *purse {
	for _, p := range f.purses {
		if p.chain == chain && p.currency == currency {
			return p
		}
	}
	p := &purse{chain, currency, new(big.Rat)}
	f.purses = append(f.purses, p)
	return p
}

// position returns an empty one if there was none.
func (f *funds) position(v *vault) *position {
	for _, p := range f.positions {
		if p.vault == v {
			return p
		}
	}
	p := &position{v, new(big.Rat), new(big.Rat)}
	f.positions = append(f.positions, p)
	return p
}

func (p *purse) add(amount *big.Rat) { p.amount = plus(p.amount, amount) }

// take reports false, and takes nothing, if there is not that much.
func (p *purse) take(amount *big.Rat) bool {
	if p.amount.Cmp(amount) < 0 {
		return false
	}
	p.amount = minus(p.amount, amount)
	return true
}

// invest turns an amount of the vault's coin into shares at a price.
func (p *position) invest(amount, price *big.Rat) {
	p.shares = plus(p.shares, round(divided(amount, price), sharePlaces))
}

// balance returns what the shares are worth at a price, rounded to the coin's decimals. It is what the API shows and the
// most that take allows.
func (p *position) balance(price *big.Rat) *big.Rat { return round(times(p.shares, price), coinPlaces) }

// take removes from the position the shares that are worth amount at the price, and returns the shares that it removed. If
// the position is worth less, it changes nothing and reports false. If amount equals the rounded balance, it removes all
// shares, so that no fraction of one is left.
func (p *position) take(amount, price *big.Rat) (shares *big.Rat, ok bool) {
	switch p.balance(price).Cmp(amount) {
	case -1:
		return nil, false
	case 0:
		shares = p.shares
	default:
		shares = round(divided(amount, price), sharePlaces)
	}
	p.shares = minus(p.shares, shares)
	return shares, true
}

var balanceHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetAccountBalances: on(200, (*world).accountBalances),
}

func (w *world) accountBalances(req *byzantine.GetAccountBalancesRequest) (*byzantine.AccountBalances, error) {
	a, err := w.account(req.AccountID)
	if err != nil {
		return nil, err
	}
	wanted := func(chain byzantine.ChainID) bool { return req.ChainID == 0 || req.ChainID == chain }
	wallet := byzantine.SubAccountBalances{
		WalletAddress: a.wallet, Positions: []byzantine.VaultBalance{}, Idle: []byzantine.IdleBalance{},
	}
	for _, p := range a.funds.positions {
		held := p.shares.Sign() > 0 || p.pending.Sign() > 0
		if held && wanted(p.vault.chain) && (!p.vault.test || req.IncludeTestVaults) {
			wallet.Positions = append(wallet.Positions, p.view(p.vault.price(w.clock.now())))
		}
	}
	for _, p := range a.funds.purses {
		if p.amount.Sign() > 0 && wanted(p.chain) {
			wallet.Idle = append(wallet.Idle, byzantine.IdleBalance{
				ChainID: p.chain, Balance: decimal(p.amount, coinPlaces), Currency: fiatOf[p.currency],
			})
		}
	}
	return &byzantine.AccountBalances{AccountID: a.id, SubAccounts: []byzantine.SubAccountBalances{wallet}}, nil
}

func (p *position) view(price *big.Rat) byzantine.VaultBalance {
	view := byzantine.VaultBalance{
		ChainID:       p.vault.chain,
		VaultAddress:  p.vault.address,
		IsAsyncVault:  p.vault.asynchronous,
		AssetAddress:  p.vault.asset().Address,
		Currency:      fiatOf[p.vault.currency],
		Balance:       decimal(p.balance(price), coinPlaces),
		Shares:        decimal(p.shares, sharePlaces),
		PricePerShare: decimal(price, sharePlaces),
	}
	if p.pending.Sign() > 0 {
		view.PendingWithdrawals = &byzantine.PendingWithdrawals{
			Balance: decimal(times(p.pending, price), coinPlaces), Shares: decimal(p.pending, sharePlaces),
		}
	}
	return view
}

// Fund puts money into an account's wallet on a chain. USDC and EURC arrive as if somebody had sent them there. USD and
// EUR arrive as a bank transfer: it pays the oldest deposit in that currency that waits for it on the chain and that it
// covers, and what is over, or all if it covers none, becomes an idle balance. It panics if there is no such account,
// chain or currency, or if the amount is not positive.
func (s *Sandbox) Fund(accountID string, chain byzantine.ChainID, currency byzantine.Currency, amount byzantine.Decimal) {
	s.lock()
	defer s.unlock()
	a := s.world.seededAccount("Fund", accountID)
	if err := checkChainIn("chainId", chain); err != nil {
		panic(fmt.Sprintf("byzantinetest: Fund: %v", err))
	}
	if err := currency.Validate(); err != nil {
		panic(fmt.Sprintf("byzantinetest: Fund: currency: %s", wire.Reason(err)))
	}
	parsed, err := parseAmount(amount)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: Fund: %v", err))
	}
	if isFiat(currency) {
		s.world.receiveTransfer(a, chain, money{currency, parsed})
		s.world.catchUp()
		return
	}
	a.funds.purse(chain, byzantine.CryptoCurrency(currency)).add(parsed)
}

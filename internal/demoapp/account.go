package demoapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// maxShown is the maximum number of transactions in the list on the account's page.
const maxShown = 10

// overview is the data of the account's page.
type overview struct {
	Me           membership
	Account      *byzantine.Account
	Holdings     []*holding
	ToActivate   []chainToActivate
	Vaults       []vaultView
	Transactions []transactionView
}

// holding is what an account owns in one currency, in its wallets and in vaults.
type holding struct {
	Currency string // "USDC"
	Total    byzantine.Decimal
	Parts    []part
	Plot     *plot // of the amount in vaults, over time; nil while there are too few samples

	saved byzantine.Decimal
}

// part is the part of a holding that is in one place.
type part struct {
	Where  string // "Wallet on Base", or the vault
	Amount byzantine.Decimal
}

// chainToActivate is a chain with vaults on which the account cannot act yet.
type chainToActivate struct {
	ID     byzantine.ChainID
	Vaults string // their names
}

// vaultView is a vault, and what the account has in it.
type vaultView struct {
	Vault
	Yield     string // per year, such as "4.2 %"; empty if it is not known
	Activated bool   // the account may act on the vault's chain
	Available byzantine.Decimal
	Position  byzantine.Decimal
	Holds     bool // the position is not empty
	Queued    byzantine.Decimal
	Queues    bool // something is queued for withdrawal
}

func (a *app) accountPage(w http.ResponseWriter, r *http.Request, s session) error {
	ctx := r.Context()
	var page overview
	var balances *byzantine.AccountBalances
	var transactions []byzantine.Transaction
	page.Vaults = make([]vaultView, len(a.Vaults))
	calls := []func() error{
		func() (err error) { page.Me, err = a.membershipOf(ctx, s); return },
		func() (err error) { page.Account, err = a.Client.GetAccountDetails(ctx, s.AccountID); return },
		func() (err error) { balances, err = a.balancesOf(ctx, s); return },
		func() (err error) {
			transactions, err = a.Client.GetTransactions(ctx, &byzantine.GetTransactionsRequest{AccountID: s.AccountID})
			return
		},
	}
	yields := make([]string, len(a.Vaults))
	for i, v := range a.Vaults {
		calls = append(calls, func() error { yields[i] = a.yield(ctx, v); return nil })
	}
	if err := sideBySide(calls); err != nil {
		return err
	}
	for i, v := range a.Vaults {
		page.Vaults[i] = a.vaultView(v, page.Account, balances)
		page.Vaults[i].Yield = yields[i]
	}
	page.ToActivate = toActivate(page.Vaults)
	page.Holdings = a.holdings(s.AccountID, balances)
	for _, t := range transactions[:min(len(transactions), maxShown)] {
		page.Transactions = append(page.Transactions, a.describe(&t))
	}
	return a.render(w, r, http.StatusOK, "account", page)
}

// sideBySide makes the calls concurrently and returns their joined errors. Each call takes a while, and none needs the
// response of another.
func sideBySide(calls []func() error) error {
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { errs[i] = call() })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (a *app) balancesOf(ctx context.Context, s session) (*byzantine.AccountBalances, error) {
	return a.Client.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: s.AccountID})
}

// yield returns the yield of a vault as text. It returns no error but "", because the page is complete without the
// yield.
func (a *app) yield(ctx context.Context, v Vault) string {
	apy, err := a.Client.GetVaultAPY(ctx, &byzantine.GetVaultAPYRequest{VaultID: v.Address, Period: byzantine.APYMonthly})
	if err != nil {
		a.Log.WarnContext(ctx, "no yield", "err", err)
		return ""
	}
	if apy.MonthlyAPY == nil {
		return ""
	}
	return fmt.Sprintf("%.1f %%", *apy.MonthlyAPY*100)
}

func activated(where byzantine.ActivatedChains, chain byzantine.ChainID) bool {
	return chain == byzantine.ChainBase && where.Base || chain == byzantine.ChainEthereum && where.Ethereum
}

// toActivate returns the chains of the vaults on which the account cannot act yet, each once with the names of its
// vaults.
func toActivate(vaults []vaultView) []chainToActivate {
	var list []chainToActivate
	for _, v := range vaults {
		i := slices.IndexFunc(list, func(c chainToActivate) bool { return c.ID == v.Chain })
		switch {
		case v.Activated:
		case i < 0:
			list = append(list, chainToActivate{v.Chain, v.Name})
		default:
			list[i].Vaults += ", " + v.Name
		}
	}
	return list
}

func (a *app) vaultView(v Vault, account *byzantine.Account, balances *byzantine.AccountBalances) vaultView {
	view := vaultView{
		Vault: v, Activated: activated(account.WalletDetails.IsSmartAccount, v.Chain),
		Available: available(balances, v), Position: zero,
	}
	if p := positionIn(balances, v); p != nil {
		view.Position, view.Holds = p.Balance, p.Balance.Sign() > 0
		if p.PendingWithdrawals != nil {
			view.Queued, view.Queues = p.PendingWithdrawals.Balance, true
		}
	}
	return view
}

var zero = byzantine.MustParseDecimal("0")

// available returns how much of the vault's currency is in the account's wallets on the vault's chain, for deposits
// into the vault.
func available(balances *byzantine.AccountBalances, v Vault) byzantine.Decimal {
	sum := zero
	for _, wallet := range balances.SubAccounts {
		for _, idle := range wallet.Idle {
			if idle.ChainID == v.Chain && strings.EqualFold(coin(idle.Currency), string(v.Currency)) {
				sum = sum.Add(idle.Balance)
			}
		}
	}
	return sum
}

// positionIn returns what an account has in a vault, nil if it has nothing there.
func positionIn(balances *byzantine.AccountBalances, v Vault) *byzantine.VaultBalance {
	for _, wallet := range balances.SubAccounts {
		for _, p := range wallet.Positions {
			if p.ChainID == v.Chain && strings.EqualFold(p.VaultAddress, v.Address) {
				return &p
			}
		}
	}
	return nil
}

// holdings returns what an account owns, by currency. For each currency it records the amount in vaults as a sample for
// the plot.
func (a *app) holdings(accountID string, balances *byzantine.AccountBalances) []*holding {
	var list []*holding
	add := func(currency, where string, sum byzantine.Decimal) *holding {
		i := slices.IndexFunc(list, func(h *holding) bool { return h.Currency == currency })
		if i < 0 {
			i = len(list)
			list = append(list, &holding{Currency: currency, Total: zero})
		}
		h := list[i]
		h.Total = h.Total.Add(sum)
		if sum.Sign() != 0 {
			h.Parts = append(h.Parts, part{where, sum})
		}
		return h
	}
	for _, v := range a.Vaults { // a currency of the vaults is shown even if the account has none of it
		add(strings.ToUpper(string(v.Currency)), "", zero)
	}
	for _, wallet := range balances.SubAccounts {
		for _, idle := range wallet.Idle {
			add(coin(idle.Currency), "Wallet on "+chainName(idle.ChainID), idle.Balance)
		}
		for _, p := range wallet.Positions {
			where := a.vaultName(p.ChainID, p.VaultAddress)
			h := add(coin(p.Currency), where, p.Balance)
			h.saved = h.saved.Add(p.Balance)
			if p.PendingWithdrawals != nil {
				add(coin(p.Currency), where+", queued", p.PendingWithdrawals.Balance)
			}
		}
	}
	for _, h := range list {
		value, _ := h.saved.Rat().Float64()
		p := newPlot("Saved in "+h.Currency, writeBalance, a.samples.add(accountID, h.Currency, point{time.Now(), value}))
		if p != nil && !p.Flat() {
			h.Plot = p
		}
	}
	return list
}

func writeBalance(v float64) string {
	d, _ := byzantine.ParseDecimal(strconv.FormatFloat(v, 'f', 2, 64)) // the error is ignored: no balance has more than 128 digits
	return amount(d)
}

// vaultName returns the name of a vault in Config.Vaults. For any other vault it returns "A vault on" and the chain.
func (a *app) vaultName(chain byzantine.ChainID, address string) string {
	for _, v := range a.Vaults {
		if v.Chain == chain && strings.EqualFold(v.Address, address) {
			return v.Name
		}
	}
	return "A vault on " + chainName(chain)
}

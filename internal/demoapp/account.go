package demoapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/byzantine-finance/byzantine-go"
)

// maxShown is how many transactions the account's page lists.
const maxShown = 10

// accountView is what the account's page shows.
type accountView struct {
	HasPasskey   bool
	Idle         []byzantine.IdleBalance
	Vaults       []vaultView
	Transactions []transactionView
}

// vaultView is a vault, and what of it belongs to the account.
type vaultView struct {
	Vault
	Yield     string // a year; empty if it is not known
	Activated bool   // the account may act on the vault's chain
	Position  *byzantine.VaultBalance
}

func (a *app) accountPage(w http.ResponseWriter, r *http.Request, s session) error {
	ctx := r.Context()
	var passkeys []byzantine.Authenticator
	var account *byzantine.Account
	var balances *byzantine.AccountBalances
	var transactions []byzantine.Transaction
	var page accountView
	calls := []func() error{
		func() (err error) { passkeys, err = a.passkeysOf(ctx, s); return },
		func() (err error) { account, err = a.Client.GetAccountDetails(ctx, s.AccountID); return },
		func() (err error) {
			balances, err = a.Client.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: s.AccountID})
			return
		},
		func() (err error) {
			transactions, err = a.Client.GetTransactions(ctx, &byzantine.GetTransactionsRequest{AccountID: s.AccountID})
			return
		},
	}
	page.Vaults = make([]vaultView, len(a.Vaults))
	for i, v := range a.Vaults {
		page.Vaults[i].Vault = v
		calls = append(calls, func() error { page.Vaults[i].Yield = a.yield(ctx, v); return nil })
	}
	if err := sideBySide(calls); err != nil {
		return err
	}
	page.HasPasskey = len(passkeys) > 0
	for i := range page.Vaults {
		v := &page.Vaults[i]
		v.Activated = activated(account.WalletDetails.IsSmartAccount, v.Chain)
		v.Position = positionIn(balances, v.Vault)
	}
	for _, wallet := range balances.SubAccounts {
		page.Idle = append(page.Idle, wallet.Idle...)
	}
	for _, t := range transactions[:min(len(transactions), maxShown)] {
		page.Transactions = append(page.Transactions, a.describe(&t))
	}
	return a.render(w, r, http.StatusOK, "account", page)
}

// sideBySide makes calls at the same time: each takes a while, and none needs another's answer.
func sideBySide(calls []func() error) error {
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { errs[i] = call() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// yield is not worth an error: the page is complete without it.
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

func activated(where byzantine.IsSmartAccountByChain, chain byzantine.ChainID) bool {
	return chain == byzantine.Base && where.Base || chain == byzantine.Ethereum && where.Ethereum
}

// positionIn returns nil if the account has nothing in the vault.
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

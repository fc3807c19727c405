package demoapp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/byzantine-finance/byzantine-go"
)

// plottedDays is how many days of the share price's history a vault's page shows.
const plottedDays = 30

// Slug returns the last element of the path of the vault's page: "Dollar savings" is at /vaults/dollar-savings.
func (v Vault) Slug() string {
	words := strings.FieldsFunc(strings.ToLower(v.Name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}

// vaultPageView is the data of a vault's page.
type vaultPageView struct {
	vaultView
	Me         membership
	Max        string // the whole amount that can be deposited, as a user would type it; empty if there is none
	MaxOut     string // the whole amount that can be withdrawn, likewise
	SharePrice *plot
}

func (a *app) vaultPage(w http.ResponseWriter, r *http.Request, s session) error {
	i := slices.IndexFunc(a.Vaults, func(v Vault) bool { return v.Slug() == r.PathValue("slug") })
	if i < 0 {
		return errNotFound
	}
	vault, ctx := a.Vaults[i], r.Context()
	var page vaultPageView
	var account *byzantine.Account
	var balances *byzantine.AccountBalances
	var yield string
	err := sideBySide([]func() error{
		func() (err error) { page.Me, err = a.membershipOf(ctx, s); return },
		func() (err error) { account, err = a.Client.GetAccountDetails(ctx, s.AccountID); return },
		func() (err error) { balances, err = a.balancesOf(ctx, s); return },
		func() error { yield = a.yield(ctx, vault); return nil },
		func() error { page.SharePrice = a.sharePrice(ctx, vault); return nil },
	})
	if err != nil {
		return err
	}
	page.vaultView = a.vaultView(vault, account, balances)
	page.Yield = yield
	if page.Available.Sign() > 0 {
		page.Max = typed(page.Available)
	}
	if page.Holds {
		page.MaxOut = typed(page.Position)
	}
	return a.render(w, r, http.StatusOK, "vault", page)
}

// sharePrice returns the plot of a vault's share price. If the history cannot be read, it logs that and returns nil,
// because the page is complete without the plot.
func (a *app) sharePrice(ctx context.Context, v Vault) *plot {
	history, err := a.Client.GetVaultHistory(ctx, &byzantine.GetVaultHistoryRequest{
		VaultID: v.Address, StartDate: time.Now().AddDate(0, 0, -plottedDays),
	})
	if err != nil {
		a.Log.WarnContext(ctx, "no history", "err", err)
		return nil
	}
	var points []point
	for _, p := range history.Data {
		points = append(points, point{p.Timestamp, p.SharePrice})
	}
	return newPlot("The price of a share", func(price float64) string { return fmt.Sprintf("%.4f", price) }, points)
}

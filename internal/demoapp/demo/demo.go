// Package demo runs the example application of package demoapp with the local sandbox as its API, for people who want
// to try it out.
package demo

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// Vaults are the vaults of the sandbox that the application offers. The last one queues withdrawals.
var Vaults = []demoapp.Vault{
	{Name: "Dollar savings", Address: byzantinetest.VaultBaseUSDC, Chain: byzantine.ChainBase, Currency: byzantine.CryptoUSDC},
	{Name: "Euro savings", Address: byzantinetest.VaultBaseEURC, Chain: byzantine.ChainBase, Currency: byzantine.CryptoEURC},
	{Name: "Dollar term savings", Address: byzantinetest.VaultEthereumQueued, Chain: byzantine.ChainEthereum, Currency: byzantine.CryptoUSDC},
}

// Users are the persons whom the sign-in page offers to sign in as.
var Users = []demoapp.DemoUser{
	{Name: "Ada Lovelace", Email: "ada@example.com"},
	{Name: "Grace Hopper", Email: "grace@example.com"},
}

// Seed adds the Users to a sandbox, each with an account that has money in its wallet.
func Seed(sandbox *byzantinetest.Sandbox) {
	for _, u := range Users {
		first, last, _ := strings.Cut(u.Name, " ")
		user := sandbox.AddUser(byzantinetest.User{Email: u.Email, FirstName: first, LastName: last})
		account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
		sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("10000"))
		sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyEURC, byzantine.MustParseDecimal("2500"))
		sandbox.Fund(account.ID, byzantine.ChainEthereum, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("5000"))
	}
}

// New returns a handler with the application, the sandbox's pages and its control API, for visitors of an origin such
// as "http://localhost:8080". The origin's host name is the relying party's id. client must call sandbox, to which
// [Seed] has added the [Users]. The sandbox's pages show the sign-in codes of all users, so the handler must be
// reachable from this machine only.
func New(sandbox *byzantinetest.Sandbox, client *byzantine.Client, origin string, log *slog.Logger) (http.Handler, error) {
	site, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("origin: %w", err)
	}
	app, err := demoapp.New(demoapp.Config{
		Client:       client,
		RelyingParty: &passkey.RelyingParty{ID: site.Hostname(), Name: "Example Savings", Origins: []string{origin}},
		Vaults:       Vaults,
		Demo:         &demoapp.Demo{Users: Users, Mailbox: byzantinetest.StatusPath},
		Log:          log,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(byzantinetest.StatusPath, sandbox)
	mux.Handle("/", app)
	return mux, nil
}

package byzantine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// What an account holds: positions in vaults, and money that is in none.
func ExampleClient_GetAccountBalances() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	account := sandbox.AddAccount(byzantinetest.Account{})
	sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSD, byzantine.MustParseDecimal("1250.50"))
	client, ctx, accountID := sandbox.Client(), context.Background(), account.ID

	balances, err := client.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: accountID})
	if err != nil {
		log.Fatal(err)
	}
	for _, wallet := range balances.SubAccounts {
		for _, position := range wallet.Positions {
			fmt.Println("in vault", position.VaultAddress, position.Balance, position.Currency)
		}
		for _, idle := range wallet.Idle {
			fmt.Println("idle on chain", idle.ChainID, idle.Balance, idle.Currency)
		}
	}
	// Output: idle on chain 8453 1250.5 usd
}

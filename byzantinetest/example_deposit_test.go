package byzantinetest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// A deposit from payload to position, in a test that moves the clock itself.
func Example_deposit() {
	ctx := context.Background()
	server := byzantinetest.NewServer(byzantinetest.WithTime(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)))
	defer server.Close()
	client := server.Client()

	// A user with a passkey, and an account with money that may transact.
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	browser := passkeytest.NewAuthenticator()
	credential := enrolInBrowser(rp, browser)
	user := server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator}})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	server.Activate(account.ID, byzantine.ChainBase)
	server.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))

	payload, err := client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: account.ID, VaultAddr: byzantinetest.VaultBaseUSDC,
		Amount: byzantine.MustParseDecimal("250"), SourceCurrency: byzantine.CurrencyUSDC,
	})
	if err != nil {
		log.Fatal(err)
	}
	options, state, err := rp.BeginSigning(payload, []passkey.Credential{*credential})
	if err != nil {
		log.Fatal(err)
	}
	response, err := browser.Get(options)
	if err != nil {
		log.Fatal(err)
	}
	signed, err := rp.FinishSigning(state, response)
	if err != nil {
		log.Fatal(err)
	}
	submitted, err := client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(submitted.Status)

	server.Advance(time.Minute)
	tx, err := client.WaitForTransaction(ctx, submitted.TransactionID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tx.Status)
	balances, err := client.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: account.ID})
	if err != nil {
		log.Fatal(err)
	}
	wallet := balances.SubAccounts[0]
	fmt.Println(wallet.Positions[0].Balance, "invested,", wallet.Idle[0].Balance, "idle")
	// Output:
	// processing
	// completed
	// 250 invested, 750 idle
}

// enrolInBrowser makes a passkey.
func enrolInBrowser(rp *passkey.RelyingParty, browser *passkeytest.Authenticator) *passkey.Credential {
	options, state, err := rp.BeginRegistration(passkey.User{ID: "ada", Name: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	response, err := browser.Create(options)
	if err != nil {
		log.Fatal(err)
	}
	credential, err := rp.FinishRegistration(state, response, "Ada's phone")
	if err != nil {
		log.Fatal(err)
	}
	return credential
}

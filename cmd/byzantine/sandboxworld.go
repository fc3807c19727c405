package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// seeded is an account of a new sandbox, so that there is something to call.
type seeded struct {
	account byzantinetest.Account
	users   []byzantinetest.User
	bank    byzantine.AddedBankAccount
	funds   string // in words
}

// seed puts a person and a company into a sandbox, both verified.
func seed(sandbox *byzantinetest.Sandbox) []seeded {
	add := func(a byzantinetest.Account, users ...byzantinetest.User) seeded {
		var s seeded
		for _, u := range users {
			u = sandbox.AddUser(u)
			s.users = append(s.users, u)
			a.UserIDs = append(a.UserIDs, u.ID)
		}
		s.account = sandbox.AddAccount(a)
		return s
	}
	person := add(byzantinetest.Account{},
		byzantinetest.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	person.bank = sandbox.AddBankAccount(&byzantine.AddBankAccountRequest{
		AccountID: person.account.ID, Currency: byzantine.CurrencyUSD, Label: "Ada's checking account",
		ACHBankAccountDetails: &byzantine.ACHAccountParam{
			BankName: "Example Bank", AccountNumber: "000123456789", RoutingNumber: "011000015", CheckingOrSavings: byzantine.CheckingAccount,
		},
	})
	sandbox.Fund(person.account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("10000"))
	person.funds = "10000 USDC on Base"

	company := add(byzantinetest.Account{Type: byzantine.AccountTypeCompany, Name: "Example Treasury SAS"},
		byzantinetest.User{Email: "grace@example.com", FirstName: "Grace", LastName: "Hopper"},
		byzantinetest.User{Email: "edith@example.com", FirstName: "Edith", LastName: "Clarke"})
	company.bank = sandbox.AddBankAccount(&byzantine.AddBankAccountRequest{
		AccountID: company.account.ID, Currency: byzantine.CurrencyEUR, Label: "Example Treasury's account",
		IBANBankAccountDetails: &byzantine.IBANAccountParam{
			BankName: "Example Bank", AccountNumber: "FR7630006000011234567890189", BIC: "AGRIFRPP", Country: "FRA",
		},
	})
	sandbox.Fund(company.account.ID, byzantine.ChainBase, byzantine.CurrencyEURC, byzantine.MustParseDecimal("250000"))
	company.funds = "250000 EURC on Base"
	return []seeded{person, company}
}

// printWelcome prints what a client needs. The secret of a key that somebody else keeps is not repeated.
func printWelcome(w io.Writer, url, application string, key *byzantine.PrivateKey, newKey bool, world []seeded) error {
	fmt.Fprintf(w, "The local sandbox is ready. Nothing in it is real, and it forgets everything when it stops.\n\n")
	fmt.Fprintf(w, "export BYZANTINE_BASE_URL=%s\n", url)
	if newKey {
		fmt.Fprintf(w, "export BYZANTINE_PRIVATE_KEY=%s\n", key.SecretHex())
	} else {
		fmt.Fprintf(w, "# BYZANTINE_PRIVATE_KEY is the key that the sandbox was started with.\n")
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "status page\t%s%s\n", url, byzantinetest.StatusPath)
	fmt.Fprintf(table, "application\t%s\n", application)
	fmt.Fprintf(table, "public key\t%s\n", key.PublicKeyHex())
	for _, s := range world {
		fmt.Fprintf(table, "\n%s account\t%s\t%s, %s, %s\n", s.account.Type, s.account.ID, s.account.Name, s.account.Status, s.funds)
		for i, u := range s.users {
			fmt.Fprintf(table, "  %s user\t%s\t%s\n", s.account.Roles[i], u.ID, u.Email)
		}
		fmt.Fprintf(table, "  %s bank account\t%s\t%s\n", s.bank.DestinationCurrency, s.bank.BankAccountID, s.bank.Name)
	}
	fmt.Fprintln(table)
	return table.Flush()
}

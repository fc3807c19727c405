package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
)

// seed puts a person and a company into a sandbox, both verified and with money for every vault of the application.
func seed(sandbox *byzantinetest.Sandbox) {
	add := func(a byzantinetest.Account, users ...byzantinetest.User) string {
		for _, u := range users {
			a.UserIDs = append(a.UserIDs, sandbox.AddUser(u).ID)
		}
		id := sandbox.AddAccount(a).ID
		sandbox.Fund(id, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("10000"))
		sandbox.Fund(id, byzantine.ChainBase, byzantine.CurrencyEURC, byzantine.MustParseDecimal("2500"))
		sandbox.Fund(id, byzantine.ChainEthereum, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("5000"))
		return id
	}
	person := add(byzantinetest.Account{},
		byzantinetest.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	sandbox.AddBankAccount(&byzantine.AddBankAccountRequest{
		AccountID: person, Currency: byzantine.CurrencyUSD, Label: "Ada's checking account",
		ACHBankAccountDetails: &byzantine.ACHAccountParam{
			BankName: "Example Bank", AccountNumber: "000123456789", RoutingNumber: "011000015", CheckingOrSavings: byzantine.CheckingAccount,
		},
	})
	company := add(byzantinetest.Account{Type: byzantine.AccountTypeCompany, Name: "Example Treasury SAS"},
		byzantinetest.User{Email: "grace@example.com", FirstName: "Grace", LastName: "Hopper"},
		byzantinetest.User{Email: "edith@example.com", FirstName: "Edith", LastName: "Clarke"})
	sandbox.AddBankAccount(&byzantine.AddBankAccountRequest{
		AccountID: company, Currency: byzantine.CurrencyEUR, Label: "Example Treasury's account",
		IBANBankAccountDetails: &byzantine.IBANAccountParam{
			BankName: "Example Bank", AccountNumber: "FR7630006000011234567890189", BIC: "AGRIFRPP", Country: "FRA",
		},
	})
}

// welcome is what a client of a new sandbox needs.
type welcome struct {
	BaseURL     string           `json:"baseUrl"`
	PrivateKey  string           `json:"privateKey,omitzero"` // only of a key that the sandbox made
	PublicKey   string           `json:"publicKey"`
	StatusPage  string           `json:"statusPage"`
	ControlAPI  string           `json:"controlApi"`
	Application string           `json:"application"`
	Accounts    []welcomeAccount `json:"accounts"` // the oldest first
}

type welcomeAccount struct {
	ID           string                       `json:"accountId"`
	Name         string                       `json:"name"`
	Type         byzantine.AccountType        `json:"type"`
	Status       byzantine.VerificationStatus `json:"verificationStatus"`
	Users        []welcomeUser                `json:"users"`
	BankAccounts []welcomeBank                `json:"bankAccounts"`
	Idle         []welcomeMoney               `json:"idle"`
}

type welcomeUser struct {
	ID    string                    `json:"userId"`
	Email string                    `json:"email"`
	Role  byzantine.AccountUserRole `json:"role"`
}

type welcomeBank struct {
	ID       string             `json:"bankAccountId"`
	Name     string             `json:"name"`
	Currency byzantine.Currency `json:"destinationCurrency"`
}

type welcomeMoney struct {
	ChainID  byzantine.ChainID        `json:"chainId"`
	Currency byzantine.CryptoCurrency `json:"currency"`
	Amount   string                   `json:"amount"`
}

// describeSandbox reads the accounts out of the sandbox, wherever they come from. The secret of a key that somebody else
// keeps is not repeated.
func describeSandbox(sandbox *byzantinetest.Sandbox, base, origin string, newKey bool) *welcome {
	w := &welcome{
		BaseURL: base, PublicKey: sandbox.Key().PublicKeyHex(), Application: origin,
		StatusPage: base + byzantinetest.StatusPath, ControlAPI: base + byzantinetest.ControlPath, Accounts: []welcomeAccount{},
	}
	if newKey {
		w.PrivateKey = sandbox.Key().SecretHex()
	}
	emails := map[string]string{}
	for _, u := range sandbox.Users() {
		emails[u.ID] = u.Email
	}
	var document struct {
		Accounts []struct {
			ID           string         `json:"id"`
			BankAccounts []welcomeBank  `json:"bankAccounts"`
			Idle         []welcomeMoney `json:"idle"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal(sandbox.World(), &document); err != nil {
		panic(err) // the sandbox wrote it
	}
	for i, a := range sandbox.Accounts() {
		account := welcomeAccount{ID: a.ID, Name: a.Name, Type: a.Type, Status: a.Status, Users: []welcomeUser{}, BankAccounts: []welcomeBank{}, Idle: []welcomeMoney{}}
		for n, id := range a.UserIDs {
			account.Users = append(account.Users, welcomeUser{id, emails[id], a.Roles[n]})
		}
		if i < len(document.Accounts) && document.Accounts[i].ID == a.ID {
			account.BankAccounts = append(account.BankAccounts, document.Accounts[i].BankAccounts...)
			account.Idle = append(account.Idle, document.Accounts[i].Idle...)
		}
		w.Accounts = append(w.Accounts, account)
	}
	return w
}

// environment returns what clients take from the environment, a line each with a prefix.
func (w *welcome) environment(prefix string) []byte {
	text := fmt.Sprintf("%s%s=%s\n", prefix, keyenv.BaseURL, w.BaseURL)
	if w.PrivateKey == "" {
		return append([]byte(text), "# BYZANTINE_PRIVATE_KEY is the key that the sandbox was started with.\n"...)
	}
	return fmt.Appendf([]byte(text), "%sBYZANTINE_PRIVATE_KEY=%s\n", prefix, w.PrivateKey)
}

func (w *welcome) printJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(w)
}

func chainName(chain byzantine.ChainID) string {
	switch chain {
	case byzantine.ChainBase:
		return "Base"
	case byzantine.ChainEthereum:
		return "Ethereum"
	}
	return fmt.Sprintf("chain %d", chain)
}

// maxWelcomed is how many accounts are printed for people.
const maxWelcomed = 10

func (w *welcome) print(out io.Writer, state string) error {
	kept := "and it forgets everything when it stops"
	if state != "" {
		kept = "and it keeps what it holds in " + state
	}
	fmt.Fprintf(out, "The local sandbox is ready. Nothing in it is real, %s.\n\n%s\n", kept, w.environment("export "))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "status page\t%s\n", w.StatusPage)
	fmt.Fprintf(table, "control API\t%s\n", w.ControlAPI)
	fmt.Fprintf(table, "application\t%s\n", w.Application)
	fmt.Fprintf(table, "public key\t%s\n", w.PublicKey)
	for _, a := range w.Accounts[:min(len(w.Accounts), maxWelcomed)] {
		funds := make([]string, len(a.Idle))
		for i, m := range a.Idle {
			funds[i] = fmt.Sprintf(", %s %s on %s", m.Amount, strings.ToUpper(string(m.Currency)), chainName(m.ChainID))
		}
		fmt.Fprintf(table, "\n%s account\t%s\t%s, %s%s\n", a.Type, a.ID, a.Name, a.Status, strings.Join(funds, ""))
		for _, u := range a.Users {
			fmt.Fprintf(table, "  %s user\t%s\t%s\n", u.Role, u.ID, u.Email)
		}
		for _, b := range a.BankAccounts {
			fmt.Fprintf(table, "  %s bank account\t%s\t%s\n", b.Currency, b.ID, b.Name)
		}
	}
	if more := len(w.Accounts) - maxWelcomed; more > 0 {
		fmt.Fprintf(table, "\nand %d more accounts: byzantine ctl getAccounts\n", more)
	}
	fmt.Fprintln(table)
	return table.Flush()
}

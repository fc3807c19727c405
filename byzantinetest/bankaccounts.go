package byzantinetest

import (
	"regexp"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
)

var bankAccountHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetBankAccounts: on(200, (*world).bankAccounts),
	byzantine.OpAddBankAccount:  on(201, (*world).addBankAccount),
}

// The patterns check only the form of the numbers, so tests can use invented ones.
var (
	ibanShape          = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$`)
	routingNumberShape = regexp.MustCompile(`^[0-9]{9}$`)
	accountNumberShape = regexp.MustCompile(`^[0-9]{4,17}$`)
)

// bankAccount is a linked bank account with its number, which no response shows again.
type bankAccount struct {
	byzantine.LinkedBankAccount
	number string
}

func (w *world) addBankAccount(req *byzantine.AddBankAccountRequest) (*byzantine.AddedBankAccount, error) {
	a, err := w.ownAccount(req.AccountID)
	if err != nil {
		return nil, err
	}
	if err := a.requireActive(); err != nil {
		return nil, err
	}
	bank := &bankAccount{}
	switch ach, iban := req.ACHBankAccountDetails, req.IBANBankAccountDetails; {
	case req.Currency == byzantine.CurrencyUSD && ach != nil:
		bank.DestinationRail = byzantine.RailACH
		bank.BankAccountDetails, err = achAccount(ach)
		bank.number = ach.RoutingNumber + "/" + ach.AccountNumber
	case req.Currency == byzantine.CurrencyEUR && iban != nil:
		bank.DestinationRail = byzantine.RailSEPA
		bank.BankAccountDetails, err = ibanAccount(iban)
		bank.number = iban.AccountNumber
	default:
		err = badRequest("currency: usd needs achBankAccountDetails, eur needs ibanBankAccountDetails, and no other is paid out")
	}
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(a.banks, func(other *bankAccount) bool { return other.number == bank.number }) {
		return nil, badRequest("duplicate_external_account: the account has this bank account already")
	}
	bank.BankAccountID, bank.AccountID, bank.Name = w.newID(), a.id, req.Label
	bank.LiquidationAddress, bank.CreatedAt, bank.DestinationCurrency = w.newAddress(), w.clock.now().UTC(), req.Currency
	a.banks = append(a.banks, bank)
	return &bank.AddedBankAccount, nil
}

func achAccount(p *byzantine.ACHAccountParam) (byzantine.BankAccount, error) {
	switch {
	case !routingNumberShape.MatchString(p.RoutingNumber):
		return byzantine.BankAccount{}, badRequest("achBankAccountDetails.routingNumber: must have 9 digits")
	case !accountNumberShape.MatchString(p.AccountNumber):
		return byzantine.BankAccount{}, badRequest("achBankAccountDetails.accountNumber: must have 4 to 17 digits")
	}
	return byzantine.BankAccount{ACH: &byzantine.ACHAccount{
		RoutingNumber: p.RoutingNumber, Last4: last4(p.AccountNumber), CheckingOrSavings: p.CheckingOrSavings,
	}}, nil
}

func ibanAccount(p *byzantine.IBANAccountParam) (byzantine.BankAccount, error) {
	if !ibanShape.MatchString(p.AccountNumber) {
		return byzantine.BankAccount{}, badRequest("ibanBankAccountDetails.accountNumber: must be an IBAN without blanks")
	}
	return byzantine.BankAccount{IBAN: &byzantine.IBANAccount{Country: p.Country, Last4: last4(p.AccountNumber), BIC: p.BIC}}, nil
}

func last4(number string) string { return number[len(number)-4:] }

func (w *world) bankAccounts(req *byzantine.GetBankAccountsRequest) (*byzantine.BankAccountList, error) {
	a, err := w.ownAccount(req.AccountID)
	if err != nil {
		return nil, err
	}
	list := &byzantine.BankAccountList{BankAccounts: a.linkedBanks(req.Currency)}
	if list.BankAccounts == nil {
		list.BankAccounts = []byzantine.LinkedBankAccount{}
	}
	return list, nil
}

// linkedBanks returns the bank accounts in a currency, in all if it is empty; nil if there are none.
func (a *account) linkedBanks(currency byzantine.Currency) []byzantine.LinkedBankAccount {
	var banks []byzantine.LinkedBankAccount
	for _, b := range a.banks {
		if currency == "" || b.DestinationCurrency == currency {
			banks = append(banks, b.LinkedBankAccount)
		}
	}
	return banks
}

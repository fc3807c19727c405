package byzantinetest

import (
	"fmt"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// AddBankAccount links a bank account to an account as the operation add_bank_account does, without a request. It panics
// if the API would reject it: for example if there is no such account, or if its customer's verification is not active.
func (s *Sandbox) AddBankAccount(req *byzantine.AddBankAccountRequest) byzantine.AddedBankAccount {
	s.lock()
	defer s.unlock()
	if err := wire.Check(req); err != nil {
		panic(fmt.Sprintf("byzantinetest: AddBankAccount: %v", err))
	}
	a, err := s.world.ownAccount(req.AccountID)
	if err == nil {
		err = a.requireActive()
	}
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: AddBankAccount: accountId: %v", err))
	}
	link, err := s.world.addBankAccount(req)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: AddBankAccount: %v", err))
	}
	return *link
}

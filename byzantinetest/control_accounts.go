package byzantinetest

import (
	"context"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Users returns all users, the oldest first, without their Authenticators.
func (s *Sandbox) Users() []User {
	s.lock()
	defer s.unlock()
	var users []User
	for _, u := range s.world.users.all {
		users = append(users, User{ID: u.id, Email: u.info.Email, FirstName: u.info.FirstName, LastName: u.info.LastName})
	}
	return users
}

// Accounts returns all accounts, the oldest first.
func (s *Sandbox) Accounts() []Account {
	s.lock()
	defer s.unlock()
	var accounts []Account
	for _, a := range s.world.accounts.all {
		accounts = append(accounts, a.seed())
	}
	return accounts
}

// seed returns the account in the form in which [Sandbox.AddAccount] returns it.
func (a *account) seed() Account {
	seed := Account{ID: a.id, Name: a.name, WalletAddress: a.wallet, SelfCustodial: a.selfCustodial, Foreign: a.foreign}
	if !a.foreign {
		seed.Type, seed.Status = a.accountType(), a.customer().status
	}
	for _, m := range a.members {
		seed.UserIDs, seed.Roles = append(seed.UserIDs, m.user.id), append(seed.Roles, m.role)
	}
	return seed
}

// userJSON and accountJSON are User and Account in the control API.
type userJSON struct {
	ID             string                         `json:"userId,omitzero"`
	Email          string                         `json:"email,omitzero"`
	FirstName      string                         `json:"firstName,omitzero"`
	LastName       string                         `json:"lastName,omitzero"`
	Authenticators []byzantine.AuthenticatorParam `json:"authenticators,omitzero"`
}

type accountJSON struct {
	ID            string                       `json:"accountId,omitzero"`
	Name          string                       `json:"name,omitzero"`
	UserIDs       []string                     `json:"userIds,omitzero" about:"the first owns an individual's account; a new user if left out"`
	Roles         []byzantine.AccountUserRole  `json:"roles,omitzero" about:"of userIds, in their order; root for the first and view if left out"`
	Type          byzantine.AccountType        `json:"type,omitzero" about:"individual or company"`
	Status        byzantine.VerificationStatus `json:"verificationStatus,omitzero" about:"active if left out"`
	WalletAddress string                       `json:"walletAddress,omitzero"`
	SelfCustodial bool                         `json:"selfCustodial,omitzero" about:"the wallet came from outside"`
	Foreign       bool                         `json:"foreign,omitzero" about:"an account of another integrator; it has no userIds"`
}

type listRequest struct {
	Limit  int `query:"limit" json:"-" about:"100 if left out, 1000 at most"`
	Offset int `query:"offset" json:"-"`
}

// listedUser is a user in a list, whose passkeys get_user_details has.
type listedUser struct {
	ID        string `json:"userId"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

type userList struct {
	Users []listedUser `json:"users"` // the newest first
	Total int          `json:"total"`
}

type accountList struct {
	Accounts []accountJSON `json:"accounts"` // the newest first
	Total    int           `json:"total"`
}

type statusRequest struct {
	ID          string                       `path:"id" json:"-"`
	Status      byzantine.VerificationStatus `json:"status" about:"such as active, rejected or resubmission_requested"`
	ReasonCodes []string                     `json:"reasonCodes,omitzero" about:"any texts such as DOCUMENT_EXPIRED; they are in the data of the event"`
}

// verificationStatuses are all statuses that a verification can have.
var verificationStatuses = []byzantine.VerificationStatus{
	byzantine.VerificationNotStarted, byzantine.VerificationInit, byzantine.VerificationUnderReview,
	byzantine.VerificationAwaitingAssociatedPersonInformation, byzantine.VerificationAwaitingInformation,
	byzantine.VerificationResubmissionRequested, byzantine.VerificationActive, byzantine.VerificationRejected, byzantine.VerificationInactive,
}

type moneyRequest struct {
	AccountID string             `path:"id" json:"-"`
	ChainID   byzantine.ChainID  `json:"chainId" about:"1 or 8453"`
	Currency  byzantine.Currency `json:"currency" about:"usdc, eurc, usd or eur"`
	Amount    byzantine.Decimal  `json:"amount"`
}

type idRequest struct {
	ID string `path:"id" json:"-"`
}

var accountControls = []control{
	route("getUsers", "GET", "users", "Users", "The users, the newest first",
		func(_ context.Context, s *Sandbox, req *listRequest) (userList, error) {
			users := s.Users()
			return userList{controlPage(users, req.Limit, req.Offset, func(u User) listedUser { return listedUser{u.ID, u.Email, u.FirstName, u.LastName} }), len(users)}, nil
		}),
	route("addUser", "POST", "users", "AddUser", "Add a user; what is left out is made up",
		func(_ context.Context, s *Sandbox, req *userJSON) (userJSON, error) {
			return userJSON(s.AddUser(User(*req))), nil
		}),
	route("getAccounts", "GET", "accounts", "Accounts", "The accounts, the newest first",
		func(_ context.Context, s *Sandbox, req *listRequest) (accountList, error) {
			accounts := s.Accounts()
			return accountList{controlPage(accounts, req.Limit, req.Offset, func(a Account) accountJSON { return accountJSON(a) }), len(accounts)}, nil
		}),
	route("addAccount", "POST", "accounts", "AddAccount", "Add an account of users that were added before, or of a new one",
		func(_ context.Context, s *Sandbox, req *accountJSON) (accountJSON, error) {
			return accountJSON(s.AddAccount(Account(*req))), nil
		}),
	route("addBankAccount", "POST", "bank-accounts", "AddBankAccount", "Link a bank account, as add_bank_account does",
		func(_ context.Context, s *Sandbox, req *byzantine.AddBankAccountRequest) (byzantine.AddedBankAccount, error) {
			if err := wire.Check(req); err != nil {
				return byzantine.AddedBankAccount{}, onTheWire(err)
			}
			return s.AddBankAccount(req), nil
		}),
	route("approve", "POST", "accounts/{id}/approve", "Approve", "Make an account's customer active, with all associated persons",
		func(_ context.Context, s *Sandbox, req *idRequest) (none, error) {
			s.Approve(req.ID)
			return none{}, nil
		}),
	route("setStatus", "POST", "accounts/{id}/status", "SetStatus", "Let the verification of an account's customer come to a status",
		func(_ context.Context, s *Sandbox, req *statusRequest) (none, error) {
			s.SetStatus(req.ID, req.Status, req.ReasonCodes...)
			return none{}, nil
		}),
	route("setAssociatedPersonStatus", "POST", "associated-persons/{id}/status", "SetAssociatedPersonStatus", "Let the verification of an associated person (id is the beneficiaryId) come to a status",
		func(_ context.Context, s *Sandbox, req *statusRequest) (none, error) {
			s.SetAssociatedPersonStatus(req.ID, req.Status, req.ReasonCodes...)
			return none{}, nil
		}),
	route("activate", "POST", "accounts/{id}/activate", "Activate", "Make an account able to transact on chains",
		func(_ context.Context, s *Sandbox, req *struct {
			ID     string              `path:"id" json:"-"`
			Chains []byzantine.ChainID `json:"chains,omitzero" about:"all if none is named"`
		}) (none, error) {
			s.Activate(req.ID, req.Chains...)
			return none{}, nil
		}),
	route("fund", "POST", "accounts/{id}/fund", "Fund", "Put stablecoins into an account's wallet (usdc, eurc), or let a bank transfer arrive (usd, eur)",
		func(_ context.Context, s *Sandbox, req *moneyRequest) (none, error) {
			s.Fund(req.AccountID, req.ChainID, req.Currency, req.Amount)
			return none{}, nil
		}),
	route("failTransaction", "POST", "transactions/{id}/fail", "FailTransaction", "End a transaction that is under way",
		func(_ context.Context, s *Sandbox, req *struct {
			ID     string                      `path:"id" json:"-"`
			Status byzantine.TransactionStatus `json:"status" about:"simulation_failed, reverted or refunded"`
		}) (none, error) {
			s.FailTransaction(req.ID, req.Status)
			return none{}, nil
		}),
	route("settleWithdrawal", "POST", "transactions/{id}/settle", "SettleWithdrawal", "Let the vault pay a queued withdrawal, which is completed two seconds later",
		func(_ context.Context, s *Sandbox, req *idRequest) (none, error) {
			s.SettleWithdrawal(req.ID)
			return none{}, nil
		}),
	route("queueWithdrawals", "POST", "vaults/{id}/queue", "QueueWithdrawals", "Let a vault queue withdrawals from now on, or pay them at once",
		func(_ context.Context, s *Sandbox, req *struct {
			ID    string `path:"id" json:"-"` // the vault's address
			Queue bool   `json:"queue" about:"whether withdrawals are queued"`
		}) (none, error) {
			s.QueueWithdrawals(req.ID, req.Queue)
			return none{}, nil
		}),
}

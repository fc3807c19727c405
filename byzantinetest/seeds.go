package byzantinetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
)

// User is a person who can own passkeys.
type User struct {
	ID        string // UUID; a new one if empty
	Email     string // an address at example.com if empty
	FirstName string // "Test" if empty
	LastName  string // "User" if empty
	// Authenticators are passkeys that the user has registered.
	Authenticators []byzantine.AuthenticatorParam
}

// Account holds funds and belongs to users. A new one is activated on no chain and has no money: see
// [Sandbox.Activate] and [Sandbox.Fund].
type Account struct {
	ID   string // UUID; a new one if empty
	Name string // the customer's name if empty
	// UserIDs are users that were added before; a new one if there are none. The first of them owns an individual's
	// account.
	UserIDs []string
	// Roles are the roles of UserIDs, in the same order. If a role is missing, the first user is a root user (in a
	// self-custodial account: self_custodial) and the others view.
	Roles []byzantine.AccountUserRole
	Type  byzantine.AccountType // byzantine.AccountTypeIndividual if empty
	// Status is the status of the customer's verification, byzantine.VerificationActive if empty.
	Status        byzantine.VerificationStatus
	WalletAddress string // a new one if empty
	SelfCustodial bool   // the wallet came from outside
	// Foreign makes it an account of another integrator. Its users are not visible, so it has no UserIDs.
	Foreign bool
}

// WithAccount puts an account and its users into a new sandbox.
func WithAccount(a Account, users ...User) Option {
	return func(s *Sandbox) error {
		s.seeds = append(s.seeds, func() {
			for _, u := range users {
				a.UserIDs = append(a.UserIDs, s.AddUser(u).ID)
			}
			s.AddAccount(a)
		})
		return nil
	}
}

// AddUser adds a user and returns it with all fields set. It panics if the id is no UUID, if there is a user with it or the e-mail
// address already, or if a passkey is not acceptable.
func (s *Sandbox) AddUser(u User) User {
	s.lock()
	defer s.unlock()
	return s.world.seedUser(u)
}

func (w *world) seedUser(u User) User {
	added := w.newUser(byzantine.UserInfo{})
	if err := checkID(u.ID); err != nil {
		panic(fmt.Sprintf("byzantinetest: AddUser: userId: %v", err))
	}
	u.ID = cmp.Or(u.ID, added.id)
	u.Email = cmp.Or(u.Email, "user+"+u.ID+"@example.com")
	u.FirstName = cmp.Or(u.FirstName, "Test")
	u.LastName = cmp.Or(u.LastName, "User")
	if w.users.get(u.ID) != nil {
		panic(fmt.Sprintf("byzantinetest: AddUser: userId: there is a user %s already", u.ID))
	}
	if w.userByEmail(u.Email) != nil {
		panic(fmt.Sprintf("byzantinetest: AddUser: email: there is a user with the address %s already", u.Email))
	}
	passkeys, err := w.newPasskeys(u.Authenticators, map[string]bool{})
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: AddUser: %v", err))
	}
	added.id, added.passkeys = u.ID, passkeys
	added.info = byzantine.UserInfo{FirstName: u.FirstName, LastName: u.LastName, Email: u.Email}
	w.addUser(added)
	return u
}

// AddAccount adds an account and returns it with all fields set. It causes no events, as if the account had existed before.
// It panics if one of its users is not known, if the id is no UUID, if there is an account with it already, or if fields
// contradict each other.
func (s *Sandbox) AddAccount(a Account) Account {
	s.lock()
	defer s.unlock()
	return s.world.seedAccount(a)
}

func (w *world) seedAccount(a Account) Account {
	w.checkSeed(a)
	a = w.completeSeed(a)
	added := &account{
		id: a.ID, name: a.Name, wallet: a.WalletAddress, selfCustodial: a.SelfCustodial, foreign: a.Foreign, created: w.clock.now(),
	}
	for i, id := range a.UserIDs {
		added.join(w.users.get(id), a.Roles[i], added.created)
	}
	switch {
	case a.Foreign:
	case a.Type == byzantine.AccountTypeCompany:
		added.entity = w.newEntity(byzantine.EntityInfo{BusinessLegalName: a.Name})
		added.entity.status = a.Status
	default:
		added.owner = added.members[0].user
		added.owner.status = a.Status
	}
	w.addAccount(added)
	return a
}

// accountTypes are the types that a test can give an account.
var accountTypes = []byzantine.AccountType{byzantine.AccountTypeIndividual, byzantine.AccountTypeCompany}

func (w *world) checkSeed(a Account) {
	reject := func(format string, args ...any) { panic("byzantinetest: AddAccount: " + fmt.Sprintf(format, args...)) }
	switch {
	case checkID(a.ID) != nil:
		reject("accountId: %v", checkID(a.ID))
	case w.accounts.get(a.ID) != nil:
		reject("accountId: there is an account %s already", a.ID)
	case a.Foreign && len(a.UserIDs) > 0:
		reject("userIds: a foreign account cannot have users")
	case len(a.Roles) > len(a.UserIDs):
		reject("roles: there are more of them than userIds")
	}
	if err := errors.Join(
		checkChoice("type", cmp.Or(a.Type, byzantine.AccountTypeIndividual), accountTypes),
		checkChoice("verificationStatus", cmp.Or(a.Status, byzantine.VerificationActive), verificationStatuses),
	); err != nil {
		reject("%v", err)
	}
	for i, role := range a.Roles {
		if err := checkChoice(fmt.Sprintf("roles[%d]", i), role, accountRoles); err != nil {
			reject("%v", err)
		}
	}
	for i, id := range a.UserIDs {
		if w.users.get(id) == nil {
			reject("userIds[%d]: no user %s: add it first", i, id)
		}
	}
}

// completeSeed sets the fields that the test left empty.
func (w *world) completeSeed(a Account) Account {
	if len(a.UserIDs) == 0 && !a.Foreign {
		a.UserIDs = []string{w.seedUser(User{}).ID}
	}
	a.UserIDs, a.Roles = slices.Clone(a.UserIDs), slices.Clone(a.Roles)
	for len(a.Roles) < len(a.UserIDs) {
		role := byzantine.RoleView
		if len(a.Roles) == 0 {
			role = signingRole(a.SelfCustodial)
		}
		a.Roles = append(a.Roles, role)
	}
	a.Type = cmp.Or(a.Type, byzantine.AccountTypeIndividual)
	a.Status = cmp.Or(a.Status, byzantine.VerificationActive)
	if a.Name == "" && len(a.UserIDs) > 0 {
		a.Name = "Test Company"
		if a.Type == byzantine.AccountTypeIndividual {
			a.Name = fullName(w.users.get(a.UserIDs[0]).info)
		}
	}
	if a.ID == "" {
		a.ID = w.newID()
	}
	if a.WalletAddress == "" {
		a.WalletAddress = w.newAddress()
	}
	return a
}

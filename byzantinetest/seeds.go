package byzantinetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
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

// WithAccount puts an account and its users into a new sandbox: users, in addition to those that a.UserIDs names. It is
// invalid where [Sandbox.AddUser] or [Sandbox.AddAccount] would panic.
func WithAccount(a Account, users ...User) Option {
	return func(s *Sandbox) error {
		s.seeds = append(s.seeds, func() error {
			added := a // the option may be given to several sandboxes, whose users differ
			added.UserIDs = slices.Clone(a.UserIDs)
			for i, u := range users {
				u, err := s.world.seedUser(u)
				if err != nil {
					return fmt.Errorf("users[%d].%w", i, err)
				}
				added.UserIDs = append(added.UserIDs, u.ID)
			}
			_, err := s.world.seedAccount(added)
			return err
		})
		return nil
	}
}

// AddUser adds a user and returns it with all fields set. It panics if the id is no UUID, if there is a user with it or the e-mail
// address already, or if a passkey is not acceptable.
func (s *Sandbox) AddUser(u User) User {
	s.lock()
	defer s.unlock()
	added, err := s.world.seedUser(u)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: AddUser: %v", err))
	}
	return added
}

func (w *world) seedUser(u User) (User, error) {
	if err := wire.Check(userJSON(u)); err != nil {
		return User{}, onTheWire(err)
	}
	added := w.newUser(byzantine.UserInfo{})
	if err := checkID(u.ID); err != nil {
		return User{}, badRequest("userId: %v", err)
	}
	u.ID = cmp.Or(u.ID, added.id)
	u.Email = cmp.Or(u.Email, "user+"+u.ID+"@example.com")
	u.FirstName = cmp.Or(u.FirstName, "Test")
	u.LastName = cmp.Or(u.LastName, "User")
	if w.users.get(u.ID) != nil {
		return User{}, badRequest("userId: there is a user %s already", u.ID)
	}
	if w.userByEmail(u.Email) != nil {
		return User{}, badRequest("email: there is a user with the address %s already", u.Email)
	}
	passkeys, err := w.newPasskeys(u.Authenticators, map[string]bool{})
	if err != nil {
		return User{}, err
	}
	added.id, added.passkeys = u.ID, passkeys
	added.info = byzantine.UserInfo{FirstName: u.FirstName, LastName: u.LastName, Email: u.Email}
	w.addUser(added)
	return u, nil
}

// AddAccount adds an account and returns it with all fields set. It causes no events, as if the account had existed before.
// It panics if one of its users is not known, if the id is no UUID, if there is an account with it already, or if fields
// contradict each other.
func (s *Sandbox) AddAccount(a Account) Account {
	s.lock()
	defer s.unlock()
	added, err := s.world.seedAccount(a)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: AddAccount: %v", err))
	}
	return added
}

func (w *world) seedAccount(a Account) (Account, error) {
	if err := w.checkSeed(a); err != nil {
		return Account{}, err
	}
	a, err := w.completeSeed(a)
	if err != nil {
		return Account{}, err
	}
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
	return a, nil
}

// accountTypes are the types that a test can give an account.
var accountTypes = []byzantine.AccountType{byzantine.AccountTypeIndividual, byzantine.AccountTypeCompany}

func (w *world) checkSeed(a Account) error {
	if err := wire.Check(accountJSON(a)); err != nil {
		return onTheWire(err)
	}
	switch {
	case checkID(a.ID) != nil:
		return badRequest("accountId: %v", checkID(a.ID))
	case w.accounts.get(a.ID) != nil:
		return badRequest("accountId: there is an account %s already", a.ID)
	case a.Foreign && len(a.UserIDs) > 0:
		return badRequest("userIds: a foreign account cannot have users")
	case len(a.Roles) > len(a.UserIDs):
		return badRequest("roles: there are more of them than userIds")
	}
	if err := errors.Join(
		checkChoice("type", cmp.Or(a.Type, byzantine.AccountTypeIndividual), accountTypes),
		checkChoice("verificationStatus", cmp.Or(a.Status, byzantine.VerificationActive), verificationStatuses),
	); err != nil {
		return err
	}
	for i, role := range a.Roles {
		if err := checkChoice(fmt.Sprintf("roles[%d]", i), role, accountRoles); err != nil {
			return err
		}
	}
	for i, id := range a.UserIDs {
		if w.users.get(id) == nil {
			return badRequest("userIds[%d]: no user %s: add it first", i, id)
		}
	}
	return nil
}

// completeSeed sets the fields that the test left empty.
func (w *world) completeSeed(a Account) (Account, error) {
	if len(a.UserIDs) == 0 && !a.Foreign {
		u, err := w.seedUser(User{})
		if err != nil {
			return Account{}, err
		}
		a.UserIDs = []string{u.ID}
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
	return a, nil
}

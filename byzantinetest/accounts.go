package byzantinetest

import (
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

var accountHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetAccountDetails: on(200, (*world).accountDetails),
}

// account finds an account of the integrator, for the operations that document a 404.
func (w *world) account(id string) (*account, error) {
	a := w.accounts.get(id)
	if a == nil || a.foreign {
		return nil, notFound("account not found")
	}
	return a, nil
}

// ownAccount finds an account of the integrator, for the operations that document no 404: an unknown account is a 400,
// and one of another integrator a 401.
func (w *world) ownAccount(id string) (*account, error) {
	switch a := w.accounts.get(id); {
	case a == nil:
		return nil, badRequest("account not found")
	case a.foreign:
		return nil, unauthorized("the account belongs to another integrator")
	default:
		return a, nil
	}
}

// requireActive rejects what only a verified customer may do.
func (a *account) requireActive() error {
	if status := a.customer().status; status != byzantine.VerificationActive {
		return badRequest("the customer's verification is %s: it has to be active", status)
	}
	return nil
}

// member finds a user of an account.
func (w *world) member(accountID, userID string) (*account, *user, error) {
	a, err := w.account(accountID)
	if err != nil {
		return nil, nil, err
	}
	m := a.member(userID)
	if m == nil {
		return nil, nil, notFound("user not found")
	}
	return a, m.user, nil
}

// join gives a user a role in the account, whether they had one before or not.
func (a *account) join(u *user, role byzantine.AccountUserRole, at time.Time) {
	if m := a.member(u.id); m != nil {
		m.role = role
		return
	}
	a.members = append(a.members, &member{user: u, role: role, joined: at})
	u.accounts = append(u.accounts, a)
}

// activate records that the account may transact on a chain.
func (a *account) activate(chain byzantine.ChainID) {
	if a.activated == nil {
		a.activated = map[byzantine.ChainID]bool{}
	}
	a.activated[chain] = true
}

// countOperation moves the wallet's nonce on a chain.
func (a *account) countOperation(chain byzantine.ChainID) {
	if a.nonces == nil {
		a.nonces = map[byzantine.ChainID]uint64{}
	}
	a.nonces[chain]++
}

// signingRole is the role of those who move an account's funds.
func signingRole(selfCustodial bool) byzantine.AccountUserRole {
	if selfCustodial {
		return byzantine.RoleSelfCustodial
	}
	return byzantine.RoleRoot
}

// newUser makes a user without adding it to the world: admit and addUser do that.
func (w *world) newUser(info byzantine.UserInfo) *user {
	now := w.clock.now()
	return &user{
		id: w.newID(), info: info, created: now, updated: now,
		verification: verification{status: byzantine.VerificationNotStarted},
	}
}

func fullName(info byzantine.UserInfo) string { return info.FirstName + " " + info.LastName }

func (w *world) accountDetails(req *byzantine.GetAccountDetailsRequest) (*byzantine.Account, error) {
	a, err := w.account(req.AccountID)
	if err != nil {
		return nil, err
	}
	details := &byzantine.Account{
		AccountID:   a.id,
		AccountName: a.name,
		AccountType: a.accountType(),
		EntityInfo:  a.entitySummary(),
		WalletDetails: byzantine.WalletDetails{
			WalletAddress:   a.wallet,
			IsTurnkeyWallet: !a.selfCustodial,
			IsSmartAccount: byzantine.ActivatedChains{
				Ethereum: a.activated[byzantine.ChainEthereum],
				Base:     a.activated[byzantine.ChainBase],
			},
		},
		BankAccounts:       a.linkedBanks(""),
		ImageURL:           a.image(),
		CreatedAt:          a.created.UTC(),
		AccountBeneficiary: a.beneficiary(),
	}
	for _, m := range a.members {
		details.Users = append(details.Users, byzantine.AccountUser{UserSummary: m.user.summary(), Role: m.role})
	}
	return details, nil
}

func (u *user) summary() byzantine.UserSummary {
	return byzantine.UserSummary{UserID: u.id, FirstName: u.info.FirstName, LastName: u.info.LastName, Email: u.info.Email}
}

// entitySummary is nil for a person's account.
func (a *account) entitySummary() *byzantine.EntitySummary {
	if a.entity == nil {
		return nil
	}
	return &byzantine.EntitySummary{EntityID: a.entity.id, EntityName: a.entity.info.BusinessLegalName}
}

// beneficiary is nil for an entity's account.
func (a *account) beneficiary() *byzantine.UserSummary {
	if a.owner == nil {
		return nil
	}
	summary := a.owner.summary()
	return &summary
}

// image is the URL of the entity's logo or of the person's profile picture.
func (a *account) image() string {
	if a.entity != nil {
		return a.entity.info.LogoURL
	}
	return a.owner.info.ProfilePictureURL
}

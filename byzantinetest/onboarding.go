package byzantinetest

import (
	"net/mail"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// newCustomerUser makes the user of somebody who is to be verified. It rejects an e-mail address that a user has already.
func (w *world) newCustomerUser(member string, info byzantine.UserInfo) (*user, error) {
	if err := checkUserInfo(member, info); err != nil {
		return nil, err
	}
	if w.userByEmail(info.Email) != nil {
		return nil, badRequest("%s.email: there is a user with this e-mail address already", member)
	}
	return w.newUser(info), nil
}

func checkUserInfo(member string, info byzantine.UserInfo) error {
	if err := checkEmail(member+".email", info.Email); err != nil {
		return err
	}
	return checkResidence(member, info.ResidentialAddress)
}

func checkEmail(member, email string) error {
	if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email {
		return badRequest("%s: must be an e-mail address", member)
	}
	return nil
}

func checkResidence(member string, address *byzantine.Address) error {
	if address != nil && address.Country == "USA" && address.State == "" {
		return badRequest("%s.residentialAddress.state: needed in the United States", member)
	}
	return nil
}

// signer is a root user of an account that is about to be made.
type signer struct {
	user     *user
	passkeys []passkeyRecord // passkeys that will be registered for the user
}

// signers makes users of root users. owner is the person whose account it will be, nil for an entity's. A root user may be
// known: one person can sign for several accounts, with the same passkeys.
func (w *world) signers(params []byzantine.RootUserParam, owner *user) ([]signer, error) {
	var signers []signer
	seen, taken := map[string]bool{}, map[string]bool{}
	for i, p := range params {
		if err := checkEmail("email", p.Email); err != nil {
			return nil, badRequest("rootUsers[%d].%v", i, err)
		}
		email := strings.ToLower(p.Email)
		if seen[email] {
			return nil, badRequest("rootUsers[%d].email: twice in one request", i)
		}
		seen[email] = true
		var u *user
		switch known := w.userByEmail(p.Email); {
		case owner != nil && strings.EqualFold(owner.info.Email, p.Email):
			u = owner
		case known != nil:
			u = known
		default:
			u = w.newUser(byzantine.UserInfo{FirstName: p.FirstName, LastName: p.LastName, Email: p.Email})
		}
		passkeys, err := w.newPasskeys(u.unregistered(p.Authenticators), taken)
		if err != nil {
			return nil, badRequest("rootUsers[%d].%v", i, err)
		}
		signers = append(signers, signer{u, passkeys})
	}
	return signers, nil
}

// openAccount makes an account with its wallet and its signers: of a person, or of an entity if e is not nil. A wallet from
// outside makes it self-custodial.
func (w *world) openAccount(name, wallet string, e *entity, signers []signer) *account {
	a := &account{id: w.newID(), name: name, entity: e, wallet: wallet, selfCustodial: wallet != "", created: w.clock.now()}
	if wallet == "" {
		a.wallet = w.newAddress()
	}
	for _, s := range signers {
		w.admit(s.user)
		w.register(s.user, s.passkeys)
		a.join(s.user, signingRole(a.selfCustodial), a.created)
	}
	w.addAccount(a)
	return a
}

// admit adds a user unless the world has them already.
func (w *world) admit(u *user) {
	if w.users.get(u.id) == nil {
		w.addUser(u)
	}
}

func rootUserViews(signers []signer) []byzantine.RootUser {
	var views []byzantine.RootUser
	for _, s := range signers {
		info := s.user.info
		views = append(views, byzantine.RootUser{
			UserID: s.user.id, FirstName: info.FirstName, LastName: info.LastName, Email: info.Email,
			IsPasskeyActivated: len(s.user.passkeys) > 0, IsOTPActivated: len(s.user.passkeys) == 0,
		})
	}
	return views
}

// formatTerms writes byzantineTermsSignedAt, for which the API documents no form: RFC 3339 with milliseconds.
func formatTerms(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func (w *world) createIndividual(req *byzantine.CreateIndividualAccountRequest) (*byzantine.CreateIndividualAccountResponse, error) {
	owner, err := w.newCustomerUser("userInfo", req.UserInfo)
	if err != nil {
		return nil, err
	}
	signers, err := w.signers(req.RootUsers, owner)
	if err != nil {
		return nil, err
	}
	w.admit(owner)
	owner.money = req.AdditionalUserInfo
	documents := owner.file(w.userDocuments(req.VerificationDocuments))
	a := w.openAccount(fullName(owner.info), req.WalletAddress, nil, signers)
	a.owner = owner
	if a.member(owner.id) == nil {
		a.join(owner, byzantine.RoleBeneficiary, a.created)
	}
	w.emitCustomer(byzantine.EventCustomerCreated, a, nil, nil)
	w.reviewIndividual(a)
	return &byzantine.CreateIndividualAccountResponse{
		UserID: owner.id, AccountID: a.id, VerificationStatus: owner.status,
		UserInfo: owner.info, AdditionalUserInfo: owner.money, VerificationDocuments: documents,
		WalletAddress: a.wallet, ByzantineTermsSignedAt: formatTerms(req.ByzantineTermsSignedAt),
		MissingDocuments: owner.missing(), RootUsers: rootUserViews(signers),
	}, nil
}

// newEntity makes an entity.
func (w *world) newEntity(info byzantine.EntityInfo) *entity {
	now := w.clock.now()
	return &entity{
		id: w.newID(), info: info, created: now, updated: now,
		verification: verification{status: byzantine.VerificationNotStarted},
	}
}

func emailOfAnEntity() error {
	return badRequest("entityInfo.email: there is an entity with this e-mail address already")
}

func (w *world) createEntity(req *byzantine.CreateEntityAccountRequest) (*byzantine.CreateEntityAccountResponse, error) {
	if w.entityByEmail(req.EntityInfo.Email) != nil {
		return nil, emailOfAnEntity()
	}
	signers, err := w.signers(req.RootUsers, nil)
	if err != nil {
		return nil, err
	}
	persons, err := w.newAssociatedPersons(req.AssociatedPersons, signers)
	if err != nil {
		return nil, err
	}
	e := w.newEntity(req.EntityInfo)
	a := w.openAccount(req.EntityInfo.BusinessLegalName, req.WalletAddress, e, signers)
	documents := e.file(w.entityDocuments(req.EntityDocuments))
	w.emitCustomer(byzantine.EventCustomerCreated, a, nil, nil)
	var views []byzantine.AssociatedPerson
	for i, p := range persons {
		w.addAssociatedPerson(a, p, req.AssociatedPersons[i])
		views = append(views, p.view())
	}
	w.reviewEntity(a)
	return &byzantine.CreateEntityAccountResponse{
		EntityID: e.id, AccountID: a.id, VerificationStatus: e.status,
		EntityInfo: e.info, EntityDocuments: documents, RootUsers: rootUserViews(signers), AssociatedPersons: views,
		WalletAddress: a.wallet, ByzantineTermsSignedAt: formatTerms(req.ByzantineTermsSignedAt),
		MissingCompanyData: e.missingData(), MissingDocuments: e.missingDocuments(),
	}, nil
}

package byzantinetest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// newAssociatedPerson checks a person who is to be associated with an entity. If one of users has the person's e-mail
// address, the person is that user; otherwise no user of the world may have the address.
func (w *world) newAssociatedPerson(param byzantine.AssociatedPersonParam, users []*user) (*associatedPerson, error) {
	if err := checkDetails(param.BeneficiaryDetails); err != nil {
		return nil, err
	}
	p := &associatedPerson{id: w.newID(), details: param.BeneficiaryDetails}
	i := slices.IndexFunc(users, func(u *user) bool { return strings.EqualFold(u.info.Email, param.UserInfo.Email) })
	var err error
	if i >= 0 {
		p.user, err = users[i], checkUserInfo("userInfo", param.UserInfo)
	} else {
		p.user, err = w.newCustomerUser("userInfo", param.UserInfo)
	}
	return p, err
}

// newAssociatedPersons checks the persons of a new entity, whose signers can be among them.
func (w *world) newAssociatedPersons(params []byzantine.AssociatedPersonParam, signers []signer) ([]*associatedPerson, error) {
	var users []*user
	for _, s := range signers {
		users = append(users, s.user)
	}
	var persons []*associatedPerson
	seen := map[string]bool{}
	for i, param := range params {
		p, err := w.newAssociatedPerson(param, users)
		if err != nil {
			return nil, badRequest("associatedPersons[%d].%v", i, err)
		}
		email := strings.ToLower(param.UserInfo.Email)
		if seen[email] {
			return nil, badRequest("associatedPersons[%d].userInfo.email: twice in one request", i)
		}
		seen[email] = true
		persons = append(persons, p)
	}
	return persons, nil
}

// checkDetails rejects details that no request may contain and no update may lead to.
func checkDetails(d byzantine.BeneficiaryDetails) error {
	if err := wire.Check(d); err != nil {
		return badRequest("beneficiaryDetails.%v", onTheWire(err))
	}
	if share := d.OwnershipPercentage; share != nil && (*share < 0 || *share > 100) {
		return badRequest("beneficiaryDetails.ownershipPercentage: must be 0 to 100")
	}
	return nil
}

// addAssociatedPerson puts a new person into an account's entity and starts the verification. An owner can read the
// account.
func (w *world) addAssociatedPerson(a *account, p *associatedPerson, param byzantine.AssociatedPersonParam) {
	w.admit(p.user)
	p.user.info = param.UserInfo
	p.user.file(w.userDocuments(param.VerificationDocuments))
	w.addPersonTo(a, p)
	if slices.Contains(p.details.BeneficiaryType, byzantine.BeneficiaryUBO) && a.member(p.user.id) == nil {
		a.join(p.user, byzantine.RoleBeneficiary, w.clock.now())
	}
	w.reviewPerson(a, p)
}

func (p *associatedPerson) view() byzantine.AssociatedPerson {
	return byzantine.AssociatedPerson{
		BeneficiaryID: p.id, VerificationStatus: p.user.status, UserInfo: p.user.info, BeneficiaryDetails: p.details,
		VerificationDocuments: p.user.documents, MissingDocuments: p.user.missing(),
	}
}

func (w *world) associatedPersonDetails(req *byzantine.GetAssociatedPersonDetailsRequest) (*byzantine.AssociatedPerson, error) {
	_, p := w.associatedPerson(req.BeneficiaryID)
	if p == nil {
		return nil, notFound("associated person not found")
	}
	view := p.view()
	return &view, nil
}

func (w *world) addPerson(req *byzantine.AddAssociatedPersonRequest) (*byzantine.AssociatedPerson, error) {
	a, err := w.account(req.AccountID)
	if err != nil {
		return nil, err
	}
	if a.entity == nil {
		return nil, badRequest("the account is a person's: it has no associated persons")
	}
	var users []*user
	for _, m := range a.members {
		users = append(users, m.user)
	}
	for _, p := range a.entity.persons {
		if strings.EqualFold(p.user.info.Email, req.AssociatedPerson.UserInfo.Email) {
			return nil, badRequest("associatedPerson.userInfo.email: this person is associated with the entity already")
		}
	}
	p, err := w.newAssociatedPerson(req.AssociatedPerson, users)
	if err != nil {
		return nil, badRequest("associatedPerson.%v", err)
	}
	w.addAssociatedPerson(a, p, req.AssociatedPerson)
	w.touch(a)
	w.reviewEntity(a)
	view := p.view()
	return &view, nil
}

func (w *world) updatePerson(req *byzantine.UpdateAssociatedPersonRequest) (*byzantine.UpdateAssociatedPersonResponse, error) {
	a, p := w.associatedPerson(req.BeneficiaryID)
	if p == nil {
		return nil, notFound("associated person not found")
	}
	change := req.AssociatedPerson
	details := p.details
	if d := change.BeneficiaryDetails; d != nil {
		if d.BeneficiaryType != nil {
			details.BeneficiaryType = d.BeneficiaryType
		}
		set(&details.Title, d.Title)
		details.OwnershipPercentage = or(d.OwnershipPercentage, details.OwnershipPercentage)
	}
	if err := cmp.Or(checkDetails(details), p.user.checkUpdate(change.UserInfo, change.VerificationDocuments)); err != nil {
		return nil, badRequest("associatedPerson.%v", err)
	}
	p.details = details
	p.user.update(change.UserInfo)
	documents := p.user.file(w.userDocuments(change.VerificationDocuments))
	p.user.updated = w.clock.now()
	w.touch(a)
	w.reviewPerson(a, p)
	w.reviewEntity(a)
	return &byzantine.UpdateAssociatedPersonResponse{
		BeneficiaryID: p.id, VerificationStatus: p.user.status, UserInfo: change.UserInfo,
		BeneficiaryDetails: change.BeneficiaryDetails, VerificationDocuments: documents, MissingDocuments: p.user.missing(),
	}, nil
}

package byzantinetest

import (
	"github.com/byzantine-finance/byzantine-go"
)

// or is the new value of a field, or the old one where an update says nothing.
func or[T any](updated, old *T) *T {
	if updated != nil {
		return updated
	}
	return old
}

// set changes a field, unless an update says nothing about it.
func set[T any](field *T, updated *T) {
	if updated != nil {
		*field = *updated
	}
}

// checkUpdate rejects an invalid update of a person as a whole.
func (u *user) checkUpdate(info *byzantine.UserInfoUpdate, documents []byzantine.UserVerificationDocument) error {
	if info != nil {
		if err := checkResidence("userInfo", info.ResidentialAddress); err != nil {
			return err
		}
		if empty(info.FirstName) || empty(info.LastName) {
			return badRequest("userInfo: a name cannot be empty")
		}
	}
	return u.checkBackOfID(documents)
}

func empty(s *string) bool { return s != nil && *s == "" }

// update changes a person's data; fields that are nil stay as they are.
func (u *user) update(change *byzantine.UserInfoUpdate) {
	if change == nil {
		return
	}
	info := &u.info
	set(&info.FirstName, change.FirstName)
	set(&info.MiddleName, change.MiddleName)
	set(&info.LastName, change.LastName)
	set(&info.Phone, change.Phone)
	set(&info.BirthDate, change.BirthDate)
	set(&info.Nationality, change.Nationality)
	info.ResidentialAddress = or(change.ResidentialAddress, info.ResidentialAddress)
	set(&info.SocialSecurityNumber, change.SocialSecurityNumber)
	set(&info.ProfilePictureURL, change.ProfilePictureURL)
	set(&info.CountryOfBirth, change.CountryOfBirth)
}

func (w *world) updateIndividual(req *byzantine.UpdateIndividualAccountRequest) (*byzantine.UpdateIndividualAccountResponse, error) {
	a, err := w.account(req.AccountID)
	if err != nil {
		return nil, err
	}
	u := a.owner
	if u == nil {
		return nil, badRequest("the account is an entity's")
	}
	if err := u.checkUpdate(req.UserInfo, req.VerificationDocuments); err != nil {
		return nil, err
	}
	u.update(req.UserInfo)
	u.money = or(req.AdditionalUserInfo, u.money)
	documents := u.file(w.userDocuments(req.VerificationDocuments))
	w.touch(a)
	w.reviewIndividual(a)
	return &byzantine.UpdateIndividualAccountResponse{
		UserID: u.id, AccountID: a.id, VerificationStatus: u.status,
		UserInfo: req.UserInfo, AdditionalUserInfo: req.AdditionalUserInfo, VerificationDocuments: documents,
		MissingDocuments: u.missing(),
	}, nil
}

func (w *world) checkEntityUpdate(e *entity, info *byzantine.EntityInfoUpdate) error {
	switch {
	case info == nil:
		return nil
	case empty(info.BusinessLegalName):
		return badRequest("entityInfo.businessLegalName: cannot be empty")
	case info.Email == nil:
		return nil
	}
	if other := w.entityByEmail(*info.Email); other != nil && other != e {
		return emailOfAnEntity()
	}
	return nil
}

// update changes an entity's data; fields that are nil stay as they are.
func (e *entity) update(change *byzantine.EntityInfoUpdate) {
	if change == nil {
		return
	}
	info := &e.info
	set(&info.BusinessLegalName, change.BusinessLegalName)
	set(&info.BusinessTradeName, change.BusinessTradeName)
	set(&info.BusinessType, change.BusinessType)
	set(&info.CompanyNumber, change.CompanyNumber)
	set(&info.Email, change.Email)
	set(&info.Website, change.Website)
	set(&info.LogoURL, change.LogoURL)
	info.RegisteredAddress = or(change.RegisteredAddress, info.RegisteredAddress)
	info.PhysicalAddress = or(change.PhysicalAddress, info.PhysicalAddress)
	info.ActivityInfo = or(change.ActivityInfo, info.ActivityInfo)
	info.FinancialInfo = or(change.FinancialInfo, info.FinancialInfo)
	info.HighRiskInfo = or(change.HighRiskInfo, info.HighRiskInfo)
}

func (w *world) updateEntity(req *byzantine.UpdateEntityAccountRequest) (*byzantine.UpdateEntityAccountResponse, error) {
	a, err := w.account(req.AccountID)
	if err != nil {
		return nil, err
	}
	e := a.entity
	if e == nil {
		return nil, badRequest("the account is a person's")
	}
	if err := w.checkEntityUpdate(e, req.EntityInfo); err != nil {
		return nil, err
	}
	w.removeEntityEmail(e)
	e.update(req.EntityInfo)
	w.addEntityEmail(e)
	documents := e.file(w.entityDocuments(req.EntityDocuments))
	w.touch(a)
	w.reviewEntity(a)
	return &byzantine.UpdateEntityAccountResponse{
		EntityID: e.id, AccountID: a.id, VerificationStatus: e.status,
		EntityInfo: req.EntityInfo, EntityDocuments: documents,
		MissingDocuments: e.missingDocuments(), MissingCompanyData: e.missingData(),
	}, nil
}

package byzantinetest

import (
	"github.com/byzantine-finance/byzantine-go"
)

var customerHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetUserDetails:             on(200, (*world).userDetails),
	byzantine.OpGetEntityDetails:           on(200, (*world).entityDetails),
	byzantine.OpGetAssociatedPersonDetails: on(200, (*world).associatedPersonDetails),
	byzantine.OpGetCustomers:               on(200, (*world).customers),
	byzantine.OpCreateEntityAccount:        on(200, (*world).createEntity),
	byzantine.OpCreateIndividualAccount:    on(200, (*world).createIndividual),
	byzantine.OpUpdateIndividualAccount:    on(200, (*world).updateIndividual),
	byzantine.OpUpdateEntityAccount:        on(200, (*world).updateEntity),
	byzantine.OpAddAssociatedPerson:        on(201, (*world).addPerson),
	byzantine.OpUpdateAssociatedPerson:     on(200, (*world).updatePerson),
}

func (w *world) userDetails(req *byzantine.GetUserDetailsRequest) (*byzantine.User, error) {
	var u *user
	if req.UserID != "" {
		u = w.users.get(req.UserID)
	} else {
		u = w.userByEmail(req.Email)
	}
	if u == nil || (req.Email != "" && u != w.userByEmail(req.Email)) {
		return nil, notFound("user not found")
	}
	info := u.info
	details := &byzantine.User{
		UserID: u.id, VerificationStatus: u.status,
		UserInfo: byzantine.UserProfile{
			FirstName: info.FirstName, LastName: info.LastName, Email: info.Email,
			Nationality: info.Nationality, ResidentialAddress: info.ResidentialAddress, CountryOfBirth: info.CountryOfBirth,
			MiddleName: info.MiddleName, Phone: info.Phone, BirthDate: info.BirthDate,
		},
		Accounts:  []byzantine.UserAccount{},
		CreatedAt: u.created.UTC(),
	}
	for _, a := range u.accounts {
		details.Accounts = append(details.Accounts, a.viewOf(a.member(u.id)))
	}
	return details, nil
}

// viewOf is the account from the side of one of its users.
func (a *account) viewOf(m *member) byzantine.UserAccount {
	view := byzantine.UserAccount{
		AccountID: a.id, AccountName: a.name, AccountType: a.accountType(), EntityInfo: a.entitySummary(),
		UserRole: m.role, WalletAddress: a.wallet, IsSelfCustodial: a.selfCustodial, ProfilePictureURL: a.image(),
		CreatedAt: a.created.UTC(), Beneficiary: a.beneficiary(),
		RootUsers: []byzantine.UserSummary{}, Authenticators: []byzantine.Authenticator{},
	}
	for _, root := range a.roots() {
		view.RootUsers = append(view.RootUsers, root.summary())
	}
	for _, p := range m.user.passkeys {
		view.Authenticators = append(view.Authenticators, byzantine.Authenticator{
			CredentialID: p.credentialID, Name: p.name, CreatedAt: p.created.UTC(),
		})
	}
	return view
}

func (w *world) entityDetails(req *byzantine.GetEntityDetailsRequest) (*byzantine.Entity, error) {
	a := w.accountOfEntity(req.EntityID)
	if a == nil {
		return nil, notFound("entity not found")
	}
	return w.entityView(a), nil
}

func (w *world) entityView(a *account) *byzantine.Entity {
	e := a.entity
	view := &byzantine.Entity{
		EntityID: e.id, VerificationStatus: e.status,
		EntityInfo: byzantine.EntityProfile{
			CompanyName: e.info.BusinessLegalName, Email: e.info.Email, Website: e.info.Website,
			CompanyNumber: e.info.CompanyNumber, RegisteredAddress: e.info.RegisteredAddress, PhysicalAddress: e.info.PhysicalAddress,
		},
		Account: byzantine.EntityAccount{
			AccountID: a.id, AccountName: a.name, AccountType: a.accountType(), WalletAddress: a.wallet,
			IsSelfCustodial: a.selfCustodial, LogoURL: a.image(), CreatedAt: a.created.UTC(),
		},
		TeamMembers:       []byzantine.TeamMember{},
		AssociatedPersons: []byzantine.AssociatedPersonSummary{},
		CreatedAt:         e.created.UTC(),
	}
	for _, m := range a.members {
		info := m.user.info
		view.TeamMembers = append(view.TeamMembers, byzantine.TeamMember{
			UserID: m.user.id, FirstName: info.FirstName, LastName: info.LastName, UserEmail: info.Email,
			Role: m.role, JoinedAt: m.joined.UTC(),
		})
	}
	for _, p := range e.persons {
		info := p.user.info
		view.AssociatedPersons = append(view.AssociatedPersons, byzantine.AssociatedPersonSummary{
			FirstName: info.FirstName, LastName: info.LastName, Email: info.Email,
			BeneficiaryType: p.details.BeneficiaryType, ShareSize: p.details.OwnershipPercentage,
			BeneficiaryID: p.id, UserID: p.user.id,
		})
	}
	for _, i := range a.invitations {
		if i.status == byzantine.InvitationPending {
			info := i.user.info
			view.PendingInvitations = append(view.PendingInvitations, byzantine.PendingInvitation{
				InvitationID: i.id, UserID: i.user.id, Role: i.role,
				FirstName: info.FirstName, LastName: info.LastName, UserEmail: info.Email, InvitedBy: i.inviter.id,
			})
		}
	}
	return view
}

func (w *world) customers(req *byzantine.GetCustomersRequest) (*byzantine.CustomerList, error) {
	list := &byzantine.CustomerList{}
	if req.CustomerType != byzantine.CustomerQueryIndividual {
		list.BusinessCustomers = []byzantine.BusinessCustomer{}
	}
	if req.CustomerType != byzantine.CustomerQueryBusiness {
		list.IndividualCustomers = []byzantine.IndividualCustomer{}
	}
	for _, a := range w.accounts.all {
		switch {
		case a.entity != nil && list.BusinessCustomers != nil:
			list.BusinessCustomers = append(list.BusinessCustomers, a.businessCustomer())
		case a.owner != nil && list.IndividualCustomers != nil:
			list.IndividualCustomers = append(list.IndividualCustomers, a.individualCustomer())
		}
	}
	return list, nil
}

func (a *account) businessCustomer() byzantine.BusinessCustomer {
	e := a.entity
	customer := byzantine.BusinessCustomer{
		EntityID: e.id, EntityName: e.info.BusinessLegalName, VerificationStatus: e.status, LogoURL: a.image(),
		CreatedAt: e.created.UTC(), UpdatedAt: e.updated.UTC(), TeamMembers: []byzantine.UserSummary{},
	}
	for _, m := range a.members {
		customer.TeamMembers = append(customer.TeamMembers, m.user.summary())
	}
	return customer
}

func (a *account) individualCustomer() byzantine.IndividualCustomer {
	u := a.owner
	return byzantine.IndividualCustomer{
		UserID: u.id, FirstName: u.info.FirstName, LastName: u.info.LastName, Email: u.info.Email,
		VerificationStatus: u.status, LogoURL: a.image(),
		CreatedAt: u.created.UTC(), UpdatedAt: u.updated.UTC(), AccountID: a.id,
	}
}

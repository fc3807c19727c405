package byzantinetest

import (
	"maps"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// registry holds things by id, in the order in which they came.
type registry[T any] struct {
	byID map[string]T
	all  []T
}

func (r *registry[T]) add(id string, thing T) {
	if r.byID == nil {
		r.byID = map[string]T{}
	}
	r.byID[id] = thing
	r.all = append(r.all, thing)
}

// removeWhere removes everything for which fits returns true.
func (r *registry[T]) removeWhere(fits func(T) bool) {
	r.all = slices.DeleteFunc(r.all, fits)
	maps.DeleteFunc(r.byID, func(_ string, thing T) bool { return fits(thing) })
}

// get returns the zero T, a nil pointer, for an id that is not there.
func (r *registry[T]) get(id string) T { return r.byID[id] }

// user is a natural person with an e-mail address: somebody who logs in, a customer, an associated person of an entity,
// or all of it.
type user struct {
	id          string
	info        byzantine.UserInfo
	money       *byzantine.AdditionalUserInfo
	passkeys    []passkeyRecord
	accounts    []*account    // of which they are a member
	invitations []*invitation // that they got
	verification
	created, updated time.Time
}

// entity is a customer that is not a natural person.
type entity struct {
	id      string
	info    byzantine.EntityInfo
	persons []*associatedPerson
	verification
	created, updated time.Time
}

// associatedPerson is what a user is to an entity. The person's data and verification are the user's.
type associatedPerson struct {
	id      string // beneficiary id
	user    *user
	details byzantine.BeneficiaryDetails
}

// verification is how far the check of a person (KYC) or of an entity (KYB) is.
type verification struct {
	status    byzantine.VerificationStatus
	documents []byzantine.VerificationDocument
}

// account is a wallet and the users who share it. Its customer, who is verified, is the owner or the entity.
type account struct {
	id, name      string
	owner         *user   // of a person's account
	entity        *entity // nil for a person's account
	members       []*member
	wallet        string // address
	selfCustodial bool   // the wallet came from outside
	activated     map[byzantine.ChainID]bool
	nonces        map[byzantine.ChainID]uint64 // of the wallet: how many operations it has signed
	banks         []*bankAccount
	funds         funds
	invitations   []*invitation
	transactions  []*transaction // the oldest first
	foreign       bool           // of another integrator
	created       time.Time
}

// member is the part of a user in an account.
type member struct {
	user   *user
	role   byzantine.AccountUserRole
	joined time.Time
}

// invitation asks a user, who is known from then on, to become a member.
type invitation struct {
	id               string
	account          *account
	user, inviter    *user
	role             byzantine.AccountUserRole
	status           byzantine.InvitationStatus
	created, updated time.Time
}

// customer is the verification that decides what the account may do.
func (a *account) customer() *verification {
	if a.entity != nil {
		return &a.entity.verification
	}
	return &a.owner.verification
}

func (a *account) accountType() byzantine.AccountType {
	if a.entity != nil {
		return byzantine.AccountTypeCompany
	}
	return byzantine.AccountTypeIndividual
}

// member returns nil for a user who has no part in the account.
func (a *account) member(userID string) *member {
	i := slices.IndexFunc(a.members, func(m *member) bool { return m.user.id == userID })
	if i < 0 {
		return nil
	}
	return a.members[i]
}

func (a *account) isRoot(userID string) bool {
	m := a.member(userID)
	return m != nil && m.role == byzantine.RoleRoot
}

// roots returns the root users of the account. A self-custodial account has none.
func (a *account) roots() []*user {
	var roots []*user
	for _, m := range a.members {
		if m.role == byzantine.RoleRoot {
			roots = append(roots, m.user)
		}
	}
	return roots
}

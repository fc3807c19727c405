package byzantinetest

import (
	"fmt"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
)

// WithManualApproval leaves the verification of customers to the test: one with everything that it needs comes to
// under_review and stays there until [Sandbox.Approve] or [Sandbox.SetStatus]. Without this option every customer is
// approved at once, whatever is missing, as in the API's own sandbox.
func WithManualApproval() Option {
	return func(s *Sandbox) error { s.world.manualApproval = true; return nil }
}

// Approve makes an account's customer active, with all associated persons. It panics if there is no such account.
func (s *Sandbox) Approve(accountID string) {
	s.lock()
	defer s.unlock()
	a := s.world.seededAccount("Approve", accountID)
	if a.entity != nil {
		for _, p := range a.entity.persons {
			s.world.movePerson(a, p, byzantine.VerificationActive, nil)
		}
	}
	s.world.moveCustomer(a, byzantine.VerificationActive, nil)
}

// SetStatus lets the verification of an account's customer come to a status, with the event of that status if it has
// one. If it has the status already, nothing happens. reasonCodes are the provider's for resubmission_requested and
// rejected. It panics if there is no such status or account.
func (s *Sandbox) SetStatus(accountID string, status byzantine.VerificationStatus, reasonCodes ...string) {
	s.lock()
	defer s.unlock()
	checkStatus("SetStatus", status)
	s.world.moveCustomer(s.world.seededAccount("SetStatus", accountID), status, reasonCodes)
}

// SetAssociatedPersonStatus lets the verification of an associated person come to a status. One who has to send
// something takes the entity to awaiting_associated_person_information, while the entity's own verification is under
// way. It panics if there is no such status or person.
func (s *Sandbox) SetAssociatedPersonStatus(beneficiaryID string, status byzantine.VerificationStatus, reasonCodes ...string) {
	s.lock()
	defer s.unlock()
	checkStatus("SetAssociatedPersonStatus", status)
	a, p := s.world.associatedPerson(beneficiaryID)
	if p == nil {
		panic(fmt.Sprintf("byzantinetest: SetAssociatedPersonStatus: beneficiaryId: no associated person %s: add it first", beneficiaryID))
	}
	s.world.movePerson(a, p, status, reasonCodes)
	if isWaiting(status) && isOpen(a.entity.status) {
		s.world.moveCustomer(a, byzantine.VerificationAwaitingAssociatedPersonInformation, nil)
	}
}

// checkStatus panics for a method of Sandbox if there is no such status.
func checkStatus(method string, status byzantine.VerificationStatus) {
	if err := checkChoice("status", status, verificationStatuses); err != nil {
		panic(fmt.Sprintf("byzantinetest: %s: %v", method, err))
	}
}

// seededAccount finds an account for a method of Sandbox, and panics if there is none.
func (w *world) seededAccount(method, id string) *account {
	a, err := w.account(id)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: %s: accountId: no account %s of this integrator: add it first", method, id))
	}
	return a
}

// isOpen says whether sending more can still change a status.
func isOpen(s byzantine.VerificationStatus) bool {
	switch s {
	case byzantine.VerificationActive, byzantine.VerificationRejected, byzantine.VerificationInactive:
		return false
	}
	return true
}

// isWaiting says whether it is the customer's turn.
func isWaiting(s byzantine.VerificationStatus) bool {
	return isOpen(s) && s != byzantine.VerificationUnderReview
}

// statusAfter is the status of a verification when more was sent, which may still not be all.
func (w *world) statusAfter(current byzantine.VerificationStatus, complete bool) byzantine.VerificationStatus {
	switch {
	case !isOpen(current):
		return current
	case !w.manualApproval:
		return byzantine.VerificationActive
	case complete:
		return byzantine.VerificationUnderReview
	case current == byzantine.VerificationNotStarted:
		return byzantine.VerificationInit
	case isWaiting(current) && current != byzantine.VerificationAwaitingAssociatedPersonInformation:
		return current
	}
	return byzantine.VerificationAwaitingInformation
}

// reviewIndividual takes an account's owner, who sent something, to the status that follows.
func (w *world) reviewIndividual(a *account) {
	w.moveCustomer(a, w.statusAfter(a.owner.status, len(a.owner.missing()) == 0), nil)
}

// reviewPerson takes an associated person, who sent something, to the status that follows.
func (w *world) reviewPerson(a *account, p *associatedPerson) {
	w.movePerson(a, p, w.statusAfter(p.user.status, len(p.user.missing()) == 0), nil)
}

// reviewEntity takes an entity to the status that follows when it or one of its associated persons sent something. It is not
// reviewed or approved while one of the persons has to send something.
func (w *world) reviewEntity(a *account) {
	e := a.entity
	status := w.statusAfter(e.status, len(e.missingDocuments())+len(e.missingData()) == 0)
	waits := slices.ContainsFunc(e.persons, func(p *associatedPerson) bool { return isWaiting(p.user.status) })
	if waits && isOpen(e.status) && !isWaiting(status) {
		status = byzantine.VerificationAwaitingAssociatedPersonInformation
	}
	w.moveCustomer(a, status, nil)
}

// statusEvents is the event of each status. The others have none.
var statusEvents = map[byzantine.VerificationStatus]byzantine.EventType{
	byzantine.VerificationUnderReview:                         byzantine.EventCustomerUnderReview,
	byzantine.VerificationAwaitingAssociatedPersonInformation: byzantine.EventCustomerAwaitingAssociatedPersonInformation,
	byzantine.VerificationResubmissionRequested:               byzantine.EventCustomerResubmissionRequested,
	byzantine.VerificationActive:                              byzantine.EventCustomerActive,
	byzantine.VerificationRejected:                            byzantine.EventCustomerRejected,
	byzantine.VerificationInactive:                            byzantine.EventCustomerDeactivated,
}

func (w *world) moveCustomer(a *account, status byzantine.VerificationStatus, reasonCodes []string) {
	v := a.customer()
	if v.status == status {
		return
	}
	v.status = status
	w.touch(a)
	if event, ok := statusEvents[status]; ok {
		w.emitCustomer(event, a, nil, reasonCodes)
	}
}

// movePerson sets the status of an associated person and emits an event if it becomes rejected or resubmission_requested.
// Other changes of a person's status have no event of their own.
func (w *world) movePerson(a *account, p *associatedPerson, status byzantine.VerificationStatus, reasonCodes []string) {
	if p.user.status == status {
		return
	}
	p.user.status = status
	p.user.updated = w.clock.now()
	if status == byzantine.VerificationResubmissionRequested || status == byzantine.VerificationRejected {
		w.emitCustomer(statusEvents[status], a, p, reasonCodes)
	}
}

// touch dates a change of an account's customer.
func (w *world) touch(a *account) {
	if a.entity != nil {
		a.entity.updated = w.clock.now()
		return
	}
	a.owner.updated = w.clock.now()
}

// customerEventData is byzantine.CustomerEventData as the API writes it: with all fields, null where one does not apply.
type customerEventData struct {
	Customer    customerSummary               `json:"customer"`
	Beneficiary *byzantine.BeneficiarySummary `json:"beneficiary"`
	ReasonCodes []string                      `json:"reasonCodes"`
}

// customerSummary is byzantine.CustomerSummary as the API writes it: with both ids, null where one does not apply.
type customerSummary struct {
	byzantine.CustomerSummary
	UserID   *string `json:"userId"`
	EntityID *string `json:"entityId"`
}

// emitCustomer records an event of an account's customer, or of one of the associated persons if p is not nil.
func (w *world) emitCustomer(event byzantine.EventType, a *account, p *associatedPerson, reasonCodes []string) {
	related := byzantine.EventRelated{AccountID: a.id}
	data := customerEventData{ReasonCodes: reasonCodes}
	data.Customer.AccountID, data.Customer.VerificationStatus = a.id, a.customer().status
	if e := a.entity; e != nil {
		related.EntityID = e.id
		data.Customer.CustomerType, data.Customer.EntityID = byzantine.CustomerTypeEntity, &e.id
		data.Customer.Name = e.info.BusinessLegalName
		data.Customer.Email, data.Customer.CreatedAt = e.info.Email, e.created.UTC()
	} else {
		related.UserID = a.owner.id
		data.Customer.CustomerType, data.Customer.UserID = byzantine.CustomerTypeIndividual, &a.owner.id
		data.Customer.Name = fullName(a.owner.info)
		data.Customer.Email, data.Customer.CreatedAt = a.owner.info.Email, a.owner.created.UTC()
	}
	if p != nil {
		related.BeneficiaryID = p.id
		data.Beneficiary = &byzantine.BeneficiarySummary{
			BeneficiaryID: p.id, FirstName: p.user.info.FirstName, LastName: p.user.info.LastName, VerificationStatus: p.user.status,
		}
	}
	w.emit(event, related, data)
}

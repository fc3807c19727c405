package byzantinetest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestCustomersAreApprovedAtOnce(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	created, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	assert.Equal(t, []byzantine.EventType{byzantine.EventCustomerCreated, byzantine.EventCustomerActive},
		customerEvents(t, client, created.AccountID))
}

func TestVerificationOfAnIndividualByHand(t *testing.T) {
	server := newServer(t, byzantinetest.WithManualApproval())
	client := server.Client()
	created, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationInit, created.VerificationStatus, "documents are missing")
	send := func(documents ...byzantine.UserVerificationDocument) byzantine.VerificationStatus {
		updated, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: created.AccountID, VerificationDocuments: documents,
		})
		require.NoError(t, err)
		return updated.VerificationStatus
	}
	assert.Equal(t, byzantine.VerificationInit, send(passport(t)))
	assert.Equal(t, byzantine.VerificationUnderReview, send(proofOfAddress(t)))

	server.SetStatus(created.AccountID, byzantine.VerificationResubmissionRequested, "BAD_PROOF_OF_ADDRESS")
	assert.Equal(t, byzantine.VerificationUnderReview, send(proofOfAddress(t)), "sent again")
	server.Approve(created.AccountID)
	assert.Equal(t, byzantine.VerificationActive, send(proofOfAddress(t)), "what is approved stays so")

	server.SetStatus(created.AccountID, byzantine.VerificationInactive)
	assert.Equal(t, byzantine.VerificationInactive, send(proofOfAddress(t)))
	assert.Equal(t, []byzantine.EventType{
		byzantine.EventCustomerCreated,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerResubmissionRequested,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerActive,
		byzantine.EventCustomerDeactivated,
	}, customerEvents(t, client, created.AccountID))
}

func TestNewGapTakesAPersonOutOfReview(t *testing.T) {
	server := newServer(t, byzantinetest.WithManualApproval())
	client := server.Client()
	created, err := client.CreateIndividualAccount(t.Context(), adaInFull(t))
	require.NoError(t, err)
	require.Equal(t, byzantine.VerificationUnderReview, created.VerificationStatus)
	inUSA := home()
	inUSA.Country, inUSA.State = "USA", "CA"
	send := func(info byzantine.UserInfoUpdate) byzantine.VerificationStatus {
		updated, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: created.AccountID, UserInfo: &info,
		})
		require.NoError(t, err)
		return updated.VerificationStatus
	}
	assert.Equal(t, byzantine.VerificationAwaitingInformation, send(byzantine.UserInfoUpdate{ResidentialAddress: inUSA}))
	assert.Equal(t, byzantine.VerificationAwaitingInformation, send(byzantine.UserInfoUpdate{Phone: new("+15550100")}))
	assert.Equal(t, byzantine.VerificationUnderReview, send(byzantine.UserInfoUpdate{SocialSecurityNumber: new("000-00-0000")}))
}

func TestVerificationOfAnEntityWaitsForItsPersons(t *testing.T) {
	server := newServer(t, byzantinetest.WithManualApproval())
	client := server.Client()
	req := analytical()
	req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Ada", "Lovelace", "ada@example.com", 40)}
	created, err := client.CreateEntityAccount(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationInit, created.VerificationStatus)
	assert.Equal(t, byzantine.VerificationInit, created.AssociatedPersons[0].VerificationStatus)

	company, err := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{
		AccountID: created.AccountID, EntityInfo: companyData(), EntityDocuments: companyDocuments(t),
	})
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationAwaitingAssociatedPersonInformation, company.VerificationStatus)

	id := created.AssociatedPersons[0].BeneficiaryID
	send := func() {
		person, err := client.UpdateAssociatedPerson(t.Context(), &byzantine.UpdateAssociatedPersonRequest{
			BeneficiaryID: id,
			AssociatedPerson: byzantine.AssociatedPersonUpdate{
				VerificationDocuments: []byzantine.UserVerificationDocument{passport(t), proofOfAddress(t)},
			},
		})
		require.NoError(t, err)
		assert.Equal(t, byzantine.VerificationUnderReview, person.VerificationStatus)
	}
	status := func() byzantine.VerificationStatus {
		entity, err := client.GetEntityDetails(t.Context(), created.EntityID)
		require.NoError(t, err)
		return entity.VerificationStatus
	}
	send()
	assert.Equal(t, byzantine.VerificationUnderReview, status())
	server.SetAssociatedPersonStatus(id, byzantine.VerificationResubmissionRequested, "EXPIRED_DOCUMENT")
	assert.Equal(t, byzantine.VerificationAwaitingAssociatedPersonInformation, status())
	send()
	assert.Equal(t, byzantine.VerificationUnderReview, status())
	server.Approve(created.AccountID)
	assert.Equal(t, byzantine.VerificationActive, status())
	person, err := client.GetAssociatedPersonDetails(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationActive, person.VerificationStatus)
	assert.Equal(t, []byzantine.EventType{
		byzantine.EventCustomerCreated,
		byzantine.EventCustomerAwaitingAssociatedPersonInformation,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerResubmissionRequested, // of the person
		byzantine.EventCustomerAwaitingAssociatedPersonInformation,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerActive,
	}, customerEvents(t, client, created.AccountID))
}

func TestRefusedPersonHoldsAnEntityThatIsNotYetApproved(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	req := analytical()
	req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Ada", "Lovelace", "ada@example.com", 40)}
	created, err := client.CreateEntityAccount(t.Context(), req)
	require.NoError(t, err)
	id := created.AssociatedPersons[0].BeneficiaryID
	status := func() byzantine.VerificationStatus {
		updated, err := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{AccountID: created.AccountID})
		require.NoError(t, err)
		return updated.VerificationStatus
	}
	server.SetAssociatedPersonStatus(id, byzantine.VerificationResubmissionRequested)
	assert.Equal(t, byzantine.VerificationActive, status(), "an approved entity stays so")

	server.SetStatus(created.AccountID, byzantine.VerificationAwaitingInformation)
	assert.Equal(t, byzantine.VerificationAwaitingAssociatedPersonInformation, status(), "approval at once, but for the person")
	_, err = client.UpdateAssociatedPerson(t.Context(), &byzantine.UpdateAssociatedPersonRequest{BeneficiaryID: id})
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationActive, status())
}

func TestCustomerEventsAreComplete(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	req := analytical()
	req.EntityInfo.Email = "hello@example.com"
	req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Ada", "Lovelace", "ada@example.com", 40)}
	created, err := client.CreateEntityAccount(t.Context(), req)
	require.NoError(t, err)
	id := created.AssociatedPersons[0].BeneficiaryID
	server.SetAssociatedPersonStatus(id, byzantine.VerificationRejected, "FORGERY", "BLOCKLIST")
	server.SetStatus(created.AccountID, byzantine.VerificationRejected, "REGULATIONS_VIOLATIONS")

	list, err := client.ListEvents(t.Context(), &byzantine.ListEventsRequest{AccountID: created.AccountID})
	require.NoError(t, err)
	require.Len(t, list.Events, 4)
	ofCustomer, ofPerson, first := list.Events[0], list.Events[1], list.Events[3]

	data, err := ofPerson.CustomerData()
	require.NoError(t, err)
	assert.Equal(t, byzantine.EventCustomerRejected, ofPerson.Type)
	assert.Equal(t, &byzantine.BeneficiarySummary{
		BeneficiaryID: id, FirstName: "Ada", LastName: "Lovelace", VerificationStatus: byzantine.VerificationRejected,
	}, data.Beneficiary)
	assert.Equal(t, []string{"FORGERY", "BLOCKLIST"}, data.ReasonCodes)
	assert.Equal(t, byzantine.VerificationActive, data.Customer.VerificationStatus)
	assert.Equal(t, byzantine.EventRelated{AccountID: created.AccountID, EntityID: created.EntityID, BeneficiaryID: id}, ofPerson.Related)

	data, err = ofCustomer.CustomerData()
	require.NoError(t, err)
	assert.Nil(t, data.Beneficiary)
	assert.Equal(t, []string{"REGULATIONS_VIOLATIONS"}, data.ReasonCodes)
	assert.Equal(t, byzantine.CustomerSummary{
		AccountID: created.AccountID, CustomerType: byzantine.CustomerTypeEntity, EntityID: created.EntityID,
		Name: "Analytical Engines SAS", Email: "hello@example.com",
		VerificationStatus: byzantine.VerificationRejected, CreatedAt: data.Customer.CreatedAt,
	}, data.Customer)
	assert.False(t, data.Customer.CreatedAt.IsZero())

	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(first.Data, &members))
	assert.Equal(t, json.RawMessage("null"), members["beneficiary"], "null, not left out")
	assert.Equal(t, json.RawMessage("null"), members["reasonCodes"])
}

func TestStatusesOfNobody(t *testing.T) {
	server := newServer(t)
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})
	assert.PanicsWithValue(t, "byzantinetest: Approve: accountId: no account "+unknownID+" of this integrator: add it first", func() {
		server.Approve(unknownID)
	})
	assert.PanicsWithValue(t, "byzantinetest: SetStatus: accountId: no account "+foreign.ID+" of this integrator: add it first", func() {
		server.SetStatus(foreign.ID, byzantine.VerificationActive)
	})
	assert.PanicsWithValue(t, "byzantinetest: SetAssociatedPersonStatus: beneficiaryId: no associated person "+unknownID+": add it first", func() {
		server.SetAssociatedPersonStatus(unknownID, byzantine.VerificationActive)
	})
}

// A status that a verification cannot have is a mistake of the test, in Go as over HTTP.
func TestStatusesThatThereAreNot(t *testing.T) {
	server := newServer(t)
	company, err := server.Client().CreateEntityAccount(t.Context(), func() *byzantine.CreateEntityAccountRequest {
		req := analytical()
		req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Ada", "Lovelace", "ada@example.com", 30)}
		return req
	}())
	require.NoError(t, err)
	beneficiary := company.AssociatedPersons[0].BeneficiaryID
	for _, status := range []byzantine.VerificationStatus{"", "Active"} {
		assert.Contains(t, panicText(t, func() { server.SetStatus(company.AccountID, status) }), "byzantinetest: SetStatus: status: must be one of not_started, ")
		assert.Contains(t, panicText(t, func() { server.SetAssociatedPersonStatus(beneficiary, status) }), "byzantinetest: SetAssociatedPersonStatus: status: must be one of not_started, ")
	}
}

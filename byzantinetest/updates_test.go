package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestUpdateOfAnIndividualEchoesWhatWasSent(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	created, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	var answer byzantine.Response
	change := &byzantine.UserInfoUpdate{LastName: new("King"), Phone: new("+33123456789"), ResidentialAddress: home()}
	updated, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
		AccountID: created.AccountID, UserInfo: change,
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, &byzantine.UpdateIndividualAccountResponse{
		UserID: created.UserID, AccountID: created.AccountID, VerificationStatus: byzantine.VerificationActive, UserInfo: change,
		MissingDocuments: []string{"passport, or national_id_front and national_id_back", "proof_of_address"},
	}, updated)

	user, err := client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: created.UserID})
	require.NoError(t, err)
	assert.Equal(t, byzantine.UserProfile{
		FirstName: "Ada", LastName: "King", Email: "ada@example.com", Phone: "+33123456789", ResidentialAddress: home(),
	}, user.UserInfo, "what was not sent stays")
}

func TestDocumentsOfAnIndividualComeBitByBit(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	created, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	upload := func(documents ...byzantine.UserVerificationDocument) (*byzantine.UpdateIndividualAccountResponse, error) {
		return client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: created.AccountID, VerificationDocuments: documents,
		})
	}
	_, err = upload(nationalID(t, byzantine.DocumentNationalIDBack))
	refused(t, err, 400, "national_id_back needs national_id_front")
	updated, err := upload(nationalID(t, byzantine.DocumentNationalIDFront))
	require.NoError(t, err)
	assert.Equal(t, []string{"national_id_back", "proof_of_address"}, updated.MissingDocuments)
	updated, err = upload(nationalID(t, byzantine.DocumentNationalIDBack))
	require.NoError(t, err, "the front is there already")
	assert.Equal(t, []string{"proof_of_address"}, updated.MissingDocuments)
	updated, err = upload(proofOfAddress(t))
	require.NoError(t, err)
	assert.Nil(t, updated.MissingDocuments)
	require.Len(t, updated.VerificationDocuments, 1, "only what was sent")

	updated, err = client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
		AccountID: created.AccountID,
		UserInfo: &byzantine.UserInfoUpdate{ResidentialAddress: &byzantine.Address{
			StreetLine1: "1 Market St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "USA",
		}},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"socialSecurityNumber"}, updated.MissingDocuments, "persons in the United States need it")
	updated, err = client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
		AccountID: created.AccountID, UserInfo: &byzantine.UserInfoUpdate{SocialSecurityNumber: new("000-00-0000")},
	})
	require.NoError(t, err)
	assert.Nil(t, updated.MissingDocuments)
}

func TestUpdateOfAnEntity(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	created, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	change := companyData()
	updated, err := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{
		AccountID: created.AccountID, EntityInfo: change,
	})
	require.NoError(t, err)
	assert.Equal(t, &byzantine.UpdateEntityAccountResponse{
		EntityID: created.EntityID, AccountID: created.AccountID, VerificationStatus: byzantine.VerificationActive,
		EntityInfo: change, MissingDocuments: []string{"incorporation_cert", "shareholder_registry", "proof_of_address"},
	}, updated)
	updated, err = client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{
		AccountID: created.AccountID, EntityDocuments: companyDocuments(t),
	})
	require.NoError(t, err)
	assert.Nil(t, updated.EntityInfo)
	assert.Nil(t, updated.MissingDocuments)
	assert.Nil(t, updated.MissingCompanyData)
	assert.Len(t, updated.EntityDocuments, 3)

	entity, err := client.GetEntityDetails(t.Context(), created.EntityID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.EntityProfile{
		CompanyName: "Analytical Engines SAS", CompanyNumber: *change.CompanyNumber, RegisteredAddress: home(),
	}, entity.EntityInfo)
}

func TestRefusedUpdates(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	person, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	company, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})

	individual := func(accountID string, info *byzantine.UserInfoUpdate) error {
		_, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{AccountID: accountID, UserInfo: info})
		return err
	}
	entity := func(accountID string, info *byzantine.EntityInfoUpdate) error {
		_, err := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{AccountID: accountID, EntityInfo: info})
		return err
	}
	inUSA := home()
	inUSA.Country = "USA"
	refused(t, individual(unknownID, nil), 404, "account not found")
	refused(t, individual(foreign.ID, nil), 404, "account not found")
	refused(t, individual(company.AccountID, nil), 400, "the account is an entity's")
	refused(t, individual(person.AccountID, &byzantine.UserInfoUpdate{FirstName: new("")}), 400, "a name cannot be empty")
	refused(t, individual(person.AccountID, &byzantine.UserInfoUpdate{ResidentialAddress: inUSA}), 400, "state")
	refused(t, entity(unknownID, nil), 404, "account not found")
	refused(t, entity(foreign.ID, nil), 404, "account not found")
	refused(t, entity(person.AccountID, nil), 400, "the account is a person's")
	refused(t, entity(company.AccountID, &byzantine.EntityInfoUpdate{BusinessLegalName: new("")}), 400, "businessLegalName")
}

func TestAssociatedPersonIsAddedAndUpdated(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	company, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	var answer byzantine.Response
	added, err := client.AddAssociatedPerson(t.Context(), &byzantine.AddAssociatedPersonRequest{
		AccountID: company.AccountID, AssociatedPerson: owner("Ada", "Lovelace", "ada@example.com", 40),
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)
	assert.Equal(t, byzantine.VerificationActive, added.VerificationStatus)
	assert.Equal(t, 40.0, *added.BeneficiaryDetails.OwnershipPercentage)

	info := &byzantine.UserInfoUpdate{BirthDate: new("1990-12-10")}
	details := &byzantine.BeneficiaryDetailsUpdate{
		BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO, byzantine.BeneficiaryRepresentative}, Title: new("CTO"),
	}
	updated, err := client.UpdateAssociatedPerson(t.Context(), &byzantine.UpdateAssociatedPersonRequest{
		BeneficiaryID: added.BeneficiaryID,
		AssociatedPerson: byzantine.AssociatedPersonUpdate{
			UserInfo: info, BeneficiaryDetails: details,
			VerificationDocuments: []byzantine.UserVerificationDocument{passport(t)},
		},
	}, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, info, updated.UserInfo)
	assert.Equal(t, details, updated.BeneficiaryDetails)
	assert.Len(t, updated.VerificationDocuments, 1)
	assert.Equal(t, []string{"proof_of_address"}, updated.MissingDocuments)

	person, err := client.GetAssociatedPersonDetails(t.Context(), added.BeneficiaryID)
	require.NoError(t, err)
	assert.Equal(t, "1990-12-10", person.UserInfo.BirthDate)
	assert.Equal(t, "Ada", person.UserInfo.FirstName)
	assert.Equal(t, byzantine.BeneficiaryDetails{
		BeneficiaryType: details.BeneficiaryType, Title: "CTO", OwnershipPercentage: new(40.0),
	}, person.BeneficiaryDetails)
	assert.Equal(t, updated.VerificationDocuments, person.VerificationDocuments)

	entity, err := client.GetEntityDetails(t.Context(), company.EntityID)
	require.NoError(t, err)
	require.Len(t, entity.AssociatedPersons, 1)
	summary := entity.AssociatedPersons[0]
	assert.Equal(t, added.BeneficiaryID, summary.BeneficiaryID)
	assert.NotEqual(t, summary.BeneficiaryID, summary.UserID)
	assert.Equal(t, 40.0, *summary.ShareSize)
}

func TestRootUserCanBecomeAnAssociatedPerson(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	company, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	_, err = client.AddAssociatedPerson(t.Context(), &byzantine.AddAssociatedPersonRequest{
		AccountID: company.AccountID, AssociatedPerson: owner("Charles", "Babbage", "charles@example.com", 60),
	})
	require.NoError(t, err)
	entity, err := client.GetEntityDetails(t.Context(), company.EntityID)
	require.NoError(t, err)
	require.Len(t, entity.TeamMembers, 1)
	assert.Equal(t, byzantine.RoleRoot, entity.TeamMembers[0].Role)
	assert.Equal(t, entity.TeamMembers[0].UserID, entity.AssociatedPersons[0].UserID)
}

func TestRefusedAssociatedPersons(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	person, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	req := analytical()
	req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Charles", "Babbage", "charles@example.com", 60)}
	company, err := client.CreateEntityAccount(t.Context(), req)
	require.NoError(t, err)
	foreign := server.AddAccount(byzantinetest.Account{Foreign: true})

	add := func(accountID, email string) error {
		_, err := client.AddAssociatedPerson(t.Context(), &byzantine.AddAssociatedPersonRequest{
			AccountID: accountID, AssociatedPerson: owner("A", "B", email, 30),
		})
		return err
	}
	refused(t, add(unknownID, "b@example.com"), 404, "account not found")
	refused(t, add(foreign.ID, "b@example.com"), 404, "account not found")
	refused(t, add(person.AccountID, "b@example.com"), 400, "the account is a person's")
	refused(t, add(company.AccountID, "charles@example.com"), 400, "associated with the entity already")
	refused(t, add(company.AccountID, "ada@example.com"), 400, "associatedPerson.userInfo.email: there is a user")

	update := func(beneficiaryID string, change byzantine.AssociatedPersonUpdate) error {
		_, err := client.UpdateAssociatedPerson(t.Context(), &byzantine.UpdateAssociatedPersonRequest{
			BeneficiaryID: beneficiaryID, AssociatedPerson: change,
		})
		return err
	}
	id := company.AssociatedPersons[0].BeneficiaryID
	refused(t, update(unknownID, byzantine.AssociatedPersonUpdate{}), 404, "associated person not found")
	refused(t, update(id, byzantine.AssociatedPersonUpdate{BeneficiaryDetails: &byzantine.BeneficiaryDetailsUpdate{
		BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryRepresentative},
	}}), 400, "beneficiaryDetails.title: missing")
	refused(t, update(id, byzantine.AssociatedPersonUpdate{
		VerificationDocuments: []byzantine.UserVerificationDocument{nationalID(t, byzantine.DocumentNationalIDBack)},
	}), 400, "national_id_front")
	_, err = client.GetAssociatedPersonDetails(t.Context(), unknownID)
	refused(t, err, 404, "associated person not found")
	unchanged, err := client.GetAssociatedPersonDetails(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, company.AssociatedPersons[0].BeneficiaryDetails, unchanged.BeneficiaryDetails)
}

// The address of an entity is its own after an update too, and an address that it has given up is free.
func TestTheUpdatedAddressOfAnEntityIsItsOwn(t *testing.T) {
	server := byzantinetest.NewServer()
	defer server.Close()
	client := server.Client()
	update := func(account byzantinetest.Account, email string) error {
		_, err := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{
			AccountID: account.ID, EntityInfo: &byzantine.EntityInfoUpdate{Email: new(email)},
		})
		return err
	}
	one := server.AddAccount(byzantinetest.Account{Type: byzantine.AccountTypeCompany})
	two := server.AddAccount(byzantinetest.Account{Type: byzantine.AccountTypeCompany})
	require.NoError(t, update(one, "office@example.com"))
	require.NoError(t, update(one, "Office@example.com"), "it has this address already")
	require.ErrorContains(t, update(two, "OFFICE@example.com"), "entityInfo.email")
	require.NoError(t, update(one, "elsewhere@example.com"))
	require.NoError(t, update(two, "office@example.com"), "nobody has it any more")
}

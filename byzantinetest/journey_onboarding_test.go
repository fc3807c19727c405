package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A person signs up with their passkey, and may transact once the verification is through.
func TestJourneyOnboardAPerson(t *testing.T) {
	ctx := t.Context()
	sandbox := newServer(t, byzantinetest.WithManualApproval())
	client := sandbox.Client()

	// 1. The browser makes a passkey, and the account is created with the little that the person typed in.
	phone := newPasskey(t)
	account, err := client.CreateIndividualAccount(ctx, &byzantine.CreateIndividualAccountRequest{
		UserInfo:               byzantine.UserInfo{FirstName: "Ada", LastName: "Lovelace", Email: "ada+1@example.com"},
		ByzantineTermsSignedAt: termsSigned,
		RootUsers: []byzantine.RootUserParam{{
			FirstName: "Ada", LastName: "Lovelace", Email: "ada+1@example.com", Authenticators: []byzantine.AuthenticatorParam{phone},
		}},
	})
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationInit, account.VerificationStatus)
	assert.True(t, account.RootUsers[0].IsPasskeyActivated)

	// 2. What is missing is asked for, and sent bit by bit.
	require.Equal(t, []string{"passport, or national_id_front and national_id_back", "proof_of_address"}, account.MissingDocuments)
	updated, err := client.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{
		AccountID: account.AccountID,
		UserInfo: &byzantine.UserInfoUpdate{
			BirthDate: new("1990-12-10"), Nationality: new(byzantine.CountryCode("FRA")), ResidentialAddress: home(),
		},
		AdditionalUserInfo: &byzantine.AdditionalUserInfo{
			EmploymentStatus: byzantine.EmploymentEmployed, ExpectedMonthlyPaymentsUSD: byzantine.MonthlyPayments5000To9999,
			SourceOfFunds: byzantine.UserFundsSalary, MostRecentOccupation: "151252",
		},
		VerificationDocuments: []byzantine.UserVerificationDocument{passport(t)},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"proof_of_address"}, updated.MissingDocuments)
	updated, err = client.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{
		AccountID: account.AccountID, VerificationDocuments: []byzantine.UserVerificationDocument{proofOfAddress(t)},
	})
	require.NoError(t, err)
	assert.Nil(t, updated.MissingDocuments)
	assert.Equal(t, byzantine.VerificationUnderReview, updated.VerificationStatus)

	// 3. Until the provider is through, no bank account can be added.
	_, err = client.AddBankAccount(ctx, euroAccount(account.AccountID))
	require.ErrorIs(t, err, byzantine.ErrBadRequest)

	// 4. The proof of address turns out to be too old. The person sends another one, and is approved.
	sandbox.SetStatus(account.AccountID, byzantine.VerificationResubmissionRequested, "OUTDATED_DOCUMENT")
	user, err := client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: account.UserID})
	require.NoError(t, err)
	require.Equal(t, byzantine.VerificationResubmissionRequested, user.VerificationStatus)
	_, err = client.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{
		AccountID: account.AccountID, VerificationDocuments: []byzantine.UserVerificationDocument{proofOfAddress(t)},
	})
	require.NoError(t, err)
	sandbox.Approve(account.AccountID)
	_, err = client.AddBankAccount(ctx, euroAccount(account.AccountID))
	require.NoError(t, err)

	// 5. The integrator's back office sees a customer with a wallet, a passkey and a history.
	user, err = client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{Email: "ada+1@example.com"})
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationActive, user.VerificationStatus)
	require.Len(t, user.Accounts, 1)
	assert.Equal(t, account.WalletAddress, user.Accounts[0].WalletAddress)
	assert.Equal(t, phone.Attestation.CredentialID, user.Accounts[0].Authenticators[0].CredentialID)
	assert.Equal(t, []byzantine.EventType{
		byzantine.EventCustomerCreated,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerResubmissionRequested,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerActive,
	}, customerEvents(t, client, account.AccountID))
}

// A company signs up, and its owners are verified along with it.
func TestJourneyOnboardACompany(t *testing.T) {
	ctx := t.Context()
	sandbox := newServer(t, byzantinetest.WithManualApproval())
	client := sandbox.Client()

	// 1. The founder creates the account, and is one of the owners.
	founder := owner("Charles", "Babbage", "charles@example.com", 60)
	founder.BeneficiaryDetails.BeneficiaryType = append(founder.BeneficiaryDetails.BeneficiaryType, byzantine.BeneficiaryRepresentative)
	founder.BeneficiaryDetails.Title = "Chief Executive"
	founder.VerificationDocuments = []byzantine.UserVerificationDocument{
		nationalID(t, byzantine.DocumentNationalIDFront), nationalID(t, byzantine.DocumentNationalIDBack), proofOfAddress(t),
	}
	company, err := client.CreateEntityAccount(ctx, &byzantine.CreateEntityAccountRequest{
		EntityInfo: byzantine.EntityInfo{BusinessLegalName: "Analytical Engines SAS"},
		RootUsers: []byzantine.RootUserParam{{
			FirstName: "Charles", LastName: "Babbage", Email: "charles@example.com",
			Authenticators: []byzantine.AuthenticatorParam{newPasskey(t)},
		}},
		AssociatedPersons:      []byzantine.AssociatedPersonParam{founder},
		ByzantineTermsSignedAt: termsSigned,
	})
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationInit, company.VerificationStatus)
	assert.Equal(t, byzantine.VerificationUnderReview, company.AssociatedPersons[0].VerificationStatus, "the founder sent everything")

	// 2. The response says what the company still owes.
	require.Contains(t, company.MissingCompanyData, "companyNumber")
	require.Contains(t, company.MissingDocuments, "shareholder_registry")
	updated, err := client.UpdateEntityAccount(ctx, &byzantine.UpdateEntityAccountRequest{
		AccountID: company.AccountID, EntityInfo: companyData(),
	})
	require.NoError(t, err)
	assert.Empty(t, updated.MissingCompanyData)
	require.NotEmpty(t, updated.MissingDocuments)

	// 3. A second owner joins before the documents are in, and owes theirs too.
	second, err := client.AddAssociatedPerson(ctx, &byzantine.AddAssociatedPersonRequest{
		AccountID: company.AccountID, AssociatedPerson: owner("Ada", "Lovelace", "ada@example.com", 40),
	})
	require.NoError(t, err)
	require.NotEmpty(t, second.MissingDocuments)
	updated, err = client.UpdateEntityAccount(ctx, &byzantine.UpdateEntityAccountRequest{
		AccountID: company.AccountID, EntityDocuments: companyDocuments(t),
	})
	require.NoError(t, err)
	assert.Empty(t, updated.MissingDocuments)
	assert.Equal(t, byzantine.VerificationAwaitingAssociatedPersonInformation, updated.VerificationStatus)

	// 4. With the second owner's documents everything is under review.
	_, err = client.UpdateAssociatedPerson(ctx, &byzantine.UpdateAssociatedPersonRequest{
		BeneficiaryID: second.BeneficiaryID,
		AssociatedPerson: byzantine.AssociatedPersonUpdate{
			VerificationDocuments: []byzantine.UserVerificationDocument{passport(t), proofOfAddress(t)},
		},
	})
	require.NoError(t, err)
	entity, err := client.GetEntityDetails(ctx, company.EntityID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationUnderReview, entity.VerificationStatus)

	// 5. A day or two later the company is approved.
	sandbox.Approve(company.AccountID)
	list, err := client.GetCustomers(ctx, &byzantine.GetCustomersRequest{CustomerType: byzantine.CustomerQueryBusiness})
	require.NoError(t, err)
	require.Len(t, list.BusinessCustomers, 1)
	assert.Equal(t, byzantine.VerificationActive, list.BusinessCustomers[0].VerificationStatus)
	person, err := client.GetAssociatedPersonDetails(ctx, second.BeneficiaryID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationActive, person.VerificationStatus)
	assert.Equal(t, []byzantine.EventType{
		byzantine.EventCustomerCreated,
		byzantine.EventCustomerAwaitingAssociatedPersonInformation,
		byzantine.EventCustomerUnderReview,
		byzantine.EventCustomerActive,
	}, customerEvents(t, client, company.AccountID))
}

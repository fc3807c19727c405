package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestUserDetails(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	client := server.Client()
	req := adaInFull(t)
	phone := newPasskey(t)
	req.RootUsers[0].Authenticators = []byzantine.AuthenticatorParam{phone}
	created, err := client.CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)

	user, err := client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: created.UserID})
	require.NoError(t, err)
	self := byzantine.UserSummary{UserID: created.UserID, FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"}
	assert.Equal(t, &byzantine.User{
		UserID: created.UserID, VerificationStatus: byzantine.VerificationActive,
		UserInfo: byzantine.UserProfile{
			FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com", MiddleName: "King",
			Phone: "+33123456789", BirthDate: "1990-12-10", ResidentialAddress: home(),
			Nationality: "FRA", CountryOfBirth: "GBR",
		},
		Accounts: []byzantine.UserAccount{{
			AccountID: created.AccountID, AccountName: "Ada Lovelace", AccountType: byzantine.AccountTypeIndividual,
			UserRole: byzantine.RoleRoot, WalletAddress: created.WalletAddress,
			ProfilePictureURL: "https://example.com/ada.png", CreatedAt: start,
			Beneficiary: &self, RootUsers: []byzantine.UserSummary{self},
			Authenticators: []byzantine.Authenticator{{
				CredentialID: phone.Attestation.CredentialID, Name: phone.AuthenticatorName, CreatedAt: start,
			}},
		}},
		CreatedAt: start,
	}, user)
	byEmail, err := client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{Email: "ada@example.com"})
	require.NoError(t, err)
	assert.Equal(t, user, byEmail)
}

func TestUserDetailsOfNobody(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	ada := server.AddUser(byzantinetest.User{Email: "ada@example.com"})
	server.AddUser(byzantinetest.User{Email: "mary@example.com"})
	for name, req := range map[string]*byzantine.GetUserDetailsRequest{
		"unknown id":           {UserID: unknownID},
		"unknown e-mail":       {Email: "nobody@example.com"},
		"id and another's":     {UserID: ada.ID, Email: "mary@example.com"},
		"id and nobody's mail": {UserID: ada.ID, Email: "nobody@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.GetUserDetails(t.Context(), req)
			refused(t, err, 404, "user not found")
		})
	}
	op := operation(t, "get_user_details")
	status, _ := send(t, server, op.Method, op.Path, "", nil)
	assert.Equal(t, 400, status, "neither id nor e-mail")
	status, _ = send(t, server, op.Method, op.Path+"?userId=7", "", nil)
	assert.Equal(t, 400, status, "no UUID")
	status, _ = send(t, server, op.Method, op.Path+"?user_id="+ada.ID, "", nil)
	assert.Equal(t, 400, status, "the name of June")
}

func TestEntityDetails(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	client := server.Client()
	req := analytical()
	req.EntityInfo.LogoURL = "https://example.com/logo.png"
	req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("Ada", "Lovelace", "ada@example.com", 40)}
	created, err := client.CreateEntityAccount(t.Context(), req)
	require.NoError(t, err)
	entity, err := client.GetEntityDetails(t.Context(), created.EntityID)
	require.NoError(t, err)
	require.Len(t, entity.AssociatedPersons, 1)
	adaID := entity.AssociatedPersons[0].UserID
	assert.Equal(t, &byzantine.Entity{
		EntityID: created.EntityID, VerificationStatus: byzantine.VerificationActive,
		EntityInfo: byzantine.EntityProfile{CompanyName: "Analytical Engines SAS"},
		Account: byzantine.EntityAccount{
			AccountID: created.AccountID, AccountName: "Analytical Engines SAS", AccountType: byzantine.AccountTypeCompany,
			WalletAddress: created.WalletAddress, LogoURL: req.EntityInfo.LogoURL, CreatedAt: start,
		},
		TeamMembers: []byzantine.TeamMember{
			{
				UserID: created.RootUsers[0].UserID, FirstName: "Charles", LastName: "Babbage", UserEmail: "charles@example.com",
				Role: byzantine.RoleRoot, JoinedAt: start,
			},
			{UserID: adaID, FirstName: "Ada", LastName: "Lovelace", UserEmail: "ada@example.com", Role: byzantine.RoleBeneficiary, JoinedAt: start},
		},
		AssociatedPersons: []byzantine.AssociatedPersonSummary{{
			FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com",
			BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO}, ShareSize: new(40.0),
			BeneficiaryID: created.AssociatedPersons[0].BeneficiaryID, UserID: adaID,
		}},
		CreatedAt: start,
	}, entity)
	_, err = client.GetEntityDetails(t.Context(), created.AccountID)
	refused(t, err, 404, "entity not found")
}

func TestCustomersByType(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	empty, err := client.GetCustomers(t.Context(), nil)
	require.NoError(t, err)
	assert.NotNil(t, empty.BusinessCustomers)
	assert.Empty(t, empty.BusinessCustomers)
	assert.Empty(t, empty.IndividualCustomers)

	person, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	company, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	server.AddAccount(byzantinetest.Account{Foreign: true})

	for kind, want := range map[byzantine.CustomerQueryType][2]bool{
		"":                                {true, true},
		byzantine.CustomerQueryAll:        {true, true},
		byzantine.CustomerQueryBusiness:   {true, false},
		byzantine.CustomerQueryIndividual: {false, true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			list, err := client.GetCustomers(t.Context(), &byzantine.GetCustomersRequest{CustomerType: kind})
			require.NoError(t, err)
			assert.Equal(t, want, [2]bool{list.BusinessCustomers != nil, list.IndividualCustomers != nil})
			if want[0] {
				require.Len(t, list.BusinessCustomers, 1)
				got := list.BusinessCustomers[0]
				assert.Equal(t, company.EntityID, got.EntityID)
				assert.Equal(t, "Analytical Engines SAS", got.EntityName)
				assert.Equal(t, byzantine.VerificationActive, got.VerificationStatus)
				require.Len(t, got.TeamMembers, 1)
				assert.Equal(t, "charles@example.com", got.TeamMembers[0].Email)
			}
			if want[1] {
				require.Len(t, list.IndividualCustomers, 1)
				got := list.IndividualCustomers[0]
				assert.Equal(t, person.UserID, got.UserID)
				assert.Equal(t, person.AccountID, got.AccountID)
				assert.Equal(t, "ada@example.com", got.Email)
			}
		})
	}
	op := operation(t, "get_customers")
	status, _ := send(t, server, op.Method, op.Path+"?customerType=company", "", nil)
	assert.Equal(t, 400, status)
}

func TestCustomerIsDatedByItsLastChange(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	client := server.Client()
	created, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	server.Advance(time.Hour)
	_, err = client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{AccountID: created.AccountID})
	require.NoError(t, err)
	list, err := client.GetCustomers(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, start, list.IndividualCustomers[0].CreatedAt)
	assert.Equal(t, start.Add(time.Hour), list.IndividualCustomers[0].UpdatedAt)
}

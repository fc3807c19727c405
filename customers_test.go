package byzantine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestCustomerReadsAreSent(t *testing.T) {
	testSent(t, []sentCase{
		{
			"get_user_details by id",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: testUserID}))
			},
			"GET /v1/query/get-user-details?userId=" + testUserID, "",
		},
		{
			"get_user_details by e-mail address",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{Email: testEmail}))
			},
			"GET /v1/query/get-user-details?email=jane.doe%2Bprivate%40example.com", "",
		},
		{
			"get_user_details by both",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: testUserID, Email: "a@b"}))
			},
			"GET /v1/query/get-user-details?userId=" + testUserID + "&email=a%40b", "",
		},
		{
			"get_entity_details",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetEntityDetails(ctx, testEntityID))
			},
			"GET /v1/query/get-entity-details?entityId=" + testEntityID, "",
		},
		{
			"get_associated_person_details",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetAssociatedPersonDetails(ctx, testBeneficiaryID))
			},
			"GET /v1/query/get-associated-person-details?beneficiaryId=" + testBeneficiaryID, "",
		},
		{
			"get_customers by default",
			func(ctx context.Context, c *byzantine.Client) error { return only(c.GetCustomers(ctx, nil)) },
			"GET /v1/query/get-customers", "",
		},
		{
			"get_customers of one type",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetCustomers(ctx, &byzantine.GetCustomersRequest{CustomerType: byzantine.CustomerQueryBusiness}))
			},
			"GET /v1/query/get-customers?customerType=business", "",
		},
	})
}

func TestCustomerReadsAreRejected(t *testing.T) {
	const noUUID = "must be a UUID (8-4-4-4-12 hex digits)"
	testRejected(t, []rejectedCase{
		{
			"a user who is not named", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetUserDetails(ctx, nil)) },
			"GetUserDetailsRequest.UserID: missing: it or the e-mail address is required",
		},
		{
			"a user id that is an e-mail address", func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: testEmail}))
			},
			"GetUserDetailsRequest.UserID: " + noUUID,
		},
		{
			"no entity", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetEntityDetails(ctx, "")) },
			"GetEntityDetailsRequest.EntityID: missing",
		},
		{
			"a bad entity id", func(ctx context.Context, c *byzantine.Client) error { return only(c.GetEntityDetails(ctx, "../x")) },
			"GetEntityDetailsRequest.EntityID: " + noUUID,
		},
		{
			"no associated person", func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetAssociatedPersonDetails(ctx, ""))
			},
			"GetAssociatedPersonDetailsRequest.BeneficiaryID: missing",
		},
		{
			"a kind of customer that there is not", func(ctx context.Context, c *byzantine.Client) error {
				return only(c.GetCustomers(ctx, &byzantine.GetCustomersRequest{CustomerType: "company"}))
			},
			"GetCustomersRequest.CustomerType: must be one of business, individual, all",
		},
	})
}

const (
	fullAddress    = `{"streetLine1":"1 rue de la Paix","streetLine2":"3e","city":"Paris","state":"75","postalCode":"75002","country":"FRA"}`
	minimalAddress = `{"streetLine1":"1 rue de la Paix","city":"Paris","postalCode":"75002","country":"FRA"}`
	userSummary    = `{"userId":"u","firstName":"Jane","lastName":"Doe","email":"jane@example.com"}`
)

const fullUser = `{
	"userId":"u","verificationStatus":"active","createdAt":"2026-09-01T10:00:00.123456789Z",
	"userInfo":{"firstName":"Jane","lastName":"Doe","email":"jane@example.com","nationality":"FRA","residentialAddress":` + fullAddress + `,
		"countryOfBirth":"CHE","middleName":"Q","phone":"+33100000000","birthDate":"1990-01-31"},
	"accounts":[{"accountId":"a","accountName":"Jane","accountType":"company","entityInfo":{"entityId":"e","entityName":"Doe SA"},
		"userRole":"root","walletAddress":"0xaa","isSelfCustodial":true,"bridgeAccountId":"b","profilePictureUrl":"https://example.com/p",
		"createdAt":"2026-09-01T10:00:00Z","beneficiary":` + userSummary + `,"rootUsers":[` + userSummary + `],
		"authenticators":[{"credentialId":"AAEC","name":"Phone","createdAt":"2026-09-01T10:00:00Z"}]}]}`

func TestUserIsRead(t *testing.T) {
	call := func(ctx context.Context, c *byzantine.Client) (*byzantine.User, error) {
		return c.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: testUserID})
	}
	testResponses(t, call, fullUser, `{
		"userId":"u","verificationStatus":"init","createdAt":"2026-09-01T10:00:00Z",
		"userInfo":{"firstName":"Jane","lastName":"Doe","email":"jane@example.com"},
		"accounts":[{"accountId":"a","accountName":"Jane","accountType":"individual","userRole":"root","walletAddress":"0xaa",
			"isSelfCustodial":false,"createdAt":"2026-09-01T10:00:00Z","rootUsers":[],"authenticators":[{"credentialId":"AAEC","createdAt":"2026-09-01T10:00:00Z"}]}]}`)

	api := newFakeAPI(t)
	api.response = fullUser
	user, err := call(t.Context(), api.client)
	require.NoError(t, err)
	assert.Equal(t, byzantine.VerificationActive, user.VerificationStatus)
	assert.Equal(t, 123456789, user.CreatedAt.Nanosecond())
	assert.Equal(t, byzantine.CountryCode("CHE"), user.UserInfo.CountryOfBirth)
	require.Len(t, user.Accounts, 1)
	account := user.Accounts[0]
	assert.Equal(t, byzantine.AccountTypeCompany, account.AccountType)
	assert.Equal(t, &byzantine.EntitySummary{EntityID: "e", EntityName: "Doe SA"}, account.EntityInfo)
	assert.Equal(t, byzantine.RoleRoot, account.UserRole)
	assert.Equal(t, "jane@example.com", account.Beneficiary.Email)
	assert.Equal(t, "AAEC", account.Authenticators[0].CredentialID)
}

func TestEntityIsRead(t *testing.T) {
	call := func(ctx context.Context, c *byzantine.Client) (*byzantine.Entity, error) {
		return c.GetEntityDetails(ctx, testEntityID)
	}
	testResponses(t, call, `{
		"entityId":"e","verificationStatus":"under_review","createdAt":"2026-09-01T10:00:00Z",
		"entityInfo":{"companyName":"Doe SA","email":"info@example.com","website":"https://example.com","companyNumber":"1",
			"registeredAddress":`+fullAddress+`,"physicalAddress":`+fullAddress+`},
		"account":{"accountId":"a","accountName":"Doe SA","accountType":"company","walletAddress":"0xaa","isSelfCustodial":true,
			"bridgeAccountId":"b","logoUrl":"https://example.com/l","createdAt":"2026-09-01T10:00:00Z"},
		"teamMembers":[{"userId":"u","firstName":"Jane","lastName":"Doe","userEmail":"jane@example.com","role":"root","joinedAt":"2026-09-01T10:00:00Z"}],
		"associatedPersons":[{"firstName":"Jane","lastName":"Doe","email":"jane@example.com","beneficiaryType":["ubo","representative"],
			"shareSize":33.3,"beneficiaryId":"b","userId":"u"}],
		"pendingInvitations":[{"invitationId":"i","userId":"u","role":"view","firstName":"Joe","lastName":"Doe","userEmail":"joe@example.com","invitedBy":"u"}]}`,
		`{
		"entityId":"e","verificationStatus":"init","createdAt":"2026-09-01T10:00:00Z",
		"entityInfo":{"companyName":"Doe SA"},
		"account":{"accountId":"a","accountName":"Doe SA","accountType":"company","walletAddress":"0xaa","isSelfCustodial":false,"createdAt":"2026-09-01T10:00:00Z"},
		"teamMembers":[],
		"associatedPersons":[{"firstName":"Jane","lastName":"Doe","email":"jane@example.com","beneficiaryType":[]}]}`)

	api := newFakeAPI(t)
	api.response = `{"teamMembers":[{"userId":null,"firstName":"Jane"}],"createdAt":"2026-09-01T10:00:00Z"}`
	entity, err := call(t.Context(), api.client)
	require.NoError(t, err, "a team member's id was seen to be null, whatever the contract says")
	assert.Equal(t, []byzantine.TeamMember{{FirstName: "Jane"}}, entity.TeamMembers)
}

func TestCustomersAreRead(t *testing.T) {
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.CustomerList, error) {
		return c.GetCustomers(ctx, nil)
	},
		`{"businessCustomers":[{"entityId":"e","entityName":"Doe SA","verificationStatus":"rejected","logoUrl":"https://example.com/l",
			"createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-02T10:00:00Z","teamMembers":[`+userSummary+`]}],
		"individualCustomers":[{"userId":"u","firstName":"Jane","lastName":"Doe","email":"jane@example.com","verificationStatus":"inactive",
			"logoUrl":"https://example.com/l","createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-02T10:00:00Z","accountId":"a"}]}`,
		`{}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.CustomerList, error) {
		return c.GetCustomers(ctx, &byzantine.GetCustomersRequest{CustomerType: byzantine.CustomerQueryIndividual})
	},
		`{"individualCustomers":[{"userId":"u","firstName":"Jane","lastName":"Doe","email":"jane@example.com","verificationStatus":"inactive",
			"logoUrl":"https://example.com/l","createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-02T10:00:00Z","accountId":"a"}]}`,
		`{"individualCustomers":[{"userId":"u","firstName":"Jane","lastName":"Doe","email":"jane@example.com","verificationStatus":"inactive",
			"createdAt":"2026-09-01T10:00:00Z","updatedAt":"2026-09-02T10:00:00Z","accountId":"a"}]}`)
}

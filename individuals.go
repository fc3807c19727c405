package byzantine

import (
	"context"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// UserInfo is a person. First name, last name and e-mail address are enough to create an account. The other fields are
// needed before the verification can end, and [Client.UpdateIndividualAccount] can send them later.
type UserInfo struct {
	FirstName  string `json:"firstName"`
	MiddleName string `json:"middleName,omitzero"`
	LastName   string `json:"lastName"`
	// Email names the user within the integrator. It cannot be changed, and no two users share one.
	Email string `json:"email"`
	Phone string `json:"phone,omitzero"`
	// BirthDate has the form 2006-01-02.
	BirthDate          string      `json:"birthDate,omitzero" check:"date"`
	Nationality        CountryCode `json:"nationality,omitzero"`
	ResidentialAddress *Address    `json:"residentialAddress,omitzero"`
	// SocialSecurityNumber is required for persons in the United States, as is the State of their address.
	SocialSecurityNumber string      `json:"socialSecurityNumber,omitzero"`
	ProfilePictureURL    string      `json:"profilePictureUrl,omitzero"`
	CountryOfBirth       CountryCode `json:"countryOfBirth,omitzero"`
}

// UserInfoUpdate is a change to a person. A field that is nil stays as it is. See [UserInfo] for the fields. The e-mail
// address cannot be changed.
type UserInfoUpdate struct {
	FirstName  *string `json:"firstName,omitzero"`
	MiddleName *string `json:"middleName,omitzero"`
	LastName   *string `json:"lastName,omitzero"`
	Phone      *string `json:"phone,omitzero"`
	// BirthDate has the form 2006-01-02.
	BirthDate            *string      `json:"birthDate,omitzero" check:"date"`
	Nationality          *CountryCode `json:"nationality,omitzero"`
	ResidentialAddress   *Address     `json:"residentialAddress,omitzero"`
	SocialSecurityNumber *string      `json:"socialSecurityNumber,omitzero"`
	ProfilePictureURL    *string      `json:"profilePictureUrl,omitzero"`
	CountryOfBirth       *CountryCode `json:"countryOfBirth,omitzero"`
}

// AdditionalUserInfo is what the verification of a person asks about their money.
type AdditionalUserInfo struct {
	EmploymentStatus           EmploymentStatus        `json:"employmentStatus"`
	ExpectedMonthlyPaymentsUSD ExpectedMonthlyPayments `json:"expectedMonthlyPaymentsUsd"`
	SourceOfFunds              UserSourceOfFunds       `json:"sourceOfFunds"`
	// MostRecentOccupation is an occupation's code of six digits.
	MostRecentOccupation string `json:"mostRecentOccupation" check:"min=6,max=6"`
}

// EmploymentStatus is how a person is employed. Values that are not listed here pass through.
type EmploymentStatus string

// The employment statuses.
const (
	EmploymentEmployed     EmploymentStatus = "employed"
	EmploymentHomemaker    EmploymentStatus = "homemaker"
	EmploymentRetired      EmploymentStatus = "retired"
	EmploymentSelfEmployed EmploymentStatus = "self_employed"
	EmploymentStudent      EmploymentStatus = "student"
	EmploymentUnemployed   EmploymentStatus = "unemployed"
)

// ExpectedMonthlyPayments is a range of US dollar a month. Values that are not listed here pass through.
type ExpectedMonthlyPayments string

// The ranges.
const (
	MonthlyPayments0To4999      ExpectedMonthlyPayments = "0_4999"
	MonthlyPayments5000To9999   ExpectedMonthlyPayments = "5000_9999"
	MonthlyPayments10000To49999 ExpectedMonthlyPayments = "10000_49999"
	MonthlyPayments50000Plus    ExpectedMonthlyPayments = "50000_plus"
)

// UserSourceOfFunds is where a person's money comes from. Values that are not listed here pass through.
type UserSourceOfFunds string

// The sources of a person's money.
const (
	UserFundsCompanyFunds           UserSourceOfFunds = "company_funds"
	UserFundsEcommerceReseller      UserSourceOfFunds = "ecommerce_reseller"
	UserFundsGamblingProceeds       UserSourceOfFunds = "gambling_proceeds"
	UserFundsGifts                  UserSourceOfFunds = "gifts"
	UserFundsGovernmentBenefits     UserSourceOfFunds = "government_benefits"
	UserFundsInheritance            UserSourceOfFunds = "inheritance"
	UserFundsInvestmentsLoans       UserSourceOfFunds = "investments_loans"
	UserFundsPensionRetirement      UserSourceOfFunds = "pension_retirement"
	UserFundsSalary                 UserSourceOfFunds = "salary"
	UserFundsSaleOfAssetsRealEstate UserSourceOfFunds = "sale_of_assets_real_estate"
	UserFundsSavings                UserSourceOfFunds = "savings"
	UserFundsSomeoneElsesFunds      UserSourceOfFunds = "someone_elses_funds"
)

// RootUserParam is a user who signs for a new account.
type RootUserParam struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	// Authenticators are the user's passkeys. A user without any can add one later with a one-time code that your
	// program requests: see [Client.InitOTP].
	Authenticators []AuthenticatorParam `json:"authenticators,omitzero"`
}

// RootUser is a user who signs for an account.
type RootUser struct {
	UserID             string `json:"userId" check:"must"` // UUID
	FirstName          string `json:"firstName"`
	LastName           string `json:"lastName"`
	Email              string `json:"email"`
	IsPasskeyActivated bool   `json:"isPasskeyActivated"`
	IsOTPActivated     bool   `json:"isOtpActivated"`
}

// CreateIndividualAccountRequest is a person to be onboarded. The back of a national id without its front is a
// *[FieldError].
type CreateIndividualAccountRequest struct {
	UserInfo              UserInfo                   `json:"userInfo"`
	AdditionalUserInfo    *AdditionalUserInfo        `json:"additionalUserInfo,omitzero"`
	VerificationDocuments []UserVerificationDocument `json:"verificationDocuments,omitzero"`
	// ByzantineTermsSignedAt is when the user accepted Byzantine's terms.
	ByzantineTermsSignedAt time.Time `json:"byzantineTermsSignedAt"`
	// WalletAddress makes a self-custodial account with this wallet. If it is empty, the account gets a wallet of its
	// own.
	WalletAddress string `json:"walletAddress,omitzero" check:"address"`
	// RootUsers are the users who sign for the account, at least one: the person, by the same e-mail address, or a
	// wealth manager. The person's passkeys belong here.
	RootUsers []RootUserParam `json:"rootUsers" check:"min=1"`
}

var _ = wire.Rule(func(r *CreateIndividualAccountRequest) error { return checkFirstDocuments(r.VerificationDocuments) })

// CreateIndividualAccountResponse is a person and an account that were made.
type CreateIndividualAccountResponse struct {
	UserID                string                 `json:"userId" check:"must"`    // UUID
	AccountID             string                 `json:"accountId" check:"must"` // UUID
	VerificationStatus    VerificationStatus     `json:"verificationStatus"`
	UserInfo              UserInfo               `json:"userInfo"`
	AdditionalUserInfo    *AdditionalUserInfo    `json:"additionalUserInfo,omitzero"`
	VerificationDocuments []VerificationDocument `json:"verificationDocuments,omitzero"`
	WalletAddress         string                 `json:"walletAddress"`
	// ByzantineTermsSignedAt is the time as the API writes it. Its format is not documented.
	ByzantineTermsSignedAt string `json:"byzantineTermsSignedAt"`
	// MissingDocuments is what the verification still needs, in words; nil if nothing.
	MissingDocuments []string   `json:"missingDocuments,omitzero"`
	RootUsers        []RootUser `json:"rootUsers"`
}

// CreateIndividualAccount onboards a person: it makes the user, an account and its wallet, and starts the verification
// (KYC). It takes 30 to 90 seconds, which the default timeouts allow.
//
// Operation create_individual_account. A second user with the same e-mail address is rejected. After
// [ErrOutcomeUnknown] check with [Client.GetUserDetails] whether there is a user with the e-mail address.
func (c *Client) CreateIndividualAccount(ctx context.Context, req *CreateIndividualAccountRequest, opts ...CallOption) (*CreateIndividualAccountResponse, error) {
	return createIndividualAccount.call(ctx, c, req, opts)
}

// UpdateIndividualAccountRequest adds to a person's data or changes them. What is nil stays as it is.
type UpdateIndividualAccountRequest struct {
	AccountID             string                     `json:"accountId" check:"uuid"`
	UserInfo              *UserInfoUpdate            `json:"userInfo,omitzero"`
	AdditionalUserInfo    *AdditionalUserInfo        `json:"additionalUserInfo,omitzero"`
	VerificationDocuments []UserVerificationDocument `json:"verificationDocuments,omitzero"`
}

// UpdateIndividualAccountResponse is what was changed, and how far the verification is.
type UpdateIndividualAccountResponse struct {
	UserID                string                 `json:"userId" check:"must"`    // UUID
	AccountID             string                 `json:"accountId" check:"must"` // UUID
	VerificationStatus    VerificationStatus     `json:"verificationStatus"`
	UserInfo              *UserInfoUpdate        `json:"userInfo,omitzero"`
	AdditionalUserInfo    *AdditionalUserInfo    `json:"additionalUserInfo,omitzero"`
	VerificationDocuments []VerificationDocument `json:"verificationDocuments,omitzero"`
	// MissingDocuments is what the verification still needs, in words; nil if nothing.
	MissingDocuments []string `json:"missingDocuments,omitzero"`
}

// UpdateIndividualAccount sends more of a person's data and documents, all at once or bit by bit. The response repeats
// only what was sent. It takes up to 90 seconds, which the default timeouts allow.
//
// Operation update_individual_account. [ErrNotFound] if there is no such account. After [ErrOutcomeUnknown] read the
// person with [Client.GetUserDetails], which shows no documents. The same update can be sent again.
func (c *Client) UpdateIndividualAccount(ctx context.Context, req *UpdateIndividualAccountRequest, opts ...CallOption) (*UpdateIndividualAccountResponse, error) {
	return updateIndividualAccount.call(ctx, c, req, opts)
}

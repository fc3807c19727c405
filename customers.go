package byzantine

import (
	"context"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// User is a person and the accounts in which they have a role.
type User struct {
	UserID             string             `json:"userId" check:"must"` // UUID
	VerificationStatus VerificationStatus `json:"verificationStatus"`
	UserInfo           UserProfile        `json:"userInfo"`
	Accounts           []UserAccount      `json:"accounts"`
	CreatedAt          time.Time          `json:"createdAt"`
}

// UserProfile is what the API shows of a person.
type UserProfile struct {
	FirstName          string      `json:"firstName"`
	LastName           string      `json:"lastName"`
	Email              string      `json:"email"`
	Nationality        CountryCode `json:"nationality,omitzero"`
	ResidentialAddress *Address    `json:"residentialAddress,omitzero"`
	CountryOfBirth     CountryCode `json:"countryOfBirth,omitzero"`
	MiddleName         string      `json:"middleName,omitzero"`
	Phone              string      `json:"phone,omitzero"`
	// BirthDate has the form 2006-01-02.
	BirthDate string `json:"birthDate,omitzero"`
}

// UserAccount is an account from the side of one of its users.
type UserAccount struct {
	// AccountID is a UUID.
	AccountID   string      `json:"accountId" check:"must"`
	AccountName string      `json:"accountName"`
	AccountType AccountType `json:"accountType"`
	// EntityInfo names the entity of the account. It is nil for a person's account.
	EntityInfo    *EntitySummary  `json:"entityInfo,omitzero"`
	UserRole      AccountUserRole `json:"userRole"`
	WalletAddress string          `json:"walletAddress"`
	// IsSelfCustodial says that the wallet came from outside.
	IsSelfCustodial bool `json:"isSelfCustodial"`
	// BridgeAccountID names the account at the payment provider.
	BridgeAccountID   string    `json:"bridgeAccountId,omitzero"`
	ProfilePictureURL string    `json:"profilePictureUrl,omitzero"`
	CreatedAt         time.Time `json:"createdAt"`
	// Beneficiary is the person that a person's account is for.
	Beneficiary *UserSummary  `json:"beneficiary,omitzero"`
	RootUsers   []UserSummary `json:"rootUsers"`
	// Authenticators are the user's passkeys that can sign for the account.
	Authenticators []Authenticator `json:"authenticators"`
}

// Authenticator is a passkey of a user.
type Authenticator struct {
	// CredentialID is the WebAuthn credential id in unpadded base64url, what allowCredentials of a signing ceremony
	// takes.
	CredentialID string `json:"credentialId" check:"must"`
	// Name is the label that the user sees in a list of passkeys.
	Name      string    `json:"name,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
}

// GetUserDetailsRequest names a user by UserID or by Email. At least one of the two is required.
type GetUserDetailsRequest struct {
	UserID string `json:"-" query:"userId,omitzero" check:"uuid"`
	Email  string `json:"-" query:"email,omitzero"`
}

var _ = wire.Rule(func(r *GetUserDetailsRequest) error {
	if r.UserID == "" && r.Email == "" {
		return &wire.FieldError{Field: "UserID", Reason: "missing: it or the e-mail address is required"}
	}
	return nil
})

// GetUserDetails returns a user with their accounts, roles and passkeys.
//
// Operation get_user_details. [ErrNotFound] if there is no such user.
func (c *Client) GetUserDetails(ctx context.Context, req *GetUserDetailsRequest, opts ...CallOption) (*User, error) {
	return getUserDetails.call(ctx, c, req, opts)
}

// Entity is an entity, its account and its people.
type Entity struct {
	EntityID           string                    `json:"entityId" check:"must"` // UUID
	VerificationStatus VerificationStatus        `json:"verificationStatus"`
	EntityInfo         EntityProfile             `json:"entityInfo"`
	Account            EntityAccount             `json:"account"`
	TeamMembers        []TeamMember              `json:"teamMembers"` // the users of the account
	AssociatedPersons  []AssociatedPersonSummary `json:"associatedPersons"`
	PendingInvitations []PendingInvitation       `json:"pendingInvitations,omitzero"`
	CreatedAt          time.Time                 `json:"createdAt"`
}

// EntityProfile is what the API shows of an entity.
type EntityProfile struct {
	CompanyName string `json:"companyName"`
	Email       string `json:"email,omitzero"`
	Website     string `json:"website,omitzero"`
	// CompanyNumber is the number of the entity in its register.
	CompanyNumber     string   `json:"companyNumber,omitzero"`
	RegisteredAddress *Address `json:"registeredAddress,omitzero"`
	PhysicalAddress   *Address `json:"physicalAddress,omitzero"`
}

// EntityAccount is the account of an entity.
type EntityAccount struct {
	// AccountID is a UUID.
	AccountID     string      `json:"accountId" check:"must"`
	AccountName   string      `json:"accountName"`
	AccountType   AccountType `json:"accountType"`
	WalletAddress string      `json:"walletAddress"`
	// IsSelfCustodial says that the wallet came from outside.
	IsSelfCustodial bool `json:"isSelfCustodial"`
	// BridgeAccountID names the account at the payment provider.
	BridgeAccountID string    `json:"bridgeAccountId,omitzero"`
	LogoURL         string    `json:"logoUrl,omitzero"`
	CreatedAt       time.Time `json:"createdAt"`
}

// TeamMember is a user of an entity's account.
type TeamMember struct {
	UserID    string          `json:"userId" check:"must"` // UUID; may be empty
	FirstName string          `json:"firstName"`
	LastName  string          `json:"lastName"`
	UserEmail string          `json:"userEmail"`
	Role      AccountUserRole `json:"role"`
	JoinedAt  time.Time       `json:"joinedAt"`
}

// AssociatedPersonSummary is an owner or a representative in short. [Client.GetAssociatedPersonDetails] tells more.
type AssociatedPersonSummary struct {
	FirstName       string            `json:"firstName"`
	LastName        string            `json:"lastName"`
	Email           string            `json:"email"`
	BeneficiaryType []BeneficiaryType `json:"beneficiaryType"`
	// ShareSize is the share of the entity that the person owns, in percent.
	ShareSize *float64 `json:"shareSize,omitzero"`
	// BeneficiaryID is the UUID by which the operations on associated persons name the person.
	BeneficiaryID string `json:"beneficiaryId,omitzero" check:"must"`
	// UserID is the UUID of the person as a user.
	UserID string `json:"userId,omitzero"`
}

// PendingInvitation is an invitation to an entity's account that the invited person has not responded to yet.
type PendingInvitation struct {
	InvitationID string          `json:"invitationId" check:"must"` // UUID, as are the other ids
	UserID       string          `json:"userId"`
	Role         AccountUserRole `json:"role"`
	FirstName    string          `json:"firstName"`
	LastName     string          `json:"lastName"`
	UserEmail    string          `json:"userEmail"`
	InvitedBy    string          `json:"invitedBy"` // user id
}

// GetEntityDetailsRequest names an entity. [Client.GetEntityDetails] fills it in from its argument.
type GetEntityDetailsRequest struct {
	EntityID string `json:"-" query:"entityId" check:"uuid"`
}

// GetEntityDetails returns an entity with its account, users and associated persons.
//
// Operation get_entity_details. [ErrNotFound] if there is no such entity.
func (c *Client) GetEntityDetails(ctx context.Context, entityID string, opts ...CallOption) (*Entity, error) {
	return getEntityDetails.call(ctx, c, &GetEntityDetailsRequest{EntityID: entityID}, opts)
}

// CustomerQueryType says which customers to list.
type CustomerQueryType string

// The choices.
const (
	CustomerQueryBusiness   CustomerQueryType = "business"
	CustomerQueryIndividual CustomerQueryType = "individual"
	CustomerQueryAll        CustomerQueryType = "all"
)

// Validate rejects anything else.
func (t CustomerQueryType) Validate() error {
	return oneOf(t, CustomerQueryBusiness, CustomerQueryIndividual, CustomerQueryAll)
}

// GetCustomersRequest asks for the customers of the integrator.
type GetCustomersRequest struct {
	// CustomerType is CustomerQueryAll if it is empty.
	CustomerType CustomerQueryType `json:"-" query:"customerType,omitzero"`
}

// CustomerList is the customers of the integrator. A kind that was not asked for is nil.
type CustomerList struct {
	BusinessCustomers   []BusinessCustomer   `json:"businessCustomers,omitzero" check:"must"`
	IndividualCustomers []IndividualCustomer `json:"individualCustomers,omitzero" check:"must"`
}

// BusinessCustomer is an entity in short.
type BusinessCustomer struct {
	// EntityID is a UUID.
	EntityID           string             `json:"entityId" check:"must"`
	EntityName         string             `json:"entityName"`
	VerificationStatus VerificationStatus `json:"verificationStatus"`
	LogoURL            string             `json:"logoUrl,omitzero"`
	CreatedAt          time.Time          `json:"createdAt"`
	UpdatedAt          time.Time          `json:"updatedAt"`
	TeamMembers        []UserSummary      `json:"teamMembers"`
}

// IndividualCustomer is a person in short.
type IndividualCustomer struct {
	// UserID is a UUID.
	UserID             string             `json:"userId" check:"must"`
	FirstName          string             `json:"firstName"`
	LastName           string             `json:"lastName"`
	Email              string             `json:"email"`
	VerificationStatus VerificationStatus `json:"verificationStatus"`
	LogoURL            string             `json:"logoUrl,omitzero"`
	CreatedAt          time.Time          `json:"createdAt"`
	UpdatedAt          time.Time          `json:"updatedAt"`
	// AccountID is a UUID.
	AccountID string `json:"accountId"`
}

// GetCustomers returns the persons and entities that the integrator has onboarded. The list is not paged.
//
// Operation get_customers.
func (c *Client) GetCustomers(ctx context.Context, req *GetCustomersRequest, opts ...CallOption) (*CustomerList, error) {
	return getCustomers.call(ctx, c, req, opts)
}

package byzantine

import (
	"context"
	"time"
)

// EntityInfo is an entity: a company, a trust, a partnership. Its legal name is enough to create an account. The other
// fields are needed before the verification can end, and [Client.UpdateEntityAccount] can send them later.
type EntityInfo struct {
	BusinessLegalName string       `json:"businessLegalName"`
	BusinessTradeName string       `json:"businessTradeName,omitzero"`
	BusinessType      BusinessType `json:"businessType,omitzero"`
	// CompanyNumber is the number of the entity in its register.
	CompanyNumber     string         `json:"companyNumber,omitzero"`
	Email             string         `json:"email,omitzero"`
	Website           string         `json:"website,omitzero"`
	LogoURL           string         `json:"logoUrl,omitzero"`
	RegisteredAddress *Address       `json:"registeredAddress,omitzero"`
	PhysicalAddress   *Address       `json:"physicalAddress,omitzero"`
	ActivityInfo      *ActivityInfo  `json:"activityInfo,omitzero"`
	FinancialInfo     *FinancialInfo `json:"financialInfo,omitzero"`
	HighRiskInfo      *HighRiskInfo  `json:"highRiskInfo,omitzero"`
}

// EntityInfoUpdate is a change to an entity. A field that is nil stays as it is. See [EntityInfo] for the fields.
type EntityInfoUpdate struct {
	BusinessLegalName *string        `json:"businessLegalName,omitzero"`
	BusinessTradeName *string        `json:"businessTradeName,omitzero"`
	BusinessType      *BusinessType  `json:"businessType,omitzero"`
	CompanyNumber     *string        `json:"companyNumber,omitzero"`
	Email             *string        `json:"email,omitzero"`
	Website           *string        `json:"website,omitzero"`
	LogoURL           *string        `json:"logoUrl,omitzero"`
	RegisteredAddress *Address       `json:"registeredAddress,omitzero"`
	PhysicalAddress   *Address       `json:"physicalAddress,omitzero"`
	ActivityInfo      *ActivityInfo  `json:"activityInfo,omitzero"`
	FinancialInfo     *FinancialInfo `json:"financialInfo,omitzero"`
	HighRiskInfo      *HighRiskInfo  `json:"highRiskInfo,omitzero"`
}

// BusinessType is the legal form of an entity. Values that are not listed here pass through.
type BusinessType string

// The business types.
const (
	BusinessCooperative BusinessType = "cooperative"
	BusinessCorporation BusinessType = "corporation"
	BusinessLLC         BusinessType = "llc"
	BusinessOther       BusinessType = "other"
	BusinessPartnership BusinessType = "partnership"
	BusinessSoleProp    BusinessType = "sole_prop"
	BusinessTrust       BusinessType = "trust"
)

// ActivityInfo is what an entity does.
type ActivityInfo struct {
	BusinessDescription string `json:"businessDescription" check:"min=1,max=1024"`
	// BusinessIndustry is an industry's code. 0 is a code like any other.
	BusinessIndustry int64 `json:"businessIndustry" check:"min=0"`
}

// FinancialInfo is what the verification of an entity asks about its money.
type FinancialInfo struct {
	PreferredPrimaryCurrency  Currency               `json:"preferredPrimaryCurrency"`
	SourceOfFunds             EntitySourceOfFunds    `json:"sourceOfFunds"`
	EstimatedAnnualRevenueUSD EstimatedAnnualRevenue `json:"estimatedAnnualRevenueUsd"`
	// ExpectedMonthlyPaymentsUSD is in whole US dollar.
	ExpectedMonthlyPaymentsUSD int64 `json:"expectedMonthlyPaymentsUsd"`
	// HasMaterialIntermediaryEntityOwner says that another entity owns a good part of this one.
	HasMaterialIntermediaryEntityOwner bool `json:"hasMaterialIntermediaryEntityOwner"`
}

// EntitySourceOfFunds is where an entity's money comes from. Values that are not listed here pass through.
type EntitySourceOfFunds string

// The sources of an entity's money.
const (
	EntityFundsBusinessLoans           EntitySourceOfFunds = "business_loans"
	EntityFundsGrants                  EntitySourceOfFunds = "grants"
	EntityFundsInterCompanyFunds       EntitySourceOfFunds = "inter_company_funds"
	EntityFundsInvestmentProceeds      EntitySourceOfFunds = "investment_proceeds"
	EntityFundsLegalSettlement         EntitySourceOfFunds = "legal_settlement"
	EntityFundsOwnersCapital           EntitySourceOfFunds = "owners_capital"
	EntityFundsPensionRetirement       EntitySourceOfFunds = "pension_retirement"
	EntityFundsSaleOfAssets            EntitySourceOfFunds = "sale_of_assets"
	EntityFundsSalesOfGoodsAndServices EntitySourceOfFunds = "sales_of_goods_and_services"
	EntityFundsTaxRefund               EntitySourceOfFunds = "tax_refund"
	EntityFundsThirdPartyFunds         EntitySourceOfFunds = "third_party_funds"
	EntityFundsTreasuryReserves        EntitySourceOfFunds = "treasury_reserves"
)

// EstimatedAnnualRevenue is a range of US dollar a year. Values that are not listed here pass through.
type EstimatedAnnualRevenue string

// The ranges.
const (
	AnnualRevenue0To99999            EstimatedAnnualRevenue = "0_99999"
	AnnualRevenue100000To999999      EstimatedAnnualRevenue = "100000_999999"
	AnnualRevenue1000000To9999999    EstimatedAnnualRevenue = "1000000_9999999"
	AnnualRevenue10000000To49999999  EstimatedAnnualRevenue = "10000000_49999999"
	AnnualRevenue50000000To249999999 EstimatedAnnualRevenue = "50000000_249999999"
	AnnualRevenue250000000Plus       EstimatedAnnualRevenue = "250000000_plus"
)

// HighRiskInfo is what the verification of an entity asks about risks. A nil field is a question that the entity has
// left open.
type HighRiskInfo struct {
	OperatesInProhibitedCountries *bool `json:"operatesInProhibitedCountries,omitzero"`
	// HighRiskActivities is one activity, although its name is a plural.
	HighRiskActivities               *HighRiskActivity `json:"highRiskActivities,omitzero"`
	HighRiskActivitiesExplanation    *string           `json:"highRiskActivitiesExplanation,omitzero"`
	ConductsMoneyServices            *bool             `json:"conductsMoneyServices,omitzero"`
	ConductsMoneyServicesDescription *string           `json:"conductsMoneyServicesDescription,omitzero"`
}

// HighRiskActivity is a business with a high risk of abuse. Values that are not listed here pass through.
type HighRiskActivity string

// The high-risk activities.
const (
	HighRiskAdultEntertainment           HighRiskActivity = "adult_entertainment"
	HighRiskGambling                     HighRiskActivity = "gambling"
	HighRiskHoldClientFunds              HighRiskActivity = "hold_client_funds"
	HighRiskInvestmentServices           HighRiskActivity = "investment_services"
	HighRiskLendingBanking               HighRiskActivity = "lending_banking"
	HighRiskMarijuanaOrRelatedServices   HighRiskActivity = "marijuana_or_related_services"
	HighRiskMoneyServices                HighRiskActivity = "money_services"
	HighRiskNicotineOrTobacco            HighRiskActivity = "nicotine_tobacco_or_related_services"
	HighRiskForeignExchangeOrOTC         HighRiskActivity = "operate_foreign_exchange_virtual_currencies_brokerage_otc"
	HighRiskPharmaceuticals              HighRiskActivity = "pharmaceuticals"
	HighRiskPreciousMetalsOrJewelry      HighRiskActivity = "precious_metals_precious_stones_jewelry"
	HighRiskSafeDepositBoxRentals        HighRiskActivity = "safe_deposit_box_rentals"
	HighRiskThirdPartyPaymentProcessing  HighRiskActivity = "third_party_payment_processing"
	HighRiskWeaponsFirearmsAndExplosives HighRiskActivity = "weapons_firearms_and_explosives"
	HighRiskNoneOfTheAbove               HighRiskActivity = "none_of_the_above"
)

// CreateEntityAccountRequest is an entity to be onboarded.
type CreateEntityAccountRequest struct {
	EntityInfo      EntityInfo                   `json:"entityInfo"`
	EntityDocuments []EntityVerificationDocument `json:"entityDocuments,omitzero"`
	// RootUsers are the users who sign for the account, at least one.
	RootUsers []RootUserParam `json:"rootUsers" check:"min=1"`
	// AssociatedPersons are the owners and representatives, including the person who creates the account. They can be
	// added later: see [Client.AddAssociatedPerson].
	AssociatedPersons []AssociatedPersonParam `json:"associatedPersons,omitzero"`
	// WalletAddress makes a self-custodial account with this wallet. If it is empty, the account gets a wallet of its
	// own.
	WalletAddress string `json:"walletAddress,omitzero" check:"address"`
	// ByzantineTermsSignedAt is when Byzantine's terms were accepted.
	ByzantineTermsSignedAt time.Time `json:"byzantineTermsSignedAt"`
}

// CreateEntityAccountResponse is an entity and an account that were made.
type CreateEntityAccountResponse struct {
	EntityID           string                 `json:"entityId" check:"must"`  // UUID
	AccountID          string                 `json:"accountId" check:"must"` // UUID
	VerificationStatus VerificationStatus     `json:"verificationStatus"`
	EntityInfo         EntityInfo             `json:"entityInfo"`
	EntityDocuments    []VerificationDocument `json:"entityDocuments,omitzero"`
	RootUsers          []RootUser             `json:"rootUsers"`
	AssociatedPersons  []AssociatedPerson     `json:"associatedPersons,omitzero"`
	WalletAddress      string                 `json:"walletAddress"`
	// ByzantineTermsSignedAt is the time as the API writes it. Its format is not documented.
	ByzantineTermsSignedAt string `json:"byzantineTermsSignedAt"`
	// MissingCompanyData and MissingDocuments are what the verification still needs, in words; nil if nothing.
	MissingCompanyData []string `json:"missingCompanyData,omitzero"`
	MissingDocuments   []string `json:"missingDocuments,omitzero"`
}

// CreateEntityAccount onboards an entity: it makes the entity, its root users, an account and its wallet, and starts
// the verification (KYB). It takes 30 to 90 seconds, which the default timeouts allow.
//
// Operation create_entity_account. After [ErrOutcomeUnknown] check with [Client.GetCustomers] whether the entity is
// there.
func (c *Client) CreateEntityAccount(ctx context.Context, req *CreateEntityAccountRequest, opts ...CallOption) (*CreateEntityAccountResponse, error) {
	return createEntityAccount.call(ctx, c, req, opts)
}

// UpdateEntityAccountRequest adds to an entity's data or changes them. What is nil stays as it is.
type UpdateEntityAccountRequest struct {
	AccountID       string                       `json:"accountId" check:"uuid"`
	EntityInfo      *EntityInfoUpdate            `json:"entityInfo,omitzero"`
	EntityDocuments []EntityVerificationDocument `json:"entityDocuments,omitzero"`
}

// UpdateEntityAccountResponse is what was changed, and how far the verification is.
type UpdateEntityAccountResponse struct {
	EntityID           string                 `json:"entityId" check:"must"`  // UUID
	AccountID          string                 `json:"accountId" check:"must"` // UUID
	VerificationStatus VerificationStatus     `json:"verificationStatus"`
	EntityInfo         *EntityInfoUpdate      `json:"entityInfo,omitzero"`
	EntityDocuments    []VerificationDocument `json:"entityDocuments,omitzero"`
	// MissingDocuments and MissingCompanyData are what the verification still needs, in words; nil if nothing.
	MissingDocuments   []string `json:"missingDocuments,omitzero"`
	MissingCompanyData []string `json:"missingCompanyData,omitzero"`
}

// UpdateEntityAccount sends more of an entity's data and documents, all at once or bit by bit. The response repeats
// only what was sent. It takes up to 90 seconds, which the default timeouts allow.
//
// Operation update_entity_account. [ErrNotFound] if there is no such account. After [ErrOutcomeUnknown] read the entity
// with [Client.GetEntityDetails], which shows no documents. The same update can be sent again.
func (c *Client) UpdateEntityAccount(ctx context.Context, req *UpdateEntityAccountRequest, opts ...CallOption) (*UpdateEntityAccountResponse, error) {
	return updateEntityAccount.call(ctx, c, req, opts)
}

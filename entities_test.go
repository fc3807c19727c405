package byzantine_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/byzantine-finance/byzantine-go"
)

var doeInFull = byzantine.EntityInfo{
	BusinessLegalName: "Doe SA", BusinessTradeName: "Doe & Co", BusinessType: byzantine.BusinessCorporation, CompanyNumber: "1",
	Email: "info@example.com", Website: "https://example.com", LogoURL: "https://example.com/l",
	RegisteredAddress: doeAddress, PhysicalAddress: doeAddress,
	ActivityInfo:  &byzantine.ActivityInfo{BusinessDescription: "Bakery", BusinessIndustry: 0},
	FinancialInfo: doeMoney,
	HighRiskInfo: &byzantine.HighRiskInfo{
		OperatesInProhibitedCountries: new(false), HighRiskActivities: new(byzantine.HighRiskNoneOfTheAbove), HighRiskActivitiesExplanation: new("none"),
		ConductsMoneyServices: new(false), ConductsMoneyServicesDescription: new(""),
	},
}

var (
	doeAddress = &byzantine.Address{StreetLine1: "1 rue de la Paix", City: "Paris", PostalCode: "75002", Country: "FRA"}

	doeMoney = &byzantine.FinancialInfo{
		PreferredPrimaryCurrency: byzantine.CurrencyEURC, SourceOfFunds: byzantine.EntityFundsOwnersCapital,
		EstimatedAnnualRevenueUSD: byzantine.AnnualRevenue0To99999,
	}

	owner = byzantine.AssociatedPersonParam{
		UserInfo:           jane,
		BeneficiaryDetails: byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO}, OwnershipPercentage: new(60.5)},
	}
)

const (
	// Zeros and false values of required fields are sent.
	doeRest = `"businessTradeName":"Doe & Co","businessType":"corporation","companyNumber":"1","email":"info@example.com","website":"https://example.com",` +
		`"logoUrl":"https://example.com/l","registeredAddress":` + minimalAddress + `,"physicalAddress":` + minimalAddress + `,` +
		`"activityInfo":{"businessDescription":"Bakery","businessIndustry":0},` +
		`"financialInfo":{"preferredPrimaryCurrency":"eurc","sourceOfFunds":"owners_capital","estimatedAnnualRevenueUsd":"0_99999","expectedMonthlyPaymentsUsd":0,"hasMaterialIntermediaryEntityOwner":false},` +
		`"highRiskInfo":{"operatesInProhibitedCountries":false,"highRiskActivities":"none_of_the_above","highRiskActivitiesExplanation":"none","conductsMoneyServices":false,"conductsMoneyServicesDescription":""}`
	doeInFullJSON = `{"businessLegalName":"Doe SA",` + doeRest + `}`
	ownerJSON     = `{"userInfo":` + janeJSON + `,"beneficiaryDetails":{"beneficiaryType":["ubo"],"ownershipPercentage":60.5}}`
	articlesJSON  = `{"documentType":"incorporation_articles","issuingCountry":"FRA","document":"data:application/pdf;base64,JVBERi0xLjc="}`
)

func articles(tb testing.TB) byzantine.EntityVerificationDocument {
	return byzantine.EntityVerificationDocument{DocumentType: byzantine.DocumentIncorporationArticles, IssuingCountry: "FRA", Document: aDocument(tb)}
}

func newEntity() byzantine.CreateEntityAccountRequest {
	return byzantine.CreateEntityAccountRequest{
		EntityInfo: byzantine.EntityInfo{BusinessLegalName: "Doe SA"}, RootUsers: []byzantine.RootUserParam{rootJane}, ByzantineTermsSignedAt: termsSignedAt,
	}
}

func TestEntitiesAreSent(t *testing.T) {
	letter := byzantine.EntityVerificationDocument{DocumentType: byzantine.DocumentOther, Description: "a letter", IssuingCountry: "FRA", Document: aDocument(t)}
	ownerWithPassport := owner
	ownerWithPassport.VerificationDocuments = []byzantine.UserVerificationDocument{passport(t)}
	testSent(t, []sentCase{
		{
			"create_entity_account with as little as possible",
			func(ctx context.Context, c *byzantine.Client) error {
				req := newEntity()
				return only(c.CreateEntityAccount(ctx, &req))
			},
			"POST /v1/submit/create-entity-account",
			`{"entityInfo":{"businessLegalName":"Doe SA"},"rootUsers":[` + janeJSON + `],"byzantineTermsSignedAt":"2026-09-01T10:00:00Z"}`,
		},
		{
			"create_entity_account with everything",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.CreateEntityAccount(ctx, &byzantine.CreateEntityAccountRequest{
					EntityInfo: doeInFull, EntityDocuments: []byzantine.EntityVerificationDocument{articles(t), letter},
					RootUsers: []byzantine.RootUserParam{rootJane}, AssociatedPersons: []byzantine.AssociatedPersonParam{ownerWithPassport},
					WalletAddress: testWallet, ByzantineTermsSignedAt: termsSignedAt,
				}))
			},
			"POST /v1/submit/create-entity-account",
			`{"entityInfo":` + doeInFullJSON + `,"entityDocuments":[` + articlesJSON + `,` +
				`{"documentType":"other","description":"a letter","issuingCountry":"FRA","document":"data:application/pdf;base64,JVBERi0xLjc="}],` +
				`"rootUsers":[` + janeJSON + `],"associatedPersons":[` + strings.TrimSuffix(ownerJSON, "}") + `,"verificationDocuments":[` + passportJSON + `]}],` +
				`"walletAddress":"` + testWallet + `","byzantineTermsSignedAt":"2026-09-01T10:00:00Z"}`,
		},
		{
			"update_entity_account of nothing",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.UpdateEntityAccount(ctx, &byzantine.UpdateEntityAccountRequest{AccountID: testAccountID}))
			},
			"PATCH /v1/submit/update-entity-account", `{"accountId":"` + testAccountID + `"}`,
		},
		{
			"update_entity_account of everything",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.UpdateEntityAccount(ctx, &byzantine.UpdateEntityAccountRequest{
					AccountID: testAccountID,
					EntityInfo: &byzantine.EntityInfoUpdate{
						BusinessLegalName: new("Doe SA"), BusinessTradeName: &doeInFull.BusinessTradeName, BusinessType: &doeInFull.BusinessType,
						CompanyNumber: &doeInFull.CompanyNumber, Email: &doeInFull.Email, Website: &doeInFull.Website, LogoURL: &doeInFull.LogoURL,
						RegisteredAddress: doeAddress, PhysicalAddress: doeAddress, ActivityInfo: doeInFull.ActivityInfo,
						FinancialInfo: doeMoney, HighRiskInfo: doeInFull.HighRiskInfo,
					},
					EntityDocuments: []byzantine.EntityVerificationDocument{articles(t)},
				}))
			},
			"PATCH /v1/submit/update-entity-account",
			`{"accountId":"` + testAccountID + `","entityInfo":` + doeInFullJSON + `,"entityDocuments":[` + articlesJSON + `]}`,
		},
		{
			"add_associated_person",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.AddAssociatedPerson(ctx, &byzantine.AddAssociatedPersonRequest{AccountID: testAccountID, AssociatedPerson: owner}))
			},
			"POST /v1/submit/add-associated-person", `{"accountId":"` + testAccountID + `","associatedPerson":` + ownerJSON + `}`,
		},
		{
			"add_associated_person who is both, with a share of zero",
			func(ctx context.Context, c *byzantine.Client) error {
				person := owner
				person.BeneficiaryDetails = byzantine.BeneficiaryDetails{
					BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO, byzantine.BeneficiaryRepresentative}, Title: "CEO", OwnershipPercentage: new(0.0),
				}
				return only(c.AddAssociatedPerson(ctx, &byzantine.AddAssociatedPersonRequest{AccountID: testAccountID, AssociatedPerson: person}))
			},
			"POST /v1/submit/add-associated-person",
			`{"accountId":"` + testAccountID + `","associatedPerson":{"userInfo":` + janeJSON + `,"beneficiaryDetails":{"beneficiaryType":["ubo","representative"],"title":"CEO","ownershipPercentage":0}}}`,
		},
		{
			"update_associated_person of nothing",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.UpdateAssociatedPerson(ctx, &byzantine.UpdateAssociatedPersonRequest{BeneficiaryID: testBeneficiaryID}))
			},
			"PATCH /v1/submit/update-associated-person", `{"beneficiaryId":"` + testBeneficiaryID + `","associatedPerson":{}}`,
		},
		{
			"update_associated_person of everything",
			func(ctx context.Context, c *byzantine.Client) error {
				back := passport(t)
				back.DocumentType = byzantine.DocumentNationalIDBack
				return only(c.UpdateAssociatedPerson(ctx, &byzantine.UpdateAssociatedPersonRequest{
					BeneficiaryID: testBeneficiaryID,
					AssociatedPerson: byzantine.AssociatedPersonUpdate{
						UserInfo: &byzantine.UserInfoUpdate{FirstName: new("Jane")},
						BeneficiaryDetails: &byzantine.BeneficiaryDetailsUpdate{
							BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO}, Title: new(""), OwnershipPercentage: new(25.5),
						},
						VerificationDocuments: []byzantine.UserVerificationDocument{back},
					},
				}))
			},
			"PATCH /v1/submit/update-associated-person",
			`{"beneficiaryId":"` + testBeneficiaryID + `","associatedPerson":{"userInfo":{"firstName":"Jane"},` +
				`"beneficiaryDetails":{"beneficiaryType":["ubo"],"title":"","ownershipPercentage":25.5},` +
				`"verificationDocuments":[` + strings.Replace(passportJSON, "passport", "national_id_back", 1) + `]}}`,
		},
	})
}

func TestEntitiesAreRejected(t *testing.T) {
	const in = "CreateEntityAccountRequest."
	create := func(change func(*byzantine.CreateEntityAccountRequest)) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			req := newEntity()
			change(&req)
			return only(c.CreateEntityAccount(ctx, &req))
		}
	}
	withDetails := func(details byzantine.BeneficiaryDetails) func(*byzantine.CreateEntityAccountRequest) {
		return func(r *byzantine.CreateEntityAccountRequest) {
			r.AssociatedPersons = []byzantine.AssociatedPersonParam{owner, {UserInfo: jane, BeneficiaryDetails: details}}
		}
	}
	withMoney := func(change func(*byzantine.FinancialInfo)) func(*byzantine.CreateEntityAccountRequest) {
		return func(r *byzantine.CreateEntityAccountRequest) {
			money := *doeMoney
			change(&money)
			r.EntityInfo.FinancialInfo = &money
		}
	}
	const details = in + "AssociatedPersons[1].BeneficiaryDetails."
	ubo, representative := byzantine.BeneficiaryUBO, byzantine.BeneficiaryRepresentative
	testRejected(t, []rejectedCase{
		{"no legal name", create(func(r *byzantine.CreateEntityAccountRequest) { r.EntityInfo.BusinessLegalName = "" }), in + "EntityInfo.BusinessLegalName: missing"},
		{"root users forgotten", create(func(r *byzantine.CreateEntityAccountRequest) { r.RootUsers = nil }), in + "RootUsers: missing"},
		{"no root user", create(func(r *byzantine.CreateEntityAccountRequest) { r.RootUsers = []byzantine.RootUserParam{} }), in + "RootUsers: must have at least 1 element"},
		{"a wallet that is none", create(func(r *byzantine.CreateEntityAccountRequest) { r.WalletAddress = "wallet" }), in + "WalletAddress: must be an address: 0x and 40 hex digits"},
		{"another document without a description", create(func(r *byzantine.CreateEntityAccountRequest) {
			other := articles(t)
			other.DocumentType = byzantine.DocumentOther
			r.EntityDocuments = []byzantine.EntityVerificationDocument{articles(t), other}
		}), in + "EntityDocuments[1].Description: missing: other needs it"},
		{"no document", create(func(r *byzantine.CreateEntityAccountRequest) {
			r.EntityDocuments = []byzantine.EntityVerificationDocument{{DocumentType: byzantine.DocumentTrustAgreement, IssuingCountry: "FRA"}}
		}), in + "EntityDocuments[0].Document: missing"},
		{"a negative industry", create(func(r *byzantine.CreateEntityAccountRequest) {
			r.EntityInfo.ActivityInfo = &byzantine.ActivityInfo{BusinessDescription: "b", BusinessIndustry: -1}
		}), in + "EntityInfo.ActivityInfo.BusinessIndustry: must be at least 0"},
		{"a description that is too long", create(func(r *byzantine.CreateEntityAccountRequest) {
			r.EntityInfo.ActivityInfo = &byzantine.ActivityInfo{BusinessDescription: strings.Repeat("é", 1025)}
		}), in + "EntityInfo.ActivityInfo.BusinessDescription: must have at most 1024 characters"},
		{"a currency that there is not", create(withMoney(func(f *byzantine.FinancialInfo) { f.PreferredPrimaryCurrency = "gbp" })), in + "EntityInfo.FinancialInfo.PreferredPrimaryCurrency: must be one of usd, eur, usdc, eurc"},
		{"no source of funds", create(withMoney(func(f *byzantine.FinancialInfo) { f.SourceOfFunds = "" })), in + "EntityInfo.FinancialInfo.SourceOfFunds: missing"},
		{"details forgotten", create(withDetails(byzantine.BeneficiaryDetails{})), details + "BeneficiaryType: missing"},
		{"no type", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{}})), details + "BeneficiaryType: must have at least 1 element"},
		{"an owner without a share", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{ubo}})), details + "OwnershipPercentage: missing: ubo needs it"},
		{"a representative without a title", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{representative}})), details + "Title: missing: representative needs it"},
		{"a representative with an empty title", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{representative}, Title: ""})), details + "Title: missing: representative needs it"},
		{"both without a share", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{representative, ubo}, Title: "CEO"})), details + "OwnershipPercentage: missing: ubo needs it"},
		{"both without a title", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{ubo, representative}, OwnershipPercentage: new(50.0)})), details + "Title: missing: representative needs it"},
		{"a share that is no number", create(withDetails(byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{ubo}, OwnershipPercentage: new(math.NaN())})), details + "OwnershipPercentage: must be a finite number"},
		{"the back of an id alone", create(func(r *byzantine.CreateEntityAccountRequest) {
			back, person := passport(t), owner
			back.DocumentType = byzantine.DocumentNationalIDBack
			person.VerificationDocuments = []byzantine.UserVerificationDocument{back}
			r.AssociatedPersons = []byzantine.AssociatedPersonParam{person}
		}), in + "AssociatedPersons[0].VerificationDocuments[0]: national_id_back needs national_id_front beside it"},
		{"an update of no account", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateEntityAccount(ctx, &byzantine.UpdateEntityAccountRequest{AccountID: "a"}))
		}, "UpdateEntityAccountRequest.AccountID: must be a UUID (8-4-4-4-12 hex digits)"},
		{"a person without details", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.AddAssociatedPerson(ctx, &byzantine.AddAssociatedPersonRequest{AccountID: testAccountID, AssociatedPerson: byzantine.AssociatedPersonParam{UserInfo: jane}}))
		}, "AddAssociatedPersonRequest.AssociatedPerson.BeneficiaryDetails.BeneficiaryType: missing"},
		{"an update of no person", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateAssociatedPerson(ctx, nil))
		}, "UpdateAssociatedPersonRequest.BeneficiaryID: missing"},
	})
}

func TestEntitiesAreRead(t *testing.T) {
	const (
		fullPerson = `{"beneficiaryId":"b","verificationStatus":"active","userInfo":` + janeInFullJSON + `,
			"beneficiaryDetails":{"beneficiaryType":["ubo","representative"],"title":"CEO","ownershipPercentage":60.5},
			"verificationDocuments":[` + returnedDocument + `],"missingDocuments":["passport"]}`
		minimalPerson = `{"beneficiaryId":"b","verificationStatus":"init","userInfo":` + janeJSON + `,"beneficiaryDetails":{"beneficiaryType":[]}}`
	)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.CreateEntityAccountResponse, error) {
		req := newEntity()
		return c.CreateEntityAccount(ctx, &req)
	},
		`{"entityId":"e","accountId":"a","verificationStatus":"awaiting_associated_person_information","entityInfo":`+doeInFullJSON+`,
			"entityDocuments":[`+returnedDocument+`],"rootUsers":[`+returnedRootUser+`],"associatedPersons":[`+fullPerson+`],"walletAddress":"0xaa",
			"byzantineTermsSignedAt":"1 September","missingCompanyData":["website"],"missingDocuments":["trust_agreement"]}`,
		`{"entityId":"e","accountId":"a","verificationStatus":"init","entityInfo":{"businessLegalName":"Doe SA"},"rootUsers":[],"walletAddress":"0xaa","byzantineTermsSignedAt":""}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.UpdateEntityAccountResponse, error) {
		return c.UpdateEntityAccount(ctx, &byzantine.UpdateEntityAccountRequest{AccountID: testAccountID})
	},
		`{"entityId":"e","accountId":"a","verificationStatus":"init","entityInfo":`+doeInFullJSON+`,"entityDocuments":[`+returnedDocument+`],
			"missingDocuments":["trust_agreement"],"missingCompanyData":["website"]}`,
		`{"entityId":"e","accountId":"a","verificationStatus":"init","entityInfo":{"highRiskInfo":{}}}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.AssociatedPerson, error) {
		return c.AddAssociatedPerson(ctx, &byzantine.AddAssociatedPersonRequest{AccountID: testAccountID, AssociatedPerson: owner})
	}, fullPerson, minimalPerson)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.AssociatedPerson, error) {
		return c.GetAssociatedPersonDetails(ctx, testBeneficiaryID)
	}, fullPerson, minimalPerson)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.UpdateAssociatedPersonResponse, error) {
		return c.UpdateAssociatedPerson(ctx, &byzantine.UpdateAssociatedPersonRequest{BeneficiaryID: testBeneficiaryID})
	},
		`{"beneficiaryId":"b","verificationStatus":"active","userInfo":{"firstName":"Jane"},
			"beneficiaryDetails":{"beneficiaryType":["ubo"],"title":"CEO","ownershipPercentage":60.5},
			"verificationDocuments":[`+returnedDocument+`],"missingDocuments":["passport"]}`,
		`{"beneficiaryId":"b","verificationStatus":"init"}`)
}

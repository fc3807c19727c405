package byzantine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const testWallet = "0x00000000000000000000000000000000000000aa"

var (
	termsSignedAt = time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)

	jane = byzantine.UserInfo{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"}

	janeInFull = byzantine.UserInfo{
		FirstName: "Jane", MiddleName: "Q", LastName: "Doe", Email: "jane@example.com",
		Phone: "+15550100", BirthDate: "1990-01-31", Nationality: "USA",
		ResidentialAddress: &byzantine.Address{
			StreetLine1: "1 Main St", StreetLine2: "Apt 2", City: "Albany", State: "NY", PostalCode: "12207", Country: "USA",
		},
		SocialSecurityNumber: "000-00-0000", ProfilePictureURL: "https://example.com/?a=1&b=2", CountryOfBirth: "CHE",
	}

	rootJane = byzantine.RootUserParam{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"}

	aPasskey = byzantine.AuthenticatorParam{
		AuthenticatorName: "Phone", Challenge: "AAEC",
		Attestation: byzantine.Attestation{
			CredentialID: "AQ", ClientDataJSON: "Ag", AttestationObject: "Aw", Transports: []byzantine.AuthenticatorTransport{byzantine.TransportInternal},
		},
	}

	someResponsesOnMoney = byzantine.AdditionalUserInfo{
		EmploymentStatus: byzantine.EmploymentSelfEmployed, ExpectedMonthlyPaymentsUSD: byzantine.MonthlyPayments0To4999,
		SourceOfFunds: byzantine.UserFundsSalary, MostRecentOccupation: "132011",
	}
)

const (
	janeJSON       = `{"firstName":"Jane","lastName":"Doe","email":"jane@example.com"}`
	janeInFullJSON = `{"firstName":"Jane","middleName":"Q","lastName":"Doe","email":"jane@example.com","phone":"+15550100","birthDate":"1990-01-31","nationality":"USA",` +
		`"residentialAddress":{"streetLine1":"1 Main St","streetLine2":"Apt 2","city":"Albany","state":"NY","postalCode":"12207","country":"USA"},` +
		`"socialSecurityNumber":"000-00-0000","profilePictureUrl":"https://example.com/?a=1&b=2","countryOfBirth":"CHE"}`
	aPasskeyJSON = `{"authenticatorName":"Phone","challenge":"AAEC","attestation":{"credentialId":"AQ","clientDataJson":"Ag","attestationObject":"Aw","transports":["AUTHENTICATOR_TRANSPORT_INTERNAL"]}}`
	moneyJSON    = `{"employmentStatus":"self_employed","expectedMonthlyPaymentsUsd":"0_4999","sourceOfFunds":"salary","mostRecentOccupation":"132011"}`
	passportJSON = `{"documentType":"passport","documentNumber":"12AB34567","issuingCountry":"FRA","document":"data:application/pdf;base64,JVBERi0xLjc="}`
)

func aDocument(tb testing.TB) byzantine.DataURI {
	tb.Helper()
	document, err := byzantine.NewDataURI("application/pdf", []byte("%PDF-1.7"))
	require.NoError(tb, err)
	return document
}

func passport(tb testing.TB) byzantine.UserVerificationDocument {
	return byzantine.UserVerificationDocument{
		DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA", Document: aDocument(tb),
	}
}

func newIndividual() byzantine.CreateIndividualAccountRequest {
	return byzantine.CreateIndividualAccountRequest{
		UserInfo: jane, ByzantineTermsSignedAt: termsSignedAt, RootUsers: []byzantine.RootUserParam{rootJane},
	}
}

func TestIndividualsAreSent(t *testing.T) {
	withPasskey := rootJane
	withPasskey.Authenticators = []byzantine.AuthenticatorParam{aPasskey}
	testSent(t, []sentCase{
		{
			"create_individual_account with as little as possible",
			func(ctx context.Context, c *byzantine.Client) error {
				req := newIndividual()
				return only(c.CreateIndividualAccount(ctx, &req))
			},
			"POST /v1/submit/create-individual-account",
			`{"userInfo":` + janeJSON + `,"byzantineTermsSignedAt":"2026-09-01T10:00:00Z","rootUsers":[` + janeJSON + `]}`,
		},
		{
			"create_individual_account with everything",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.CreateIndividualAccount(ctx, &byzantine.CreateIndividualAccountRequest{
					UserInfo: janeInFull, AdditionalUserInfo: &someResponsesOnMoney,
					VerificationDocuments:  []byzantine.UserVerificationDocument{passport(t)},
					ByzantineTermsSignedAt: termsSignedAt, WalletAddress: testWallet,
					RootUsers: []byzantine.RootUserParam{withPasskey},
				}))
			},
			"POST /v1/submit/create-individual-account",
			`{"userInfo":` + janeInFullJSON + `,"additionalUserInfo":` + moneyJSON + `,"verificationDocuments":[` + passportJSON + `],` +
				`"byzantineTermsSignedAt":"2026-09-01T10:00:00Z","walletAddress":"` + testWallet + `",` +
				`"rootUsers":[{"firstName":"Jane","lastName":"Doe","email":"jane@example.com","authenticators":[` + aPasskeyJSON + `]}]}`,
		},
		{
			"update_individual_account of nothing",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{AccountID: testAccountID}))
			},
			"PATCH /v1/submit/update-individual-account", `{"accountId":"` + testAccountID + `"}`,
		},
		{
			"update_individual_account of everything",
			func(ctx context.Context, c *byzantine.Client) error {
				return only(c.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{
					AccountID: testAccountID,
					UserInfo: &byzantine.UserInfoUpdate{
						FirstName: new("Jane"), MiddleName: new(""), LastName: new("Roe"), Phone: new("+15550100"), BirthDate: new("1990-01-31"),
						Nationality: new(byzantine.CountryCode("USA")), ResidentialAddress: &byzantine.Address{StreetLine1: "1 Main St", City: "Albany", PostalCode: "12207", Country: "USA"},
						SocialSecurityNumber: new("000-00-0000"), ProfilePictureURL: new("https://example.com"), CountryOfBirth: new(byzantine.CountryCode("CHE")),
					},
					AdditionalUserInfo:    &someResponsesOnMoney,
					VerificationDocuments: []byzantine.UserVerificationDocument{passport(t)},
				}))
			},
			"PATCH /v1/submit/update-individual-account",
			`{"accountId":"` + testAccountID + `","userInfo":{"firstName":"Jane","middleName":"","lastName":"Roe","phone":"+15550100","birthDate":"1990-01-31","nationality":"USA",` +
				`"residentialAddress":{"streetLine1":"1 Main St","city":"Albany","postalCode":"12207","country":"USA"},` +
				`"socialSecurityNumber":"000-00-0000","profilePictureUrl":"https://example.com","countryOfBirth":"CHE"},` +
				`"additionalUserInfo":` + moneyJSON + `,"verificationDocuments":[` + passportJSON + `]}`,
		},
	})
}

func TestIndividualsAreRejected(t *testing.T) {
	const in = "CreateIndividualAccountRequest."
	create := func(change func(*byzantine.CreateIndividualAccountRequest)) func(context.Context, *byzantine.Client) error {
		return func(ctx context.Context, c *byzantine.Client) error {
			req := newIndividual()
			change(&req)
			return only(c.CreateIndividualAccount(ctx, &req))
		}
	}
	testRejected(t, []rejectedCase{
		{"no request", func(ctx context.Context, c *byzantine.Client) error { return only(c.CreateIndividualAccount(ctx, nil)) }, in + "UserInfo.FirstName: missing"},
		{"no e-mail address", create(func(r *byzantine.CreateIndividualAccountRequest) { r.UserInfo.Email = "" }), in + "UserInfo.Email: missing"},
		{"no time of signing", create(func(r *byzantine.CreateIndividualAccountRequest) { r.ByzantineTermsSignedAt = time.Time{} }), in + "ByzantineTermsSignedAt: missing"},
		{"root users forgotten", create(func(r *byzantine.CreateIndividualAccountRequest) { r.RootUsers = nil }), in + "RootUsers: missing"},
		{"no root user", create(func(r *byzantine.CreateIndividualAccountRequest) { r.RootUsers = []byzantine.RootUserParam{} }), in + "RootUsers: must have at least 1 element"},
		{"a root user without a name", create(func(r *byzantine.CreateIndividualAccountRequest) {
			r.RootUsers = []byzantine.RootUserParam{rootJane, {FirstName: "Joe", Email: "joe@example.com"}}
		}), in + "RootUsers[1].LastName: missing"},
		{"a passkey in another base64", create(func(r *byzantine.CreateIndividualAccountRequest) {
			passkey := aPasskey
			passkey.Attestation.CredentialID = "+/=="
			r.RootUsers = []byzantine.RootUserParam{{FirstName: "J", LastName: "D", Email: "j@d", Authenticators: []byzantine.AuthenticatorParam{passkey}}}
		}), in + "RootUsers[0].Authenticators[0].Attestation.CredentialID: must be unpadded base64url"},
		{"a wallet that is none", create(func(r *byzantine.CreateIndividualAccountRequest) { r.WalletAddress = "0x0" }), in + "WalletAddress: must be an address: 0x and 40 hex digits"},
		{"a date of birth the other way round", create(func(r *byzantine.CreateIndividualAccountRequest) { r.UserInfo.BirthDate = "31.01.1990" }), in + "UserInfo.BirthDate: must be a date like 2006-01-02"},
		{"a country of two letters", create(func(r *byzantine.CreateIndividualAccountRequest) {
			r.UserInfo.Nationality = "FR"
		}), in + "UserInfo.Nationality: must be three upper-case letters (ISO 3166-1 alpha-3)"},
		{"an address without a city", create(func(r *byzantine.CreateIndividualAccountRequest) {
			r.UserInfo.ResidentialAddress = &byzantine.Address{StreetLine1: "1 Main St"}
		}), in + "UserInfo.ResidentialAddress.City: missing"},
		{"an address in a country in lower case", create(func(r *byzantine.CreateIndividualAccountRequest) {
			r.UserInfo.ResidentialAddress = &byzantine.Address{StreetLine1: "s", City: "c", PostalCode: "p", Country: "fra"}
		}), in + "UserInfo.ResidentialAddress.Country: must be three upper-case letters (ISO 3166-1 alpha-3)"},
		{"an occupation of five digits", create(func(r *byzantine.CreateIndividualAccountRequest) {
			money := someResponsesOnMoney
			money.MostRecentOccupation = "13201"
			r.AdditionalUserInfo = &money
		}), in + "AdditionalUserInfo.MostRecentOccupation: must have at least 6 characters"},
		{"the back of a national id alone", create(func(r *byzantine.CreateIndividualAccountRequest) {
			back := passport(t)
			back.DocumentType = byzantine.DocumentNationalIDBack
			r.VerificationDocuments = []byzantine.UserVerificationDocument{passport(t), back}
		}), in + "VerificationDocuments[1]: national_id_back needs national_id_front beside it"},
		{"an update of no account", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateIndividualAccount(ctx, nil))
		}, "UpdateIndividualAccountRequest.AccountID: missing"},
		{"an update with a bad date", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{
				AccountID: testAccountID, UserInfo: &byzantine.UserInfoUpdate{BirthDate: new("")},
			}))
		}, "UpdateIndividualAccountRequest.UserInfo.BirthDate: must be a date like 2006-01-02"},
	})
}

func TestDocumentsOfPersonsAreRejected(t *testing.T) {
	var cases []rejectedCase
	for _, tt := range []struct {
		name   string
		change func(*byzantine.UserVerificationDocument)
		want   string
	}{
		{"no type", func(d *byzantine.UserVerificationDocument) { d.DocumentType = "" }, "DocumentType: missing"},
		{"no country", func(d *byzantine.UserVerificationDocument) { d.IssuingCountry = "" }, "IssuingCountry: missing"},
		{"no document", func(d *byzantine.UserVerificationDocument) { d.Document = byzantine.DataURI{} }, "Document: missing"},
		{"a passport without a number", func(d *byzantine.UserVerificationDocument) { d.DocumentNumber = "" }, "DocumentNumber: missing: passport needs it"},
		{"the front of an id without a number", func(d *byzantine.UserVerificationDocument) {
			d.DocumentType, d.DocumentNumber = byzantine.DocumentNationalIDFront, ""
		}, "DocumentNumber: missing: national_id_front needs it"},
		{"the back of an id without a number", func(d *byzantine.UserVerificationDocument) {
			d.DocumentType, d.DocumentNumber = byzantine.DocumentNationalIDBack, ""
		}, "DocumentNumber: missing: national_id_back needs it"},
		{"another document without a description", func(d *byzantine.UserVerificationDocument) { d.DocumentType = byzantine.DocumentOther }, "Description: missing: other needs it"},
	} {
		cases = append(cases, rejectedCase{tt.name, func(ctx context.Context, c *byzantine.Client) error {
			bad := passport(t)
			tt.change(&bad)
			return only(c.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{
				AccountID: testAccountID, VerificationDocuments: []byzantine.UserVerificationDocument{passport(t), bad},
			}))
		}, "UpdateIndividualAccountRequest.VerificationDocuments[1]." + tt.want})
	}
	testRejected(t, cases)
}

func TestDocumentsOfPersonsThatAreAccepted(t *testing.T) {
	api := newFakeAPI(t)
	api.response = `{}`
	front, back := passport(t), passport(t)
	front.DocumentType, back.DocumentType = byzantine.DocumentNationalIDFront, byzantine.DocumentNationalIDBack
	bill := byzantine.UserVerificationDocument{DocumentType: byzantine.DocumentProofOfAddress, IssuingCountry: "FRA", Document: aDocument(t)}
	other := byzantine.UserVerificationDocument{DocumentType: byzantine.DocumentOther, Description: "a letter", IssuingCountry: "FRA", Document: aDocument(t)}
	ofTheFuture := byzantine.UserVerificationDocument{DocumentType: "retina_scan", IssuingCountry: "FRA", Document: aDocument(t)}

	req := newIndividual()
	req.VerificationDocuments = []byzantine.UserVerificationDocument{back, front, bill, other, ofTheFuture}
	_, err := api.client.CreateIndividualAccount(t.Context(), &req)
	assert.NoError(t, err)
	_, err = api.client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
		AccountID: testAccountID, VerificationDocuments: []byzantine.UserVerificationDocument{back},
	})
	assert.NoError(t, err, "the front may be there from before")
}

const (
	returnedDocument        = `{"documentType":"passport","documentNumber":"12AB34567","description":"d","issuingCountry":"FRA","documentId":"d1","warnings":["blurred"],"errors":["expired"]}`
	returnedDocumentMinimal = `{"documentType":"passport","issuingCountry":"FRA","documentId":"d1"}`
	returnedRootUser        = `{"userId":"u","firstName":"Jane","lastName":"Doe","email":"jane@example.com","isPasskeyActivated":true,"isOtpActivated":false}`
)

func TestIndividualsAreRead(t *testing.T) {
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.CreateIndividualAccountResponse, error) {
		req := newIndividual()
		return c.CreateIndividualAccount(ctx, &req)
	},
		`{"userId":"u","accountId":"a","verificationStatus":"under_review","userInfo":`+janeInFullJSON+`,"additionalUserInfo":`+moneyJSON+`,
			"verificationDocuments":[`+returnedDocument+`],"walletAddress":"0xaa","byzantineTermsSignedAt":"1 September","missingDocuments":["passport"],
			"rootUsers":[`+returnedRootUser+`]}`,
		`{"userId":"u","accountId":"a","verificationStatus":"init","userInfo":`+janeJSON+`,"walletAddress":"0xaa","byzantineTermsSignedAt":"2026-09-01T10:00:00.000Z","rootUsers":[]}`)
	testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.UpdateIndividualAccountResponse, error) {
		return c.UpdateIndividualAccount(ctx, &byzantine.UpdateIndividualAccountRequest{AccountID: testAccountID})
	},
		`{"userId":"u","accountId":"a","verificationStatus":"under_review",
			"userInfo":{"firstName":"Jane","middleName":"Q","lastName":"Doe","phone":"1","birthDate":"1990-01-31","nationality":"FRA","residentialAddress":`+fullAddress+`,
				"socialSecurityNumber":"2","profilePictureUrl":"https://example.com","countryOfBirth":"CHE"},
			"additionalUserInfo":`+moneyJSON+`,"verificationDocuments":[`+returnedDocument+`],"missingDocuments":["passport"]}`,
		`{"userId":"u","accountId":"a","verificationStatus":"init","verificationDocuments":[`+returnedDocumentMinimal+`]}`)
}

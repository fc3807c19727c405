package byzantinetest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// unknownID is an id that nothing has.
const unknownID = "00000000-0000-4000-8000-000000000000"

// termsSigned is when somebody accepted the terms.
var termsSigned = time.Date(2026, 9, 1, 8, 30, 0, 0, time.UTC)

// ask calls a GET operation without parameters in its path, with a query that package byzantine may not send.
func ask(t *testing.T, client *byzantine.Client, id byzantine.OperationID, query string, out any) {
	t.Helper()
	op := operation(t, string(id))
	require.NoError(t, client.Do(t.Context(), op.Method, op.Path+"?"+query, nil, out))
}

// pdf is the shortest thing that the API takes for a document.
func pdf(t *testing.T) byzantine.DataURI {
	t.Helper()
	document, err := byzantine.NewDataURI("application/pdf", []byte("%PDF-1.7\n"))
	require.NoError(t, err)
	return document
}

func passport(t *testing.T) byzantine.UserVerificationDocument {
	return byzantine.UserVerificationDocument{
		DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA", Document: pdf(t),
	}
}

func nationalID(t *testing.T, side byzantine.DocumentType) byzantine.UserVerificationDocument {
	return byzantine.UserVerificationDocument{
		DocumentType: side, DocumentNumber: "X4RTBPFW4", IssuingCountry: "FRA", Document: pdf(t),
	}
}

func proofOfAddress(t *testing.T) byzantine.UserVerificationDocument {
	return byzantine.UserVerificationDocument{DocumentType: byzantine.DocumentProofOfAddress, IssuingCountry: "FRA", Document: pdf(t)}
}

func entityDocument(t *testing.T, kind byzantine.DocumentType) byzantine.EntityVerificationDocument {
	return byzantine.EntityVerificationDocument{DocumentType: kind, IssuingCountry: "FRA", Document: pdf(t)}
}

func home() *byzantine.Address {
	return &byzantine.Address{StreetLine1: "12 rue Lepic", City: "Paris", PostalCode: "75018", Country: "FRA"}
}

// ada is the smallest request that onboards a person.
func ada() *byzantine.CreateIndividualAccountRequest {
	return &byzantine.CreateIndividualAccountRequest{
		UserInfo:               byzantine.UserInfo{FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"},
		ByzantineTermsSignedAt: termsSigned,
		RootUsers:              []byzantine.RootUserParam{{FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"}},
	}
}

// adaInFull is a request in which nothing is missing.
func adaInFull(t *testing.T) *byzantine.CreateIndividualAccountRequest {
	req := ada()
	info := &req.UserInfo
	info.MiddleName, info.Phone, info.BirthDate = "King", "+33123456789", "1990-12-10"
	info.Nationality, info.CountryOfBirth = "FRA", "GBR"
	info.ResidentialAddress, info.ProfilePictureURL = home(), "https://example.com/ada.png"
	req.AdditionalUserInfo = &byzantine.AdditionalUserInfo{
		EmploymentStatus: byzantine.EmploymentSelfEmployed, ExpectedMonthlyPaymentsUSD: byzantine.MonthlyPayments0To4999,
		SourceOfFunds: byzantine.UserFundsSalary, MostRecentOccupation: "151252",
	}
	req.VerificationDocuments = []byzantine.UserVerificationDocument{passport(t), proofOfAddress(t)}
	return req
}

// analytical is the smallest request that onboards an entity.
func analytical() *byzantine.CreateEntityAccountRequest {
	return &byzantine.CreateEntityAccountRequest{
		EntityInfo:             byzantine.EntityInfo{BusinessLegalName: "Analytical Engines SAS"},
		RootUsers:              []byzantine.RootUserParam{{FirstName: "Charles", LastName: "Babbage", Email: "charles@example.com"}},
		ByzantineTermsSignedAt: termsSigned,
	}
}

// companyData is all that the verification of an entity asks for, documents aside.
func companyData() *byzantine.EntityInfoUpdate {
	return &byzantine.EntityInfoUpdate{
		BusinessType: new(byzantine.BusinessCorporation), CompanyNumber: new("812 345 678"), RegisteredAddress: home(),
		ActivityInfo: &byzantine.ActivityInfo{BusinessDescription: "Calculating machines", BusinessIndustry: 0},
		FinancialInfo: &byzantine.FinancialInfo{
			PreferredPrimaryCurrency: byzantine.CurrencyEUR, SourceOfFunds: byzantine.EntityFundsSalesOfGoodsAndServices,
			EstimatedAnnualRevenueUSD: byzantine.AnnualRevenue100000To999999, ExpectedMonthlyPaymentsUSD: 5000,
		},
		HighRiskInfo: &byzantine.HighRiskInfo{HighRiskActivities: new(byzantine.HighRiskNoneOfTheAbove)},
	}
}

func companyDocuments(t *testing.T) []byzantine.EntityVerificationDocument {
	return []byzantine.EntityVerificationDocument{
		entityDocument(t, byzantine.DocumentIncorporationCert),
		entityDocument(t, byzantine.DocumentShareholderRegistry),
		entityDocument(t, byzantine.DocumentProofOfAddress),
	}
}

// owner is an owner of an entity, without documents.
func owner(first, last, email string, share float64) byzantine.AssociatedPersonParam {
	return byzantine.AssociatedPersonParam{
		UserInfo: byzantine.UserInfo{FirstName: first, LastName: last, Email: email},
		BeneficiaryDetails: byzantine.BeneficiaryDetails{
			BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO}, OwnershipPercentage: &share,
		},
	}
}

// refused checks that the API rejects a call with a status, in JSON, and with these words.
func refused(t *testing.T, err error, status int, words string) {
	t.Helper()
	var refusal *byzantine.Error
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, status, refusal.StatusCode, refusal.Message)
	assert.Equal(t, "application/json", refusal.Header.Get("Content-Type"))
	assert.Contains(t, refusal.Message, words)
}

// operation finds the method and the path of a route.
func operation(t *testing.T, id string) byzantine.Operation {
	t.Helper()
	for op := range byzantine.Operations() {
		if string(op.ID) == id {
			return op
		}
	}
	require.FailNow(t, "no such operation", id)
	return byzantine.Operation{}
}

// post sends a body that the client would not send, and returns status and body of the response.
func post(t *testing.T, server *byzantinetest.Server, operationID, body string) (int, string) {
	t.Helper()
	op := operation(t, operationID)
	require.NotEqual(t, http.MethodGet, op.Method)
	return send(t, server, op.Method, op.Path, body, nil)
}

// customerEvents is the types of an account's events, the oldest first.
func customerEvents(t *testing.T, client *byzantine.Client, accountID string) []byzantine.EventType {
	t.Helper()
	list, err := client.ListEvents(t.Context(), &byzantine.ListEventsRequest{AccountID: accountID})
	require.NoError(t, err)
	var types []byzantine.EventType
	for _, e := range list.Events {
		types = append([]byzantine.EventType{e.Type}, types...)
	}
	return types
}

// spoilt is a request body that the client would not send.
func spoilt(t *testing.T, req any, spoil func(body map[string]any)) string {
	t.Helper()
	text, err := json.Marshal(req)
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, json.Unmarshal(text, &body))
	spoil(body)
	text, err = json.Marshal(body)
	require.NoError(t, err)
	return string(text)
}

// newPasskey is a passkey of a new authenticator, as it is registered.
func newPasskey(t *testing.T) byzantine.AuthenticatorParam {
	t.Helper()
	return enrolPasskey(t, passkeytest.NewAuthenticator()).Authenticator
}

// statusOf is the status with which the API responded to a call that went well.
func statusOf(t *testing.T, call func(opts ...byzantine.CallOption) error) int {
	t.Helper()
	var answer byzantine.Response
	require.NoError(t, call(byzantine.WithResponse(&answer)))
	return answer.StatusCode
}

package byzantine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// A person is onboarded with what is known of them. The response says what the verification still needs.
func ExampleClient_CreateIndividualAccount() {
	client, stop := clientOf(onboardingAPI)
	defer stop()
	passport, stopReading := scan("passport.pdf")
	defer stopReading()

	document, err := byzantine.ReadDataURI(passport)
	if err != nil {
		log.Fatal(err)
	}
	account, err := client.CreateIndividualAccount(context.Background(), &byzantine.CreateIndividualAccountRequest{
		UserInfo: byzantine.UserInfo{
			FirstName: "Jane",
			LastName:  "Doe",
			Email:     "jane@example.com",
			BirthDate: "1990-01-31",
			ResidentialAddress: &byzantine.Address{
				StreetLine1: "1 rue de la Paix", PostalCode: "75002", City: "Paris", Country: "FRA",
			},
		},
		VerificationDocuments: []byzantine.UserVerificationDocument{{
			DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA", Document: document,
		}},
		RootUsers:              []byzantine.RootUserParam{{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"}},
		ByzantineTermsSignedAt: time.Date(2026, time.September, 1, 10, 0, 0, 0, time.UTC),
	})
	if errors.Is(err, byzantine.ErrOutcomeUnknown) {
		fmt.Println("see with GetUserDetails whether there is a jane@example.com before you try again")
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.VerificationStatus)
	fmt.Println("still missing:", account.MissingDocuments)
	// Output:
	// awaiting_information
	// still missing: [proof_of_address]
}

// An entity is created together with the people who own it and act for it. Jane does both, so she has a share and a title.
func ExampleClient_CreateEntityAccount() {
	client, stop := clientOf(onboardingAPI)
	defer stop()
	articles, stopReading := scan("articles.pdf")
	defer stopReading()

	document, err := byzantine.ReadDataURI(articles)
	if err != nil {
		log.Fatal(err)
	}
	account, err := client.CreateEntityAccount(context.Background(), &byzantine.CreateEntityAccountRequest{
		EntityInfo: byzantine.EntityInfo{
			BusinessLegalName: "Doe Bakery",
			BusinessType:      byzantine.BusinessCorporation,
			HighRiskInfo:      &byzantine.HighRiskInfo{OperatesInProhibitedCountries: new(false)},
		},
		EntityDocuments: []byzantine.EntityVerificationDocument{{
			DocumentType: byzantine.DocumentIncorporationArticles, IssuingCountry: "FRA", Document: document,
		}},
		AssociatedPersons: []byzantine.AssociatedPersonParam{{
			UserInfo: byzantine.UserInfo{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"},
			BeneficiaryDetails: byzantine.BeneficiaryDetails{
				BeneficiaryType:     []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO, byzantine.BeneficiaryRepresentative},
				OwnershipPercentage: new(60.0),
				Title:               "Director",
			},
		}},
		RootUsers:              []byzantine.RootUserParam{{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"}},
		ByzantineTermsSignedAt: time.Date(2026, time.September, 1, 10, 0, 0, 0, time.UTC),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.VerificationStatus)
	for _, person := range account.AssociatedPersons {
		fmt.Println(person.UserInfo.FirstName, "is", person.VerificationStatus)
	}
	// Output:
	// awaiting_associated_person_information
	// Jane is init
}

// Missing data can follow bit by bit. What is not set stays as it is.
func ExampleClient_UpdateAssociatedPerson() {
	client, stop := clientOf(onboardingAPI)
	defer stop()

	person, err := client.UpdateAssociatedPerson(context.Background(), &byzantine.UpdateAssociatedPersonRequest{
		BeneficiaryID: "33333333-4444-4555-8666-777777777777",
		AssociatedPerson: byzantine.AssociatedPersonUpdate{
			UserInfo: &byzantine.UserInfoUpdate{Nationality: new(byzantine.CountryCode("FRA"))},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(person.VerificationStatus)
	// Output: under_review
}

// A request that cannot succeed is rejected before anything is sent, and the error names the field.
func ExampleClient_AddAssociatedPerson_invalid() {
	client, stop := clientOf(onboardingAPI)
	defer stop()

	_, err := client.AddAssociatedPerson(context.Background(), &byzantine.AddAssociatedPersonRequest{
		AccountID: "11111111-2222-4333-8444-555555555555",
		AssociatedPerson: byzantine.AssociatedPersonParam{
			UserInfo:           byzantine.UserInfo{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"},
			BeneficiaryDetails: byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO}},
		},
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, byzantine.ErrInvalidRequest))
	// Output:
	// byzantine: AddAssociatedPersonRequest.AssociatedPerson.BeneficiaryDetails.OwnershipPercentage: missing: ubo needs it
	// true
}

// A document can be logged: only its type and size show.
func ExampleNewDataURI() {
	document, err := byzantine.NewDataURI("application/pdf", []byte("%PDF-1.7 Jane Doe, born 1990-01-31"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v\n", document)
	// Output: application/pdf, 34 bytes
}

// A kind of bank account that is not known yet is still there, as JSON.
func ExampleBankAccount() {
	client, stop := clientOf(map[string]string{"GET /v1/query/get-bank-accounts": `{"bankAccounts":[
		{"name":"Euro","bankAccountDetails":{"country":"FRA","last4":"0189"},"createdAt":"2026-09-01T10:00:00Z"},
		{"name":"Dollar","bankAccountDetails":{"routingNumber":"021000021","last4":"6789"},"createdAt":"2026-09-01T10:00:00Z"},
		{"name":"Peso","bankAccountDetails":{"clabe":"***9719"},"createdAt":"2026-09-01T10:00:00Z"}]}`})
	defer stop()

	list, err := client.GetBankAccounts(context.Background(), &byzantine.GetBankAccountsRequest{
		AccountID: "11111111-2222-4333-8444-555555555555",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, account := range list.BankAccounts {
		switch details := account.BankAccountDetails; {
		case details.IBAN != nil:
			fmt.Println(account.Name, "IBAN ending in", details.IBAN.Last4)
		case details.ACH != nil:
			fmt.Println(account.Name, "account ending in", details.ACH.Last4)
		default:
			fmt.Println(account.Name, string(details.Unknown))
		}
	}
	// Output:
	// Euro IBAN ending in 0189
	// Dollar account ending in 6789
	// Peso {"clabe":"***9719"}
}

// onboardingAPI has the API's responses in these examples, by method and path.
var onboardingAPI = map[string]string{
	"POST /v1/submit/create-individual-account": `{"verificationStatus":"awaiting_information","missingDocuments":["proof_of_address"]}`,
	"POST /v1/submit/create-entity-account": `{"verificationStatus":"awaiting_associated_person_information",
		"associatedPersons":[{"userInfo":{"firstName":"Jane"},"verificationStatus":"init"}]}`,
	"PATCH /v1/submit/update-associated-person": `{"verificationStatus":"under_review"}`,
}

// clientOf returns a client of a server that gives these responses, by method and path.
func clientOf(responses map[string]string) (client *byzantine.Client, stop func()) {
	mux := http.NewServeMux()
	for route, response := range responses {
		mux.HandleFunc(route, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, response) })
	}
	server := httptest.NewServer(mux)
	key, err := byzantine.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	client, err = byzantine.NewClient(key, byzantine.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	return client, server.Close
}

// scan writes a small PDF file and returns its path.
func scan(name string) (path string, remove func()) {
	folder, err := os.MkdirTemp("", "scan")
	if err != nil {
		log.Fatal(err)
	}
	path = filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte("%PDF-1.7\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	return path, func() { os.RemoveAll(folder) }
}

package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// The client knows every word that the API takes: the sandbox takes each of them, and no other.
func TestWordsThatTheAPITakes(t *testing.T) {
	client := newServer(t).Client()
	person, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	company, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	individual := func(change func(*byzantine.AdditionalUserInfo)) error {
		info := *adaInFull(t).AdditionalUserInfo
		change(&info)
		_, err := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: person.AccountID, AdditionalUserInfo: &info,
		})
		return err
	}
	entity := func(change func(*byzantine.EntityInfoUpdate)) error {
		info := companyData()
		change(info)
		_, err := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{
			AccountID: company.AccountID, EntityInfo: info,
		})
		return err
	}
	words, err := contract.Constants("..", false)
	require.NoError(t, err)
	for typeName, send := range map[string]func(word string) error{
		"EmploymentStatus": func(word string) error {
			return individual(func(i *byzantine.AdditionalUserInfo) { i.EmploymentStatus = byzantine.EmploymentStatus(word) })
		},
		"ExpectedMonthlyPayments": func(word string) error {
			return individual(func(i *byzantine.AdditionalUserInfo) {
				i.ExpectedMonthlyPaymentsUSD = byzantine.ExpectedMonthlyPayments(word)
			})
		},
		"UserSourceOfFunds": func(word string) error {
			return individual(func(i *byzantine.AdditionalUserInfo) { i.SourceOfFunds = byzantine.UserSourceOfFunds(word) })
		},
		"BusinessType": func(word string) error {
			return entity(func(i *byzantine.EntityInfoUpdate) { *i.BusinessType = byzantine.BusinessType(word) })
		},
		"EntitySourceOfFunds": func(word string) error {
			return entity(func(i *byzantine.EntityInfoUpdate) {
				i.FinancialInfo.SourceOfFunds = byzantine.EntitySourceOfFunds(word)
			})
		},
		"EstimatedAnnualRevenue": func(word string) error {
			return entity(func(i *byzantine.EntityInfoUpdate) {
				i.FinancialInfo.EstimatedAnnualRevenueUSD = byzantine.EstimatedAnnualRevenue(word)
			})
		},
		"HighRiskActivity": func(word string) error {
			return entity(func(i *byzantine.EntityInfoUpdate) {
				*i.HighRiskInfo.HighRiskActivities = byzantine.HighRiskActivity(word)
			})
		},
	} {
		t.Run(typeName, func(t *testing.T) {
			require.NotEmpty(t, words[typeName])
			for _, word := range words[typeName] {
				assert.NoError(t, send(word))
			}
			refused(t, send("nonsense"), 400, "must be one of ")
		})
	}
}

func TestDocumentsOfPersonsAndOfEntities(t *testing.T) {
	client := newServer(t).Client()
	person, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	company, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	words, err := contract.Constants("..", false)
	require.NoError(t, err)
	ofBoth := 0
	for _, word := range words["DocumentType"] {
		t.Run(word, func(t *testing.T) {
			kind := byzantine.DocumentType(word)
			_, ofPerson := client.UpdateIndividualAccount(t.Context(), &byzantine.UpdateIndividualAccountRequest{
				AccountID: person.AccountID,
				VerificationDocuments: []byzantine.UserVerificationDocument{
					nationalID(t, byzantine.DocumentNationalIDFront),
					{DocumentType: kind, DocumentNumber: "1", Description: "d", IssuingCountry: "FRA", Document: pdf(t)},
				},
			})
			_, ofEntity := client.UpdateEntityAccount(t.Context(), &byzantine.UpdateEntityAccountRequest{
				AccountID: company.AccountID,
				EntityDocuments: []byzantine.EntityVerificationDocument{
					{DocumentType: kind, Description: "d", IssuingCountry: "FRA", Document: pdf(t)},
				},
			})
			switch {
			case ofPerson == nil && ofEntity == nil:
				ofBoth++
			case ofPerson == nil:
				refused(t, ofEntity, 400, "entityDocuments[0].documentType: must be one of")
			default:
				require.NoError(t, ofEntity)
				refused(t, ofPerson, 400, "verificationDocuments[1].documentType: must be one of")
			}
		})
	}
	assert.Equal(t, 2, ofBoth, "proof_of_address and other")
}

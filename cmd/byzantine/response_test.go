package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// The fields of a response stand below those of the request, whether it is an object, a list or one of two objects.
func TestOperationsListResponseFields(t *testing.T) {
	for id, want := range map[string]string{
		"health_check":                        `status +always +string`,
		"init_otp":                            `otpId +always +string`,
		"get_assets":                          `\[\]\.symbol +always +string`,
		"get_bank_accounts":                   `bankAccounts\[\]\.bankAccountDetails\.routingNumber +may be absent +string`,
		"get_transaction":                     `status +always +string: withdrawal_initiated, .*completed`,
		"get_current_integrator_capabilities": `label +may be absent +string`,
		"create_individual_account":           `missingDocuments +may be absent +list of string`,
		"list_subscriptions":                  `subscriptions\[\]\.subscription\.url +always +string`,
	} {
		_, text, stderr := runWith(t, nil, "", "operations", id)
		_, response, found := strings.Cut(text, "\nResponse:\n")
		require.True(t, found, "%s: %s%s", id, text, stderr)
		assert.Regexp(t, regexp.MustCompile(`(?m)^  `+want), response, id)
	}
	_, text, _ := runWith(t, nil, "", "operations", "delete_subscription")
	assert.NotContains(t, text, "Response:", "it is empty")
}

// What the sandbox sends has no field that the command does not list, and each field that it lists as always there.
func TestResponseFieldsAreThoseOfTheSandbox(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("5"))
	env := map[string]string{"BYZANTINE_BASE_URL": sandbox.URL, "BYZANTINE_PRIVATE_KEY": sandbox.Key().SecretHex()}
	for id, arguments := range map[string][]string{
		"health_check": nil, "get_assets": nil, "get_top_vaults": nil, "list_events": nil,
		"get_user_details": {"userId=" + user.ID}, "get_account_details": {"accountId=" + account.ID},
		"get_account_balances": {"accountId=" + account.ID}, "get_all_transactions": nil, "get_customers": nil,
	} {
		listed := map[string]presence{}
		for _, f := range responseFields(id) {
			listed[f.Name] = f.Presence
		}
		require.NotEmpty(t, listed, id)
		op, err := operation(id)
		require.NoError(t, err)
		require.Equal(t, http.MethodGet, op.Method)
		status, text, stderr := runWith(t, env, "", append([]string{"call", id}, arguments...)...)
		require.Zero(t, status, "%s: %s", id, stderr)
		var value any
		require.NoError(t, json.Unmarshal([]byte(text), &value))
		checkListed(t, id, "", value, listed)
	}
}

func checkListed(t *testing.T, id, path string, value any, listed map[string]presence) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			checkListed(t, id, path+"[]", element, listed)
		}
	case map[string]any:
		for field, there := range listed {
			name, below := strings.CutPrefix("."+field, strings.TrimSuffix("."+path, ".")+".")
			if below && !strings.ContainsAny(name, ".[") && there != mayBeAbsent {
				assert.Contains(t, value, name, "%s: %s", id, field)
			}
		}
		for name, below := range value {
			field := strings.TrimPrefix(path+"."+name, ".")
			assert.Contains(t, listed, field, id)
			if below == nil {
				assert.NotEqual(t, always, listed[field], "%s: %s", id, field)
			}
			checkListed(t, id, field, below, listed)
		}
	}
}

func TestOperationsJSONHasResponseFields(t *testing.T) {
	_, text, _ := runWith(t, nil, "", "operations", "-json")
	var list []operationJSON
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list, len(slices.Collect(byzantine.Operations())))
	for _, op := range list {
		empty := op.ID == string(byzantine.OpDeleteWebhookSubscription) || op.ID == string(byzantine.OpDeleteCredential)
		assert.Equal(t, empty, len(op.Response) == 0, op.ID)
	}
}

// Which kind of document or person needs a field that others can leave out is what the library checks.
func TestConditionsAreThoseOfTheLibrary(t *testing.T) {
	missing := regexp.MustCompile(`(\w+): missing: (\w+) needs it`)
	found := map[string][]string{}
	check := func(request any, kind string, names map[string]string) {
		if m := missing.FindStringSubmatch(fmt.Sprint(wire.Check(request))); m != nil {
			assert.Equal(t, kind, m[2])
			found[names[m[1]]] = append(found[names[m[1]]], kind)
		}
	}
	content, err := byzantine.NewDataURI("image/png", []byte("\x89PNG\r\n\x1a\n"))
	require.NoError(t, err)
	documents := map[string]string{"DocumentNumber": "Documents[].documentNumber", "Description": "Documents[].description"}
	for _, kind := range allowedValues("create_individual_account")["verificationDocuments[].documentType"] {
		check(&byzantine.UserVerificationDocument{DocumentType: byzantine.DocumentType(kind), IssuingCountry: "FRA", Document: content}, kind, documents)
	}
	persons := map[string]string{"OwnershipPercentage": "beneficiaryDetails.ownershipPercentage", "Title": "beneficiaryDetails.title"}
	for _, kind := range allowedValues("create_entity_account")["associatedPersons[].beneficiaryDetails.beneficiaryType[]"] {
		check(&byzantine.BeneficiaryDetails{BeneficiaryType: []byzantine.BeneficiaryType{byzantine.BeneficiaryType(kind)}}, kind, persons)
	}
	assert.Equal(t, conditions, found)
	_, text, _ := runWith(t, nil, "", "operations", "update_associated_person")
	assert.Regexp(t, `beneficiaryDetails\.title +body +optional `, text)
	for _, operation := range []string{"create_individual_account", "create_entity_account", "add_associated_person"} {
		_, text, _ := runWith(t, nil, "", "operations", operation)
		assert.Regexp(t, `ocuments\[\]\.description +body +required for other `, text)
	}
}

package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestIndividualWithTheLeast(t *testing.T) {
	server := newServer(t)
	var answer byzantine.Response
	created, err := server.Client().CreateIndividualAccount(t.Context(), ada(), byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, byzantine.VerificationActive, created.VerificationStatus, "approved at once, as in the API's sandbox")
	assert.Equal(t, ada().UserInfo, created.UserInfo)
	assert.Nil(t, created.AdditionalUserInfo)
	assert.Nil(t, created.VerificationDocuments)
	assert.Equal(t, []string{"passport, or national_id_front and national_id_back", "proof_of_address"}, created.MissingDocuments)
	assert.Equal(t, "2026-09-01T08:30:00.000Z", created.ByzantineTermsSignedAt)
	assert.Regexp(t, "^0x[0-9a-fA-F]{40}$", created.WalletAddress)
	assert.Equal(t, []byzantine.RootUser{{
		UserID: created.UserID, FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com", IsOTPActivated: true,
	}}, created.RootUsers, "a user without a passkey has one-time codes")
}

func TestIndividualInFull(t *testing.T) {
	server := newServer(t)
	req := adaInFull(t)
	phone := newPasskey(t)
	req.RootUsers[0].Authenticators = []byzantine.AuthenticatorParam{phone}
	created, err := server.Client().CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, req.UserInfo, created.UserInfo)
	assert.Equal(t, req.AdditionalUserInfo, created.AdditionalUserInfo)
	assert.Empty(t, created.MissingDocuments)
	require.Len(t, created.VerificationDocuments, 2)
	first := created.VerificationDocuments[0]
	assert.NotEmpty(t, first.DocumentID)
	first.DocumentID = ""
	assert.Equal(t, byzantine.VerificationDocument{
		DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA",
	}, first)
	require.Len(t, created.RootUsers, 1)
	assert.True(t, created.RootUsers[0].IsPasskeyActivated)
	assert.False(t, created.RootUsers[0].IsOTPActivated)

	user, err := server.Client().GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{Email: "ada@example.com"})
	require.NoError(t, err)
	require.Len(t, user.Accounts, 1)
	require.Len(t, user.Accounts[0].Authenticators, 1)
	assert.Equal(t, phone.Attestation.CredentialID, user.Accounts[0].Authenticators[0].CredentialID)
}

func TestWealthManagerSignsForSeveralPersons(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	manager := byzantine.RootUserParam{FirstName: "Mary", LastName: "Somerville", Email: "mary@example.com"}
	req := ada()
	req.RootUsers = []byzantine.RootUserParam{manager}
	first, err := client.CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	req.UserInfo.Email = "annabella@example.com"
	second, err := client.CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first.RootUsers, second.RootUsers, "one user for one e-mail address")
	assert.NotEqual(t, first.UserID, second.UserID)

	account, err := client.GetAccountDetails(t.Context(), first.AccountID)
	require.NoError(t, err)
	roles := map[string]byzantine.AccountUserRole{}
	for _, u := range account.Users {
		roles[u.Email] = u.Role
	}
	assert.Equal(t, map[string]byzantine.AccountUserRole{
		"mary@example.com": byzantine.RoleRoot, "ada@example.com": byzantine.RoleBeneficiary,
	}, roles)
}

func TestWalletFromOutsideMakesAnAccountSelfCustodial(t *testing.T) {
	server := newServer(t)
	req := ada()
	req.WalletAddress = "0x00000000000000000000000000000000000000aa"
	created, err := server.Client().CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, req.WalletAddress, created.WalletAddress)
	account, err := server.Client().GetAccountDetails(t.Context(), created.AccountID)
	require.NoError(t, err)
	assert.False(t, account.WalletDetails.IsTurnkeyWallet)
	require.Len(t, account.Users, 1)
	assert.Equal(t, byzantine.RoleSelfCustodial, account.Users[0].Role)
}

func TestRefusedIndividuals(t *testing.T) {
	server := newServer(t)
	server.AddUser(byzantinetest.User{Email: "known@example.com"})
	taken := newPasskey(t)
	server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{taken}})
	for name, test := range map[string]struct {
		spoil func(*byzantine.CreateIndividualAccountRequest)
		words string
	}{
		"a known person":     {func(r *byzantine.CreateIndividualAccountRequest) { r.UserInfo.Email = "Known@example.com" }, "userInfo.email: there is a user"},
		"no e-mail address":  {func(r *byzantine.CreateIndividualAccountRequest) { r.UserInfo.Email = "ada" }, "userInfo.email: must be an e-mail address"},
		"a name and address": {func(r *byzantine.CreateIndividualAccountRequest) { r.RootUsers[0].Email = "A <a@example.com>" }, "rootUsers[0].email: must be"},
		"one root user twice": {func(r *byzantine.CreateIndividualAccountRequest) {
			r.RootUsers = append(r.RootUsers, r.RootUsers[0])
		}, "rootUsers[1].email: twice"},
		"no state in the United States": {func(r *byzantine.CreateIndividualAccountRequest) {
			r.UserInfo.ResidentialAddress = home()
			r.UserInfo.ResidentialAddress.Country = "USA"
		}, "userInfo.residentialAddress.state"},
		"a passkey of somebody else": {func(r *byzantine.CreateIndividualAccountRequest) {
			r.RootUsers[0].Authenticators = []byzantine.AuthenticatorParam{taken}
		}, "rootUsers[0].authenticators[0]: the credential is already registered"},
		"one passkey for two": {func(r *byzantine.CreateIndividualAccountRequest) {
			r.RootUsers[0].Authenticators = []byzantine.AuthenticatorParam{newPasskey(t)}
			r.RootUsers = append(r.RootUsers, byzantine.RootUserParam{
				FirstName: "Mary", LastName: "Somerville", Email: "mary@example.com", Authenticators: r.RootUsers[0].Authenticators,
			})
		}, "rootUsers[1].authenticators[0]: the credential is already registered"},
	} {
		t.Run(name, func(t *testing.T) {
			req := ada()
			test.spoil(req)
			_, err := server.Client().CreateIndividualAccount(t.Context(), req)
			refused(t, err, 400, test.words)
		})
	}
	list, err := server.Client().GetCustomers(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, list.IndividualCustomers, "a refused request leaves nothing behind")
	_, err = server.Client().CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err, "nor does it take the e-mail address")
}

func TestIndividualsThatTheClientWouldNotSend(t *testing.T) {
	server := newServer(t)
	for name, test := range map[string]struct {
		spoil func(map[string]any)
		words string
	}{
		"the form of June: no root users": {func(b map[string]any) { delete(b, "rootUsers") }, "rootUsers"},
		"empty root users":                {func(b map[string]any) { b["rootUsers"] = []any{} }, "rootUsers"},
		"no terms":                        {func(b map[string]any) { delete(b, "byzantineTermsSignedAt") }, "byzantineTermsSignedAt"},
		"no last name":                    {func(b map[string]any) { delete(b["userInfo"].(map[string]any), "lastName") }, "userInfo.lastName"},
		"the back of an id alone": {func(b map[string]any) {
			b["verificationDocuments"] = []any{map[string]any{
				"documentType": "national_id_back", "documentNumber": "1", "issuingCountry": "FRA", "document": "data:application/pdf;base64,JVBERi0=",
			}}
		}, "national_id_front"},
		"a passport without its number": {func(b map[string]any) {
			b["verificationDocuments"] = []any{map[string]any{
				"documentType": "passport", "issuingCountry": "FRA", "document": "data:application/pdf;base64,JVBERi0=",
			}}
		}, "documentNumber"},
		"a document that is a web page": {func(b map[string]any) {
			b["verificationDocuments"] = []any{map[string]any{
				"documentType": "proof_of_address", "issuingCountry": "FRA", "document": "data:text/html;base64,JVBERi0=",
			}}
		}, "media type"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := post(t, server, "create_individual_account", spoilt(t, ada(), test.spoil))
			assert.Equal(t, 400, status)
			assert.Contains(t, body, test.words)
		})
	}
}

func TestEntityWithTheLeast(t *testing.T) {
	server := newServer(t)
	var answer byzantine.Response
	created, err := server.Client().CreateEntityAccount(t.Context(), analytical(), byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, byzantine.VerificationActive, created.VerificationStatus)
	assert.Equal(t, analytical().EntityInfo, created.EntityInfo)
	assert.Equal(t, []string{"businessType", "companyNumber", "registeredAddress", "activityInfo", "financialInfo", "highRiskInfo"}, created.MissingCompanyData)
	assert.Equal(t, []string{"incorporation_cert", "shareholder_registry", "proof_of_address"}, created.MissingDocuments)
	assert.Nil(t, created.AssociatedPersons)
	require.Len(t, created.RootUsers, 1)
	assert.Equal(t, "charles@example.com", created.RootUsers[0].Email)
	assert.Equal(t, "2026-09-01T08:30:00.000Z", created.ByzantineTermsSignedAt)
}

func TestEntityInFull(t *testing.T) {
	server := newServer(t)
	req := analytical()
	data := companyData()
	req.EntityInfo = byzantine.EntityInfo{
		BusinessLegalName: "Analytical Engines SAS", BusinessTradeName: "Engines", BusinessType: *data.BusinessType,
		CompanyNumber: *data.CompanyNumber, Email: "hello@example.com", Website: "https://example.com",
		LogoURL: "https://example.com/logo.png", RegisteredAddress: home(), PhysicalAddress: home(),
		ActivityInfo: data.ActivityInfo, FinancialInfo: data.FinancialInfo, HighRiskInfo: data.HighRiskInfo,
	}
	req.EntityDocuments = companyDocuments(t)
	creator := owner("Charles", "Babbage", "charles@example.com", 60)
	creator.VerificationDocuments = []byzantine.UserVerificationDocument{passport(t), proofOfAddress(t)}
	req.AssociatedPersons = []byzantine.AssociatedPersonParam{creator, owner("Ada", "Lovelace", "ada@example.com", 40)}
	created, err := server.Client().CreateEntityAccount(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, req.EntityInfo, created.EntityInfo)
	assert.Len(t, created.EntityDocuments, 3)
	assert.Empty(t, created.MissingCompanyData)
	assert.Empty(t, created.MissingDocuments)
	require.Len(t, created.AssociatedPersons, 2)
	assert.Equal(t, creator.UserInfo, created.AssociatedPersons[0].UserInfo)
	assert.Len(t, created.AssociatedPersons[0].VerificationDocuments, 2)
	assert.Empty(t, created.AssociatedPersons[0].MissingDocuments)
	assert.NotEmpty(t, created.AssociatedPersons[1].MissingDocuments)

	account, err := server.Client().GetAccountDetails(t.Context(), created.AccountID)
	require.NoError(t, err)
	require.Len(t, account.Users, 2)
	assert.Equal(t, byzantine.RoleRoot, account.Users[0].Role, "the creator is one user, not two")
	assert.Equal(t, byzantine.RoleBeneficiary, account.Users[1].Role)
}

func TestRefusedEntities(t *testing.T) {
	server := newServer(t)
	server.AddUser(byzantinetest.User{Email: "known@example.com"})
	for name, test := range map[string]struct {
		spoil func(*byzantine.CreateEntityAccountRequest)
		words string
	}{
		"a known person": {func(r *byzantine.CreateEntityAccountRequest) {
			r.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("K", "Nown", "known@example.com", 30)}
		}, "associatedPersons[0].userInfo.email: there is a user"},
		"one person twice": {func(r *byzantine.CreateEntityAccountRequest) {
			r.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("A", "B", "a@example.com", 30), owner("A", "B", "A@example.com", 30)}
		}, "associatedPersons[1].userInfo.email: twice"},
		"more than all": {func(r *byzantine.CreateEntityAccountRequest) {
			r.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("A", "B", "a@example.com", 101)}
		}, "associatedPersons[0].beneficiaryDetails.ownershipPercentage"},
		"another type": {func(r *byzantine.CreateEntityAccountRequest) {
			person := owner("A", "B", "a@example.com", 30)
			person.BeneficiaryDetails.BeneficiaryType = []byzantine.BeneficiaryType{"heir"}
			r.AssociatedPersons = []byzantine.AssociatedPersonParam{person}
		}, "beneficiaryType[0]: must be one of ubo, representative"},
	} {
		t.Run(name, func(t *testing.T) {
			req := analytical()
			test.spoil(req)
			_, err := server.Client().CreateEntityAccount(t.Context(), req)
			refused(t, err, 400, test.words)
		})
	}
	for name, spoil := range map[string]func(map[string]any){
		"no root users":      func(b map[string]any) { delete(b, "rootUsers") },
		"empty root users":   func(b map[string]any) { b["rootUsers"] = []any{} },
		"no legal name":      func(b map[string]any) { b["entityInfo"] = map[string]any{} },
		"no terms":           func(b map[string]any) { delete(b, "byzantineTermsSignedAt") },
		"ubo without share":  func(b map[string]any) { b["associatedPersons"] = []any{personOf("ubo")} },
		"nameless office":    func(b map[string]any) { b["associatedPersons"] = []any{personOf("representative")} },
		"ubo without office": func(b map[string]any) { b["associatedPersons"] = []any{personOf("ubo", "representative")} },
		"no type":            func(b map[string]any) { b["associatedPersons"] = []any{personOf()} },
	} {
		t.Run(name, func(t *testing.T) {
			status, body := post(t, server, "create_entity_account", spoilt(t, analytical(), spoil))
			assert.Equal(t, 400, status, body)
		})
	}
	status, body := post(t, server, "create_entity_account", spoilt(t, analytical(), func(b map[string]any) { b["associatedPersons"] = nil }))
	assert.Equal(t, 200, status, "associated persons may be null: %s", body)
}

// personOf is the JSON of an associated person of these types, without the fields that the types require.
func personOf(types ...string) map[string]any {
	return map[string]any{
		"userInfo":           map[string]any{"firstName": "A", "lastName": "B", "email": "a@example.com"},
		"beneficiaryDetails": map[string]any{"beneficiaryType": append([]string{}, types...)},
	}
}

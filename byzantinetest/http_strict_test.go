package byzantinetest_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestDocumentIsServedWithoutCredentials(t *testing.T) {
	server := newServer(t)
	res, err := http.Get(server.URL + "/api-docs/openapi-integrator.json")
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var document struct {
		OpenAPI string
		Paths   map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &document))
	assert.Equal(t, "3.0.3", document.OpenAPI)
	assert.Contains(t, document.Paths, "/v1/submit/sign-payload-passkey")
}

// Each mistake in a request's form is an error, and the lenient sandbox takes what can be understood all the same.
func TestFormOfRequests(t *testing.T) {
	strict, lenient := newServer(t), newServer(t, byzantinetest.WithLenientRequests())
	plain := func(h http.Header) { h.Set("Content-Type", "text/plain") }
	const credential = `{"label":"x","accessScope":"read_only"}`
	deposit := func(amount string) string {
		return `{"accountId":"` + unknownID + `","vaultAddr":"` + byzantinetest.VaultBaseUSDC + `","amount":` + amount + `,"sourceCurrency":"usdc"}`
	}
	const understood = 0 // what is wrong is the account, nothing else
	const depositPath = "/v1/query/get-deposit-payload-passkey?chain_id=8453"
	for name, c := range map[string]struct {
		path, body string
		spoil      func(http.Header)
		status     int
		words      string
		lenient    int
	}{
		"nothing wrong":               {"/v1/integrator/credentials", credential, nil, 201, "privateKey", 201},
		"charset":                     {"/v1/integrator/credentials", credential, func(h http.Header) { h.Set("Content-Type", "application/json; charset=utf-8") }, 201, "privateKey", 201},
		"text/plain":                  {"/v1/integrator/credentials", credential, plain, 415, "Content-Type", 201},
		"no Content-Type":             {"/v1/integrator/credentials", credential, func(h http.Header) { h.Del("Content-Type") }, 415, "Content-Type", 201},
		"an unknown field":            {"/v1/integrator/credentials", `{"label":"x","scope":"read_only"}`, nil, 400, "scope: the API has no such field", 201},
		"another letter case":         {"/v1/integrator/credentials", `{"Label":"x"}`, nil, 400, "Label: the API has no such field", 201},
		"a field twice":               {"/v1/integrator/credentials", `{"label":"x","label":"y"}`, nil, 400, "label: the field is there twice", 201},
		"a word that is none":         {"/v1/integrator/credentials", `{"accessScope":"admin"}`, nil, 400, "accessScope: must be one of read_write, read_only", 400},
		"a number for a text":         {"/v1/integrator/credentials", `{"label":7}`, nil, 400, "label: must be a string, not a number", 400},
		"a list for the body":         {"/v1/integrator/credentials", `[]`, nil, 400, "the body must be an object, not an array", 400},
		"nothing for the body":        {"/v1/integrator/credentials", ``, nil, 400, "it ends too early", 400},
		"two bodies":                  {"/v1/integrator/credentials", `{}{}`, nil, 400, "something after the value", 400},
		"not JSON":                    {"/v1/integrator/credentials", `{"label":NaN}`, nil, 400, "not JSON at byte", 400},
		"not UTF-8":                   {"/v1/integrator/credentials", "{\"label\":\"\xff\"}", nil, 400, "not UTF-8", 400},
		"a number for an amount":      {depositPath, deposit("1.5"), nil, 400, "amount: must be a string, not a number", understood},
		"a text for an amount":        {depositPath, deposit(`"1.5"`), nil, 400, "account", 400},
		"an unknown query parameter":  {depositPath + "&chainId=8453", deposit(`"1.5"`), nil, 400, "chainId: the operation has no such query parameter", understood},
		"the old name of a parameter": {"/v1/query/get-transfer-payload-passkey?chainId=8453", `{}`, nil, 400, "chainId", 400},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := send(t, strict, "POST", c.path, c.body, c.spoil)
			assert.Equal(t, c.status, status, text)
			assert.Contains(t, text, c.words)
			status, text = send(t, lenient, "POST", c.path, c.body, c.spoil)
			if c.lenient == understood {
				assert.Contains(t, text, "account not found")
				return
			}
			assert.Equal(t, c.lenient, status, text)
		})
	}
}

// The check of all responses would find a response that is not the API's.
func TestCheckOfResponsesFindsMistakes(t *testing.T) {
	const good = `{"integratorId":"` + unknownID + `","accessScope":"read_only","label":null,"capabilities":{"canWrite":false}}`
	require.NoError(t, byzantinetest.CheckAnswer("get_current_integrator_capabilities", 200, good))
	for body, words := range map[string]string{
		`{"integratorId":"x","accessScope":"read_only","capabilities":{}}`:                                   "capabilities.canWrite: missing",
		`{"integratorId":"x","accessScope":"none","capabilities":{"canWrite":false}}`:                        "accessScope: must be one of",
		`{"integratorId":7,"accessScope":"read_only","capabilities":{"canWrite":false}}`:                     "integratorId: number instead of string",
		`{"integratorId":null,"accessScope":"read_only","capabilities":{"canWrite":false}}`:                  "integratorId: null",
		`{"integratorId":"x","accessScope":"read_only","capabilities":{"canWrite":false},"integrator_id":7}`: "integrator_id: unknown",
	} {
		assert.ErrorContains(t, byzantinetest.CheckAnswer("get_current_integrator_capabilities", 200, body), words)
	}
	assert.Error(t, byzantinetest.CheckAnswer("get_current_integrator_capabilities", 204, ""))
}

// A field that stands beside the object that has it is the commonest slip, so the error names that object.
func TestErrorsNameTheObjectThatHasTheField(t *testing.T) {
	server := newServer(t)
	id := unknownID
	op := operation(t, "update_associated_person")
	status, text := send(t, server, op.Method, op.Path, `{"beneficiaryId":"`+id+`","verificationDocuments":[]}`, nil)
	assert.Equal(t, 400, status)
	assert.Contains(t, text, "verificationDocuments: the API has no such field: it is in associatedPerson")
}

// The users of a list have the fields that the control API's document names, and no others.
func TestListedUsersHaveTheFieldsOfTheirDocument(t *testing.T) {
	server := newServer(t)
	server.AddUser(byzantinetest.User{Email: "ada@example.com"})
	user := newController(t, server).ok("getUsers", "")["users"].([]any)[0].(map[string]any)
	fields := controlOperations(t)["getUsers"].Responses["200"].Content["application/json"].Schema.Properties["users"].Items.Properties
	assert.ElementsMatch(t, slices.Collect(maps.Keys(fields)), slices.Collect(maps.Keys(user)))
}

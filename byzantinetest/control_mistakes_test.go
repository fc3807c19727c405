package byzantinetest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// controlError reads the error of a control request that has failed.
func controlError(t *testing.T, status int, text string) string {
	t.Helper()
	var problem struct {
		Error  string
		Status int
	}
	require.NoError(t, json.Unmarshal([]byte(text), &problem), text)
	assert.Equal(t, 400, status, text)
	assert.Equal(t, status, problem.Status)
	for _, word := range []string{"byzantinetest", "passkeytest", "Go ", "json:"} {
		assert.NotContains(t, problem.Error, word)
	}
	return problem.Error
}

// wrongValues are values in JSON that no field of a type takes.
func wrongValues(s schema) []string {
	switch {
	case s.Type == "string" && s.Format != "":
		return []string{`7`, `{}`, `"soon"`}
	case s.Type == "string":
		return []string{`7`, `{}`, `["x"]`}
	case s.Type == "boolean":
		return []string{`"yes"`, `0`}
	case s.Type == "integer":
		return []string{`"7"`, `1.5`, `1e99`, `true`}
	case s.Type == "array":
		return []string{`"x"`, `{}`, `[[]]`, `[null]`}
	}
	return []string{`"x"`, `7`, `["x"]`}
}

// Every field of every route is named when its value has the wrong form, and when it is missing though it is required.
func TestControlErrorsNameEveryField(t *testing.T) {
	c := newController(t, newServer(t))
	tried := 0
	for id, op := range controlOperations(t) {
		var path []string
		for _, p := range op.Parameters {
			switch {
			case p.In == "path":
				path = append(path, p.Name+"="+unknownID)
			case p.Schema.Type != "string" || p.Schema.Format != "":
				tried++
				status, text := c.call(id, "", append(path, p.Name+"=soon")...)
				assert.Regexp(t, "^"+p.Name+": ", controlError(t, status, text), id)
			}
		}
		if op.Parameters == nil || len(path) < len(op.Parameters) {
			status, text := c.call(id, "", append(path, "no-such=1")...)
			assert.Equal(t, "no-such: there is no such query parameter", controlError(t, status, text), id)
		}
		if op.Method == "GET" || op.Method == "DELETE" || id == "setWorld" {
			continue
		}
		fields := op.Body.Content["application/json"].Schema
		for name, s := range fields.Properties {
			for _, value := range wrongValues(s) {
				tried++
				status, text := c.call(id, fmt.Sprintf(`{%q:%s}`, name, value), path...)
				assert.Regexp(t, "^"+name+`(\[0\])?: `, controlError(t, status, text), "%s: %s", id, value)
			}
		}
		for _, name := range fields.Required {
			tried++
			without := maps.Clone(fields.Properties)
			delete(without, name)
			for _, body := range []string{exampleBody(without), strings.Replace(exampleBody(without), "{", fmt.Sprintf(`{%q:null,`, name), 1)} {
				status, text := c.call(id, strings.Replace(body, ",}", "}", 1), path...)
				assert.Equal(t, name+": missing", controlError(t, status, text), "%s %s", id, body)
			}
		}
		for body, want := range map[string]string{
			`{"noSuch":1}`: "noSuch: the API has no such field", `[]`: "the body must be an object, not an array",
			`{`: "the body is not JSON at byte ", `{} {}`: "the body is not JSON at byte ",
		} {
			status, text := c.call(id, body, path...)
			assert.Contains(t, controlError(t, status, text), want, id)
		}
	}
	assert.Greater(t, tried, 100)
}

// exampleBody is a body in JSON with a value of the right form for each field.
func exampleBody(fields map[string]schema) string {
	values := map[string]any{}
	for name, s := range fields {
		switch {
		case s.Format == "date-time":
			values[name] = "2026-09-01T12:00:00Z"
		case s.Format == "decimal":
			values[name] = "1"
		case s.Format == "go-duration":
			values[name] = "1s"
		case s.Type == "string":
			values[name] = "x"
		case s.Type == "boolean":
			values[name] = true
		case s.Type == "integer":
			values[name] = 1
		case s.Type == "array":
			values[name] = []any{}
		default:
			values[name] = map[string]any{}
		}
	}
	text, _ := json.Marshal(values)
	return string(text)
}

// fieldName is what an error begins with: a field's name, perhaps with what is below it.
var fieldName = regexp.MustCompile(`^([A-Za-z]+)(\[\d+\])?(\.[A-Za-z]+(\[\d+\])?)*: `)

// Errors that a value of the right form causes name the field as well, by its name in the request.
func TestControlErrorsOfTheWorldNameTheField(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	operations := controlOperations(t)
	user := server.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}}).ID
	waiting := server.AddAccount(byzantinetest.Account{Status: "under_review"}).ID
	own, unknown := "id="+account, "id="+unknownID
	bank := `{"accountId":"` + waiting + `","currency":"usd","label":"x","achBankAccountDetails":{"bankName":"b","accountNumber":"1234567890","routingNumber":"021000021",` +
		`"checkingOrSavings":"checking"}}`
	for _, m := range []struct{ id, body, parameter, want string }{
		{"approve", "", unknown, "id: no account " + unknownID},
		{"fund", `{"chainId":1,"currency":"usdc","amount":"1"}`, unknown, "id: no account"},
		{"fund", `{"chainId":10,"currency":"usdc","amount":"1"}`, own, "chainId: unknown chain 10"},
		{"fund", `{"chainId":1,"currency":"gbp","amount":"1"}`, own, "currency: must be one of usd, eur, usdc, eurc"},
		{"fund", `{"chainId":1,"currency":"usdc","amount":"-1"}`, own, "amount: must be positive"},
		{"fund", `{"chainId":1,"currency":"usdc","amount":"0.0000009"}`, own, "amount: 0 after six decimals"},
		{"fund", `{"chainId":1,"currency":"usdc","amount":"1,000"}`, own, "amount: must be a decimal number such as 1250.50: "},
		{"fund", `{"chain":1,"currency":"usdc","amount":"1"}`, own, `chain: the API has no such field, did you mean "chainId"?`},
		{"activate", `{"chains":[1,10]}`, own, "chains[1]: unknown chain 10"},
		{"activate", "", unknown, "id: no account"},
		{"setStatus", `{"status":"lost"}`, own, "status: must be one of not_started"},
		{"setStatus", `{"status":"active"}`, unknown, "id: no account"},
		{"setAssociatedPersonStatus", `{"status":"active"}`, unknown, "id: no associated person"},
		{"failTransaction", `{"status":"reverted"}`, unknown, "id: no transaction"},
		{"settleWithdrawal", "", unknown, "id: no transaction"},
		{"queueWithdrawals", `{"queue":true}`, "id=0x1", "id: no vault 0x1: there are " + byzantinetest.VaultBaseUSDC + ", "},
		{"setWorld", `{"users":[{"id":"u1"}]}`, "", "users[0].id: must be a UUID"},
		{"setWorld", `{"users":[{"email":"x"}]}`, "", "users[0].email: the API has no such field: it is in users[0].info"},
		{"setWorld", `{"userz":[]}`, "", `userz: the API has no such field, did you mean "users"?`},
		{"setWorld", `{"accounts":[{"positions":[{"vault":"x"}]}]}`, "", "accounts[0].positions[0].vault: the API has no such field"},
		{"retryDelivery", "", unknown, "id: webhook delivery not found"},
		{"getDeliveries", "", "status=lost", "status: must be one of pending, "},
		{"addUser", `{"email":"ADA@example.com"}`, "", "email: there is a user with the address ADA@example.com already"},
		{"addUser", `{"userId":"` + user.ID + `"}`, "", "userId: there is a user " + user.ID + " already"},
		{"addUser", `{"authenticators":[{"authenticatorName":"x","challenge":"AAAA","attestation":{"credentialId":"AA","clientDataJson":"AA","attestationObject":"AA","transports":[]}}]}`, "", "authenticators[0]: "},
		{"addUser", `{"authenticators":[{"authenticatorName":"x","attestation":{}}]}`, "", "authenticators[0].challenge: missing"},
		{"addUser", `{"userId":"u1"}`, "", "userId: must be a UUID"},
		{"addAccount", `{"accountId":"a1"}`, "", "accountId: must be a UUID"},
		{"addAccount", `{"accountId":"` + account + `"}`, "", "accountId: there is an account " + account + " already"},
		{"addAccount", `{"userIds":["` + user.ID + `","` + unknownID + `"]}`, "", "userIds[1]: no user " + unknownID},
		{"addAccount", `{"foreign":true,"userIds":["` + user.ID + `"]}`, "", "userIds: "},
		{"addAccount", `{"roles":["root"]}`, "", "roles: "},
		{"addAccount", `{"userIds":["` + user.ID + `"],"roles":["boss"]}`, "", "roles[0]: must be one of root"},
		{"addAccount", `{"type":"trust"}`, "", "type: must be one of individual, company"},
		{"addAccount", `{"verificationStatus":"lost"}`, "", "verificationStatus: must be one of not_started"},
		{"addBankAccount", `{"accountId":"x","currency":"usd","label":"x"}`, "", "accountId: must be a UUID"},
		{"addBankAccount", `{"accountId":"` + account + `","currency":"usd","label":"x"}`, "", "achBankAccountDetails: exactly one"},
		{"addBankAccount", bank, "", "accountId: the customer's verification is under_review"},
		{"addBankAccount", strings.Replace(bank, waiting, unknownID, 1), "", "accountId: "},
		{"addFault", `{"operationId":"init_opt","status":503}`, "", `operationId: the API has no operation "init_opt", did you mean "init_otp"?`},
		{"addFault", `{"operationId":"init_otp"}`, "", "status: missing: "},
		{"addFault", `{"operationId":"init_otp","status":42}`, "", "status: must be from 200 to 599"},
		{"addFault", `{"operationId":"init_otp","status":503,"times":-1}`, "", "times: must be positive"},
		{"addFault", `{"operationId":"init_otp","delay":"-1s"}`, "", "delay: must not be negative"},
		{"clearFaults", "", "operationId=init_opt", `operationId: the API has no operation "init_opt", did you mean "init_otp"?`},
		{"triggerEvent", `{"eventType":"customer.activ"}`, "", `eventType: there is no event type "customer.activ", did you mean "customer.active"?`},
		{"triggerEvent", `{"eventType":"webhook.test"}`, "", "eventType: there is no enabled webhook subscription"},
		{"triggerEvent", `{"eventType":"customer.active","accountId":"` + unknownID + `"}`, "", "accountId: no account"},
		{"triggerEvent", `{"eventType":"customer.created","accountId":"` + account + `"}`, "", "accountId: customer.created is about no account that exists"},
		{"triggerEvent", `{"eventType":"transaction.completed","accountId":"` + waiting + `"}`, "", "accountId: the account " + waiting + " has no transactions"},
		{"advanceClock", `{"duration":"-1s"}`, "", "duration: must be positive"},
		{"advanceClock", `{"duration":"1 day"}`, "", "duration: must be a duration such as 1h30m or 250ms"},
		{"cancelCeremonies", `{"times":-1}`, "name=x", "times: must not be negative"},
		{"createCredential", `{"options":{"rp":{"name":7}}}`, "name=x", "options.rp.name: must not be a number"},
		{"createCredential", `{"options":{"rp":{}}}`, "name=x", "options.rp.name: missing"},
		{"createCredential", `{"options":{"rp":{"id":"example.com","name":"x"},"user":{"id":"=","name":"n","displayName":"d"},"challenge":"AAAA","pubKeyCredParams":[]}}`, "name=x", "options.user.id: must be unpadded base64url"},
		{"getCredential", `{"options":{"challenge":"?"}}`, "name=x", "options.challenge: must be unpadded base64url"},
		{"getCredential", `{"options":{"challenge":"AAAA","allowCredentials":[{"type":"public-key","id":"AAAA"},{"type":"public-key","id":"+"}]}}`, "name=x", "options.allowCredentials[1].id: must be unpadded base64url"},
		{"getMailbox", "", "wait=-1s", "wait: must not be negative"},
		{"getMailbox", "", "email=ada+1@example.com", "email: an address has no blank: write + as %2B, as a bare + is a blank in a query"},
		{"getRequests", "", "status=none", "status: must be an integer"},
		{"getUsers", "", "limit=-1", "limit: must not be negative"},
		{"getAccounts", "", "offset=-1", "offset: must not be negative"},
	} {
		t.Run(m.id+" "+m.body+m.parameter, func(t *testing.T) {
			status, text := c.call(m.id, m.body, m.parameter)
			problem := controlError(t, status, text)
			assert.Contains(t, problem, m.want)
			assert.True(t, strings.HasPrefix(problem, m.want[:strings.Index(m.want, ": ")+2]), problem)
			if strings.Contains(m.want, "no such field") || m.id == "setWorld" { // whose schema is a reference
				return
			}
			if found := fieldName.FindStringSubmatch(problem); assert.NotNil(t, found, problem) {
				assert.Contains(t, operations[m.id].names(), found[1])
			}
		})
	}
}

// names are the parameters and the fields of an operation.
func (o controlOperation) names() []string {
	names := slices.Collect(maps.Keys(o.Body.Content["application/json"].Schema.Properties))
	for _, p := range o.Parameters {
		names = append(names, p.Name)
	}
	return names
}

// What a route does not take is an error also where it takes nothing.
func TestControlRoutesWithoutABody(t *testing.T) {
	server := newServer(t)
	for body, want := range map[string]int{"": 204, "{}": 204, `{"account":"x"}`: 400, "x": 400} {
		res, err := http.Post(server.URL+byzantinetest.ControlPath+"webhooks/deliver", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, want, res.StatusCode, body)
	}
}

// The headers of a fault are texts, or lists of texts where one comes several times.
func TestFaultHeadersAreTextsOrLists(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	c.ok("addFault", `{"operationId":"list_events","status":503,"headers":{"Retry-After":"1","x-two":["a","b"],"X-None":[]}}`)
	res, err := http.Get(server.URL + "/v1/query/events")
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, []string{"1"}, res.Header["Retry-After"])
	assert.Equal(t, []string{"a", "b"}, res.Header["X-Two"])
	for headers, want := range map[string]string{
		`{"Retry-After":1}`: "headers.Retry-After: must be a text or a list of texts", `{"A":null}`: "headers.A: must be", `{"A":[1]}`: "headers.A: must be", `[]`: "headers: must be an object",
	} {
		status, text := c.call("addFault", `{"operationId":"list_events","headers":`+headers+`}`)
		assert.Contains(t, controlError(t, status, text), want)
	}
	headers := controlOperations(t)["addFault"].Body.Content["application/json"].Schema.Properties["headers"]
	assert.JSONEq(t, `{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}`, string(headers.AdditionalProperties))
}

// A code is there before its otpId is known to anybody, so there is nothing to wait for when an otpId is not found.
func TestWaitingForACodeThatWasNeverSent(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	ada, bob := server.AddUser(byzantinetest.User{Email: "ada@example.com"}), server.AddUser(byzantinetest.User{})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{ada.ID, bob.ID}})
	otp, err := server.Client().InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: ada.ID})
	require.NoError(t, err)
	for query, want := range map[string]string{
		"otpId=" + unknownID:                        "otpId: no code was sent with the id " + unknownID,
		"otpId=" + unknownID + "&wait=1m":           "otpId: no code was sent with the id " + unknownID,
		"otpId=&wait=1m&userId=" + unknownID:        "userId: no user " + unknownID,
		"otpId=" + otp.OTPID + "&email=b@c&wait=1m": "otpId: the code of " + otp.OTPID + " does not match the rest of the filter",
	} {
		status, text := c.call("getMailbox", "", strings.Split(query, "&")...)
		assert.Contains(t, controlError(t, status, text), want, query)
	}
	assert.Len(t, c.ok("getMailbox", "", "otpId="+otp.OTPID, "wait=1m")["mails"], 1)
	assert.Empty(t, c.ok("getMailbox", "", "otpId="+otp.OTPID, "userId="+bob.ID)["mails"], "a filter that fits nothing, without wait")
	assert.Empty(t, c.ok("getMailbox", "", "userId="+bob.ID, "wait=1ms")["mails"])

	_, err = server.WaitForMail(context.Background(), byzantinetest.MailFilter{OTPID: unknownID})
	assert.EqualError(t, err, "byzantinetest: WaitForMail: otpId: no code was sent with the id "+unknownID+": init_otp returns it; codes are forgotten an hour after they have expired")
	_, err = server.WaitForMail(context.Background(), byzantinetest.MailFilter{UserID: unknownID})
	assert.EqualError(t, err, "byzantinetest: WaitForMail: userId: no user "+unknownID)
	_, err = server.WaitForMail(context.Background(), byzantinetest.MailFilter{OTPID: otp.OTPID, UserID: bob.ID})
	assert.ErrorContains(t, err, "does not match")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = server.WaitForMail(ended, byzantinetest.MailFilter{UserID: bob.ID})
	assert.ErrorIs(t, err, context.Canceled)
}

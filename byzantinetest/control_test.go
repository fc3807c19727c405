package byzantinetest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// controller calls the control API without any of this module's code, and holds each exchange against the document that the
// sandbox serves.
type controller struct {
	t          *testing.T
	server     *byzantinetest.Server
	operations []byzantinetest.ControlOperation
	called     map[string]bool
}

func newController(t *testing.T, server *byzantinetest.Server) *controller {
	t.Helper()
	res, err := http.Get(server.URL + byzantinetest.ControlPath + "openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	operations, err := byzantinetest.ReadControlDocument(text)
	require.NoError(t, err)
	return &controller{t, server, operations, map[string]bool{}}
}

// call makes a request and returns status and body of the response.
func (c *controller) call(id, body string, parameters ...string) (int, string) {
	c.t.Helper()
	i := slices.IndexFunc(c.operations, func(o byzantinetest.ControlOperation) bool { return o.ID == id })
	require.GreaterOrEqual(c.t, i, 0, id)
	op := c.operations[i]
	c.called[id] = true
	path, query := op.Path, ""
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		if placeholder := "{" + name + "}"; strings.Contains(path, placeholder) {
			path = strings.Replace(path, placeholder, value, 1)
		} else {
			query += "&" + p
		}
	}
	request, err := http.NewRequest(op.Method, c.server.URL+path+"?"+strings.TrimPrefix(query, "&"), strings.NewReader(body))
	require.NoError(c.t, err)
	res, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	if res.StatusCode < 300 {
		require.NoError(c.t, op.Check(body, res.StatusCode, string(text)), "%s: %s", id, text)
	}
	return res.StatusCode, string(text)
}

// ok makes a request that succeeds and reads its response.
func (c *controller) ok(id, body string, parameters ...string) map[string]any {
	c.t.Helper()
	status, text := c.call(id, body, parameters...)
	require.Less(c.t, status, 300, "%s: %s", id, text)
	var fields map[string]any
	if text != "" {
		require.NoError(c.t, json.Unmarshal([]byte(text), &fields))
	}
	return fields
}

// Everything that a Go test can do can be done over HTTP, and the other way round.
func TestControlAPIHasEveryMethod(t *testing.T) {
	// Those that are about the program that the sandbox runs in.
	own := []string{"Close", "Key", "ServeHTTP"}
	// Those that another route does as well.
	covered := map[string]string{"OTPCode": "getMailbox", "WaitForMail": "getMailbox", "Frozen": "getClock"}
	methods := byzantinetest.ControlMethods()
	sandbox := reflect.TypeFor[*byzantinetest.Sandbox]()
	for id, method := range methods {
		if method != "" {
			_, exists := sandbox.MethodByName(method)
			assert.True(t, exists, "%s is for a method %s", id, method)
		}
	}
	for i := range sandbox.NumMethod() {
		name := sandbox.Method(i).Name
		if name == "Held" || name == "SendCode" || slices.Contains(own, name) { // the first two are of these tests
			continue
		}
		if id := covered[name]; id != "" {
			assert.Contains(t, methods, id)
			continue
		}
		assert.Contains(t, slices.Collect(maps.Values(methods)), name, "no route for Sandbox.%s", name)
	}
}

// A whole life by the control API and signed requests: a code, a passkey, an activation, deposits, a queued withdrawal, a
// webhook, a fault. Every route is called.
func TestJourneyByTheControlAPI(t *testing.T) {
	server := stopped(t)
	c := newController(t, server)
	client := server.Client()

	user := c.ok("addUser", `{"email":"ada@example.com","firstName":"Ada"}`)
	userID := user["userId"].(string)
	account := c.ok("addAccount", `{"userIds":["`+userID+`"],"verificationStatus":"under_review"}`)
	accountID := account["accountId"].(string)
	assert.Equal(t, "Ada User", account["name"])
	c.ok("approve", "", "id="+accountID)
	c.ok("setStatus", `{"status":"resubmission_requested","reasonCodes":["DOCUMENT_EXPIRED"]}`, "id="+accountID)
	c.ok("setStatus", `{"status":"active"}`, "id="+accountID)
	assert.Len(t, c.ok("getUsers", "")["users"], 1)
	assert.EqualValues(t, 1, c.ok("getAccounts", "", "limit=1")["total"])

	// The code comes while somebody waits for it.
	mails := make(chan map[string]any)
	go func() { mails <- c.ok("getMailbox", "", "email=ADA@example.com", "wait=1m") }()
	time.Sleep(50 * time.Millisecond)
	otp, err := client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: accountID, UserID: userID})
	require.NoError(t, err)
	mail := (<-mails)["mails"].([]any)[0].(map[string]any)
	assert.Equal(t, otp.OTPID, mail["otpId"])
	assert.Empty(t, c.ok("getMailbox", "", "after="+otp.OTPID)["mails"])
	session, err := client.OTPAuth(t.Context(), &byzantine.OTPAuthRequest{AccountID: accountID, UserID: userID, OTPID: otp.OTPID, OTPCode: mail["code"].(string)})
	require.NoError(t, err)

	// The passkey, made by a software authenticator instead of a browser.
	c.ok("putAuthenticator", `{"origin":"https://app.example.com","seed":"ada"}`, "name=ada")
	created := c.ok("createCredential", `{"options":{"rp":{"id":"example.com","name":"Example"},"user":{"id":"dXNlci0x","name":"ada","displayName":"Ada"},
		"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7}]}}`, "name=ada")
	authenticator, err := json.Marshal(created["authenticator"])
	require.NoError(t, err)
	status, text := send(t, server, "POST", "/v1/submit/create-authenticators-otp",
		fmt.Sprintf(`{"sessionId":%q,"accountId":%q,"userId":%q,"authenticators":[%s]}`, session.SessionID, accountID, userID, authenticator), nil)
	require.Equal(t, 200, status, text)
	credentialID := created["response"].(map[string]any)["id"].(string)

	sign := func(payload *byzantine.Payload, err error) *byzantine.SubmittedTransaction {
		t.Helper()
		require.NoError(t, err)
		challenge, err := passkey.Challenge(payload.BodyToSign)
		require.NoError(t, err)
		if decoded, err := base64.RawURLEncoding.DecodeString(challenge); assert.NoError(t, err) {
			assert.Len(t, decoded, 64, "the hash in hexadecimal")
		}
		answer := c.ok("getCredential", fmt.Sprintf(`{"options":{"challenge":%q,"rpId":"example.com","allowCredentials":[{"type":"public-key","id":%q}]}}`,
			challenge, credentialID), "name=ada")
		body := fmt.Sprintf(`{"signedBody":%s,"transactionId":%q,"webAuthnStamp":%q}`, payload.BodyToSign, payload.TransactionID, answer["webAuthnStamp"])
		status, text := send(t, server, "POST", fmt.Sprintf("/v1/submit/sign-payload-passkey?chain_id=%d", payload.ChainID), body, nil)
		require.Less(t, status, 300, text)
		var submitted byzantine.SubmittedTransaction
		require.NoError(t, json.Unmarshal([]byte(text), &submitted))
		return &submitted
	}
	i := &investor{t: t, server: server, client: client, accountID: accountID}
	sign(i.activationPayload(byzantine.ChainBase))
	c.ok("advanceClock", `{"duration":"1m"}`)
	assert.True(t, i.smartAccount().Base)
	c.ok("activate", `{"chains":[1]}`, "id="+accountID)
	c.ok("fund", `{"chainId":1,"currency":"usdc","amount":"1000"}`, "id="+accountID)
	fiat := sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSD))
	assert.Equal(t, byzantine.TransactionWaitingForFunds, fiat.Status)
	c.ok("fund", `{"chainId":8453,"currency":"usd","amount":"100"}`, "id="+accountID)
	sign(i.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumUSDC, byzantine.MustParseDecimal("500"), byzantine.CurrencyUSDC))
	c.ok("advanceClock", `{"duration":"1m"}`)
	assert.Equal(t, byzantine.TransactionCompleted, i.transaction(fiat.TransactionID).Status)
	c.ok("queueWithdrawals", `{"queue":true}`, "id="+byzantinetest.VaultEthereumUSDC)
	queued := sign(i.withdrawPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumUSDC, byzantine.MustParseDecimal("50"), byzantine.CurrencyUSDC, ""))
	assert.Equal(t, byzantine.TransactionWithdrawalInitiated, queued.Status)
	c.ok("settleWithdrawal", "", "id="+queued.TransactionID)
	c.ok("failTransaction", `{"status":"reverted"}`, "id="+queued.TransactionID)
	assert.Equal(t, byzantine.TransactionReverted, i.transaction(queued.TransactionID).Status)
	bank, err := json.Marshal(dollarAccount(accountID))
	require.NoError(t, err)
	assert.Equal(t, "ach", c.ok("addBankAccount", string(bank))["destinationRail"])

	// A webhook and a fault.
	hook := &endpoint{now: server.Now}
	_, err = client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: listen(t, hook)})
	require.NoError(t, err)
	c.ok("setStatus", `{"status":"inactive"}`, "id="+accountID)
	c.ok("deliverWebhooks", "")
	assert.Len(t, hook.deliveries(), 1)
	deliveries := c.ok("getDeliveries", "", "status=succeeded")["deliveries"].([]any)
	assert.Len(t, deliveries, 1)
	hook.answer(503)
	c.ok("setStatus", `{"status":"active"}`, "id="+accountID)
	c.ok("deliverWebhooks", "")
	failed := c.ok("getDeliveries", "", "status=failed")["deliveries"].([]any)
	require.Len(t, failed, 1)
	id := failed[0].(map[string]any)["delivery"].(map[string]any)["id"].(string)
	assert.Equal(t, "succeeded", c.ok("retryDelivery", "", "id="+id)["outcome"])
	status, text = c.call("retryDelivery", "", "id="+id)
	assert.Equal(t, 400, status)
	assert.Contains(t, text, "cannot be manually retried")
	c.ok("addFault", `{"operationId":"init_otp","status":503}`)
	c.ok("clearFaults", "", "operationId=init_otp")
	assert.Len(t, c.ok("getTriggers", "")["triggers"], 18)
	triggered := c.ok("triggerEvent", `{"eventType":"customer.deleted","accountId":"`+accountID+`"}`)
	assert.Equal(t, []any{true, 1.0, accountID}, []any{triggered["fixture"], triggered["deliveries"], triggered["accountId"]})
	c.ok("addFault", `{"operationId":"list_events","times":2,"status":503,"body":"down","headers":{"Retry-After":["1"]}}`)
	status, text = send(t, server, "GET", "/v1/query/events", "", nil)
	assert.Equal(t, 503, status)
	assert.Equal(t, "down", text)
	c.ok("clearFaults", "")
	status, _ = send(t, server, "GET", "/v1/query/events", "", func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	assert.Equal(t, 401, status)
	requests := c.ok("getRequests", "", "operationId=list_events", "limit=1")["requests"].([]any)
	require.Len(t, requests, 1)
	assert.Contains(t, requests[0].(map[string]any)["verdict"], "X-Signature does not belong")

	// An associated person, the clock, and the world as a whole.
	company := analytical()
	company.AssociatedPersons = []byzantine.AssociatedPersonParam{owner("A", "B", "b@example.com", 30)}
	made, err := client.CreateEntityAccount(t.Context(), company)
	require.NoError(t, err)
	c.ok("setAssociatedPersonStatus", `{"status":"rejected"}`, "id="+made.AssociatedPersons[0].BeneficiaryID)
	c.ok("cancelCeremonies", `{"times":1}`, "name=ada")
	status, text = c.call("getCredential", `{"options":{"challenge":"AAAA","rpId":"example.com"}}`, "name=ada")
	assert.Equal(t, 400, status)
	assert.Contains(t, text, "NotAllowedError")
	assert.Equal(t, true, c.ok("getClock", "")["frozen"])
	assert.Equal(t, "2027-01-01T00:00:00Z", c.ok("setClock", `{"now":"2027-01-01T00:00:00Z"}`)["now"])
	assert.Equal(t, "2026-01-01T00:00:00Z", c.ok("setClock", `{"now":"2026-01-01T00:00:00Z"}`)["now"], "back as well")
	assert.Equal(t, false, c.ok("freezeClock", `{"frozen":false}`)["frozen"])
	assert.Equal(t, true, c.ok("freezeClock", `{"frozen":true}`)["frozen"])
	_, world := c.call("getWorld", "")
	c.ok("reset", "")
	assert.EqualValues(t, 0, c.ok("getAccounts", "")["total"])
	c.ok("setWorld", world)
	assert.EqualValues(t, 2, c.ok("getAccounts", "")["total"])

	for id := range byzantinetest.ControlMethods() {
		assert.True(t, c.called[id], "the journey does not call %s", id)
	}
}

func TestMistakesOverTheControlAPI(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	for name, test := range map[string]struct {
		id, body  string
		parameter string
		words     string
	}{
		"unknown account":          {"approve", "", "id=" + unknownID, "no account " + unknownID},
		"unknown status":           {"setStatus", `{"status":"lost"}`, "id=" + unknownID, "status: must be one of"},
		"unknown field":            {"addUser", `{"mail":"a@example.com"}`, "", "mail"},
		"not JSON":                 {"addUser", `{`, "", "not JSON"},
		"unknown parameter":        {"getUsers", "", "page=2", "page: there is no such query parameter"},
		"no number":                {"getUsers", "", "limit=many", "limit: must be an integer"},
		"no duration":              {"advanceClock", `{"duration":"later"}`, "", "must be a duration"},
		"back":                     {"advanceClock", `{"duration":"-1s"}`, "", "duration: must be positive"},
		"no time":                  {"setClock", `{}`, "", "now: missing"},
		"unknown operation":        {"addFault", `{"operationId":"no_such"}`, "", `operationId: the API has no operation \"no_such\"`},
		"mistyped operation":       {"addFault", `{"operationId":"init_opt"}`, "", `operationId: the API has no operation \"init_opt\", did you mean \"init_otp\"?`},
		"requests of no operation": {"getRequests", "", "operationId=InitOTP", `operationId: the API has no operation \"InitOTP\", did you mean \"init_otp\"?`},
		"no world":                 {"setWorld", `{"users":7}`, "", "cannot be read"},
		"no options":               {"createCredential", `{"options":{}}`, "name=x", "rp.name"},
		"unknown amount":           {"fund", `{"chainId":1,"currency":"usdc","amount":"-1"}`, "id=" + unknownID, "no account"},
		"unknown event":            {"triggerEvent", `{"eventType":"customer.happy"}`, "", "no event type"},
		"nobody to test":           {"triggerEvent", `{"eventType":"webhook.test"}`, "", "no enabled webhook subscription"},
		"no such account":          {"triggerEvent", `{"eventType":"customer.active","accountId":"` + unknownID + `"}`, "", "no account"},
		"a new one is new":         {"triggerEvent", `{"eventType":"customer.created","accountId":"` + unknownID + `"}`, "", "about no account that exists"},
		"unknown vault":            {"queueWithdrawals", `{"queue":true}`, "id=0x1", "no vault"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := c.call(test.id, test.body, test.parameter)
			assert.Equal(t, 400, status, text)
			assert.Contains(t, text, test.words)
			assert.NotContains(t, text, "byzantinetest")
			assert.NotContains(t, text, "Go struct")
		})
	}
	res, err := http.Post(server.URL+byzantinetest.ControlPath+"no-such", "application/json", nil)
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, 404, res.StatusCode)
}

// The n-th passkey of a seed is the same in every process, whatever the authenticator is called.
func TestSeedRepeatsItsPasskeysInTheirOrder(t *testing.T) {
	ids := func() (ids []any) {
		c := newController(t, newServer(t))
		c.ok("putAuthenticator", `{"seed":"ada"}`, "name=ada")
		for range 2 {
			created := c.ok("createCredential", `{"options":{"rp":{"id":"example.com","name":"Example"},"user":{"id":"dXNlci0x","name":"ada","displayName":"Ada"},
				"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7}]}}`, "name=ada")
			ids = append(ids, created["response"].(map[string]any)["id"])
		}
		return ids
	}
	first := ids()
	assert.NotEqual(t, first[0], first[1])
	assert.Equal(t, first, ids())
}

// What is under way falls due at its own time when the clock is set, and waits for that time when the clock is set back.
func TestClockThatIsSetForwardAndBack(t *testing.T) {
	server := stopped(t)
	c := newController(t, server)
	i := newActiveInvestor(t, server)
	status := func(id string) byzantine.TransactionStatus { return i.transaction(id).Status }
	deposit := func() string {
		return i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC)).TransactionID
	}
	first := deposit()
	c.ok("setClock", `{"now":"2026-09-01T13:00:00Z"}`)
	assert.Equal(t, byzantine.TransactionCompleted, status(first))
	assert.WithinDuration(t, noon.Add(2*time.Second), i.transaction(first).UpdatedAt, time.Second, "at its own time")

	second := deposit()
	c.ok("setClock", `{"now":"2026-09-01T12:00:00Z"}`)
	c.ok("advanceClock", `{"duration":"59m"}`)
	assert.Equal(t, byzantine.TransactionCompleted, status(first), "nothing is undone")
	assert.Equal(t, byzantine.TransactionProcessing, status(second))
	assert.Equal(t, true, c.ok("advanceClock", `{"duration":"2m"}`)["frozen"], "it stays frozen")
	assert.Equal(t, byzantine.TransactionCompleted, status(second))
}

// A world takes the place of the world only; a reset drops faults and authenticators as well.
func TestSetWorldLeavesFaultsAndAuthenticators(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	get := func() int {
		status, _ := c.call("getCredential", `{"options":{"challenge":"AAAA","rpId":"example.com"}}`, "name=ada")
		return status
	}
	c.ok("putAuthenticator", `{}`, "name=ada")
	c.ok("addFault", `{"operationId":"list_credentials","status":418,"times":2}`)
	c.ok("setWorld", `{}`)
	status, _ := send(t, server, "GET", "/v1/integrator/credentials", "", nil)
	assert.Equal(t, 418, status)
	assert.Equal(t, 400, get())
	assert.Len(t, server.Requests(), 1)
	c.ok("setWorld", `{}`)
	assert.Len(t, server.Requests(), 1)
	c.ok("reset", "")
	assert.Empty(t, server.Requests())
	status, _ = send(t, server, "GET", "/v1/integrator/credentials", "", nil)
	assert.Equal(t, 200, status)
	assert.Equal(t, 404, get())
}

// A ceremony at an authenticator that nothing has made is a typing error, and no user who dismisses it.
func TestGetAtAnAuthenticatorThatWasNeverUsed(t *testing.T) {
	c := newController(t, newServer(t))
	options := `{"options":{"challenge":"AAAA","rpId":"example.com"}}`
	status, text := c.call("getCredential", options, "name=ada")
	assert.Equal(t, 404, status)
	assert.Contains(t, text, `name: no authenticator \"ada\": create or PUT makes it`)
	assert.Contains(t, controlOperations(t)["getCredential"].Responses, "404")
	c.ok("putAuthenticator", `{}`, "name=adam")
	status, text = c.call("getCredential", options, "name=ada")
	assert.Equal(t, 404, status)
	assert.Contains(t, text, `did you mean \"adam\"?`)
	status, text = c.call("getCredential", options, "name=adam")
	assert.Equal(t, 400, status, "it has no passkey, which a page cannot tell from a dismissal")
	assert.Contains(t, text, `"name":"NotAllowedError"`)
}

func TestControlAPIIsForThisMachine(t *testing.T) {
	server := newServer(t, byzantinetest.WithControlToken("s3cret"))
	call := func(change func(*http.Request)) int {
		request, err := http.NewRequest("POST", server.URL+byzantinetest.ControlPath+"reset", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer s3cret")
		change(request)
		res, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "s3cret")
		return res.StatusCode
	}
	assert.Equal(t, 204, call(func(*http.Request) {}))
	assert.Equal(t, 401, call(func(r *http.Request) { r.Header.Del("Authorization") }))
	assert.Equal(t, 401, call(func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cre") }))
	assert.Equal(t, 403, call(func(r *http.Request) { r.Host = "rebind.example" }))
	assert.Equal(t, 403, call(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }))
	_, err := byzantinetest.New(byzantinetest.WithControlToken(""))
	assert.ErrorContains(t, err, "the token is empty")
}

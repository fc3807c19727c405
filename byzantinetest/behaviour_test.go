package byzantinetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// What is known of the API beside its OpenAPI document, one test each. A test's name begins with the section of the notes on
// the API's behaviour that has the fact, and the comment or the name says where it was seen: in Byzantine's guides (.mdx), in
// its OpenAPI document, or in its own integration tests (.test.js).

// fact is one exchange: what is sent and what comes back.
type fact struct {
	section, source    string
	name               string
	method, path, body string
	spoil              func(http.Header)
	status             int
	words              []string // of the response
}

// factWorld is a sandbox, and the ids and keys in it that the requests of the facts table use.
type factWorld struct {
	server               *byzantinetest.Server
	investor             *investor
	foreign, company     string
	readOnly             *byzantine.PrivateKey
	readOnlyPubkey       string
	inactive             *byzantine.PrivateKey
	transaction          string
	subscription, pubkey string
}

func newFactWorld(t *testing.T) *factWorld {
	t.Helper()
	w := &factWorld{server: stopped(t)}
	w.investor = newActiveInvestor(t, w.server)
	client := w.server.Client()
	w.foreign = w.server.AddAccount(byzantinetest.Account{Foreign: true}).ID
	w.company = w.server.AddAccount(byzantinetest.Account{Type: byzantine.AccountTypeCompany}).ID
	key := func(scope byzantine.AccessScope) (*byzantine.PrivateKey, string) {
		created, err := client.CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{AccessScope: scope})
		require.NoError(t, err)
		key, err := created.PrivateKey.Key()
		require.NoError(t, err)
		return key, created.Pubkey
	}
	w.readOnly, w.readOnlyPubkey = key("")
	w.inactive, _ = key(byzantine.ScopeReadWrite)
	_, err := client.UpdateCredential(t.Context(), &byzantine.UpdateCredentialRequest{Pubkey: w.inactive.PublicKeyHex(), Active: new(false)})
	require.NoError(t, err)
	w.transaction = w.investor.submit(w.investor.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)).TransactionID
	s, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "https://hooks.example.com/a"})
	require.NoError(t, err)
	w.subscription, w.pubkey = s.Subscription.ID, w.server.Key().PublicKeyHex()
	return w
}

// by signs with another key.
func (w *factWorld) by(t *testing.T, key *byzantine.PrivateKey, method, path, body string) func(http.Header) {
	return func(h http.Header) {
		signature, err := byzantine.SignRequest(t.Context(), key, w.server.Now(), method, path, []byte(body))
		require.NoError(t, err)
		signature.Apply(h)
	}
}

func without(name string) func(http.Header) { return func(h http.Header) { h.Del(name) } }

func TestFacts(t *testing.T) {
	w := newFactWorld(t)
	i := w.investor
	q := func(path string) string { return "/v1/query/" + path }
	const deposit = `{"accountId":"%s","vaultAddr":"` + byzantinetest.VaultBaseUSDC + `","amount":"%s","sourceCurrency":"usdc"}`
	invite := fmt.Sprintf(`{"accountId":"%s","newUsers":[{"firstName":"A","lastName":"B","userEmail":"x@example.com"}]}`, w.foreign)
	roles := fmt.Sprintf(`{"accountId":"%s","userIds":["%s"],"role":"view"}`, w.foreign, i.userID)
	bank := fmt.Sprintf(`{"accountId":"%s","currency":"eur","label":"x","ibanBankAccountDetails":{"bankName":"b","accountNumber":"FR7630006000011234567890189","bic":"AGRIFRPP","country":"FRA"}}`, w.foreign)
	if bankRequest, err := json.Marshal(euroAccount(w.foreign)); assert.NoError(t, err) {
		bank = string(bankRequest)
	}
	hook := func(url, rest string) string { return `{"url":"` + url + `"` + rest + `}` }
	readOnlyPost := func(path, body string) fact {
		return fact{"2", "integrator-credentials.test.js", "read_only cannot POST " + path, "POST", path, body, w.by(t, w.readOnly, "POST", path, body), 403, nil}
	}
	whoami := "/v1/integrator/whoami"
	facts := []fact{
		{"1", "June OpenAPI", "health needs no credentials", "GET", "/v1/health", "", func(h http.Header) { clear(h) }, 200, nil},
		{"1", "docs repository, sync workflow", "the document needs no credentials", "GET", "/api-docs/openapi-integrator.json", "", func(h http.Header) { clear(h) }, 200, []string{`"openapi"`}},
		{"1", "changelog.mdx", "vault data are signed, too", "GET", operation(t, "get_top_vaults").Path, "", without("X-Signature"), 400, nil},
		{"2", "events, user-invitation and integrator-credentials tests", "no X-Pubkey", "GET", whoami, "", without("X-Pubkey"), 400, []string{"X-Pubkey"}},
		{"2", "events, user-invitation and integrator-credentials tests", "no X-Timestamp", "GET", whoami, "", without("X-Timestamp"), 400, []string{"X-Timestamp"}},
		{"2", "events, user-invitation and integrator-credentials tests", "no X-Signature", "GET", whoami, "", without("X-Signature"), 400, []string{"X-Signature"}},
		{"2", "integrator-credentials.test.js", "an inactive credential", "GET", whoami, "", w.by(t, w.inactive, "GET", whoami, ""), 401, nil},
		{"2", "OpenAPI", "a bad signature", "GET", whoami, "", func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") }, 401, nil},
		{"2", "integrator-credentials.test.js", "read_only may read credentials", "GET", "/v1/integrator/credentials", "", w.by(t, w.readOnly, "GET", "/v1/integrator/credentials", ""), 200, nil},
		readOnlyPost(q("get-deposit-payload-passkey?chain_id=8453"), fmt.Sprintf(deposit, i.accountID, "1")),
		readOnlyPost("/v1/integrator/credentials", `{}`),
		readOnlyPost("/v1/integrator/credentials", `not JSON`),
		readOnlyPost("/v1/webhooks/deliveries/"+unknownID+"/retry", ""),
		{"2", "June OpenAPI", "another integrator's account: add-bank-account", "POST", operation(t, "add_bank_account").Path, bank, nil, 401, nil},
		{"2", "June OpenAPI", "another integrator's account: invitation", "POST", operation(t, "get_invite_users_payload_passkey").Path, invite, nil, 401, nil},
		{"2", "June OpenAPI", "another integrator's account: roles", "POST", operation(t, "get_update_users_role_payload_passkey").Path, roles, nil, 401, nil},
		{"2", "June OpenAPI", "another integrator's account: vault upgrade", "POST", operation(t, "get_vault_upgrade_payload_passkey").Path, fmt.Sprintf(`{"accountId":"%s","sourceVaultAddr":"%s"}`, w.foreign, byzantinetest.VaultBaseUSDCLegacy), nil, 401, nil},
		{"3", "events.test.js", "a malformed UUID", "GET", q("events?accountId=nobody"), "", nil, 400, nil},
		{"5", "CLAUDE.md", "the old name of a query parameter", "GET", q("get-transactions?account_id=" + i.accountID), "", nil, 400, nil},
		{"5", "account-data.test.js", "money is a decimal string", "GET", q("get-account-balances?accountId=" + i.accountID), "", nil, 200, []string{`"balance":"990"`, `"account_id"`, `"sub_accounts"`}},
		{"5", "generated-schemas.json", "deliveries take snake_case, too", "GET", "/v1/webhooks/deliveries?include_attempts=false", "", nil, 200, []string{`"attemptsIncluded":false`}},
		{"6", "transaction-data.test.js", "limit 0 is 1", "GET", q("get-all-transactions?limit=0"), "", nil, 200, []string{`"limit":1`}},
		{"6", "transaction-data.test.js", "limit -1 is 1", "GET", q("get-all-transactions?limit=-1"), "", nil, 200, []string{`"limit":1`}},
		{"6", "transaction-data.test.js", "limit 101 is 100", "GET", q("get-all-transactions?limit=101"), "", nil, 200, []string{`"limit":100`}},
		{"6", "transaction-data.test.js", "limit is 20 if it is left out", "GET", q("get-all-transactions"), "", nil, 200, []string{`"limit":20`, `"offset":0`}},
		{"6", "transaction-data.test.js", "a negative offset is 0", "GET", q("get-all-transactions?offset=-3"), "", nil, 200, []string{`"offset":0`}},
		{"6", "transaction-data.test.js", "past the end the total stays", "GET", q("get-all-transactions?offset=50"), "", nil, 200, []string{`"transactions":[]`, `"total":1`, `"offset":50`}},
		{"6", "transaction-data.test.js", "order=sideways", "GET", q("get-all-transactions?order=sideways"), "", nil, 400, nil},
		{"6", "transaction-data.test.js", "limit=abc", "GET", q("get-all-transactions?limit=abc"), "", nil, 400, nil},
		{"6", "user-invitation.test.js", "invitations are clamped as well", "GET", q("get-all-invitations?limit=1000"), "", nil, 200, []string{`"limit":100`}},
		{"6", "webhook-deliveries.test.js", "deliveries: 100 if it is left out", "GET", "/v1/webhooks/deliveries", "", nil, 200, []string{`"limit":100`, `"offset":0`, `"hasMore":false`, `"attemptsIncluded":true`}},
		{"6", "webhook-deliveries.test.js", "deliveries: at most 250", "GET", "/v1/webhooks/deliveries?limit=1000", "", nil, 200, []string{`"limit":250`}},
		{"6", "events.test.js", "events: limit 0 is rejected", "GET", q("events?limit=0"), "", nil, 400, nil},
		{"6", "events.test.js", "events: limit 251 is rejected", "GET", q("events?limit=251"), "", nil, 400, nil},
		{"6", "events.test.js", "events: limit 250 is not", "GET", q("events?limit=250"), "", nil, 200, nil},
		{"6", "events.test.js", "events: a malformed cursor", "GET", q("events?cursor=nonsense"), "", nil, 400, nil},
		{"6", "events.test.js", "events: webhook.test", "GET", q("events?eventType=webhook.test"), "", nil, 400, nil},
		{"6", "events.test.js", "events: an unknown type", "GET", q("events?eventType=customer.unknown"), "", nil, 400, nil},
		{"6", "events.test.js", "events: no match", "GET", q("events?accountId=" + unknownID), "", nil, 200, []string{`"events":[]`, `"nextCursor":null`}},
		{"7", "integrator-credentials.test.js", "whoami", "GET", whoami, "", nil, 200, []string{`"accessScope":"read_write"`, `"canWrite":true`}},
		{"7", "integrator-credentials.test.js", "a credential needs a body", "POST", "/v1/integrator/credentials", "", nil, 400, nil},
		{"7", "integrator-credentials.test.js", "but nothing in it", "POST", "/v1/integrator/credentials", "{}", nil, 201, []string{`"accessScope":"read_only"`, `"privateKey":"0x`}},
		{"7", "integrator-credentials.test.js", "an empty update", "PATCH", "/v1/integrator/credentials/" + w.readOnlyPubkey, "{}", nil, 400, nil},
		{"7", "integrator-credentials.test.js", "a credential cannot deactivate itself", "PATCH", "/v1/integrator/credentials/" + w.pubkey, `{"active":false}`, nil, 400, nil},
		{"7", "integrator-credentials.test.js", "nor demote", "PATCH", "/v1/integrator/credentials/" + w.pubkey, `{"accessScope":"read_only"}`, nil, 400, nil},
		{"7", "integrator-credentials.test.js", "nor delete itself", "DELETE", "/v1/integrator/credentials/" + w.pubkey, "", nil, 400, nil},
		{"7", "integrator-credentials.test.js", "but relabel", "PATCH", "/v1/integrator/credentials/" + w.pubkey, `{"label":"new"}`, nil, 200, []string{`"label":"new"`}},
		{"7", "integrator-credentials.test.js", "an unknown credential", "DELETE", "/v1/integrator/credentials/0x02" + strings.Repeat("11", 32), "", nil, 404, nil},
		{"7", "integrator-credentials.test.js", "a credential is deleted without a body", "DELETE", "/v1/integrator/credentials/" + w.readOnlyPubkey, "", nil, 204, nil},
		{"7", "integrator-credentials.test.js", "and once only", "DELETE", "/v1/integrator/credentials/" + w.readOnlyPubkey, "", nil, 404, nil},
		{"8", "webhooks.mdx", "http", "POST", "/v1/webhooks/subscriptions", hook("http://hooks.example.com", ""), nil, 400, nil},
		{"8", "webhooks.mdx", "an address", "POST", "/v1/webhooks/subscriptions", hook("https://93.184.215.14/hook", ""), nil, 400, nil},
		{"8", "webhooks.mdx", "an internal name", "POST", "/v1/webhooks/subscriptions", hook("https://backend.internal/hook", ""), nil, 400, nil},
		{"8", "webhooks.mdx", "user information", "POST", "/v1/webhooks/subscriptions", hook("https://a:b@hooks.example.com", ""), nil, 400, nil},
		{"8", "webhooks.mdx", "a fragment", "POST", "/v1/webhooks/subscriptions", hook("https://hooks.example.com/#x", ""), nil, 400, nil},
		{"8", "webhook-concurrency.test.js", "a query makes a URL distinct", "POST", "/v1/webhooks/subscriptions", hook("https://hooks.example.com/a?b", `,"name":"second","eventTypes":[]`), nil, 201, []string{`"customer.deleted"`, `"name":"second"`, `"algorithm":"ECDSA_P256_SHA256"`, `"publicKey":"0x0`}},
		{"8", "CLAUDE.md, webhook-subscriptions.test.js", "webhook.test cannot be subscribed", "POST", "/v1/webhooks/subscriptions", hook("https://hooks.example.com/b", `,"eventTypes":["webhook.test"]`), nil, 400, []string{"Unsupported webhook event type"}},
		{"8", "CLAUDE.md, generated-schemas.json", "names in PascalCase", "POST", "/v1/webhooks/subscriptions", hook("https://hooks.example.com/b", `,"eventTypes":["CustomerActive"]`), nil, 400, []string{"Unknown webhook event type"}},
		{"8", "CHANGES", "names of June", "POST", "/v1/webhooks/subscriptions", hook("https://hooks.example.com/b", `,"eventTypes":["transaction.created"]`), nil, 400, []string{"Unknown webhook event type"}},
		{"8", "webhook-subscriptions.test.js", "a change of no types leaves them", "PATCH", "/v1/webhooks/subscriptions/" + w.subscription, `{"eventTypes":["customer.active"]}`, nil, 200, []string{`"eventTypes":["customer.active"]`}},
		{"8", "webhook-subscriptions.test.js", "omitted types are unchanged", "PATCH", "/v1/webhooks/subscriptions/" + w.subscription, `{"name":"x"}`, nil, 200, []string{`"eventTypes":["customer.active"]`}},
		{"8", "webhook-subscriptions.test.js", "no types are all types", "PATCH", "/v1/webhooks/subscriptions/" + w.subscription, `{"eventTypes":[]}`, nil, 200, []string{`"customer.created"`, `"transaction.reverted"`}},
		{"8", "OpenAPI", "a changed URL is checked again", "PATCH", "/v1/webhooks/subscriptions/" + w.subscription, `{"url":"http://hooks.example.com"}`, nil, 400, nil},
		{"8", "webhook-subscriptions.test.js", "a test of an unknown subscription", "POST", "/v1/webhooks/subscriptions/" + unknownID + "/test", "", nil, 404, nil},
		{"8", "OpenAPI", "a subscription is deleted with 200", "DELETE", "/v1/webhooks/subscriptions/" + w.subscription, "", nil, 200, nil},
		{"11", "generated-schemas.json", "an associated person needs an entity", "GET", q("get-associated-person-details?beneficiaryId=" + unknownID), "", nil, 404, nil},
		{"11", "OpenAPI", "customers by type", "GET", q("get-customers?customerType=business"), "", nil, 200, []string{w.companyEntity(t)}},
		{"11", "CI_TEST_SETUP.md", "an invited user has no userName", "POST", operation(t, "get_invite_users_payload_passkey").Path, fmt.Sprintf(`{"accountId":"%s","newUsers":[{"userName":"A B","userEmail":"x@example.com"}]}`, i.accountID), nil, 400, nil},
		{"12", "tracking-transactions.mdx", "an unknown transaction", "GET", q("get-transaction?transactionId=" + unknownID), "", nil, 404, nil},
		{"12", "init-passkey.test.js", "the cancellation of an unknown transaction", "POST", q("get-cancel-withdrawal-payload-passkey?chain_id=8453"), `{"transactionId":"` + unknownID + `"}`, nil, 400, nil},
		{"12", "init-passkey.test.js", "the cancellation of what is not queued", "POST", q("get-cancel-withdrawal-payload-passkey?chain_id=8453"), `{"transactionId":"` + w.transaction + `"}`, nil, 400, nil},
		{"12", "June OpenAPI", "an upgrade without shares", "POST", operation(t, "get_vault_upgrade_payload_passkey").Path, fmt.Sprintf(`{"accountId":"%s","sourceVaultAddr":"%s"}`, i.accountID, byzantinetest.VaultBaseUSDCLegacy), nil, 400, nil},
		{"12", "June OpenAPI", "an upgrade of an unmapped vault", "POST", operation(t, "get_vault_upgrade_payload_passkey").Path, fmt.Sprintf(`{"accountId":"%s","sourceVaultAddr":"%s"}`, i.accountID, byzantinetest.VaultBaseUSDC), nil, 400, nil},
	}
	for _, f := range facts {
		t.Run(f.section+" "+f.name+" ["+f.source+"]", func(t *testing.T) {
			status, text := send(t, w.server, f.method, f.path, f.body, f.spoil)
			assert.Equal(t, f.status, status, text)
			for _, word := range f.words {
				assert.Contains(t, text, word)
			}
		})
	}
}

// companyEntity is the id of the company's entity.
func (w *factWorld) companyEntity(t *testing.T) string {
	details, err := w.server.Client().GetAccountDetails(t.Context(), w.company)
	require.NoError(t, err)
	return details.EntityInfo.EntityID
}

func TestFactsOfSigning(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	body := func(payload *byzantine.Payload, err error) (fields struct {
		Type, TimestampMs, OrganizationID string
		Parameters                        map[string]any
	}) {
		t.Helper()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(payload.BodyToSign, &fields))
		assert.NotContains(t, string(payload.BodyToSign), " : ", "compact")
		return fields
	}
	t.Run("9 a transaction is SIGN_RAW_PAYLOAD_V2 of the account [OpenAPI, role-management.test.js]", func(t *testing.T) {
		fields := body(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC))
		assert.Equal(t, "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2", fields.Type)
		assert.Equal(t, i.accountID, fields.OrganizationID)
		assert.Equal(t, i.wallet, fields.Parameters["signWith"])
		assert.Equal(t, "PAYLOAD_ENCODING_HEXADECIMAL", fields.Parameters["encoding"])
		assert.Equal(t, "HASH_FUNCTION_NO_OP", fields.Parameters["hashFunction"])
	})
	t.Run("9 an invitation is CREATE_USERS_V3 with empty lists [generated-tx-passkey.json]", func(t *testing.T) {
		fields := body(i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
			AccountID: i.accountID, NewUsers: []byzantine.Invitee{{FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}},
		}))
		assert.Equal(t, "ACTIVITY_TYPE_CREATE_USERS_V3", fields.Type)
		user := fields.Parameters["users"].([]any)[0].(map[string]any)
		assert.Equal(t, "Mary Somerville", user["userName"])
		for _, list := range []string{"apiKeys", "authenticators", "oauthProviders", "userTags"} {
			assert.Equal(t, []any{}, user[list])
		}
	})
	t.Run("9 a change of roles is UPDATE_ROOT_QUORUM with threshold 1 [generated-tx-passkey.json]", func(t *testing.T) {
		fields := body(i.client.GetUpdateUsersRolePayloadPasskey(t.Context(), &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
			AccountID: i.accountID, UserIDs: []string{i.userID}, Role: byzantine.RoleRoot,
		}))
		assert.Equal(t, "ACTIVITY_TYPE_UPDATE_ROOT_QUORUM", fields.Type)
		assert.EqualValues(t, 1, fields.Parameters["threshold"])
	})
	t.Run("12 another payload kills the draft before it [tracking-transactions.mdx]", func(t *testing.T) {
		first := i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC))
		second := i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("2"), byzantine.CurrencyUSDC))
		_, err := i.send(first)
		refused(t, err, 400, "")
		_, err = i.client.GetTransaction(t.Context(), second.TransactionID)
		refused(t, err, 404, "transaction not found")
		_, err = i.send(second)
		require.NoError(t, err)
	})
	t.Run("12 an upgrade goes from Base to Ethereum, signed for Base [vault-upgrade-validation.test.js]", func(t *testing.T) {
		i.deposited(byzantinetest.VaultBaseUSDCLegacy, byzantine.MustParseDecimal("100"))
		payload, err := i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy)
		fields := body(payload, err)
		assert.Equal(t, "ACTIVITY_TYPE_SIGN_RAW_PAYLOADS", fields.Type)
		assert.Len(t, fields.Parameters["payloads"], 2)
		assert.Equal(t, byzantine.ChainBase, payload.ChainID)
		i.submit(payload, nil)
		i.server.Advance(time.Minute)
		assert.Equal(t, byzantine.ChainEthereum, i.position(byzantinetest.VaultEthereumUSDC).ChainID)
	})
}

func TestFactsOfEnrolment(t *testing.T) {
	e := newEnrolment(t)
	id := e.otp()
	code := e.server.OTPCode(id)
	call := func(operationID, body string) (int, string) { return post(t, e.server, operationID, body) }
	auth := func(accountID, userID, code string) string {
		return fmt.Sprintf(`{"accountId":%q,"userId":%q,"otpId":%q,"otpCode":%q}`, accountID, userID, id, code)
	}
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	for _, f := range []struct {
		name, operation, body string
		status                int
	}{
		{"10 an unknown account [otp-authentication.test.js]", "otp_auth", auth(unknownID, e.userID, code), 404},
		{"10 an unknown user [otp-authentication.test.js]", "otp_auth", auth(e.accountID, unknownID, code), 404},
		{"10 a wrong code [otp-authentication.test.js]", "otp_auth", auth(e.accountID, e.userID, wrong), 400},
		{"10 an unknown session [otp-authentication.test.js]", "create_authenticators_otp", fmt.Sprintf(`{"sessionId":%q,"accountId":%q,"userId":%q,"authenticators":[%s]}`, unknownID, e.accountID, e.userID, marshalled(t, newPasskey(t))), 404},
	} {
		t.Run(f.name, func(t *testing.T) {
			status, text := call(f.operation, f.body)
			assert.Equal(t, f.status, status, text)
		})
	}
	t.Run("10 the right code opens a session with a time at which it ends [OpenAPI]", func(t *testing.T) {
		status, text := call("otp_auth", auth(e.accountID, e.userID, code))
		require.Equal(t, 200, status, text)
		var session struct {
			Session, SessionID string
			ExpiresAt          time.Time
		}
		require.NoError(t, json.Unmarshal([]byte(text), &session))
		assert.Len(t, session.SessionID, 36)
		assert.NotEmpty(t, session.Session)
		e.server.Advance(session.ExpiresAt.Sub(e.server.Now()) + time.Second)
		status, text = call("create_authenticators_otp", fmt.Sprintf(`{"sessionId":%q,"accountId":%q,"userId":%q,"authenticators":[%s]}`,
			session.SessionID, e.accountID, e.userID, marshalled(t, newPasskey(t))))
		assert.Equal(t, 400, status, "an expired session: "+text)
	})
}

func marshalled(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func TestFactsOfDeliveries(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500, 500, 500, 500, 500, 500, 500)
	w.happen(byzantine.VerificationInactive)
	w.server.Deliver()
	first := w.endpoint.deliveries()[0]
	t.Run("8 six headers, a signature of 64 bytes in hexadecimal [webhooks.mdx]", func(t *testing.T) {
		for _, name := range []string{"Delivery-Id", "Event-Id", "Timestamp", "Key-Id", "Algorithm", "Signature"} {
			assert.NotEmpty(t, first.header.Get("X-Byzantine-Webhook-"+name), name)
		}
		assert.Equal(t, "ECDSA_P256_SHA256", first.header.Get("X-Byzantine-Webhook-Algorithm"))
		assert.Regexp(t, "^[0-9a-f]{128}$", first.header.Get("X-Byzantine-Webhook-Signature"))
		assert.Equal(t, w.Subscription.ActiveSigningKeyID, first.header.Get("X-Byzantine-Webhook-Key-Id"))
	})
	t.Run("8 the envelope of September: type and related with five keys [webhooks/overview.mdx]", func(t *testing.T) {
		var envelope map[string]any
		require.NoError(t, json.Unmarshal(first.body, &envelope))
		assert.Equal(t, "customer.deactivated", envelope["type"])
		related, _ := envelope["related"].(map[string]any)
		require.Len(t, related, 5)
		assert.NotContains(t, envelope, "eventType")
		assert.NotContains(t, envelope, "integratorId")
		assert.EqualValues(t, 1, envelope["payloadVersion"])
		data, _ := envelope["data"].(map[string]any)
		require.Len(t, data, 3, "customer, beneficiary and reasonCodes are always there")
		assert.Equal(t, related["accountId"], data["customer"].(map[string]any)["accountId"])
	})
	t.Run("8 the record of an event has the type and the signed payload [webhook-deliveries.test.js]", func(t *testing.T) {
		record := w.only().Event
		assert.Equal(t, byzantine.EventCustomerDeactivated, record.EventType)
		assert.JSONEq(t, string(first.body), string(record.Payload))
	})
	t.Run("8 retried after 30 s, 60 s, 5 min, 30 min, 2 h and 6 h, seven attempts in all [webhooks.mdx]", func(t *testing.T) {
		w.server.Advance(48 * time.Hour)
		wait, want := time.Duration(0), []time.Duration{0}
		for _, delay := range []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour} {
			wait += delay
			want = append(want, wait)
		}
		assert.Equal(t, want, w.endpoint.offsets(noon))
		assert.Equal(t, byzantine.WebhookDeliveryTerminalFailed, w.only().Delivery.Status)
	})
	t.Run("8 what has ended cannot be retried by hand [webhook-deliveries.test.js]", func(t *testing.T) {
		_, err := w.client.RetryWebhookDelivery(t.Context(), w.only().Delivery.ID)
		refused(t, err, 400, "cannot be manually retried")
		_, err = w.client.RetryWebhookDelivery(t.Context(), unknownID)
		refused(t, err, 404, "")
	})
	t.Run("8 a test that fails is answered with 200 [OpenAPI, webhook-test.js]", func(t *testing.T) {
		w.endpoint.answer(503)
		result, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.WebhookAttemptFailed, result.Attempt.Outcome)
	})
	t.Run("8 without attempts the list stays, empty [webhook-deliveries.test.js]", func(t *testing.T) {
		status, text := send(t, w.server, "GET", "/v1/webhooks/deliveries?includeAttempts=false", "", nil)
		assert.Equal(t, 200, status)
		assert.Contains(t, text, `"attempts":[]`)
		assert.Contains(t, text, `"attemptsIncluded":false`)
	})
	t.Run("8 a deleted subscription takes its deliveries along [OpenAPI, CLAUDE.md]", func(t *testing.T) {
		require.NoError(t, w.client.DeleteWebhookSubscription(t.Context(), w.Subscription.ID))
		assert.Empty(t, w.history(nil))
	})
}

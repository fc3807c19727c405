package byzantinetest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// What an integrator who does not use this module's client sends, and what the API makes of it.

func TestTermsAreDatedInEitherForm(t *testing.T) {
	server := newServer(t)
	for email, signedAt := range map[string]string{"a@example.com": "1782993878", "b@example.com": "2026-07-02T12:04:38Z"} {
		req := ada()
		req.UserInfo.Email, req.RootUsers[0].Email = email, email
		status, text := post(t, server, "create_individual_account", spoilt(t, req, func(body map[string]any) {
			body["byzantineTermsSignedAt"] = signedAt
		}))
		require.Equal(t, 200, status, text)
		assert.Contains(t, text, `"byzantineTermsSignedAt":"2026-07-02T12:04:38.000Z"`)
	}
	for _, signedAt := range []string{"", "yesterday", "2026-07-02", "1782993878123456789012"} {
		status, text := post(t, server, "create_entity_account", spoilt(t, analytical(), func(body map[string]any) {
			body["byzantineTermsSignedAt"] = signedAt
		}))
		assert.Equal(t, 400, status, signedAt)
		assert.Contains(t, text, "byzantineTermsSignedAt")
	}
}

// cborID puts a credential id into the byte string that Byzantine's fixtures have.
func cborID(t *testing.T, id string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(id)
	require.NoError(t, err)
	require.Len(t, raw, 32)
	return base64.RawURLEncoding.EncodeToString(append([]byte{0x58, 32}, raw...))
}

func TestCredentialIDMayComeInCBOR(t *testing.T) {
	e := newEnrolment(t)
	key := newPasskey(t)
	raw := key.Attestation.CredentialID
	key.Attestation.CredentialID = cborID(t, raw)
	_, err := e.create(e.session(), key)
	require.NoError(t, err)
	details, err := e.client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: e.userID})
	require.NoError(t, err)
	require.Len(t, details.Accounts[0].Authenticators, 1)
	assert.Equal(t, raw, details.Accounts[0].Authenticators[0].CredentialID, "the raw id is kept")

	key.Attestation.CredentialID = raw
	_, err = e.create(e.session(), key)
	refused(t, err, 400, "already registered")

	other := newPasskey(t)
	other.Attestation.CredentialID = cborID(t, newPasskey(t).Attestation.CredentialID)
	_, err = e.create(e.session(), other)
	refused(t, err, 400, "authenticators[0]")
}

func TestTransportsAreSpelledAsInTheContract(t *testing.T) {
	e := newEnrolment(t)
	for _, transport := range []byzantine.AuthenticatorTransport{"internal", "usbx", "AUTHENTICATOR_TRANSPORT_CABLE", "authenticator_transport_usb", ""} {
		key := newPasskey(t)
		key.Attestation.Transports = []byzantine.AuthenticatorTransport{"AUTHENTICATOR_TRANSPORT_USB", transport}
		text, err := json.Marshal(byzantine.CreateAuthenticatorsOTPRequest{
			SessionID: e.session(), AccountID: e.accountID, UserID: e.userID, Authenticators: []byzantine.AuthenticatorParam{key},
		})
		require.NoError(t, err)
		status, answer := post(t, e.server, "create_authenticators_otp", string(text))
		assert.Equal(t, 400, status, transport)
		assert.Contains(t, answer, "authenticators[0].attestation.transports[1]")
	}
	key := newPasskey(t)
	key.Attestation.Transports = []byzantine.AuthenticatorTransport{"Unknown", "AUTHENTICATOR_TRANSPORT_BLE", "AUTHENTICATOR_TRANSPORT_HYBRID"}
	_, err := e.create(e.session(), key)
	assert.NoError(t, err)
}

func TestOneRootUserServesSeveralEntities(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	root := byzantine.RootUserParam{
		FirstName: "Charles", LastName: "Babbage", Email: "charles@example.com",
		Authenticators: []byzantine.AuthenticatorParam{newPasskey(t)},
	}
	var userIDs []string
	for range 2 {
		req := analytical()
		req.RootUsers = []byzantine.RootUserParam{root}
		created, err := client.CreateEntityAccount(t.Context(), req)
		require.NoError(t, err)
		userIDs = append(userIDs, created.RootUsers[0].UserID)
		assert.True(t, created.RootUsers[0].IsPasskeyActivated)
	}
	assert.Equal(t, userIDs[0], userIDs[1])
	details, err := client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: userIDs[0]})
	require.NoError(t, err)
	require.Len(t, details.Accounts, 2)
	assert.Len(t, details.Accounts[1].Authenticators, 1, "the passkey is the same, not a second one")

	req := analytical()
	root.Email = "else@example.com"
	req.RootUsers = []byzantine.RootUserParam{root}
	_, err = client.CreateEntityAccount(t.Context(), req)
	refused(t, err, 400, "already registered")
}

func TestEmailOfAnEntityIsItsOwn(t *testing.T) {
	client := newServer(t).Client()
	for i, status := range []int{0, 400} {
		req := analytical()
		req.EntityInfo.Email = "office@example.com"
		_, err := client.CreateEntityAccount(t.Context(), req)
		if i == 0 {
			require.NoError(t, err)
			continue
		}
		refused(t, err, status, "entityInfo.email")
	}
}

// authorization is the text inside an activation's payload.
func authorization(t *testing.T, payload *byzantine.Payload) map[string]string {
	t.Helper()
	var body struct {
		Parameters struct{ Payload, Encoding string }
	}
	require.NoError(t, json.Unmarshal(payload.BodyToSign, &body))
	assert.Equal(t, "PAYLOAD_ENCODING_EIP7702_AUTHORIZATION", body.Parameters.Encoding)
	var inner map[string]string
	require.NoError(t, json.Unmarshal([]byte(body.Parameters.Payload), &inner))
	return inner
}

func TestActivationsCountTheWalletsNonces(t *testing.T) {
	i := newInvestor(t, stopped(t))
	activate := func(chain byzantine.ChainID) map[string]string {
		payload, err := i.activationPayload(chain)
		require.NoError(t, err)
		i.submit(payload, nil)
		i.server.Advance(time.Minute)
		return authorization(t, payload)
	}
	first := activate(byzantine.ChainBase)
	assert.Equal(t, "0x2105", first["chainId"])
	assert.Equal(t, strings.ToLower(first["address"]), first["address"])
	assert.Equal(t, "0x0", first["nonce"])
	assert.Equal(t, "0x1", activate(byzantine.ChainEthereum)["chainId"])
	assert.Equal(t, "0x1", activate(byzantine.ChainBase)["nonce"], "a second activation is accepted")

	i.server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))
	for range 14 {
		i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC))
	}
	assert.Equal(t, "0x10", activate(byzantine.ChainBase)["nonce"])
}

// The nonce of a wallet on a chain counts what was signed and submitted there, whatever became of it, and nothing else.
func TestNoncesCountWhatWasSubmitted(t *testing.T) {
	i, server := newQueuingInvestor(t)
	nonces := func() (base, ethereum string) {
		t.Helper()
		for chain, nonce := range map[byzantine.ChainID]*string{byzantine.ChainBase: &base, byzantine.ChainEthereum: &ethereum} {
			payload, err := i.activationPayload(chain)
			require.NoError(t, err)
			*nonce = authorization(t, payload)["nonce"]
		}
		return base, ethereum
	}
	check := func(wantBase, wantEthereum, after string) {
		t.Helper()
		base, ethereum := nonces()
		assert.Equal(t, []string{wantBase, wantEthereum}, []string{base, ethereum}, after)
	}
	check("0x0", "0x1", "a deposit on Ethereum")
	queued := i.queued(byzantine.MustParseDecimal("200"))
	check("0x0", "0x2", "a withdrawal")
	_, err := i.send(i.sign(i.cancelPayload(byzantine.ChainEthereum, queued.TransactionID)))
	require.NoError(t, err)
	check("0x0", "0x3", "its cancellation")

	i.deposited(byzantinetest.VaultBaseUSDCLegacy, byzantine.MustParseDecimal("300"))
	check("0x1", "0x3", "a deposit on Base")
	i.submit(i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy))
	check("0x2", "0x4", "a vault upgrade is an operation on each of its chains")

	late := i.queued(byzantine.MustParseDecimal("100"))
	cancellation := i.sign(i.cancelPayload(byzantine.ChainEthereum, late.TransactionID))
	server.SettleWithdrawal(late.TransactionID)
	_, err = i.send(cancellation)
	require.Error(t, err)
	check("0x2", "0x5", "a cancellation that was rejected")
	i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1000000"), byzantine.CurrencyUSDC))
	check("0x3", "0x5", "a deposit of more than there is")
}

func TestSameBankAccountTwice(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	account, other := server.AddAccount(byzantinetest.Account{}), server.AddAccount(byzantinetest.Account{})
	for name, req := range map[string]byzantine.AddBankAccountRequest{
		"ach":  *dollarAccount(""),
		"iban": *euroAccount(""),
	} {
		req.AccountID = account.ID
		_, err := client.AddBankAccount(t.Context(), &req)
		require.NoError(t, err, name)
		req.Label = "another name"
		_, err = client.AddBankAccount(t.Context(), &req)
		refused(t, err, 400, "duplicate_external_account")
		req.AccountID = other.ID
		_, err = client.AddBankAccount(t.Context(), &req)
		assert.NoError(t, err, "of another customer: %s", name)
	}
}

func TestCustomerOfAnEventHasBothIDs(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	_, err := client.CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	_, err = client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	status, text := send(t, server, "GET", "/v1/query/events?eventType=customer.created", "", nil)
	require.Equal(t, 200, status)
	var list struct {
		Events []struct {
			Related map[string]any
			Data    struct{ Customer map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list.Events, 2)
	for n, null := range []string{"userId", "entityId"} {
		customer := list.Events[n].Data.Customer
		require.Contains(t, customer, null)
		assert.Nil(t, customer[null])
		assert.NotEmpty(t, customer[map[string]string{"userId": "entityId", "entityId": "userId"}[null]])
	}
}

func TestWebhookErrorsHaveByzantinesWords(t *testing.T) {
	w := newWebhookWorld(t)
	for eventType, words := range map[byzantine.EventType]string{
		"webhook.test": "Unsupported webhook event type", "customer.updated": "Unknown webhook event type", "CustomerActive": "Unknown webhook event type",
	} {
		_, err := w.client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{
			URL: "https://hooks.example.com", EventTypes: byzantine.EventTypes{eventType},
		})
		refused(t, err, 400, words)
		_, err = w.client.ListEvents(t.Context(), &byzantine.ListEventsRequest{EventType: eventType})
		refused(t, err, 400, words)
	}
	w.happen(byzantine.VerificationInactive)
	w.server.Deliver()
	_, err := w.client.RetryWebhookDelivery(t.Context(), w.only().Delivery.ID)
	refused(t, err, 400, "cannot be manually retried")
}

// Checksums are those of EIP-55: the first addresses are its examples.
func TestWalletsAreWrittenWithTheirChecksum(t *testing.T) {
	for _, want := range []string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
		"0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
	} {
		assert.Equal(t, want, byzantinetest.Checksummed(strings.ToLower(want)))
	}
	i := newActiveInvestor(t, newServer(t))
	assert.Regexp(t, "^0x[0-9a-fA-F]{40}$", i.wallet)
	assert.Equal(t, byzantinetest.Checksummed(strings.ToLower(i.wallet)), i.wallet)
	payload, err := i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1"), byzantinetest.VaultBaseUSDC)
	require.NoError(t, err)
	assert.Contains(t, string(payload.BodyToSign), `"signWith":"`+i.wallet+`"`)
	bank := i.server.AddBankAccount(dollarAccount(i.accountID))
	assert.Equal(t, byzantinetest.Checksummed(strings.ToLower(bank.LiquidationAddress)), bank.LiquidationAddress)
}

func TestEventsOfOneCreationHaveDistinctTimes(t *testing.T) {
	server := stopped(t)
	client := server.Client()
	_, err := client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	list, err := client.ListEvents(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, list.Events, 2)
	newer, older := list.Events[0], list.Events[1]
	assert.True(t, newer.CreatedAt.Truncate(time.Millisecond).After(older.CreatedAt.Truncate(time.Millisecond)), "a client that counts milliseconds tells them apart")
	before, err := client.ListEvents(t.Context(), &byzantine.ListEventsRequest{CreatedBefore: newer.CreatedAt})
	require.NoError(t, err)
	require.Len(t, before.Events, 1)
	assert.Equal(t, older.ID, before.Events[0].ID)
}

func TestFormOfThePublicKey(t *testing.T) {
	server := newServer(t)
	key := server.Key()
	good := key.PublicKeyHex()
	for name, c := range map[string]struct{ pubkey, words string }{
		"no 0x":        {strings.TrimPrefix(good, "0x"), "X-Pubkey: must begin with 0x"},
		"upper case":   {"0x" + strings.ToUpper(good[2:]), "X-Pubkey: must be in lower-case"},
		"uncompressed": {"0x04" + good[4:] + good[4:], "X-Pubkey: must be the compressed"},
		"short":        {good[:40], "X-Pubkey: must have 66 hexadecimal digits"},
		"no point":     {"0x02" + strings.Repeat("00", 31) + "01", "X-Pubkey: not a point"},
		"private key":  {key.SecretHex(), "X-Pubkey: must have 66 hexadecimal digits"},
		"unknown":      {byzantinetest.VaultBaseUSDC + "00", "X-Pubkey"},
	} {
		status, text := send(t, server, "GET", "/v1/integrator/whoami", "", func(h http.Header) { h.Set("X-Pubkey", c.pubkey) })
		assert.Equal(t, 401, status, name)
		assert.Contains(t, text, c.words, name)
		assert.NotContains(t, text, key.SecretHex()[2:], "a private key is not repeated")
	}
}

func TestErrorsHaveTheNamesOfTheWire(t *testing.T) {
	server := newServer(t)
	for name, c := range map[string]struct{ operation, body, words string }{
		"missing":            {"init_otp", `{"accountId":"` + unknownID + `"}`, "userId"},
		"empty":              {"init_otp", `{"accountId":"` + unknownID + `","userId":""}`, "userId"},
		"no UUID":            {"init_otp", `{"accountId":"` + unknownID + `","userId":"x"}`, "userId"},
		"deep":               {"create_individual_account", `{"userInfo":{"firstName":"a","lastName":"b","email":"a@example.com"},"byzantineTermsSignedAt":"2026-07-02T12:04:38Z","rootUsers":[{"firstName":"a","lastName":"b"}]}`, "rootUsers[0].email"},
		"a number":           {"init_otp", `{"accountId":7,"userId":"` + unknownID + `"}`, "accountId"},
		"a list":             {"create_credential", `{"label":[]}`, "label"},
		"no time":            {"create_entity_account", `{"entityInfo":{"businessLegalName":"x"},"rootUsers":[],"byzantineTermsSignedAt":"now"}`, "byzantineTermsSignedAt"},
		"an unknown name":    {"create_credential", `{"Label":"x"}`, "Label"},
		"a number as amount": {"get_deposit_payload_passkey", `{"accountId":"` + unknownID + `","vaultAddr":"` + byzantinetest.VaultBaseUSDC + `","amount":1.5,"sourceCurrency":"usdc"}`, "amount"},
	} {
		op := operation(t, c.operation)
		path := op.Path
		if c.operation == "get_deposit_payload_passkey" {
			path += "?chain_id=8453"
		}
		status, text := send(t, server, op.Method, path, c.body, nil)
		assert.Equal(t, 400, status, name)
		assert.Contains(t, text, c.words, name)
		for _, foreign := range []string{"UserID", "AccountID", "RootUsers", "Go struct", "2006-01-02", "byzantine.", "cannot parse"} {
			assert.NotContains(t, text, foreign, name)
		}
	}
	for path, words := range map[string]string{
		"/v1/query/events?createdAfter=yesterday":       "createdAfter",
		"/v1/query/get-all-transactions?limit=abc":      "limit",
		"/v1/query/get-account-details?accountId=x":     "accountId",
		"/v1/query/get-account-details":                 "accountId",
		"/v1/query/get-transactions?account_id=x":       "account_id",
		"/v1/query/get-all-transactions?order=sideways": "order",
	} {
		status, text := send(t, server, "GET", path, "", nil)
		assert.Equal(t, 400, status, path)
		assert.Contains(t, text, words, path)
		for _, foreign := range []string{"AccountID", "CreatedAfter", "Limit", "2006", "strconv"} {
			assert.NotContains(t, text, foreign, path)
		}
	}
}

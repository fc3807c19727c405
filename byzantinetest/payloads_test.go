package byzantinetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

func TestAccountHasOneDraftAtMost(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	first := i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	second := i.sign(i.transferPayload(byzantine.ChainEthereum, byzantine.CryptoUSDC, byzantine.MustParseDecimal("20"), i.wallet))
	assert.NotEqual(t, first.TransactionID, second.TransactionID)
	_, err := i.send(first)
	refused(t, err, 400, "another payload took its place")
	_, err = i.send(second)
	require.NoError(t, err)
	_, err = i.send(first)
	refused(t, err, 400, "another payload took its place")
	assert.Len(t, i.transactions(), 1)
}

func (i *investor) transactions() []byzantine.Transaction {
	i.t.Helper()
	list, err := i.client.GetTransactions(i.t.Context(), &byzantine.GetTransactionsRequest{AccountID: i.accountID})
	require.NoError(i.t, err)
	return list
}

func TestDraftsOfAccountsAreTheirOwn(t *testing.T) {
	server := stopped(t)
	one, other := newActiveInvestor(t, server), newActiveInvestor(t, server)
	hers := one.sign(one.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	his := other.sign(other.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	_, err := one.send(hers)
	require.NoError(t, err)
	_, err = other.send(his)
	require.NoError(t, err)
}

func TestDraftsAreInvisible(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)
	require.NoError(t, err)
	_, err = i.client.GetTransaction(t.Context(), payload.TransactionID)
	refused(t, err, 404, "transaction not found")
	assert.Empty(t, i.transactions())
	all, err := i.client.GetAllTransactions(t.Context(), nil)
	require.NoError(t, err)
	assert.Zero(t, all.Total)
	assert.Empty(t, i.statuses(payload.TransactionID))
}

func TestPayloadExpires(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	signed := i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	server.Advance(15 * time.Minute)
	_, err := i.send(signed)
	refused(t, err, 400, "the payload has expired")

	signed = i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	server.Advance(15*time.Minute - time.Second)
	_, err = i.send(signed)
	require.NoError(t, err)
}

func TestPayloadIsForItsChain(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	signed := i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	elsewhere := signed
	elsewhere.ChainID = byzantine.ChainEthereum
	_, err := i.send(elsewhere)
	refused(t, err, 400, "chain_id: the payload was made for chain 8453")
	_, err = i.send(signed)
	require.NoError(t, err)
}

func TestPayloadNeverRepeats(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	seen := map[string]bool{}
	for range 10 {
		payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)
		require.NoError(t, err)
		assert.False(t, seen[string(payload.BodyToSign)], "even in the same moment")
		seen[string(payload.BodyToSign)] = true
	}
}

// The body has the provider's fields in the provider's order.
func TestBodyToSign(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC)
	require.NoError(t, err)
	assert.Regexp(t, fmt.Sprintf(`^\{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","timestampMs":"%d","organizationId":"%s",`+
		`"parameters":\{"signWith":"%s","payload":"[0-9a-f]{64}","encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"\}\}$`,
		i.server.Now().UnixMilli(), i.accountID, i.wallet), string(payload.BodyToSign))
}

// payloadCalls asks for each kind of a transaction's payload for an account.
func payloadCalls(i *investor) map[string]func() (*byzantine.Payload, error) {
	return map[string]func() (*byzantine.Payload, error){
		"activation": func() (*byzantine.Payload, error) { return i.activationPayload(byzantine.ChainBase) },
		"deposit": func() (*byzantine.Payload, error) {
			return i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC)
		},
		"withdrawal": func() (*byzantine.Payload, error) {
			return i.withdrawPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC, "")
		},
		"transfer": func() (*byzantine.Payload, error) {
			return i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1"), byzantinetest.VaultBaseUSDC)
		},
		"upgrade": func() (*byzantine.Payload, error) { return i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy) },
	}
}

func TestAccountsThatCannotTransact(t *testing.T) {
	server := stopped(t)
	for name, c := range map[string]struct {
		account byzantinetest.Account
		status  int
		words   string
	}{
		"not verified":    {byzantinetest.Account{Status: byzantine.VerificationUnderReview}, 400, "verification is under_review"},
		"rejected entity": {byzantinetest.Account{Type: byzantine.AccountTypeCompany, Status: byzantine.VerificationRejected}, 400, "verification is rejected"},
		"self-custodial":  {byzantinetest.Account{SelfCustodial: true}, 400, "the account is self-custodial"},
		"foreign":         {byzantinetest.Account{Foreign: true}, 401, "belongs to another integrator"},
	} {
		account := server.AddAccount(c.account)
		i := &investor{t: t, server: server, client: server.Client(), accountID: account.ID}
		for kind, call := range payloadCalls(i) {
			t.Run(name+", "+kind, func(t *testing.T) {
				_, err := call()
				refused(t, err, c.status, c.words)
			})
		}
	}
	stranger := &investor{t: t, server: server, client: server.Client(), accountID: unknownID}
	for kind, call := range payloadCalls(stranger) {
		t.Run("unknown, "+kind, func(t *testing.T) {
			_, err := call()
			refused(t, err, 400, "account not found")
		})
	}
}

// An entity's account transacts like a person's.
func TestEntityDeposits(t *testing.T) {
	server := stopped(t)
	i := newInvestor(t, server)
	account := server.AddAccount(byzantinetest.Account{Type: byzantine.AccountTypeCompany, UserIDs: []string{i.userID}})
	i.accountID = account.ID
	server.Activate(account.ID, byzantine.ChainBase)
	server.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("50"))
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("50"))
	tx := i.transactions()[0]
	assert.Equal(t, "Test Company", tx.Account.AccountName)
	assert.NotEmpty(t, tx.Account.EntityID)
	assert.Empty(t, tx.Account.OwnerUserID)
}

// What a client in another language might get wrong comes back as a 400 that says what.
func TestMalformedSubmissions(t *testing.T) {
	i := newActiveInvestor(t, stopped(t))
	signed := i.sign(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("10"), byzantine.CurrencyUSDC))
	op := operation(t, "sign_payload_passkey")
	submit := func(query string, spoil func(body map[string]any)) (int, string) {
		body := spoilt(t, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed}, spoil)
		return send(t, i.server, op.Method, op.Path+query, body, nil)
	}
	for name, c := range map[string]struct {
		query string
		spoil func(body map[string]any)
		words string
	}{
		"no chain":           {"", func(map[string]any) {}, "chain_id: missing"},
		"chain is no number": {"?chain_id=base", func(map[string]any) {}, "chain_id: must be an integer"},
		"no transaction":     {"?chain_id=8453", func(b map[string]any) { delete(b, "transactionId") }, "transactionId: missing"},
		"no UUID":            {"?chain_id=8453", func(b map[string]any) { b["transactionId"] = "1" }, "transactionId: must be a UUID"},
		"no body":            {"?chain_id=8453", func(b map[string]any) { delete(b, "signedBody") }, "signedBody: missing"},
		"body as a string":   {"?chain_id=8453", func(b map[string]any) { b["signedBody"] = "{}" }, "signedBody: must be a JSON object"},
		"no stamp":           {"?chain_id=8453", func(b map[string]any) { delete(b, "webAuthnStamp") }, "webAuthnStamp: missing"},
		"stamp as object":    {"?chain_id=8453", func(b map[string]any) { b["webAuthnStamp"] = map[string]any{} }, "webAuthnStamp"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := submit(c.query, c.spoil)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Contains(t, text, c.words)
		})
	}
	t.Run("blanks between tokens do not count", func(t *testing.T) {
		var body map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(spoilt(t, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed}, func(map[string]any) {})), &body))
		text := fmt.Sprintf(`{"signedBody": %s, "transactionId": %s, "webAuthnStamp": %s}`,
			strings.Replace(string(signed.SignedBody), `,"timestampMs":`, ",\n  \"timestampMs\": ", 1), body["transactionId"], body["webAuthnStamp"])
		status, answer := send(t, i.server, op.Method, op.Path+"?chain_id=8453", text, nil)
		assert.Equal(t, http.StatusOK, status, answer)
	})
}

// Many users at once do not get into each other's way.
func TestConcurrentInvestors(t *testing.T) {
	server := newServer(t, byzantinetest.WithProcessingTime(time.Millisecond))
	var group sync.WaitGroup
	for range 8 {
		i := newActiveInvestor(t, server)
		group.Go(func() {
			for range 3 {
				payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("100"), byzantine.CurrencyUSDC)
				if !assert.NoError(t, err) {
					return
				}
				options, state, err := site.BeginSigning(payload, []passkey.Credential{i.passkey})
				assert.NoError(t, err)
				response, err := i.browser.Get(options)
				assert.NoError(t, err)
				signed, err := site.FinishSigning(state, response)
				assert.NoError(t, err)
				submitted, err := i.send(signed)
				if !assert.NoError(t, err) {
					return
				}
				_, err = i.client.WaitForTransaction(t.Context(), submitted.TransactionID, byzantine.WaitInterval(time.Millisecond))
				assert.NoError(t, err)
			}
			balances, err := i.client.GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: i.accountID})
			if assert.NoError(t, err) && assert.Len(t, balances.SubAccounts[0].Positions, 1) {
				assert.Equal(t, byzantine.MustParseDecimal("300"), balances.SubAccounts[0].Positions[0].Balance)
			}
		})
	}
	group.Wait()
	all, err := server.Client().GetAllTransactions(t.Context(), nil)
	require.NoError(t, err)
	assert.EqualValues(t, 24, all.Total)
}

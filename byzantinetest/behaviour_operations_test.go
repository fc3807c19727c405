package byzantinetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// documentedResponses are the statuses of the API's document, by operation.
func documentedResponses(t *testing.T) map[string][]string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			ID        string                     `json:"operationId"`
			Responses map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(contract.OpenAPI), &document))
	statuses := map[string][]string{}
	for _, methods := range document.Paths {
		for _, operation := range methods {
			for status := range operation.Responses {
				statuses[operation.ID] = append(statuses[operation.ID], status)
			}
		}
	}
	return statuses
}

func TestFactsOfAllOperations(t *testing.T) {
	server := newServer(t)
	statuses := documentedResponses(t)
	created := []string{
		"add_associated_person", "add_bank_account", "get_invite_users_payload_passkey", "get_update_users_role_payload_passkey",
		"invite_users", "create_subscription", "create_credential",
	}
	for op := range byzantine.Operations() {
		id := string(op.ID)
		t.Run("1 begins with /v1: "+id+" [OpenAPI]", func(t *testing.T) {
			assert.True(t, strings.HasPrefix(op.Path, "/v1/"), op.Path)
		})
		t.Run("1 and 2 is signed, and is rejected with 400 without headers: "+id+" [changelog.mdx, June OpenAPI]", func(t *testing.T) {
			path := strings.NewReplacer("{subscription_id}", unknownID, "{delivery_id}", unknownID, "{vault_id}", byzantinetest.VaultBaseUSDC, "{pubkey}", server.Key().PublicKeyHex()).Replace(op.Path)
			status, text := send(t, server, op.Method, path, "", func(h http.Header) { clear(h) })
			if id == "health_check" {
				assert.Equal(t, 200, status)
				return
			}
			assert.Equal(t, 400, status, text)
		})
		t.Run("3 has no 409, 422 or 429: "+id+" [June OpenAPI, tests]", func(t *testing.T) {
			for _, status := range []string{"409", "422", "429"} {
				assert.NotContains(t, statuses[id], status)
			}
		})
		t.Run("4 has the status of its success: "+id+" [OpenAPI, tests]", func(t *testing.T) {
			want := []string{"200"}
			switch {
			case slices.Contains(created, id):
				want = []string{"201"}
			case id == "delete_credential":
				want = []string{"204"}
			case id == "sign_payload_passkey":
				want = []string{"200", "202"}
			}
			successes := slices.DeleteFunc(slices.Sorted(slices.Values(statuses[id])), func(s string) bool { return s[0] != '2' })
			assert.Equal(t, want, successes)
		})
	}
}

// withHighS makes a signature whose s is in the upper half of the group's order.
func withHighS(t *testing.T, key *byzantine.PrivateKey, text string) string {
	t.Helper()
	scalar, err := hex.DecodeString(strings.TrimPrefix(key.SecretHex(), "0x"))
	require.NoError(t, err)
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	require.NoError(t, err)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	require.NoError(t, err)
	order := elliptic.P256().Params().N
	if half := new(big.Int).Rsh(order, 1); s.Cmp(half) <= 0 {
		s.Sub(order, s)
	}
	signature, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	require.NoError(t, err)
	return "0x" + hex.EncodeToString(signature)
}

func TestFactsOfAuthentication(t *testing.T) {
	server := stopped(t)
	const whoami = "/v1/integrator/whoami"
	t.Run("2 s may be in the upper half [utils/auth.js, integrator-auth.js]", func(t *testing.T) {
		status, text := send(t, server, "GET", whoami, "", func(h http.Header) {
			h.Set("X-Signature", withHighS(t, server.Key(), h.Get("X-Timestamp")+"GET"+whoami))
		})
		assert.Equal(t, 200, status, text)
	})
	t.Run("2 an unknown credential, and a deleted one at once [integrator-credentials.test.js]", func(t *testing.T) {
		created, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
		require.NoError(t, err)
		key, err := created.PrivateKey.Key()
		require.NoError(t, err)
		by := (&factWorld{server: server}).by
		status, _ := send(t, server, "GET", whoami, "", by(t, key, "GET", whoami, ""))
		assert.Equal(t, 200, status)
		require.NoError(t, server.Client().DeleteCredential(t.Context(), created.Pubkey))
		status, _ = send(t, server, "GET", whoami, "", by(t, key, "GET", whoami, ""))
		assert.Equal(t, 401, status)
		stranger, err := byzantine.GenerateKey()
		require.NoError(t, err)
		status, _ = send(t, server, "GET", whoami, "", by(t, stranger, "GET", whoami, ""))
		assert.Equal(t, 401, status)
	})
	t.Run("2 a read_only key is rejected before the resource is looked up [integrator-credentials.test.js]", func(t *testing.T) {
		created, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
		require.NoError(t, err)
		key, err := created.PrivateKey.Key()
		require.NoError(t, err)
		path := "/v1/integrator/credentials/0x02" + strings.Repeat("11", 32)
		for _, method := range []string{"PATCH", "DELETE"} {
			body := map[string]string{"PATCH": `{"label":7}`}[method]
			status, _ := send(t, server, method, path, body, (&factWorld{server: server}).by(t, key, method, path, body))
			assert.Equal(t, 403, status, method)
		}
	})
	t.Run("3 errors are JSON with error and status [June OpenAPI]", func(t *testing.T) {
		status, text := send(t, server, "GET", "/v1/query/get-transaction?transactionId="+unknownID, "", nil)
		assert.Equal(t, 404, status)
		assert.JSONEq(t, `{"error":"transaction not found","status":404}`, text)
	})
	t.Run("3 a body without a required field is some 4xx [init-passkey.test.js]", func(t *testing.T) {
		status, _ := post(t, server, "init_otp", `{"accountId":"`+unknownID+`"}`)
		assert.Equal(t, 400, status)
	})
	t.Run("6 events have no filter for entities and associated persons [config/endpoints.js]", func(t *testing.T) {
		for _, name := range []string{"entityId", "beneficiaryId"} {
			status, _ := send(t, server, "GET", "/v1/query/events?"+name+"="+unknownID, "", nil)
			assert.Equal(t, 400, status, name)
		}
	})
	t.Run("7 an update leaves what it omits, and createdAt [integrator-credentials.test.js]", func(t *testing.T) {
		created, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{Label: "first"})
		require.NoError(t, err)
		began := server.Now()
		server.Advance(time.Hour)
		updated, err := server.Client().UpdateCredential(t.Context(), &byzantine.UpdateCredentialRequest{Pubkey: created.Pubkey, AccessScope: byzantine.ScopeReadWrite})
		require.NoError(t, err)
		assert.Equal(t, "first", updated.Label)
		assert.True(t, updated.Active)
		assert.WithinDuration(t, began, updated.CreatedAt, time.Minute)
	})
	t.Run("7 a label may be null, or absent [integrator-credentials.test.js]", func(t *testing.T) {
		created, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{})
		require.NoError(t, err)
		key, err := created.PrivateKey.Key()
		require.NoError(t, err)
		status, text := send(t, server, "GET", whoami, "", (&factWorld{server: server}).by(t, key, "GET", whoami, ""))
		require.Equal(t, 200, status)
		assert.NotContains(t, text, `"label":"`)
		assert.Contains(t, text, `"canWrite":false`)
	})
	t.Run("8 the other names of June [CHANGES]", func(t *testing.T) {
		for _, name := range []string{"customer.updated", "customer.awaiting_information"} {
			status, text := post(t, server, "create_subscription", `{"url":"https://hooks.example.com","eventTypes":["`+name+`"]}`)
			assert.Equal(t, 400, status)
			assert.Contains(t, text, "Unknown webhook event type")
		}
	})
}

func TestFactsOfTransactions(t *testing.T) {
	i, server := newQueuingInvestor(t)
	ended := func(status byzantine.TransactionStatus) []byzantine.EventType {
		t.Helper()
		tx := i.queued(byzantine.MustParseDecimal("10"))
		if status == byzantine.TransactionCancelled {
			i.submit(i.client.GetCancelWithdrawalPayloadPasskey(t.Context(), &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{ChainID: byzantine.ChainEthereum, TransactionID: tx.TransactionID}))
		} else {
			server.FailTransaction(tx.TransactionID, status)
		}
		assert.Equal(t, status, i.transaction(tx.TransactionID).Status)
		page, err := i.client.ListEvents(t.Context(), &byzantine.ListEventsRequest{TransactionID: tx.TransactionID})
		require.NoError(t, err)
		var types []byzantine.EventType
		for _, e := range page.Events {
			types = append(types, e.Type)
		}
		return types
	}
	for _, status := range []byzantine.TransactionStatus{byzantine.TransactionRefunded, byzantine.TransactionCancelled} {
		t.Run(fmt.Sprintf("8 there is no event of a transaction that is %s [generated-schemas.json]", status), func(t *testing.T) {
			assert.Equal(t, []byzantine.EventType{byzantine.EventTransactionWithdrawalInitiated}, ended(status))
		})
	}
	t.Run("8 the data of a transaction's event are its status, related names account and transaction [webhooks/transactions.mdx]", func(t *testing.T) {
		page, err := i.client.ListEvents(t.Context(), &byzantine.ListEventsRequest{EventType: byzantine.EventTransactionCompleted})
		require.NoError(t, err)
		require.NotEmpty(t, page.Events)
		assert.JSONEq(t, `{"status":"completed"}`, string(page.Events[0].Data))
		assert.NotEmpty(t, page.Events[0].Related.TransactionID)
		assert.Equal(t, i.accountID, page.Events[0].Related.AccountID)
		assert.Empty(t, page.Events[0].Related.UserID)
	})
	t.Run("5 and 12 what is idle is shown per chain and currency, EURC as eur [vault-upgrade-validation.test.js]", func(t *testing.T) {
		server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyEURC, byzantine.MustParseDecimal("7"))
		status, text := send(t, server, "GET", "/v1/query/get-account-balances?accountId="+i.accountID, "", nil)
		require.Equal(t, 200, status)
		var balances struct {
			SubAccounts []struct {
				Idle []struct {
					ChainID  byzantine.ChainID `json:"chain_id"`
					Currency string            `json:"currency"`
					Balance  string            `json:"balance"`
				} `json:"idle"`
				Positions []struct {
					Vault   string          `json:"vault_address"`
					Pending json.RawMessage `json:"pending_withdrawals"`
				} `json:"positions"`
			} `json:"sub_accounts"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &balances), text)
		found := false
		for _, idle := range balances.SubAccounts[0].Idle {
			found = found || idle.ChainID == byzantine.ChainBase && idle.Currency == "eur" && idle.Balance == "7"
		}
		assert.True(t, found, text)
		require.NotEmpty(t, balances.SubAccounts[0].Positions)
		for _, p := range balances.SubAccounts[0].Positions {
			assert.Contains(t, []string{"", "null"}, string(p.Pending), "12 pending_withdrawals is null, or absent, when there are none [account-data.test.js]")
		}
	})
	t.Run("12 an account's list leaves drafts out, and get_transaction does not know them [tracking-transactions.mdx]", func(t *testing.T) {
		before, err := i.client.GetTransactions(t.Context(), &byzantine.GetTransactionsRequest{AccountID: i.accountID})
		require.NoError(t, err)
		payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"), byzantine.CurrencyUSDC)
		require.NoError(t, err)
		after, err := i.client.GetTransactions(t.Context(), &byzantine.GetTransactionsRequest{AccountID: i.accountID})
		require.NoError(t, err)
		assert.Len(t, after, len(before))
		_, err = i.client.GetTransaction(t.Context(), payload.TransactionID)
		refused(t, err, 404, "")
		for _, tx := range after {
			assert.NotContains(t, []byzantine.TransactionStatus{"created", "claimed", ""}, tx.Status, "internal statuses are not shown")
		}
	})
}

func TestFactsOfCustomers(t *testing.T) {
	server := newServer(t)
	person, err := server.Client().CreateIndividualAccount(t.Context(), ada())
	require.NoError(t, err)
	t.Run("11 an e-mail address cannot be changed [generated-schemas.json]", func(t *testing.T) {
		op := operation(t, "update_individual_account")
		status, text := send(t, server, op.Method, op.Path, `{"accountId":"`+person.AccountID+`","userInfo":{"email":"new@example.com"}}`, nil)
		assert.Equal(t, 400, status, text)
	})
	t.Run("11 an account has users with roles in place of rootUsers; a user's accounts keep rootUsers [account-data.test.js]", func(t *testing.T) {
		status, text := send(t, server, "GET", operation(t, "get_account_details").Path+"?accountId="+person.AccountID, "", nil)
		require.Equal(t, 200, status, text)
		assert.Contains(t, text, `"users":[{`)
		assert.Contains(t, text, `"role":"root"`)
		assert.NotContains(t, text, "rootUsers")
		status, text = send(t, server, "GET", operation(t, "get_user_details").Path+"?userId="+person.UserID, "", nil)
		require.Equal(t, 200, status, text)
		assert.Contains(t, text, `"rootUsers":[{`)
	})
	t.Run("11 a foreign associated person is missing [account-data.test.js]", func(t *testing.T) {
		status, _ := send(t, server, "GET", operation(t, "get_associated_person_details").Path+"?beneficiaryId="+unknownID, "", nil)
		assert.Equal(t, 404, status)
	})
	t.Run("11 the statuses of a verification [generated-schemas.json]", func(t *testing.T) {
		for _, status := range []byzantine.VerificationStatus{
			"init", "under_review", "awaiting_associated_person_information", "awaiting_information", "resubmission_requested", "active", "rejected", "inactive", "not_started",
		} {
			server.SetStatus(person.AccountID, status)
			user, err := server.Client().GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: person.UserID})
			require.NoError(t, err)
			assert.Equal(t, status, user.VerificationStatus)
		}
	})
	t.Run("11 customers are business, individual or all, which is what no type means [OpenAPI]", func(t *testing.T) {
		for query, want := range map[string]int{"": 200, "?customerType=all": 200, "?customerType=individual": 200, "?customerType=waiting": 400} {
			status, text := send(t, server, "GET", operation(t, "get_customers").Path+query, "", nil)
			assert.Equal(t, want, status, text)
			if want == 200 {
				assert.Contains(t, text, person.UserID)
			}
		}
	})
	t.Run("13 accounts are approved at once [sandbox.mdx]", func(t *testing.T) {
		assert.Equal(t, byzantine.VerificationActive, person.VerificationStatus)
	})
}

package byzantine_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestTransactionRequests(t *testing.T) {
	testSent(t, []sentCase{
		{"one", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetTransaction(ctx, testTransactionID))
		}, "GET /v1/query/get-transaction?transactionId=" + testTransactionID, ""},
		{"all, defaults", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetAllTransactions(ctx, nil))
		}, "GET /v1/query/get-all-transactions", ""},
		{"all", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetAllTransactions(ctx, &byzantine.GetAllTransactionsRequest{
				Limit: 10, Offset: 40, Order: byzantine.OrderAscending,
			}))
		}, "GET /v1/query/get-all-transactions?limit=10&offset=40&order=asc", ""},
		{"activate", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetActivateAccountPayloadPasskey(ctx, &byzantine.GetActivateAccountPayloadPasskeyRequest{
				ChainID: byzantine.ChainEthereum, AccountID: testAccountID,
			}))
		}, "POST /v1/query/get-activate-account-payload-passkey?chain_id=1", `{"accountId":"` + testAccountID + `"}`},
		{"deposit", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("1250.500000"), SourceCurrency: byzantine.CurrencyEUR,
			}))
		}, "POST /v1/query/get-deposit-payload-passkey?chain_id=8453",
			`{"accountId":"` + testAccountID + `","vaultAddr":"` + testVault + `","amount":"1250.500000","sourceCurrency":"eur"}`},
		{"withdraw", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("1"), DestinationCurrency: byzantine.CurrencyUSDC,
			}))
		}, "POST /v1/query/get-withdraw-payload-passkey?chain_id=8453",
			`{"accountId":"` + testAccountID + `","vaultAddr":"` + testVault + `","amount":"1","destinationCurrency":"usdc"}`},
		{"withdraw to a bank", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
				ChainID: 137, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("1"), DestinationCurrency: byzantine.CurrencyUSD, BankAccountID: testObjectID,
			}))
		}, "POST /v1/query/get-withdraw-payload-passkey?chain_id=137",
			`{"accountId":"` + testAccountID + `","vaultAddr":"` + testVault + `","amount":"1","destinationCurrency":"usd","bankAccountId":"` + testObjectID + `"}`},
		{"cancel", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetCancelWithdrawalPayloadPasskey(ctx, &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, TransactionID: testTransactionID,
			}))
		}, "POST /v1/query/get-cancel-withdrawal-payload-passkey?chain_id=8453", `{"transactionId":"` + testTransactionID + `"}`},
		{"transfer", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetTransferPayloadPasskey(ctx, &byzantine.GetTransferPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: testAccountID, Currency: byzantine.CryptoEURC, Amount: byzantine.MustParseDecimal("0.000001"), DestinationAddress: testAddress,
			}))
		}, "POST /v1/query/get-transfer-payload-passkey?chain_id=8453",
			`{"accountId":"` + testAccountID + `","currency":"eurc","amount":"0.000001","destinationAddress":"` + testAddress + `"}`},
		{"upgrade", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultUpgradePayloadPasskey(ctx, &byzantine.GetVaultUpgradePayloadPasskeyRequest{AccountID: testAccountID, SourceVaultAddr: testVault}))
		}, "POST /v1/query/get-vault-upgrade-payload-passkey", `{"accountId":"` + testAccountID + `","sourceVaultAddr":"` + testVault + `"}`},
	})
}

func TestTransactionRequestsThatAreRejected(t *testing.T) {
	deposit := func(change func(*byzantine.GetDepositPayloadPasskeyRequest)) func(context.Context, *byzantine.Client) error {
		req := &byzantine.GetDepositPayloadPasskeyRequest{
			ChainID: byzantine.ChainBase, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("1"), SourceCurrency: byzantine.CurrencyUSDC,
		}
		change(req)
		return func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetDepositPayloadPasskey(ctx, req))
		}
	}
	const name = "GetDepositPayloadPasskeyRequest."
	testRejected(t, []rejectedCase{
		{"no request", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetDepositPayloadPasskey(ctx, nil))
		}, name + "ChainID: missing"},
		{"chain", deposit(func(r *byzantine.GetDepositPayloadPasskeyRequest) { r.ChainID = -8453 }), name + "ChainID: must be positive"},
		{"vault", deposit(func(r *byzantine.GetDepositPayloadPasskeyRequest) { r.VaultAddr = "0x12" }), name + "VaultAddr: must be an address: 0x and 40 hex digits"},
		{"seven decimals", deposit(func(r *byzantine.GetDepositPayloadPasskeyRequest) { r.Amount = byzantine.MustParseDecimal("1.0000001") }), name + "Amount: has 7 decimals, must have at most 6"},
		{"seven decimals of a withdrawal", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("-0.12345678900"), DestinationCurrency: byzantine.CurrencyUSD,
			}))
		}, "GetWithdrawPayloadPasskeyRequest.Amount: has 9 decimals, must have at most 6"},
		{"seven decimals of a transfer", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetTransferPayloadPasskey(ctx, &byzantine.GetTransferPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: testAccountID, Currency: byzantine.CryptoEURC, Amount: byzantine.MustParseDecimal("0.0000010000000000001"), DestinationAddress: testAddress,
			}))
		}, "GetTransferPayloadPasskeyRequest.Amount: has 19 decimals, must have at most 6"},
		{"no amount", deposit(func(r *byzantine.GetDepositPayloadPasskeyRequest) { r.Amount = byzantine.Decimal{} }), name + "Amount: missing"},
		{"currency", deposit(func(r *byzantine.GetDepositPayloadPasskeyRequest) { r.SourceCurrency = "USDC" }), name + "SourceCurrency: must be one of usd, eur, usdc, eurc"},
		{"transfer of fiat", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetTransferPayloadPasskey(ctx, &byzantine.GetTransferPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: testAccountID, Currency: "usd", Amount: byzantine.MustParseDecimal("1"), DestinationAddress: testAddress,
			}))
		}, "GetTransferPayloadPasskeyRequest.Currency: must be one of usdc, eurc"},
		{"upgrade of nothing", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultUpgradePayloadPasskey(ctx, nil))
		}, "GetVaultUpgradePayloadPasskeyRequest.AccountID: missing"},
		{"transaction id", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetTransaction(ctx, "1"))
		}, "GetTransactionRequest.TransactionID: must be a UUID (8-4-4-4-12 hex digits)"},
		{"account id", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetTransactions(ctx, nil))
		}, "GetTransactionsRequest.AccountID: missing"},
	})
}

// payloadCalls are calls of the methods that draft a transaction.
var payloadCalls = map[string]payloadCall{
	"activate": {"get_authorization_payload_passkey", byzantine.ChainEthereum, oneOrder, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
		return c.GetActivateAccountPayloadPasskey(ctx, &byzantine.GetActivateAccountPayloadPasskeyRequest{ChainID: byzantine.ChainEthereum, AccountID: testAccountID}, opts...)
	}},
	"deposit": {"get_deposit_payload_passkey", byzantine.ChainBase, oneOrder, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
		return c.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
			ChainID: byzantine.ChainBase, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("1"), SourceCurrency: byzantine.CurrencyUSDC,
		}, opts...)
	}},
	"withdraw": {"get_withdraw_payload_passkey", 137, oneOrder, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
		return c.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
			ChainID: 137, AccountID: testAccountID, VaultAddr: testVault, Amount: byzantine.MustParseDecimal("1"), DestinationCurrency: byzantine.CurrencyUSDC,
		}, opts...)
	}},
	"cancel": {"get_cancel_withdrawal_payload_passkey", byzantine.ChainEthereum, oneOrder, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
		return c.GetCancelWithdrawalPayloadPasskey(ctx, &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{ChainID: byzantine.ChainEthereum, TransactionID: testTransactionID}, opts...)
	}},
	"transfer": {"get_transfer_payload_passkey", byzantine.ChainBase, oneOrder, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
		return c.GetTransferPayloadPasskey(ctx, &byzantine.GetTransferPayloadPasskeyRequest{
			ChainID: byzantine.ChainBase, AccountID: testAccountID, Currency: byzantine.CryptoUSDC, Amount: byzantine.MustParseDecimal("1"), DestinationAddress: testAddress,
		}, opts...)
	}},
	"upgrade": {"get_vault_upgrade_payload_passkey", byzantine.ChainBase, twoOrders, func(ctx context.Context, c *byzantine.Client, opts ...byzantine.CallOption) (*byzantine.Payload, error) {
		return c.GetVaultUpgradePayloadPasskey(ctx, &byzantine.GetVaultUpgradePayloadPasskeyRequest{AccountID: testAccountID, SourceVaultAddr: testVault}, opts...)
	}},
}

const (
	minimalTransaction = `"transactionId":"` + testTransactionID + `","accountId":"` + testAccountID + `","chainId":8453,"intermediaryAmount":"1.50",
		"type":"deposit","status":"processing","createdAt":"2026-09-01T10:00:00.123456789Z","updatedAt":"2026-09-01T10:00:01Z"`
	withdrawalRequest = `"withdrawalRequest":{"requestId":"` + testObjectID + `","status":"pending"}`
	listedTransaction = minimalTransaction + `,"vaultAddr":"` + testVault + `","transactionHash":"0x01","broadcastedAt":"2026-09-01T10:00:01Z",
		"sourceCurrency":"usd","destinationCurrency":"usdc","sourceAmount":"1.60","destinationAmount":"1.50","relatedTransactionId":"` + testObjectID + `",
		"destinationAddress":"` + testAddress + `","account":{"accountName":"ACME","entityId":"e","ownerUserId":"u","imageUrl":"i"},` + withdrawalRequest
	minimalInstructions = `"currency":"usd","bankName":"B","bankAddress":"Street","paymentRails":["wire","achPush"],"bankBeneficiaryName":"N"`
	fullInstructions    = minimalInstructions + `,"expectedDepositAmount":"1.60","bankBeneficiaryAddress":"A","bankAccountNumber":"1","bankRoutingNumber":"2","iban":"3","bic":"4"`
	iban                = `"country":"FRA","last4":"1234","bic":"BIC"`
	ach                 = `"routingNumber":"021000021","last4":"6789","checkingOrSavings":"checking"`
	wrapped             = `,"objectId":"` + testObjectID + `"}`
)

func TestTransactionResponses(t *testing.T) {
	full := func(account string) string {
		return `{` + listedTransaction + `,"fiatDepositInstructions":{` + fullInstructions + wrapped + `,"destinationBankAccount":{` + account + wrapped + `}`
	}
	get := func(ctx context.Context, c *byzantine.Client) (*byzantine.Transaction, error) {
		return c.GetTransaction(ctx, testTransactionID)
	}
	minimal := `{` + minimalTransaction + `}`
	t.Run("one, with an IBAN", func(t *testing.T) { testResponses(t, get, full(iban), minimal) })
	t.Run("one, with an ACH account", func(t *testing.T) { testResponses(t, get, full(ach), minimal) })
	t.Run("of an account", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) ([]byzantine.Transaction, error) {
			return c.GetTransactions(ctx, &byzantine.GetTransactionsRequest{AccountID: testAccountID})
		}, `[`+full(iban)+`]`, `[`+minimal+`]`)
	})
	t.Run("all", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.TransactionPage, error) {
			return c.GetAllTransactions(ctx, nil)
		}, `{"transactions":[{`+listedTransaction+`}],"total":1,"limit":20,"offset":0}`, `{"transactions":[],"total":9,"limit":1,"offset":9}`)
	})
	t.Run("submitted", func(t *testing.T) {
		submitted := `"transactionId":"` + testTransactionID + `","status":"withdrawal_initiated"`
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.SubmittedTransaction, error) {
			return c.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: byzantine.SignedPayload{
				SignedBody: []byte(`{}`), WebAuthnStamp: `{}`, TransactionID: testTransactionID, ChainID: byzantine.ChainBase,
			}})
		}, `{`+submitted+`,"broadcastedAt":"2026-09-01T10:00:01Z","transactionHash":"0x01","fiatDepositInstructions":{`+fullInstructions+`},
			"destinationBankAccount":{`+iban+`},`+withdrawalRequest+`}`, `{`+submitted+`}`)
	})
}

func TestGetTransactionsRequest(t *testing.T) {
	api := newFakeAPI(t)
	api.response = `[]`
	list, err := api.client.GetTransactions(t.Context(), &byzantine.GetTransactionsRequest{AccountID: testAccountID})
	require.NoError(t, err)
	assert.Empty(t, list)
	assert.Equal(t, "GET /v1/query/get-transactions?accountId="+testAccountID, api.request)
}

// A bank account of an unknown kind keeps its JSON, and its id is read as well.
func TestTheBankAccountOfATransactionKeepsItsID(t *testing.T) {
	for _, text := range []string{
		`{"objectId":"o","country":"FRA","last4":"1234"}`,
		`{"objectId":"o","routingNumber":"1","last4":"1234"}`,
		`{"objectId":"o","pixKey":"k"}`,
		`{"objectId":"o"}`,
	} {
		var account byzantine.TransactionBankAccount
		require.NoError(t, json.Unmarshal([]byte(text), &account), text)
		assert.Equal(t, "o", account.ObjectID, text)
		assert.JSONEq(t, text, toJSON(t, account))
	}
	assert.JSONEq(t, `{"objectId":"o"}`, toJSON(t, byzantine.TransactionBankAccount{ObjectID: "o"}))
	var account byzantine.TransactionBankAccount
	assert.Error(t, json.Unmarshal([]byte(`[]`), &account))
	assert.Error(t, json.Unmarshal([]byte(`{"objectId":1}`), &account))
	assert.NoError(t, json.Unmarshal([]byte(`null`), &account))
}

func TestTerminal(t *testing.T) {
	for status, want := range map[byzantine.TransactionStatus]bool{
		byzantine.TransactionWithdrawalInitiated: false,
		byzantine.TransactionWaitingForFunds:     false,
		byzantine.TransactionFundsInTransfer:     false,
		byzantine.TransactionFundsReceived:       false,
		byzantine.TransactionProcessing:          false,
		"of_the_future":                          false,
		"":                                       false,
		byzantine.TransactionCompleted:           true,
		byzantine.TransactionSimulationFailed:    true,
		byzantine.TransactionReverted:            true,
		byzantine.TransactionRefunded:            true,
		byzantine.TransactionCancelled:           true,
	} {
		assert.Equal(t, want, status.Terminal(), string(status))
	}
}

func TestAQueuedWithdrawalIsASuccess(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(`{"transactionId":"` + testTransactionID + `","status":"withdrawal_initiated",` + withdrawalRequest + `}`))
	}))
	defer server.Close()
	var response byzantine.Response
	submitted, err := newTestClient(t, server.URL).SignPayloadPasskey(t.Context(), &byzantine.SignPayloadPasskeyRequest{
		SignedPayload: byzantine.SignedPayload{SignedBody: []byte(`{}`), WebAuthnStamp: `{}`, TransactionID: testTransactionID, ChainID: byzantine.ChainBase},
	}, byzantine.WithResponse(&response))
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, response.StatusCode)
	assert.True(t, submitted.Queued())
	assert.Equal(t, &byzantine.WithdrawalRequest{RequestID: testObjectID, Status: byzantine.WithdrawalPending}, submitted.WithdrawalRequest)
	submitted.Status = byzantine.TransactionProcessing
	assert.False(t, submitted.Queued())
}

func FuzzTransactionBankAccountJSON(f *testing.F) {
	for _, seed := range []string{`{"objectId":"o",` + iban + `}`, `{"objectId":"o",` + ach + `}`, `{"objectId":"o","last4":1}`, `null`, `{"a":"b","country":"","routingNumber":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var account byzantine.TransactionBankAccount
		if json.Unmarshal(data, &account) != nil {
			return
		}
		text, err := json.Marshal(account)
		require.NoError(t, err)
		var again byzantine.TransactionBankAccount
		require.NoError(t, json.Unmarshal(text, &again))
		require.Equal(t, account.ObjectID, again.ObjectID)
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.JSONEq(t, string(text), string(second))
	})
}

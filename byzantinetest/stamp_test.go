package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

var site = &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}

// investor is an account whose root user signs with a passkey, in a browser, on the integrator's page.
type investor struct {
	t         *testing.T
	server    *byzantinetest.Server
	client    *byzantine.Client
	browser   *passkeytest.Authenticator
	passkey   passkey.Credential
	userID    string
	accountID string
	wallet    string
}

// enrolPasskey makes a passkey in a browser as a page does.
func enrolPasskey(t *testing.T, browser *passkeytest.Authenticator) passkey.Credential {
	t.Helper()
	options, state, err := site.BeginRegistration(passkey.User{ID: "ada", Name: "ada@example.com"})
	require.NoError(t, err)
	response, err := browser.Create(options)
	require.NoError(t, err)
	credential, err := site.FinishRegistration(state, response, "Phone")
	require.NoError(t, err)
	return *credential
}

// newInvestor adds a verified account, which is not activated on any chain.
func newInvestor(t *testing.T, server *byzantinetest.Server) *investor {
	t.Helper()
	return newInvestorOf(t, server, server.Client())
}

// newInvestorOf is newInvestor with a client of the test's own.
func newInvestorOf(t *testing.T, server *byzantinetest.Server, client *byzantine.Client) *investor {
	t.Helper()
	browser := passkeytest.NewAuthenticator()
	credential := enrolPasskey(t, browser)
	user := server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator}})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	return &investor{t, server, client, browser, credential, user.ID, account.ID, account.WalletAddress}
}

// newActiveInvestor adds one who can transact on both chains, with money in the wallet on both.
func newActiveInvestor(t *testing.T, server *byzantinetest.Server) *investor {
	t.Helper()
	i := newInvestor(t, server)
	for _, chain := range []byzantine.ChainID{byzantine.ChainEthereum, byzantine.ChainBase} {
		server.Activate(i.accountID, chain)
		server.Fund(i.accountID, chain, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))
	}
	return i
}

// stopped is a server whose clock moves by Advance only, so that a test says when a transaction gets on.
func stopped(t *testing.T, opts ...byzantinetest.Option) *byzantinetest.Server {
	t.Helper()
	return newServer(t, append(opts, byzantinetest.WithTime(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)))...)
}

// sign asks the browser for the signature of a payload.
func (i *investor) sign(payload *byzantine.Payload, err error) byzantine.SignedPayload {
	i.t.Helper()
	require.NoError(i.t, err)
	return signInBrowser(i.t, i.browser, i.passkey, payload)
}

// signInBrowser asks a browser for the signature of a payload as a page does.
func signInBrowser(t *testing.T, browser *passkeytest.Authenticator, key passkey.Credential, payload *byzantine.Payload) byzantine.SignedPayload {
	t.Helper()
	options, state, err := site.BeginSigning(payload, []passkey.Credential{key})
	require.NoError(t, err)
	response, err := browser.Get(options)
	require.NoError(t, err)
	signed, err := site.FinishSigning(state, response)
	require.NoError(t, err)
	return signed
}

// submit signs a transaction's payload and sends it.
func (i *investor) submit(payload *byzantine.Payload, err error) *byzantine.SubmittedTransaction {
	i.t.Helper()
	submitted, err := i.send(i.sign(payload, err))
	require.NoError(i.t, err)
	assert.Equal(i.t, payload.TransactionID, submitted.TransactionID)
	return submitted
}

func (i *investor) send(signed byzantine.SignedPayload, opts ...byzantine.CallOption) (*byzantine.SubmittedTransaction, error) {
	return i.client.SignPayloadPasskey(i.t.Context(), &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed}, opts...)
}

func (i *investor) activationPayload(chain byzantine.ChainID) (*byzantine.Payload, error) {
	return i.client.GetActivateAccountPayloadPasskey(i.t.Context(), &byzantine.GetActivateAccountPayloadPasskeyRequest{
		ChainID: chain, AccountID: i.accountID,
	})
}

func (i *investor) depositPayload(chain byzantine.ChainID, vault string, amount byzantine.Decimal, currency byzantine.Currency) (*byzantine.Payload, error) {
	return i.client.GetDepositPayloadPasskey(i.t.Context(), &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: chain, AccountID: i.accountID, VaultAddr: vault, Amount: amount, SourceCurrency: currency,
	})
}

func (i *investor) withdrawPayload(chain byzantine.ChainID, vault string, amount byzantine.Decimal, currency byzantine.Currency, bankAccountID string) (*byzantine.Payload, error) {
	return i.client.GetWithdrawPayloadPasskey(i.t.Context(), &byzantine.GetWithdrawPayloadPasskeyRequest{
		ChainID: chain, AccountID: i.accountID, VaultAddr: vault, Amount: amount, DestinationCurrency: currency, BankAccountID: bankAccountID,
	})
}

func (i *investor) cancelPayload(chain byzantine.ChainID, transactionID string) (*byzantine.Payload, error) {
	return i.client.GetCancelWithdrawalPayloadPasskey(i.t.Context(), &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{
		ChainID: chain, TransactionID: transactionID,
	})
}

func (i *investor) transferPayload(chain byzantine.ChainID, currency byzantine.CryptoCurrency, amount byzantine.Decimal, to string) (*byzantine.Payload, error) {
	return i.client.GetTransferPayloadPasskey(i.t.Context(), &byzantine.GetTransferPayloadPasskeyRequest{
		ChainID: chain, AccountID: i.accountID, Currency: currency, Amount: amount, DestinationAddress: to,
	})
}

func (i *investor) upgradePayload(vault string) (*byzantine.Payload, error) {
	return i.client.GetVaultUpgradePayloadPasskey(i.t.Context(), &byzantine.GetVaultUpgradePayloadPasskeyRequest{
		AccountID: i.accountID, SourceVaultAddr: vault,
	})
}

// deposited makes a deposit in USDC on Base and lets it complete.
func (i *investor) deposited(vault string, amount byzantine.Decimal) {
	i.t.Helper()
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, vault, amount, byzantine.CurrencyUSDC))
	i.server.Advance(time.Minute)
	require.Equal(i.t, byzantine.TransactionCompleted, i.transaction(submitted.TransactionID).Status)
}

func (i *investor) transaction(id string) *byzantine.Transaction {
	i.t.Helper()
	tx, err := i.client.GetTransaction(i.t.Context(), id)
	require.NoError(i.t, err)
	return tx
}

// statuses is a transaction's way so far, by its events.
func (i *investor) statuses(transactionID string) []byzantine.TransactionStatus {
	i.t.Helper()
	list, err := i.client.ListEvents(i.t.Context(), &byzantine.ListEventsRequest{TransactionID: transactionID})
	require.NoError(i.t, err)
	var statuses []byzantine.TransactionStatus
	for _, e := range list.Events { // the newest first
		data, err := e.TransactionData()
		require.NoError(i.t, err)
		assert.Equal(i.t, byzantine.EventType("transaction."+data.Status), e.Type)
		assert.Equal(i.t, i.accountID, e.Related.AccountID)
		statuses = append([]byzantine.TransactionStatus{data.Status}, statuses...)
	}
	return statuses
}

// balances is what an account holds, the test vaults included.
func (i *investor) balances() byzantine.SubAccountBalances {
	i.t.Helper()
	balances, err := i.client.GetAccountBalances(i.t.Context(), &byzantine.GetAccountBalancesRequest{
		AccountID: i.accountID, IncludeTestVaults: true,
	})
	require.NoError(i.t, err)
	assert.Equal(i.t, i.accountID, balances.AccountID)
	require.Len(i.t, balances.SubAccounts, 1)
	return balances.SubAccounts[0]
}

// idle is what lies in the wallet on a chain, the zero Decimal if nothing.
func (i *investor) idle(chain byzantine.ChainID, currency byzantine.FiatCurrency) byzantine.Decimal {
	i.t.Helper()
	for _, b := range i.balances().Idle {
		if b.ChainID == chain && b.Currency == currency {
			return b.Balance
		}
	}
	return byzantine.Decimal{}
}

// position is nil if there is none in the vault.
func (i *investor) position(vault string) *byzantine.VaultBalance {
	i.t.Helper()
	for _, p := range i.balances().Positions {
		if p.VaultAddress == vault {
			return &p
		}
	}
	return nil
}

// invested is the balance of a position, the zero Decimal if there is none.
func (i *investor) invested(vault string) byzantine.Decimal {
	i.t.Helper()
	if p := i.position(vault); p != nil {
		return p.Balance
	}
	return byzantine.Decimal{}
}

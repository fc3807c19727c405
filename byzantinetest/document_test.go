package byzantinetest_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A world that was written down in the middle of everything goes on elsewhere as if nothing had happened.
func TestWorldGoesOnElsewhere(t *testing.T) {
	first := stopped(t)
	i := newActiveInvestor(t, first)
	first.AddAccount(byzantinetest.Account{Foreign: true})
	_, err := i.client.CreateEntityAccount(t.Context(), analytical())
	require.NoError(t, err)
	_, err = i.client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "http://127.0.0.1:1/down"})
	require.NoError(t, err)
	i.deposited(byzantinetest.VaultBaseUSDCLegacy, byzantine.MustParseDecimal("300"))
	i.submit(i.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("200"), byzantine.CurrencyUSDC))
	first.Advance(time.Minute)
	queued := i.submit(i.withdrawPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued, byzantine.MustParseDecimal("50"), byzantine.CurrencyUSDC, ""))
	fiat := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseEURC, byzantine.MustParseDecimal("500"), byzantine.CurrencyUSD))
	i.addBankAccount(dollarAccount(i.accountID))
	invitation := i.sign(i.client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: i.accountID, NewUsers: []byzantine.Invitee{{FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}},
	}))
	otp, err := i.client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: i.accountID, UserID: i.userID})
	require.NoError(t, err)
	out := i.submit(i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy)) // under way
	transfer := i.sign(i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1.25"), byzantinetest.VaultBaseUSDC))
	first.Deliver()
	document := first.World()
	require.NoError(t, byzantinetest.CheckWorld(document), "the schema of the control API's document")

	second := newServer(t, byzantinetest.WithKey(first.Key()), byzantinetest.WithWorld(document))
	assert.JSONEq(t, string(document), string(second.World()), "what is read is what was written")
	for _, server := range []*byzantinetest.Server{first, second} {
		i.server, i.client = server, server.Client()
		_, err = i.send(transfer)
		require.NoError(t, err, "a payload that was signed before")
		_, err = i.client.InviteUsers(t.Context(), &byzantine.InviteUsersRequest{SignedPayload: invitation, InvitedBy: i.userID})
		require.NoError(t, err)
		_, err = i.client.OTPAuth(t.Context(), &byzantine.OTPAuthRequest{
			AccountID: i.accountID, UserID: i.userID, OTPID: otp.OTPID, OTPCode: server.OTPCode(otp.OTPID),
		})
		require.NoError(t, err)
		server.Fund(i.accountID, byzantine.ChainBase, byzantine.CurrencyUSD, fiat.FiatDepositInstructions.ExpectedDepositAmount)
		server.SettleWithdrawal(queued.TransactionID)
		server.Advance(time.Hour)
		for _, id := range []string{out.TransactionID, i.transaction(out.TransactionID).RelatedTransactionID, queued.TransactionID, fiat.TransactionID} {
			assert.Equal(t, byzantine.TransactionCompleted, i.transaction(id).Status)
		}
		_, err = i.client.AddBankAccount(t.Context(), dollarAccount(i.accountID))
		refused(t, err, 400, "duplicate_external_account")
	}
	balances := i.balances()
	i.server, i.client = first, first.Client()
	assert.Equal(t, i.balances(), balances, "both worlds have come to the same")
}

func TestWorldWrittenByHand(t *testing.T) {
	server := newServer(t, byzantinetest.WithWorld([]byte(`{
		"clock": {"now": "2026-09-01T12:00:00Z", "frozen": true},
		"users": [{"id": "11111111-1111-4111-8111-111111111111", "info": {"email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace"}, "verificationStatus": "active"}],
		"accounts": [{"id": "22222222-2222-4222-8222-222222222222", "members": [{"userId": "11111111-1111-4111-8111-111111111111"}],
			"activatedChains": [8453], "idle": [{"chainId": 8453, "currency": "usdc", "amount": "1000.5"}],
			"positions": [{"vaultAddress": "`+byzantinetest.VaultBaseUSDC+`", "shares": "10"}]}],
		"vaults": [{"address": "`+byzantinetest.VaultBaseUSDC+`", "queueWithdrawals": true}]
	}`)))
	client := server.Client()
	assert.Equal(t, noon, server.Now())
	account, err := client.GetAccountDetails(t.Context(), "22222222-2222-4222-8222-222222222222")
	require.NoError(t, err)
	assert.Equal(t, "Ada Lovelace", account.AccountName)
	assert.Equal(t, byzantine.RoleRoot, account.Users[0].Role)
	assert.True(t, account.WalletDetails.IsSmartAccount.Base)
	balances, err := client.GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: account.AccountID})
	require.NoError(t, err)
	assert.Equal(t, byzantine.MustParseDecimal("1000.5"), balances.SubAccounts[0].Idle[0].Balance)
	assert.Len(t, balances.SubAccounts[0].Positions, 1)
}

// A world of another sandbox comes with its credentials, and the sandbox's own key goes on working.
func TestWorldOfAnotherSandbox(t *testing.T) {
	first, second := newServer(t), newServer(t)
	require.NoError(t, second.SetWorld(first.World()))
	for _, key := range []*byzantine.PrivateKey{first.Key(), second.Key()} {
		client, err := byzantine.NewClient(key, byzantine.WithBaseURL(second.URL), byzantine.WithClock(second.Now))
		require.NoError(t, err)
		_, err = client.Whoami(t.Context())
		assert.NoError(t, err)
	}
}

func TestWorldsThatCannotBe(t *testing.T) {
	server := newServer(t)
	server.AddAccount(byzantinetest.Account{})
	before := string(server.World())
	const user = `{"id":"11111111-1111-4111-8111-111111111111","info":{"email":"a@example.com"}}`
	const users = `"users":[` + user + `]`
	const members = `"members":[{"userId":"11111111-1111-4111-8111-111111111111"}]`
	for document, words := range map[string]string{
		``:                                      "cannot be read",
		`[]`:                                    "cannot be read",
		`{"version":2}`:                         "version: 2 is unknown",
		`{} {}`:                                 "something after the document",
		`{"acounts":[]}`:                        "acounts",
		`{"clock":{"frozen":true}}`:             "clock.now: missing",
		`{"clock":{"ahead":"tomorrow"}}`:        "clock.ahead",
		`{"users":[` + user + `,` + user + `]}`: "users[1].id: twice",
		`{"users":[` + user + `,{"info":{"email":"A@example.com"}}]}`:  "users[1].info.email: twice",
		`{"users":[{"info":{},"passkeys":[{"credentialId":"AAAA"}]}]}`: "users[0].passkeys[0]",
		`{"accounts":[{}]}`: "accounts[0].ownerId",
		`{"accounts":[{"members":[{"userId":"2f6a1c1e-0b7a-4c53-9d1b-000000000001"}]}]}`: "accounts[0].ownerId: no user",
		`{"users":[{}, {"id":"u1"}]}`:                                                                             "users[1].id: must be a UUID",
		`{"accounts":[{"id":"a1"}]}`:                                                                              "accounts[0].id: must be a UUID",
		`{"accounts":[{"ownerId":"u1"}]}`:                                                                         "accounts[0].ownerId: must be a UUID",
		`{"accounts":[{"entity":{"associatedPersons":[{"beneficiaryId":"b1"}]}}]}`:                                "accounts[0].entity.associatedPersons[0].beneficiaryId: must be a UUID",
		`{"accounts":[{"bankAccounts":[{"bankAccountId":"b1"}]}]}`:                                                "accounts[0].bankAccounts[0].bankAccountId: must be a UUID",
		`{"codes":[{"id":"c1"}]}`:                                                                                 "codes[0].id: must be a UUID",
		`{"events":[{"related":{"accountId":"a1"}}]}`:                                                             "events[0].related.accountId: must be a UUID",
		`{` + users + `,"accounts":[{` + members + `,"activatedChains":[10]}]}`:                                   "accounts[0].activatedChains[0]",
		`{` + users + `,"accounts":[{` + members + `,"idle":[{"chainId":1,"currency":"usd","amount":"1"}]}]}`:     "accounts[0].idle[0]",
		`{` + users + `,"accounts":[{` + members + `,"idle":[{"chainId":1,"currency":"usdc","amount":"much"}]}]}`: "not a decimal number",
		`{` + users + `,"accounts":[{` + members + `,"positions":[{"vaultAddress":"0x1","shares":"1"}]}]}`:        "accounts[0].positions[0].vaultAddress",
		`{"credentials":[{"pubkey":"0x02"}]}`:                                                                     "credentials[0].pubkey",
		`{"vaults":[{"address":"0x1"}]}`:                                                                          "vaults[0].address",
		`{"invitations":[{"accountId":"x"}]}`:                                                                     "invitations[0].accountId",
		`{"transactions":[{"accountId":"x"}]}`:                                                                    "transactions[0].accountId",
		`{"drafts":[{"transactionId":"x"}]}`:                                                                      "drafts[0].transactionId",
		`{"proposals":[{"accountId":"x"}]}`:                                                                       "proposals[0].accountId",
		`{"subscriptions":[{"privateKey":"x"}]}`:                                                                  "subscriptions[0].privateKey",
		`{"deliveries":[{"subscriptionId":"x"}]}`:                                                                 "deliveries[0].subscriptionId",
	} {
		t.Run(document, func(t *testing.T) {
			err := server.SetWorld([]byte(document))
			assert.ErrorContains(t, err, words)
			assert.JSONEq(t, withoutClock(t, before), withoutClock(t, string(server.World())), "nothing has changed")
			_, err = byzantinetest.New(byzantinetest.WithWorld([]byte(document)))
			assert.ErrorContains(t, err, words)
		})
	}
}

// A document that is rejected takes nothing of the random values: with a seed, what comes after is the same as without it.
func TestARejectedDocumentLeavesTheSeedAlone(t *testing.T) {
	next := func(documents ...string) string {
		server := newServer(t, byzantinetest.WithSeed(7))
		for _, document := range documents {
			require.Error(t, server.SetWorld([]byte(document)))
		}
		return server.AddUser(byzantinetest.User{}).ID
	}
	assert.Equal(t, next(), next(`{"users":[{"info":{}},{"info":{}}],"vaults":[{"address":"0x1"}]}`, `{"users":[{"info":{}}],"accounts":[{}]}`))
}

// withoutClock is a document without its clock, which differs in every run.
func withoutClock(t *testing.T, document string) string {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(document), &fields))
	delete(fields, "clock")
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

func TestReset(t *testing.T) {
	w := newWebhookWorld(t)
	w.server.AddUser(byzantinetest.User{ID: "11111111-1111-4111-8111-111111111111"})
	w.happen(byzantine.VerificationInactive)
	w.server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Status: 500})
	w.server.Reset()
	assert.Empty(t, w.server.Requests())
	list, err := w.client.ListEvents(t.Context(), nil)
	require.NoError(t, err, "the credential stays, the fault is gone")
	assert.Empty(t, list.Events)
	assert.Empty(t, w.history(nil))
	_, err = w.client.GetAccountDetails(t.Context(), w.accountID)
	refused(t, err, 404, "account not found")
	assert.Equal(t, noon, w.server.Now())
	w.server.AddUser(byzantinetest.User{ID: "11111111-1111-4111-8111-111111111111"})
	assert.Greater(t, w.server.Requests()[0].Number, int64(1), "numbers go on, so that nobody takes a new request for an old one")
}

// Reset sets the clock back to the one that the sandbox began with.
func TestResetSetsTheClockBack(t *testing.T) {
	running := newServer(t)
	running.Advance(5 * time.Hour)
	running.Freeze(true)
	running.Reset()
	assert.False(t, running.Frozen())
	_, err := running.Client(byzantine.WithClock(time.Now), byzantine.WithMaxAttempts(1)).Whoami(t.Context())
	assert.NoError(t, err, "the machine's time is right again")

	frozen := stopped(t)
	frozen.Advance(5 * time.Hour)
	frozen.Freeze(false)
	frozen.Reset()
	assert.True(t, frozen.Frozen())
	assert.Equal(t, noon, frozen.Now())
}

// The clock of a document, in each of its forms, becomes the sandbox's.
func TestClockOfADocument(t *testing.T) {
	server := newServer(t)
	require.NoError(t, server.SetWorld([]byte(`{"clock":{"now":"2026-09-01T12:00:00Z"}}`)))
	assert.False(t, server.Frozen())
	assert.WithinRange(t, server.Now(), noon, noon.Add(time.Hour), "it begins there and runs")
	require.NoError(t, server.SetWorld([]byte(`{}`)))
	assert.WithinRange(t, server.Now(), noon, noon.Add(time.Hour), "it stays where it is")
	require.NoError(t, server.SetWorld([]byte(`{"clock":{"ahead":"0s"}}`)))
	assert.WithinRange(t, server.Now(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "the machine's")
	server.Advance(3 * time.Hour)
	var document struct{ Clock map[string]any }
	require.NoError(t, json.Unmarshal(server.World(), &document))
	assert.Equal(t, map[string]any{"ahead": "3h0m0s"}, document.Clock, "a clock that runs has no time in the document, which would not count")
}

// An account of the document that has an owner and names no members has the owner as its root user.
func TestAnOwnerIsAMember(t *testing.T) {
	server := newServer(t, byzantinetest.WithWorld([]byte(`{
		"users": [{"id": "11111111-1111-4111-8111-111111111111", "info": {"email": "ada@example.com"}}],
		"accounts": [{"ownerId": "11111111-1111-4111-8111-111111111111"}]}`)))
	account := server.Accounts()[0]
	assert.Equal(t, []string{"11111111-1111-4111-8111-111111111111"}, account.UserIDs)
	assert.Equal(t, []byzantine.AccountUserRole{byzantine.RoleRoot}, account.Roles)
}

// The world of docs/sandbox.md fits the schema of the control API's document, and its customer can deposit.
func TestWorldOfTheDocumentation(t *testing.T) {
	document, err := os.ReadFile("../examples/protocol/world.json")
	require.NoError(t, err)
	require.NoError(t, byzantinetest.CheckWorld(document))
	assert.ErrorContains(t, byzantinetest.CheckWorld([]byte(`{"users":[{"email":"ada@example.com"}]}`)), "users[0]")
	server := newServer(t)
	c := newController(t, server)
	c.ok("setWorld", string(document))
	account := server.Accounts()[0]
	assert.Equal(t, byzantine.VerificationActive, account.Status)
	assert.Equal(t, []byzantine.AccountUserRole{byzantine.RoleRoot}, account.Roles)
	_, err = server.Client().GetDepositPayloadPasskey(t.Context(), &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: account.ID, VaultAddr: byzantinetest.VaultBaseUSDC,
		Amount: byzantine.MustParseDecimal("100"), SourceCurrency: byzantine.CurrencyUSDC,
	})
	assert.NoError(t, err)
}

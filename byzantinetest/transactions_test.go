package byzantinetest_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// transfers makes transactions a second apart, and returns their ids.
func (i *investor) transfers(n int) []string {
	i.t.Helper()
	var ids []string
	for range n {
		i.server.Advance(time.Second)
		ids = append(ids, i.submit(i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1"), byzantinetest.VaultBaseUSDC)).TransactionID)
	}
	return ids
}

func TestTransactionsOfAnAccount(t *testing.T) {
	server := stopped(t)
	i, other := newActiveInvestor(t, server), newActiveInvestor(t, server)
	ids := i.transfers(3)
	other.transfers(1)
	slices.Reverse(ids)
	var got []string
	for _, tx := range i.transactions() {
		assert.Equal(t, i.accountID, tx.AccountID)
		got = append(got, tx.TransactionID)
	}
	assert.Equal(t, ids, got, "the newest first")

	_, err := i.client.GetTransactions(t.Context(), &byzantine.GetTransactionsRequest{AccountID: unknownID})
	refused(t, err, 400, "account not found")
	_, err = i.client.GetTransactions(t.Context(), &byzantine.GetTransactionsRequest{AccountID: server.AddAccount(byzantinetest.Account{Foreign: true}).ID})
	refused(t, err, 401, "another integrator")
}

func TestAllTransactionsArePaged(t *testing.T) {
	server := stopped(t, byzantinetest.WithProcessingTime(24*time.Hour))
	one, other := newActiveInvestor(t, server), newActiveInvestor(t, server)
	ids := slices.Concat(one.transfers(13), other.transfers(12))
	// The last update counts, not the creation.
	server.Advance(time.Second)
	server.FailTransaction(ids[0], byzantine.TransactionReverted)
	ids = append(ids[1:], ids[0])
	descending := slices.Clone(ids)
	slices.Reverse(descending)

	for name, c := range map[string]struct {
		query         string
		ids           []string
		limit, offset int64
	}{
		"by default":      {"", descending[:20], 20, 0},
		"ascending":       {"order=asc", ids[:20], 20, 0},
		"second page":     {"limit=10&offset=20", descending[20:], 10, 20},
		"past the end":    {"offset=1000", nil, 20, 1000},
		"limit of 0":      {"limit=0", descending[:1], 1, 0},
		"negative limit":  {"limit=-1", descending[:1], 1, 0},
		"limit of 101":    {"limit=101", descending, 100, 0},
		"negative offset": {"offset=-7", descending[:20], 20, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var list byzantine.TransactionPage
			ask(t, one.client, byzantine.OpGetAllTransactions, c.query, &list)
			var got []string
			for _, tx := range list.Transactions {
				got = append(got, tx.TransactionID)
			}
			assert.Equal(t, c.ids, got)
			assert.NotNil(t, list.Transactions)
			assert.EqualValues(t, 25, list.Total)
			assert.Equal(t, c.limit, list.Limit)
			assert.Equal(t, c.offset, list.Offset)
		})
	}
	path := operation(t, "get_all_transactions").Path
	for _, query := range []string{"?order=sideways", "?limit=abc"} {
		status, text := send(t, server, http.MethodGet, path+query, "", nil)
		assert.Equal(t, http.StatusBadRequest, status, text)
	}
	var iterated []string
	for tx, err := range one.client.AllTransactions(t.Context(), nil) {
		require.NoError(t, err)
		iterated = append(iterated, tx.TransactionID)
	}
	assert.Equal(t, descending, iterated)
}

// The list of all transactions leaves bank details out.
func TestBankDetailsAreInTheSingleViewOnly(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("5"), byzantine.CurrencyUSD))
	all, err := i.client.GetAllTransactions(t.Context(), nil)
	require.NoError(t, err)
	assert.Nil(t, all.Transactions[0].FiatDepositInstructions)
	assert.NotNil(t, i.transaction(submitted.TransactionID).FiatDepositInstructions)
	assert.NotNil(t, i.transactions()[0].FiatDepositInstructions)
	owner := all.Transactions[0].Account
	assert.Equal(t, i.userID, owner.OwnerUserID)
	assert.Equal(t, "Test User", owner.AccountName)
	assert.Empty(t, owner.EntityID)
}

func TestUnknownTransaction(t *testing.T) {
	_, err := newServer(t).Client().GetTransaction(t.Context(), unknownID)
	refused(t, err, 404, "transaction not found")
}

// Statuses move on the sandbox's clock, each at its own time whenever somebody looks.
func TestTransactionMovesOnTheClock(t *testing.T) {
	server := stopped(t, byzantinetest.WithProcessingTime(10*time.Second))
	i := newActiveInvestor(t, server)
	submitted := i.submit(i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("5"), byzantine.CurrencyUSDC))
	assert.Equal(t, byzantine.TransactionProcessing, submitted.Status)
	begin := server.Now()
	server.Advance(9 * time.Second)
	assert.Equal(t, byzantine.TransactionProcessing, i.transaction(submitted.TransactionID).Status)
	server.Advance(time.Hour)
	tx := i.transaction(submitted.TransactionID)
	assert.Equal(t, byzantine.TransactionCompleted, tx.Status)
	assert.Equal(t, begin, tx.CreatedAt)
	assert.Equal(t, begin, *tx.BroadcastedAt)
	assert.Equal(t, begin.Add(10*time.Second), tx.UpdatedAt)
	assert.Equal(t, []byzantine.TransactionStatus{byzantine.TransactionProcessing, byzantine.TransactionCompleted}, i.statuses(submitted.TransactionID))
	list, err := i.client.ListEvents(t.Context(), &byzantine.ListEventsRequest{TransactionID: submitted.TransactionID})
	require.NoError(t, err)
	assert.Equal(t, begin.Add(10*time.Second), list.Events[0].OccurredAt)
}

// With a stopped clock and a seed, a transaction and its payload are the same in every run.
func TestTransactionsAreDeterministic(t *testing.T) {
	run := func() (transaction byzantine.Transaction, body string) {
		server := stopped(t, byzantinetest.WithSeed(7))
		i := newActiveInvestor(t, server)
		payload, err := i.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("5"), byzantine.CurrencyUSDC)
		submitted := i.submit(payload, err)
		server.Advance(time.Minute)
		return *i.transaction(submitted.TransactionID), string(payload.BodyToSign)
	}
	first, firstBody := run()
	second, secondBody := run()
	assert.Equal(t, first, second)
	assert.Equal(t, firstBody, secondBody)
}

func TestFailTransactionPanicsOnTheImpossible(t *testing.T) {
	server := stopped(t)
	i := newActiveInvestor(t, server)
	id := i.transfers(1)[0]
	payload, err := i.transferPayload(byzantine.ChainBase, byzantine.CryptoUSDC, byzantine.MustParseDecimal("1"), i.wallet)
	require.NoError(t, err)
	fail := func(id string, status byzantine.TransactionStatus) string {
		return panicText(t, func() { server.FailTransaction(id, status) })
	}
	assert.Contains(t, fail(unknownID, byzantine.TransactionReverted), "byzantinetest: FailTransaction: transactionId: no transaction "+unknownID)
	assert.Contains(t, fail(payload.TransactionID, byzantine.TransactionReverted), "sign and submit it first")
	assert.Contains(t, fail(id, byzantine.TransactionCompleted), "status: must be one of simulation_failed, reverted, refunded")
	server.Advance(time.Minute)
	assert.Contains(t, fail(id, byzantine.TransactionReverted), "has ended already: it is completed")
	assert.Contains(t, panicText(t, func() { server.SettleWithdrawal(id) }), "is not a withdrawal that is queued")
}

func TestNegativeProcessingTime(t *testing.T) {
	_, err := byzantinetest.New(byzantinetest.WithProcessingTime(-time.Second))
	assert.EqualError(t, err, "byzantinetest: New: WithProcessingTime: -1s is negative")
}

package byzantine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// ledgerAPI is an API with a list of transactions that changes after each request, and sometimes while a request is
// handled. Some responses are lost, and some times cannot be read. It is an http.RoundTripper.
type ledgerAPI struct {
	random   *rand.Rand
	now      int // milliseconds
	made     int
	list     []ledgerRow
	quiet    bool // nothing changes or fails from now on
	pace     int  // maximum number of changes between two requests
	pageSize int64
	requests int
	steady   bool // no lost responses, late commits, unreadable times or equal times

	shown map[string]string // the list in the last response
}

type ledgerRow struct {
	id, status string
	at         int
	late       int // until this time the API shows the row without its last change
	before     *ledgerRow
	odd        bool // the row's time is sent in a form that cannot be read
}

var ledgerStatuses = []string{"waiting_for_funds", "processing", "completed", "refunded", "cancelled", "reverted", "not_known_yet"}

func newLedgerAPI(seed uint64, steady bool) *ledgerAPI {
	a := &ledgerAPI{steady: steady, random: rand.New(rand.NewPCG(seed, 28))}
	a.pace = a.random.IntN(4)
	if steady {
		a.pace = min(a.pace, 1) // otherwise the smallest pages are read more slowly than the list changes, which is an error
	}
	a.pageSize = []int64{3, 4, 7, 100}[a.random.IntN(4)]
	for range a.random.IntN(40) {
		a.change()
	}
	return a
}

// change makes or updates a transaction. Often it does not advance the clock.
func (a *ledgerAPI) change() {
	a.now += []int{0, 0, 1, 1000, 40_000}[a.random.IntN(5)]
	if a.steady {
		a.now++
	}
	status := ledgerStatuses[a.random.IntN(len(ledgerStatuses))]
	row := ledgerRow{status: status, at: a.now, odd: !a.steady && a.random.IntN(12) == 0}
	if !a.steady && a.random.IntN(4) == 0 {
		row.late = a.now + a.random.IntN(30_000) // as if another writer committed the change later
	}
	if len(a.list) == 0 || a.random.IntN(3) == 0 {
		a.made++
		row.id = fmt.Sprintf("00000000-0000-4000-8000-%012d", a.made)
		a.list = append(a.list, row)
		return
	}
	i := a.random.IntN(len(a.list))
	former := a.list[i]
	if former.late <= a.now { // a change that the API does not show yet stays hidden
		former.before = nil
		row.before = &former
	} else {
		row.before, row.late = former.before, max(row.late, former.late)
	}
	row.id = former.id
	a.list[i] = row
}

// visible returns the rows that the API lists, the latest update first.
func (a *ledgerAPI) visible() (rows []ledgerRow) {
	for _, row := range a.list {
		if row.late > a.now && !a.quiet {
			if row.before == nil {
				continue
			}
			row = *row.before
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(x, y ledgerRow) int { return cmp.Or(cmp.Compare(y.at, x.at), cmp.Compare(x.id, y.id)) })
	return rows
}

var errLost = errors.New("the response is lost")

func (a *ledgerAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.requests++; a.requests > 20_000 {
		return nil, errors.New("this never ends")
	}
	query := r.URL.Query()
	limit, _ := strconv.ParseInt(query.Get("limit"), 10, 64)
	offset, _ := strconv.ParseInt(query.Get("offset"), 10, 64)
	limit = min(limit, a.pageSize)
	rows := a.visible()
	a.shown = a.states()
	var texts []string
	for _, row := range rows[min(offset, int64(len(rows))):min(offset+limit, int64(len(rows)))] {
		at := time.UnixMilli(int64(row.at)).UTC().Format(`"2006-01-02T15:04:05.000Z"`)
		if row.odd {
			at = strconv.Itoa(row.at)
		}
		texts = append(texts, fmt.Sprintf(`{"transactionId":%q,"status":%q,"updatedAt":%s}`, row.id, row.status, at))
	}
	body := fmt.Sprintf(`{"transactions":[%s],"total":%d,"limit":%d,"offset":%d}`, strings.Join(texts, ","), len(rows), limit, offset)
	if !a.quiet {
		for range a.random.IntN(a.pace + 1) {
			a.change()
		}
		if !a.steady && a.random.IntN(15) == 0 {
			return nil, errLost
		}
	}
	return newResponse(http.StatusOK, nil, body), nil
}

func (a *ledgerAPI) client(t *testing.T, opts ...byzantine.Option) *byzantine.Client {
	opts = append([]byzantine.Option{byzantine.WithMaxAttempts(1), over(a), byzantine.WithLogger(slog.New(slog.DiscardHandler))}, opts...)
	return newTestClient(t, byzantine.SandboxURL, opts...)
}

// states returns the status of each transaction by its id.
func (a *ledgerAPI) states() map[string]string {
	states := map[string]string{}
	for _, row := range a.visible() {
		states[row.id] = row.status
	}
	return states
}

// In the end a copy equals the list, whatever happened while it was made: 60 random histories (1,000 at full length)
// with updates during each request, equal times, late commits, lost responses, unreadable times, and restarts at any
// point.
func TestACopyEqualsTheListAfterEveryHistory(t *testing.T) {
	interrupted, passes := 0, 0
	seeds := longtest.Count(60, 1000)
	for seed := range uint64(seeds) {
		api := newLedgerAPI(seed, false)
		client := api.client(t)
		stored := map[string]string{}
		var since time.Time // stored with the copy
		errRestart := errors.New("restart")
		copyOnce := func() error {
			crashAt := -1
			if !api.quiet && api.random.IntN(3) == 0 {
				crashAt = api.random.IntN(20)
			}
			next, err := client.CopyTransactions(t.Context(), since, func(_ context.Context, tx *byzantine.Transaction) error {
				if crashAt--; crashAt == -1 {
					return errRestart
				}
				stored[tx.TransactionID] = string(tx.Status)
				return nil
			})
			if err != nil {
				require.True(t, errors.Is(err, errRestart) || errors.Is(err, errLost), "seed %d: %v", seed, err)
				require.Equal(t, since, next, "after an error the time stays")
				interrupted++
				return err
			}
			passes++
			require.False(t, next.Before(since))
			since = next
			return nil
		}
		for range 1 + api.random.IntN(12) {
			_ = copyOnce()
			for range api.random.IntN(8) {
				api.change()
			}
		}
		api.quiet = true
		require.NoError(t, copyOnce())
		require.Equal(t, api.states(), stored, "seed %d", seed)
	}
	assert.Greater(t, interrupted, seeds/2)
	assert.Greater(t, passes, 3*seeds)
}

// A loop over a list that is updated while it is read yields the newest state of each transaction last.
func TestALoopEndsWithTheNewestStates(t *testing.T) {
	again := 0
	for seed := range uint64(300) {
		api := newLedgerAPI(seed, true)
		states := map[string]string{}
		for tx, err := range api.client(t).TransactionsUpdatedSince(t.Context(), time.Time{}) {
			require.NoError(t, err)
			if _, known := states[tx.TransactionID]; known {
				again++
			}
			states[tx.TransactionID] = string(tx.Status)
		}
		require.Equal(t, api.shown, states, "seed %d", seed)
	}
	assert.Greater(t, again, 50)
}

// A known transaction is updated after a new one was made: a loop that stopped at the first known id would miss the new
// one.
func TestUpdatedSinceDoesNotStopAtWhatIsKnown(t *testing.T) {
	api := &ledgerAPI{quiet: true, pageSize: 100, random: rand.New(rand.NewPCG(1, 1)), list: []ledgerRow{
		{id: "known", status: "processing", at: 3000}, {id: "new", status: "completed", at: 2000}, {id: "old", status: "completed", at: 1000},
	}}
	var ids []string
	for tx, err := range api.client(t).TransactionsUpdatedSince(t.Context(), time.UnixMilli(2000)) {
		require.NoError(t, err)
		ids = append(ids, tx.TransactionID)
	}
	assert.Equal(t, []string{"known", "new"}, ids, "inclusive, and no more")
	assert.Equal(t, 1, api.requests)
}

// An unreadable transaction does not keep the others out of the copy. The time to begin at stays before it until it can
// be read.
func TestCopyWithAnUnreadableTransaction(t *testing.T) {
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
		return newResponse(http.StatusOK, nil, `{"transactions":[{"transactionId":"a","updatedAt":"2026-09-03T00:00:00Z"},
			{"transactionId":7,"updatedAt":"2026-09-02T00:00:00Z"},{"transactionId":"c","updatedAt":"2026-09-01T00:00:00Z"}],"total":3,"limit":100,"offset":0}`), nil
	})), byzantine.WithLogger(slog.New(slog.DiscardHandler)))
	var ids []string
	since := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	next, err := client.CopyTransactions(t.Context(), since, func(_ context.Context, tx *byzantine.Transaction) error {
		ids = append(ids, tx.TransactionID)
		return nil
	})
	var partial *byzantine.PartialError
	require.ErrorAs(t, err, &partial)
	assert.Equal(t, since, next)
	assert.Equal(t, []string{"a", "c"}, ids)

	next, err = client.CopyTransactions(t.Context(), time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC), func(context.Context, *byzantine.Transaction) error { return nil })
	require.NoError(t, err, "it is older than what is asked for")
	assert.Equal(t, time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC), next)
}

// A time in the near future hides no update, even if the API's clock is a minute behind this client's, which is as much
// as signatures allow.
func TestATimeInTheNearFutureHidesNoUpdate(t *testing.T) {
	for name, behind := range map[string]time.Duration{"the same clock": 0, "a slow API": time.Minute} {
		t.Run(name, func(t *testing.T) {
			now := time.UnixMilli(1_000_000)
			api := &ledgerAPI{quiet: true, pageSize: 100, random: rand.New(rand.NewPCG(1, 1)), list: []ledgerRow{
				{id: "ahead", status: "processing", at: int(now.Add(90 * time.Minute).UnixMilli())},
			}}
			client := api.client(t, byzantine.WithClock(func() time.Time { return now }))
			stored := map[string]bool{}
			var since time.Time
			var err error
			for minute := range 200 {
				now = now.Add(time.Minute)
				id := fmt.Sprint(minute)
				api.list = append(api.list, ledgerRow{id: id, status: "completed", at: int(now.Add(-behind).UnixMilli())})
				since, err = client.CopyTransactions(t.Context(), since, func(_ context.Context, t *byzantine.Transaction) error {
					stored[t.TransactionID] = true
					return nil
				})
				require.NoError(t, err)
				require.Contains(t, stored, id)
			}
			assert.Contains(t, stored, "ahead")
		})
	}
}

// A time in the far future, which the API returned by mistake, does not hide later updates.
func TestATimeInTheFarFutureDoesNotEndTheCopy(t *testing.T) {
	now := time.UnixMilli(200_000)
	api := &ledgerAPI{quiet: true, pageSize: 100, random: rand.New(rand.NewPCG(1, 1)), list: []ledgerRow{
		{id: "mistaken", status: "processing", at: int(now.AddDate(900, 0, 0).UnixMilli())}, {id: "known", status: "completed", at: 2000},
	}}
	client := api.client(t, byzantine.WithClock(func() time.Time { return now }))
	stored := map[string]string{}
	var since time.Time
	for range 2 {
		var err error
		since, err = client.CopyTransactions(t.Context(), since, func(_ context.Context, tx *byzantine.Transaction) error {
			stored[tx.TransactionID] = string(tx.Status)
			return nil
		})
		require.NoError(t, err)
		api.list = append(api.list, ledgerRow{id: "later", status: "completed", at: 100_000})
	}
	assert.Equal(t, map[string]string{"mistaken": "processing", "known": "completed", "later": "completed"}, stored)
	assert.Equal(t, time.UnixMilli(100_000).UTC(), since.UTC())
}

package byzantine_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

func transactionIDs(from, to int) (ids []string) {
	for i := from; i <= to; i++ {
		ids = append(ids, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	return ids
}

func TestAListThatDoesNotMove(t *testing.T) {
	ascending := &byzantine.GetAllTransactionsRequest{Order: byzantine.OrderAscending}
	for _, c := range []struct {
		name     string
		records  int
		req      *byzantine.GetAllTransactionsRequest
		requests []string
	}{
		{"empty", 0, nil, []string{"limit=100&order=desc"}},
		{"less than a page", 99, nil, []string{"limit=100&order=desc"}},
		{"a page", 100, nil, []string{"limit=100&order=desc", "limit=100&offset=98&order=desc", "limit=100&order=desc"}},
		{"pages overlap by two, the newest are read again", 250, nil,
			[]string{"limit=100&order=desc", "limit=100&offset=98&order=desc", "limit=100&offset=196&order=desc", "limit=100&order=desc"}},
		{"ascending", 250, ascending, []string{"limit=100&order=asc", "limit=100&offset=98&order=asc", "limit=100&offset=196&order=asc"}},
		{"ascending, empty", 0, ascending, []string{"limit=100&order=asc"}},
		{"smallest page", 4, &byzantine.GetAllTransactionsRequest{Limit: 1, Order: byzantine.OrderAscending},
			[]string{"limit=3&order=asc", "limit=3&offset=1&order=asc", "limit=3&offset=2&order=asc"}},
		{"the API moves the limit", 150, &byzantine.GetAllTransactionsRequest{Limit: 500, Order: byzantine.OrderAscending},
			[]string{"limit=500&order=asc", "limit=500&offset=98&order=asc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newMovingWorld(c.records)
			ids, err := w.read(t, c.req)
			require.NoError(t, err)
			want := transactionIDs(1, c.records)
			if c.req == nil || c.req.Order != byzantine.OrderAscending {
				slices.Reverse(want)
			}
			assert.Equal(t, want, ids)
			assert.Equal(t, c.requests, w.requests)
		})
	}
}

func TestALoopThatBreaksLoadsNoMore(t *testing.T) {
	for _, n := range []int{1, 100} {
		w := newMovingWorld(250)
		got := 0
		for _, err := range w.client(t).AllTransactions(t.Context(), nil) {
			require.NoError(t, err)
			if got++; got == n {
				break
			}
		}
		assert.Len(t, w.requests, 1, "broken after %d", n)
	}
}

func TestAnErrorIsTheLastElement(t *testing.T) {
	w := newMovingWorld(250)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.between = cancel
	got := 0
	var last error
	for transaction, err := range w.client(t).AllTransactions(ctx, nil) {
		require.NoError(t, last, "nothing comes after the error")
		if last = err; err != nil {
			assert.Zero(t, transaction)
			continue
		}
		got++
	}
	assert.ErrorIs(t, last, context.Canceled)
	assert.Contains(t, []int{0, 100}, got, "the first page, unless the context ended it")
}

func TestALoopCanBeRunTwice(t *testing.T) {
	w := newMovingWorld(10)
	all := w.client(t).AllTransactions(t.Context(), nil)
	for range 2 {
		got := 0
		for _, err := range all {
			require.NoError(t, err)
			got++
		}
		assert.Equal(t, 10, got)
	}
}

func TestTheRequestIsCopied(t *testing.T) {
	w := newMovingWorld(10)
	req := &byzantine.GetAllTransactionsRequest{Limit: 20, Order: byzantine.OrderAscending}
	all := w.client(t).AllTransactions(t.Context(), req)
	req.Limit = 3
	req.Order = byzantine.OrderDescending
	for _, err := range all {
		require.NoError(t, err)
		req.Offset = 5
	}
	assert.Equal(t, []string{"limit=20&order=asc"}, w.requests)
	assert.Equal(t, &byzantine.GetAllTransactionsRequest{Limit: 3, Offset: 5, Order: byzantine.OrderDescending}, req)
}

func TestRequestsThatCannotBeIterated(t *testing.T) {
	w := newMovingWorld(10)
	for want, req := range map[string]*byzantine.GetAllTransactionsRequest{
		"byzantine: GetAllTransactionsRequest.Offset: must not be set: an offset is meaningless while the list changes": {Offset: 1},
		"byzantine: GetAllTransactionsRequest.Order: must be one of asc, desc":                                          {Order: "sideways"},
	} {
		ids, err := w.read(t, req)
		assert.EqualError(t, err, want)
		assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
		assert.Empty(t, ids)
	}
	assert.Empty(t, w.requests)
}

// In each case the record that a loop with growing offsets would miss is moved.
func TestMovesThatAPlainLoopMisses(t *testing.T) {
	for _, c := range []struct {
		name  string
		order byzantine.SortOrder
		move  func(w *movingWorld, request int)
	}{
		{"ascending: a record that was read leaves, the rest closes up", byzantine.OrderAscending, func(w *movingWorld, request int) {
			if request == 1 {
				for i := range 5 {
					w.now++
					w.update(i)
				}
			}
		}},
		{"ascending: the end runs ahead of the reader", byzantine.OrderAscending, func(w *movingWorld, request int) {
			if request <= 5 {
				w.now++
				w.update(request)
				w.update(len(w.records) - request)
			}
		}},
		{"ascending: all that was read leaves while the loop is slow", byzantine.OrderAscending, func(w *movingWorld, request int) {
			if request == 4 {
				for i := range 35 {
					w.now++
					w.update(i)
				}
			}
		}},
		{"descending: a record that was not read goes to the beginning", byzantine.OrderDescending, func(w *movingWorld, request int) {
			if request == 1 {
				w.now++
				w.update(0)
			}
		}},
		{"descending: at the last moment", byzantine.OrderDescending, func(w *movingWorld, request int) {
			if request <= 6 {
				w.now++
				w.update(0)
				w.update(1)
			}
		}},
		{"descending: more than a page goes to the beginning", byzantine.OrderDescending, func(w *movingWorld, request int) {
			if request == 1 {
				for i := range 30 {
					w.now++
					w.update(i)
				}
			}
		}},
		{"descending: records that were read are deleted", byzantine.OrderDescending, func(w *movingWorld, request int) {
			if request == 2 {
				w.records = w.records[:len(w.records)-7]
			}
		}},
		{"ascending: most of the list is deleted", byzantine.OrderAscending, func(w *movingWorld, request int) {
			if request == 3 {
				w.records = w.records[25:]
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := func() *movingWorld {
				w := newMovingWorld(50)
				w.between = func() { c.move(w, len(w.requests)) }
				return w
			}
			w := world()
			ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: 10, Order: c.order})
			require.NoError(t, err)
			lost, doubled := w.lost(ids)
			assert.Empty(t, lost)
			assert.Empty(t, doubled)

			w = world()
			lost, doubled = w.lost(w.readByOffset(t, 10, c.order))
			assert.NotEmpty(t, append(lost, doubled...), "a plain loop does worse")
		})
	}
}

func TestRecordsOfOneTimeThatFillPages(t *testing.T) {
	for _, order := range []byzantine.SortOrder{byzantine.OrderAscending, byzantine.OrderDescending} {
		w := newMovingWorld(60)
		for i := 10; i < 50; i++ {
			w.records[i].at = 30
		}
		for i := 50; i < 60; i++ {
			w.records[i].at = i
		}
		w.between = func() {
			if len(w.requests) == 4 { // within the first 40 records
				w.now++
				w.update(2)
				w.update(15)
				w.update(45)
				w.update(57)
				for range 3 {
					w.delete(14)
					w.delete(44)
				}
			}
		}
		ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: 10, Order: order})
		require.NoError(t, err, order)
		lost, doubled := w.lost(ids)
		assert.Empty(t, lost, order)
		assert.Empty(t, doubled, order)
	}
}

// A list of this size that does not change takes 11 requests.
func TestAListThatMovesSteadilyCostsNotMuchMore(t *testing.T) {
	for updates, most := range map[int]int{0: 11, 1: 20, 5: 20, 20: 35, 50: 45} {
		w := newMovingWorld(1000)
		w.between = func() {
			for range updates { // the oldest, which were read before
				oldest := slices.MinFunc(w.records, func(a, b movingRecord) int { return a.at - b.at })
				w.now++
				w.update(slices.Index(w.records, oldest))
			}
		}
		ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Order: byzantine.OrderAscending})
		require.NoError(t, err, updates)
		lost, doubled := w.lost(ids)
		assert.Empty(t, lost, updates)
		assert.Empty(t, doubled, updates)
		assert.LessOrEqual(t, len(w.requests), most, "%d updates between two requests", updates)
	}
}

func TestAListThatMovedOnceIsReadAtFullSpeedAfterwards(t *testing.T) {
	w := newMovingWorld(10_000)
	w.between = func() {
		if len(w.requests) == 2 {
			for i := range 190 {
				w.now++
				w.update(i)
			}
		}
	}
	ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Order: byzantine.OrderAscending})
	require.NoError(t, err)
	assert.Len(t, ids, 10_000)
	assert.Less(t, len(w.requests), 150, "without the move it is 102")
}

// All records have the same time, for example after an update of the whole table.
func TestAListOfOneTime(t *testing.T) {
	for order, requests := range map[byzantine.SortOrder]int{byzantine.OrderAscending: 3, byzantine.OrderDescending: 6} {
		w := newMovingWorld(250)
		for i := range w.records {
			w.records[i].at = w.now
		}
		ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Order: order})
		require.NoError(t, err, order)
		assert.ElementsMatch(t, transactionIDs(1, 250), ids, order)
		assert.Len(t, w.requests, requests, order)
	}
}

// A server whose responses contradict each other must not be asked for ever, and a short page must not count as the
// end.
func TestServersThatMakeNoSense(t *testing.T) {
	const tooFast = "byzantine: get_all_transactions: the list changes faster than it is read, or its pages do not fit together"
	for _, c := range []struct {
		name  string
		spoil func(*movingWorld)
		error string
	}{
		{"two records a page", func(w *movingWorld) { w.maxLimit = 2 }, ""},
		{"one record a page", func(w *movingWorld) { w.maxLimit = 1 }, tooFast},
		{"shorter pages than it says", func(w *movingWorld) {
			w.edit = func(l *byzantine.TransactionPage) { l.Transactions = l.Transactions[:min(7, len(l.Transactions))] }
		}, ""},
		{"no limit in the response", func(w *movingWorld) { w.edit = func(l *byzantine.TransactionPage) { l.Limit = 0 } }, ""},
		{"an odd limit in the response", func(w *movingWorld) { w.edit = func(l *byzantine.TransactionPage) { l.Limit = 1 << 60 } }, ""},
		{"no total", func(w *movingWorld) { w.edit = func(l *byzantine.TransactionPage) { l.Total = 0 } }, ""},
		{"a total that is too high", func(w *movingWorld) { w.edit = func(l *byzantine.TransactionPage) { l.Total += 1000 } }, ""},
		{"always the first page", func(w *movingWorld) {
			first := []byzantine.Transaction(nil)
			w.edit = func(l *byzantine.TransactionPage) {
				if first == nil {
					first = l.Transactions
				}
				l.Transactions = first
			}
		}, tooFast},
		{"another order each time in a list of one time", func(w *movingWorld) {
			w.unstable = true
			for i := range w.records {
				w.records[i].at = 1
			}
		}, "?"},
		{"more updates than a page holds", func(w *movingWorld) {
			w.between = func() {
				for range 50 {
					w.now++
					w.update(w.rng.IntN(len(w.records)))
				}
			}
		}, tooFast},
	} {
		for _, order := range []byzantine.SortOrder{byzantine.OrderAscending, byzantine.OrderDescending} {
			t.Run(c.name+", "+string(order), func(t *testing.T) {
				w := newMovingWorld(120)
				c.spoil(w)
				ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: 20, Order: order})
				assert.Less(t, len(w.requests), 2000)
				_, doubled := w.lost(ids)
				assert.Empty(t, doubled)
				switch c.error {
				case "":
					require.NoError(t, err)
					assert.Len(t, ids, 120)
				case "?": // the loop ends; with which result depends on chance
				default:
					assert.EqualError(t, err, c.error)
				}
			})
		}
	}
}

// If new records are added as fast as they are read, or faster, no loop can reach the end: it returns an error, unless the
// list was empty at first.
func TestAListThatGrowsAsFastAsItIsReadIsAnError(t *testing.T) {
	for _, order := range []byzantine.SortOrder{byzantine.OrderAscending, byzantine.OrderDescending} {
		for _, perRequest := range []int{2, 3, 10} {
			for _, records := range []int{0, 10, longtest.Count(50, 200)} {
				t.Run(fmt.Sprint(order, ", ", perRequest, " per request, ", records, " records"), func(t *testing.T) {
					w := newMovingWorld(records)
					w.between = func() {
						w.now++
						for range perRequest {
							w.insert()
						}
					}
					_, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: 3, Order: order})
					if err != nil {
						require.ErrorContains(t, err, "the list changes faster than it is read")
					}
					assert.Less(t, len(w.requests), 10_000)
					if records > 0 {
						require.Error(t, err)
					}
				})
			}
		}
	}
}

// A list that grows more slowly than it is read is read to its end, even if that takes long.
func TestAListThatGrowsSlowerThanItIsReadIsReadToItsEnd(t *testing.T) {
	w := newMovingWorld(1000)
	w.between = func() {
		w.now++
		w.insert()
	}
	ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: 5, Order: byzantine.OrderAscending})
	require.NoError(t, err)
	lost, doubled := w.lost(ids)
	assert.Empty(t, lost)
	assert.Empty(t, doubled)
}

func TestCallOptionsGoWithEachRequest(t *testing.T) {
	w := newMovingWorld(250)
	var response byzantine.Response
	pages := 0
	for _, err := range w.client(t).AllTransactions(t.Context(), nil, byzantine.WithResponse(&response)) {
		require.NoError(t, err)
		if len(w.requests) > pages {
			pages = len(w.requests)
			assert.Equal(t, http.StatusOK, response.StatusCode, "of page %d", pages)
			response = byzantine.Response{}
		}
	}
	assert.Equal(t, 3, pages)
}

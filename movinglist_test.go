package byzantine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
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

// movingWorld is an API with a list of transactions that are updated, made and deleted between requests. It is an
// http.RoundTripper.
type movingWorld struct {
	records []movingRecord
	now     int // seconds
	made    int

	between  func() // called after each request; nil for a list that does not change
	unstable bool   // records of the same time are in another order in each response
	rng      *rand.Rand

	maxLimit int64 // a higher limit in a request is lowered to this; 0 for no maximum
	edit     func(*byzantine.TransactionPage)

	requests []string // the queries of all requests
	atStart  map[string]bool
}

type movingRecord struct {
	id string
	at int
}

func newMovingWorld(records int) *movingWorld {
	w := &movingWorld{maxLimit: 100, rng: rand.New(rand.NewPCG(1, uint64(records)))}
	for range records {
		w.now++
		w.insert()
	}
	return w
}

func (w *movingWorld) insert() {
	w.made++
	w.records = append(w.records, movingRecord{fmt.Sprintf("00000000-0000-4000-8000-%012d", w.made), w.now})
}

// update sets the time of record i to the present, which moves the record to the newest end of the list.
func (w *movingWorld) update(i int) { w.records[i].at = w.now }

func (w *movingWorld) delete(i int) { w.records = slices.Delete(w.records, i, i+1) }

func (w *movingWorld) ids() map[string]bool {
	ids := map[string]bool{}
	for _, r := range w.records {
		ids[r.id] = true
	}
	return ids
}

func (w *movingWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(w.requests) == 0 {
		w.atStart = w.ids()
	}
	w.requests = append(w.requests, r.URL.RawQuery)
	if len(w.requests) > 10_000 {
		return nil, fmt.Errorf("this never ends")
	}
	query := r.URL.Query()
	limit, _ := strconv.ParseInt(query.Get("limit"), 10, 64)
	offset, _ := strconv.ParseInt(query.Get("offset"), 10, 64)
	limit = min(max(limit, 1), w.maxLimit)

	sorted := slices.Clone(w.records)
	if w.unstable {
		w.rng.Shuffle(len(sorted), func(i, j int) { sorted[i], sorted[j] = sorted[j], sorted[i] })
	}
	slices.SortStableFunc(sorted, func(a, b movingRecord) int {
		if query.Get("order") == "asc" {
			return cmp.Compare(a.at, b.at)
		}
		return cmp.Compare(b.at, a.at)
	})
	list := byzantine.TransactionPage{Transactions: []byzantine.Transaction{}, Total: int64(len(sorted)), Limit: limit, Offset: offset}
	for i := offset; i < min(offset+limit, int64(len(sorted))); i++ {
		list.Transactions = append(list.Transactions, byzantine.Transaction{
			TransactionID: sorted[i].id, UpdatedAt: time.Unix(int64(sorted[i].at), 0).UTC(),
		})
	}
	if w.edit != nil {
		w.edit(&list)
	}
	body, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	if w.between != nil {
		w.between()
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}

func (w *movingWorld) client(t *testing.T) *byzantine.Client {
	return newTestClient(t, "https://api.example.com", byzantine.WithHTTPClient(&http.Client{Transport: w}), byzantine.WithMaxAttempts(1))
}

// read iterates over the whole list and returns the ids in the order in which they were yielded.
func (w *movingWorld) read(t *testing.T, req *byzantine.GetAllTransactionsRequest) (ids []string, err error) {
	for transaction, err := range w.client(t).AllTransactions(t.Context(), req) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, transaction.TransactionID)
	}
	return ids, nil
}

// readByOffset reads the list page by page with growing offsets, as a program without iterators would.
func (w *movingWorld) readByOffset(t *testing.T, limit int64, order byzantine.SortOrder) (ids []string) {
	client := w.client(t)
	for offset := int64(0); ; offset += limit {
		list, err := client.GetAllTransactions(t.Context(), &byzantine.GetAllTransactionsRequest{Limit: limit, Offset: offset, Order: order})
		require.NoError(t, err)
		for _, transaction := range list.Transactions {
			ids = append(ids, transaction.TransactionID)
		}
		if offset+limit >= list.Total {
			return ids
		}
	}
}

// lost returns the records that were in the list from beginning to end and are not among ids; doubled are the ids that
// occur twice.
func (w *movingWorld) lost(ids []string) (lost, doubled []string) {
	count := map[string]int{}
	for _, id := range ids {
		if count[id]++; count[id] == 2 {
			doubled = append(doubled, id)
		}
	}
	for id := range w.ids() {
		if w.atStart[id] && count[id] == 0 {
			lost = append(lost, id)
		}
	}
	return lost, doubled
}

// randomMovingWorld returns a movingWorld in which many records have equal times. Between requests a few records are
// updated, made or deleted, sometimes none, and rarely half of all records are updated.
func randomMovingWorld(seed uint64, limit int) *movingWorld {
	rng := rand.New(rand.NewPCG(seed, 2))
	w := newMovingWorld(0)
	w.rng = rng
	w.unstable = seed%2 == 0
	// If more records have one time than fit into a page beside an older one, other rules apply: see
	// TestRecordsOfOneTimeThatFillPages.
	most := limit - 2
	sameTime := 0
	tick := func() {
		if sameTime++; sameTime >= most || rng.IntN(2) == 0 {
			w.now++
			sameTime = 0
		}
	}
	for range rng.IntN(200) {
		tick()
		w.insert()
	}
	// The order of the records in memory is independent of their times.
	rng.Shuffle(len(w.records), func(i, j int) { w.records[i], w.records[j] = w.records[j], w.records[i] })
	bursts := 2
	w.between = func() {
		changes := rng.IntN(max(2, limit/3))
		if rng.IntN(20) == 0 && bursts > 0 {
			changes = len(w.records) / 2
			bursts--
		}
		for range changes {
			tick()
			switch what := rng.IntN(10); {
			case what == 0 || len(w.records) == 0:
				w.insert()
			case what == 1:
				w.delete(rng.IntN(len(w.records)))
			default:
				w.update(rng.IntN(len(w.records)))
			}
		}
	}
	return w
}

func TestAChangingListIsReadWithoutGapsAndDoubles(t *testing.T) {
	seeds := longtest.Count[uint64](30, 150)
	lostByOffset := map[byzantine.SortOrder]int{}
	for seed := range seeds {
		order := []byzantine.SortOrder{"", byzantine.OrderAscending, byzantine.OrderDescending}[seed%3]
		limit := 5 + int(seed%23)
		name := fmt.Sprintf("seed %d, order %q, limit %d", seed, order, limit)

		w := randomMovingWorld(seed, limit)
		ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: int64(limit), Order: order})
		require.NoError(t, err, name)
		lost, doubled := w.lost(ids)
		require.Empty(t, lost, name)
		require.Empty(t, doubled, name)

		naive := randomMovingWorld(seed, limit)
		lost, _ = naive.lost(naive.readByOffset(t, int64(limit), order))
		lostByOffset[order] += len(lost)
	}
	for order, lost := range lostByOffset {
		assert.Positive(t, lost, "these worlds are hard enough to make a plain loop in order %q lose records", order)
	}
}

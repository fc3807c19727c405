package byzantine_test

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// A time that cannot be read is zero. It does not end the loop, and every record is yielded, with or without a time.
func TestUnreadableSortTimesHideNothing(t *testing.T) {
	for _, order := range []byzantine.SortOrder{"", "asc"} {
		for _, share := range []int{10, 3, 2, 1} { // every share-th time cannot be read; in the end none can
			for seed := range 25 {
				w := newMovingWorld(40 + seed)
				moves := 0
				w.between = func() {
					w.now++
					if moves++; moves%4 == 0 && moves < 40 {
						w.update(w.rng.IntN(len(w.records)))
					}
				}
				if share == 1 {
					w.between = nil // if no time can be read, a list that changes cannot be followed
				}
				w.edit = func(list *byzantine.TransactionPage) {
					for i := range list.Transactions {
						if number, _ := strconv.Atoi(list.Transactions[i].TransactionID[24:]); (number+seed)%share == 0 {
							list.Transactions[i].UpdatedAt = time.Time{}
						}
					}
				}
				ids, err := w.read(t, &byzantine.GetAllTransactionsRequest{Limit: 7, Order: order})
				name := fmt.Sprintf("order %q, one in %d, seed %d", order, share, seed)
				require.NoError(t, err, name)
				lost, doubled := w.lost(ids)
				assert.Empty(t, lost, name)
				assert.Empty(t, doubled, name)
			}
		}
	}
}

// A transaction whose id cannot be read gives one error at its place in the list, although pages overlap.
func TestUnreadableElementsOfAMovingList(t *testing.T) {
	records := make([]any, 20)
	for i := range records {
		record := map[string]any{"transactionId": fmt.Sprint("t", i), "updatedAt": time.Unix(int64(1700000000-i), 0).UTC()}
		if i%5 == 1 {
			record["transactionId"] = i
		}
		records[i] = record
	}
	client, _ := pagedAPI(t, func(_ int, query url.Values) any {
		limit, _ := strconv.Atoi(query.Get("limit"))
		offset, _ := strconv.Atoi(query.Get("offset"))
		return map[string]any{"transactions": records[min(offset, 20):min(offset+limit, 20)], "total": 20, "limit": limit, "offset": offset}
	})
	read, failed := 0, 0
	for transaction, err := range client.AllTransactions(t.Context(), &byzantine.GetAllTransactionsRequest{Limit: 4}) {
		if err == nil {
			read++
			continue
		}
		var partial *byzantine.PartialError
		require.ErrorAs(t, err, &partial)
		assert.Zero(t, transaction)
		failed++
	}
	assert.Equal(t, []int{16, 4}, []int{read, failed})
}

func TestAnAttemptThatCannotBeReadLeavesItsDelivery(t *testing.T) {
	client, _ := pagedAPI(t, func(int, url.Values) any {
		attempts := []any{map[string]any{"id": "a"}, map[string]any{"id": 7}}
		return map[string]any{"deliveries": []any{
			map[string]any{"delivery": map[string]any{"id": "1"}, "attempts": attempts},
			map[string]any{"delivery": map[string]any{"id": []int{2}}, "attempts": attempts},
			map[string]any{"delivery": map[string]any{"id": "3"}},
		}}
	})
	var got []string
	for delivery, err := range client.AllWebhookDeliveries(t.Context(), nil) {
		got = append(got, delivery.Delivery.ID)
		if err != nil {
			got[len(got)-1] = err.Error()
		}
	}
	const failed = "byzantine: list_deliveries: the call succeeded, but an element of the response cannot be read: "
	assert.Equal(t, []string{
		"1", failed + "deliveries[0].attempts[1].id: number in place of string",
		failed + "deliveries[1].delivery.id: list in place of string", failed + "deliveries[1].attempts[1].id: number in place of string",
		"3",
	}, got)
}

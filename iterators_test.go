package byzantine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// pagedAPI returns a client of a server whose responses come from a function, and the queries that the server has
// received.
func pagedAPI(t *testing.T, response func(request int, query url.Values) any) (*byzantine.Client, *[]string) {
	t.Helper()
	queries := new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*queries = append(*queries, r.URL.RawQuery)
		assert.NoError(t, json.NewEncoder(w).Encode(response(len(*queries), r.URL.Query())))
	}))
	t.Cleanup(server.Close)
	return newTestClient(t, server.URL), queries
}

// collect returns the elements of an iterator up to its end or its first error, and that error.
func collect[T any](t *testing.T, all iter.Seq2[T, error]) (elements []T, err error) {
	t.Helper()
	for element, e := range all {
		require.NoError(t, err, "nothing comes after the error")
		if err = e; err == nil {
			elements = append(elements, element)
		}
	}
	return elements, err
}

func TestAllInvitations(t *testing.T) {
	client, queries := pagedAPI(t, func(request int, query url.Values) any {
		offset, err := strconv.Atoi(cmp.Or(query.Get("offset"), "0"))
		assert.NoError(t, err)
		list := byzantine.InvitationPage{Invitations: []byzantine.Invitation{}, Total: 6, Limit: 4}
		for i := offset; i < min(offset+4, 6); i++ {
			list.Invitations = append(list.Invitations, byzantine.Invitation{InvitationID: strconv.Itoa(i), UpdatedAt: time.Unix(int64(i), 0)})
		}
		return list
	})
	all, err := collect(t, client.AllInvitations(t.Context(), &byzantine.GetAllInvitationsRequest{Limit: 4, Order: byzantine.OrderAscending}))
	require.NoError(t, err)
	require.Len(t, all, 6)
	for i, invitation := range all {
		assert.Equal(t, strconv.Itoa(i), invitation.InvitationID)
	}
	assert.Equal(t, []string{"limit=4&order=asc", "limit=4&offset=2&order=asc", "limit=4&offset=4&order=asc"}, *queries)

	_, err = collect(t, client.AllInvitations(t.Context(), &byzantine.GetAllInvitationsRequest{Order: "sideways"}))
	assert.EqualError(t, err, "byzantine: GetAllInvitationsRequest.Order: must be one of asc, desc")
	_, err = collect(t, client.AllInvitations(t.Context(), &byzantine.GetAllInvitationsRequest{Offset: 1}))
	assert.EqualError(t, err, "byzantine: GetAllInvitationsRequest.Offset: must not be set: an offset is meaningless while the list changes")
}

func eventsPage(next any, ids ...string) any {
	events := []any{}
	for _, id := range ids {
		events = append(events, map[string]any{"id": id, "type": "customer.active"})
	}
	return map[string]any{"events": events, "nextCursor": next}
}

func TestAllEventsFollowsTheCursorWithTheSameFilters(t *testing.T) {
	for name, end := range map[string]any{"null": nil, "empty": ""} {
		t.Run(name, func(t *testing.T) {
			client, queries := pagedAPI(t, func(request int, query url.Values) any {
				switch query.Get("cursor") {
				case "first":
					return eventsPage("a/b+c=", "1", "2")
				case "a/b+c=":
					return eventsPage("last") // an empty page does not mean the end
				}
				return eventsPage(end, "3")
			})
			req := &byzantine.ListEventsRequest{
				AccountID: testAccountID, EventType: byzantine.EventCustomerActive, CreatedAfter: time.Unix(1700000000, 0), Limit: 2, Cursor: "first",
			}
			all := client.AllEvents(t.Context(), req)
			for range 2 {
				*queries = nil
				events, err := collect(t, all)
				require.NoError(t, err)
				assert.Equal(t, []byzantine.Event{{ID: "1", Type: "customer.active"}, {ID: "2", Type: "customer.active"}, {ID: "3", Type: "customer.active"}}, events)
				const filters = "accountId=" + testAccountID + "&eventType=customer.active&createdAfter=2023-11-14T22%3A13%3A20Z"
				assert.Equal(t, []string{
					filters + "&cursor=first&limit=2", filters + "&cursor=a%2Fb%2Bc%3D&limit=2", filters + "&cursor=last&limit=2",
				}, *queries)
			}
			assert.Equal(t, "first", req.Cursor, "the caller's request stays")
		})
	}
}

func TestAllEventsEndsWhenTheServerGivesACursorTwice(t *testing.T) {
	for _, cursors := range [][]string{{"a", "a"}, {"a", "b", "a"}} {
		client, queries := pagedAPI(t, func(request int, _ url.Values) any {
			return eventsPage(cursors[min(request, len(cursors))-1], strconv.Itoa(request))
		})
		events, err := collect(t, client.AllEvents(t.Context(), nil))
		assert.EqualError(t, err, "byzantine: list_events: the server gave a cursor twice")
		assert.Len(t, events, len(cursors))
		assert.Len(t, *queries, len(cursors))
	}
}

// If all further pages have new cursors but no new events, the loop ends with an error.
func TestAllEventsEndsWhenPagesBringNothingNew(t *testing.T) {
	at := func(id string, second int) any {
		return map[string]any{"id": id, "type": "customer.active", "createdAt": time.Unix(int64(1700000000+second), 0).UTC()}
	}
	for name, c := range map[string]struct {
		news int // number of pages that have a new event
		page func(request int) []any
	}{
		"empty pages":            {0, func(int) []any { return []any{} }},
		"the same page":          {1, func(int) []any { return []any{at("a", 2), at("b", 1)} }},
		"pages by turns":         {3, func(request int) []any { return []any{at(fmt.Sprint(request%3), request%3)} }},
		"the same without times": {1, func(int) []any { return []any{map[string]any{"id": "a", "type": "customer.active"}} }},
	} {
		t.Run(name, func(t *testing.T) {
			client, queries := pagedAPI(t, func(request int, _ url.Values) any {
				return map[string]any{"events": c.page(request), "nextCursor": fmt.Sprint("cursor", request)}
			})
			_, err := collect(t, client.AllEvents(t.Context(), nil))
			assert.EqualError(t, err, "byzantine: list_events: the server says that there is more but does not send it")
			assert.Len(t, *queries, c.news+101, "a hundred pages without news pass, and the next one ends the loop")
		})
	}
}

// The loop goes on although many pages bring nothing new, and although the events of one time fill many pages.
func TestAllEventsGoesOnWhilePagesBringNews(t *testing.T) {
	client, queries := pagedAPI(t, func(request int, _ url.Values) any {
		events := []any{}
		if request > 300 || request%100 == 0 {
			events = []any{map[string]any{"type": "customer.active", "id": fmt.Sprint(request), "createdAt": "2026-09-01T00:00:00Z"}}
		}
		var next any
		if request < 600 {
			next = fmt.Sprint("cursor", request)
		}
		return map[string]any{"events": events, "nextCursor": next}
	})
	events, err := collect(t, client.AllEvents(t.Context(), nil))
	require.NoError(t, err)
	assert.Len(t, events, 303)
	assert.Len(t, *queries, 600)
}

func TestCallOptionsGoWithEachPageOfEvents(t *testing.T) {
	client, _ := pagedAPI(t, func(request int, _ url.Values) any {
		return eventsPage([]string{"second", ""}[request-1], fmt.Sprint(request, "a"))
	})
	var response byzantine.Response
	pages := 0
	for _, err := range client.AllEvents(t.Context(), nil, byzantine.WithResponse(&response)) {
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, response.StatusCode)
		response = byzantine.Response{}
		pages++
	}
	assert.Equal(t, 2, pages)
}

func TestAllEventsLoadsLazily(t *testing.T) {
	client, queries := pagedAPI(t, func(request int, _ url.Values) any {
		return eventsPage(fmt.Sprint("cursor", request), fmt.Sprint(request, "a"), fmt.Sprint(request, "b"))
	})
	all := client.AllEvents(t.Context(), nil)
	assert.Empty(t, *queries, "nothing is loaded before the loop")
	var ids []string
	for event, err := range all {
		require.NoError(t, err)
		if ids = append(ids, event.ID); len(ids) == 4 {
			break
		}
	}
	assert.Equal(t, []string{"1a", "1b", "2a", "2b"}, ids)
	assert.Equal(t, []string{"", "cursor=cursor1"}, *queries)
}

func TestErrorsOfAPageEndTheLoop(t *testing.T) {
	client, _ := pagedAPI(t, func(request int, _ url.Values) any {
		if request == 1 {
			return map[string]any{"events": []any{map[string]any{"id": "1", "type": "customer.active"}}, "nextCursor": "x", "deliveries": []any{map[string]any{}}, "hasMore": true}
		}
		return "no list"
	})
	events, err := collect(t, client.AllEvents(t.Context(), nil))
	assert.ErrorContains(t, err, "list_events: 200 OK: the response is not of the expected form")
	assert.Len(t, events, 1)

	_, err = collect(t, client.AllEvents(t.Context(), &byzantine.ListEventsRequest{Limit: 251}))
	assert.EqualError(t, err, "byzantine: ListEventsRequest.Limit: must be at most 250")
	_, err = collect(t, client.AllWebhookDeliveries(t.Context(), nil))
	assert.ErrorContains(t, err, "list_deliveries: 200 OK: the response is not of the expected form")
}

// deliveryHistory returns a function for pagedAPI that responds with pages of at most four of the delivery ids that
// history returns.
func deliveryHistory(history func(request int) []string) func(int, url.Values) any {
	return func(request int, query url.Values) any {
		all := history(request)
		offset, _ := strconv.Atoi(query.Get("offset"))
		page := all[min(offset, len(all)):min(offset+4, len(all))]
		list := byzantine.WebhookDeliveryPage{HasMore: offset+4 < len(all)}
		for _, id := range page {
			list.Deliveries = append(list.Deliveries, byzantine.WebhookDeliveryWithAttempts{Delivery: byzantine.WebhookDelivery{ID: id}})
		}
		return list
	}
}

func deliveryIDs(all []byzantine.WebhookDeliveryWithAttempts) (ids []string) {
	for _, delivery := range all {
		ids = append(ids, delivery.Delivery.ID)
	}
	return ids
}

func TestAllWebhookDeliveries(t *testing.T) {
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}
	client, queries := pagedAPI(t, deliveryHistory(func(int) []string { return ids }))
	req := &byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryFailed, IncludeAttempts: new(false)}
	all, err := collect(t, client.AllWebhookDeliveries(t.Context(), req))
	require.NoError(t, err)
	assert.Equal(t, ids, deliveryIDs(all))
	assert.Equal(t, []string{
		"includeAttempts=false&status=failed", "offset=4&includeAttempts=false&status=failed", "offset=8&includeAttempts=false&status=failed",
	}, *queries)
	assert.Zero(t, req.Offset, "the caller's request stays")

	*queries = nil
	all, err = collect(t, client.AllWebhookDeliveries(t.Context(), &byzantine.ListWebhookDeliveriesRequest{Offset: 3, Limit: 4}))
	require.NoError(t, err)
	assert.Equal(t, ids[3:], deliveryIDs(all))
	assert.Equal(t, []string{"limit=4&offset=3", "limit=4&offset=7"}, *queries)

	for range client.AllWebhookDeliveries(t.Context(), nil) {
		break
	}
	assert.Len(t, *queries, 3, "a loop that breaks loads no more")
}

func TestNewDeliveriesThatShiftTheHistoryAreNotDoubled(t *testing.T) {
	client, _ := pagedAPI(t, deliveryHistory(func(request int) []string {
		old := []string{"a", "b", "c", "d", "e", "f"}
		if request > 1 {
			return slices.Concat([]string{"new1", "new2", "new3", "new4", "new5"}, old)
		}
		return old
	}))
	all, err := collect(t, client.AllWebhookDeliveries(t.Context(), nil))
	require.NoError(t, err)
	ids := deliveryIDs(all)
	slices.Sort(ids)
	assert.Equal(t, []string{"a", "b", "c", "d", "e", "f", "new5"}, ids)
}

func TestAHistoryWithoutEndIsAnError(t *testing.T) {
	const want = "byzantine: list_deliveries: the server says that there is more but does not send it"
	for name, page := range map[string]byzantine.WebhookDeliveryPage{
		"empty page":      {HasMore: true},
		"always the same": {HasMore: true, Deliveries: []byzantine.WebhookDeliveryWithAttempts{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			client, queries := pagedAPI(t, func(int, url.Values) any { return page })
			all, err := collect(t, client.AllWebhookDeliveries(t.Context(), nil))
			assert.EqualError(t, err, want)
			assert.Len(t, all, len(page.Deliveries))
			assert.Less(t, len(*queries), 110)
		})
	}
}

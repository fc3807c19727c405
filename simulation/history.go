package simulation

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// history makes of the API's list of events what the plan wants: some events are listed late, some are in the envelope of
// June 2026, and some have a time without a zone.
func (w *World) history(r *http.Request, body []byte) []byte {
	if w.plan.lag == 0 && w.plan.oldEvents == 0 && !w.plan.coarse || !strings.HasSuffix(r.URL.Path, "/events") || r.Method != http.MethodGet {
		return body
	}
	var list map[string]json.RawMessage
	var events []map[string]json.RawMessage
	if json.Unmarshal(body, &list) != nil || json.Unmarshal(list["events"], &events) != nil {
		return body
	}
	shown := []map[string]json.RawMessage{}
	for _, event := range events {
		var created time.Time
		if json.Unmarshal(event["createdAt"], &created) != nil {
			return body
		}
		if time.Since(created) < w.lagOf(event) {
			continue
		}
		if w.plan.coarse {
			event["createdAt"] = json.RawMessage(`"` + created.Truncate(time.Millisecond).Format(time.RFC3339Nano) + `"`)
		}
		shown = append(shown, event)
		switch part := share(event, "envelope"); {
		case part < w.plan.oldEvents/2:
			ofJune(event)
		case part < w.plan.oldEvents:
			event["occurredAt"] = json.RawMessage(strings.Replace(string(event["occurredAt"]), "Z", "", 1))
		}
	}
	var err error
	if list["events"], err = json.Marshal(shown); err != nil {
		return body
	}
	if changed, err := json.Marshal(list); err == nil {
		return changed
	}
	return body
}

// shortPage makes a page of transactions as short as an API may make it that has a low limit of its own, so that a copy takes
// many requests.
func (w *World) shortPage(r *http.Request, body []byte) []byte {
	if !w.plan.shortPages || !strings.HasSuffix(r.URL.Path, "/get-all-transactions") {
		return body
	}
	var page map[string]json.RawMessage
	var rows []json.RawMessage
	if json.Unmarshal(body, &page) != nil || json.Unmarshal(page["transactions"], &rows) != nil || len(rows) <= shortPage {
		return body
	}
	var err error
	if page["transactions"], err = json.Marshal(rows[:shortPage]); err != nil {
		return body
	}
	page["limit"] = json.RawMessage(strconv.Itoa(shortPage))
	if changed, err := json.Marshal(page); err == nil {
		return changed
	}
	return body
}

const shortPage = 3

// lagOf returns how long after its createdAt an event is listed: less than the Reconciler's Overlap.
func (w *World) lagOf(event map[string]json.RawMessage) time.Duration {
	return time.Duration(w.plan.lag * float64(w.plan.overlap) * share(event, "lag"))
}

// share returns a number from 0 to 1, always the same for an event and what.
func share(event map[string]json.RawMessage, what string) float64 {
	h := fnv.New32a()
	_, _ = h.Write(event["id"])
	_, _ = h.Write([]byte(what))
	return float64(h.Sum32()%1000) / 1000
}

// ofJune puts an event into the envelope of June 2026: the field type is called eventType, provider is added, and the ids in
// related become fields of the event itself.
func ofJune(event map[string]json.RawMessage) {
	event["eventType"] = event["type"]
	event["provider"] = json.RawMessage(`"byzantine"`)
	var related map[string]json.RawMessage
	if json.Unmarshal(event["related"], &related) == nil {
		maps.Copy(event, related)
	}
	delete(event, "type")
	delete(event, "related")
}

// endlessPage returns the next page of a list that has no end: empty pages with cursors that are always new, or transactions
// that come in as fast as they are read. It returns nil for all other requests, and after 3*mostRequests pages, so that the
// world ends even if a client never stops reading.
func (w *World) endlessPage(r *http.Request) []byte {
	if !w.plan.endlessPages || !w.stormy() || r.Method != http.MethodGet {
		return nil
	}
	limit := r.URL.Query().Get("limit")
	events := strings.HasSuffix(r.URL.Path, "/events") && limit == strconv.Itoa(browsedEvents)
	if !events && !(strings.HasSuffix(r.URL.Path, "/get-all-transactions") && limit == strconv.Itoa(browsedTransactions)) {
		return nil
	}
	w.mu.Lock()
	w.pages++
	n := w.pages
	w.mu.Unlock()
	if n > 3*mostRequests {
		return nil
	}
	if events {
		return fmt.Appendf(nil, `{"events":[],"nextCursor":"c%d"}`, n)
	}
	now := time.Now().UTC()
	var rows []json.RawMessage
	for i := range browsedTransactions {
		at := now.Add(-time.Duration(i) * time.Millisecond).Format(time.RFC3339Nano)
		rows = append(rows, fmt.Appendf(nil, `{"transactionId":"00000000-0000-4000-8000-%012d","status":"processing","type":"deposit","createdAt":"%s","updatedAt":"%[2]s"}`,
			browsedTransactions*n+i, at))
	}
	page, _ := json.Marshal(map[string]any{"transactions": rows, "total": 9, "limit": browsedTransactions, "offset": 0})
	return page
}

// mostRequests is how many requests a loop over lists may make at most, also over lists without end.
const mostRequests = 1500

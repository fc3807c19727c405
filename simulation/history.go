package simulation

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"net/http"
	"strings"
	"time"
)

// history makes of the API's list of events what the plan wants: some events are listed late, some are in the envelope of
// June 2026, and some have a time without a zone.
func (w *World) history(r *http.Request, body []byte) []byte {
	if w.plan.lag == 0 && w.plan.oldEvents == 0 || !strings.HasSuffix(r.URL.Path, "/events") || r.Method != http.MethodGet {
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

// lagOf is how long after its time an event is listed: shorter than the Reconciler's Overlap.
func (w *World) lagOf(event map[string]json.RawMessage) time.Duration {
	return time.Duration(w.plan.lag * float64(w.plan.overlap) * share(event, "lag"))
}

// share is a number from 0 to 1 that belongs to an event.
func share(event map[string]json.RawMessage, what string) float64 {
	h := fnv.New32a()
	_, _ = h.Write(event["id"])
	_, _ = h.Write([]byte(what))
	return float64(h.Sum32()%1000) / 1000
}

// ofJune puts an event into the envelope of June 2026: the type has another name, and the ids stand beside it.
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

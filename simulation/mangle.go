package simulation

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// mangled changes the body of a success: into something that is not JSON (unreadable), or by replacing one value in it (odd).
// wanted says which of the two; if it is empty, r decides.
func mangled(r *rand.Rand, path, wanted string, body []byte) (changed []byte, how string) {
	kind, cut := r.IntN(7), 1+r.IntN(20)
	switch wanted {
	case odd:
		kind = 4
	case unreadable:
		kind %= 4
	}
	// Lists of events and transactions get no odd values: a Reconciler skips an event without a readable type, as documented,
	// so the event would be missing; and a copy cannot notice a wrong transaction that is readable.
	if kind > 3 && !strings.HasSuffix(path, "/events") && !strings.HasSuffix(path, "/get-all-transactions") {
		if changed, ok := withOddValue(r, body); ok {
			return changed, "an odd value"
		}
	}
	switch kind % 4 {
	case 0:
		return body[:len(body)-min(cut, len(body))], "cut short"
	case 1:
		return append(bytes.Clone(body), body...), "twice"
	case 2:
		return append(bytes.Clone(body), "<!-- served by cache 7 -->"...), "with a comment behind it"
	}
	return append([]byte("\x00"), body...), "behind a zero byte"
}

// withOddValue replaces one value of a JSON text by an odd one, in most cases of another type.
func withOddValue(r *rand.Rand, body []byte) ([]byte, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		return nil, false
	}
	var places []func(odd any)
	collect(document, &places)
	if len(places) == 0 {
		return nil, false
	}
	pick(r, places...)(pick[any](r, true, 12.5, "soon", "2026-09-01 10:00:00", nil, []any{}, map[string]any{"value": 1}, -1, ""))
	changed, err := json.Marshal(document)
	return changed, err == nil
}

// collect appends to places, for each value inside v, a function that replaces it, in an order that is always the same.
func collect(v any, places *[]func(odd any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			*places = append(*places, func(odd any) { v[name] = odd })
			collect(v[name], places)
		}
	case []any:
		for i := range v {
			*places = append(*places, func(odd any) { v[i] = odd })
			collect(v[i], places)
		}
	}
}

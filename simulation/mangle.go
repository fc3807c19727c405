package simulation

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// mangled changes the body of a success: it is no JSON any more, or one value in it is of another kind. wanted says which of
// the two, unless it is empty.
func mangled(r *rand.Rand, path, wanted string, body []byte) (changed []byte, how string) {
	kind, cut := r.IntN(7), 1+r.IntN(20)
	switch wanted {
	case odd:
		kind = 4
	case unreadable:
		kind %= 4
	}
	// An event without a readable type is not passed to Handle, and the checkpoint passes it: that is documented, and the
	// proxy would make it of any event. Of a transaction that reads well and is wrong no copy can know.
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

// withOddValue replaces one value of a JSON text by one of another kind.
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

// collect finds all values that are in an object or a list, in an order that is always the same.
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

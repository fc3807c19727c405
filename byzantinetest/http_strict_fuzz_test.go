package byzantinetest

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzParseJSON compares the parser with encoding/json: what one takes the other takes, but for depth and broken UTF-8.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `[1,{"a":"b"},null,true]`, `{"a":1}{`, `{"a":}`, "\"\xff\"", `[[[[`, ``, ` 7 `, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := parseJSON(text)
		if err == nil && !json.Valid(text) {
			t.Fatalf("%q is not JSON, but was read as %v", text, value.kind)
		}
		if err != nil && json.Valid(text) && utf8.Valid(text) && len(text) < maxJSONDepth {
			t.Fatalf("%q is JSON: %v", text, err)
		}
	})
}

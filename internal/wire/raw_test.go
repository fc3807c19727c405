package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/jsontest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

type embedded struct {
	Raw json.RawMessage `json:"embedded"`
}

type recursive struct {
	Raw  json.RawMessage `json:"raw,omitempty"`
	Next *recursive      `json:"next,omitempty"`
}

// rawShapes are values with raw JSON in different places. want is the JSON that each has to give, with %s for the raw
// JSON.
var rawShapes = []struct {
	name, want string
	value      func(raw json.RawMessage) any
}{
	{"alone", `%s`, func(raw json.RawMessage) any { return raw }},
	{"pointer", `%s`, func(raw json.RawMessage) any { return &raw }},
	{"list", `[%s,1]`, func(raw json.RawMessage) any { return []any{raw, 1} }},
	{"array", `[%s]`, func(raw json.RawMessage) any { return [1]json.RawMessage{raw} }},
	{"map", `{"a":"<\u2028","b":%s}`, func(raw json.RawMessage) any { return map[string]any{"b": raw, "a": "<\u2028"} }},
	{"map of raw JSON", `{"a<":%s}`, func(raw json.RawMessage) any { return map[string]json.RawMessage{"a<": raw} }},
	{"tagged struct", `{"signedBody":%s}`, func(raw json.RawMessage) any {
		return struct {
			SignedBody json.RawMessage `json:"signedBody"`
		}{raw}
	}},
	{"pointer to a struct that is not ours", `{"Raw":%s,"b":null,"z":1}`, func(raw json.RawMessage) any {
		return &struct {
			Raw     json.RawMessage
			Any     any    `json:"b"`
			Left    string `json:"left,omitempty"`
			Skipped string `json:"-"`
			hidden  int
			Z       int `json:"z,omitempty"`
		}{Raw: raw, Skipped: "s", hidden: 1, Z: 1}
	}},
	{"embedded", `{"embedded":%s,"a":1}`, func(raw json.RawMessage) any {
		return struct {
			embedded
			A int `json:"a"`
		}{embedded{raw}, 1}
	}},
	{"recursive type", `{"next":{"raw":%s}}`, func(raw json.RawMessage) any { return recursive{Next: &recursive{Raw: raw}} }},
	{"beside a document", `{"doc":"data:","docs":["data:"],"raw":%s}`, func(raw json.RawMessage) any {
		return struct {
			Doc  doc               `json:"doc"`
			Docs []any             `json:"docs"`
			Raw  json.RawMessage   `json:"raw"`
			None []json.RawMessage `json:"none,omitzero"`
		}{Docs: []any{doc{}}, Raw: raw}
	}},
}

// A passkey has signed the raw JSON, so no byte of it may change, with every version of encoding/json.
func TestRawJSONIsWrittenByteForByte(t *testing.T) {
	check := func(t *testing.T, raw string) {
		t.Helper()
		for _, shape := range rawShapes {
			got, err := wire.Marshal(shape.value(json.RawMessage(raw)))
			require.NoError(t, err, shape.name)
			require.Equal(t, fmt.Sprintf(shape.want, raw), string(got), shape.name)
		}
	}
	for _, raw := range jsontest.Delicate {
		check(t, raw)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		check(t, jsontest.Random(random))
	}
}

func TestWhiteSpaceOfRawJSON(t *testing.T) {
	raw := json.RawMessage(" { \"b\" : [ 1 ,\r\n\t2 ] , \"a\" : \" \u2028 \" } \n")
	got, err := wire.Marshal(raw)
	require.NoError(t, err)
	assert.Equal(t, string(raw), string(got), "all of the body is kept as it is")
	got, err = wire.Marshal([]any{raw})
	require.NoError(t, err)
	assert.Equal(t, "[{\"b\":[1,2],\"a\":\" \u2028 \"}]", string(got), "a part is compacted")
}

func TestRawJSONThatIsNotValid(t *testing.T) {
	for _, raw := range []string{"", "{", `{"secret":}`, "\"\n\"", "\"\x00\"", `{} {}`, "nul", "01", `"\x"`, "\ufeff{}"} {
		for _, shape := range rawShapes {
			if raw == "" && shape.name == "recursive type" {
				continue // omitempty leaves it out
			}
			_, err := wire.Marshal(shape.value(json.RawMessage(raw)))
			assert.EqualError(t, err, "raw JSON is not valid", "%s: %q", shape.name, raw)
		}
	}
	got, err := wire.Marshal([]any{json.RawMessage(nil), (*json.RawMessage)(nil)})
	require.NoError(t, err)
	assert.Equal(t, `[null,null]`, string(got))
	got, err = wire.Marshal(json.RawMessage(nil))
	require.NoError(t, err)
	assert.Equal(t, `null`, string(got))
}

func TestMarshalKeepsItsOwnCopyOfRawJSON(t *testing.T) {
	raw := json.RawMessage(`{"a":1}`)
	got, err := wire.Marshal(raw)
	require.NoError(t, err)
	raw[5] = '2'
	assert.Equal(t, `{"a":1}`, string(got))
}

// byPointer has a MarshalJSON of its pointer only, which encoding/json calls only for a value that has an address.
type byPointer struct{ Text string }

func (p *byPointer) MarshalJSON() ([]byte, error) { return json.Marshal("pointer:" + p.Text) }

type textKey string

func (k textKey) MarshalText() ([]byte, error) { return []byte("key:" + k), nil }

type clash struct {
	Raw any `json:"a"`
}

// Any value that a caller passes to Do is written as encoding/json writes it, whether or not there is raw JSON beside
// it.
func TestMarshalAgreesWithEncodingJSONBesideRawJSON(t *testing.T) {
	raw := json.RawMessage(`{"b":1,"a":"<\u003c"}`)
	loop := map[string]any{"raw": raw}
	for name, v := range map[string]any{
		"method of the pointer": &struct {
			Raw json.RawMessage
			Own byPointer
			No  []byPointer
		}{raw, byPointer{"a"}, []byPointer{{"b"}}},
		"method of a pointer without address": struct {
			Raw json.RawMessage
			Own byPointer
		}{raw, byPointer{"a"}},
		"keys that write themselves": map[textKey]any{"b": raw, "a": 1},
		"numbers as keys":            map[int]any{10: raw, 9: 1},
		"odd tags": struct {
			Number int             `json:"number,string"`
			Raw    json.RawMessage `json:"raw"`
			//lint:ignore SA5008 what encoding/json does with odd tags is what happens here
			Odd int `json:"a\"b"`
			//lint:ignore SA5008 as above
			Dash int `json:"-,"`
		}{1, raw, 2, 3},
		"embedded pointer": struct {
			*embedded
			Raw any
		}{&embedded{raw}, raw},
		"embedded with a name": struct {
			embedded `json:"named"`
		}{embedded{raw}},
		"names that clash": struct {
			clash
			A any `json:"a"`
		}{clash{raw}, raw},
		"embedded time": struct {
			time.Time
			Raw any
		}{time.Unix(0, 0).UTC(), raw},
		"empty and zero": struct {
			Raw   json.RawMessage   `json:"raw,omitempty"`
			Text  string            `json:"text,omitempty"`
			Map   map[string]int    `json:"map,omitempty"`
			Array [0]int            `json:"array,omitempty"`
			Time  time.Time         `json:"time,omitempty"`
			Zero  time.Time         `json:"zero,omitempty,omitzero"`
			Point *time.Time        `json:"point,omitzero"`
			Rest  []json.RawMessage `json:"rest,omitempty"`
			Float float64           `json:"float,omitempty"`
		}{Rest: []json.RawMessage{raw}},
		"nothing inside":  []any{nil, map[string]json.RawMessage(nil), []json.RawMessage{}, struct{}{}, (*recursive)(nil)},
		"keys in order":   map[string]any{"é": 1, "b": raw, "B": 2, "": 3, "<": 4},
		"broken text":     []any{raw, "\xff"},
		"untyped and raw": []any{map[string]any{"x": []any{raw, 1.5, true, "s"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wire.Marshal(v)
			require.NoError(t, err)
			assert.Equal(t, viaEncodingJSON(t, v), string(got))
		})
	}
	loop["loop"] = loop
	_, err := wire.Marshal(loop)
	assert.ErrorContains(t, err, "cycle")
}

// CompactObject changes no byte of an object except white space: package passkey takes from it the text that is signed.
func TestCompactObjectDropsWhiteSpaceOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		want := jsontest.Random(random)
		spaced := jsontest.Spaced(random, want)
		got, err := wire.CompactObject([]byte(spaced))
		if strings.HasPrefix(want, "{") {
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		} else {
			require.EqualError(t, err, "must be a JSON object")
		}
	}
	for _, raw := range jsontest.Delicate {
		if got, err := wire.CompactObject([]byte(raw)); bytes.HasPrefix([]byte(raw), []byte("{")) {
			assert.NoError(t, err)
			assert.Equal(t, raw, string(got))
		}
	}
}

package wire_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

type readElement struct {
	ID    string    `json:"id" check:"present"`
	Name  *string   `json:"name"`
	At    time.Time `json:"at"`
	Local time.Time `json:"local" check:"utc"`
	Count int32     `json:"count"`
	Words []string  `json:"words"`
}

type ReadEmbedded struct {
	Kind string `json:"kind"`
}

type readPage struct {
	ReadEmbedded
	Elements []readElement   `json:"elements" check:"must"`
	Next     *string         `json:"next" check:"must"`
	More     bool            `json:"more"`
	Share    float64         `json:"share"`
	First    *readElement    `json:"first"`
	Raw      json.RawMessage `json:"raw"`
	IDs      []string        `json:"ids" check:"must"`
	Until    time.Time       `json:"until" check:"utc"`
}

func TestReadFindings(t *testing.T) {
	for text, want := range map[string]wire.Unreadable{
		`{"elements":[{"id":"a","count":3000000000}]}`: {FieldCount: 1, Fields: []wire.Finding{{"elements[0].count", "number in place of number that fits int32"}}},
		`{"elements":[{"id":"a","words":["x",1]}]}`:    {FieldCount: 1, Fields: []wire.Finding{{"elements[0].words[1]", "number in place of string"}}},
		`{"elements":[{"id":"a"},{"ID":5},null]}`: {Elements: []wire.Element{
			{Index: 1, Top: 1, Depth: 1, Finding: wire.Finding{Path: "elements[1].id", Reason: "number in place of string"}},
			{Index: 2, Top: 2, Depth: 1, Finding: wire.Finding{Path: "elements[2].id", Reason: "missing"}},
		}},
		`{"elements":{}}`:        {Fatal: &wire.Finding{Path: "elements", Reason: "object in place of list"}},
		`{"next":[]}`:            {Fatal: &wire.Finding{Path: "next", Reason: "list in place of string"}},
		`{"ids":["a",{}]}`:       {Elements: []wire.Element{{Index: 1, Top: 1, Depth: 1, Finding: wire.Finding{Path: "ids[1]", Reason: "object in place of string"}}}},
		`{"first":{"id":7}}`:     {FieldCount: 1, Fields: []wire.Finding{{"first.id", "number in place of string"}}},
		`{"first":{}}`:           {FieldCount: 1, Fields: []wire.Finding{{"first.id", "missing"}}},
		`{"kind":1,"share":"1"}`: {FieldCount: 2, Fields: []wire.Finding{{"kind", "number in place of string"}, {"share", "string in place of number that fits float64"}}},
		`"jane"`:                 {Fatal: &wire.Finding{Reason: "string in place of object"}},
	} {
		var page readPage
		err := wire.Read([]byte(text), &page)
		var got *wire.Unreadable
		require.ErrorAs(t, err, &got, text)
		assert.Equal(t, &want, got, text)
	}
	for _, text := range []string{`{}`, `{"first":null,"next":null,"elements":null,"ids":null}`, ` {"elements":[ ] , "raw" : {"a" : [1]} } `} {
		assert.NoError(t, wire.Read([]byte(text), new(readPage)), text)
	}
	assert.Error(t, wire.Read([]byte(`{"more":tru`), new(readPage)))
}

func TestTimesThatAreRead(t *testing.T) {
	for _, c := range []struct {
		text, at, local string // "" for unreadable
	}{
		{"2026-09-01T12:00:00Z", "2026-09-01T12:00:00Z", "2026-09-01T12:00:00Z"},
		{"2026-09-01 12:00:00Z", "2026-09-01T12:00:00Z", "2026-09-01T12:00:00Z"},
		{"2026-09-01t12:00:00.5z", "2026-09-01T12:00:00.5Z", "2026-09-01T12:00:00.5Z"},
		{"2026-09-01 12:00:00+02:00", "2026-09-01T12:00:00+02:00", "2026-09-01T12:00:00+02:00"},
		{"2026-09-01T12:00:00", "", "2026-09-01T12:00:00Z"},
		{"2026-09-01 12:00:00.123456789", "", "2026-09-01T12:00:00.123456789Z"},
		{"2026-09-01", "", ""},
		{"1788264000", "", ""},
		{"2026-13-01T12:00:00Z", "", ""},
		{"", "", ""},
	} {
		var element readElement
		err := wire.Read([]byte(`{"id":"a","at":"`+c.text+`","local":"`+c.text+`"}`), &element)
		show := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(time.RFC3339Nano)
		}
		assert.Equal(t, []string{c.at, c.local}, []string{show(element.At), show(element.Local)}, c.text)
		var odd *wire.Unreadable
		if c.at == "" {
			require.ErrorAs(t, err, &odd, c.text)
			assert.Equal(t, "at", odd.Fields[0].Path)
			if c.text != "" {
				assert.NotContains(t, odd.Error(), c.text)
			}
		} else {
			assert.NoError(t, err, c.text)
		}
	}
}

// However many fields of a response cannot be read, only 20 are named, and all are counted.
func TestFindingsAreBounded(t *testing.T) {
	var page readPage
	err := wire.Read([]byte(`{"elements":[`+strings.Repeat(`{"id":"a","count":"b"},`, 999)+`{"id":"a"}]}`), &page)
	var odd *wire.Unreadable
	require.ErrorAs(t, err, &odd)
	assert.Len(t, odd.Fields, 20)
	assert.Equal(t, 999, odd.FieldCount)
	assert.Len(t, page.Elements, 1000)
}

// Read of a large text first reserves memory and tries the strict pass. Nothing of that may be left in the result of
// the lenient pass.
func TestReadLeavesNoTraceOfTheStrictPass(t *testing.T) {
	full := `{"id":"a","name":"n","at":"2026-09-01T12:00:00Z","count":7,"words":["w"]}`
	for _, text := range []string{
		`{"elements":[` + strings.Repeat(full+",", 2000) + full + `],"elements":[{"id":"b","count":"odd"},{"id":"c"}],"more":true}`,
		`{"elements":[{"id":"b"},{"id":"c"}],"elements":[` + strings.Repeat(full+",", 2000) + `{"id":7}],"share":"odd"}`,
		`{"elements":[` + strings.Repeat(full+",", 2000) + full + `],"elements":null,"share":"odd"}`,
		`{"elements":[` + strings.Repeat(full+",", 2000) + full + `],"elements":[],"share":"odd"}`,
		`{"elements":[` + strings.Repeat(full+",", 2000) + full + `],"elements":7}`,
	} {
		var want, got readPage
		wantErr, err := wire.ReadLenient([]byte(text), &want), wire.Read([]byte(text), &got)
		require.Error(t, err)
		assert.Equal(t, wantErr, err)
		assert.Equal(t, want, got, "%.40s", text)
	}
}

// The lenient pass reads a text that encoding/json can read just as encoding/json does, and returns for any text.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"elements":[{"id":"a","name":"b","at":"2026-09-01T12:00:00Z","count":1,"words":["x"]},{"id":"c"}],"next":"n","more":true,"share":1.5,"first":{"id":"f"},"raw":{"a":[1,2]},"ids":["i"],"kind":"k"}`,
		`{"until":"ıııııııııı"}`, `{"until":"2026-09-01 12:00:00"}`, `{"until":"2026-09-01t12:00:00z"}`, `{"until":"2026-09-01T12:00:00.123456789-05:30"}`,
		`{"Elements":[{"ID":"a"}],"elements":[{"id":"b","words":[]},{"id":"c"}],"elements":[{"id":"d"}],"\u006eext":"n","NEXT":null}`,
		`{"first":{"id":"a","words":["x","y"]},"first":{"name":"n"},"first":null}`, `{"ids":["\ud800","\\\"",""],"raw":null}`, `[]`, `null`, ` {} `, `{"a":{"b":[{"c":"]}"}]}}`, `{"more":1,"elements":[7]}`,
		`{x:1}`, `{"a"`, `[,,`, `}{`, `{"elements":[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_ = wire.CountElements(text, 1000)
		_ = wire.ForeignEncoding(text)
		require.Equal(t, json.Valid(text), wire.DescribeNotJSON(text) == "")
		wire.Reserve(text, reflect.New(reflect.TypeFor[readPage]()).Elem())
		var strict, lenient, both readPage
		err := json.Unmarshal(text, &strict)
		if !json.Valid(text) {
			require.Error(t, wire.Read(text, &both))
			return
		}
		_ = wire.Read(text, &both)
		odd := wire.ReadLenient(text, &lenient)
		if err != nil {
			require.Equal(t, lenient, both, "what the strict pass has read leaves no trace")
			return
		}
		require.Equal(t, strict, lenient)
		require.Equal(t, strict, both)
		var found *wire.Unreadable
		if odd != nil {
			require.ErrorAs(t, odd, &found)
			for _, e := range found.Elements {
				require.Equal(t, "missing", e.Reason)
			}
		}
	})
}

// If a list occurs twice, it may end with fewer elements than were found unreadable, and callers that use the indexes
// of these would index out of range.
func TestAnOddListThatOccursTwiceIsAnError(t *testing.T) {
	for _, again := range []string{`[]`, `null`, `[{"id":"a"}]`, `7`, `[{"id":8},{"id":9},{"id":10}]`} {
		for _, name := range []string{"elements", "Elements", `\u0065lements`} {
			var page readPage
			err := wire.Read([]byte(`{"elements":[{"id":5},{"id":6}],"`+name+`":`+again+`,"more":true}`), &page)
			var odd *wire.Unreadable
			require.ErrorAs(t, err, &odd, again)
			require.NotNil(t, odd.Fatal, again)
			assert.Contains(t, odd.Fatal.Error(), "elements", again)
		}
	}
	var page readPage
	require.NoError(t, wire.Read([]byte(`{"elements":[{"id":"a"},{"id":"b"}],"elements":[{"id":"c"}],"elements":[]}`), &page))
	assert.Empty(t, page.Elements, "without anything odd the last one counts, as for encoding/json")
}

func TestTimesInOtherForms(t *testing.T) {
	noon := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-09-01T12:00:00Z":      noon,
		"2026-09-01 12:00:00Z":      noon,
		"2026-09-01t12:00:00z":      noon,
		"2026-09-01 14:00:00+02:00": noon,
		"2026-09-01 12:00:00":       noon,
		"2026-09-01T12:00:00.5":     noon.Add(time.Second / 2),
		"2026-09-01":                {},
		"ıııııııııı":                {},
		"ıııııııııııııııııııı":      {},
		"":                      {},
		"zzzzzzzzzzzzzzzzzzzzz": {},
	} {
		var page readPage
		err := wire.Read([]byte(`{"until":"`+text+`"}`), &page)
		assert.True(t, want.Equal(page.Until), "%q: %v", text, page.Until)
		assert.Equal(t, want.IsZero(), err != nil, "%q: %v", text, err)
	}
}

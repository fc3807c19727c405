package wire_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

func TestFieldsAreThoseThatEveryReaderSees(t *testing.T) {
	fields, err := wire.ReadObject([]byte(` {"a":{"x":1,"x":2},"A":null,"type":"T"} `), "type", "other")
	require.NoError(t, err)
	assert.Equal(t, map[string]json.RawMessage{"a": json.RawMessage(`{"x":1,"x":2}`), "A": json.RawMessage(`null`), "type": json.RawMessage(`"T"`)}, fields)

	for text, want := range map[string]string{
		``:                         "not valid JSON",
		`{"a":1`:                   "not valid JSON",
		`{"a":1} {}`:               "not valid JSON",
		`[]`:                       "not a JSON object",
		`null`:                     "not a JSON object",
		`"a"`:                      "not a JSON object",
		`{"type":1,"type":2}`:      "has two fields of the same name",
		`{"typ\u0065":1,"type":2}`: "has two fields of the same name",
		`{"Type":1}`:               "type: spelt in other letter case",
		`{"type":1,"TYPE":2}`:      "type: spelt in other letter case",
	} {
		_, err := wire.ReadObject([]byte(text), "type")
		assert.EqualError(t, err, want, text)
	}
}

func TestTooManyNames(t *testing.T) {
	object := func(n int) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%d":0,`, i)
		}
		return []byte("{" + strings.TrimSuffix(b.String(), ",") + "}")
	}
	most, more := object(100_000), object(100_001)
	fields, err := wire.ReadObject(most)
	require.NoError(t, err)
	assert.Len(t, fields, 100_000)
	require.NoError(t, wire.UniqueNames(most))
	_, err = wire.ReadObject(more)
	assert.EqualError(t, err, "has more than 100000 fields")
	assert.EqualError(t, wire.UniqueNames(more), "has more than 100000 fields")
	two := slices.Concat([]byte("["), object(60_000), []byte(","), object(60_000), []byte("]"))
	assert.EqualError(t, wire.UniqueNames(two), "has more than 100000 fields", "in all")
}

func TestUniqueNamesLooksEverywhere(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                              "",
		`[[],{},"a",1e400,null]`:          "",
		`{"a":"a","b":["a","a",{"a":1}]}`: "",
		`{"a":{"a":{}},"b":{"a":{}}}`:     "",
		`{"a":[{"b":1}],"c":{"b":1}}`:     "",
		`{"a":1,"a":1}`:                   "has two fields of the same name",
		`{"a":{},"a":{}}`:                 "has two fields of the same name",
		`{"a":[],"b":[],"a":1}`:           "has two fields of the same name",
		`[[[{"x":{"":1,"":1}}]]]`:         "has two fields of the same name",
		`{"a":1,"A":1}`:                   "has two fields whose names differ in letter case only",
		`[{"ß":1,"ẞ":1}]`:                 "has two fields whose names differ in letter case only",
		`{"s":1,"\u017f":1}`:              "has two fields whose names differ in letter case only",
		`{"a":1`:                          "not valid JSON",
		"\"\xff\"":                        "not valid UTF-8",
	} {
		err := wire.UniqueNames([]byte(text))
		if want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.EqualError(t, err, want, text)
		}
	}
	deep := strings.Repeat(`{"a":[`, 4000) + strings.Repeat(`]}`, 4000)
	assert.NoError(t, wire.UniqueNames([]byte(deep)))
}

type exactLeaf struct {
	Name string            `json:"name"`
	Raw  []json.RawMessage `json:"raw"`
	Skip string            `json:"-"`
}

type exactTree struct {
	Leaf   exactLeaf    `json:"leaf"`
	Maybe  *exactLeaf   `json:"maybe,omitzero"`
	Leaves []exactLeaf  `json:"leaves"`
	Many   []*exactLeaf `json:"many"`
	Count  int          `json:"count"`
}

func TestDecodeExactReadsWhatEncodingJSONReads(t *testing.T) {
	const text = `{"leaf":{"name":"a","raw":[1,{"x":null}]},"maybe":{"name":"b"},"leaves":[{"name":"c"},{}],"many":[{"name":"d"},null],"count":7,"new":[]}`
	var got, want exactTree
	require.NoError(t, wire.DecodeExact([]byte(text), &got))
	require.NoError(t, json.Unmarshal([]byte(text), &want))
	assert.Equal(t, want, got)

	got = exactTree{}
	require.NoError(t, wire.DecodeExact([]byte(`{"maybe":null,"leaves":null,"many":null,"count":0}`), &got))
	assert.Zero(t, got)
}

func TestDecodeExactRejects(t *testing.T) {
	for _, text := range []string{
		`{"Leaf":{}}`, `{"leaf":{"NAME":"a"}}`, `{"leaves":[{},{"Name":"a"}]}`, `{"many":[{"raw":[],"raw":[]}]}`, `{"maybe":{"Raw":[]}}`,
		`{"count":"7"}`, `{"leaf":[]}`, `{"leaves":{}}`, `{"leaves":[null]}`, `{"leaf":null}`, `{"leaf":{"name":1}}`, `[]`, ``,
	} {
		assert.Error(t, wire.DecodeExact([]byte(text), new(exactTree)), text)
	}
}

func FuzzDecodeExact(f *testing.F) {
	f.Add([]byte(`{"leaf":{"name":"a","raw":[1,{"x":null}]},"maybe":{"name":"b"},"leaves":[{"name":"c"},{}],"many":[{"name":"d"},null],"count":7}`))
	f.Add([]byte(`{"leaf":{"name":"a"},"Leaf":{}}`))
	f.Add([]byte(`{"count":1,"count":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var exact, loose exactTree
		if wire.UniqueNames(data) != nil || wire.DecodeExact(data, &exact) != nil {
			return
		}
		require.NoError(t, json.Unmarshal(data, &loose))
		require.Equal(t, loose, exact, "without ambiguous names both read the same")
	})
}

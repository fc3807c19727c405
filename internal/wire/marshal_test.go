package wire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"runtime"
	"testing"
	"testing/quick"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// doc implements the interface document. With MarshalText, encoding/json can write it too, so that the two can be
// compared.
type doc struct {
	Type string
	Data []byte
}

func (d doc) IsZero() bool { return d.Type == "" && len(d.Data) == 0 }

func (d doc) EncodedLen() int { return len("data:") + base64.StdEncoding.EncodedLen(len(d.Data)) }

func (d doc) AppendText(b []byte) ([]byte, error) {
	if d.Type == "broken" {
		return nil, errors.New("document is broken")
	}
	return base64.StdEncoding.AppendEncode(append(b, "data:"...), d.Data), nil
}

func (d doc) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// Leaf has no document in it.
type Leaf struct {
	Text   string            `json:"text"`
	Label  *string           `json:"label,omitzero"`
	Count  int64             `json:"count,omitzero"`
	Ratio  *float64          `json:"ratio"`
	Flag   *bool             `json:"flag,omitzero"`
	List   []string          `json:"list,omitzero"`
	Bytes  []byte            `json:"bytes"`
	Table  map[string]string `json:"table"`
	Hidden string            `json:"-"`
}

// Branch has documents in every kind of field.
type Branch struct {
	Leaf
	Query    string    `json:"-" query:"query"`
	Doc      doc       `json:"doc"`
	Maybe    doc       `json:"maybe,omitzero"`
	Pointer  *doc      `json:"pointer"`
	Omitted  *doc      `json:"omitted,omitzero"`
	Docs     []doc     `json:"docs"`
	Pointers []*doc    `json:"pointers,omitzero"`
	Twig     Twig      `json:"twig,omitzero"`
	Twigs    []Twig    `json:"twigs"`
	More     []*Twig   `json:"more,omitzero"`
	Lists    [][]*Twig `json:"lists"`
	Leaves   []Leaf    `json:"leaves"`
	Last     *Twig     `json:"<last>,omitzero"`
}

// Twig is a struct with a document, for the fields of Branch.
type Twig struct {
	Doc  doc    `json:"doc,omitzero"`
	Name string `json:"name,omitzero"`
}

// viaEncodingJSON returns the JSON that encoding/json writes for v without HTML escaping, with which Marshal must
// agree.
func viaEncodingJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func TestRequestsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	agrees := func(v any) {
		t.Helper()
		got, err := wire.MarshalRequest(v)
		require.NoError(t, err)
		require.Equal(t, viaEncodingJSON(t, v), string(got))
	}
	require.NoError(t, quick.Check(func(b Branch) bool { agrees(b); agrees(&b); return true }, nil))
	require.NoError(t, quick.Check(func(l Leaf) bool { agrees(l); agrees(&l); return true }, nil))
	for _, v := range []any{
		Branch{}, Twig{}, struct{}{},
		struct {
			Raw json.RawMessage `json:"raw"`
			Doc doc             `json:"doc"`
		}{Raw: json.RawMessage(` { "b" : 1, "a" : "<\u003c" } `)},
		struct {
			Docs []doc `json:"docs"`
		}{[]doc{}},
	} {
		agrees(v)
	}
}

func TestMarshalTakesAnyValue(t *testing.T) {
	for _, v := range []any{
		nil, 1, "<a> & b", (*Branch)(nil), Branch{}, doc{}, []any{doc{}, nil},
		struct {
			Untagged  string
			OmitEmpty string `json:"x,omitempty"`
		}{Untagged: "<"},
	} {
		got, err := wire.Marshal(v)
		require.NoError(t, err)
		assert.Equal(t, viaEncodingJSON(t, v), string(got))
	}
	_, err := wire.Marshal(make(chan int))
	assert.Error(t, err)
}

// ownJSON has a document, and a MarshalJSON of its own.
type ownJSON struct {
	Doc doc `json:"doc"`
}

func (ownJSON) MarshalJSON() ([]byte, error) { return []byte(`"mine"`), nil }

func TestTypesThatWriteThemselvesAreLeftAlone(t *testing.T) {
	v := struct {
		Own ownJSON `json:"own"`
		Doc doc     `json:"doc"`
	}{}
	got, err := wire.MarshalRequest(v)
	require.NoError(t, err)
	assert.Equal(t, `{"own":"mine","doc":"data:"}`, string(got))
}

// optional has a field of every kind that omitzero leaves out or keeps. D is a document or a type without one.
type optional[D any] struct {
	Doc     D               `json:"doc"`
	At      time.Time       `json:"at,omitzero"`
	AtPtr   *time.Time      `json:"atPtr,omitzero"`
	DocOpt  doc             `json:"docOpt,omitzero"`
	DocPtr  *doc            `json:"docPtr,omitzero"`
	Text    string          `json:"text,omitzero"`
	TextPtr *string         `json:"textPtr,omitzero"`
	List    []string        `json:"list,omitzero"`
	Raw     json.RawMessage `json:"raw,omitzero"`
	Struct  Twig            `json:"struct,omitzero"`
	Any     any             `json:"any,omitzero"`
	Flag    bool            `json:"flag,omitzero"`
	Ratio   float64         `json:"ratio,omitzero"`
}

func TestOmitzeroMeansWhatItMeansToEncodingJSON(t *testing.T) {
	paris := time.FixedZone("", 3600)
	for name, v := range map[string]optional[doc]{
		"nothing":           {},
		"a zero time":       {At: time.Time{}.In(paris)},
		"a time":            {At: time.Unix(0, 0).In(paris)},
		"pointers to zeros": {AtPtr: new(time.Time), DocPtr: new(doc), TextPtr: new(string)},
		"empty lists":       {List: []string{}, Raw: json.RawMessage("null"), DocOpt: doc{Data: []byte{}}},
		"empty text inside": {Any: "", Struct: Twig{Doc: doc{Data: []byte{}}}},
		"values":            {Text: "t", Flag: true, Ratio: -0.5, Any: 0, DocOpt: doc{Type: "t"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wire.MarshalRequest(v)
			require.NoError(t, err)
			assert.Equal(t, viaEncodingJSON(t, v), string(got))
		})
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	_, err := wire.MarshalRequest(Twig{Doc: doc{Type: "broken"}})
	assert.EqualError(t, err, "document is broken")
	for name, v := range map[string]any{
		"a channel": struct {
			Doc     doc      `json:"doc"`
			Channel chan int `json:"channel"`
		}{},
		"a raw message that is not JSON": struct {
			Raw json.RawMessage `json:"raw"`
		}{json.RawMessage("{")},
		"the same beside a document": struct {
			Doc doc             `json:"doc"`
			Raw json.RawMessage `json:"raw"`
		}{Raw: json.RawMessage("{")},
		"the same in a list beside a document": struct {
			Docs []struct {
				Doc doc             `json:"doc"`
				Raw json.RawMessage `json:"raw"`
			} `json:"docs"`
		}{[]struct {
			Doc doc             `json:"doc"`
			Raw json.RawMessage `json:"raw"`
		}{{Raw: json.RawMessage("{")}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wire.MarshalRequest(v)
			assert.Error(t, err)
			assert.Empty(t, got)
		})
	}
}

func TestADocumentIsCopiedOnceOnly(t *testing.T) {
	req := Branch{Leaf: Leaf{Text: "t", Ratio: new(0.5), Bytes: []byte{}, Table: map[string]string{}}, Pointer: &doc{Type: "t"}, Docs: []doc{{Data: make([]byte, 6<<20)}}}
	_, err := wire.MarshalRequest(req) // so that the cache of types is filled
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body, err := wire.MarshalRequest(req)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Greater(t, len(body), 8<<20)
	assert.LessOrEqual(t, float64(after.TotalAlloc-before.TotalAlloc), 1.25*float64(len(body)))
}

func BenchmarkMarshalDocument(b *testing.B) {
	req := &struct {
		Doc doc `json:"doc"`
	}{doc{Data: make([]byte, 6<<20)}}
	b.SetBytes(6 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.MarshalRequest(req); err != nil {
			b.Fatal(err)
		}
	}
}

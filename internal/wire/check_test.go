package wire_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

const uuid = "11111111-2222-4333-8444-55555555abCD"

func TestCheckOfRequiredFields(t *testing.T) {
	type inner struct {
		Text string `json:"text"`
	}
	type all struct {
		Text    string          `json:"text"`
		List    []string        `json:"list"`
		Bytes   []byte          `json:"bytes"`
		Raw     json.RawMessage `json:"raw"`
		Pointer *int            `json:"pointer"`
		Any     any             `json:"any"`
		At      time.Time       `json:"at"`
		Doc     doc             `json:"doc"`
		Struct  inner           `json:"struct"`
		Number  int             `json:"number"`
		Ratio   float64         `json:"ratio"`
		Flag    bool            `json:"flag"`
		Table   map[string]int  `json:"table"`
	}
	complete := all{
		Text: "t", List: []string{}, Bytes: []byte{}, Raw: json.RawMessage("null"), Pointer: new(int), Any: 0,
		At: time.Unix(0, 0), Doc: doc{Type: "a/b"}, Struct: inner{"t"},
	}
	assert.NoError(t, wire.Check(complete), "zero numbers and false are values, and so are empty lists")
	assert.NoError(t, wire.Check(&complete))

	for field, forget := range map[string]func(*all){
		"Text":        func(a *all) { a.Text = "" },
		"List":        func(a *all) { a.List = nil },
		"Bytes":       func(a *all) { a.Bytes = nil },
		"Raw":         func(a *all) { a.Raw = nil },
		"Pointer":     func(a *all) { a.Pointer = nil },
		"Any":         func(a *all) { a.Any = nil },
		"At":          func(a *all) { a.At = time.Time{} },
		"Doc":         func(a *all) { a.Doc = doc{} },
		"Struct.Text": func(a *all) { a.Struct = inner{} },
		"List[0]":     func(a *all) { a.List = []string{""} },
	} {
		t.Run(field, func(t *testing.T) {
			incomplete := complete
			forget(&incomplete)
			var err *wire.FieldError
			require.ErrorAs(t, wire.Check(incomplete), &err)
			assert.Equal(t, &wire.FieldError{Field: field, JSONPath: strings.ToLower(field), Reason: "missing"}, err)
		})
	}
}

// The format checks agree with the decoders of the standard library.
func FuzzFormats(f *testing.F) {
	for _, s := range []string{"", "A", "AA", "AB", "AAA", "AAB", "AAAA", "AA==", "AA\n", "A-_z", "+/AA", "é", "0x", "0x" + strings.Repeat("aF", 20), "0x02" + strings.Repeat("0a", 32), "0x04" + strings.Repeat("0a", 32), "0x02" + strings.Repeat("0A", 32)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, err := base64.RawURLEncoding.Strict().DecodeString(s)
		lines := strings.ContainsAny(s, "\r\n") // the decoder skips these characters
		assert.Equal(t, err == nil && !lines, wire.HasFormat("base64url", s), "base64url: %q", s)

		digits, prefixed := strings.CutPrefix(s, "0x")
		bytes, err := hex.DecodeString(digits)
		assert.Equal(t, prefixed && err == nil && len(bytes) == 20, wire.HasFormat("address", s), "address: %q", s)
		compressed := prefixed && err == nil && len(bytes) == 33 && (bytes[0] == 2 || bytes[0] == 3) && strings.ToLower(digits) == digits
		assert.Equal(t, compressed, wire.HasFormat("pubkey", s), "pubkey: %q", s)
	})
}

func TestChecksTakeNoMemory(t *testing.T) {
	for format, text := range map[string]string{
		"uuid": "11111111-2222-4333-8444-555555555555", "base64url": strings.Repeat("abc-", 100), "date": "2026-09-01",
		"address": "0x" + strings.Repeat("aF", 20), "pubkey": "0x02" + strings.Repeat("0a", 32),
	} {
		assert.True(t, wire.HasFormat(format, text), format)
		assert.Zero(t, testing.AllocsPerRun(100, func() { wire.HasFormat(format, text) }), format)
	}
}

func TestCheckOfNothing(t *testing.T) {
	assert.EqualError(t, wire.Check((*request)(nil)), ": missing")
	assert.EqualError(t, wire.Check(nil), ": missing")
}

func TestCheckOfFormats(t *testing.T) {
	for _, tt := range []struct {
		tag  string
		good []string
		bad  []string
		want string
	}{
		{
			"uuid", []string{uuid, "00000000-0000-0000-0000-000000000000"},
			[]string{
				"x", uuid + "0", uuid[1:], strings.ReplaceAll(uuid, "-", ""), "{" + uuid + "}", strings.Replace(uuid, "1", "g", 1),
				"111111111-222-4333-8444-555555555555", strings.Replace(uuid, "a", "é", 1)[:36],
			},
			"must be a UUID (8-4-4-4-12 hex digits)",
		},
		{
			"base64url", []string{"AA", "AAA", "AAAA", "-_-_"},
			[]string{"A", "AA==", "+/+/", "AA\n", "A\r\nA", "AB", " AA", "AAAAA"},
			"must be unpadded base64url",
		},
		{
			"date", []string{"2026-02-28", "0001-01-01"},
			[]string{"2026-02-30", "2026-2-3", "26-02-03", "2026-02-03T00:00:00Z", "03/02/2026", " 2026-02-03"},
			"must be a date like 2006-01-02",
		},
		{
			"address", []string{"0x00000000000000000000000000000000000000aa", "0xABCDEFabcdef0123456789012345678901234567"},
			[]string{"0x", "00000000000000000000000000000000000000aa", "0X00000000000000000000000000000000000000aa", "0x00000000000000000000000000000000000000a", "0x00000000000000000000000000000000000000aag", "0x0000000000000000000000000000000000000é"},
			"must be an address: 0x and 40 hex digits",
		},
	} {
		t.Run(tt.tag, func(t *testing.T) {
			for _, s := range tt.good {
				assert.NoError(t, wire.Check(withCheck(tt.tag, s)), s)
				assert.NoError(t, wire.Check(withCheck(tt.tag, &s)), s)
			}
			for _, s := range tt.bad {
				assert.EqualError(t, wire.Check(withCheck(tt.tag, s)), "Field: "+tt.want, s)
				assert.EqualError(t, wire.Check(withCheck(tt.tag, &s)), "Field: "+tt.want, s)
				assert.EqualError(t, wire.Check(withCheck(tt.tag, []string{tt.good[0], s})), "Field[1]: "+tt.want, s)
			}
		})
	}
}

func TestCheckOfBounds(t *testing.T) {
	for _, tt := range []struct {
		tag   string
		value any
		want  string // of the error; empty if the value is accepted
	}{
		{"min=2,max=3", "é", "must have at least 2 characters"},
		{"min=2,max=3", "éé", ""},
		{"min=2,max=3", "ééé", ""},
		{"min=2,max=3", "éééé", "must have at most 3 characters"},
		{"max=1", "ab", "must have at most 1 character"},
		{"min=0", int64(-1), "must be at least 0"},
		{"min=0", int64(0), ""},
		{"max=250", new(int32(251)), "must be at most 250"},
		{"min=-5,max=-1", -6, "must be at least -5"},
		{"min=1", []string{}, "must have at least 1 element"},
		{"min=1", []int{0}, ""},
		{"max=1", []string{"long", "long"}, "must have at most 1 element"},
		{"uuid,min=2", []string{uuid}, "must have at least 2 elements"},
		{"uuid,max=1", []string{uuid}, ""}, // the bound is for the list, not for its elements
	} {
		t.Run(fmt.Sprintf("%s %v", tt.tag, tt.value), func(t *testing.T) {
			err := wire.Check(withCheck(tt.tag, tt.value))
			if tt.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, "Field: "+tt.want)
			}
		})
	}
}

func TestCheckOfNumbersThatJSONDoesNotHave(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		assert.EqualError(t, wire.Check(withCheck("", f)), "Field: must be a finite number")
		assert.EqualError(t, wire.Check(withCheck("", &f)), "Field: must be a finite number")
	}
}

func TestCheckPassesOverOptionalFieldsThatAreUnset(t *testing.T) {
	assert.NoError(t, wire.Check(struct {
		Text     string    `json:"text,omitzero" check:"uuid"`
		Pointer  *string   `json:"pointer,omitzero" check:"min=1"`
		List     []string  `json:"list,omitzero" check:"min=1"`
		Rejected rejected  `json:"rejected,omitzero"`
		At       time.Time `json:"at,omitzero"`
		Struct   *struct {
			Text string `json:"text"`
		} `json:"struct,omitzero"`
	}{}))
}

// rejected has a Validate method that always returns an error.
type rejected string

func (rejected) Validate() error { return errors.New("is rejected") }

// pair has a rule that names one of its fields.
type pair struct {
	A string `json:"a,omitzero"`
	B string `json:"b,omitzero"`
}

var _ = wire.Rule(func(p *pair) error {
	if p.A == p.B {
		return fmt.Errorf("wrapped: %w", &wire.FieldError{Field: "B", Reason: "must differ from A"})
	}
	return nil
})

// Worded is embedded in other structs of these tests.
type Worded struct {
	Word string `json:"word"`
}

var _ = wire.Rule(func(w *Worded) error {
	if w.Word == "bad" {
		return &wire.FieldError{Field: "Word", Reason: "is bad"}
	}
	return nil
})

type ruled struct {
	Worded
	Other string `json:"other"`
}

var _ = wire.Rule(func(r *ruled) error {
	if r.Other == "bad" {
		return errors.New("other is bad")
	}
	return nil
})

func TestCheckAppliesRules(t *testing.T) {
	same := pair{"x", "x"}
	for _, tt := range []struct {
		name  string
		value any
		want  string
	}{
		{"a field", withCheck("", rejected("x")), "Field: is rejected"},
		{"a pointer", withCheck("", new(rejected("x"))), "Field: is rejected"},
		{"an element", withCheck("", []rejected{"x"}), "Field[0]: is rejected"},
		{"an element that is a pointer", withCheck("", []*rejected{new(rejected("x"))}), "Field[0]: is rejected"},
		{"the format comes first", withCheck("uuid", rejected("x")), "Field: must be a UUID (8-4-4-4-12 hex digits)"},
		{"the request", same, "B: must differ from A"},
		{"a struct", withCheck("", same), "Field.B: must differ from A"},
		{"a pointer to a struct", withCheck("", &same), "Field.B: must differ from A"},
		{"a struct in a list", withCheck("", []pair{{"x", "y"}, same}), "Field[1].B: must differ from A"},
		{"a list in a struct in a list", withCheck("", []any{}), ""},
		{"an embedded struct", ruled{Worded: Worded{"bad"}, Other: "x"}, "Word: is bad"},
		{"a pointer to a struct with an embedded one", &ruled{Worded: Worded{"bad"}, Other: "x"}, "Word: is bad"},
		{"a struct with a rule of its own beside", ruled{Worded: Worded{"x"}, Other: "bad"}, ": other is bad"},
		{"both", ruled{Worded: Worded{"bad"}, Other: "bad"}, "Word: is bad"},
		{"a struct with an embedded one that is right", ruled{Worded: Worded{"x"}, Other: "x"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "" {
				assert.NoError(t, wire.Check(tt.value))
			} else {
				var err *wire.FieldError
				require.ErrorAs(t, wire.Check(tt.value), &err)
				assert.EqualError(t, err, tt.want)
				assert.Equal(t, strings.ToLower(err.Field), err.JSONPath)
			}
		})
	}
}

func TestCheckNamesFieldsDeepDown(t *testing.T) {
	type leaf struct {
		IDs []string `json:"ids" check:"uuid"`
	}
	type branch struct {
		Leaves []*leaf `json:"leaves"`
	}
	tree := struct {
		Branch *branch `json:"branch"`
	}{&branch{[]*leaf{{[]string{}}, {[]string{uuid, "no"}}}}}
	assert.EqualError(t, wire.Check(tree), "Branch.Leaves[1].IDs[1]: must be a UUID (8-4-4-4-12 hex digits)")
	var err *wire.FieldError
	require.ErrorAs(t, wire.Check(tree), &err)
	assert.EqualError(t, err.OnTheWire(), "branch.leaves[1].ids[1]: must be a UUID (8-4-4-4-12 hex digits)")
	tree.Branch.Leaves = []*leaf{nil}
	assert.EqualError(t, wire.Check(tree), "Branch.Leaves[0]: missing")
}

// A Validate method of a struct would never be called. With two rules for one type it would not be clear which one
// counts.
func TestRulesThatWouldNotBeApplied(t *testing.T) {
	assert.PanicsWithValue(t, "wire: wire_test.withMethod has a Validate method: use Rule", func() { _ = wire.Check(withMethod{}) })
	assert.PanicsWithValue(t, "wire: wire_test.pair has two rules", func() { wire.Rule(func(*pair) error { return nil }) })
}

type withMethod struct{}

func (withMethod) Validate() error { return nil }

type early struct {
	A string `json:"a"`
}

// Variables of a package are initialised in their order, so this check runs before the type has its rule.
var (
	checkedBeforeItsRule = wire.Check(early{"x"})

	_ = wire.Rule(func(*early) error { return errors.New("no") })
)

func TestRuleCountsAlthoughItsTypeWasInUseBefore(t *testing.T) {
	assert.NoError(t, checkedBeforeItsRule)
	assert.Error(t, wire.Check(early{"x"}))
}

// onlyPointer has a Validate method of its pointer, but not of its value.
type onlyPointer struct{}

func (*onlyPointer) Validate() error { return nil }

type onlyPointerZero struct{}

func (*onlyPointerZero) IsZero() bool { return true }

// Same is embedded in a struct that has another field with the same wire name.
type Same struct {
	Name string `json:"name"`
}

func TestTagsThatAreWrongPanic(t *testing.T) {
	for name, value := range map[string]any{
		"omitempty": struct {
			M string `json:"m,omitempty"`
		}{},
		"no name": struct {
			M string `json:",omitzero"`
		}{},
		"no tag":              struct{ M string }{},
		"an unknown check":    withCheck("email", ""),
		"a bound without end": withCheck("min=", ""),
		"an unknown bound":    withCheck("least=1", ""),
		"an optional path": struct {
			M string `json:"-" path:"m,omitzero"`
		}{},
		"a query field that encoding/json would put into the body": struct {
			M string `query:"m"`
		}{},
		"a field in two places": struct {
			M string `json:"m" query:"m"`
		}{},
		"two fields of one name": struct {
			Same
			Other string `json:"name"`
		}{},
		"an embedded pointer":                 struct{ *Same }{},
		"a Validate on the pointer only":      withCheck("", onlyPointer{}),
		"the same behind a pointer":           withCheck("", &onlyPointer{}),
		"an IsZero on the pointer only":       withCheck("", onlyPointerZero{}),
		"a Validate on the elements' pointer": withCheck("", []onlyPointer{{}}),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Panics(t, func() { _ = wire.Check(value) })
		})
	}
}

func TestFields(t *testing.T) {
	var got []string
	for _, f := range wire.Fields(reflect.TypeFor[request]()) {
		optional := map[bool]string{true: " optional"}[f.Optional]
		got = append(got, fmt.Sprintf("%s %s %s %s%s", f.GoName, f.In, f.Name, f.Type, optional))
	}
	assert.Equal(t, []string{
		"ID path id string",
		"Text query text string optional",
		"Color query color wire_test.color optional",
		"Since query since time.Time optional",
		"Before query before *time.Time optional",
		"Chain query chain_id int32 optional",
		"Limit query limit *int64 optional",
		"Full query full *bool optional",
		"Name body name string",
		"Label body label *string optional",
		"Count body count int64",
		"Ready body ready bool",
		"Tags body tags []string optional",
	}, got)
	bounded := wire.Fields(reflect.TypeOf(withCheck("uuid,min=1,max=64", []string{})))[0]
	require.NotNil(t, bounded.Min)
	require.NotNil(t, bounded.Max)
	assert.Equal(t, "uuid", bounded.Format)
	assert.Equal(t, []int64{1, 64}, []int64{*bounded.Min, *bounded.Max})
}

// withCheck returns a struct with one required field, which holds value and has the check tag.
func withCheck(tag string, value any) any {
	t := reflect.StructOf([]reflect.StructField{{
		Name: "Field", Type: reflect.TypeOf(value), Tag: reflect.StructTag(fmt.Sprintf(`json:"field" check:%q`, tag)),
	}})
	v := reflect.New(t).Elem()
	v.Field(0).Set(reflect.ValueOf(value))
	return v.Interface()
}

package wire_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

const template = "/v1/things/{id}/parts"

type color string

// Paging is embedded in request types of these tests.
type Paging struct {
	Limit *int64 `json:"-" query:"limit,omitzero"`
	Full  *bool  `json:"-" query:"full,omitzero"`
}

// Naming is embedded in request types of these tests.
type Naming struct {
	Name  string  `json:"name"`
	Label *string `json:"label,omitzero"`
}

type request struct {
	ID     string     `json:"-" path:"id"`
	Text   string     `json:"-" query:"text,omitzero"`
	Color  color      `json:"-" query:"color,omitzero"`
	Since  time.Time  `json:"-" query:"since,omitzero"`
	Before *time.Time `json:"-" query:"before,omitzero"`
	Chain  int32      `json:"-" query:"chain_id,omitzero"`
	Paging
	Naming
	Count int64    `json:"count"`
	Ready bool     `json:"ready"`
	Tags  []string `json:"tags,omitzero"`
	Notes string   `json:"-"` // neither sent nor received
}

func TestEncode(t *testing.T) {
	noon := time.Date(2026, 9, 1, 14, 0, 0, 500, time.FixedZone("", 7200))
	for _, tt := range []struct {
		name string
		req  *request
		want string
		body string
	}{
		{
			"the fields that are required and no more",
			&request{ID: "7", Naming: Naming{Name: "n"}},
			"/v1/things/7/parts", `{"name":"n","count":0,"ready":false}`,
		},
		{
			"every place",
			&request{
				ID: "7", Text: "t", Color: "red", Since: noon, Before: &noon, Chain: 8453,
				Paging: Paging{Limit: new(int64(5)), Full: new(true)},
				Naming: Naming{Name: "n", Label: new("l")}, Count: -1, Ready: true, Tags: []string{"a"}, Notes: "x",
			},
			"/v1/things/7/parts?text=t&color=red&since=2026-09-01T12%3A00%3A00.0000005Z&before=2026-09-01T12%3A00%3A00.0000005Z&chain_id=8453&limit=5&full=true",
			`{"name":"n","label":"l","count":-1,"ready":true,"tags":["a"]}`,
		},
		{
			"deliberate zeros behind pointers, an empty list",
			&request{
				ID: "7", Paging: Paging{Limit: new(int64(0)), Full: new(false)},
				Naming: Naming{Name: "n", Label: new("")}, Tags: []string{},
			},
			"/v1/things/7/parts?limit=0&full=false", `{"name":"n","label":"","count":0,"ready":false,"tags":[]}`,
		},
		{
			"a pointer to a zero time, which is zero to encoding/json too",
			&request{ID: "7", Before: new(time.Time), Naming: Naming{Name: "n"}},
			"/v1/things/7/parts", `{"name":"n","count":0,"ready":false}`,
		},
		{
			"characters that mean something in a URL",
			&request{ID: "a/b?c#d%e{id} é", Text: "a+b c&d=e#f/é", Naming: Naming{Name: "n"}},
			"/v1/things/a%2Fb%3Fc%23d%25e%7Bid%7D%20%C3%A9/parts?text=a%2Bb%20c%26d%3De%23f%2F%C3%A9", `{"name":"n","count":0,"ready":false}`,
		},
		{
			"no HTML escaping",
			&request{ID: "7", Naming: Naming{Name: "<a> & \u2028"}},
			"/v1/things/7/parts", `{"name":"<a> & \u2028","count":0,"ready":false}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.Encode(template, tt.req)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.PathAndQuery)
			assert.Equal(t, tt.body, string(got.Body))
		})
	}
}

func TestEncodeOfRequestsWithoutBody(t *testing.T) {
	for name, req := range map[string]any{
		"no request":                     nil,
		"a nil pointer":                  (*Paging)(nil),
		"a struct with query fields":     Paging{},
		"a struct without fields":        struct{}{},
		"a pointer to one without a tag": &struct{}{},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wire.Encode("/v1/things", req)
			require.NoError(t, err)
			assert.Equal(t, wire.Request{PathAndQuery: "/v1/things"}, got)
		})
	}
}

func TestEncodeSendsAnEmptyObjectWhereNoBodyFieldIsSet(t *testing.T) {
	got, err := wire.Encode("/v1/things", &struct {
		Label string `json:"label,omitzero"`
	}{})
	require.NoError(t, err)
	assert.Equal(t, "{}", string(got.Body))
}

func TestEncodeRejects(t *testing.T) {
	named := Naming{Name: "n"}
	for _, tt := range []struct {
		name string
		req  *request
		want string
	}{
		{"no request for a path with parameters", nil, ": missing"},
		{"an empty path field", &request{Naming: named}, "ID: missing"},
		{"a dot segment", &request{ID: ".", Naming: named}, "ID: must not hold dot segments"},
		{"a double dot segment", &request{ID: "..", Naming: named}, "ID: must not hold dot segments"},
		{"a path upwards", &request{ID: "../../x", Naming: named}, "ID: must not hold dot segments"},
		{"a dot segment in the middle", &request{ID: "a/./b", Naming: named}, "ID: must not hold dot segments"},
		{"a dot segment at the end", &request{ID: "a/..", Naming: named}, "ID: must not hold dot segments"},
		{"a dot segment behind backslashes", &request{ID: `a\..\b`, Naming: named}, "ID: must not hold dot segments"},
		{"escaped dots", &request{ID: "%2e%2E", Naming: named}, "ID: must not hold dot segments"},
		{"dots escaped twice, and no escape", &request{ID: "%252e./%zz", Naming: named}, "ID: must not hold dot segments"},
		{"a dot segment with a parameter", &request{ID: "x/..;a=b", Naming: named}, "ID: must not hold dot segments"},
		{"an escaped slash", &request{ID: "x%2f..%2fy", Naming: named}, "ID: must not hold dot segments"},
		{"a missing field of an embedded struct", &request{ID: "7"}, "Name: missing"},
		{"text that is not UTF-8 in the path", &request{ID: "\xff", Naming: named}, "ID: is not valid UTF-8"},
		{"text that is not UTF-8 in the query", &request{ID: "7", Text: "\xff", Naming: named}, "Text: is not valid UTF-8"},
		{"text that is not UTF-8 in the body", &request{ID: "7", Naming: Naming{Name: "\xff"}}, "Name: is not valid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.Encode(template, tt.req)
			var fieldError *wire.FieldError
			require.ErrorAs(t, err, &fieldError)
			assert.Equal(t, tt.want, fieldError.Error())
			assert.Zero(t, got)
		})
	}
}

func TestEncodeRejectsWhatJSONCannotHold(t *testing.T) {
	_, err := wire.Encode("/v1/things", &struct {
		At time.Time `json:"at"`
	}{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)})
	var fieldError *wire.FieldError
	require.ErrorAs(t, err, &fieldError)
	assert.Contains(t, fieldError.Reason, "cannot be written as JSON")
}

func TestEncodeRejectsATemplateThatDoesNotFitTheType(t *testing.T) {
	one := &struct {
		ID string `json:"-" path:"id"`
	}{"7"}
	for _, badTemplate := range []string{"/v1/things", "/v1/things/{name}", "/v1/things/{id}/{part}"} {
		_, err := wire.Encode(badTemplate, one)
		assert.ErrorContains(t, err, badTemplate)
	}
	_, err := wire.Encode("/v1/things", &struct {
		Ratio float64 `json:"-" query:"ratio"`
	}{})
	assert.ErrorContains(t, err, "no text form for float64")
}

func TestDecodeReadsWhatServeMuxMatched(t *testing.T) {
	var got request
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+template, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.NoError(t, wire.Decode(&got, r.PathValue, r.URL.Query(), body))
	})
	sent := request{
		ID: "a/b c%", Text: "a+b c", Color: "red", Since: time.Date(2026, 9, 1, 0, 0, 0, 1, time.UTC), Chain: -1,
		Paging: Paging{Limit: new(int64(0)), Full: new(false)},
		Naming: Naming{Name: "<n>", Label: new("")}, Count: 3, Tags: []string{},
	}
	encoded, err := wire.Encode(template, sent)
	require.NoError(t, err)
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", encoded.PathAndQuery, strings.NewReader(string(encoded.Body))))
	assert.Equal(t, sent, got)
}

func TestDecodeRejects(t *testing.T) {
	for _, tt := range []struct{ name, query, body, want string }{
		{"a word for a number", "limit=abc", `{}`, "Limit: must be an integer"},
		{"a fraction for a number", "limit=1.5", `{}`, "Limit: must be an integer"},
		{"a number that does not fit", "chain_id=2147483648", `{}`, "Chain: must be an integer"},
		{"a word for a boolean", "full=maybe", `{}`, "Full: must be true or false"},
		{"a date for a time", "since=2026-09-01", `{}`, "Since: must be an RFC 3339 time"},
		{"no body", "", ``, "unexpected end of JSON input"},
		{"a body of another form", "", `{"count":"one"}`, "cannot unmarshal string"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			query, err := url.ParseQuery(tt.query)
			require.NoError(t, err)
			err = wire.Decode(new(request), func(string) string { return "7" }, query, []byte(tt.body))
			assert.ErrorContains(t, err, tt.want)
		})
	}
	var field *wire.FieldError
	require.ErrorAs(t, wire.Decode(new(request), func(string) string { return "7" }, url.Values{"chain_id": {"x"}}, []byte("{}")), &field)
	assert.Equal(t, &wire.FieldError{Field: "Chain", JSONPath: "chain_id", Reason: "must be an integer"}, field)
	assert.EqualError(t, field.OnTheWire(), "chain_id: must be an integer")
	unknown := new(struct {
		Ratio float64 `json:"-" query:"ratio"`
	})
	assert.ErrorContains(t, wire.Decode(unknown, nil, url.Values{"ratio": {"1"}}, nil), "no text form for float64")
}

func TestDecodeDoesNotCheck(t *testing.T) {
	got := new(request)
	require.NoError(t, wire.Decode(got, func(string) string { return "" }, url.Values{"color": {"none"}}, []byte(`{"name":null,"more":1}`)))
	assert.Equal(t, &request{Color: "none"}, got)
}

func FuzzDecodeReturnsWhatWasEncoded(f *testing.F) {
	f.Add("7", "text", "red", "name", "label", int64(1_700_000_000), int64(5), int32(8453), true)
	f.Add("a/../b?c#d", "+ &=%2F;", "\u2028", `"<\>`, "", int64(0), int64(-1), int32(0), false)
	f.Fuzz(func(t *testing.T, id, text, c, name, label string, seconds, number int64, chain int32, flag bool) {
		// RFC 3339 has no years after 9999.
		since := time.Unix(seconds%(1<<37), number&(1<<29)).UTC()
		sent := request{
			ID: id, Text: text, Color: color(c), Since: since, Before: &since, Chain: chain,
			Paging: Paging{Limit: &number, Full: &flag},
			Naming: Naming{Name: name, Label: &label}, Count: number, Ready: flag, Tags: []string{text, label, ""}[:number&1+1],
		}
		if since.Year() < 0 {
			return
		}
		encoded, err := wire.Encode(template, &sent)
		if err != nil {
			var fieldError *wire.FieldError
			require.ErrorAs(t, err, &fieldError)
			return
		}
		target, err := url.ParseRequestURI(encoded.PathAndQuery)
		require.NoError(t, err)
		require.Equal(t, encoded.PathAndQuery, target.RequestURI(), "what is signed is what is sent")
		segments := strings.Split(target.EscapedPath(), "/")
		require.Len(t, segments, 5)
		var got request
		require.NoError(t, wire.Decode(&got, func(string) string {
			plain, err := url.PathUnescape(segments[3])
			require.NoError(t, err)
			return plain
		}, target.Query(), encoded.Body))
		if since.IsZero() {
			sent.Before = nil
		}
		require.Equal(t, sent, got)
	})
}

// Each level of escapes costs a pass over the text, so there is a bound. No identifier comes near it.
func TestNestedEscapesAreBounded(t *testing.T) {
	for levels, want := range map[int]bool{0: true, 1: true, 5: true, 9: true, 20: true, 100_000: true} {
		assert.Equal(t, want, wire.HasDotSegment("/a/%"+strings.Repeat("25", levels)+"2e%2e/b"), levels)
	}
	assert.False(t, wire.HasDotSegment("/a/%25252525b"))
	assert.False(t, wire.HasDotSegment("/a/"+strings.Repeat("%25", 1000)))
}

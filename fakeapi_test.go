package byzantine_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	testEntityID      = "22222222-3333-4444-8555-666666666666"
	testBeneficiaryID = "33333333-4444-4555-8666-777777777777"
)

// fakeAPI gives the same response to every request and keeps the last request.
type fakeAPI struct {
	client    *byzantine.Client
	response  string
	responses map[string]string // by path, instead of response

	request string // method, path and query
	body    string
}

func newFakeAPI(tb testing.TB) *fakeAPI {
	tb.Helper()
	api := new(fakeAPI)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(tb, err)
		api.request, api.body = r.Method+" "+r.RequestURI, string(body)
		response, ofPath := api.responses[r.URL.Path]
		if !ofPath {
			response = api.response
		}
		_, err = io.WriteString(w, response)
		assert.NoError(tb, err)
	}))
	tb.Cleanup(server.Close)
	api.client = newTestClient(tb, server.URL)
	return api
}

// sentCase is a call, and the request that it must send.
type sentCase struct {
	name    string
	call    func(context.Context, *byzantine.Client) error
	request string // method, path and query
	body    string // exactly
}

func testSent(t *testing.T, cases []sentCase) {
	t.Helper()
	api := newFakeAPI(t)
	// The response has all fields that must be present in the response of any of these operations.
	api.response, api.responses = `{"privateKey":"0x1","otpId":"o","sessionId":"s"}`, soundPayloads
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, tt.call(t.Context(), api.client))
			assert.Equal(t, tt.request, api.request)
			assert.Equal(t, tt.body, api.body)
		})
	}
}

// rejectedCase is a call that must be rejected before anything is sent.
type rejectedCase struct {
	name string
	call func(context.Context, *byzantine.Client) error
	want string // the error's text without the prefix
}

func testRejected(t *testing.T, cases []rejectedCase) {
	t.Helper()
	api := newFakeAPI(t)
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call(t.Context(), api.client)
			require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
			assert.EqualError(t, err, "byzantine: "+tt.want)
			assert.Empty(t, api.request, "nothing was sent")
		})
	}
}

// testResponses checks that a method reads every field of a response: what it returns gives the same JSON again. It
// tries a response with all fields, one with only the required fields, one with null for each optional field, and one
// with values and fields that this version does not know.
func testResponses[T any](t *testing.T, call func(context.Context, *byzantine.Client) (T, error), full, minimal string) {
	t.Helper()
	api := newFakeAPI(t)
	read := func(response string) string {
		t.Helper()
		api.response = response
		got, err := call(t.Context(), api.client)
		require.NoError(t, err)
		return toJSON(t, got)
	}
	fullTree, minimalTree := fromJSON(t, full), fromJSON(t, minimal)

	assert.JSONEq(t, full, read(full))
	assert.JSONEq(t, minimal, read(minimal))
	assert.JSONEq(t, minimal, read(toJSON(t, withNulls(minimalTree, fullTree))))

	strange := strangeWords(fullTree)
	assert.JSONEq(t, toJSON(t, strange), read(toJSON(t, withUnknownFields(strange))))
}

func fromJSON(tb testing.TB, s string) (tree any) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal([]byte(s), &tree), s)
	return tree
}

func toJSON(tb testing.TB, v any) string {
	tb.Helper()
	out, err := json.Marshal(v)
	require.NoError(tb, err)
	return string(out)
}

// withNulls returns a copy of minimal with all fields of full. Those that only full has are null.
func withNulls(minimal, full any) any {
	switch m := minimal.(type) {
	case map[string]any:
		f, out := full.(map[string]any), map[string]any{}
		for name, value := range f {
			out[name] = nil
			if inMinimal, ok := m[name]; ok {
				out[name] = withNulls(inMinimal, value)
			}
		}
		return out
	case []any:
		f, out := full.([]any), []any{}
		for i := range m {
			out = append(out, withNulls(m[i], f[i]))
		}
		return out
	}
	return minimal
}

// strangeWords returns a copy of a JSON tree in which every text is an unknown value, except for times and amounts.
func strangeWords(tree any) any {
	return rewrite(tree, func(v any) any {
		word, ok := v.(string)
		if _, err := time.Parse(time.RFC3339, word); !ok || err == nil {
			return v
		}
		if _, err := byzantine.ParseDecimal(word); err == nil && strings.Contains(word, ".") {
			return v // an amount
		}
		return "not_known_yet_" + word
	})
}

// withUnknownFields returns a copy of a JSON tree in which every object has an additional field.
func withUnknownFields(tree any) any {
	return rewrite(tree, func(v any) any {
		object, ok := v.(map[string]any)
		if !ok {
			return v
		}
		object["memberOfTheFuture"] = map[string]any{"deep": []any{1, nil}}
		return object
	})
}

// rewrite returns a copy of tree with f applied to every value, the inner ones first.
func rewrite(tree any, f func(any) any) any {
	switch v := tree.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, field := range v {
			out[name] = rewrite(field, f)
		}
		return f(out)
	case []any:
		out := []any{}
		for _, element := range v {
			out = append(out, rewrite(element, f))
		}
		return f(out)
	}
	return f(tree)
}

// only returns the error of a call and ignores its response.
func only[T any](_ T, err error) error { return err }

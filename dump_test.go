package byzantine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// dumpOf returns what a client dumps for a call whose response has this status and body; with status 0 there is no
// response.
func dumpOf(t *testing.T, status int, body string, do func(context.Context, *byzantine.Client)) string {
	t.Helper()
	var out bytes.Buffer
	client := newTestClient(t, byzantine.SandboxURL, byzantine.WithDump(&out), byzantine.WithMaxAttempts(1),
		over(roundTripper(func(*http.Request) (*http.Response, error) {
			if status == 0 {
				return nil, http.ErrHandlerTimeout
			}
			return newResponse(status, http.Header{"X-Odd": {"Ada"}}, body), nil
		})))
	do(t.Context(), client)
	return out.String()
}

// brokenWriter is a writer that counts the calls of Write and fails.
type brokenWriter struct{ writes int }

func (w *brokenWriter) Write([]byte) (int, error) {
	w.writes++
	return 0, errors.New("the disk is full")
}

// Each call is dumped by one Write, however many attempts it has, and an error of Write does not reach the caller.
func TestDumpIsOneWriteForEachCall(t *testing.T) {
	var w brokenWriter
	statuses := []int{503, 200, 200}
	client := newTestClient(t, byzantine.SandboxURL, byzantine.WithDump(&w), over(roundTripper(func(*http.Request) (*http.Response, error) {
		status := statuses[0]
		statuses = statuses[1:]
		return newResponse(status, nil, anyResponse), nil
	})))
	ctx := jitter.With(t.Context(), func(time.Duration) time.Duration { return 0 })
	for n := range 2 {
		_, err := client.Whoami(ctx)
		require.NoError(t, err)
		assert.Equal(t, n+1, w.writes)
	}
	assert.Empty(t, statuses)
}

func TestDumpShowsWhatIsMarked(t *testing.T) {
	got := dumpOf(t, 200, `{"integratorId":"i-1","accessScope":"read_write","Ada":"Lovelace","capabilities":{"canWrite":true}}`,
		func(ctx context.Context, c *byzantine.Client) { _, _ = c.Whoami(ctx) })
	assert.Equal(t, `> GET /v1/integrator/whoami get_current_integrator_capabilities
< 200 ok, attempts: 1
< {
<   "...": "<1 unknown fields>",
<   "accessScope": "read_write",
<   "capabilities": {
<     "canWrite": true
<   },
<   "integratorId": "<string, 3 bytes>"
< }
`, got)

	got = dumpOf(t, 500, `{"error":"no row for Ada"}`, func(ctx context.Context, c *byzantine.Client) {
		_, _ = c.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: testAccountID, UserID: testUserID})
	})
	assert.Equal(t, `> POST /v1/submit/init-otp init_otp
> {
>   "accountId": "<string, 36 bytes>",
>   "userId": "<string, 36 bytes>"
> }
< 500 outcome unknown, attempts: 1
< "<object, 1 fields>"
`, got)
}

func TestDumpOfOddBodies(t *testing.T) {
	for body, want := range map[string]string{
		"<p>Ada</p>":                    "< <no JSON, 10 bytes>\n",
		`{"a":1}{"b":2}`:                "< <no JSON, 14 bytes>\n",
		`["Ada"]`:                       "< \"<array, 1 elements>\"\n",
		`{"accessScope":"Ada <3 Bob"}`:  "\"accessScope\": \"<string, 10 bytes>\"",
		`{"accessScope":{"Ada":1}}`:     "\"accessScope\": \"<object, 1 fields>\"",
		`{"accessScope":441632960004}`:  "\"accessScope\": \"<number, 12 bytes>\"", // the value is not of the field's kind
		`{"integratorId":441632960004}`: "\"integratorId\": \"<number, 12 bytes>\"",
		`{"capabilities":"yes"}`:        "\"capabilities\": \"<string, 3 bytes>\"",
		`null`:                          "< null\n",
	} {
		got := dumpOf(t, 200, body, func(ctx context.Context, c *byzantine.Client) { _, _ = c.Whoami(ctx) })
		assert.Contains(t, got, want, body)
		assert.NotContains(t, got, "Ada", body)
	}
	assert.Equal(t, "> GET /v1/integrator/whoami get_current_integrator_capabilities\n< 0 error, attempts: 1\n",
		dumpOf(t, 0, "", func(ctx context.Context, c *byzantine.Client) { _, _ = c.Whoami(ctx) }))
}

// For Do no value is dumped at all, and the path has neither identifiers nor a query.
func TestDumpOfDo(t *testing.T) {
	got := dumpOf(t, 200, `{"accessScope":"read_write","n":7}`, func(ctx context.Context, c *byzantine.Client) {
		in := map[string]any{"email": testEmail, "status": "active"}
		_ = c.Do(ctx, "POST", "/v1/submit/"+testAccountID+"?email="+testEmail, in, nil)
	})
	assert.Equal(t, "> POST /v1/submit/{} \n> \"<object, 2 fields>\"\n< 200 ok, attempts: 1\n< \"<object, 2 fields>\"\n", got)
}

// For every operation, a dump shows no text of a request or response except enumeration values, times and numbers.
func TestDumpHidesEveryText(t *testing.T) {
	const secret = "Ada Lovelace, born 1815"
	for op := range byzantine.Operations() {
		for name, value := range map[string]any{"request": op.NewRequest(), "response": op.NewResponse()} {
			if value == nil {
				continue
			}
			text, err := json.Marshal(secretive(reflect.TypeOf(value).Elem(), secret, 0))
			require.NoError(t, err)
			got := byzantine.MaskedForTest(text, value)
			assert.NotContains(t, got, "Lovelace", "%s of %s", name, op.ID)
			assert.NotContains(t, got, "1815", "%s of %s", name, op.ID)
		}
	}
}

// secretive returns a JSON tree with all fields of a type, in which every text is text.
func secretive(t reflect.Type, text string, depth int) any {
	switch {
	case depth > 8:
		return nil
	case t.Kind() == reflect.Pointer:
		return secretive(t.Elem(), text, depth)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return []any{secretive(t.Elem(), text, depth+1)}
	case t.Kind() != reflect.Struct:
		return text
	}
	object := map[string]any{"Lovelace": text}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.IsExported() && name != "" && name != "-" {
			object[name] = secretive(f.Type, text, depth+1)
		}
	}
	if len(object) == 1 {
		return text
	}
	return object
}

func FuzzDumpable(f *testing.F) {
	want := regexp.MustCompile(`^(?:[A-Za-z][A-Za-z_]{0,40}(?:\.[a-z_]{1,40})?|[0-9T:.+Z-]{1,35})$`)
	word := strings.Repeat("a", 40)
	for _, text := range []string{"", "read_write", "READ", "_a", "a.", ".a", "a.b", "a.B", "a.b.c", "a._", "a1", "a b", "é", "a\n", "\n",
		word + "a", word + "aa", "a." + word, "a." + word + "a", word + "a." + word, "T", "TZ", "T.a", "T.", "2026-09-30T10:00:00.5+02:00",
		strings.Repeat("1", 35), strings.Repeat("1", 36), "-1", "1e5", "1,5", "\xff", strings.Repeat("T", 36)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		assert.Equal(t, want.MatchString(text), byzantine.DumpableForTest(text), "%q", text)
	})
}

func TestWithDumpRejectsNil(t *testing.T) {
	_, err := byzantine.NewClient(rfc6979Key(t), byzantine.WithDump(nil))
	assert.EqualError(t, err, "byzantine: NewClient: WithDump: nil writer")
}

func ExampleWithDump() {
	_, stop := withSandbox()
	defer stop()
	client, err := byzantine.NewClientFromEnv(byzantine.WithDump(os.Stdout))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.GetCustomers(context.Background(), &byzantine.GetCustomersRequest{})
	fmt.Println(err)
	// Output:
	// > GET /v1/query/get-customers get_customers
	// < 200 ok, attempts: 1
	// < {
	// <   "businessCustomers": [],
	// <   "individualCustomers": []
	// < }
	// <nil>
}

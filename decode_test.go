package byzantine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// brokenResponses are functions, by name, each of which makes the body of a success unusable in another way.
var brokenResponses = map[string]func(good []byte) []byte{
	"cut short":           func(good []byte) []byte { return good[:len(good)-1] },
	"half of it":          func(good []byte) []byte { return good[:len(good)/2] },
	"bytes appended":      func(good []byte) []byte { return append(good, sampleMark...) },
	"two documents":       func(good []byte) []byte { return append(append(good, '\n'), good...) },
	"NaN at the end":      func(good []byte) []byte { return append(good[:len(good)-1], `,"more":NaN}`...) },
	"NaN in front":        func(good []byte) []byte { return append([]byte("NaN"), good...) },
	"BOM":                 func(good []byte) []byte { return append([]byte("\uFEFF"), good...) },
	"UTF-16 LE":           func(good []byte) []byte { return inUTF16("\uFEFF"+string(good), false) },
	"UTF-16 BE":           func(good []byte) []byte { return inUTF16("\uFEFF"+string(good), true) },
	"UTF-16 unmarked":     func(good []byte) []byte { return inUTF16(string(good), false) },
	"HTML":                func([]byte) []byte { return []byte("<html><title>" + sampleMark + "</title></html>") },
	"text":                func([]byte) []byte { return []byte("Welcome, " + sampleMark) },
	"a string":            func(good []byte) []byte { return []byte(toQuoted(string(good))) },
	"a number":            func([]byte) []byte { return fmt.Append(nil, sampleDigits) },
	"the wrong kind":      func(good []byte) []byte { return wrongKind(good) },
	"in a list":           func(good []byte) []byte { return append(append([]byte("[[["), good...), "]]]"...) },
	"control character":   func(good []byte) []byte { return bytes.Replace(good, []byte(sampleMark), []byte(sampleMark+"\x01"), 1) },
	"bad escape":          func(good []byte) []byte { return bytes.Replace(good, []byte(sampleMark), []byte(sampleMark+`\q`), 1) },
	"cut in an escape":    func(good []byte) []byte { return append(good[:len(good)-1], `,"`+sampleMark+`\`...) },
	"every field garbled": func(good []byte) []byte { return garbled(good) },
	"null":                func([]byte) []byte { return []byte("null") },
}

func toQuoted(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func inUTF16(s string, bigEndian bool) (out []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		pair := []byte{byte(unit), byte(unit >> 8)}
		if bigEndian {
			pair[0], pair[1] = pair[1], pair[0]
		}
		out = append(out, pair...)
	}
	return out
}

// wrongKind wraps a JSON list in an object, and any other value in a list.
func wrongKind(good []byte) []byte {
	if good[0] == '[' {
		return append(append([]byte(`{"list":`), good...), '}')
	}
	return append(append([]byte(`[`), good...), ']')
}

// garbled replaces each leaf of a JSON tree by an object that contains the leaf's value.
func garbled(good []byte) []byte {
	var tree any
	if err := json.Unmarshal(good, &tree); err != nil {
		panic(err)
	}
	tree = rewrite(tree, func(v any) any {
		switch v.(type) {
		case map[string]any, []any:
			return v
		}
		return map[string]any{"was": v, sampleMark: sampleMark}
	})
	out, err := json.Marshal(tree)
	if err != nil {
		panic(err)
	}
	return out
}

// shownForms returns all texts by which a program may show an error: by the verbs of fmt, as JSON, in slog.
func shownForms(t *testing.T, err error) map[string]string {
	t.Helper()
	shown := map[string]string{"Error": err.Error()}
	for _, format := range []string{
		"%v", "%+v", "%#v", "% v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%t", "%T", "%b", "%o", "%c", "%U", "%e", "%g", "%p", "%10v", "%-10.3s", "%w", "%z",
	} {
		shown[format] = fmt.Sprintf(format, err)
		shown[format+" in a list"] = fmt.Sprintf(format, []error{err})
		shown[format+" in a struct"] = fmt.Sprintf(format, struct{ Err error }{err})
		shown[format+" wrapped"] = fmt.Sprintf(format, fmt.Errorf("onboarding: %w", err))
		shown[format+" joined"] = fmt.Sprintf(format, errors.Join(err, errors.New("another")))
		var e *byzantine.Error
		if errors.As(err, &e) {
			shown[format+" copied"] = fmt.Sprintf(format, *e)
			shown[format+" copied in a struct"] = fmt.Sprintf(format, struct{ Err byzantine.Error }{*e})
		}
	}
	for name, value := range map[string]any{"error": err, "list": []error{err}, "struct": struct{ Err error }{err}, "map": map[string]any{"err": err}} {
		out, marshalErr := json.Marshal(value)
		require.NoError(t, marshalErr)
		shown["JSON of a "+name] = string(out)
		var text, object bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Error("failed", "err", value, slog.Group("g", slog.Any("err", value)))
		slog.New(slog.NewJSONHandler(&object, nil)).Error("failed", "err", value, slog.Group("g", slog.Any("err", value)))
		shown["slog text of a "+name], shown["slog JSON of a "+name] = text.String(), object.String()
	}
	for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
		shown[fmt.Sprintf("unwrapped %T", e)] = fmt.Sprintf("%v %+v %#v", e, e, e)
	}
	return shown
}

// tracesOf returns the texts by which part, a piece of a body, could appear in an error: as it is, in hexadecimal, in
// base64 and so on.
func tracesOf(part string) []string {
	traces := []string{part, hex.EncodeToString([]byte(part)), strings.ToUpper(hex.EncodeToString([]byte(part)))}
	traces = append(traces, fmt.Sprintf("% x", part), fmt.Sprintf("% X", part), strings.Trim(fmt.Sprint([]byte(part)), "[]"))
	traces = append(traces, strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(part)), "[]byte{"), "}"))
	for shift := range 3 { // base64 of part at any offset
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + part))
		traces = append(traces, strings.TrimRight(encoded[4:len(encoded)-4], "="))
	}
	return traces
}

// Whatever part of a successful response cannot be read, no form of the error shows any of it: it may be a new private
// key, a session, or personal data.
func TestErrorsShowNoSuccess(t *testing.T) {
	var body []byte
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) {
		return newResponse(200, nil, string(body)), nil
	})))
	traces := append(tracesOf(sampleMark), tracesOf(fmt.Sprint(sampleDigits))...)
	operations, failures := 0, map[string]int{}
	for op := range byzantine.Operations() {
		out := op.NewResponse()
		if out == nil {
			continue
		}
		operations++
		good := []byte(toJSON(t, sample(reflect.TypeOf(out).Elem())))
		for i, kind := range slices.Sorted(maps.Keys(brokenResponses)) {
			if !longtest.On() && (i+operations)%3 != 0 {
				continue
			}
			breakIt := brokenResponses[kind]
			body = breakIt(bytes.Clone(good))
			err := byzantine.SendEmpty(t.Context(), client, op, op.NewResponse())
			if err == nil {
				continue
			}
			failures[kind]++
			for form, text := range shownForms(t, err) {
				for _, trace := range traces {
					if strings.Contains(text, trace) {
						t.Fatalf("%s, %s: %s shows the response: %s", op.ID, kind, form, text)
					}
				}
			}
		}
	}
	assert.Equal(t, 50, operations, "all that have a response")
	for kind := range brokenResponses {
		assert.NotZero(t, failures[kind], kind)
	}
}

// The search of the test above finds the texts that it looks for.
func TestTracesAreSeen(t *testing.T) {
	body := []byte("a" + sampleMark)
	leaky := struct{ Body []byte }{body}
	for _, format := range []string{"%s", "%v", "%+v", "%#v", "%x", "%X", "%d", "% x"} {
		text := fmt.Sprintf(format, leaky)
		assert.True(t, containsAny(text, tracesOf(sampleMark)), "%s: %s", format, text)
	}
	assert.True(t, containsAny(toJSON(t, leaky), tracesOf(sampleMark)))
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func TestUnreadableResponsesAreNamed(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{``, "the response has no body"},
		{" null\n", "the response is null"},
		{`{"otpId":"otp-1"`, "the response is not JSON, 16 bytes, at offset 16: it is cut short"},
		{`{"otpId":"otp-1",}`, "the response is not JSON, 18 bytes, at offset 17"},
		{`{"otpId":"otp-1"}x`, "the response is not JSON, 18 bytes, at offset 17"},
		{`{"otpId":"otp-1"} {"otpId":"otp-1"}`, "the response is not JSON, 35 bytes, at offset 18"},
		{`{"otpId":NaN}`, "the response is not JSON, 13 bytes, at offset 9"},
		{`<title>Welcome</title>`, "the response is not JSON, 22 bytes, at offset 0: it looks like HTML or XML"},
		{`Welcome`, "the response is not JSON, 7 bytes, at offset 0"},
		{"\uFEFF{\"otpId\":\"otp-1\"}", "the response is not JSON, 20 bytes, at offset 0: it begins with a byte order mark (UTF-8 with BOM)"},
		{"{\x00}\x00", "the response is not JSON, 4 bytes, at offset 1: it is in UTF-16"},
		{"\xFE\xFF\x00{\x00}", "the response is not JSON, 6 bytes, at offset 0: it is in UTF-16"},
		{"\xFF\xFE\x00\x00{\x00\x00\x00", "the response is not JSON, 8 bytes, at offset 0: it is in UTF-32"},
	} {
		var e *byzantine.Error
		require.ErrorAs(t, errorOf(t, testCalls[1], 200, c.body), &e, c.body)
		assert.Equal(t, c.want, e.Message, "%q", c.body)
		assert.ErrorIs(t, e, byzantine.ErrOutcomeUnknown, c.body)
		assert.Nil(t, e.Body)
		assert.Equal(t, c.body, e.SuccessBody.Reveal(), "for those who ask for it by name")
	}
}

func TestErrorAsGoAndAsJSON(t *testing.T) {
	e := &byzantine.Error{
		Operation: "init_otp", Method: "POST", Path: "/v1/submit/init-otp", Message: "expired session", StatusCode: 400, Attempts: 1,
		Header: http.Header{"Set-Cookie": {"secret"}}, Body: []byte("secret"),
	}
	assert.Equal(t, `byzantine.Error{Operation:"init_otp", Method:"POST", Path:"/v1/submit/init-otp", Message:"expired session", StatusCode:400, Attempts:1, ClockSkew:0, OutcomeUnknown:false, RequestID:"", Note:""}`, fmt.Sprintf("%#v", e))
	assert.Equal(t, fmt.Sprintf("%q", e.Error()), fmt.Sprintf("%q", e))
	assert.JSONEq(t, `{"error":`+toQuoted(e.Error())+`,"operation":"init_otp","method":"POST","path":"/v1/submit/init-otp","message":"expired session","statusCode":400,"attempts":1,"outcomeUnknown":false}`, toJSON(t, e))
	var none *byzantine.Error
	assert.Equal(t, "<nil>", fmt.Sprint(none))
}

package byzantinetest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A signer in another language that signs something else is told what it signed, and where that differs.
func TestRejectedSignatureSaysWhatWasSigned(t *testing.T) {
	server := newServer(t)
	const uri, body = "/v1/integrator/credentials", `{"label":"a <b>","accessScope":"read_only"}`
	const query = "/v1/query/events?limit=5&eventType=customer.active&createdAfter=2026-01-01T00%3A00%3A00Z"
	for name, c := range map[string]struct {
		method, uri, body string
		signed            func(timestamp, host string) string
		hint              string
	}{
		"no query":      {"GET", query, "", func(ts, _ string) string { return ts + "GET/v1/query/events" }, "the path without its query"},
		"decoded query": {"GET", query, "", func(ts, _ string) string { return ts + "GET" + strings.ReplaceAll(query, "%3A", ":") }, "the query decoded"},
		"sorted query": {"GET", query, "", func(ts, _ string) string {
			return ts + "GET/v1/query/events?createdAfter=2026-01-01T00%3A00%3A00Z&eventType=customer.active&limit=5"
		}, "the query in another order"},
		"{} instead of no": {"GET", query, "", func(ts, _ string) string { return ts + "GET" + query + "{}" }, "{} for the body"},
		"whole URL":        {"GET", query, "", func(ts, host string) string { return ts + "GET" + host + query }, "the whole URL"},
		"no /v1":           {"POST", uri, body, func(ts, _ string) string { return ts + "POST/integrator/credentials" + body }, "the path without /v1"},
		"lower case":       {"POST", uri, body, func(ts, _ string) string { return ts + "post" + uri + body }, "the method in lower case"},
		"newlines":         {"POST", uri, body, func(ts, _ string) string { return ts + "\nPOST\n" + uri + "\n" + body }, "separators"},
		"no body":          {"POST", uri, body, func(ts, _ string) string { return ts + "POST" + uri }, "no body"},
		"newline":          {"POST", uri, body, func(ts, _ string) string { return ts + "POST" + uri + body + "\n" }, "a newline at its end"},
		"as Python writes": {"POST", uri, body, func(ts, _ string) string { return ts + "POST" + uri + `{"label": "a <b>", "accessScope": "read_only"}` }, "blanks after commas and colons"},
		"as Go writes": {"POST", uri, body, func(ts, _ string) string {
			return ts + "POST" + uri + `{"label":"a \u003cb\u003e","accessScope":"read_only"}`
		}, "<, > and & escaped"},
		"sorted": {"POST", uri, body, func(ts, _ string) string {
			return ts + "POST" + uri + `{"accessScope":"read_only","label":"a \u003cb\u003e"}`
		}, "its names sorted"},
		"indented": {"POST", uri, body, func(ts, _ string) string {
			return ts + "POST" + uri + "{\n  \"label\": \"a <b>\",\n  \"accessScope\": \"read_only\"\n}"
		}, "indentation"},
		"indented by one": {"POST", uri, body, func(ts, _ string) string {
			return ts + "POST" + uri + "{\n \"label\": \"a <b>\",\n \"accessScope\": \"read_only\"\n}"
		}, "indentation"},
	} {
		t.Run(name, func(t *testing.T) {
			var expected, signed string
			status, text := send(t, server, c.method, c.uri, c.body, func(h http.Header) {
				expected = h.Get("X-Timestamp") + c.method + c.uri + c.body
				signed = c.signed(h.Get("X-Timestamp"), server.URL)
				digest := sha256.Sum256([]byte(signed))
				der, err := server.Key().SignDigest(t.Context(), digest[:])
				require.NoError(t, err)
				h.Set("X-Signature", "0x"+hex.EncodeToString(der))
			})
			assert.Equal(t, 401, status)
			assert.Contains(t, text, c.hint)
			requests := server.Requests()
			r := requests[len(requests)-1]
			require.NotNil(t, r.Difference, r.Verdict)
			assert.Contains(t, r.Difference.Hint, c.hint)
			offset := r.Difference.Offset
			assert.Equal(t, expected[:offset], signed[:offset])
			if offset < len(expected) && offset < len(signed) {
				assert.NotEqual(t, expected[offset], signed[offset])
			}
			digest := sha256.Sum256([]byte(expected))
			assert.Equal(t, hex.EncodeToString(digest[:]), r.ExpectedSHA256)
			assert.Equal(t, len(expected), r.ExpectedBytes)
			assert.LessOrEqual(t, len(r.Difference.Expected), 200)
			assert.Contains(t, expected, string(r.Difference.Expected))
			assert.Contains(t, signed, string(r.Difference.Signed))
		})
	}
}

// The difference is found before the body is cut.
func TestDifferenceFarInsideABody(t *testing.T) {
	server := newServer(t)
	body := `{"label":"` + strings.Repeat("x", 100<<10) + `","accessScope":"read_only"}`
	const uri = "/v1/integrator/credentials"
	status, _ := send(t, server, "POST", uri, body, func(h http.Header) {
		digest := sha256.Sum256([]byte(h.Get("X-Timestamp") + "POST" + uri + body + "\n"))
		der, err := server.Key().SignDigest(t.Context(), digest[:])
		require.NoError(t, err)
		h.Set("X-Signature", "0x"+hex.EncodeToString(der))
	})
	require.Equal(t, 401, status)
	r := server.Requests()[0]
	require.NotNil(t, r.Difference)
	assert.Equal(t, r.ExpectedBytes, r.Difference.Offset)
	assert.True(t, strings.HasSuffix(string(r.Difference.Expected), `"accessScope":"read_only"}`))
	assert.Equal(t, len(body), r.BodyBytes)
	assert.Len(t, r.Body, 4<<10)

	// A signature of an unknown text has no Difference.
	status, text := send(t, server, "POST", uri, body, func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	assert.Equal(t, 401, status)
	assert.Contains(t, text, "X-Signature does not belong to this key")
	r = server.Requests()[1]
	assert.Nil(t, r.Difference)
	unknown := fmt.Sprintf("what it covers is not known; it has to cover %d bytes with the SHA-256 %s", r.ExpectedBytes, r.ExpectedSHA256)
	assert.Contains(t, text, unknown)
	assert.Contains(t, r.Verdict, unknown)
}

// A signature that covers the right text and is rejected for its age is not explained by another text that happens to be
// the same: the path without its query, where there is none.
func TestAnOldSignatureIsNoOtherText(t *testing.T) {
	server := newServer(t)
	for _, uri := range []string{"/v1/integrator/whoami", "/v1/query/events?limit=5"} {
		status, text := send(t, server, "GET", uri, "", func(h http.Header) {
			old := strconv.FormatInt(server.Now().Add(-2*time.Minute).Unix(), 10)
			digest := sha256.Sum256([]byte(old + "GET" + uri))
			der, err := server.Key().SignDigest(t.Context(), digest[:])
			require.NoError(t, err)
			h.Set("X-Timestamp", old)
			h.Set("X-Signature", "0x"+hex.EncodeToString(der))
		})
		assert.Equal(t, 401, status)
		assert.Contains(t, text, "120 s old")
		assert.NotContains(t, text, "it covers")
		assert.NotContains(t, text, "the sandbox's clock", "which was not moved")
		requests := server.Requests()
		assert.Nil(t, requests[len(requests)-1].Difference)
	}
}

// A client that signs with the machine's time is told that the sandbox's clock was moved, and where to read it.
func TestAnOldSignatureIsToldOfTheMovedClock(t *testing.T) {
	server := newServer(t)
	for moved, words := range map[time.Duration]string{
		2 * time.Hour:  "the sandbox's clock is 2h0m0s ahead of the machine's: GET /_sandbox/api/clock has its time",
		-3 * time.Hour: "the sandbox's clock is 3h0m0s behind the machine's: GET /_sandbox/api/clock has its time",
	} {
		server.SetTime(time.Now().Add(moved))
		_, err := server.Client(byzantine.WithClock(time.Now), byzantine.WithMaxAttempts(1)).Whoami(t.Context())
		assert.ErrorContains(t, err, words)
	}
	server = newServer(t)
	server.Fail(byzantine.OpWhoami, 1, byzantinetest.Fault{ClockSkew: 2 * time.Hour})
	_, err := server.Client(byzantine.WithMaxAttempts(1)).Whoami(t.Context())
	assert.ErrorContains(t, err, "a clockSkew fault moves the clock by 2h0m0s for this request: the Date header has its time")
	assert.NotContains(t, err.Error(), "GET /_sandbox/api/clock", "which is not moved")
}

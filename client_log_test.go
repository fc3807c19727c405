package byzantine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// logged makes a call to a server that plays a fault, and returns the lines of the log, decoded and as one text.
func logged(t *testing.T, level slog.Level, fault func(*rawConn), do func(context.Context, *byzantine.Client) error, opts ...byzantine.Option) (lines []map[string]any, text string) {
	t.Helper()
	server := newRawServer(t, func(c *rawConn) {
		c.receive()
		fault(c)
	})
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level}))
	_ = do(atOnce(t), newTestClient(t, server.url, append(opts, byzantine.WithLogger(logger))...))
	text = out.String()
	for line := range strings.Lines(text) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		lines = append(lines, fields)
	}
	return lines, text
}

func TestLogOfACall(t *testing.T) {
	lines, _ := logged(t, slog.LevelDebug, responding(200, "", anyResponse), testCalls[1].do)
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "duration")
	delete(lines[0], "duration")
	delete(lines[0], "time")
	assert.Equal(t, map[string]any{
		"level": "DEBUG", "msg": "byzantine: attempt", "operation": "init_otp", "method": "POST",
		"path": "/v1/submit/init-otp", "attempt": 1.0, "status": 200.0,
	}, lines[0])
}

func TestLogOfARetry(t *testing.T) {
	lines, _ := logged(t, slog.LevelWarn, responding(503, "", ""), testCalls[0].do, byzantine.WithMaxAttempts(2))
	require.Len(t, lines, 1)
	assert.Equal(t, "byzantine: sending again", lines[0]["msg"])
	assert.Equal(t, "WARN", lines[0]["level"])
	assert.Equal(t, 503.0, lines[0]["status"])
	assert.Contains(t, lines[0], "wait")

	lines, _ = logged(t, slog.LevelWarn, (*rawConn).reset, testCalls[0].do, byzantine.WithMaxAttempts(2))
	require.Len(t, lines, 1)
	assert.Equal(t, "connection reset by peer", lines[0]["error"])
	assert.Equal(t, true, lines[0]["sent"])
}

func TestLogOfAWrongClock(t *testing.T) {
	lines, _ := logged(t, slog.LevelWarn, responding(401, "", ""), testCalls[1].do, byzantine.WithClock(newWrongClock(10*time.Minute).now))
	require.Len(t, lines, 2)
	assert.Equal(t, "byzantine: the clock may be wrong", lines[0]["msg"])
	assert.InDelta(t, 10*time.Minute, lines[0]["ahead"], float64(2*time.Second))
	assert.Equal(t, "byzantine: sending again", lines[1]["msg"])
}

// Whatever happens in a call, the log contains no body, key, signature, query, identifier or personal data.
func TestLogHoldsMetadataOnly(t *testing.T) {
	const response = `{"error":"no user ` + testEmail + `","otpId":"secret-answer"}`
	calls := append([]testCall{
		{"GET", "", func(ctx context.Context, c *byzantine.Client) error {
			return c.Do(ctx, "GET", "/v1/query/get-user-details?email="+strings.ReplaceAll(testEmail, "+", "%2B"), nil, nil)
		}},
		{"POST", "", func(ctx context.Context, c *byzantine.Client) error {
			return c.Do(ctx, "POST", "/v1/submit/users/"+testEmail, map[string]string{"name": "secret-body"}, new(int))
		}},
	}, testCalls...)
	for name, fault := range map[string]func(*rawConn){
		"200": responding(200, "", response), "400": responding(400, "", response), "401": responding(401, "", response),
		"503": responding(503, "Set-Cookie: secret-cookie\n", response), "reset": (*rawConn).reset,
		"cut": sending(responseHead(200, "Content-Length: 1000\n\n") + response), "no HTTP": sending(strings.ReplaceAll(response, " ", "") + "\n"),
		"redirect": responding(302, "Location: https://example.com/?email="+testEmail+"\n", response),
	} {
		t.Run(name, func(t *testing.T) {
			for _, call := range calls {
				_, text := logged(t, slog.LevelDebug, fault, call.do,
					byzantine.WithMaxAttempts(2), byzantine.WithClock(newWrongClock(10*time.Minute).now))
				assert.NotEmpty(t, text)
				for _, secret := range []string{
					"jane.doe", "secret", "email", testAccountID, testUserID, rfc6979Public[2:], rfc6979Secret[2:], "0x30", "?",
					http.CanonicalHeaderKey("X-Signature"),
				} {
					assert.NotContains(t, text, secret)
				}
			}
		})
	}
}

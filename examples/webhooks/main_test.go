package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/url"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
)

var redisServer, postgresServer *testserver.Server // nil if the program is not installed

func TestMain(m *testing.M) {
	for _, name := range []string{"BYZANTINE_PRIVATE_KEY", "INTEGRATOR_PRIVATE_KEY", "BYZANTINE_BASE_URL"} {
		_ = os.Unsetenv(name)
	}
	os.Exit(testserver.Main(m,
		testserver.Start{At: &redisServer, New: testserver.NewRedis},
		testserver.Start{At: &postgresServer, New: testserver.NewPostgres}))
}

const id = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`

var playedOut = regexp.MustCompile(`(?s)1\. Subscribed http://127\.0\.0\.1:\d+/webhooks with key ` + id + `\.\n` +
	`   -> nothing to do for webhook\.test\n2\. The test delivery succeeded\.\n` +
	`   -> account ` + id + ` was deactivated\n   -> account ` + id + ` may transact\n3\. Two events were delivered\.\n` +
	`4\. The receiver was down for a day: customer\.resubmission_requested was given up after 7 attempts\.\n` +
	`   -> account ` + id + ` has to send documents again: \[DOCUMENT_EXPIRED\]\n` +
	`5\. The Reconciler handed over what was missed: 1 event\. It passed over 2 that had been handled\.\n$`)

func TestPlaysAgainstTheLocalSandbox(t *testing.T) {
	for name, store := range map[string]func(t *testing.T) string{
		"memory":   func(*testing.T) string { return "memory" },
		"redis":    func(t *testing.T) string { return "unix://" + testserver.Need(t, redisServer).RedisSocket() },
		"postgres": func(t *testing.T) string { return postgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			address := store(t)
			for range 2 { // the second run begins with the store that the first has left
				var out, logs bytes.Buffer
				require.NoError(t, run(t.Context(), []string{"-store", address}, &out, &logs))
				assert.Regexp(t, playedOut, out.String())
				assert.NotContains(t, logs.String(), "level=ERROR")
			}
		})
	}
}

func postgresURL(t *testing.T) string {
	dir := testserver.Need(t, postgresServer).Dir
	return "postgres:///postgres?" + url.Values{"host": {dir}, "user": {"test"}}.Encode()
}

// The environment has the sandbox's key and address, so the program takes the sandbox for the real API.
func TestReceivesUntilItIsInterrupted(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	t.Setenv("BYZANTINE_PRIVATE_KEY", sandbox.Key().SecretHex())
	t.Setenv("BYZANTINE_BASE_URL", sandbox.URL)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	logs, written := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, io.Discard, written)
		_ = written.Close()
	}()
	lines := make(chan string, 100)
	go readLines(logs, lines)

	address := regexp.MustCompile(`msg=receiving address=(\S+)`).FindStringSubmatch(<-lines)
	require.NotNil(t, address)
	subscription, err := sandbox.Client().CreateWebhookSubscription(ctx,
		&byzantine.CreateWebhookSubscriptionRequest{URL: "http://" + address[1] + "/webhooks"})
	require.NoError(t, err)
	tested, err := sandbox.Client().SendTestWebhookDelivery(ctx, subscription.Subscription.ID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.WebhookDeliverySucceeded, tested.Delivery.Status)
	assert.Contains(t, <-lines, "nothing to do for webhook.test")

	interrupt()
	require.NoError(t, <-ended)
}

func readLines(r io.Reader, lines chan<- string) {
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		lines <- scanner.Text()
	}
}

func TestRefusesFlags(t *testing.T) {
	for flag, text := range map[string]string{
		"-store=mysql://root:secret@localhost": "must be memory",
		"-store=redis://:secret@[":             "not a URL",
		"-store=redis://h:secret/x/y":          "not",
		"-store=postgres://user:secret@h:port": "not a",
	} {
		t.Run(flag, func(t *testing.T) {
			err := run(t.Context(), []string{flag}, io.Discard, io.Discard)
			require.ErrorContains(t, err, text)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	require.Error(t, run(t.Context(), []string{"-x"}, io.Discard, io.Discard))
}

func TestKeyInAFileIsAKeyAsWell(t *testing.T) {
	t.Setenv("BYZANTINE_PRIVATE_KEY_FILE", t.TempDir()+"/missing")
	assert.ErrorContains(t, run(t.Context(), nil, io.Discard, io.Discard), "BYZANTINE_PRIVATE_KEY_FILE")
}

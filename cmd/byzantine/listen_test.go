package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// A verifier in the receiver accepts what listen forwards, the API gets the receiver's status, and the subscription is
// deleted at the end.
func TestListenForwards(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	account := sandbox.AddAccount(byzantinetest.Account{})
	type delivery struct {
		header http.Header
		body   []byte
	}
	received := make(chan delivery, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- delivery{r.Header, body}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer receiver.Close()

	env := map[string]string{"BYZANTINE_BASE_URL": sandbox.URL, "BYZANTINE_PRIVATE_KEY": sandbox.Key().SecretHex()}
	ctx, interrupt := context.WithCancel(t.Context())
	stdout, printed := io.Pipe()
	log := &lines{}
	status := make(chan int, 1)
	go func() {
		p := &process{strings.NewReader(""), printed, log, func(name string) string { return env[name] }}
		status <- run(ctx, p, []string{"listen", "-forward-to", receiver.URL + "/hooks", "-events", "customer.rejected, customer.active"})
		printed.Close()
	}()
	printedLines := make(chan string, 100)
	go func() {
		for out := bufio.NewScanner(stdout); out.Scan(); {
			printedLines <- out.Text()
		}
		close(printedLines)
	}()
	first := <-printedLines
	endpoint, key := find(t, `listening at (\S+);`, first), find(t, `public key (\S+)`, first)

	sandbox.SetStatus(account.ID, "rejected")
	assert.Regexp(t, `customer\.rejected [0-9a-f-]{36} -> 202$`, <-printedLines)
	got := <-received
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: key}}, webhook.WithClock(sandbox.Now))
	require.NoError(t, err)
	_, err = verifier.Verify(t.Context(), got.header, got.body)
	require.NoError(t, err)

	// What is not genuine is not forwarded.
	res, err := http.Post(endpoint, "application/json", strings.NewReader(`{}`))
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
	assert.Contains(t, <-printedLines, "rejected: ")
	assert.Empty(t, received)

	// A receiver that is away is a failure that the API tries again.
	receiver.Close()
	sandbox.SetStatus(account.ID, "active")
	assert.Contains(t, <-printedLines, "-> not forwarded: ")
	sandbox.Deliver()
	assert.Contains(t, string(sandbox.World()), `"statusCode":502`)

	// A clock that a test has moved meanwhile is followed: the subscription can be deleted.
	sandbox.Advance(2 * time.Hour)
	interrupt()
	assert.Equal(t, exitDone, <-status, log.String())
	subscriptions, err := sandbox.Client().ListWebhookSubscriptions(t.Context(), &byzantine.ListWebhookSubscriptionsRequest{})
	require.NoError(t, err)
	assert.Empty(t, subscriptions.Subscriptions)
}

func TestListenMistakes(t *testing.T) {
	env := map[string]string{"BYZANTINE_BASE_URL": "http://127.0.0.1:1", "BYZANTINE_PRIVATE_KEY": strings.Repeat("1", 64)}
	status, _, stderr := runWith(t, env, "", "listen", "-forward-to", "localhost:3000")
	assert.Equal(t, exitInvalid, status)
	assert.Contains(t, stderr, "-forward-to: must be an http or https URL")
	status, _, stderr = runWith(t, env, "", "listen")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, "nothing listens at http://127.0.0.1:1")
}

// The commands sign with the time of a sandbox whose clock was moved, and say what to do where they cannot read it.
func TestCommandsFollowTheClockOfASandbox(t *testing.T) {
	sandbox := byzantinetest.NewServer(byzantinetest.WithControlToken("token"))
	defer sandbox.Close()
	env := map[string]string{
		"BYZANTINE_BASE_URL": sandbox.URL, "BYZANTINE_PRIVATE_KEY": sandbox.Key().SecretHex(), "BYZANTINE_SANDBOX_TOKEN": "token",
	}
	for _, moved := range []time.Duration{24 * time.Hour, -48 * time.Hour} {
		sandbox.SetTime(time.Now().Add(moved))
		for _, args := range [][]string{{"whoami"}, {"call", "get_current_integrator_capabilities"}} {
			status, _, stderr := runWith(t, env, "", args...)
			assert.Equal(t, exitDone, status, stderr)
		}
	}
	delete(env, "BYZANTINE_SANDBOX_TOKEN")
	status, _, stderr := runWith(t, env, "", "whoami")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, "the sandbox's clock is 48h0m0s behind the machine's")
	assert.Contains(t, stderr, "BYZANTINE_SANDBOX_TOKEN names the sandbox's token")
}

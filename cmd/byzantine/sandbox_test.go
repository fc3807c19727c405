package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A first session works: start the sandbox, paste its output, ask for a code, read it on the status page, log in.
func TestSandboxServesAFirstSession(t *testing.T) {
	term := startSandbox(t, nil)
	require.Contains(t, term.vars, "BYZANTINE_BASE_URL")
	require.Contains(t, term.vars, "BYZANTINE_PRIVATE_KEY")
	assert.Contains(t, term.byzantine("whoami"), "read_write")

	account := find(t, `individual account +(\S+)`, term.welcome)
	user := find(t, `root user +(\S+) +ada@example.com`, term.welcome)
	otp := find(t, `"otpId": "(.*)"`, term.byzantine("call", "init_otp", "accountId="+account, "userId="+user))
	page := get(t, find(t, `status page +(\S+)`, term.welcome))
	code := find(t, `<strong class="code">(\d{6})</strong>`, page)
	assert.Contains(t, term.byzantine("call", "otp_auth", "accountId="+account, "userId="+user, "otpId="+otp, "otpCode="+code), `"sessionId"`)

	assert.Contains(t, term.byzantine("call", "get_account_balances", "accountId="+account), `"balance": "10000"`)
	bank := find(t, `usd bank account +(\S+)`, term.welcome)
	assert.Contains(t, term.byzantine("call", "get_bank_accounts", "accountId="+account), bank)
	company := find(t, `company account +(\S+)`, term.welcome)
	assert.Contains(t, term.byzantine("call", "get_account_details", "accountId="+company), "edith@example.com")

	assert.Contains(t, get(t, find(t, `application +(\S+)`, term.welcome)), "ada@example.com", "the web application names who can sign in")
	assert.Equal(t, exitDone, term.stop())
	assert.Regexp(t, `(?m)^\d\d:\d\d:\d\d 200 init_otp POST /v1/submit/init-otp$`, term.log.String())
}

func TestSandboxLogsWhyASignatureFailed(t *testing.T) {
	term := startSandbox(t, nil)
	base := term.vars["BYZANTINE_BASE_URL"]
	request := func(path, body string, spoil func(http.Header)) {
		key, err := byzantine.ParsePrivateKey(term.vars["BYZANTINE_PRIVATE_KEY"])
		require.NoError(t, err)
		req, err := http.NewRequest("POST", base+path, strings.NewReader(body))
		require.NoError(t, err)
		signature, err := byzantine.SignRequest(t.Context(), key, time.Now(), "POST", path, []byte(body))
		require.NoError(t, err)
		signature.Apply(req.Header)
		spoil(req.Header)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		res.Body.Close()
	}
	const body = "{\"label\":\"\x1b[31m\"}\n"
	request("/v1/integrator/credentials", body, func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	request("/v1/integrator/credentials", body, func(h http.Header) { h.Del("X-Timestamp") })
	request("/v1/integrators", body, func(http.Header) {})
	request("/integrator/credentials", body, func(http.Header) {})
	request("/v1/integrator/credentials?x=%1b", "{}", func(http.Header) {})
	term.stop()
	log := term.log.String()
	assert.Regexp(t, `401 create_credential POST /v1/integrator/credentials: .*X-Signature does not belong`, log)
	assert.Regexp(t, `its signature has to cover .*\d+POST/v1/integrator/credentials\{.*\(\d+ bytes, SHA-256 [0-9a-f]{64}\)`, log)
	assert.Regexp(t, `400 create_credential POST /v1/integrator/credentials: .*X-Timestamp is missing`, log)
	assert.Regexp(t, `404 - POST /v1/integrators: the API has no route`, log)
	assert.Regexp(t, `404 - POST /integrator/credentials: the API has no route`, log)
	assert.Equal(t, 6, strings.Count(log, "\n"), log)
	assert.NotContains(t, log, "\x1b", "nothing that a terminal would act upon")
}

// With a key and a seed of its own a sandbox is the same after a restart, and the key is not printed.
func TestSandboxWithAKeyAndASeedIsRepeatable(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	file := t.TempDir() + "/sandbox.key"
	require.NoError(t, writeKey(file, key))
	env := map[string]string{"BYZANTINE_PRIVATE_KEY": key.SecretHex()}
	ids := func(term *terminal) []string {
		assert.NotContains(t, term.welcome, strings.TrimPrefix(key.SecretHex(), "0x"))
		assert.NotContains(t, term.vars, "BYZANTINE_PRIVATE_KEY")
		assert.Contains(t, term.welcome, key.PublicKeyHex())
		term.vars["BYZANTINE_PRIVATE_KEY"] = key.SecretHex()
		assert.Contains(t, term.byzantine("whoami"), key.PublicKeyHex())
		return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).FindAllString(term.welcome, -1)
	}
	first := ids(startSandbox(t, env, "-seed", "7"))
	assert.Len(t, first, 7)
	assert.Equal(t, first, ids(startSandbox(t, nil, "-seed", "7", "-key", file)))
	assert.NotEqual(t, first, ids(startSandbox(t, env, "-seed", "8")))
}

func TestSandboxDoesNotShareAPort(t *testing.T) {
	term := startSandbox(t, nil)
	var stderr bytes.Buffer
	p := &process{strings.NewReader(""), io.Discard, &stderr, func(string) string { return "" }}
	addr := strings.TrimPrefix(term.vars["BYZANTINE_BASE_URL"], "http://")
	assert.Equal(t, exitFailed, run(t.Context(), p, []string{"sandbox", "-addr", addr}))
	assert.Contains(t, stderr.String(), "address already in use")
}

// Requests that are under way when the sandbox is interrupted still get their response.
func TestSandboxStopsGracefully(t *testing.T) {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	arrived, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		io.WriteString(w, "done")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serveUntil(ctx, &http.Server{Handler: handler(sandbox, slow)}, listener) }()
	response := make(chan string, 1)
	go func() { response <- get(t, baseURL(listener.Addr())+"/slow") }()
	<-arrived
	interrupt()
	for err == nil { // until it takes no new ones
		var conn net.Conn
		if conn, err = net.Dial("tcp", listener.Addr().String()); err == nil {
			conn.Close()
		}
	}
	close(release)
	assert.Equal(t, "done", <-response)
	assert.NoError(t, <-ended)
}

func TestKeyFilesAreForTheirOwnerOnly(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	file := t.TempDir() + "/my.key"
	require.NoError(t, writeKey(file, key))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	read, err := byzantine.ReadKeyFile(file)
	require.NoError(t, err)
	assert.Equal(t, key.PublicKeyHex(), read.PublicKeyHex())
}

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp/demo"
)

// as asks for a page under another host name, without following redirects.
func as(t *testing.T, host, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequest("GET", url, nil)
	require.NoError(t, err)
	request.Host = host
	res, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	res.Body.Close()
	return res
}

// A sandbox in a container can have a port that is mapped to another one, other host names, and receivers of webhooks in
// the container's network.
func TestSandboxInAContainer(t *testing.T) {
	plain := startSandbox(t, nil)
	base := plain.vars["BYZANTINE_BASE_URL"]
	assert.Equal(t, http.StatusForbidden, as(t, "sandbox:8787", base+"/_sandbox/").StatusCode)
	assert.Equal(t, http.StatusFound, as(t, "localhost:9000", base+"/").StatusCode, "the mapped port is not its own")

	mapped := startSandbox(t, nil, "-origin", "http://localhost:9000", "-allow-host", "sandbox", "-allow-host", "other.internal", "-any-webhook-url")
	base = mapped.vars["BYZANTINE_BASE_URL"]
	assert.Equal(t, "http://localhost:9000", find(t, `application +(\S+)`, mapped.welcome))
	assert.Equal(t, http.StatusOK, as(t, "localhost:9000", base+"/").StatusCode)
	assert.Equal(t, http.StatusOK, as(t, "sandbox:8787", base+"/_sandbox/").StatusCode)
	assert.Equal(t, http.StatusOK, as(t, "other.internal", base+"/_sandbox/api/clock").StatusCode)
	assert.Equal(t, http.StatusForbidden, as(t, "rebind.example", base+"/_sandbox/api/clock").StatusCode)
	assert.Contains(t, mapped.byzantine("call", "create_subscription", "url=http://backend:3000/hook"), "http://backend:3000/hook")

	// Two sandboxes on localhost, whose cookies a browser sends to both.
	names := map[string]bool{}
	for _, term := range []*terminal{plain, mapped} {
		origin := find(t, `application +(\S+)`, term.welcome)
		host := strings.TrimPrefix(origin, "http://")
		request, err := http.NewRequest("POST", term.vars["BYZANTINE_BASE_URL"]+"/sign-in", strings.NewReader("email=ada@example.com"))
		require.NoError(t, err)
		request.Host = host
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", origin)
		res, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		res.Body.Close()
		for _, c := range res.Cookies() {
			names[c.Name] = true
			assert.Equal(t, "session-"+strings.TrimPrefix(host, "localhost:"), c.Name)
		}
	}
	assert.Len(t, names, 2)
}

func TestSandboxTakesOptionsOfTheAPI(t *testing.T) {
	const body = `{"userInfo":{"firstName":"Alan","lastName":"Turing","email":"alan@example.com"},"byzantineTermsSignedAt":"2026-09-01T12:00:00Z",
		"rootUsers":[{"firstName":"Alan","lastName":"Turing","email":"alan@example.com"}]}`
	file := filepath.Join(t.TempDir(), "customer.json")
	require.NoError(t, os.WriteFile(file, []byte(body), 0o600))
	for want, args := range map[string][]string{"active": {}, "init": {"-manual-approval"}} {
		term := startSandbox(t, nil, args...)
		term.byzantine("call", "create_individual_account", "-body", file)
		newest := get(t, term.vars["BYZANTINE_BASE_URL"]+"/_sandbox/api/accounts?limit=1")
		assert.Contains(t, newest, `"verificationStatus":"`+want+`"`)
	}
	assert.Equal(t, http.StatusOK, statusOf(t, startSandbox(t, nil, "-lenient"), "/v1/health?unknown=1"))
	assert.Equal(t, http.StatusBadRequest, statusOf(t, startSandbox(t, nil, "-lenient=false"), "/v1/health?unknown=1"))
}

// With a processing time of 0 a transaction is completed at once; with an hour it stays in processing.
func TestSandboxTakesAProcessingTime(t *testing.T) {
	for want, time := range map[string]string{"completed": "0s", "processing": "1h"} {
		term := startSandbox(t, nil, "-processing-time", time)
		term.byzantine("trigger", "transaction.processing")
		account := find(t, `individual account +(\S+)`, term.welcome)
		assert.Contains(t, term.byzantine("call", "get_transactions", "accountId="+account), `"status": "`+want+`"`)
	}
}

// Both accounts of a new sandbox have the stablecoin of every vault that the application shows, on the vault's chain.
func TestSeededMoneyIsForEveryVault(t *testing.T) {
	term := startSandboxUntil(t, "{", nil, "-json")
	var w welcome
	require.NoError(t, json.Unmarshal([]byte(term.welcome), &w))
	require.NotEmpty(t, demo.Vaults)
	for _, a := range w.Accounts {
		for _, v := range demo.Vaults {
			assert.True(t, slices.ContainsFunc(a.Idle, func(m welcomeMoney) bool { return m.ChainID == v.Chain && m.Currency == v.Currency }), "%s: %s", a.Name, v.Name)
		}
	}
}

func statusOf(t *testing.T, term *terminal, path string) int {
	t.Helper()
	res, err := http.Get(term.vars["BYZANTINE_BASE_URL"] + path)
	require.NoError(t, err)
	res.Body.Close()
	return res.StatusCode
}

// What programs read: one line of JSON, a file for the environment, and no log.
func TestSandboxForPrograms(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(file, []byte("BYZANTINE_BASE_URL=old\n"), 0o644))
	term := startSandboxUntil(t, "{", nil, "-json", "-quiet", "-env-file", file)
	var w welcome
	require.NoError(t, json.Unmarshal([]byte(term.welcome), &w), term.welcome)
	assert.Equal(t, 1, strings.Count(term.welcome, "\n"))
	require.Len(t, w.Accounts, 2)
	assert.Equal(t, "ada@example.com", w.Accounts[0].Users[0].Email)
	assert.Len(t, w.Accounts[0].Idle, 3, "money for each vault of the application")
	assert.Equal(t, byzantine.CurrencyUSD, w.Accounts[0].BankAccounts[0].Currency)
	assert.Equal(t, w.BaseURL+"/_sandbox/api/", w.ControlAPI)

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "BYZANTINE_BASE_URL="+w.BaseURL+"\nBYZANTINE_PRIVATE_KEY="+w.PrivateKey+"\n", string(text))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	term.vars = map[string]string{"BYZANTINE_BASE_URL": w.BaseURL, "BYZANTINE_PRIVATE_KEY": w.PrivateKey}
	assert.Contains(t, term.byzantine("whoami"), "read_write")
	term.stop()
	assert.Empty(t, term.log.String())
}

// The key of somebody else is not repeated, neither in JSON nor in the file.
func TestSandboxDoesNotRepeatAGivenKey(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), ".env")
	term := startSandboxUntil(t, "{", map[string]string{"BYZANTINE_PRIVATE_KEY": key.SecretHex()}, "-json", "-env-file", file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, term.welcome+string(text), key.SecretHex()[2:])
	assert.Contains(t, term.welcome, key.PublicKeyHex())
}

// A world that was written by hand takes the place of the example accounts.
func TestSandboxBeginsWithAWorld(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"users":[{"id":"11111111-2222-4333-8444-555555555555","info":{"email":"jean@example.com","firstName":"Jean","lastName":"Bartik"}}],
		"accounts":[{"ownerId":"11111111-2222-4333-8444-555555555555","members":[{"userId":"11111111-2222-4333-8444-555555555555"}]}]}`), 0o600))
	term := startSandboxUntil(t, "{", nil, "-json", "-world", file)
	var w welcome
	require.NoError(t, json.Unmarshal([]byte(term.welcome), &w), term.welcome)
	require.Len(t, w.Accounts, 1)
	assert.Equal(t, "jean@example.com", w.Accounts[0].Users[0].Email)
}

// With -state the world, and the key that the sandbox made, are there after a restart.
func TestSandboxKeepsItsState(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	start := func() (*terminal, welcome) {
		term := startSandboxUntil(t, "{", nil, "-json", "-state", file)
		var w welcome
		require.NoError(t, json.Unmarshal([]byte(term.welcome), &w), term.welcome)
		term.vars = map[string]string{"BYZANTINE_BASE_URL": w.BaseURL, "BYZANTINE_PRIVATE_KEY": w.PrivateKey}
		return term, w
	}
	first, before := start()
	created := first.byzantine("call", "create_credential", "label=kept")
	pubkey := find(t, `"pubkey": "(0x\w+)"`, created)
	require.Equal(t, exitDone, first.stop())
	second, after := start()
	assert.Equal(t, before.PrivateKey, after.PrivateKey)
	assert.Equal(t, before.Accounts, after.Accounts)
	assert.Contains(t, second.byzantine("call", "list_credentials"), pubkey)
	require.Equal(t, exitDone, second.stop())
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, entries, 2, "the state and the key, and nothing half written")
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), e.Name())
	}

	// A state that cannot be read is not overwritten.
	require.NoError(t, os.WriteFile(file, []byte(`{"users":7}`), 0o600))
	var stderr bytes.Buffer
	p := &process{strings.NewReader(""), io.Discard, &stderr, func(string) string { return "" }}
	assert.Equal(t, exitInvalid, run(t.Context(), p, []string{"sandbox", "-addr", "127.0.0.1:0", "-state", file}))
	assert.Contains(t, stderr.String(), "-state: ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, `{"users":7}`, string(text))
}

func TestControlTokenOfTheCommand(t *testing.T) {
	term := startSandbox(t, map[string]string{controlTokenVariable: "s3cret"})
	assert.Equal(t, http.StatusUnauthorized, statusOf(t, term, "/_sandbox/api/clock"))
	assert.NotContains(t, term.welcome, "s3cret")
}

package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestRunsAgainstTheLocalSandbox(t *testing.T) {
	t.Setenv("BYZANTINE_PRIVATE_KEY", "")
	t.Setenv("INTEGRATOR_PRIVATE_KEY", "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), strings.NewReader(""), &out))
	assert.Regexp(t, `(?s)1\. We are integrator [0-9a-f-]{36} with a read_write key\..*`+
		`2\. The code \d{6} arrived.*3\. It opened session [0-9a-f-]{36}, until .*`+
		`4\. The authenticator made a passkey: .*AAGUID [0-9a-f-]{36}.*`+
		`5\. The passkey is enrolled\. Authenticator ids: [0-9a-f-]{36}\n.*`+
		`POST +/v1/submit/create-authenticators-otp +200`, out.String())
	assert.NotContains(t, out.String(), "\x1b", "no colour codes")
}

func TestAsksAtTheTerminalWhenThereIsAKey(t *testing.T) {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	user := sandbox.AddUser(byzantinetest.User{})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	server := httptest.NewServer(sandbox)
	defer server.Close()
	t.Setenv("BYZANTINE_PRIVATE_KEY", sandbox.Key().SecretHex())
	t.Setenv("INTEGRATOR_PRIVATE_KEY", "")
	t.Setenv("BYZANTINE_BASE_URL", server.URL)

	var out bytes.Buffer
	answers := account.ID + "\n" + user.ID + "\nada@example.com\n000000\n"
	err = run(t.Context(), strings.NewReader(answers), &out)
	if err == nil {
		return // the random code happened to be 000000
	}
	assert.ErrorContains(t, err, "wrong one-time code")
	assert.Contains(t, out.String(), "Account id: User id: ")
	assert.Contains(t, out.String(), "software authenticator")

	err = run(t.Context(), strings.NewReader(account.ID+"\n"), &out)
	assert.ErrorContains(t, err, `no response to "User id"`)
}

func TestKeyInAFileIsAKeyAsWell(t *testing.T) {
	t.Setenv("BYZANTINE_PRIVATE_KEY", "")
	t.Setenv("INTEGRATOR_PRIVATE_KEY", "")
	t.Setenv("BYZANTINE_PRIVATE_KEY_FILE", t.TempDir()+"/missing")
	assert.ErrorContains(t, run(t.Context(), strings.NewReader(""), new(bytes.Buffer)), "BYZANTINE_PRIVATE_KEY_FILE")
}

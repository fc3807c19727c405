package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Errors name what the user of the command has typed: fields as the API names them, flags, and variables of the
// environment.
func TestErrorsNameWhatWasTyped(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	key := map[string]string{"BYZANTINE_PRIVATE_KEY": "0x" + strings.Repeat("11", 32)}
	with := func(name, value string) map[string]string {
		return map[string]string{"BYZANTINE_PRIVATE_KEY": key["BYZANTINE_PRIVATE_KEY"], name: value}
	}
	for _, test := range []struct {
		env  map[string]string
		args string
		want string
	}{
		{key, "call init_otp accountId=" + id, "init_otp: userId: missing"},
		{key, "call init_otp accountId=x userId=" + id, "init_otp: accountId: must be a UUID"},
		{key, "call list_events limit=many", "init"},
		{key, "call get_vault_apy vault_id=..", "vault_id: must not hold dot segments"},
		{key, "call delete_subscription subscription_id=x", "delete_subscription: subscription_id: must be a UUID"},
		{key, "call create_authenticators_otp sessionId=x accountId=" + id + " userId=" + id +
			" authenticators[].authenticatorName=a authenticators[0].challenge=c authenticators[0].attestation.clientDataJson=e30" +
			" authenticators[0].attestation.attestationObject=oA authenticators[0].attestation.transports:=[]",
			"create_authenticators_otp: authenticators[0].attestation.credentialId: missing"},
		{key, "call init_opt", "the API has no operation \"init_opt\", did you mean \"init_otp\"?"},
		{key, "call init_otp accountID=" + id, "init_otp has no field \"accountID\", did you mean \"accountId\"?"},
		{key, "operations otp_auht", "did you mean \"otp_auth\"?"},
		{nil, "whoami", "no key: set BYZANTINE_PRIVATE_KEY or BYZANTINE_PRIVATE_KEY_FILE, or name a file with -key"},
		{map[string]string{"BYZANTINE_PRIVATE_KEY": "x"}, "whoami", "BYZANTINE_PRIVATE_KEY: private key: "},
		{map[string]string{"INTEGRATOR_PRIVATE_KEY": "x"}, "whoami", "INTEGRATOR_PRIVATE_KEY: private key: "},
		{map[string]string{"BYZANTINE_PRIVATE_KEY_FILE": "/nowhere"}, "whoami", "BYZANTINE_PRIVATE_KEY_FILE: the file cannot be read"},
		{nil, "whoami -key /nowhere", "-key: the file cannot be read"},
		{nil, "whoami -key -", "-key -: private key: "},
		{with("BYZANTINE_BASE_URL", "ftp://example.com"), "whoami", "BYZANTINE_BASE_URL: scheme must be https"},
		{nil, "sandbox -addr 127.0.0.1:0 -allow-host a:1", "-allow-host: \"a:1\" is not a host name without a port"},
		{nil, "sandbox -addr 127.0.0.1:0 -world testdata/noworld.json", "byzantine: -world: users[0].id: must be a UUID"},
		{key, "whoami -base-url http://example.com", "-base-url: http is for loopback addresses only (-insecure-http lifts this)"},
	} {
		if test.want == "init" {
			test.want = "list_events: limit: must be"
		}
		status, _, stderr := runWith(t, test.env, "no key", strings.Fields(test.args)...)
		assert.Equal(t, 2, status, test.args)
		assert.Contains(t, stderr, test.want, test.args)
		assert.Equal(t, 1, strings.Count(stderr, "byzantine: "), stderr)
		assert.NotContains(t, stderr, "With", test.args)
	}
}

// No error about a request holds the Go name of one of its fields.
func TestErrorsHoldNoNamesOfGo(t *testing.T) {
	tried := 0
	for op := range byzantine.Operations() {
		request := op.NewRequest()
		if request == nil {
			continue
		}
		fields := wire.Fields(reflect.TypeOf(request).Elem())
		for _, f := range fields {
			for _, value := range []string{"=x", ":={}", ":=[{}]"} {
				_, err := buildRequest(&process{}, op, []string{f.Name + value}, nil)
				if err == nil {
					continue
				}
				tried++
				for _, other := range fields {
					if other.GoName != other.Name {
						assert.NotRegexp(t, `(^|[^A-Za-z])`+other.GoName+`[:.\[]`, err.Error(), "%s %s%s", op.ID, f.Name, value)
					}
				}
			}
		}
	}
	assert.Greater(t, tried, 200)
}

// The value that an error suggests can be pasted into a shell.
func TestSuggestedValueIsQuotedForAShell(t *testing.T) {
	for text, want := range map[string]string{"customer.happy": `'"customer.happy"'`, "123": `'"123"'`, "it's": `'"it'\''s"'`} {
		assert.Equal(t, want, quoted(reflect.TypeFor[byzantine.EventType](), text))
	}
	assert.Equal(t, "5", quoted(reflect.TypeFor[byzantine.ChainID](), "5"))
}

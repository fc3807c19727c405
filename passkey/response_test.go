package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func TestResponseRejections(t *testing.T) {
	raw := func(change func(string) string) func(*testing.T, *forgery) {
		return func(_ *testing.T, f *forgery) { f.raw = change }
	}
	drop := func(name string) func(*testing.T, *forgery) {
		return func(_ *testing.T, f *forgery) { delete(f.outer, name) }
	}
	dropInner := func(name string) func(*testing.T, *forgery) {
		return func(_ *testing.T, f *forgery) { delete(f.response, name) }
	}
	set := func(name string, value any) func(*testing.T, *forgery) {
		return func(_ *testing.T, f *forgery) { f.outer[name] = value }
	}
	reject(t, map[string]rejection{
		"nothing":              {raw(func(string) string { return "" }), passkey.ErrMalformed, whole},
		"null":                 {raw(func(string) string { return "null" }), passkey.ErrMalformed, whole},
		"an empty object":      {raw(func(string) string { return "{}" }), passkey.ErrMalformed, whole + ".id"},
		"not JSON":             {raw(func(s string) string { return s[1:] }), passkey.ErrMalformed, whole},
		"in a list":            {raw(func(s string) string { return "[" + s + "]" }), passkey.ErrMalformed, whole},
		"JSON encoded twice":   {raw(func(s string) string { return fmt.Sprintf("%q", s) }), passkey.ErrMalformed, whole},
		"two of them":          {raw(func(s string) string { return s + s }), passkey.ErrMalformed, whole},
		"invalid UTF-8":        {raw(func(s string) string { return `{"x":"` + "\xff" + `",` + s[1:] }), passkey.ErrMalformed, whole},
		"too large":            {raw(func(s string) string { return s + strings.Repeat(" ", passkey.MaxResponseBytes) }), passkey.ErrMalformed, whole},
		"inside publicKey":     {raw(func(s string) string { return `{"publicKey":` + s + `}` }), passkey.ErrMalformed, whole},
		"inside response":      {raw(func(s string) string { return `{"name":"phone","response":` + s + `}` }), passkey.ErrMalformed, whole},
		"two ids":              {raw(func(s string) string { return `{"id":"AAAA",` + s[1:] }), passkey.ErrMalformed, whole},
		"id in capitals":       {raw(func(s string) string { return `{"ID":"AAAA",` + s[1:] }), passkey.ErrMalformed, whole + ".id"},
		"no id":                {drop("id"), passkey.ErrMalformed, whole + ".id"},
		"no rawId":             {drop("rawId"), passkey.ErrMalformed, whole + ".rawId"},
		"no type":              {drop("type"), passkey.ErrMalformed, whole + ".type"},
		"no response":          {drop("response"), passkey.ErrMalformed, "credential.response"},
		"another type":         {set("type", "password"), passkey.ErrMalformed, whole + ".type"},
		"type is a number":     {set("type", 1), passkey.ErrMalformed, whole + ".type"},
		"id is empty":          {set("id", ""), passkey.ErrMalformed, whole + ".id"},
		"id is null":           {set("id", nil), passkey.ErrMalformed, whole + ".id"},
		"rawId was a buffer":   {set("rawId", map[string]any{}), passkey.ErrMalformed, whole + ".rawId"},
		"rawId is another":     {set("rawId", "AAAA"), passkey.ErrMalformed, whole + ".rawId"},
		"id is no base64":      {set("id", "!!!!"), passkey.ErrMalformed, whole + ".id"},
		"id has a line break":  {raw(func(s string) string { return strings.Replace(s, `"id":"`, `"id":"\n`, 1) }), passkey.ErrMalformed, whole + ".id"},
		"response is a string": {set("response", "AAAA"), passkey.ErrMalformed, "credential.response"},
		"no client data":       {dropInner("clientDataJSON"), passkey.ErrMalformed, clientJSON},
		"the API's spelling":   {raw(func(s string) string { return strings.Replace(s, "clientDataJSON", "clientDataJson", 1) }), passkey.ErrMalformed, clientJSON},
		"no attestation":       {dropInner("attestationObject"), passkey.ErrMalformed, attestation},
		"a sign-in": {func(_ *testing.T, f *forgery) {
			delete(f.response, "attestationObject")
			f.response["signature"] = "AAAA"
		},
			passkey.ErrMalformed, attestation},
		"line break in client data": {raw(func(s string) string {
			return strings.Replace(s, `"clientDataJSON":"`, `"clientDataJSON":"\r\n`, 1)
		}), passkey.ErrMalformed, clientJSON},
		"line break in attestation": {raw(func(s string) string {
			return strings.Replace(s, `"attestationObject":"`, `"attestationObject":"\n`, 1)
		}), passkey.ErrMalformed, attestation},
	}, true)
}

func TestWrappedResponseIsExplained(t *testing.T) {
	_, response := begin(t, relyingParty(), passkeytest.NewAuthenticator())
	for _, field := range []string{"publicKey", "credential", "response", "data"} {
		_, err := passkey.ParseUnverified([]byte(`{"`+field+`":`+string(response)+`}`), "phone")
		assert.ErrorContains(t, err, "wrapped in another object")
	}
}

func TestSignInIsExplained(t *testing.T) {
	a := passkeytest.NewAuthenticator()
	begin(t, relyingParty(), a)
	assertion, err := a.Get([]byte(`{"challenge":"AAAA","rpId":"example.com"}`))
	require.NoError(t, err)
	_, err = passkey.ParseUnverified(assertion, "phone")
	assert.ErrorContains(t, err, "the response of a sign-in")
}

func TestOldSpellingsOfBase64(t *testing.T) {
	spellings := map[string]*base64.Encoding{
		"base64url":       base64.RawURLEncoding,
		"padded":          base64.URLEncoding,
		"standard":        base64.RawStdEncoding,
		"standard padded": base64.StdEncoding,
	}
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	f := takeApart(t, response)
	f.setID([]byte{0xfb, 0xff, 0xfe, 0x3e, 0x3f, 0xfb, 0xff}) // its standard spelling has +, / and =
	genuine := f.putTogether(t)
	want, err := rp.FinishRegistration(state, genuine, "phone")
	require.NoError(t, err)
	require.Equal(t, "-__-Pj_7_w", want.ID)

	for name, spelling := range spellings {
		t.Run(name, func(t *testing.T) {
			f := takeApart(t, genuine)
			respell := func(fields map[string]any, name string) {
				fields[name] = spelling.EncodeToString(decode(t, fields[name].(string)))
			}
			respell(f.outer, "id")
			respell(f.outer, "rawId")
			respell(f.response, "clientDataJSON")
			respell(f.response, "attestationObject")
			respelt, err := json.Marshal(f.outer)
			require.NoError(t, err)
			got, err := rp.FinishRegistration(state, respelt, "phone")
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestTransports(t *testing.T) {
	type api = []byzantine.AuthenticatorTransport
	for _, c := range []struct {
		reported any
		want     api
	}{
		{[]string{"internal", "usb", "nfc", "ble", "hybrid"}, api{byzantine.TransportInternal, byzantine.TransportUSB,
			byzantine.TransportNFC, byzantine.TransportBLE, byzantine.TransportHybrid}},
		{[]string{"usb", "nfc", "usb"}, api{byzantine.TransportUSB, byzantine.TransportNFC}},
		{[]string{"cable", "internal", "hybrid"}, api{byzantine.TransportHybrid, byzantine.TransportInternal}},
		{[]string{"smart-card", "usb", "", "INTERNAL"}, api{byzantine.TransportUnknown, byzantine.TransportUSB}},
		{[]string{}, api{}},
		{nil, api{}},
	} {
		_, response := begin(t, relyingParty(), passkeytest.NewAuthenticator())
		f := takeApart(t, response)
		f.response["transports"] = c.reported
		got, err := passkey.ParseUnverified(f.putTogether(t), "phone")
		require.NoError(t, err)
		requireSound(t, got)
		assert.Equal(t, c.want, got.Authenticator.Attestation.Transports)
	}

	_, response := begin(t, relyingParty(), passkeytest.NewAuthenticator())
	f := takeApart(t, response)
	delete(f.response, "transports")
	got, err := passkey.ParseUnverified(f.putTogether(t), "phone")
	require.NoError(t, err)
	sent, err := json.Marshal(got.Authenticator)
	require.NoError(t, err)
	assert.Contains(t, string(sent), `"transports":[]`, "always a list, never null")
}

// Fields that a browser adds to its response are ignored, whatever their values, so that no browser or extension can
// break a registration with them.
func TestOtherFieldsAreIgnored(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	f := takeApart(t, response)
	f.outer["clientExtensionResults"] = "not even an object"
	f.outer["authenticatorAttachment"] = 1
	f.response["publicKey"], f.response["publicKeyAlgorithm"] = "!!!!", "ES256"
	f.response["authenticatorData"] = nil
	c, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
	require.NoError(t, err)
	requireSound(t, c)
}

func TestLongestAndShortestID(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	for _, length := range []int{1, 1023} {
		f := takeApart(t, response)
		f.setID(make([]byte, length))
		c, err := rp.FinishRegistration(state, f.putTogether(t), "phone")
		require.NoError(t, err)
		requireSound(t, c)
	}
}

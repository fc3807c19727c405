package passkey_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

func TestRelyingPartyAcceptsWhatBrowsersAccept(t *testing.T) {
	for _, c := range []struct {
		id      string
		origins []string
	}{
		{"example.com", []string{"https://example.com"}},
		{"example.com", []string{"https://example.com:8443", "https://a.b.example.com"}},
		{"app.example.com", []string{"https://app.example.com"}},
		{"xn--bcher-kva.example", []string{"https://xn--bcher-kva.example"}},
		{"localhost", []string{"http://localhost", "http://localhost:8080", "https://localhost:8443"}},
	} {
		rp := passkey.RelyingParty{ID: c.id, Name: "Example", Origins: c.origins}
		assert.NoError(t, rp.Validate(), "%v", c)
	}
}

func TestRelyingPartyRejections(t *testing.T) {
	for name, c := range map[string]struct {
		change func(rp *passkey.RelyingParty)
		check  string
	}{
		"no id":             {func(rp *passkey.RelyingParty) { rp.ID = "" }, "RelyingParty.ID"},
		"id with a scheme":  {func(rp *passkey.RelyingParty) { rp.ID = "https://example.com" }, "RelyingParty.ID"},
		"id with a port":    {func(rp *passkey.RelyingParty) { rp.ID = "example.com:443" }, "RelyingParty.ID"},
		"id with a path":    {func(rp *passkey.RelyingParty) { rp.ID = "example.com/app" }, "RelyingParty.ID"},
		"id in capitals":    {func(rp *passkey.RelyingParty) { rp.ID = "Example.com" }, "RelyingParty.ID"},
		"id not punycode":   {func(rp *passkey.RelyingParty) { rp.ID = "bücher.example" }, "RelyingParty.ID"},
		"id is an address":  {func(rp *passkey.RelyingParty) { rp.ID = "127.0.0.1" }, "RelyingParty.ID"},
		"id is one label":   {func(rp *passkey.RelyingParty) { rp.ID = "com" }, "RelyingParty.ID"},
		"id ends in a dot":  {func(rp *passkey.RelyingParty) { rp.ID = "example.com." }, "RelyingParty.ID"},
		"id with a star":    {func(rp *passkey.RelyingParty) { rp.ID = "*.example.com" }, "RelyingParty.ID"},
		"no name":           {func(rp *passkey.RelyingParty) { rp.Name = "" }, "RelyingParty.Name"},
		"name is not text":  {func(rp *passkey.RelyingParty) { rp.Name = "\xff" }, "RelyingParty.Name"},
		"no origins":        {func(rp *passkey.RelyingParty) { rp.Origins = nil }, "RelyingParty.Origins"},
		"verification":      {func(rp *passkey.RelyingParty) { rp.UserVerification = "discouraged" }, "RelyingParty.UserVerification"},
		"negative timeout":  {func(rp *passkey.RelyingParty) { rp.Timeout = -time.Second }, "RelyingParty.Timeout"},
		"timeout too short": {func(rp *passkey.RelyingParty) { rp.Timeout = time.Millisecond }, "RelyingParty.Timeout"},
		"timeout too long":  {func(rp *passkey.RelyingParty) { rp.Timeout = 2 * time.Hour }, "RelyingParty.Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			rp := relyingParty()
			c.change(rp)
			requireRejection(t, rp.Validate(), passkey.ErrConfiguration, c.check)
			_, _, err := rp.BeginRegistration(ada)
			requireRejection(t, err, passkey.ErrConfiguration, c.check)
			_, err = rp.FinishRegistration(&passkey.RegistrationState{}, nil, "phone")
			requireRejection(t, err, passkey.ErrConfiguration, c.check)
		})
	}
	var none *passkey.RelyingParty
	requireRejection(t, none.Validate(), passkey.ErrConfiguration, "RelyingParty")
}

func TestRelyingPartyRejectsOrigins(t *testing.T) {
	for _, c := range []struct{ origin, reason string }{
		{"", "not an origin such as https://example.com"},
		{"example.com", "not an origin such as https://example.com"},
		{"https://", "not an origin such as https://example.com"},
		{"https://exa mple.com", "not an origin such as https://example.com"},
		{"http://example.com", "neither https nor http://localhost"},
		{"android:apk-key-hash:abc", "not an origin such as https://example.com"},
		{"http://app.localhost", "neither https nor http://localhost"},
		{"http://localhost:8080", "its host is neither the relying party's id nor a subdomain of it"},
		{"https://example.org", "its host is neither the relying party's id nor a subdomain of it"},
		{"https://notexample.com", "its host is neither the relying party's id nor a subdomain of it"},
		{"https://.example.com", "its host is neither the relying party's id nor a subdomain of it"},
		{"https://*.example.com", "its host is neither the relying party's id nor a subdomain of it"},
		{"https://com", "its host is neither the relying party's id nor a subdomain of it"},
		{"https://example.com/", "browsers spell it https://example.com"},
		{"https://example.com/login?x=1#y", "browsers spell it https://example.com"},
		{"https://user@example.com", "browsers spell it https://example.com"},
		{"https://example.com:443", "browsers spell it https://example.com"},
		{"https://example.com:", "browsers spell it https://example.com"},
		{"https://example.com:08443", "browsers spell it https://example.com:8443"},
		{"HTTPS://App.Example.com", "browsers spell it https://app.example.com"},
		{"https://example.com:0", "its port is not a number from 1 to 65535"},
		{"https://example.com:70000", "its port is not a number from 1 to 65535"},
	} {
		t.Run(c.origin, func(t *testing.T) {
			rp := relyingParty()
			rp.Origins = []string{"https://example.com", c.origin}
			err := rp.Validate()
			requireRejection(t, err, passkey.ErrConfiguration, "RelyingParty.Origins[1]")
			assert.ErrorContains(t, err, c.reason)
		})
	}
}

func TestRelyingPartyRequiresItsOwnSpellingOfLocalhost(t *testing.T) {
	rp := passkey.RelyingParty{ID: "localhost", Name: "Example", Origins: []string{"http://localhost:80"}}
	require.ErrorContains(t, rp.Validate(), "browsers spell it http://localhost")
}

package passkeytest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func descriptors(ids ...string) []map[string]any {
	list := []map[string]any{}
	for _, id := range ids {
		list = append(list, map[string]any{"type": "public-key", "id": id})
	}
	return list
}

func TestExcludeCredentials(t *testing.T) {
	a := passkeytest.NewAuthenticator()
	created := registerPasskey(t, a, creationOptions(t, nil))
	exclude := func(list []map[string]any) func(map[string]any) {
		return func(options map[string]any) { options["excludeCredentials"] = list }
	}
	_, err := a.Create(creationOptions(t, exclude(descriptors("AAAA", created.ID))))
	requireException(t, err, "InvalidStateError")

	registerPasskey(t, a, creationOptions(t, exclude(descriptors("AAAA"))))
	registerPasskey(t, passkeytest.NewAuthenticator(), creationOptions(t, exclude(descriptors(created.ID))))
	_, err = a.Create(creationOptions(t, func(options map[string]any) {
		options["rp"] = map[string]any{"id": "example.org", "name": "Other"}
		options["excludeCredentials"] = descriptors(created.ID)
	}))
	require.NoError(t, err, "a credential of another relying party excludes nothing")
}

func TestAllowCredentials(t *testing.T) {
	a := passkeytest.NewAuthenticator()
	first := registerPasskey(t, a, creationOptions(t, nil))
	second := registerPasskey(t, a, creationOptions(t, nil))
	hidden := registerPasskey(t, a, creationOptions(t, func(options map[string]any) {
		options["authenticatorSelection"] = map[string]any{"residentKey": "discouraged"}
	}))
	allow := func(list []map[string]any) []byte {
		return requestOptions(t, func(options map[string]any) { options["allowCredentials"] = list })
	}
	assert.Equal(t, second.RawID, signInWithPasskey(t, a, requestOptions(t, nil), second).RawID, "the newest that can be found without its id")
	assert.Equal(t, second.RawID, signInWithPasskey(t, a, allow(nil), second).RawID)
	assert.Equal(t, first.RawID, signInWithPasskey(t, a, allow(descriptors("AAAA", first.ID)), first).RawID)
	assert.Equal(t, hidden.RawID, signInWithPasskey(t, a, allow(descriptors(hidden.ID)), hidden).RawID)

	_, err := a.Get(allow(descriptors("AAAA")))
	requireException(t, err, "NotAllowedError")
	_, err = a.Get(allow([]map[string]any{{"type": "password", "id": first.ID}}))
	requireException(t, err, "NotAllowedError")
	_, err = a.Get(requestOptions(t, func(options map[string]any) {
		options["rpId"], options["allowCredentials"] = "example.org", descriptors(first.ID)
	}))
	requireException(t, err, "NotAllowedError")
}

func TestDiscoverableCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		selection    map[string]any
		discoverable bool
	}{
		"required":     {map[string]any{"residentKey": "required"}, true},
		"preferred":    {map[string]any{"residentKey": "preferred"}, true},
		"discouraged":  {map[string]any{"residentKey": "discouraged", "requireResidentKey": true}, false},
		"old required": {map[string]any{"requireResidentKey": true}, true},
		"not said":     {map[string]any{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := passkeytest.NewAuthenticator()
			created := registerPasskey(t, a, creationOptions(t, func(options map[string]any) { options["authenticatorSelection"] = c.selection }))
			if c.discoverable {
				signInWithPasskey(t, a, requestOptions(t, nil), created)
				return
			}
			_, err := a.Get(requestOptions(t, nil))
			requireException(t, err, "NotAllowedError")
		})
	}
}

func TestOriginAndRelyingPartyID(t *testing.T) {
	for name, c := range map[string]struct {
		origin, rpID string
		exception    string
	}{
		"same host":            {"https://example.com", "example.com", ""},
		"subdomain":            {"https://app.example.com", "example.com", ""},
		"port":                 {"https://example.com:8443", "example.com", ""},
		"localhost":            {"http://localhost:8080", "localhost", ""},
		"id from the origin":   {"https://example.com", "", ""},
		"origin from the id":   {"", "example.com", ""},
		"neither":              {"", "", "SecurityError"},
		"another domain":       {"https://example.org", "example.com", "SecurityError"},
		"parent of the id":     {"https://example.com", "app.example.com", "SecurityError"},
		"only looks like it":   {"https://notexample.com", "example.com", "SecurityError"},
		"no encryption":        {"http://example.com", "example.com", "SecurityError"},
		"not only an origin":   {"https://example.com/", "example.com", "SecurityError"},
		"not an origin at all": {"::", "example.com", "SecurityError"},
	} {
		t.Run(name, func(t *testing.T) {
			a := passkeytest.NewAuthenticator(passkeytest.WithOrigin(c.origin))
			_, createErr := a.Create(creationOptions(t, func(options map[string]any) {
				options["rp"] = map[string]any{"id": c.rpID, "name": "Example"}
			}))
			_, getErr := a.Get(requestOptions(t, func(options map[string]any) { options["rpId"] = c.rpID }))
			if c.exception == "" {
				require.NoError(t, createErr)
				require.NoError(t, getErr)
				return
			}
			requireException(t, createErr, c.exception)
			requireException(t, getErr, c.exception)
		})
	}
}

func TestCreationOptionsRejections(t *testing.T) {
	user := func(id any) map[string]any { return map[string]any{"id": id, "name": "ada", "displayName": "Ada"} }
	for name, c := range map[string]struct {
		change    func(options map[string]any)
		exception string
	}{
		"no rp name":               {func(o map[string]any) { o["rp"] = map[string]any{"id": passkeyRPID} }, "TypeError"},
		"no user name":             {func(o map[string]any) { o["user"] = map[string]any{"id": "AAAA", "displayName": ""} }, "TypeError"},
		"no display name":          {func(o map[string]any) { o["user"] = map[string]any{"id": "AAAA", "name": ""} }, "TypeError"},
		"no user id":               {func(o map[string]any) { o["user"] = user(nil) }, "TypeError"},
		"user id of 66 bytes":      {func(o map[string]any) { o["user"] = user(strings.Repeat("A", 88)) }, "TypeError"},
		"no challenge":             {func(o map[string]any) { delete(o, "challenge") }, "TypeError"},
		"no pubKeyCredParams":      {func(o map[string]any) { delete(o, "pubKeyCredParams") }, "TypeError"},
		"rp is text":               {func(o map[string]any) { o["rp"] = "example.com" }, "TypeError"},
		"padded challenge":         {func(o map[string]any) { o["challenge"] = "AAA=" }, "EncodingError"},
		"challenge in std base64":  {func(o map[string]any) { o["challenge"] = "++//" }, "EncodingError"},
		"line break in challenge":  {func(o map[string]any) { o["challenge"] = "AA\nAA" }, "EncodingError"},
		"excluded id is no base64": {func(o map[string]any) { o["excludeCredentials"] = descriptors("!") }, "EncodingError"},
		"another attachment": {func(o map[string]any) {
			o["authenticatorSelection"] = map[string]any{"authenticatorAttachment": "cross-platform"}
		}, "NotAllowedError"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := passkeytest.NewAuthenticator().Create(creationOptions(t, c.change))
			requireException(t, err, c.exception)
		})
	}
	_, err := passkeytest.NewAuthenticator().Create([]byte(`{"publicKey":` + string(creationOptions(t, nil)) + `}`))
	requireException(t, err, "TypeError")
	_, err = passkeytest.NewAuthenticator().Create([]byte(`{`))
	requireException(t, err, "TypeError")
}

func TestRequestOptionsRejections(t *testing.T) {
	a := passkeytest.NewAuthenticator()
	registerPasskey(t, a, creationOptions(t, nil))
	_, err := a.Get(requestOptions(t, func(o map[string]any) { delete(o, "challenge") }))
	requireException(t, err, "TypeError")
	_, err = a.Get(requestOptions(t, func(o map[string]any) { o["challenge"] = "AAA=" }))
	requireException(t, err, "EncodingError")
	_, err = a.Get(nil)
	requireException(t, err, "TypeError")
}

func TestUserVerificationThatCannotBeHad(t *testing.T) {
	a := passkeytest.NewAuthenticator(passkeytest.WithUserVerification(false))
	registerPasskey(t, a, creationOptions(t, nil))
	_, err := a.Create(creationOptions(t, func(o map[string]any) {
		o["authenticatorSelection"] = map[string]any{"userVerification": "required"}
	}))
	requireException(t, err, "NotAllowedError")
	_, err = a.Get(requestOptions(t, func(o map[string]any) { o["userVerification"] = "required" }))
	requireException(t, err, "NotAllowedError")
}

package byzantinetest_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// newCredential makes a credential and a client that signs with it.
func newCredential(t *testing.T, server *byzantinetest.Server, req *byzantine.CreateCredentialRequest) (*byzantine.CreatedAPICredential, *byzantine.Client) {
	t.Helper()
	created, err := server.Client().CreateCredential(t.Context(), req)
	require.NoError(t, err)
	key, err := created.PrivateKey.Key()
	require.NoError(t, err)
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(server.URL), byzantine.WithClock(server.Now))
	require.NoError(t, err)
	return created, client
}

func TestCredentialIsReadOnlyUnlessAskedFor(t *testing.T) {
	server := newServer(t)
	var answer byzantine.Response
	created, err := server.Client().CreateCredential(t.Context(), nil, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.Equal(t, 201, answer.StatusCode)
	assert.Equal(t, byzantine.ScopeReadOnly, created.AccessScope)
	assert.True(t, created.Active)
	assert.Empty(t, created.Label)
	key, err := created.PrivateKey.Key()
	require.NoError(t, err, "the key is in the answer")
	assert.Equal(t, created.Pubkey, key.PublicKeyHex())
	me, err := server.Client().Whoami(t.Context())
	require.NoError(t, err)
	assert.Equal(t, me.IntegratorID, created.IntegratorID)
}

func TestCredentialNeedsABody(t *testing.T) {
	status, _ := post(t, newServer(t), "create_credential", "")
	assert.Equal(t, 400, status)
	status, _ = post(t, newServer(t), "create_credential", "{}")
	assert.Equal(t, 201, status)
}

func TestCredentialsAreListedTheOldestFirstWithoutTheirKeys(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	server.Advance(time.Hour)
	created, _ := newCredential(t, server, &byzantine.CreateCredentialRequest{AccessScope: byzantine.ScopeReadWrite, Label: "backend"})
	second, _ := newCredential(t, server, &byzantine.CreateCredentialRequest{Label: "reports"})
	var answer byzantine.Response
	list, err := server.Client().ListCredentials(t.Context(), nil, byzantine.WithResponse(&answer))
	require.NoError(t, err)
	assert.NotContains(t, string(answer.Body), "privateKey")
	require.Len(t, list.Credentials, 3)
	assert.Equal(t, server.Key().PublicKeyHex(), list.Credentials[0].Pubkey)
	assert.Equal(t, byzantine.APICredential{
		Pubkey: created.Pubkey, IntegratorID: created.IntegratorID, AccessScope: byzantine.ScopeReadWrite, Active: true,
		Label: "backend", CreatedAt: start.Add(time.Hour),
	}, list.Credentials[1])
	assert.Equal(t, second.Pubkey, list.Credentials[2].Pubkey)
}

func TestWhoamiTellsTheScope(t *testing.T) {
	server := newServer(t)
	_, writer := newCredential(t, server, &byzantine.CreateCredentialRequest{AccessScope: byzantine.ScopeReadWrite, Label: "backend"})
	_, reader := newCredential(t, server, nil)
	me, err := writer.Whoami(t.Context())
	require.NoError(t, err)
	assert.True(t, me.Capabilities.CanWrite)
	assert.Equal(t, "backend", me.Label)
	me, err = reader.Whoami(t.Context())
	require.NoError(t, err)
	assert.Equal(t, byzantine.ScopeReadOnly, me.AccessScope)
	assert.False(t, me.Capabilities.CanWrite)
	assert.Empty(t, me.Label)
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// A read_only credential is rejected before the request is read and before anything is looked up.
func TestReadOnlyCredentialMayCallEveryGETAndNothingElse(t *testing.T) {
	server := newServer(t)
	created, _ := newCredential(t, server, nil)
	key, err := created.PrivateKey.Key()
	require.NoError(t, err)
	for op := range byzantine.Operations() {
		if !op.Signed {
			continue
		}
		t.Run(string(op.ID), func(t *testing.T) {
			path, body := pathParameter.ReplaceAllString(op.Path, unknownID), ""
			if op.Method != http.MethodGet {
				body = "not JSON"
			}
			status, text := send(t, server, op.Method, path, body, func(h http.Header) {
				signature, err := byzantine.SignRequest(t.Context(), key, server.Now(), op.Method, path, []byte(body))
				require.NoError(t, err)
				signature.Apply(h)
			})
			if op.Method == http.MethodGet {
				assert.Contains(t, []int{200, 400, 404}, status, text)
			} else {
				assert.Equal(t, 403, status, text)
			}
		})
	}
}

func TestChangesOfACredentialActAtOnce(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	admin := server.Client()
	created, client := newCredential(t, server, &byzantine.CreateCredentialRequest{Label: "backend"})
	server.Advance(time.Hour)
	update := func(change byzantine.UpdateCredentialRequest) *byzantine.APICredential {
		change.Pubkey = created.Pubkey
		var answer byzantine.Response
		updated, err := admin.UpdateCredential(t.Context(), &change, byzantine.WithResponse(&answer))
		require.NoError(t, err)
		assert.Equal(t, 200, answer.StatusCode)
		return updated
	}
	write := func() error {
		_, err := client.CreateCredential(t.Context(), nil)
		return err
	}
	assert.ErrorIs(t, write(), byzantine.ErrForbidden)
	updated := update(byzantine.UpdateCredentialRequest{AccessScope: byzantine.ScopeReadWrite})
	assert.Equal(t, "backend", updated.Label, "what is not sent stays")
	assert.Equal(t, start, updated.CreatedAt)
	require.NoError(t, write(), "promoted")

	update(byzantine.UpdateCredentialRequest{Active: new(false)})
	_, err := client.Whoami(t.Context())
	assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
	list, err := admin.ListCredentials(t.Context(), nil)
	require.NoError(t, err)
	assert.False(t, list.Credentials[1].Active, "a deactivated one stays in the list")
	update(byzantine.UpdateCredentialRequest{Active: new(true)})
	require.NoError(t, write(), "active again")

	assert.Equal(t, "renamed", update(byzantine.UpdateCredentialRequest{Label: new("renamed")}).Label)
	var answer byzantine.Response
	require.NoError(t, admin.DeleteCredential(t.Context(), created.Pubkey, byzantine.WithResponse(&answer)))
	assert.Equal(t, 204, answer.StatusCode)
	assert.Empty(t, answer.Body)
	_, err = client.Whoami(t.Context())
	assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
	list, err = admin.ListCredentials(t.Context(), nil)
	require.NoError(t, err)
	for _, c := range list.Credentials {
		assert.NotEqual(t, created.Pubkey, c.Pubkey)
	}
}

func TestCredentialCannotTurnAgainstItself(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	own := server.Key().PublicKeyHex()
	update := func(change byzantine.UpdateCredentialRequest) error {
		change.Pubkey = own
		_, err := client.UpdateCredential(t.Context(), &change)
		return err
	}
	refused(t, update(byzantine.UpdateCredentialRequest{Active: new(false)}), 400, "cannot deactivate itself")
	refused(t, update(byzantine.UpdateCredentialRequest{AccessScope: byzantine.ScopeReadOnly}), 400, "cannot demote itself")
	refused(t, client.DeleteCredential(t.Context(), own), 400, "cannot delete itself")
	require.NoError(t, update(byzantine.UpdateCredentialRequest{Label: new("mine")}), "its label is its own affair")
	require.NoError(t, update(byzantine.UpdateCredentialRequest{Active: new(true), AccessScope: byzantine.ScopeReadWrite}))

	_, other := newCredential(t, server, &byzantine.CreateCredentialRequest{AccessScope: byzantine.ScopeReadWrite})
	require.NoError(t, other.DeleteCredential(t.Context(), own), "another one can")
	_, err := client.Whoami(t.Context())
	assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
}

func TestRefusedChangesOfCredentials(t *testing.T) {
	server := newServer(t)
	client := server.Client()
	stranger, err := byzantine.GenerateKey()
	require.NoError(t, err)
	_, err = client.UpdateCredential(t.Context(), &byzantine.UpdateCredentialRequest{Pubkey: stranger.PublicKeyHex(), Active: new(true)})
	refused(t, err, 404, "credential not found")
	refused(t, client.DeleteCredential(t.Context(), stranger.PublicKeyHex()), 404, "credential not found")

	created, _ := newCredential(t, server, nil)
	require.NoError(t, client.DeleteCredential(t.Context(), created.Pubkey))
	refused(t, client.DeleteCredential(t.Context(), created.Pubkey), 404, "credential not found")

	path := "/v1/integrator/credentials/" + server.Key().PublicKeyHex()
	for body, why := range map[string]string{
		"":                       "no body",
		"{}":                     "an empty update",
		`{"label":null}`:         "nothing but null",
		`{"accessScope":"root"}`: "no such scope",
	} {
		status, _ := send(t, server, http.MethodPatch, path, body, nil)
		assert.Equal(t, 400, status, why)
	}
	status, _ := post(t, server, "create_credential", `{"accessScope":"root"}`)
	assert.Equal(t, 400, status)
}

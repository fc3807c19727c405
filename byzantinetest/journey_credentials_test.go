package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// An integrator replaces the key that its backend signs with, without a moment in which neither works.
func TestJourneyRotateACredential(t *testing.T) {
	ctx := t.Context()
	sandbox := newServer(t)
	oldKey := sandbox.Key()
	old := sandbox.Client()

	// 1. The old key makes the new one. Its private key is shown this once: it goes to the vault.
	created, err := old.CreateCredential(ctx, &byzantine.CreateCredentialRequest{AccessScope: byzantine.ScopeReadWrite, Label: "backend 2026-10"})
	require.NoError(t, err)
	vault := created.PrivateKey.Reveal()

	// 2. The backend starts with what is in the vault, and asks who it is.
	key, err := byzantine.ParsePrivateKey(vault)
	require.NoError(t, err)
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(sandbox.URL), byzantine.WithClock(sandbox.Now))
	require.NoError(t, err)
	me, err := client.Whoami(ctx)
	require.NoError(t, err)
	require.True(t, me.Capabilities.CanWrite)
	assert.Equal(t, "backend 2026-10", me.Label)
	before, err := old.Whoami(ctx)
	require.NoError(t, err, "both keys work meanwhile")
	assert.Equal(t, before.IntegratorID, me.IntegratorID)

	// 3. The new key switches the old one off. It could not do so itself.
	refused(t, old.DeleteCredential(ctx, oldKey.PublicKeyHex()), 400, "cannot delete itself")
	_, err = client.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: oldKey.PublicKeyHex(), Active: new(false)})
	require.NoError(t, err)
	_, err = old.Whoami(ctx)
	require.ErrorIs(t, err, byzantine.ErrUnauthorized)

	// 4. Something still used it: back on for a while, and then away for good.
	_, err = client.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: oldKey.PublicKeyHex(), Active: new(true)})
	require.NoError(t, err)
	_, err = old.Whoami(ctx)
	require.NoError(t, err)
	require.NoError(t, client.DeleteCredential(ctx, oldKey.PublicKeyHex()))
	_, err = old.Whoami(ctx)
	require.ErrorIs(t, err, byzantine.ErrUnauthorized)

	list, err := client.ListCredentials(ctx, nil)
	require.NoError(t, err)
	require.Len(t, list.Credentials, 1)
	assert.Equal(t, created.Pubkey, list.Credentials[0].Pubkey)
}

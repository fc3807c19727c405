package byzantinetest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A key that the sandbox has never seen the private half of signs requests, also after a reset.
func TestWithPublicKey(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	server := newServer(t, byzantinetest.WithPublicKey(key.PublicKeyHex()))
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(server.URL))
	require.NoError(t, err)
	for range 2 {
		me, err := client.Whoami(t.Context())
		require.NoError(t, err)
		assert.True(t, me.Capabilities.CanWrite)
		_, err = server.Client().Whoami(t.Context())
		require.NoError(t, err, "the sandbox's own key works too")
		server.Reset()
	}
	for _, bad := range []string{"", "0x12", strings.ToUpper(key.PublicKeyHex()), strings.TrimPrefix(key.PublicKeyHex(), "0x")} {
		_, err := byzantinetest.New(byzantinetest.WithPublicKey(bad))
		assert.ErrorContains(t, err, "byzantinetest: New: WithPublicKey: Pubkey: ", bad)
	}
	_, err = byzantinetest.New(byzantinetest.WithPublicKey("0x02" + strings.Repeat("f", 64)))
	assert.ErrorContains(t, err, "byzantinetest: New: WithPublicKey: ", "no point of the curve")
}

package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// An account that cannot be is an error of New, not a panic, and NewServer panics with it.
func TestNewRejectsAccountsThatCannotBe(t *testing.T) {
	with := byzantinetest.WithAccount
	twice := byzantinetest.User{Email: "ada@example.com"}
	document, _ := dueWorld(1, time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		opts []byzantinetest.Option
		want string
	}{
		"an unknown type":   {[]byzantinetest.Option{with(byzantinetest.Account{Type: "other"})}, "WithAccount: type: must be one of"},
		"an unknown status": {[]byzantinetest.Option{with(byzantinetest.Account{Status: "other"})}, "WithAccount: verificationStatus: must be one of"},
		"an unknown user":   {[]byzantinetest.Option{with(byzantinetest.Account{UserIDs: []string{unknownID}})}, "WithAccount: userIds[0]: no user"},
		"a foreign account": {[]byzantinetest.Option{with(byzantinetest.Account{Foreign: true}, twice)}, "WithAccount: userIds: a foreign account cannot have users"},
		"too many roles":    {[]byzantinetest.Option{with(byzantinetest.Account{Roles: []byzantine.AccountUserRole{byzantine.RoleRoot}})}, "WithAccount: roles: there are more"},
		"an unknown role":   {[]byzantinetest.Option{with(byzantinetest.Account{Roles: []byzantine.AccountUserRole{"king"}}, twice)}, "WithAccount: roles[0]: must be one of"},
		"an address twice":  {[]byzantinetest.Option{with(byzantinetest.Account{}, twice, twice)}, "WithAccount: users[1].email: there is a user"},
		"a passkey that is none": {
			[]byzantinetest.Option{with(byzantinetest.Account{}, byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{{}}})},
			"WithAccount: users[0].authenticators[0].authenticatorName: missing",
		},
		"an account twice": {
			[]byzantinetest.Option{with(byzantinetest.Account{ID: unknownID}), with(byzantinetest.Account{ID: unknownID})},
			"WithAccount: accountId: there is an account",
		},
		"no world": {[]byzantinetest.Option{byzantinetest.WithWorld(nil)}, "WithWorld: the document is nil"},
		"in a world where something is due": {
			[]byzantinetest.Option{byzantinetest.WithWorld(document), with(byzantinetest.Account{Type: "other"})}, "WithAccount: type: must be one of",
		},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox, err := byzantinetest.New(c.opts...)
			assert.ErrorContains(t, err, "byzantinetest: New: "+c.want)
			assert.Nil(t, sandbox)
			assert.Panics(t, func() { byzantinetest.NewServer(c.opts...) })
		})
	}
}

// An option value means the same in every sandbox that it is given to, and changes nothing of its caller's.
func TestOptionsServeSeveralSandboxes(t *testing.T) {
	key, other := testKey(t), testKey(t)
	ids := []string{documentID(1), "not to be overwritten"}
	document, _ := dueWorld(1, noon)
	opts := []byzantinetest.Option{
		byzantinetest.WithSeed(7), byzantinetest.WithTime(noon), byzantinetest.WithKey(key), byzantinetest.WithPublicKey(other.PublicKeyHex()),
		byzantinetest.WithWorld(document), byzantinetest.WithAccount(byzantinetest.Account{}, byzantinetest.User{}, byzantinetest.User{Email: "mary@example.com"}),
		byzantinetest.WithAccount(byzantinetest.Account{UserIDs: ids[:1]}, byzantinetest.User{}),
		byzantinetest.WithManualApproval(), byzantinetest.WithAnyWebhookURL(), byzantinetest.WithLenientRequests(),
		byzantinetest.WithAllowedHosts("sandbox"), byzantinetest.WithControlToken("token"), byzantinetest.WithProcessingTime(time.Minute),
		byzantinetest.WithRequestLog(func(byzantinetest.Request) {}), byzantinetest.WithWebhookTransport(roundTripper(nil)),
	}
	var worlds []string
	for range 3 {
		sandbox, err := byzantinetest.New(opts...)
		require.NoError(t, err)
		defer sandbox.Close()
		accounts := sandbox.Accounts()
		require.Len(t, accounts, 3)
		assert.Len(t, accounts[1].UserIDs, 2)
		assert.Len(t, accounts[2].UserIDs, 2)
		worlds = append(worlds, string(sandbox.World()))
	}
	assert.Equal(t, []string{worlds[0], worlds[0], worlds[0]}, worlds)
	assert.Equal(t, "not to be overwritten", ids[1])
}

// A text that is not UTF-8 is rejected, because two of them would be one in the world's document.
func TestTextsOfGoAreUTF8(t *testing.T) {
	server := newServer(t)
	passkey := newPasskey(t)
	passkey.AuthenticatorName = "\xff"
	for want, add := range map[string]func(){
		"AddUser: email: ":  func() { server.AddUser(byzantinetest.User{Email: "\xff@example.com"}) },
		"AddUser: userId: ": func() { server.AddUser(byzantinetest.User{ID: "\xff"}) },
		"AddUser: authenticators[0].authenticatorName: ": func() { server.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{passkey}}) },
		"AddAccount: walletAddress: ":                    func() { server.AddAccount(byzantinetest.Account{WalletAddress: "\xff"}) },
	} {
		assert.Equal(t, "byzantinetest: "+want+"is not valid UTF-8", panicText(t, add))
	}
}

func testKey(t *testing.T) *byzantine.PrivateKey {
	t.Helper()
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	return key
}

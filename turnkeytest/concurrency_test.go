package turnkeytest_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

// Many goroutines share one client and one fake: they submit passkeys, read activities, and change what the fake does.
// The race detector must find nothing.
func TestConcurrentUse(t *testing.T) {
	const callers = 8
	server := startServer(t)
	var tick atomic.Int64
	client := server.Client(byzantine.WithClock(func() time.Time { return time.UnixMilli(1_780_000_000_000 + tick.Add(1)) }))
	passkeys := make([]byzantine.AuthenticatorParam, callers)
	for i := range passkeys {
		passkeys[i] = newPasskey(t)
	}
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			ids, err := client.CreateAuthenticators(t.Context(), server.Organization().UserID, passkeys[i:i+1])
			assert.NoError(t, err)
			assert.Len(t, ids, 1)
			_, err = client.GetActivity(t.Context(), "unknown")
			assert.Error(t, err)
		})
		all.Go(func() {
			server.Fail("get_activity", 1, turnkeytest.Fault{Header: map[string][]string{"X-Number": {fmt.Sprint(i)}}})
			server.AddKey(server.Organization().Key.PublicKeyHex())
			server.AddParentKey("0x02" + fmt.Sprintf("%064x", i))
			server.NestResults(i%2 == 0)
			server.Play(turnkey.ActivityCompleted)
			server.Requests()
			server.Authenticators()
		})
	}
	all.Wait()
	require.Len(t, server.Authenticators(), callers)
	assert.Len(t, server.Requests(), 2*callers)
}

package byzantine_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestClientTellsWhereItSendsAndWithWhichKey(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	for _, c := range []struct{ option, want string }{
		{byzantine.ProductionURL, byzantine.ProductionURL},
		{byzantine.SandboxURL + "/", byzantine.SandboxURL},
		{"https://Example.com:8443", "https://Example.com:8443"},
	} {
		client, err := byzantine.NewClient(key, byzantine.WithBaseURL(c.option))
		require.NoError(t, err)
		assert.Equal(t, c.want, client.BaseURL())
		client.PublicKey()[1] ^= 1 // PublicKey returns a copy, so this changes nothing
		assert.Equal(t, key.PublicKey(), client.PublicKey())
	}
	client, err := byzantine.NewClient(key)
	require.NoError(t, err)
	assert.Equal(t, byzantine.SandboxURL, client.BaseURL())
}

func TestCloseIdleConnectionsClosesThemAndLeavesTheClientUsable(t *testing.T) {
	for name, options := range map[string][]byzantine.Option{
		"the client's transport": nil,
		"a wrapper without the method": {byzantine.WithTransport(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(next.RoundTrip)
		})},
		"a transport of the caller": {byzantine.WithHTTPClient(&http.Client{Transport: &http.Transport{}})},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"status":"ok"}`))
			}))
			opened, closed := make(chan struct{}, 8), make(chan struct{}, 8)
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					opened <- struct{}{}
				case http.StateClosed:
					closed <- struct{}{}
				}
			}
			server.Start()
			defer server.Close()
			key, err := byzantine.GenerateKey()
			require.NoError(t, err)
			client, err := byzantine.NewClient(key, append(options, byzantine.WithBaseURL(server.URL))...)
			require.NoError(t, err)
			for range 2 {
				_, err = client.HealthCheck(t.Context())
				require.NoError(t, err)
				<-opened
				client.CloseIdleConnections()
				select {
				case <-closed:
				case <-time.After(20 * time.Second): // less than the 50 seconds after which an idle connection is closed anyway
					require.Fail(t, "the connection stays open")
				}
			}
		})
	}
}

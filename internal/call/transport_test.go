package call

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The comment on byzantine.WithHTTPClient says which of these settings a user's own transport lacks.
func TestOwnTransport(t *testing.T) {
	own := NewTransport()
	assert.Equal(t, 512, own.MaxIdleConnsPerHost)
	assert.GreaterOrEqual(t, own.MaxIdleConns, own.MaxIdleConnsPerHost, "it would limit them as well")
	assert.Equal(t, 50*time.Second, own.IdleConnTimeout)
	assert.True(t, own.ForceAttemptHTTP2)
	require.NotNil(t, own.HTTP2)
	assert.Equal(t, 15*time.Second, own.HTTP2.SendPingTimeout)
	assert.Positive(t, own.HTTP2.PingTimeout)
}

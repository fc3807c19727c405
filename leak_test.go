package byzantine_test

import (
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

// After faults of all kinds no goroutine is left, once the servers have closed their connections.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("faults", func(t *testing.T) {
		for _, row := range slices.Concat(connectionFaults, bodyFaults, statusFaults, redirectFaults) {
			row.opts = append(slices.Clone(row.opts), byzantine.WithMaxAttempts(1))
			for _, call := range testCalls {
				row.run(t, call)
			}
		}
		for _, fault := range http2Faults {
			fault.run(t, testCalls[1], true)
		}
	})
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			var stacks strings.Builder
			assert.NoError(t, pprof.Lookup("goroutine").WriteTo(&stacks, 1))
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), &stacks)
		}
	}
}

// A connection is used again after every response that was read completely, whatever its status.
func TestConnectionsAreUsedAgain(t *testing.T) {
	var status atomic.Int64
	server := newRawServer(t, func(c *rawConn) {
		for c.receive() {
			c.respond(int(status.Load()), "", anyResponse)
		}
	})
	client := newTestClient(t, server.url, byzantine.WithMaxAttempts(1))
	for _, code := range []int{200, 201, 302, 400, 401, 404, 429, 500, 503} {
		status.Store(int64(code))
		for _, call := range testCalls {
			err := call.do(t.Context(), client)
			assert.Equal(t, code >= 300, err != nil)
		}
	}
	assert.Equal(t, 1, server.accepted())
}

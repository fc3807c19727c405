//go:build !race

package byzantine_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// A call may make 8 allocations more than the bare call. Both are measured, so that the result does not depend on the
// version of Go. The server's allocations are included in both. With the race detector sync.Pool drops values at
// random, so the test does not run with it.
func TestCallAllocations(t *testing.T) {
	bare, sdk := benchCalls(t)
	limit, got := leastAllocations(t, bare), leastAllocations(t, sdk)
	t.Logf("%.0f allocations, %.0f for the bare call", got, limit)
	assert.LessOrEqual(t, got, limit+8)
}

// A Tracer costs a call no allocations but those of its own methods, and a client without a Tracer has none for it.
func TestTracerAllocations(t *testing.T) {
	_, without := benchCalls(t)
	_, with := benchCalls(t, byzantine.WithTracer(idleTracer{}))
	assert.LessOrEqual(t, leastAllocations(t, with), leastAllocations(t, without))
}

// Reading a response without odd fields makes at most two allocations more than encoding/json alone, however many
// fields it has.
func TestReadAllocations(t *testing.T) {
	page := transactionPage()
	plain := leastAllocations(t, func() error { return json.Unmarshal(page, new(byzantine.TransactionPage)) })
	ours := leastAllocations(t, func() error { return wire.Read(page, new(byzantine.TransactionPage)) })
	assert.LessOrEqual(t, ours, plain+2)
}

// leastAllocations returns the allocations of a call, rounded to the nearest integer: AllocsPerRun rounds down, which can
// make a difference of 8 one of 9. It is the least of four measurements, because a goroutine of another test may allocate
// meanwhile.
func leastAllocations(t *testing.T, call func() error) float64 {
	const calls = 200
	least := math.Inf(1)
	for range 4 {
		least = min(least, testing.AllocsPerRun(1, func() {
			for range calls {
				require.NoError(t, call())
			}
		}))
	}
	return math.Round(least / calls)
}

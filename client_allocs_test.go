//go:build !race

package byzantine_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// A call may cost 8 allocations more than the bare one. Both sides are measured, so that a new Go version does not
// change the question. The server's allocations are in both. The race detector makes sync.Pool forgetful, so not with
// it.
func TestCallAllocations(t *testing.T) {
	bare, sdk := benchCalls(t)
	limit, got := leastAllocations(t, bare), leastAllocations(t, sdk)
	t.Logf("%.0f allocations, %.0f for the bare call", got, limit)
	assert.LessOrEqual(t, got, limit+8)
}

// A Tracer costs a call what its own methods cost and nothing else; a client without one has none to pay for.
func TestTracerAllocations(t *testing.T) {
	_, without := benchCalls(t)
	_, with := benchCalls(t, byzantine.WithTracer(idleTracer{}))
	assert.LessOrEqual(t, leastAllocations(t, with), leastAllocations(t, without))
}

// Reading a response without odd fields costs what encoding/json alone does, and no more for each of its fields.
func TestReadAllocations(t *testing.T) {
	page := transactionPage()
	plain := leastAllocations(t, func() error { return json.Unmarshal(page, new(byzantine.TransactionPage)) })
	ours := leastAllocations(t, func() error { return wire.Read(page, new(byzantine.TransactionPage)) })
	assert.LessOrEqual(t, ours, plain+2)
}

func leastAllocations(t *testing.T, call func() error) float64 {
	n := testing.AllocsPerRun(200, func() { require.NoError(t, call()) })
	for range 3 { // a goroutine of another test may allocate meanwhile
		n = min(n, testing.AllocsPerRun(200, func() { require.NoError(t, call()) }))
	}
	return n
}

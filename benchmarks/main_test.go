package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test binary the server if the variable of isServer is set, as main does.
func TestMain(m *testing.M) {
	if isServer() {
		exit(serve(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// Every line of the tables runs, and the report is written into the file. The measured values are not checked.
func TestQuickRunOfEveryLine(t *testing.T) {
	if testing.Short() {
		t.Skip("a line takes as long in every mode")
	}
	file := filepath.Join(t.TempDir(), "report.md")
	require.NoError(t, os.WriteFile(file, []byte("before\n"+beginMarker+"old\n"+endMarker+"after\n"), 0o600))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-quick", "-write", file}, &out, io.Discard))

	report := out.String()
	for _, line := range []string{
		"request signature, 0 B", "request signature, 1 KiB", "request signature, 1 KiB, limit of a ready digest",
		"request signature, 64 KiB", "request signature, 8 MiB", "call, POST of 1 KiB", "call with a document of 6 MiB",
		"webhook verification", "webhook verification, 1000 keys", "decode of 100 transactions", "response of 25 MiB", "iterating over 300 transactions",
		"passkey registration", "passkey challenge of a payload",
		"MemoryStore, 1000 leases that are over",
		"sandbox, 100 accounts: init_otp", "sandbox, 100 accounts: an event and its delivery",
		"HTTP/1.1, callers: 4", "HTTP/2, callers: 4",
	} {
		assert.Contains(t, report, "| "+line+" ", line)
	}
	assert.NotContains(t, report, "NaN")
	assert.Contains(t, report, "Other libraries: skipped, not asked for.")
	assert.Contains(t, report, "Every line ran once")

	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "before\n"+beginMarker+"\n"+report+"\n"+endMarker+"after\n", string(written))
}

func TestRunChoosesLines(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-quick", "-run", "^webhook verification$"}, &out, io.Discard))
	assert.Equal(t, 3, strings.Count(out.String(), "\n|")) // the head, the rule and one line
	assert.Contains(t, out.String(), "| webhook verification ")
}

func TestRunRefusals(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-run", "("}, {"extra"}, {"-unknown"}, {"-quick", "-run", "^$", "-write", "no-such-file.md"}} {
		assert.Error(t, run(t.Context(), args, io.Discard, io.Discard), args)
	}
	file := filepath.Join(t.TempDir(), "report.md")
	require.NoError(t, os.WriteFile(file, []byte(endMarker+beginMarker), 0o600))
	require.ErrorContains(t, run(t.Context(), []string{"-quick", "-run", "^$", "-write", file}, io.Discard, io.Discard), "no markers")
}

func TestQuantile(t *testing.T) {
	sorted := []float64{1, 2, 4, 8}
	assert.Equal(t, 1.0, quantile(sorted, 0))
	assert.Equal(t, 1.75, quantile(sorted, 0.25))
	assert.Equal(t, 3.0, quantile(sorted, 0.5))
	assert.Equal(t, 8.0, quantile(sorted, 1))
	assert.Equal(t, 5.0, quantile([]float64{5}, 0.75))
	assert.Equal(t, 2.0, median([]float64{3, 1, 2}))
	assert.Equal(t, []float64{0.5, 2}, ratios([]float64{4, 1}, []float64{2, 2}))
}

func TestVerdicts(t *testing.T) {
	p := &pair{
		limitCost: cost{seconds: []float64{10, 10, 10}, allocations: []float64{5, 5, 5}},
		oursCost:  cost{seconds: []float64{10, 12, 11}, allocations: []float64{9.4, 9.4, 20}},
	}
	p.timeAtMost(1.05).allocationsAtMost(4)
	j := judge{measured: true}
	bounds, verdict := j.line("work", p.budgets)
	assert.Equal(t, "time 1.05, allocations +4", bounds)
	assert.Equal(t, "over", verdict)
	assert.Equal(t, "Over budget: work: time 1.05 is 1.1.", j.sum())

	p.oursCost.seconds = []float64{10.5, 10.5, 30}
	j = judge{measured: true}
	_, verdict = j.line("work", p.budgets)
	assert.Equal(t, "ok", verdict)
	_, verdict = j.line("no budget", nil)
	assert.Empty(t, verdict)
	assert.Equal(t, "All 2 budgets are kept.", j.sum())
}

func TestTable(t *testing.T) {
	assert.Equal(t, "\n| a  | b   |\n| -- | --- |\n| µs | 1.0 |\n", table{{"a", "b"}, {"µs", "1.0"}}.String())
	assert.Empty(t, table{{"a", "b"}}.String())
}

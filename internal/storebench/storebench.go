// Package storebench measures a store that holds many records, beside the least that its database needs for the same work.
// The tests of stores/postgres and stores/redis use it. BENCHMARKS.md has the results.
package storebench

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rowsEnv is how many records a store is filled with. Without it there are a few, and each line runs once.
const rowsEnv = "BYZANTINE_STORE_ROWS"

// few is enough to run every line, and not enough to measure anything.
const few = 20_000

// Rows returns how many records to fill a store with, and whether to measure.
func Rows(t *testing.T) (rows int, measure bool) {
	t.Helper()
	text := os.Getenv(rowsEnv)
	if text == "" {
		return few, false
	}
	rows, err := strconv.Atoi(text)
	if err != nil || rows < few {
		t.Fatalf("%s must be a number of at least %d", rowsEnv, few)
	}
	return rows, true
}

// Line is a piece of work. Limit does the same with bare statements.
type Line struct {
	Name        string
	Limit, Ours func() error
	Most        time.Duration // the budget of Ours; 0 if there is none
}

const (
	rounds = 15
	slice  = 100 * time.Millisecond // that a line gets in a round
)

// Run measures the lines and logs a table. In each round both sides take turns.
func Run(t *testing.T, lines []Line, measure bool) {
	t.Helper()
	var table strings.Builder
	table.WriteString("\n| work | limit | ours | ratio | p25-p75 | budget | verdict |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, line := range lines {
		var limits, ours, ratios []float64
		for range rounds {
			l, o := round(t, line, measure)
			limits, ours, ratios = append(limits, l), append(ours, o), append(ratios, o/l)
			if !measure {
				break
			}
		}
		budget, verdict := "", ""
		if line.Most > 0 {
			budget, verdict = line.Most.String(), "ok"
			if quantile(ours, 0.5) > float64(line.Most) {
				verdict = "over"
			}
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %.2f | %.2f-%.2f | %s | %s |\n", line.Name, text(quantile(limits, 0.5)), text(quantile(ours, 0.5)),
			quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75), budget, verdict)
	}
	if !measure {
		t.Log("every line ran once, nothing was measured: set " + rowsEnv)
		return
	}
	t.Log(table.String())
}

// round returns the medians of both sides in nanoseconds.
func round(t *testing.T, line Line, measure bool) (limit, ours float64) {
	t.Helper()
	timed := func(call func() error) float64 {
		start := time.Now()
		if err := call(); err != nil {
			t.Fatalf("%s: %v", line.Name, err)
		}
		return float64(time.Since(start))
	}
	var limits, own []float64
	for start := time.Now(); len(own) == 0 || measure && time.Since(start) < slice; {
		limits, own = append(limits, timed(line.Limit)), append(own, timed(line.Ours))
	}
	return quantile(limits, 0.5), quantile(own, 0.5)
}

func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// text has three digits.
func text(ns float64) string {
	d := time.Duration(ns)
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
}

package simulation

import (
	"crypto/fips140"
	_ "embed"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first world's seed")
	budget    = flag.Duration("budget", 0, "begin no world after this time; 0 is no limit")
	worlds    = flag.Int("worlds", longtest.Count(6, 20), "how many worlds TestWorlds runs")
	without   = flag.String("without", "", "parts to take out of the worlds, with commas")
	first     = flag.String("first", "", "stop at the first world that violates this invariant, and print no timelines")
	tally     = flag.Bool("tally", false, "print which invariants each world violates, and nothing else")
	kinds     = flag.Bool("kinds", false, "print in what way each world violates which invariant, before its timeline")
	timeline  = flag.Bool("timeline", false, "print the timeline of every world, not only of those that violate an invariant")
)

// run runs one world in a bubble of its own.
func run(t *testing.T, seed uint64, without ...string) (r *Result) {
	t.Helper()
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = Run(seed, without...)
		require.NoError(t, err)
	})
	return r
}

// withoutParts are the parts that the flag -without takes out.
func withoutParts() []string {
	return strings.FieldsFunc(*without, func(r rune) bool { return r == ',' })
}

// TestWorlds runs worlds one after the other. With -first it ends at the first one that violates that invariant.
func TestWorlds(t *testing.T) {
	var sum summary
	defer func() { fmt.Println(sum) }()
	began := time.Now()
	for i := range *worlds {
		if *budget > 0 && time.Since(began) > *budget {
			break
		}
		seed := *firstSeed + uint64(i)
		violates := map[Invariant]bool{}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			before := cpuTime()
			r := run(t, seed, withoutParts()...)
			sum.add(r, cpuTime()-before)
			for _, v := range r.Violations {
				violates[v.Invariant] = true
				if *kinds {
					fmt.Printf("\nworld %d violates %s by %q\n", seed, v.Invariant, v.Kind)
				}
				if *first == "" && !*tally {
					t.Error(v)
				}
			}
			if *first == "" && !*tally && len(violates) > 0 || *timeline {
				r.WriteTimeline(os.Stdout)
			}
		})
		if *tally {
			fmt.Printf("world %d violates %v\n", seed, slices.Sorted(maps.Keys(violates)))
		}
		if *first != "" && violates[Invariant(*first)] {
			fmt.Printf("world %d violates %s\n", seed, *first)
			t.Fatalf("world %d violates %s", seed, *first)
		}
	}
}

// summary adds up the figures of many worlds.
type summary struct {
	cpu              []time.Duration
	last, longest    uint64 // the seeds of the last world, and of the one that took most
	length           time.Duration
	requests, events int
}

func (s *summary) add(r *Result, cpu time.Duration) {
	if len(s.cpu) == 0 || cpu > slices.Max(s.cpu) {
		s.longest = r.Seed
	}
	s.cpu, s.last = append(s.cpu, cpu), r.Seed
	s.length += r.Length
	s.requests += r.Requests
	s.events += r.Handled
}

// String returns the summary in one line.
func (s summary) String() string {
	if len(s.cpu) == 0 {
		return "no world"
	}
	cpu := slices.Sorted(slices.Values(s.cpu))
	total := time.Duration(0)
	for _, d := range cpu {
		total += d
	}
	return fmt.Sprintf("%d worlds up to %d, %.1f days of virtual time, %d requests, %d events handled; CPU time: %v, median world %v, longest %v (%d)",
		len(cpu), s.last, s.length.Hours()/24, s.requests, s.events, total.Round(time.Second/10),
		cpu[len(cpu)/2].Round(time.Millisecond), cpu[len(cpu)-1].Round(time.Millisecond), s.longest)
}

// The same seed gives the same trace, so that a world can be looked at again.
func TestSameSeedSameTrace(t *testing.T) {
	if longtest.Race {
		t.Skip("with the race detector goroutines run in another order each time")
	}
	if testing.Short() {
		t.Skip("it runs each world twice")
	}
	for seed := *firstSeed; seed < *firstSeed+uint64(*worlds); seed++ {
		if newPlan(seed).http2 {
			continue // invariants only
		}
		a, b := run(t, seed, withoutParts()...), run(t, seed, withoutParts()...)
		require.NotEmpty(t, a.Trace)
		if text, differ := Difference(a.Trace, b.Trace); differ {
			t.Errorf("world %d (%s): %s", seed, a.Plan, text)
		}
	}
}

//go:embed testdata/regressions.txt
var regressions string

// The worlds of testdata/regressions.txt once violated an invariant, and violate none now.
func TestRegressions(t *testing.T) {
	if testing.Short() {
		t.Skip("some of these worlds take seconds")
	}
	seeds := 0
	for line := range strings.Lines(regressions) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		seed, err := strconv.ParseUint(fields[0], 10, 64)
		require.NoError(t, err)
		require.Greater(t, len(fields), 3, "seed %d: say what it was", seed)
		seeds++
		t.Run(fields[0], func(t *testing.T) {
			require.Empty(t, run(t, seed).Violations)
		})
	}
	require.Positive(t, seeds)
}

// Each part can be taken out of a plan, and a world without all of them runs and violates nothing.
func TestPartsCanBeTakenOut(t *testing.T) {
	before := newPlan(*firstSeed)
	for _, part := range Parts() {
		p := newPlan(*firstSeed)
		require.NoError(t, p.without([]string{part}))
		require.Equal(t, before.retention, p.retention, part)
	}
	require.ErrorContains(t, before.without([]string{"weather"}), "weather")
	r := run(t, *firstSeed, Parts()...)
	require.Empty(t, r.Violations, "a world without faults")
	require.Positive(t, r.Handled)
}

func TestEveryMutantAppliesOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Mutants {
		require.False(t, seen[m.Name], m.Name)
		seen[m.Name] = true
		mutated, err := m.Apply("..")
		require.NoError(t, err)
		_, err = parser.ParseFile(token.NewFileSet(), m.File, mutated, parser.SkipObjectResolution)
		require.NoError(t, err, m.Name)
	}
}

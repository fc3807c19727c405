package simulation

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first world's seed")
	worlds    = flag.Int("worlds", 20, "how many worlds TestWorlds runs")
	timeline  = flag.Bool("timeline", false, "print the timeline of every world, not only of those that violate an invariant")
)

// run runs one world in a bubble of its own.
func run(t *testing.T, seed uint64) (r *Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = Run(seed)
		require.NoError(t, err)
	})
	return r
}

func TestWorlds(t *testing.T) {
	for i := range *worlds {
		seed := *firstSeed + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := run(t, seed)
			if *timeline || len(r.Violations) > 0 {
				r.WriteTimeline(os.Stdout)
			}
			for _, v := range r.Violations {
				t.Error(v)
			}
		})
	}
}

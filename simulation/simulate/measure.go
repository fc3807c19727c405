package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/byzantine-finance/byzantine-go/simulation"
)

// tallied matches the line with which the test says which invariants a world violates.
var tallied = regexp.MustCompile(`(?m)^world (\d+) violates \[(.*)\]$`)

// measure prints a row for each mutant: its invariant, how many worlds it takes to find it with an even chance, how many of
// the worlds that ran found it, and which other invariants they violate. For each mutant it runs as many worlds as worlds
// says (40 if 0), and that many again until one finds the mutant or 200 have run.
func measure(root string, mutants []simulation.Mutant, seed uint64, worlds int) error {
	fmt.Println("| mutant | invariant | median seeds | worlds with it | also violates |")
	fmt.Println("| --- | --- | --- | --- | --- |")
	missed := 0
	for _, m := range mutants {
		t, err := tallyOf(root, m, seed, cmp.Or(worlds, 40))
		if err != nil {
			return err
		}
		if t.hits == 0 {
			missed++
		}
		others := []string{}
		for _, i := range simulation.Invariants {
			if n := t.also[string(i)]; n > 0 {
				others = append(others, fmt.Sprintf("%s %d", i, n))
			}
		}
		fmt.Printf("| %s | **%s** | %s | %d of %d | %s |\n", m.Name, m.Invariant, t.median(), t.hits, t.worlds, strings.Join(others, ", "))
	}
	if missed > 0 {
		return fmt.Errorf("simulate: %d mutants were not found", missed)
	}
	return nil
}

// tally counts the worlds with a mutant, by what they violate.
type tally struct {
	worlds, hits int
	also         map[string]int // worlds, by other invariants
}

// median returns after how many worlds the mutant is found with an even chance.
func (t *tally) median() string {
	if t.hits == 0 {
		return "not found"
	}
	share := float64(t.hits) / float64(t.worlds)
	return fmt.Sprint(max(1, math.Ceil(math.Log(0.5)/math.Log1p(-share))))
}

func tallyOf(root string, m simulation.Mutant, seed uint64, batch int) (*tally, error) {
	overlay, err := overlayOf(root, m)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(filepath.Dir(overlay))
	t := &tally{also: map[string]int{}}
	for t.worlds == 0 || t.hits == 0 && t.worlds < 200 {
		var out bytes.Buffer
		err := test(root, &out, "-v", "-overlay="+overlay, "-args", seeds(seed+uint64(t.worlds), batch), "-tally")
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return nil, err
		}
		rows := tallied.FindAllStringSubmatch(out.String(), -1)
		if len(rows) == 0 {
			return nil, fmt.Errorf("simulate: mutant %s: no world has come to its end:\n%s", m.Name, out.String())
		}
		for _, row := range rows {
			t.worlds++
			for _, i := range strings.Fields(row[2]) {
				if i == string(m.Invariant) {
					t.hits++
				} else {
					t.also[i]++
				}
			}
		}
		if err != nil { // the mutant has broken the world itself
			break
		}
	}
	return t, nil
}

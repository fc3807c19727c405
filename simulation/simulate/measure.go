package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/byzantine-finance/byzantine-go/simulation"
)

// tallied is how the test says what a world violates.
var tallied = regexp.MustCompile(`(?m)^world (\d+) violates \[(.*)\]$`)

// measure prints a row for each mutant: the invariant, how many worlds it takes to find the mutant by it, from a seed in the
// middle of all, and which other invariants it violates. Of each it runs so many worlds, or 40 and as far as 200 if
// they find too little.
func measure(root string, mutants []simulation.Mutant, seed uint64, worlds int) error {
	fmt.Println("| mutant | invariant | median seeds | worlds with it | also violates |")
	fmt.Println("| --- | --- | --- | --- | --- |")
	missed := 0
	for _, m := range mutants {
		overlay, err := overlayOf(root, m)
		if err != nil {
			return err
		}
		defer os.RemoveAll(filepath.Dir(overlay))
		run, most := worlds, worlds
		if worlds == 0 {
			run, most = 40, 200
		}
		var found []bool
		also := map[string]int{}
		for hits := 0; len(found) < most && hits < 3; run = len(found) {
			var out bytes.Buffer
			err := test(root, &out, "-v", "-overlay="+overlay, "-args", seeds(seed+uint64(len(found)), min(run, most-len(found))), "-tally")
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return err
			}
			rows := tallied.FindAllStringSubmatch(out.String(), -1)
			if len(rows) == 0 {
				return fmt.Errorf("simulate: mutant %s: no world has come to its end:\n%s", m.Name, out.String())
			}
			for _, row := range rows {
				invariants := strings.Fields(row[2])
				by := slices.Contains(invariants, string(m.Invariant))
				found = append(found, by)
				if by {
					hits++
				}
				for _, i := range invariants {
					if i != string(m.Invariant) {
						also[i]++
					}
				}
			}
			if err != nil { // the mutant has broken the world, not only an invariant
				break
			}
		}
		others := []string{}
		for _, i := range simulation.Invariants {
			if also[string(i)] > 0 {
				others = append(others, fmt.Sprintf("%s %d", i, also[string(i)]))
			}
		}
		hits := 0
		for _, by := range found {
			if by {
				hits++
			}
		}
		if hits == 0 {
			missed++
		}
		fmt.Printf("| %s | **%s** | %s | %d of %d | %s |\n", m.Name, m.Invariant, median(found), hits, len(found), strings.Join(others, ", "))
	}
	if missed > 0 {
		return fmt.Errorf("simulate: %d mutants were not found", missed)
	}
	return nil
}

// median is how many worlds it takes to find a mutant, from each of these worlds on. Behind the last one that finds it this
// is not known.
func median(found []bool) string {
	var distances []int
	distance := 0 // to the next world that finds it; 0 if none is known
	for _, by := range slices.Backward(found) {
		switch {
		case by:
			distance = 1
		case distance > 0:
			distance++
		}
		if distance > 0 {
			distances = append(distances, distance)
		}
	}
	if len(distances) == 0 {
		return "not found"
	}
	slices.Sort(distances)
	return strconv.Itoa(distances[len(distances)/2])
}

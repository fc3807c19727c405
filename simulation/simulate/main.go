// Command simulate runs simulated worlds and prints the timelines of those that violate an invariant. Run it inside the
// repository: it executes go test.
//
//	go run ./simulation/simulate                        # 200 worlds with fresh seeds
//	go run ./simulation/simulate -seed 42               # one world, with its timeline
//	go run ./simulation/simulate -seed 1 -worlds 2000
//	go run ./simulation/simulate -mutants               # every mutant must be found
//	go run ./simulation/simulate -mutant post-again-after-reset
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/simulation"
)

func main() {
	log.SetFlags(0)
	seed := flag.Uint64("seed", 0, "the seed of the first world; fresh ones if 0")
	worlds := flag.Int("worlds", 0, "how many worlds: 200, or 1 with -seed, unless set")
	mutants := flag.Bool("mutants", false, "check that every mutant is found")
	only := flag.String("mutant", "", "check that this mutant is found")
	flag.Parse()
	root, err := moduleRoot()
	if err != nil {
		log.Fatal(err)
	}
	switch {
	case *mutants || *only != "":
		err = find(root, *only, max(*seed, 1), max(*worlds, 200))
	case *seed != 0:
		err = test(root, os.Stdout, "-v", "-args", fmt.Sprintf("-seed=%d", *seed), fmt.Sprintf("-worlds=%d", max(*worlds, 1)), fmt.Sprintf("-timeline=%t", *worlds <= 1))
	default:
		fresh := uint64(time.Now().Unix()) << 20
		fmt.Println("fresh seeds from", fresh)
		if *worlds == 0 {
			*worlds = 200
		}
		err = test(root, os.Stdout, "-args", fmt.Sprintf("-seed=%d", fresh), fmt.Sprintf("-worlds=%d", *worlds))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// moduleRoot is the directory of this module's go.mod.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("simulate: not inside the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// test runs the worlds in a process of their own.
func test(root string, out interface{ Write([]byte) (int, error) }, args ...string) error {
	cmd := exec.Command("go", append([]string{"test", "./simulation", "-count=1", "-vet=off", "-timeout=0", "-run=^TestWorlds$"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, out, out
	return cmd.Run()
}

// violated is how the test names a world that violates an invariant.
var violated = regexp.MustCompile(`(?m)^world (\d+) violates (.*)$`)

// find runs worlds with each mutant until one violates an invariant, which has to be the right one.
func find(root, only string, seed uint64, worlds int) error {
	missed := 0
	for _, m := range simulation.Mutants {
		if only != "" && m.Name != only {
			continue
		}
		overlay, err := overlayOf(root, m)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		err = test(root, &out, "-overlay="+overlay, "-args", fmt.Sprintf("-seed=%d", seed), fmt.Sprintf("-worlds=%d", worlds), "-first="+string(m.Invariant))
		_ = os.RemoveAll(filepath.Dir(overlay))
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		first := violated.FindStringSubmatch(out.String())
		switch {
		case err == nil:
			missed++
			fmt.Printf("%-34s NOT FOUND in %d worlds\n", m.Name, worlds)
		case first == nil:
			return fmt.Errorf("simulate: mutant %s: the test fails for another reason:\n%s", m.Name, out.String())
		default:
			fmt.Printf("%-34s found by %s in world %s\n", m.Name, m.Invariant, first[1])
		}
	}
	if missed > 0 {
		return fmt.Errorf("simulate: %d mutants were not found", missed)
	}
	return nil
}

// overlayOf writes the mutated file and the overlay that puts it into the build.
func overlayOf(root string, m simulation.Mutant) (string, error) {
	source, err := m.Apply(root)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", err
	}
	mutated, overlay := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
	plan, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, m.File): mutated}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(mutated, source, 0o600), os.WriteFile(overlay, plan, 0o600))
}

// Command simulate runs simulated worlds and prints the timelines of those that violate an invariant. Run it inside the
// repository: it executes go test, each time in a process of its own.
//
//	go run ./simulation/simulate                        # 200 worlds with fresh seeds
//	go run ./simulation/simulate -for 8h                # fresh seeds until then, or until one violates an invariant
//	go run ./simulation/simulate -seed 42               # one world, with its timeline
//	go run ./simulation/simulate -seed 42 -shrink       # the least of it that violates the same invariant in the same way
//	go run ./simulation/simulate -seed 42 -shrink -mutant no-overlap   # the same in a world with this mutant
//	go run ./simulation/simulate -seed 1 -worlds 2000
//	go run ./simulation/simulate -mutants               # every mutant must be found
//	go run ./simulation/simulate -mutants -rotate 8     # eight of them, others each day
//	go run ./simulation/simulate -mutant post-again-after-reset
//	go run ./simulation/simulate -mutants -measure      # the table of how many worlds it takes to find each
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/simulation"
)

func main() {
	log.SetFlags(0)
	seed := flag.Uint64("seed", 0, "the seed of the first world; fresh ones if 0")
	worlds := flag.Int("worlds", 0, "how many worlds: 200, or 1 with -seed, unless set")
	until := flag.Duration("for", 0, "run fresh worlds for so long")
	shrinks := flag.Bool("shrink", false, "with -seed: take out of the world what the violation does not need")
	mutants := flag.Bool("mutants", false, "check that every mutant is found")
	rotate := flag.Int("rotate", 0, "with -mutants: only so many, other ones each day")
	measures := flag.Bool("measure", false, "with -mutants or -mutant: print how many worlds it takes to find each, and by what")
	only := flag.String("mutant", "", "check that this mutant is found")
	flag.Parse()
	root, err := moduleRoot()
	if err != nil {
		log.Fatal(err)
	}
	fresh := uint64(time.Now().Unix()) << 20
	switch {
	case *shrinks:
		err = shrink(root, *seed, chosen(*only, 0), *only != "")
	case *measures:
		err = measure(root, chosen(*only, *rotate), max(*seed, 1), *worlds)
	case *mutants || *only != "":
		err = find(root, chosen(*only, *rotate), max(*seed, 1), max(*worlds, 200))
	case *seed != 0:
		err = test(root, withoutRoutine{os.Stdout}, "-v", "-args", seeds(*seed, max(*worlds, 1)), fmt.Sprintf("-timeline=%t", *worlds <= 1))
	case *until > 0:
		for end := time.Now().Add(*until); err == nil && time.Now().Before(end); fresh += 500 {
			fmt.Printf("%s: seeds from %d\n", time.Now().Format(time.TimeOnly), fresh)
			err = test(root, withoutRoutine{os.Stdout}, "-v", "-args", seeds(fresh, 500), "-budget="+time.Until(end).String())
		}
	default:
		fmt.Println("fresh seeds from", fresh)
		err = test(root, withoutRoutine{os.Stdout}, "-v", "-args", seeds(fresh, max(*worlds, 200)))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// seeds returns the flags of the test for so many worlds with consecutive seeds.
func seeds(first uint64, worlds int) string { return fmt.Sprintf("-seed=%d -worlds=%d", first, worlds) }

// chosen returns the mutants to look for.
func chosen(only string, rotate int) []simulation.Mutant {
	all := simulation.Mutants
	if only != "" {
		return slices.DeleteFunc(slices.Clone(all), func(m simulation.Mutant) bool { return m.Name != only })
	}
	if rotate <= 0 || rotate >= len(all) {
		return all
	}
	first := time.Now().YearDay() * rotate % len(all)
	return slices.Concat(all, all)[first : first+rotate]
}

// moduleRoot returns the directory of this module's go.mod.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("simulate: not inside the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// test runs the worlds in a process of their own.
func test(root string, out io.Writer, args ...string) error {
	line := append([]string{"test", "./simulation", "-count=1", "-vet=off", "-timeout=0", "-run=^TestWorlds$"}, args...)
	cmd := exec.Command("go", strings.Fields(strings.Join(line, " "))...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, out, out
	return cmd.Run()
}

var errNoMutant = errors.New("simulate: no mutant has this name")

// withoutRoutine leaves out the lines that go test prints for each world that passes. It assumes that each write has whole
// lines.
type withoutRoutine struct{ to io.Writer }

func (w withoutRoutine) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if !routine.Match(line) {
			if _, err := w.to.Write(line); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

var routine = regexp.MustCompile(`^(=== RUN| *--- PASS|PASS)`)

// violated matches the line with which the test names a world that violates an invariant.
var violated = regexp.MustCompile(`(?m)^world (\d+) violates (.*)$`)

// find runs worlds with each mutant until one violates the mutant's invariant. Violations of others do not count.
func find(root string, mutants []simulation.Mutant, seed uint64, worlds int) error {
	if len(mutants) == 0 {
		return errNoMutant
	}
	missed := 0
	for _, m := range mutants {
		overlay, err := overlayOf(root, m)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		err = test(root, &out, "-overlay="+overlay, "-args", seeds(seed, worlds), "-first="+string(m.Invariant))
		_ = os.RemoveAll(filepath.Dir(overlay))
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		first := violated.FindStringSubmatch(out.String())
		switch {
		case err == nil:
			missed++
			fmt.Printf("%-46s NOT FOUND in %d worlds\n", m.Name, worlds)
		case first == nil:
			return fmt.Errorf("simulate: mutant %s: the test fails for another reason:\n%s", m.Name, out.String())
		default:
			fmt.Printf("%-46s found by %s in world %s\n", m.Name, m.Invariant, first[1])
		}
	}
	if missed > 0 {
		return fmt.Errorf("simulate: %d mutants were not found", missed)
	}
	return nil
}

// shrink takes out of a world one part after the other, as long as the same invariant is violated in the same way as by the
// first violation. With a mutant it is the world that the mutant makes.
func shrink(root string, seed uint64, mutants []simulation.Mutant, mutated bool) error {
	dir, err := os.MkdirTemp("", "shrink")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "simulation.test")
	build := []string{"test", "-c", "-vet=off", "-o", program}
	if mutated {
		if len(mutants) == 0 {
			return errNoMutant
		}
		overlay, err := overlayOf(root, mutants[0])
		if err != nil {
			return err
		}
		defer os.RemoveAll(filepath.Dir(overlay))
		build = append(build, "-overlay="+overlay)
	}
	cmd := exec.Command("go", append(build, "./simulation")...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	run := func(out io.Writer, without []string) error {
		cmd := exec.Command(program, "-test.v", "-test.run=^TestWorlds$", "-kinds", fmt.Sprintf("-seed=%d", seed), "-worlds=1", "-without="+strings.Join(without, ","))
		cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, "simulation"), out, out
		return cmd.Run()
	}
	violations := func(without []string) (found []string, err error) {
		var out bytes.Buffer
		err = run(&out, without)
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return nil, err
		}
		for _, m := range violationLine.FindAllStringSubmatch(out.String(), -1) {
			found = append(found, m[1])
		}
		return found, nil
	}
	found, err := violations(nil)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("simulate: world %d violates nothing", seed)
	}
	want := found[0]
	var without []string
	for _, part := range simulation.Parts() {
		found, err := violations(append(slices.Clone(without), part))
		if err != nil {
			return err
		}
		if slices.Contains(found, want) {
			without = append(without, part)
		}
	}
	fmt.Printf("world %d violates %s without %s\n", seed, want, strings.Join(without, ", "))
	_ = run(os.Stdout, without) // it fails, as it should
	return nil
}

// violationLine matches the line with which the test says in what way a world violates an invariant.
var violationLine = regexp.MustCompile(`(?m)^world \d+ violates ([a-z]+ by ".*")$`)

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

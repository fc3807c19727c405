// Command promises runs the tests that a page of promises names and fails if one of them did not run and pass: a test that
// was renamed, skipped or deleted does not hold a promise any more. Run it with the root of the repository and the page:
//
//	go run ./promises .. docs/promises.md
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// reference matches a test as the page names it: its folder, a slash, and its name, in backquotes.
var reference = regexp.MustCompile("`([./a-z0-9_-]+)/((?:Test|Fuzz|Example)[A-Za-z0-9_]*)`")

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: promises ROOT PAGE")
	}
	page, err := os.ReadFile(filepath.Join(os.Args[1], os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	wanted := testsOf(string(page))
	if len(wanted) == 0 {
		log.Fatal("promises: the page names no tests")
	}
	missing := 0
	for _, folder := range slices.Sorted(keys(wanted)) {
		results, err := run(filepath.Join(os.Args[1], folder), wanted[folder])
		if err != nil {
			log.Fatalf("promises: %s: %v", folder, err)
		}
		for _, test := range wanted[folder] {
			if results[test] != "pass" {
				missing++
				fmt.Printf("%s/%s: %s\n", folder, test, describe(results[test]))
			}
		}
		fmt.Printf("%s: %d tests\n", folder, len(wanted[folder]))
	}
	if missing > 0 {
		log.Fatalf("promises: %d tests that hold a promise did not pass", missing)
	}
}

// testsOf returns the tests that a page names, by folder.
func testsOf(page string) map[string][]string {
	wanted := map[string][]string{}
	for _, m := range reference.FindAllStringSubmatch(page, -1) {
		if folder, test := m[1], m[2]; !slices.Contains(wanted[folder], test) {
			wanted[folder] = append(wanted[folder], test)
		}
	}
	return wanted
}

func keys(m map[string][]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func describe(result string) string {
	if result == "" {
		return "does not exist"
	}
	return result
}

// run runs the named tests of the package in a folder and returns the result of each: "pass", "fail" or "skip". It
// returns an error only if the tests could not be run.
func run(folder string, tests []string) (map[string]string, error) {
	cmd := exec.Command("go", "test", "-json", "-count=1", "-run", "^("+strings.Join(tests, "|")+")$", ".")
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	results, err := read(out)
	_ = cmd.Wait() // the result of the command is that of the tests, which read has returned
	return results, err
}

// read reads the output of go test -json (see go doc test2json) and returns the result of each top-level test. If the
// package failed before any test ended, it does not build or run, and read returns an error.
func read(r io.Reader) (map[string]string, error) {
	results := map[string]string{}
	var output strings.Builder
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var event struct{ Action, Test, Output string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("go test -json printed no JSON: %s", lines.Text())
		}
		switch event.Action {
		case "pass", "fail", "skip":
			if event.Test != "" && !strings.Contains(event.Test, "/") {
				results[event.Test] = event.Action
			} else if event.Test == "" && event.Action == "fail" && len(results) == 0 {
				return nil, fmt.Errorf("the package does not build or run:\n%s", output.String())
			}
		case "output", "build-output":
			output.WriteString(event.Output)
		}
	}
	return results, lines.Err()
}

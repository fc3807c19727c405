// Command apilist lists the exported API of all packages of this repository that users can import, with one line for
// each constant, variable, function, method, type and field (with its tag), in alphabetical order. It only reads the source.
//
//	go run ./apilist FILE          compares FILE with the source, and fails if they differ
//	go run ./apilist -write FILE   writes FILE
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	write := flag.Bool("write", false, "write the file")
	root := flag.String("root", "..", "the repository")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*root, flag.Arg(0), *write); err != nil {
		fmt.Fprintln(os.Stderr, "apilist:", err)
		os.Exit(1)
	}
}

func run(root, file string, write bool) error {
	lines, err := list(root)
	if err != nil {
		return err
	}
	text := strings.Join(lines, "\n") + "\n"
	if write {
		return os.WriteFile(file, []byte(text), 0o644)
	}
	recorded, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if string(recorded) == text {
		return nil
	}
	for _, line := range difference(strings.Split(strings.TrimSuffix(string(recorded), "\n"), "\n"), lines) {
		fmt.Println(line)
	}
	return fmt.Errorf("the exported API is not what %s records: if that is meant, write it again with -write and add the change to the changelog", file)
}

// difference returns the lines that only one of the lists has: with "-" those of recorded, with "+" those of found.
func difference(recorded, found []string) (lines []string) {
	only := func(sign string, a, b []string) {
		has := map[string]bool{}
		for _, line := range b {
			has[line] = true
		}
		for _, line := range a {
			if !has[line] {
				lines = append(lines, sign+line)
			}
		}
	}
	only("-", recorded, found)
	only("+", found, recorded)
	return lines
}

// Command release rehearses a release of all modules of this repository. It makes no tag: a person does, with the
// commands that it prints at the end.
//
//	scripts/release -dry-run v0.2.0       everything
//	scripts/release -only modules         one part, for the version in the tree
//
// The parts are
//
//	version   everything in the tree that contains the version has this one
//	commit    the changelog has a section for the version (with -dry-run, Unreleased suffices), everything is committed, and no tag of
//	          the release exists on another commit
//	modules   each released module works for a user who gets it alone: see rehearse.go
//	binaries  the command line for each platform, the image of the sandbox, licences and checksums: see binaries.go.
//	          They are written to the folder of -out; without -out they are built and removed
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal("release: ", err)
	}
}

// parts are the names of the parts, in the order in which they run.
var parts = []string{"version", "commit", "modules", "binaries"}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	dryRun := flags.Bool("dry-run", false, "rehearse everything")
	out := flags.String("out", "", "an empty or new `FOLDER` for the binaries, below the root of the repository unless absolute")
	built := platforms
	flags.Func("platform", "build for this `OS/ARCH` only; can be given several times", func(name string) error {
		i := slices.IndexFunc(platforms, func(p platform) bool { return p.os+"/"+p.arch == name })
		if i < 0 {
			return errors.New("a release has no such platform")
		}
		if len(built) == len(platforms) {
			built = nil
		}
		built = append(built, platforms[i])
		return nil
	})
	var only []string
	flags.Func("only", "rehearse one `PART`: "+strings.Join(parts, ", ")+"; can be given several times", func(part string) error {
		if !slices.Contains(parts, part) {
			return errors.New("there is no such part")
		}
		only = append(only, part)
		return nil
	})
	_ = flags.Parse(args)
	if *dryRun == (len(only) > 0) {
		return errors.New("give either -dry-run VERSION or -only PART: releases are made by people, see docs/releasing.md")
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := findRoot(dir)
	if err != nil {
		return err
	}
	t, err := openTree(root)
	if err != nil {
		return err
	}
	version := flags.Arg(0)
	if version == "" && !*dryRun {
		if version, err = versionConstant(t); err != nil {
			return err
		}
	}
	if version == "" || semver.Canonical(version) != version || flags.NArg() > 1 {
		return fmt.Errorf("%q is not a version such as v0.2.0", strings.Join(flags.Args(), " "))
	}
	if *dryRun {
		only = parts
	}
	if *out != "" && !filepath.IsAbs(*out) {
		*out = filepath.Join(root, *out)
	}
	if *out == "" {
		if *out, err = os.MkdirTemp("", "byzantine-binaries-"); err != nil {
			return err
		}
		defer os.RemoveAll(*out)
	}
	return rehearseParts(ctx, t, version, only, built, *out)
}

func rehearseParts(ctx context.Context, t *tree, version string, only []string, built []platform, out string) error {
	instruction := ""
	do := map[string]func() error{
		"version": func() error { return checkVersion(t, version) },
		"commit": func() error {
			changelog, err := os.ReadFile(filepath.Join(t.root, "CHANGELOG.md"))
			if err != nil {
				return err
			}
			if len(only) == len(parts) {
				instruction, err = rehearseChangelog(string(changelog), version)
			} else {
				err = checkChangelog(string(changelog), version)
			}
			if head, gitErr := git(t.root, "log", "-1", "--format=%h %s"); gitErr == nil {
				fmt.Print(head)
			}
			return errors.Join(err, checkCommit(t, version))
		},
		"modules": func() error {
			programs := filepath.Join(t.root, "tools", "release", "testdata", "programs")
			return rehearse(ctx, os.Stdout, t, version, programs, time.Now().UTC().Truncate(time.Second))
		},
		"binaries": func() error {
			if err := os.MkdirAll(out, 0o777); err != nil {
				return err
			}
			if old, err := os.ReadDir(out); err != nil || len(old) > 0 {
				return errors.Join(err, fmt.Errorf("%s is not empty", out))
			}
			o, err := originOf(ctx, t, version)
			if err != nil {
				return err
			}
			return writeBinaries(ctx, os.Stdout, t, o, built, out)
		},
	}
	var failures []error
	for _, part := range parts {
		if !slices.Contains(only, part) {
			continue
		}
		fmt.Printf("== %s of %s\n", part, version)
		if err := do[part](); err != nil {
			failures = append(failures, fmt.Errorf("%s:\n%w", part, err))
		}
	}
	if len(failures) > 0 {
		return errors.Join(failures...)
	}
	switch {
	case len(only) < len(parts):
	case instruction != "":
		fmt.Printf("\nReady, except for one thing that a person does: %s.\nThen run this again: it prints the tags.\n", instruction)
	default:
		printTags(os.Stdout, t, version)
	}
	return nil
}

// printTags prints the commands that a person runs after a rehearsal. GitHub starts no workflow for a push of more than
// three tags, so the root's tag, which starts the workflow of the release, is pushed alone. It is pushed first, because
// the other modules require the root at this version.
func printTags(out io.Writer, t *tree, version string) {
	var others []string
	fmt.Fprintf(out, "\nReady. The tags, all on this commit:\n\n")
	for _, m := range t.released() {
		tag := m.tag(version)
		fmt.Fprintf(out, "  git tag -a -m %s %s\n", version, tag)
		if m.dir != "." {
			others = append(others, tag)
		}
	}
	fmt.Fprintf(out, "\nPush the commit, then the root's tag alone, because GitHub starts no workflow for a push of more than three tags,\nthen the others:\n\n")
	fmt.Fprintf(out, "  git push origin HEAD\n  git push origin %s\n  git push --atomic origin %s\n", version, strings.Join(others, " "))
}

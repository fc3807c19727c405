package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and commit are set by the linker in the binaries of a release. What go install builds knows its version, and what
// go build builds in a checkout its commit, from the Go toolchain.
var version, commit string

var versionCommand = command{
	name:    "version",
	summary: "print the version of this program",
	help:    `Prints the version of this program, of Go, what it was built for, and the commit that it was built from where that is known.`,
	prepare: func(*flag.FlagSet) action {
		return func(_ context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			version, commit := builtFrom()
			if commit != "" {
				commit = " commit " + commit
			}
			_, err := fmt.Fprintf(p.stdout, "byzantine %s %s %s/%s%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
			return err
		}
	},
}

func builtFrom() (string, string) {
	info, ok := debug.ReadBuildInfo()
	if version != "" || !ok {
		return cmp.Or(version, "unknown"), commit
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return cmp.Or(info.Main.Version, "unknown"), setting.Value
		}
	}
	return cmp.Or(info.Main.Version, "unknown"), ""
}

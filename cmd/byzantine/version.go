package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

var versionCommand = command{
	name:    "version",
	summary: "print the version of this program",
	help:    `Prints the version of this program, of Go, and what it was built for.`,
	prepare: func(*flag.FlagSet) action {
		return func(_ context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			version := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			_, err := fmt.Fprintf(p.stdout, "byzantine %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		}
	},
}

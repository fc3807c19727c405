package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, &process{os.Stdin, output(os.Stdout), output(os.Stderr), os.Getenv}, os.Args[1:]))
}

// process is the part of the process that a command uses: its streams and its environment.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(name string) string
}

// The exit statuses.
const (
	exitDone           = 0
	exitFailed         = 1 // an error response, no response to a GET, a check that failed
	exitInvalid        = 2 // wrong usage, a request that cannot be accepted: nothing was sent
	exitOutcomeUnknown = 3 // it was sent, and its outcome is unknown
)

var commands = withCompletion(
	&sandboxCommand,
	&callCommand,
	&ctlCommand,
	&whoamiCommand,
	&operationsCommand,
	&signCommand,
	&keygenCommand,
	&pubkeyCommand,
	&rotateCommand,
	&retireCommand,
	&passkeyInspectCommand,
	&webhookVerifyCommand,
	&listenCommand,
	&triggerCommand,
	&versionCommand,
)

func withCompletion(others ...*command) []*command {
	return append(others, newCompletionCommand(others))
}

// run runs a command line and returns the exit status. Tests call it instead of main.
func run(ctx context.Context, p *process, args []string) int {
	err := dispatch(ctx, p, args)
	if err == nil {
		return exitDone
	}
	// The library's errors begin with the same word.
	fmt.Fprintln(p.stderr, "byzantine:", strings.TrimPrefix(err.Error(), "byzantine: "))
	switch {
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		return exitOutcomeUnknown
	case errors.As(err, new(*usageError)), errors.Is(err, byzantine.ErrInvalidRequest):
		return exitInvalid
	}
	return exitFailed
}

func dispatch(ctx context.Context, p *process, args []string) error {
	if len(args) == 0 {
		return printOverview(p.stdout, commands)
	}
	if args[0] == "--version" || args[0] == "-version" {
		args = append([]string{versionCommand.name}, args[1:]...)
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		if args = args[1:]; len(args) == 0 {
			return printOverview(p.stdout, commands)
		}
		args = append(slices.Clone(args), "-h")
	}
	for _, c := range commands {
		name := strings.Fields(c.name)
		if len(args) >= len(name) && slices.Equal(args[:len(name)], name) {
			return c.run(ctx, p, args[len(name):])
		}
	}
	if group := slices.DeleteFunc(slices.Clone(commands), func(c *command) bool { return !strings.HasPrefix(c.name, args[0]+" ") }); len(group) > 0 {
		if len(args) == 1 || args[1] == "-h" || args[1] == "-help" || args[1] == "--help" {
			return printOverview(p.stdout, group)
		}
		return usagef("there is no command %q%s: byzantine help %s lists them", strings.Join(args[:2], " "),
			spelling.DidYouMean(strings.Join(args[:2], " "), known(group, func(c *command) string { return c.name })), args[0])
	}
	return usagef("there is no command %q%s: byzantine help lists them", args[0], spelling.DidYouMean(args[0], known(commands, func(c *command) string { return c.name })))
}

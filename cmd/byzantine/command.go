package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// command is a subcommand.
type command struct {
	name    string // one word or two
	args    string // for the usage line
	summary string // for the overview: one line
	help    string // what else is worth knowing, with examples
	// prepare declares the flags and returns what runs when they have been read.
	prepare func(flags *flag.FlagSet) action
}

// action runs a command after its flags were read. args are the arguments that are not flags.
type action func(ctx context.Context, p *process, args []string) error

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func (c *command) run(ctx context.Context, p *process, args []string) error {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	do := c.prepare(flags)
	args, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return c.printHelp(p.stdout, flags)
	}
	if err == nil {
		err = do(ctx, p, args)
	}
	var usage *usageError
	if errors.As(err, &usage) {
		usage.text += " (byzantine help " + c.name + ")"
	}
	return err
}

// parse reads flags at any place among the arguments, and returns the arguments that are not flags.
func parse(flags *flag.FlagSet, args []string) (others []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			if !errors.Is(err, flag.ErrHelp) {
				err = usagef("%v", err)
			}
			return nil, err
		}
		read := args[:len(args)-flags.NArg()]
		args = flags.Args()
		if len(args) == 0 || len(read) > 0 && read[len(read)-1] == "--" {
			return append(others, args...), nil
		}
		others, args = append(others, args[0]), args[1:]
	}
}

// noArguments is the check of commands that take flags only. What was given may be a secret, so it is not repeated.
func noArguments(args []string) error {
	if len(args) > 0 {
		return usagef("takes no arguments")
	}
	return nil
}

func (c *command) printHelp(w io.Writer, flags *flag.FlagSet) error {
	line := "byzantine " + c.name
	if c.args != "" {
		line += " " + c.args
	}
	if _, err := fmt.Fprintf(w, "Usage: %s\n\n%s\n", line, strings.TrimSpace(c.help)); err != nil {
		return err
	}
	printed := false
	flags.VisitAll(func(*flag.Flag) { printed = true })
	if printed {
		fmt.Fprint(w, "\nFlags:\n")
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
	return nil
}

// printOverview lists commands: all of them, or those of a group such as webhook.
func printOverview(w io.Writer, commands []*command) error {
	fmt.Fprint(w, "byzantine is the command line of the Byzantine integrator API: a local sandbox, signed calls, keys.\n\n"+
		"Usage: byzantine COMMAND [arguments]\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintf(table, "  %s\t%s\n", c.name, c.summary)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, `
byzantine help COMMAND says more about one.

Environment:
  BYZANTINE_PRIVATE_KEY       the integrator's key, 64 hexadecimal digits or PEM; INTEGRATOR_PRIVATE_KEY is read as well
  BYZANTINE_PRIVATE_KEY_FILE  a file with the key
  BYZANTINE_BASE_URL          the API's host; Byzantine's sandbox unless set

Exit status: 0 done, 1 failed, 2 wrong usage or invalid request, 3 sent, and its outcome is unknown.
`)
	return err
}

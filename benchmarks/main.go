// Benchmarks measures what this module costs in comparison with the limit: in most lines the same work with the standard
// library alone and hardly any handling of errors. Both sides run in turn, in the same run, so that a busy machine slows
// down both.
//
//	go run ./benchmarks                        all lines, in about four minutes
//	go run ./benchmarks -quick                 every line once, which measures nothing but shows that it works
//	go run ./benchmarks -run '^call'           the lines whose name matches; the line of the other libraries is "peers"
//	go run ./benchmarks -write BENCHMARKS.md   also puts the tables into the file
//
// Servers run in other processes, for which the program starts itself again. BENCHMARKS.md says what each line means.
//
//go:debug x509usefallbackroots=1
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
)

func main() {
	if isServer() {
		exit(serve(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func exit(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// plan says what is measured, and how long.
type plan struct {
	rounds       int
	only         *regexp.Regexp // the names of the lines to measure
	slice        time.Duration  // how long a pair is measured in a round; each side runs at least once
	crowdEvery   int            // callers in parallel are measured in the first round and in every crowdEvery-th round after it
	crowds       []crowdSize
	peers        bool
	peerSlice    time.Duration
	transactions int // in the list that is iterated over
	accounts     int // in the large sandbox
}

func fullPlan() plan {
	return plan{
		rounds:       15,
		slice:        100 * time.Millisecond,
		crowdEvery:   3,
		crowds:       []crowdSize{{1, 25}, {32, 12}, {256, 4}},
		peers:        true,
		peerSlice:    100 * time.Millisecond,
		transactions: 10_000,
		accounts:     100_000,
	}
}

func quickPlan() plan {
	return plan{rounds: 1, crowdEvery: 1, crowds: []crowdSize{{4, 2}}, transactions: 300, accounts: 100}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	p := fullPlan()
	flags := flag.NewFlagSet("benchmarks", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&p.rounds, "rounds", p.rounds, "how many `rounds` to measure")
	flags.BoolVar(&p.peers, "peers", p.peers, "measure other libraries as well; needs node, and npm to install them")
	only := flags.String("run", "", "measure the lines whose name matches this regular `expression`")
	quick := flags.Bool("quick", false, "every line once, to see that it works")
	file := flags.String("write", "", "also put the tables into this Markdown `file`, between its markers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || p.rounds < 1 {
		return errors.New("usage: benchmarks [-rounds N] [-run EXPRESSION] [-peers=false] [-quick] [-write FILE]")
	}
	if *quick {
		p = quickPlan()
	}
	var err error
	if p.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	if *file != "" {
		if _, _, err := aroundTables(*file); err != nil {
			return err // an error of the file is returned before the measurement, not after it
		}
	}
	report, err := measure(ctx, p, stderr)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, report); err != nil || *file == "" {
		return err
	}
	return writeInto(*file, report)
}

// measure measures what p says and returns the report as Markdown. It writes messages about its progress to progress.
func measure(ctx context.Context, p plan, progress io.Writer) (report string, err error) {
	machine := describeMachine()
	b, err := newBench(ctx, p.transactions, p.accounts)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	pairs, err := b.pairs()
	if err != nil {
		return "", err
	}
	pairs = slices.DeleteFunc(pairs, func(pair *pair) bool { return !p.only.MatchString(pair.name) })
	crowds := slices.DeleteFunc(newCrowds(p.crowds), func(c *crowd) bool { return !p.only.MatchString(c.name()) })
	var others *peers
	skipped := "not asked for"
	if p.peers && p.only.MatchString("peers") {
		if others, skipped, err = startPeers(ctx, b.key, p.peerSlice); err != nil {
			return "", err
		}
		if others != nil {
			defer others.close()
		}
	}
	for _, pair := range pairs {
		if err := pair.warmUp(p.slice); err != nil {
			return "", fmt.Errorf("%s: %w", pair.name, err)
		}
	}
	for round := range p.rounds {
		fmt.Fprintf(progress, "round %d of %d\n", round+1, p.rounds)
		for _, pair := range pairs {
			if err := errors.Join(ctx.Err(), pair.round(p.slice)); err != nil {
				return "", fmt.Errorf("%s: %w", pair.name, err)
			}
		}
		if others != nil {
			if err := others.round(); err != nil {
				return "", err
			}
		}
		if round%p.crowdEvery != 0 {
			continue
		}
		for _, crowd := range crowds {
			if err := crowd.round(ctx, b); err != nil {
				return "", fmt.Errorf("%s: %w", crowd.name(), err)
			}
		}
	}
	return render(p, machine, pairs, crowds, others, skipped), nil
}

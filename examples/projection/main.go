// Projection keeps a copy of all transactions and samples of the balances in a SQLite database, prints them as a table
// and draws the balances in an HTML page.
//
// Without a key in the environment it plays six days against the local sandbox, and ends. In this folder:
//
//	go run . -db copy.db -html balances.html
//
// With BYZANTINE_PRIVATE_KEY set it brings the copy up to date once and ends: have cron or a systemd timer start it
// every few minutes. It can be killed at any moment, and two runs at a time do no harm.
//
// It is a module of its own because of the database driver: users of the SDK should not depend on one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "projection:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("projection", flag.ContinueOnError)
	db := flags.String("db", "", "`file` of the database; without it the sandbox's copy is in memory")
	page := flags.String("html", "", "`file` of the HTML page; none is written without it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	local := !keyenv.IsSet(os.Getenv)
	if !local && *db == "" {
		return errors.New("-db must name the file of the database")
	}
	if _, err := os.Stat(*db); local && *db != "" && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("-db %s is there already: transactions of the local sandbox must not mix with another copy", *db)
	}
	s, err := openStore(ctx, *db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	if local {
		fmt.Fprintln(out, "No BYZANTINE_PRIVATE_KEY in the environment: playing six days against the local sandbox.")
		err = play(ctx, s)
	} else {
		var client *byzantine.Client
		if client, err = byzantine.NewClientFromEnv(); err == nil {
			err = s.update(ctx, client, time.Now())
		}
	}
	if err != nil {
		return err
	}
	if err := s.table(ctx, out); err != nil || *page == "" {
		return err
	}
	return s.page(ctx, *page)
}

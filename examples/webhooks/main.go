// Webhooks is a receiver of events: it verifies deliveries, handles each event once, fetches events that were not
// delivered, and completes the deliveries in progress before it ends.
//
// Without a key in the environment it plays all parts against the local sandbox, and ends. In this folder:
//
//	go run .
//	go run . -store redis://localhost:6379/0
//	go run . -store postgres://user:password@localhost/database
//
// With BYZANTINE_PRIVATE_KEY set it receives at -listen until it is interrupted. The API delivers to public https URLs
// only, so put a proxy in front that terminates TLS, and create the subscription once (operation create_subscription).
//
// It is a module of its own because of the two stores, so that a program that imports the SDK depends on neither
// database driver.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "webhooks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, logs io.Writer) error {
	flags := flag.NewFlagSet("webhooks", flag.ContinueOnError)
	flags.SetOutput(logs)
	listen := flags.String("listen", "127.0.0.1:8080", "`address` to receive at, when there is a key")
	storeURL := flags.String("store", "memory", "where it is recorded what was handled: memory, or the `URL` of Redis or PostgreSQL")
	if err := flags.Parse(args); err != nil {
		return err
	}
	store, closeStore, err := openStore(ctx, *storeURL)
	if err != nil {
		return err
	}
	defer closeStore()
	logger := slog.New(slog.NewTextHandler(logs, nil))
	if !keyenv.IsSet(os.Getenv) {
		fmt.Fprintln(out, "No BYZANTINE_PRIVATE_KEY in the environment: playing all parts against the local sandbox.")
		return play(ctx, out, store, logger)
	}
	return serve(ctx, *listen, store, logger)
}

// serve receives the events of the real API until the context ends.
func serve(ctx context.Context, listen string, store webhook.Store, logger *slog.Logger) error {
	client, err := byzantine.NewClientFromEnv()
	if err != nil {
		return err
	}
	// The keys are those of the integrator's subscriptions, including ones that are created later.
	verifier, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(client)))
	if err != nil {
		return err
	}
	functions := dispatcher(func(text string) { logger.Info(text) })
	r := &receiver{
		Handler:    &webhook.Handler{Verifier: verifier, Handle: functions.Handle, Store: store, Logger: logger},
		Reconciler: &webhook.Reconciler{Events: client, Store: store, Handle: functions.Handle, Logger: logger},
	}
	return r.run(ctx, listen, func(address string) { logger.Info("receiving", slog.String("address", address)) })
}

// Passkey-web is a small web application with the local sandbox as its API: users sign in with an e-mailed code, create
// a passkey, activate the account, deposit and withdraw, and see how the status changes.
//
//	go run ./examples/passkey-web
//
// Then open http://localhost:8080. No money is real and nothing is sent from this machine: the e-mails are on the
// sandbox's status page. The application itself is internal/demoapp; browser/passkey.js is the module for a front end
// of your own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp/demo"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "`HOST:PORT` to listen on; the host has to be localhost, where browsers allow passkeys without TLS")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil {
		fmt.Fprintln(os.Stderr, "passkey-web:", err)
		os.Exit(1)
	}
}

// run serves the application at addr until the context ends. It prints the address to open to out.
func run(ctx context.Context, addr string, out io.Writer, log *slog.Logger) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	if host != "localhost" {
		return errors.New("-addr: the host has to be localhost: browsers allow passkeys nowhere else without TLS")
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	origin := strings.TrimSuffix("http://localhost:"+port, ":80") // browsers omit the default port from the origin

	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	demo.Seed(sandbox.Sandbox)
	handler, err := demo.New(sandbox.Sandbox, sandbox.Client(), origin, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Open     %s\nSign in  as %s or %s\nMailbox  %s%s\n", origin, demo.Users[0].Email, demo.Users[1].Email, origin, byzantinetest.StatusPath)
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends the requests that wait for a status
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(soon)
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp/demo"
)

var sandboxCommand = command{
	name:    "sandbox",
	args:    "[-addr HOST:PORT] [-key FILE] [-seed N]",
	summary: "serve the whole API on this machine",
	help: `
Serves the API from memory until it is interrupted: every signature is verified, customers are approved at once, and
transactions complete after seconds. What a client needs, and what there is at the beginning, goes to standard output.
Each request is logged to standard error, with the reason if it was refused. One-time codes, which the API sends by
e-mail, are on the status page. Beside it stands a small web application to enrol a passkey and move invented money with.

The integrator's key is that of -key or BYZANTINE_PRIVATE_KEY, so that it stays the same when the sandbox starts again;
without them it is a new one. With -seed ids and codes stay the same as well. Better take a key that is good for nothing
else: what it signs for this machine is then of no use elsewhere.

  byzantine sandbox
  byzantine keygen -out sandbox.key && byzantine sandbox -key sandbox.key -seed 1

Whoever reaches the port can read the status page, so it listens on this machine only. In a container it has to be
-addr 0.0.0.0:8787.
`,
	prepare: func(flags *flag.FlagSet) action {
		var from keyFlag
		from.declare(flags)
		addr := flags.String("addr", "127.0.0.1:8787", "`HOST:PORT` to listen on; port 0 is any that is free")
		var opts []byzantinetest.Option
		flags.Func("seed", "`NUMBER` that ids and codes follow from; they are random without", func(text string) error {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return errors.New("not a whole number")
			}
			opts = append(opts, byzantinetest.WithSeed(n))
			return nil
		})
		return func(ctx context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			key, err := from.read(p.getenv)
			if err != nil {
				return err
			}
			return serveSandbox(ctx, p, *addr, key, opts)
		}
	},
}

// serveSandbox serves until the context ends. A nil key stands for a new one.
func serveSandbox(ctx context.Context, p *process, addr string, key *byzantine.PrivateKey, opts []byzantinetest.Option) error {
	opts = append(opts, byzantinetest.WithRequestLog(requestLogger(p.stderr)))
	if key != nil {
		opts = append(opts, byzantinetest.WithKey(key))
	}
	sandbox, err := byzantinetest.New(opts...)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	url := baseURL(listener.Addr())
	world := seed(sandbox)
	origin, application, err := demoApplication(sandbox, url, listener.Addr(), p.stderr)
	if err == nil {
		err = printWelcome(p.stdout, url, origin, sandbox.Key(), key == nil, world)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler:           handler(sandbox, application),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(p.stderr, "", log.LstdFlags),
	}
	return serveUntil(ctx, server, listener)
}

// handler is everything that the command serves: the API and its status page, and an application at all other paths.
// A signed request elsewhere is a client's with a wrong path, such as one without /v1: the sandbox refuses and logs it.
func handler(sandbox, application http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", sandbox)
	mux.Handle("/api-docs/", sandbox)
	mux.Handle(byzantinetest.StatusPath, sandbox)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Signature") != "" {
			sandbox.ServeHTTP(w, r)
			return
		}
		application.ServeHTTP(w, r)
	})
	return mux
}

// demoApplication is the example of a web application, for people who have no backend yet. Browsers allow passkeys
// without TLS on localhost only, so that is its origin.
func demoApplication(sandbox *byzantinetest.Sandbox, url string, addr net.Addr, stderr io.Writer) (origin string, _ http.Handler, err error) {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "", nil, err
	}
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithBaseURL(url), byzantine.WithInsecureHTTP(), byzantine.WithClock(sandbox.Now))
	if err != nil {
		return "", nil, err
	}
	origin = strings.TrimSuffix("http://localhost:"+port, ":80") // browsers leave the default port out
	application, err := demo.New(sandbox, client, origin, slog.New(slog.NewTextHandler(stderr, nil)))
	return origin, application, err
}

// serveUntil ends the server with the context, after the requests that it is answering, unless they take too long.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	const patience = 5 * time.Second
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := server.Shutdown(soon); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off after %s", patience), server.Close())
	}
	return nil
}

// baseURL is where a client on this machine finds a listener.
func baseURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil { // not with TCP
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

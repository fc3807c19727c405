package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// controlTokenVariable names the environment variable with the token of the control API.
const controlTokenVariable = "BYZANTINE_SANDBOX_TOKEN"

var sandboxCommand = command{
	name:    "sandbox",
	args:    "[flags]",
	summary: "serve the whole API on this machine",
	help: `
Serves the API from memory until it is interrupted: every signature is verified, customers are approved at once, and
transactions complete after seconds. What a client needs, and what there is at the beginning, goes to standard output.
Each request is logged to standard error, with the reason if it was rejected. One-time codes, which the API sends by
e-mail, are on the status page. Beside it stands a small web application to enrol a passkey and move invented money with.
byzantine ctl, or any HTTP client, drives the running sandbox: clock, faults, funds, codes.

With -seed NUMBER ids, codes and the integrator's key are the same in every run. -key or BYZANTINE_PRIVATE_KEY takes the place of
that key; without any of these the key is a new one. Take a key that is used for nothing else: what it signs for this machine
is then of no use elsewhere.

  byzantine sandbox
  byzantine keygen -out sandbox.key && byzantine sandbox -key sandbox.key -seed 1

With -state the world is kept across restarts: the file is replaced atomically, every two seconds if something has changed, and
when the sandbox ends by an interrupt or SIGTERM. A kill -9 loses what came after the last time.
The key that the sandbox makes stands beside it, in FILE.key. -world begins with a world that was written by hand or by
byzantine ctl getWorld; a state that is there already comes first. The sandbox's own key is added to a world that lacks it,
and the world's clock becomes the sandbox's, if the world has one.

  byzantine sandbox -state sandbox.json
  byzantine sandbox -world fixtures/world.json -env-file .env.sandbox -quiet

Whoever reaches the port can read the status page, so it listens on this machine only. In a container it has to be
-addr 0.0.0.0:8787, with -allow-host for the names under which others reach it, -any-webhook-url for receivers such as
http://backend:3000, and -origin if the port is mapped to another one:

  byzantine sandbox -addr 0.0.0.0:8787 -allow-host sandbox -any-webhook-url -origin http://localhost:9000

BYZANTINE_SANDBOX_TOKEN, if it is set, has the control API ask for this token (Authorization: Bearer TOKEN), and its
pages too.
`,
	prepare: func(flags *flag.FlagSet) action {
		run := new(sandboxRun)
		run.declare(flags)
		return func(ctx context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return run.serve(ctx, p)
		}
	},
}

// sandboxRun is what the flags of the sandbox command say.
type sandboxRun struct {
	key     keyFlag
	addr    string
	origin  string
	world   string
	state   string
	envFile string
	json    bool
	quiet   bool
	opts    []byzantinetest.Option
}

func (s *sandboxRun) declare(flags *flag.FlagSet) {
	s.key.declare(flags)
	option := func(o byzantinetest.Option) { s.opts = append(s.opts, o) }
	switched := func(name, usage string, o byzantinetest.Option) {
		flags.BoolFunc(name, usage, func(text string) error {
			on, err := strconv.ParseBool(text)
			if on {
				option(o)
			}
			return err
		})
	}
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8787", "`HOST:PORT` to listen on; port 0 is any that is free")
	flags.StringVar(&s.origin, "origin", "", "`URL` under which browsers reach the application; http://localhost and the port unless set")
	flags.Func("allow-host", "host `NAME` under which the status page and the control API may be asked for, besides loopback ones; may be repeated",
		func(name string) error { option(byzantinetest.WithAllowedHosts(name)); return nil })
	switched("any-webhook-url", "let webhook URLs be http and name any host", byzantinetest.WithAnyWebhookURL())
	switched("manual-approval", "leave customers under_review, or init while documents or data are missing, until byzantine ctl approve or setStatus", byzantinetest.WithManualApproval())
	switched("lenient", "accept requests whose form the API does not document but whose meaning is plain", byzantinetest.WithLenientRequests())
	flags.Func("processing-time", "`DURATION` that a transaction stays in each status, such as 500ms; 2s unless set", func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return errors.New("not a duration such as 500ms")
		}
		option(byzantinetest.WithProcessingTime(d))
		return nil
	})
	flags.Func("seed", "`NUMBER` that ids, codes and the key follow from (not a key that -key names); they are random without", func(text string) error {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return errors.New("not a whole number")
		}
		option(byzantinetest.WithSeed(n))
		return nil
	})
	flags.StringVar(&s.world, "world", "", "`FILE` with the world to begin with, in place of two example accounts; - for standard input")
	flags.StringVar(&s.state, "state", "", "`FILE` that keeps the world across restarts")
	flags.StringVar(&s.envFile, "env-file", "", "`FILE` to write BYZANTINE_BASE_URL to, and the key if the sandbox made it, once the sandbox serves")
	flags.BoolVar(&s.json, "json", false, "print what a client needs as one JSON object")
	flags.BoolVar(&s.quiet, "quiet", false, "log no requests")
}

// serve runs the sandbox until the context ends.
func (s *sandboxRun) serve(ctx context.Context, p *process) error {
	key, made, err := s.privateKey(p)
	if err != nil {
		return err
	}
	sandbox, state, err := s.open(p, key)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	server, err := s.start(p, sandbox, listener, made)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if state == nil {
		return serveUntil(ctx, server, listener)
	}
	stop := state.keep(ctx, sandbox, p.stderr)
	return errors.Join(serveUntil(ctx, server, listener), stop())
}

// privateKey returns the integrator's key, and whether it was made for the sandbox: such a key is printed. If it returns
// nil, byzantinetest.New makes the key.
func (s *sandboxRun) privateKey(p *process) (key *byzantine.PrivateKey, made bool, err error) {
	key, err = s.key.read(p)
	if err != nil || key != nil {
		return key, false, err
	}
	if s.state != "" {
		key, err = keyBeside(s.state)
	}
	return key, true, err
}

// open makes the sandbox with the world that it begins with.
func (s *sandboxRun) open(p *process, key *byzantine.PrivateKey) (*byzantinetest.Sandbox, *stateFile, error) {
	opts := s.opts
	if key != nil {
		opts = append(opts, byzantinetest.WithKey(key))
	}
	if !s.quiet {
		opts = append(opts, byzantinetest.WithRequestLog(requestLogger(p.stderr)))
	}
	if token := p.getenv(controlTokenVariable); token != "" {
		opts = append(opts, byzantinetest.WithControlToken(token))
	}
	if s.origin != "" {
		origin, err := url.Parse(s.origin)
		switch {
		case err != nil || origin.Hostname() == "":
			return nil, nil, usagef("-origin: not an origin such as http://localhost:9000")
		case origin.Scheme != "https" && origin.Hostname() != "localhost":
			return nil, nil, usagef("-origin: must be https or http://localhost, because browsers allow passkeys nowhere else")
		}
		opts = append(opts, byzantinetest.WithAllowedHosts(origin.Hostname()))
	}
	var state *stateFile
	var world []byte
	if s.state != "" {
		state = &stateFile{name: s.state}
		kept, err := os.ReadFile(s.state)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, nil, usagef("-state: %v", errtext.Bare(err))
		}
		world = kept
	}
	source := "-state"
	if world == nil && s.world != "" {
		var err error
		if world, err = readInput(p, s.world); err != nil {
			return nil, nil, err
		}
		source = "-world"
	}
	sandbox, err := byzantinetest.New(opts...)
	if err != nil {
		return nil, nil, usagef("%s", strings.ReplaceAll(strings.TrimPrefix(errtext.Trim(err.Error()), "New: "), "WithAllowedHosts", "-allow-host"))
	}
	if world == nil {
		seed(sandbox)
	} else if err := sandbox.SetWorld(world); err != nil {
		sandbox.Close()
		return nil, nil, usagef("%s: %s", source, strings.TrimPrefix(errtext.Trim(err.Error()), "SetWorld: "))
	}
	if state != nil {
		if err := state.save(sandbox); err != nil {
			sandbox.Close()
			return nil, nil, err
		}
	}
	return sandbox, state, nil
}

// start makes the server and says what a client needs.
func (s *sandboxRun) start(p *process, sandbox *byzantinetest.Sandbox, listener net.Listener, made bool) (*http.Server, error) {
	base := baseURL(listener.Addr())
	origin := s.origin
	if origin == "" {
		var err error
		if origin, err = defaultOrigin(listener.Addr()); err != nil {
			return nil, err
		}
	}
	var logged io.Writer = p.stderr
	if s.quiet {
		logged = io.Discard
	}
	application, err := demoApplication(sandbox, base, origin, slog.New(slog.NewTextHandler(logged, nil)))
	if err != nil {
		return nil, err
	}
	w := describeSandbox(sandbox, base, origin, made)
	if s.envFile != "" {
		if err := replaceFile(s.envFile, w.environment("")); err != nil {
			return nil, err
		}
	}
	if s.json {
		err = w.printJSON(p.stdout)
	} else {
		err = w.print(p.stdout, s.state)
	}
	return &http.Server{
		Handler:           handler(sandbox, application),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(p.stderr, "", log.LstdFlags),
	}, err
}

package main

import (
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// apiFlags are the flags of a command that calls the API.
type apiFlags struct {
	key          keyFlag
	baseURL      string
	insecureHTTP bool
	verbose      bool
}

func (a *apiFlags) declare(flags *flag.FlagSet) {
	a.key.declare(flags)
	flags.StringVar(&a.baseURL, "base-url", "", "`URL` of the API, scheme and host, in place of BYZANTINE_BASE_URL")
	flags.BoolVar(&a.insecureHTTP, "insecure-http", false, "allow http to other hosts than this one, for containers in a test network")
	flags.BoolVar(&a.verbose, "v", false, "log each attempt to standard error, and what was sent and received, without its texts")
}

// host returns the base URL of the API: that of -base-url, else that of the environment, else Byzantine's sandbox.
func (a *apiFlags) host(getenv func(string) string) string {
	for _, host := range []string{a.baseURL, getenv(keyenv.BaseURL)} {
		if host != "" {
			return host
		}
	}
	return byzantine.SandboxURL
}

// isDialError reports whether a connection could not be made. It does not look at the text of the error, which differs
// between operating systems.
func isDialError(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}

// hint returns the probable cause of a failed call, or "".
func (a *apiFlags) hint(getenv func(string) string, err error) string {
	host := a.host(getenv)
	switch {
	case errors.Is(err, byzantine.ErrUnauthorized) && strings.Contains(err.Error(), "the sandbox's clock is"):
		return "; this command signs with the sandbox's time if it can read it: " + controlTokenVariable + " names the sandbox's token, and " +
			"-allow-host of the sandbox the host under which it is reached"
	case isDialError(err):
		return "; nothing listens at " + host + ": byzantine sandbox starts a local sandbox, -base-url or BYZANTINE_BASE_URL names another host"
	case errors.Is(err, byzantine.ErrUnauthorized) && a.baseURL == "" && getenv(keyenv.BaseURL) == "":
		return "; the call went to " + host + ": if another host was meant, name it with -base-url or BYZANTINE_BASE_URL"
	}
	return ""
}

func (a *apiFlags) client(p *process, key byzantine.Signer) (*byzantine.Client, error) {
	opts := []byzantine.Option{
		byzantine.WithBaseURL(a.host(p.getenv)),
		byzantine.WithUserAgent("byzantine-cli"),
		byzantine.WithClock(sandboxClock(p, a.host(p.getenv))),
	}
	if a.insecureHTTP {
		opts = append(opts, byzantine.WithInsecureHTTP())
	}
	if a.verbose {
		opts = append(opts, byzantine.WithLogger(slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			byzantine.WithDump(p.stderr))
	}
	client, err := byzantine.NewClient(key, opts...)
	if err != nil {
		return nil, a.inFlags(p.getenv, err)
	}
	return client, nil
}

// inFlags converts an error of NewClient to a usage error. It names the flag or the environment variable that the error
// is about, and a flag of this command in place of an option of the library.
func (a *apiFlags) inFlags(getenv func(string) string, err error) error {
	_, reason, isBaseURL := strings.Cut(err.Error(), "base URL: ")
	if !isBaseURL {
		return usagef("%v", errtext.Bare(err))
	}
	name := "-base-url"
	if a.baseURL == "" && getenv(keyenv.BaseURL) != "" {
		name = keyenv.BaseURL
	}
	return usagef("%s: %s", name, strings.ReplaceAll(reason, "WithInsecureHTTP", "-insecure-http"))
}

// readInput returns the bytes of a file, or of standard input for "-". It rejects UTF-16, UTF-32 and a byte order mark,
// which some editors and PowerShell write, because the parsers would report them as another mistake.
func readInput(p *process, file string) ([]byte, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(p.stdin)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, usagef("%v", err)
	}
	if wrong := wire.ForeignEncoding(data); wrong != "" {
		return nil, usagef("the input cannot be read: %s; save it as UTF-8 without BOM", wrong)
	}
	return data, nil
}

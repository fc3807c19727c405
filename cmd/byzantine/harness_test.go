package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// runWith runs a command with text on standard input.
func runWith(t *testing.T, env map[string]string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), &process{strings.NewReader(stdin), &out, &errs, func(name string) string { return env[name] }}, args)
	return status, out.String(), errs.String()
}

// terminal is a running sandbox command.
type terminal struct {
	t       *testing.T
	welcome string            // what it printed before it served
	vars    map[string]string // the exported variables in it
	log     *lines
	stop    func() (status int)
}

// startSandbox runs the command on a free port, with the example accounts.
func startSandbox(t *testing.T, env map[string]string, args ...string) *terminal {
	t.Helper()
	return startSandboxUntil(t, "Example Treasury's account", env, args...)
}

// startSandboxUntil is startSandbox for flags with which the command prints another last line: it contains lastLine.
func startSandboxUntil(t *testing.T, lastLine string, env map[string]string, args ...string) *terminal {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, printed := io.Pipe()
	term := &terminal{t: t, vars: map[string]string{}, log: &lines{}}
	status := make(chan int, 1)
	go func() {
		p := &process{strings.NewReader(""), printed, term.log, func(name string) string { return env[name] }}
		status <- run(ctx, p, append([]string{"sandbox", "-addr", "127.0.0.1:0"}, args...))
		printed.Close()
	}()
	term.stop = sync.OnceValue(func() int {
		cancel()
		return <-status
	})
	t.Cleanup(func() { term.stop() })
	in := bufio.NewScanner(stdout)
	for in.Scan() {
		term.welcome += in.Text() + "\n"
		if name, value, ok := strings.Cut(strings.TrimPrefix(in.Text(), "export "), "="); ok {
			term.vars[name] = value
		}
		if strings.Contains(in.Text(), lastLine) {
			break
		}
	}
	go io.Copy(io.Discard, stdout)
	return term
}

// byzantine runs a command in the environment that the sandbox printed.
func (term *terminal) byzantine(args ...string) string {
	term.t.Helper()
	var stdout, stderr bytes.Buffer
	p := &process{strings.NewReader(""), &stdout, &stderr, func(name string) string { return term.vars[name] }}
	require.Equal(term.t, exitDone, run(term.t.Context(), p, args), stderr.String())
	return stdout.String()
}

// find returns the first group of a pattern in a text.
func find(t *testing.T, pattern, text string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.Len(t, found, 2, "%s in\n%s", pattern, text)
	return found[1]
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

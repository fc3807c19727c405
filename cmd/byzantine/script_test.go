package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// The files in testdata are sessions at a terminal, each with a sandbox and an empty directory of its own:
//
//	# a comment
//	$ byzantine whoami         a command; '...' keeps blanks together
//	exit 0                     its exit status; required
//	out REGEXP                 standard output matches (flag m); may be repeated
//	err REGEXP                 standard error matches
//	set NAME REGEXP            keeps the first group of standard output as ${NAME}
//
// What has no out or err line must be empty. Before a command:
//
//	env NAME=value             from here on
//	file NAME text             writes a file, with a newline
//	stdin text                 for the next command, with a newline
//	fail OPERATION STATUS      the sandbox's next response to the operation; reset cuts the connection
//
// BYZANTINE_BASE_URL and BYZANTINE_PRIVATE_KEY are those of the sandbox, and ${URL}, ${SECRET}, ${SECRETDIGITS} (without 0x), ${PUBKEY}, ${ACCOUNT} and
// ${USER} are ready for use.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(script)
			require.NoError(t, err)
			newSession(t).play(string(text))
		})
	}
}

type session struct {
	t       *testing.T
	sandbox *byzantinetest.Server
	vars    map[string]string
	env     map[string]string
	stdin   string

	// The last command.
	where          string // line number and command, for messages
	ran            bool
	status         int
	stdout, stderr string
	sawExit        bool
	sawOut, sawErr bool
}

func newSession(t *testing.T) *session {
	sandbox := byzantinetest.NewServer()
	t.Cleanup(sandbox.Close)
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	t.Chdir(t.TempDir())
	return &session{
		t: t, sandbox: sandbox,
		vars: map[string]string{
			"URL": sandbox.URL, "SECRET": sandbox.Key().SecretHex(), "SECRETDIGITS": sandbox.Key().SecretHex()[2:], "PUBKEY": sandbox.Key().PublicKeyHex(),
			"ACCOUNT": account.ID, "USER": user.ID,
		},
		env: map[string]string{"BYZANTINE_BASE_URL": sandbox.URL, "BYZANTINE_PRIVATE_KEY": sandbox.Key().SecretHex()},
	}
}

func (s *session) play(script string) {
	for i, line := range strings.Split(script, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(s.expand(line), " ")
		if word == "$" {
			s.finish()
			s.where = strconv.Itoa(i+1) + ": " + rest
			s.run(split(rest))
			continue
		}
		s.directive(i+1, word, rest)
	}
	s.finish()
}

func (s *session) directive(line int, word, rest string) {
	switch name, value, _ := strings.Cut(rest, "="); word {
	case "exit":
		s.sawExit = true
		assert.Equal(s.t, rest, strconv.Itoa(s.status), "%s\n%s", s.where, s.stderr)
	case "out":
		s.sawOut = true
		assert.Regexp(s.t, "(?m)"+rest, s.stdout, s.where)
	case "err":
		s.sawErr = true
		assert.Regexp(s.t, "(?m)"+rest, s.stderr, s.where)
	case "set":
		name, pattern, _ := strings.Cut(rest, " ")
		found := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(s.stdout)
		require.Len(s.t, found, 2, "%s\n%s", s.where, s.stdout)
		s.vars[name] = found[1]
		s.sawOut = true
	case "env":
		s.env[name] = value
	case "file":
		name, text, _ := strings.Cut(rest, " ")
		require.NoError(s.t, os.WriteFile(name, []byte(text+"\n"), 0o600))
	case "stdin":
		s.stdin = rest + "\n"
	case "fail":
		operation, status, _ := strings.Cut(rest, " ")
		fault := byzantinetest.Fault{Reset: status == "reset"}
		if !fault.Reset {
			fault.Status = s.number(status)
		}
		s.sandbox.Fail(byzantine.OperationID(operation), 1, fault)
	default:
		require.Failf(s.t, "unknown directive", "line %d: %s", line, word)
	}
}

func (s *session) number(text string) int {
	n, err := strconv.Atoi(text)
	require.NoError(s.t, err)
	return n
}

func (s *session) run(args []string) {
	require.Equal(s.t, "byzantine", args[0], s.where)
	var stdout, stderr bytes.Buffer
	p := &process{strings.NewReader(s.stdin), &stdout, &stderr, func(name string) string { return s.env[name] }}
	s.status = run(s.t.Context(), p, args[1:])
	s.stdout, s.stderr = stdout.String(), stderr.String()
	s.ran, s.sawExit, s.sawOut, s.sawErr, s.stdin = true, false, false, false, ""
	assert.NotContains(s.t, s.stdout+s.stderr, "\x1b", "no colours")
}

// finish checks that the last command has an exit line, and that output without a line is empty.
func (s *session) finish() {
	if !s.ran {
		return
	}
	assert.True(s.t, s.sawExit, "%s: no exit status", s.where)
	if !s.sawOut {
		assert.Empty(s.t, s.stdout, s.where)
	}
	if !s.sawErr {
		assert.Empty(s.t, s.stderr, s.where)
	}
}

func (s *session) expand(line string) string {
	return regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllStringFunc(line, func(ref string) string {
		value, ok := s.vars[ref[2:len(ref)-1]]
		require.True(s.t, ok, "unknown variable %s", ref)
		return value
	})
}

// split takes a command line apart at its blanks, except between single quotes. A quote always begins or ends an argument.
func split(line string) []string {
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}

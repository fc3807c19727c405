//go:build unix

// Package testserver starts the real servers that tests of stores and signers need: each in a directory of its own and, where
// it can, on a socket there, so that nothing is shared and no port is taken. The nested modules use it.
package testserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// required is set where a missing program must not hide that nothing was tested: in CI.
const required = "BYZANTINE_REQUIRE_PROGRAMS"

// Server is a server of this test's own.
type Server struct {
	Dir     string
	URL     string              // the address, of a server that speaks HTTP
	command []string            // the program and its arguments
	user    *syscall.Credential // the user that the program runs as; nil for the user of the test
	signal  string              // the signal that ends the program at once, with all its processes
	ready   func() error

	process *exec.Cmd
	hold    io.Closer // the server lives while this is open
}

// Start is a server that a package's tests need, and where it goes.
type Start struct {
	At  **Server
	New func() (*Server, error)
}

// Main runs a package's tests with servers, which it starts in order. A server stays nil if its program is not installed.
// Main returns the exit code.
func Main(m *testing.M, servers ...Start) int {
	for _, start := range servers {
		s, err := start.New()
		switch {
		case err == nil:
			defer s.Remove()
			*start.At = s
		case os.Getenv(required) != "" || !errors.Is(err, exec.ErrNotFound):
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// Need skips the test if there is no server because its program is not installed.
func Need(t *testing.T, s *Server) *Server {
	t.Helper()
	if s == nil {
		t.Skipf("the server's program is not installed (set %s=1 to fail instead)", required)
	}
	return s
}

// newServer makes a directory for a server.
func newServer() (*Server, error) {
	dir, err := os.MkdirTemp("", "byzantine")
	return &Server{Dir: dir}, err
}

// guard is a shell script that runs a program until its own input ends: when the test wants it to, or dies.
const guard = `signal=$1; shift; "$@" & read -r _; kill -s "$signal" $!; wait`

// Start starts the server, again after Crash, and returns when it responds.
func (s *Server) Start() error {
	s.process = s.run("sh", append([]string{"-c", guard, "sh", s.signal}, s.command...)...)
	var err error
	if s.hold, err = s.process.StdinPipe(); err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := s.ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not respond: %w", filepath.Base(s.command[0]), err)
		}
	}
}

// run makes a command of the server's user.
func (s *Server) run(program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = s.Dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return c
}

// Crash ends the server at once, without any clean-up.
func (s *Server) Crash() {
	if s.hold != nil {
		_ = s.hold.Close()
		_ = s.process.Wait()
		s.hold = nil
	}
}

// Remove ends the server and deletes its data.
func (s *Server) Remove() {
	s.Crash()
	_ = os.RemoveAll(s.Dir)
}

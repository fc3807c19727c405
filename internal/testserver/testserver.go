//go:build unix

// Package testserver starts the real servers that tests of stores need: each on a socket in a directory of its own, so
// that nothing is shared and no port is taken. The nested modules use it.
package testserver

import (
	"errors"
	"fmt"
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
	command func() *exec.Cmd
	ready   func() error
	process *exec.Cmd
}

// Main runs a package's tests with servers. Each of servers gets one, or stays nil if its program is not installed. Main
// returns the exit code.
func Main(m *testing.M, servers map[**Server]func() (*Server, error)) int {
	for server, open := range servers {
		s, err := open()
		switch {
		case err == nil:
			defer s.Remove()
			*server = s
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

// Start starts the server, again after Crash, and returns when it answers.
func (s *Server) Start() error {
	s.process = s.command()
	if err := s.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := s.ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %w", filepath.Base(s.process.Path), err)
		}
	}
}

// Crash ends the server at once, without any clean-up.
func (s *Server) Crash() {
	if s.process != nil && s.process.ProcessState == nil {
		// PostgreSQL takes its other processes along only on SIGQUIT; Redis dies of it like of any other.
		_ = s.process.Process.Signal(syscall.SIGQUIT)
		_ = s.process.Wait()
	}
}

// Remove ends the server and deletes its data.
func (s *Server) Remove() {
	s.Crash()
	_ = os.RemoveAll(s.Dir)
}

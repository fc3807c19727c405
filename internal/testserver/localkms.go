//go:build unix

package testserver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
)

// NewLocalKMS starts a local-kms, which speaks the protocol of AWS KMS. The module in the folder tool pins it as a tool;
// the go command builds it once and keeps it. Where it cannot be built, it counts as not installed.
func NewLocalKMS(tool string) (*Server, error) {
	build := exec.Command("go", "tool", "-n", "local-kms")
	build.Dir = tool
	out, err := build.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("local-kms: %w: %w", exec.ErrNotFound, err)
	}
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	if err := s.startLocalKMS(strings.TrimSpace(string(out))); err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

func (s *Server) startLocalKMS(program string) error {
	free, err := net.Listen("tcp", "127.0.0.1:0") // it listens on nothing but a TCP port
	if err != nil {
		return err
	}
	address := free.Addr().(*net.TCPAddr)
	if err := free.Close(); err != nil {
		return err
	}
	s.URL = "http://" + address.String()
	s.signal = "KILL"
	// A FIPS 140-3 mode is for the program that is tested, not for this one, which has other curves too.
	s.command = []string{"env", "GODEBUG=", fmt.Sprintf("PORT=%d", address.Port), "KMS_DATA_PATH=" + filepath.Join(s.Dir, "data"),
		"KMS_SEED_PATH=" + filepath.Join(s.Dir, "none.yaml"), program}
	s.ready = func() error {
		response, err := http.Get(s.URL)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	return s.Start()
}

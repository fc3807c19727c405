//go:build unix

package testserver

import (
	"bufio"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
)

// NewRedis starts a redis-server. It writes every change to disk at once.
func NewRedis() (*Server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, err
	}
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	s.signal = "KILL"
	s.command = []string{program, "--port", "0", "--unixsocket", s.RedisSocket(), "--dir", s.Dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--logfile", "redis.log"}
	s.ready = func() error {
		conn, err := net.Dial("unix", s.RedisSocket())
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return err
		}
		response, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && !strings.HasPrefix(response, "+PONG") {
			return errors.New(response) // it is loading its data
		}
		return err
	}
	if err := s.Start(); err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

// RedisSocket is where a server of NewRedis listens.
func (s *Server) RedisSocket() string { return filepath.Join(s.Dir, "redis.sock") }

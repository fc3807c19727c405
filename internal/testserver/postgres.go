//go:build unix

package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// NewPostgres starts a PostgreSQL with a database postgres and a user test without a password. Because PostgreSQL rejects
// to run as root, a test that does runs it as the user postgres.
func NewPostgres() (*Server, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	if err := s.initPostgres(bin); err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

// postgresPrograms looks where Debian puts them, and in the path.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	return filepath.Dir(path), err
}

func (s *Server) initPostgres(bin string) error {
	if err := s.giveToPostgres(); err != nil {
		return err
	}
	data := filepath.Join(s.Dir, "data")
	out, err := s.run(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "test", "--auth", "trust", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.signal = "QUIT" // the one that takes the other processes along
	// Without fsync a crash of the server loses nothing; only one of the machine would.
	s.command = []string{filepath.Join(bin, "postgres"), "-D", data, "-k", s.Dir, "-c", "listen_addresses=", "-c", "fsync=off"}
	s.ready = func() error { return s.run(filepath.Join(bin, "pg_isready"), "--quiet", "--host", s.Dir).Run() }
	return s.Start()
}

// giveToPostgres makes the directory and the processes those of the user postgres, if this is root.
func (s *Server) giveToPostgres() error {
	if os.Getuid() != 0 {
		return nil
	}
	postgres, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(postgres.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(postgres.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.user = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.Dir, int(uid), int(gid))
}

// PostgresAddress is the connection string of a server of NewPostgres.
func (s *Server) PostgresAddress() string {
	return "host=" + s.Dir + " user=test dbname=postgres pool_max_conns=10"
}

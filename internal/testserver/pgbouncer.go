//go:build unix

package testserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// NewPgBouncer starts a PgBouncer in transaction mode in front of a server of NewPostgres: each statement outside of a
// transaction can reach another of its four connections.
func NewPgBouncer(postgres *Server) (*Server, error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		return nil, err
	}
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	if err := s.startPgBouncer(program, postgres); err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

// pgBouncerPort names its socket: .s.PGSQL.6432.
const pgBouncerPort = 6432

func (s *Server) startPgBouncer(program string, postgres *Server) error {
	config := fmt.Sprintf(`[databases]
postgres = host=%s user=test dbname=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = 4
server_round_robin = 1
unix_socket_dir = %s
listen_port = %d
auth_type = any
logfile = %s
`, postgres.Dir, s.Dir, pgBouncerPort, filepath.Join(s.Dir, "pgbouncer.log"))
	file := filepath.Join(s.Dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	if err := s.giveToPostgres(); err != nil { // it runs as root no more than PostgreSQL does
		return err
	}
	s.signal = "KILL"
	s.command = []string{program, file}
	s.ready = func() error {
		conn, err := net.Dial("unix", filepath.Join(s.Dir, fmt.Sprintf(".s.PGSQL.%d", pgBouncerPort)))
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	return s.Start()
}

// PgBouncerAddress is the connection string of a server of NewPgBouncer.
func (s *Server) PgBouncerAddress() string {
	return fmt.Sprintf("host=%s port=%d user=test dbname=postgres", s.Dir, pgBouncerPort)
}

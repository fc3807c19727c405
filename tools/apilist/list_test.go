package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const source = `package p

const (
	A       Kind = "a"
	hidden  Kind = "h"
)

var ErrX = f()

type Kind string
type Alias = Kind
type S struct {
	Base
	*other
	ID, Name string ` + "`json:\"id\"`" + `
	secret   int
}
type I interface {
	Base
	Do(x int) (n int, err error)
	do()
}
type F func(s *S) error

func New(a, b string, opts ...F) (*S, error) { return nil, nil }
func Map[T any](list []T) T                  { panic(list) }
func (s *S) Close()                          {}
func (o other) Close()                       {}
func f() error                               { return nil }
`

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func TestListHasWhatIsExportedAndNothingElse(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "p", "p.go"), source)
	write(t, filepath.Join(root, "p", "p_test.go"), "package p\n\nfunc Test() {}\n")
	write(t, filepath.Join(root, "internal", "x", "x.go"), "package x\n\nfunc X() {}\n")
	write(t, filepath.Join(root, "cmd", "main.go"), "package main\n\nfunc Y() {}\n")
	lines, err := list(root)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`pkg p, const A Kind = "a"`,
		`pkg p, func Map[T any]([]T) (T)`,
		`pkg p, func New(string, string, ...F) (*S, error)`,
		`pkg p, method (*S) Close()`,
		`pkg p, type Alias = Kind`,
		`pkg p, type F func(*S) (error)`,
		`pkg p, type I interface`,
		`pkg p, type I interface, Do(int) (int, error)`,
		`pkg p, type I interface, embeds Base`,
		`pkg p, type I interface, unexported methods`,
		`pkg p, type Kind string`,
		`pkg p, type S struct`,
		"pkg p, type S struct, ID string `json:\"id\"`",
		"pkg p, type S struct, Name string `json:\"id\"`",
		`pkg p, type S struct, embeds Base`,
		`pkg p, var ErrX`,
	}, lines)
}

func TestAnUnrecordedChangeFails(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "api.txt")
	write(t, filepath.Join(root, "p", "p.go"), source)
	require.Error(t, run(root, file, false), "nothing is recorded yet")
	require.NoError(t, run(root, file, true))
	require.NoError(t, run(root, file, false))
	write(t, filepath.Join(root, "p", "more.go"), "package p\n\nfunc More() {}\n")
	require.Error(t, run(root, file, false))
	assert.Equal(t, []string{"-b", "+c"}, difference([]string{"a", "b"}, []string{"a", "c"}))
}

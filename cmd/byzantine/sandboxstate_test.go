package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// The state is written while the sandbox runs, not only at its end: a process that is killed loses two seconds at most.
func TestStateIsSavedWhileTheSandboxRuns(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		sandbox, err := byzantinetest.New()
		require.NoError(t, err)
		defer sandbox.Close()
		file := &stateFile{name: name}
		require.NoError(t, file.save(sandbox))
		read := func() string {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			return string(text)
		}
		stop := file.keep(t.Context(), sandbox, io.Discard)
		unchanged := read()
		time.Sleep(10 * stateInterval)
		synctest.Wait()
		assert.Equal(t, unchanged, read(), "time alone is no change")

		sandbox.AddUser(byzantinetest.User{Email: "grace@example.com"})
		time.Sleep(stateInterval)
		synctest.Wait()
		assert.Contains(t, read(), "grace@example.com")
		sandbox.AddUser(byzantinetest.User{Email: "last@example.com"})
		require.NoError(t, stop())
		assert.Contains(t, read(), "last@example.com")
	})
}

// A file takes the place of another one as a whole: what cannot be written leaves the old content, and nothing beside it.
func TestFilesAreReplacedInOneStep(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "state.json")
	require.NoError(t, replaceFile(name, []byte("old")))
	before, err := os.Stat(name)
	require.NoError(t, err)
	require.NoError(t, replaceFile(name, []byte("new")))
	after, err := os.Stat(name)
	require.NoError(t, err)
	assert.False(t, os.SameFile(before, after), "another file under the name, not the old one written over")
	require.Error(t, replaceFile(filepath.Join(folder, "missing", "state.json"), []byte("new")))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "taken"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "taken", "file"), nil, 0o600))
	require.Error(t, replaceFile(filepath.Join(folder, "taken"), []byte("new")))
	_, err = os.Stat(filepath.Join(folder, "taken", "file"))
	require.False(t, errors.Is(err, os.ErrNotExist))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "no half written file is left")
}

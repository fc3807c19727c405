package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

const rootPath = "github.com/byzantine-finance/byzantine-go"

// development are the folders whose modules are only for the development of this repository and are not released. All
// other modules are.
var development = []string{"e2e", "examples", "tools"}

// tree is a checkout of the repository.
type tree struct {
	root    string
	files   []string  // slash-separated paths of the files of the repository, see listFiles
	modules []*module // the root's module first
}

type module struct {
	dir  string // slash-separated, "." for the root
	path string
	mod  *modfile.File
}

func (m *module) released() bool {
	first, _, _ := strings.Cut(m.dir, "/")
	return !slices.Contains(development, first)
}

// tag returns the name of the tag by which the go command finds a version of m.
func (m *module) tag(version string) string {
	if m.dir == "." {
		return version
	}
	return m.dir + "/" + version
}

// released returns the modules that are part of a release.
func (t *tree) released() []*module {
	return slices.DeleteFunc(slices.Clone(t.modules), func(m *module) bool { return !m.released() })
}

// findRoot returns the root of the checkout that dir is in, or an error if it is in none.
func findRoot(dir string) (string, error) {
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && modfile.ModulePath(data) == rootPath {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside a checkout of " + rootPath)
		}
		dir = parent
	}
}

func openTree(root string) (*tree, error) {
	t := &tree{root: root}
	var err error
	if t.files, err = listFiles(root); err != nil {
		return nil, err
	}
	for _, file := range t.files {
		if path.Base(file) != "go.mod" || strings.Contains(file, "testdata/") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		mod, err := modfile.Parse(file, data, nil)
		if err != nil {
			return nil, err
		}
		m := &module{dir: path.Dir(file), path: mod.Module.Mod.Path, mod: mod}
		if want := path.Join(rootPath, m.dir); m.path != want {
			return nil, fmt.Errorf("%s: the path of this module is %s, its folder asks for %s", file, m.path, want)
		}
		t.modules = append(t.modules, m)
	}
	slices.SortFunc(t.modules, func(a, b *module) int { return strings.Compare(a.path, b.path) })
	if len(t.modules) == 0 || t.modules[0].dir != "." {
		return nil, errors.New("no go.mod in " + root)
	}
	return t, nil
}

// listFiles returns the files of the repository. With git these are the tracked files and those that git add would add.
// Without git, in an unpacked archive of the repository, they are all files except node_modules.
func listFiles(root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
		return listTracked(root)
	}
	var files []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return fs.SkipDir
		case entry.Type().IsRegular():
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

func listTracked(root string) ([]string, error) {
	out, err := git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	files := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	// A file that was deleted and not yet committed is still listed.
	files = slices.DeleteFunc(files, func(file string) bool {
		_, err := os.Lstat(filepath.Join(root, file))
		return errors.Is(err, fs.ErrNotExist)
	})
	slices.Sort(files)
	return slices.Compact(files), nil
}

func git(root string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return string(out), nil
}

package main

import (
	"archive/zip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var when = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

func rehearseSample(t *testing.T, tree *tree) (string, error) {
	var out strings.Builder
	err := rehearse(t.Context(), &out, tree, "v0.2.0", filepath.Join(tree.root, "testdata", "programs"), when)
	return out.String(), err
}

func TestRehearsal(t *testing.T) {
	out, err := rehearseSample(t, newTree(t, ""))
	require.NoError(t, err)
	for _, name := range []string{rootPath + ": works", rootPath + "/stores/redis: works", "cmd/byzantine: works"} {
		assert.Contains(t, out, name)
	}
	assert.NotContains(t, out, "/e2e")
}

// A mistake that makes a module useless for users fails the rehearsal of this module, and of no other.
func TestRehearsalFails(t *testing.T) {
	for name, c := range map[string]struct {
		file         string
		replacements []string
		want         string
	}{
		"a require of nothing":      {"stores/redis/go.mod", []string{"v0.2.0", "v0.0.0"}, rootPath + "@v0.0.0"},
		"a package that is missing": {"stores/redis/store.go", []string{`byzantine "` + rootPath + `"`, `byzantine "` + rootPath + `/gone"`}, "gone"},
		"no program":                {"testdata/programs/stores/redis/main.go", []string{"redis.Version()", "redis.Gone()"}, "redis.Gone"},
		"a program that fails":      {"testdata/programs/stores/redis/main.go", []string{"println", "panic"}, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := rehearseSample(t, newTree(t, c.file, c.replacements...))
			require.ErrorContains(t, err, c.want)
			assert.Contains(t, out, rootPath+"/stores/redis: FAILED")
			assert.Contains(t, out, rootPath+": works", "%v", err)
		})
	}
}

func TestModuleWithoutProgram(t *testing.T) {
	tree := newTree(t, "")
	write(t, tree.root, "signers/kms/go.mod", "module "+rootPath+"/signers/kms\n\ngo 1.26.0\n")
	write(t, tree.root, "signers/kms/kms.go", "package kms\n")
	again, err := openTree(tree.root)
	require.NoError(t, err)
	_, err = rehearseSample(t, again)
	assert.ErrorContains(t, err, "each released module needs a program that uses it")
}

func TestZipHoldsTheModuleAndALicence(t *testing.T) {
	tree := newTree(t, "")
	proxy := t.TempDir()
	require.NoError(t, writeProxy(proxy, tree, "v0.2.0", when))
	for _, c := range []struct {
		dir  string
		want []string
	}{
		{"", []string{"CHANGELOG.md", "LICENSE", "browser/package.json", "cmd/byzantine/main.go", "go.mod", "testdata/programs/root/main.go", "testdata/programs/stores/redis/main.go", "version.go"}},
		{"stores/redis", []string{"LICENSE", "go.mod", "store.go"}},
	} {
		path := strings.TrimSuffix(rootPath+"/"+c.dir, "/")
		archive, err := zip.OpenReader(filepath.Join(proxy, path, "@v", "v0.2.0.zip"))
		require.NoError(t, err)
		var names []string
		for _, f := range archive.File {
			names = append(names, strings.TrimPrefix(f.Name, path+"@v0.2.0/"))
		}
		require.NoError(t, archive.Close())
		assert.ElementsMatch(t, c.want, names)
	}
	assert.NoDirExists(t, filepath.Join(proxy, rootPath, "e2e"))
}

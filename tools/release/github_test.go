package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The files in .github name only things that exist, and all that they should name.

func TestDependabotKnowsEveryModule(t *testing.T) {
	root, err := findRoot(must(t)(os.Getwd()))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	require.NoError(t, err)
	list := regexp.MustCompile(`package-ecosystem: gomod\s+directories: \[(.*)\]`).FindSubmatch(text)
	require.NotNil(t, list)
	patterns := strings.Split(strings.ReplaceAll(string(list[1]), `"`, ""), ", ")
	files, err := listFiles(root)
	require.NoError(t, err)
	used := map[string]bool{}
	for _, file := range files {
		if path.Base(file) != "go.mod" {
			continue
		}
		dir := path.Join("/", path.Dir(file))
		i := slices.IndexFunc(patterns, func(pattern string) bool {
			ok, err := path.Match(pattern, dir)
			return ok && err == nil
		})
		if assert.GreaterOrEqual(t, i, 0, "dependabot.yml does not name the module in %s", dir) {
			used[patterns[i]] = true
		}
	}
	for _, pattern := range patterns {
		assert.True(t, used[pattern], "dependabot.yml names %s, where no module is", pattern)
	}
}

func TestCodeownersNamesWhatExists(t *testing.T) {
	root, err := findRoot(must(t)(os.Getwd()))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, ".github", "CODEOWNERS"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		pattern, _, _ := strings.Cut(line, " ")
		if strings.HasPrefix(pattern, "/") {
			found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
			require.NoError(t, err)
			assert.NotEmpty(t, found, pattern)
		}
	}
}

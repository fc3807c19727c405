package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample is a small repository of the same structure: a root module with a command, a store, and a module that is not
// released.
var sample = map[string]string{
	"LICENSE":      "free\n",
	"CHANGELOG.md": "# Changelog\n\n## 0.2.0 - 2026-12-01\n\n### Added\n- All.\n\n### Migration\n- Nothing.\n\n## 0.1.0 - 2026-01-01\n- First.\n",
	"go.mod":       "module " + rootPath + "\n\ngo 1.26.0\n",
	"version.go":   "package byzantine\n\nconst version = \"0.2.0\"\n\nfunc Version() string { return version }\n",
	"cmd/byzantine/main.go": "package main\n\nimport (\n\t\"fmt\"\n\t\"runtime/debug\"\n)\n\nfunc main() {\n" +
		"\tinfo, _ := debug.ReadBuildInfo()\n\tfmt.Println(\"byzantine\", info.Main.Version)\n}\n",
	"browser/package.json": `{"version": "0.2.0"}`,
	"stores/redis/go.mod": "module " + rootPath + "/stores/redis\n\ngo 1.26.0\n\nrequire " + rootPath + " v0.2.0\n\n" +
		"replace " + rootPath + " => ../..\n",
	"stores/redis/store.go":          "package redis\n\nimport byzantine \"" + rootPath + "\"\n\nfunc Version() string { return byzantine.Version() }\n",
	"e2e/go.mod":                     "module " + rootPath + "/e2e\n\ngo 1.26.0\n\nrequire " + rootPath + " v0.2.0\n\nreplace " + rootPath + " => ../\n",
	"e2e/e2e.go":                     "package e2e\n",
	"testdata/programs/root/main.go": "package main\n\nimport byzantine \"" + rootPath + "\"\n\nfunc main() { println(byzantine.Version()) }\n",
	"testdata/programs/stores/redis/main.go": "package main\n\nimport \"" + rootPath + "/stores/redis\"\n\n" +
		"func main() { println(redis.Version()) }\n",
}

// newTree writes the sample to a temporary folder and returns it as a tree. replacements are pairs of an old and a new text,
// which it replaces in the sample's file called file; if file is "", it replaces nothing.
func newTree(t *testing.T, file string, replacements ...string) *tree {
	t.Helper()
	root := t.TempDir()
	for name, text := range sample {
		if name == file {
			changed := strings.NewReplacer(replacements...).Replace(text)
			require.NotEqual(t, text, changed, "nothing was replaced in %s", file)
			text = changed
		}
		write(t, root, name, text)
	}
	tree, err := openTree(root)
	require.NoError(t, err)
	return tree
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o666))
}

func runGit(t *testing.T, root string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryPlaceOfTheVersionIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		file         string
		replacements []string
		want         string
	}{
		"the constant":     {"version.go", []string{"0.2.0", "0.1.0"}, "constant says v0.1.0"},
		"no constant":      {"version.go", []string{"const version", "var version"}, "there are 0"},
		"the npm package":  {"browser/package.json", []string{"0.2.0", "0.1.9"}, "package.json says v0.1.9"},
		"a require":        {"stores/redis/go.mod", []string{"v0.2.0", "v0.0.0"}, "stores/redis/go.mod requires " + rootPath + " v0.0.0"},
		"no replacement":   {"stores/redis/go.mod", []string{"replace", "// replace"}, "should replace " + rootPath},
		"another folder":   {"stores/redis/go.mod", []string{"=> ../..", "=> ../../elsewhere"}, "should replace " + rootPath},
		"of a foreign one": {"stores/redis/go.mod", []string{"=> ../..", "=> ../..\nreplace example.com/fork => ../fork"}, "replaces example.com/fork"},
		"in the root":      {"go.mod", []string{"go 1.26.0", "go 1.26.0\nreplace example.com/fork => ../fork"}, "go install rejects"},
		"for development":  {"e2e/go.mod", []string{"v0.2.0", "v0.1.0"}, "e2e/go.mod requires"},
		"of an unreleased": {"stores/redis/go.mod", []string{"replace", "require " + rootPath + "/e2e v0.2.0\nreplace"}, "not released"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, checkVersion(newTree(t, c.file, c.replacements...), "v0.2.0"), c.want)
		})
	}
	assert.NoError(t, checkVersion(newTree(t, ""), "v0.2.0"))
}

func TestSecondVersionConstant(t *testing.T) {
	tree := newTree(t, "")
	write(t, tree.root, "internal/call/call.go", "package call\n\nconst version = \"0.2.0\"\n")
	again, err := openTree(tree.root)
	require.NoError(t, err)
	assert.ErrorContains(t, checkVersion(again, "v0.2.0"), "there are 2")
}

func TestModuleInTheWrongFolder(t *testing.T) {
	tree := newTree(t, "")
	write(t, tree.root, "signers/kms/go.mod", "module "+rootPath+"/signers/awskms\n")
	_, err := openTree(tree.root)
	assert.ErrorContains(t, err, "its folder asks for "+rootPath+"/signers/kms")
}

func TestChangelog(t *testing.T) {
	good := sample["CHANGELOG.md"]
	for name, c := range map[string]struct{ changelog, version, want string }{
		"whole":                     {good, "v0.2.0", ""},
		"with brackets":             {strings.Replace(good, "## 0.2.0", "## [0.2.0]", 1), "v0.2.0", ""},
		"an empty Unreleased":       {strings.Replace(good, "## 0.2.0", "## Unreleased\n\n## 0.2.0", 1), "v0.2.0", ""},
		"no section":                {good, "v0.3.0", `no section "## 0.3.0`},
		"no date":                   {strings.Replace(good, " - 2026-12-01", "", 1), "v0.2.0", "no section"},
		"no line":                   {strings.NewReplacer("- All.", "", "- Nothing.", "").Replace(good), "v0.2.0", "is empty"},
		"no migration notes":        {strings.Replace(good, "### Migration", "### Fixed", 1), "v0.2.0", "no migration notes"},
		"a patch needs no notes":    {strings.NewReplacer("0.2.0", "0.2.1", "### Migration", "### Fixed").Replace(good), "v0.2.1", ""},
		"a minor of 1 needs none":   {strings.NewReplacer("0.2.0", "1.2.0", "### Migration", "### Fixed").Replace(good), "v1.2.0", ""},
		"lines are left Unreleased": {strings.Replace(good, "## 0.2.0", "## Unreleased\n- More.\n\n## 0.2.0", 1), "v0.2.0", "lines under Unreleased"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkChangelog(c.changelog, c.version)
			if c.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.want)
			}
		})
	}
}

// Before the release, its lines are under Unreleased. A rehearsal checks these, and says what a person still has to do.
func TestChangelogInARehearsal(t *testing.T) {
	good := sample["CHANGELOG.md"]
	before := strings.Replace(good, "## 0.2.0 - 2026-12-01", "## Unreleased", 1)
	for name, c := range map[string]struct{ changelog, version, instruction, want string }{
		"dated":                  {good, "v0.2.0", "", ""},
		"not yet dated":          {before, "v0.2.0", `write "## 0.2.0 - YYYY-MM-DD" in place of "## Unreleased"`, ""},
		"no migration notes":     {strings.Replace(before, "### Migration", "### Fixed", 1), "v0.2.0", "in place of", "Unreleased has no migration notes"},
		"nothing under it":       {"# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-01-01\n- First.\n", "v0.2.0", "", `no section "## 0.2.0`},
		"dated, and lines after": {strings.Replace(good, "## 0.2.0", "## Unreleased\n- More.\n\n## 0.2.0", 1), "v0.2.0", "", "lines under Unreleased"},
		"a heading without date": {strings.Replace(good, " - 2026-12-01", "", 1), "v0.2.0", "", "no section"},
	} {
		t.Run(name, func(t *testing.T) {
			instruction, err := rehearseChangelog(c.changelog, c.version)
			assert.Contains(t, instruction, c.instruction)
			assert.Equal(t, c.instruction == "", instruction == "")
			if c.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestCommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	tree := newTree(t, "")
	runGit(t, tree.root, "init", "-q")
	runGit(t, tree.root, "commit", "-q", "--allow-empty", "-m", "first")
	runGit(t, tree.root, "add", ".")
	assert.ErrorContains(t, checkCommit(tree, "v0.2.0"), "not committed")
	runGit(t, tree.root, "commit", "-q", "-m", "all")
	assert.NoError(t, checkCommit(tree, "v0.2.0"))
	runGit(t, tree.root, "tag", "stores/redis/v0.2.0")
	assert.NoError(t, checkCommit(tree, "v0.2.0"), "the tag is on this commit")
	runGit(t, tree.root, "commit", "-q", "--allow-empty", "-m", "more")
	assert.ErrorContains(t, checkCommit(tree, "v0.2.0"), "stores/redis/v0.2.0 exists on another commit")

	write(t, tree.root, ".gitignore", "/node_modules/\n")
	write(t, tree.root, "node_modules/x/index.js", "")
	write(t, tree.root, "new.go", "package byzantine\n")
	again, err := openTree(tree.root)
	require.NoError(t, err)
	assert.Contains(t, again.files, "new.go")
	assert.NotContains(t, again.files, "node_modules/x/index.js", "what git ignores is in no module")
}

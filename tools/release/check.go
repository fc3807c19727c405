package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// checkVersion checks that everything in the tree that contains the version has this one: the version constant, the npm
// package, and what the modules require of each other.
func checkVersion(t *tree, version string) error {
	var problems []error
	if constant, err := versionConstant(t); err != nil {
		problems = append(problems, err)
	} else if constant != version {
		problems = append(problems, fmt.Errorf("the version constant says %s, not %s", constant, version))
	}
	if npm, err := npmVersion(t); err != nil {
		problems = append(problems, err)
	} else if npm != version {
		problems = append(problems, fmt.Errorf("browser/package.json says %s, not %s", npm, version))
	}
	problems = append(problems, checkRequires(t, version)...)
	return errors.Join(problems...)
}

// versionConstant returns the value, with a v in front, of the constant version, of which the root module must have
// exactly one.
func versionConstant(t *tree) (string, error) {
	var found []string
	for _, file := range t.files {
		if path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") || path.Dir(file) != "." && !strings.HasPrefix(file, "internal/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(t.root, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		for _, value := range constants(parsed, "version") {
			found = append(found, "v"+value)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("one text constant should be called version, there are %d", len(found))
	}
	return found[0], nil
}

func constants(file *ast.File, name string) []string {
	var values []string
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, ident := range spec.Names {
				if ident.Name != name || i >= len(spec.Values) {
					continue
				}
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					value, _ := strconv.Unquote(literal.Value)
					values = append(values, value)
				}
			}
		}
	}
	return values
}

func npmVersion(t *tree) (string, error) {
	data, err := os.ReadFile(filepath.Join(t.root, "browser", "package.json"))
	if err != nil {
		return "", err
	}
	var manifest struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", fmt.Errorf("browser/package.json: %w", err)
	}
	return "v" + manifest.Version, nil
}

// checkRequires checks that the modules of this repository require each other at this version, and replace each other
// by folders of the tree for development. Other replacements are errors, because they do not apply for users.
func checkRequires(t *tree, version string) []error {
	var problems []error
	ours := make(map[string]*module, len(t.modules))
	for _, m := range t.modules {
		ours[m.path] = m
	}
	for _, m := range t.modules {
		replaced := make(map[string]string)
		for _, r := range m.mod.Replace {
			replaced[r.Old.Path] = r.New.Path
			if ours[r.Old.Path] == nil {
				problems = append(problems, fmt.Errorf("%s replaces %s: users would not", m.mod.Syntax.Name, r.Old.Path))
			}
		}
		for _, r := range m.mod.Require {
			sibling := ours[r.Mod.Path]
			switch {
			case sibling == nil:
			case r.Mod.Version != version:
				problems = append(problems, fmt.Errorf("%s requires %s %s, not %s", m.mod.Syntax.Name, r.Mod.Path, r.Mod.Version, version))
			case !sibling.released():
				problems = append(problems, fmt.Errorf("%s requires %s, which is not released", m.mod.Syntax.Name, r.Mod.Path))
			case path.Join(m.dir, replaced[r.Mod.Path]) != sibling.dir:
				problems = append(problems, fmt.Errorf("%s should replace %s by its folder", m.mod.Syntax.Name, r.Mod.Path))
			}
		}
	}
	if root := t.modules[0]; len(root.mod.Replace) > 0 {
		problems = append(problems, errors.New("go.mod has replacements: go install rejects such a module"))
	}
	return problems
}

// checkChangelog checks that the changelog has a dated section for the version, that this section has migration notes
// if the version may break callers, and that there are no lines under Unreleased.
func checkChangelog(changelog, version string) error {
	number := strings.TrimPrefix(version, "v")
	heading := regexp.MustCompile(`(?m)^## \[?` + regexp.QuoteMeta(number) + `\]? - \d{4}-\d{2}-\d{2}$`)
	at := heading.FindStringIndex(changelog)
	if at == nil {
		return fmt.Errorf("CHANGELOG.md has no section %q", "## "+number+" - YYYY-MM-DD")
	}
	section, _, _ := strings.Cut(changelog[at[1]:], "\n## ")
	err := checkSection(section, "the section of "+number, version)
	if strings.TrimSpace(unreleased(changelog)) != "" {
		err = errors.Join(err, errors.New("CHANGELOG.md: there are lines under Unreleased"))
	}
	return err
}

// rehearseChangelog is checkChangelog for a rehearsal, before a person has dated the section. If the changelog has no
// section for the version, it checks the lines under Unreleased instead, and instruction says how to date them;
// otherwise instruction is empty.
func rehearseChangelog(changelog, version string) (instruction string, err error) {
	number := strings.TrimPrefix(version, "v")
	open := unreleased(changelog)
	if regexp.MustCompile(`(?m)^## \[?`+regexp.QuoteMeta(number)+`\b`).MatchString(changelog) || strings.TrimSpace(open) == "" {
		return "", checkChangelog(changelog, version)
	}
	return fmt.Sprintf("in CHANGELOG.md write %q in place of %q, with the day of the release, and commit", "## "+number+" - YYYY-MM-DD", "## Unreleased"),
		checkSection(open, "Unreleased", version)
}

// unreleased returns the lines under the heading Unreleased, "" if there is no such heading.
func unreleased(changelog string) string {
	at := regexp.MustCompile(`(?m)^## \[?Unreleased\]?$`).FindStringIndex(changelog)
	if at == nil {
		return ""
	}
	section, _, _ := strings.Cut(changelog[at[1]:], "\n## ")
	return section
}

func checkSection(section, name, version string) error {
	var problems []error
	if !strings.Contains(section, "\n- ") {
		problems = append(problems, fmt.Errorf("CHANGELOG.md: %s is empty", name))
	}
	if mayBreak(version) && !regexp.MustCompile(`(?m)^### Migrat`).MatchString(section) {
		problems = append(problems, fmt.Errorf("CHANGELOG.md: %s has no migration notes (### Migration)", name))
	}
	return errors.Join(problems...)
}

// mayBreak reports whether this version may break callers of the version before, by the rules of semantic versioning.
func mayBreak(version string) bool {
	var major, minor, patch int
	fmt.Sscanf(semver.Canonical(version), "v%d.%d.%d", &major, &minor, &patch)
	return patch == 0 && (major == 0 || minor == 0)
}

// checkCommit checks that the tree has no uncommitted changes and that no tag of the release exists already on another
// commit. A tag on this commit is allowed, because the workflow of a release runs after it was made.
func checkCommit(t *tree, version string) error {
	var problems []error
	status, err := git(t.root, "status", "--porcelain")
	if err != nil {
		return err
	}
	if status != "" {
		problems = append(problems, fmt.Errorf("there are changes that are not committed:\n%s", status))
	}
	head, err := git(t.root, "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	for _, m := range t.released() {
		tag := m.tag(version)
		if commit, err := git(t.root, "rev-parse", "--verify", "--quiet", "refs/tags/"+tag+"^{commit}"); err == nil && commit != head {
			problems = append(problems, fmt.Errorf("the tag %s exists on another commit", tag))
		}
	}
	return errors.Join(problems...)
}

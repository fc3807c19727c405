package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module     = "github.com/byzantine-finance/byzantine-go"
	repository = "../.."
	maxLines   = 450
)

// floors lists the packages by height. A package may import only packages of lower floors. A package that is not
// listed, such as a command or an example, is on the roof, above all floors; it may also import other packages on the
// roof. A name that ends with a slash means all packages in that folder.
var floors = [][]string{
	{"internal/errtext"},
	{"internal/jitter", "internal/jsontest", "internal/keyenv", "internal/longtest", "internal/movinglist", "internal/options", "internal/p256", "internal/spelling", "internal/wire", "browser"},
	{"internal/call", "internal/contract"},
	{"."},
	{"passkey", "webhook", "turnkey", "internal/remotekey"},
	{"passkeytest", "webhook/webhooktest", "internal/fake", "stores/", "signers/", "otelbyzantine"},
	{"turnkeytest"},
	{"byzantinetest"},
}

// roof is the height of all packages that are not in floors.
var roof = len(floors)

// standardOnly are packages that import only the standard library and this module, although they are above the root
// package. The root package and those below it must do so too.
var standardOnly = []string{"webhook", "webhook/webhooktest", "turnkey", "turnkeytest"}

// webAuthn are the packages that may import libraries of WebAuthn and CBOR. internal/fake checks passkeys for the two fakes.
var webAuthn = []string{"passkey", "passkeytest", "byzantinetest", "internal/fake", "benchmarks"}

func floorOf(pkg string) int {
	for height, packages := range floors {
		for _, name := range packages {
			if name == pkg || (strings.HasSuffix(name, "/") && strings.HasPrefix(pkg, name)) {
				return height
			}
		}
	}
	return roof
}

// source is one Go file that is not a test.
type source struct {
	file, pkg string // relative to the repository
	lines     int
	syntax    *ast.File
}

func (s *source) imports() (paths []string) {
	for _, spec := range s.syntax.Imports {
		text, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, text)
	}
	return paths
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(repository, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == "node_modules" || name == "testdata" || (strings.HasPrefix(name, ".") && file != repository)) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(repository, file)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		all = append(all, source{relative, path.Dir(relative), bytes.Count(text, []byte("\n")), syntax})
		return nil
	}))
	require.Greater(t, len(all), 150, "the repository is there")
	return all
}

// inModule returns the package of this repository that an import path names, as in source.pkg; ok is false for other
// modules.
func inModule(importPath string) (pkg string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// mayImport reports whether package from of this repository may import package to, see floors.
func mayImport(from, to string) bool {
	height := floorOf(from)
	return floorOf(to) < height || (height == roof && floorOf(to) == roof)
}

func TestNoImportRunsUpward(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		for _, importPath := range s.imports() {
			if pkg, ok := inModule(importPath); ok {
				seen++
				assert.True(t, mayImport(s.pkg, pkg), "%s imports %s, which does not stand on a lower floor", s.file, pkg)
			}
		}
	}
	assert.Greater(t, seen, 100)
}

// The rule of mayImport itself rejects these imports.
func TestUpwardImportsAreFound(t *testing.T) {
	for _, c := range [][2]string{
		{"internal/call", "."}, {"internal/wire", "internal/call"}, {".", "passkey"}, {".", "internal/house"}, {"webhook", "turnkey"},
		{"passkeytest", "byzantinetest"}, {"turnkeytest", "byzantinetest"}, {"webhook/webhooktest", "byzantinetest"},
		{"otelbyzantine", "byzantinetest"}, {"byzantinetest", "cmd/byzantine"},
	} {
		assert.False(t, mayImport(c[0], c[1]), "%s imports %s", c[0], c[1])
	}
	assert.True(t, mayImport("simulation/simulate", "simulation"))
}

func TestEveryPackageOfTheFloorsIsThere(t *testing.T) {
	there := map[string]bool{}
	for _, s := range sources(t) {
		there[s.pkg] = true
		there[path.Dir(s.pkg)+"/"] = true
	}
	for _, pkg := range slices.Concat(floors...) {
		assert.True(t, there[pkg] || pkg == "otelbyzantine", pkg) // otelbyzantine comes with the Tracer
	}
}

// The root package imports the standard library only, so that its users get no other modules. Only packages in webAuthn
// and those of e2e import libraries of WebAuthn and CBOR.
func TestForeignImports(t *testing.T) {
	rootHeight := floorOf(".")
	for _, s := range sources(t) {
		for _, importPath := range s.imports() {
			first, _, _ := strings.Cut(importPath, "/")
			if _, own := inModule(importPath); own || !strings.Contains(first, ".") {
				continue
			}
			assert.False(t, floorOf(s.pkg) <= rootHeight || slices.Contains(standardOnly, s.pkg), "%s imports %s", s.file, importPath)
			if strings.Contains(importPath, "webauthn") || strings.Contains(importPath, "cbor") {
				assert.True(t, slices.Contains(webAuthn, s.pkg) || strings.HasPrefix(s.pkg, "e2e"), "%s imports %s", s.file, importPath)
			}
		}
	}
}

// A func init that changes another package is a dependency that no reader sees.
func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, declaration := range s.syntax.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
				assert.NotEqual(t, "init", f.Name.Name, s.file)
			}
		}
	}
}

func TestFilesAreReadInOneSitting(t *testing.T) {
	for _, s := range sources(t) {
		assert.LessOrEqual(t, s.lines, maxLines, "%s has too many lines", s.file)
	}
}

// Every file or folder that docs/architecture.md names exists.
func TestArchitecturePageNamesWhatIsThere(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs/architecture.md"))
	require.NoError(t, err)
	names := 0
	for _, match := range regexp.MustCompile("`([a-z0-9_./]+)`").FindAllStringSubmatch(string(text), -1) {
		name := match[1]
		if (!strings.Contains(name, "/") && !strings.HasSuffix(name, ".go")) || name == "encoding/json" || name == "testing/synctest" {
			continue
		}
		names++
		_, err := os.Stat(filepath.Join(repository, name))
		assert.NoError(t, err, "docs/architecture.md names %s", name)
	}
	assert.Greater(t, names, 60)
}

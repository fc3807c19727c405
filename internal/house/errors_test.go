package house

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// Every exported function of the root module's public packages that returns an error must be in mistakes, which makes
// it fail and checks the text, or in excused.
func TestErrorTextsBeginWithTheirPackageOnce(t *testing.T) {
	cases := mistakes(t)
	seen := map[string]bool{}
	for _, name := range failing(t) {
		seen[name] = true
		fail, listed := cases[name]
		_, isExcused := excused[name]
		assert.True(t, listed != isExcused, "%s stands in one of mistakes and excused", name)
		if !listed {
			continue
		}
		err := fail()
		if assert.Error(t, err, name) {
			assert.Empty(t, errtext.Flaw(err.Error()), "%s: %q", name, err)
		}
	}
	for name := range cases {
		assert.True(t, seen[name], "mistakes has %s, which is not there", name)
	}
	for name := range excused {
		assert.True(t, seen[name], "excused has %s, which is not there", name)
	}
	assert.Greater(t, len(cases), 100)
}

// ofRequest matches the receivers of Validate methods that package wire calls for a field of a request. Their errors
// name the field and have no package name; the error that the caller gets wraps them in a *byzantine.FieldError.
var ofRequest = regexp.MustCompile(`(Request|Param|Details|Document|IntentV2)\.$`)

// failing lists the exported functions and methods of the root module's public packages that return an error. It leaves
// out Unwrap, Is, and the Validate methods of ofRequest.
func failing(t *testing.T) (names []string) {
	for _, s := range sources(t) {
		if !isPublic(s.pkg) || slices.ContainsFunc(nested, func(module string) bool { return strings.HasPrefix(s.pkg, module) }) {
			continue
		}
		for _, declaration := range s.syntax.Decls {
			d, isFunc := declaration.(*ast.FuncDecl)
			if !isFunc || !d.Name.IsExported() || !ast.IsExported(strings.TrimSuffix(receiver(d), ".")) && d.Recv != nil || !returnsError(d) {
				continue
			}
			if d.Name.Name == "Unwrap" || d.Name.Name == "Is" || d.Name.Name == "Validate" && ofRequest.MatchString(receiver(d)) {
				continue
			}
			pkg := path.Base(s.pkg)
			if s.pkg == "." {
				pkg = "byzantine"
			}
			names = append(names, pkg+"."+receiver(d)+d.Name.Name)
		}
	}
	return names
}

// nested are the folders of modules with a go.mod of their own, each of which has a test of its errors.
var nested = []string{"stores/", "signers/", "otelbyzantine"}

// The text of an exported error variable (Err...) begins with the name of its package, because users print it too.
func TestSentinelTextsBeginWithTheirPackage(t *testing.T) {
	found := 0
	for _, s := range sources(t) {
		if !isPublic(s.pkg) {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			spec, isValue := n.(*ast.ValueSpec)
			if !isValue || len(spec.Names) != 1 || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Err") {
				return true
			}
			found++
			text := ""
			ast.Inspect(spec.Values[0], func(n ast.Node) bool {
				if literal, is := n.(*ast.BasicLit); is && text == "" {
					text = strings.Trim(literal.Value, `"`)
				}
				return true
			})
			assert.Empty(t, errtext.Flaw(text+"."), "%s in %s: %q", spec.Names[0].Name, s.file, text)
			return true
		})
	}
	assert.Greater(t, found, 25)
}

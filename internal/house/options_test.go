package house

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// isPublic reports whether pkg is for users to import: no element of its path is a folder of tests, tools, programs or
// examples.
func isPublic(pkg string) bool {
	for _, folder := range strings.Split(pkg, "/") {
		if slices.Contains([]string{"internal", "cmd", "examples", "simulation", "e2e", "tools", "benchmarks", "browser", "scripts"}, folder) {
			return false
		}
	}
	return true
}

// panicking are constructors for tests that panic if an option is invalid, as httptest.NewServer does if it cannot
// listen. Except for NewAuthenticator, each has an exported counterpart that returns the error instead.
var panicking = []string{
	"byzantinetest.NewServer", "byzantinetest.Server.Client", "passkeytest.NewAuthenticator", "turnkeytest.Server.Client",
}

// In public packages an option is a function that returns an error, and so does every function that takes options, except
// for those in panicking. A nil option is an error too: package internal/options, which applies all of them, returns it.
func TestOptionsReturnErrors(t *testing.T) {
	types, takers := 0, 0
	for _, s := range sources(t) {
		if !isPublic(s.pkg) {
			continue
		}
		for _, declaration := range s.syntax.Decls {
			switch d := declaration.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					named, isType := spec.(*ast.TypeSpec)
					if !isType || !named.Name.IsExported() {
						continue
					}
					name := path.Base(s.pkg) + "." + named.Name.Name
					for _, suffix := range []string{"Config", "Settings", "Options"} {
						assert.False(t, strings.HasSuffix(name, suffix), "%s: constructors take options", name)
					}
					if strings.HasSuffix(name, "Option") {
						types++
						f, isFunc := named.Type.(*ast.FuncType)
						assert.True(t, isFunc && f.Params.NumFields() == 1 && f.Results.NumFields() == 1 && isError(f.Results.List[0].Type),
							"%s must be a func(...) error", name)
						assert.True(t, strings.Contains(d.Doc.Text(), "nil one"), "%s: the doc comment says what a nil option is", name)
					}
				}
			case *ast.FuncDecl:
				if !d.Name.IsExported() || !takesOptions(d) {
					continue
				}
				takers++
				name := path.Base(s.pkg) + "." + receiver(d) + d.Name.Name
				if slices.Contains(panicking, name) {
					assert.Contains(t, d.Doc.Text(), "panics", name)
				} else {
					assert.True(t, returnsError(d), "%s takes options and must return an error", name)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, types, 8)
	assert.Greater(t, takers, 60)
}

// takesOptions reports whether the last parameter is variadic, of a type whose name ends with Option.
func takesOptions(d *ast.FuncDecl) bool {
	if d.Type.Params.NumFields() == 0 {
		return false
	}
	list, variadic := d.Type.Params.List[len(d.Type.Params.List)-1].Type.(*ast.Ellipsis)
	return variadic && strings.HasSuffix(typeName(list.Elt), "Option")
}

// typeName returns the name of a type without its package and without *, "" for a type that has no name.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return typeName(e.X)
	}
	return ""
}

func isError(e ast.Expr) bool { return typeName(e) == "error" }

// returnsError reports whether a function's last result is an error, or an iterator that yields one.
func returnsError(d *ast.FuncDecl) bool {
	if d.Type.Results.NumFields() == 0 {
		return false
	}
	last := d.Type.Results.List[len(d.Type.Results.List)-1].Type
	sequence, generic := last.(*ast.IndexListExpr)
	return isError(last) || generic && typeName(sequence.X) == "Seq2" && isError(sequence.Indices[len(sequence.Indices)-1])
}

// receiver returns the type of a method's receiver and a dot, such as "Client.", and "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	return typeName(d.Recv.List[0].Type) + "."
}

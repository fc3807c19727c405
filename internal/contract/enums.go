package contract

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

// Constants lists the values of the exported constants of each named type in the Go files of a folder: the text of a
// string, the digits of a number. Reflection cannot list constants. If tests is true, it reads only the test files,
// otherwise only the others.
func Constants(dir string, tests bool) (map[string][]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(set, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("contract: %w", err)
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("contract: no Go files in %s", dir)
	}
	// The constants of the package's own types need no imports, so errors about imports are ignored.
	config := types.Config{
		IgnoreFuncBodies: true,
		Importer:         noImports{},
		Error:            func(error) {},
	}
	pkg, _ := config.Check("constants", set, files, nil)
	values := map[string][]string{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || !c.Exported() {
			continue
		}
		named, ok := types.Unalias(c.Type()).(*types.Named)
		if !ok || named.Obj().Pkg() != pkg {
			continue
		}
		if c.Val().Kind() == constant.Unknown {
			return nil, fmt.Errorf("contract: the value of %s cannot be read", name)
		}
		typeName := named.Obj().Name()
		values[typeName] = append(values[typeName], text(c.Val()))
	}
	return values, nil
}

func text(v constant.Value) string {
	if v.Kind() == constant.String {
		return constant.StringVal(v)
	}
	return v.ExactString()
}

type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is not imported", path)
}

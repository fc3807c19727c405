package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// notForImport are names of folders whose packages are not for users to import, so that they are not listed.
var notForImport = []string{"internal", "testdata", "node_modules", "examples", "benchmarks", "e2e", "tools", "simulation"}

// list returns the lines of all packages below root, sorted.
func list(root string) ([]string, error) {
	var lines []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (slices.Contains(notForImport, name) || strings.HasPrefix(name, ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil || file.Name.Name == "main" {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		p := printer{fset: fset, prefix: "pkg " + filepath.ToSlash(folder) + ", ", lines: &lines}
		for _, declaration := range file.Decls {
			p.declaration(declaration)
		}
		return err
	})
	slices.Sort(lines)
	return slices.Compact(lines), err // a file for each operating system may declare the same
}

type printer struct {
	fset   *token.FileSet
	prefix string
	lines  *[]string
}

func (p printer) line(text string, args ...any) {
	*p.lines = append(*p.lines, p.prefix+fmt.Sprintf(text, args...))
}

// source prints a node of the syntax tree on one line.
func (p printer) source(node any) string {
	var b bytes.Buffer
	if err := format.Node(&b, p.fset, node); err != nil {
		panic(err) // it was parsed
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (p printer) declaration(declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() {
			return
		}
		if d.Recv == nil {
			p.line("func %s%s", d.Name, p.signature(d.Type))
		} else if receiver := p.source(d.Recv.List[0].Type); ast.IsExported(strings.TrimLeft(receiver, "*")) {
			p.line("method (%s) %s%s", receiver, d.Name, p.signature(d.Type))
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				p.values(d.Tok.String(), s)
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					p.typeSpec(s)
				}
			}
		}
	}
}

func (p printer) values(kind string, s *ast.ValueSpec) {
	for i, name := range s.Names {
		if !name.IsExported() {
			continue
		}
		text := kind + " " + name.Name
		if s.Type != nil {
			text += " " + p.source(s.Type)
		}
		if kind == "const" && i < len(s.Values) {
			text += " = " + p.source(s.Values[i])
		}
		p.line("%s", text)
	}
}

func (p printer) typeSpec(s *ast.TypeSpec) {
	name := "type " + s.Name.Name + p.typeParameters(s.TypeParams)
	switch t := s.Type.(type) {
	case *ast.StructType:
		p.line("%s struct", name)
		for _, f := range t.Fields.List {
			tag := ""
			if f.Tag != nil {
				tag = " " + f.Tag.Value
			}
			for _, n := range f.Names {
				if n.IsExported() {
					p.line("%s struct, %s %s%s", name, n.Name, p.source(f.Type), tag)
				}
			}
			if embedded := p.source(f.Type); f.Names == nil && ast.IsExported(embedded[strings.LastIndexAny(embedded, ".*")+1:]) {
				p.line("%s struct, embeds %s%s", name, embedded, tag)
			}
		}
	case *ast.InterfaceType:
		p.line("%s interface", name)
		for _, f := range t.Methods.List {
			method, isMethod := f.Type.(*ast.FuncType)
			switch {
			case !isMethod:
				p.line("%s interface, embeds %s", name, p.source(f.Type))
			case f.Names[0].IsExported():
				p.line("%s interface, %s%s", name, f.Names[0].Name, p.signature(method))
			default:
				p.line("%s interface, unexported methods", name)
			}
		}
	case *ast.FuncType:
		p.line("%s func%s", name, p.signature(t))
	default:
		equals := " "
		if s.Assign.IsValid() {
			equals = " = "
		}
		p.line("%s%s%s", name, equals, p.source(s.Type))
	}
}

// signature prints parameters and results without their names: callers do not depend on these.
func (p printer) signature(t *ast.FuncType) string {
	types := func(list *ast.FieldList) string {
		var all []string
		if list != nil {
			for _, f := range list.List {
				for range max(1, len(f.Names)) {
					all = append(all, p.source(f.Type))
				}
			}
		}
		return "(" + strings.Join(all, ", ") + ")"
	}
	text := p.typeParameters(t.TypeParams) + types(t.Params)
	if t.Results != nil {
		text += " " + types(t.Results)
	}
	return text
}

func (p printer) typeParameters(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, f := range list.List {
		for _, n := range f.Names {
			all = append(all, n.Name+" "+p.source(f.Type))
		}
	}
	return "[" + strings.Join(all, ", ") + "]"
}

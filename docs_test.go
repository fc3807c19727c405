package byzantine_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

var updateDocs = flag.Bool("update-docs", false, "write docs/operations.md instead of comparing with it")

// docPages returns the text of all pages for users, by path.
func docPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "browser/*.md"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			pages[filepath.ToSlash(name)] = string(text)
		}
	}
	require.Contains(t, pages, "README.md")
	require.Contains(t, pages, "docs/errors.md")
	return pages
}

// Each block of Go code on a page is part of a file that is compiled; a comment before the block names the file.
func TestCodeInDocsStandsInCompiledFiles(t *testing.T) {
	blocks := regexp.MustCompile("(?s)(?:<!-- (\\S+\\.go) -->\n)?```go\n(.*?)```")
	count := 0
	for page, text := range docPages(t) {
		for _, block := range blocks.FindAllStringSubmatch(text, -1) {
			count++
			file, code := block[1], block[2]
			if !assert.NotEmpty(t, file, "%s: a block does not name its file: %s", page, code) {
				continue
			}
			source, err := os.ReadFile(file)
			if assert.NoError(t, err, page) {
				assert.True(t, strings.Contains(string(source), code), "%s: this code is not in %s any more: copy it from there again:\n%s", page, file, code)
			}
			if page != "README.md" && page != "docs/sandbox.md" {
				assert.NotContains(t, code, "byzantinetest.", "%s: code for production names a test package", page)
			}
		}
	}
	assert.Greater(t, count, 10)
}

// A link to a file of the repository leads to an existing file, and its fragment to a heading of that.
func TestLinksInDocsLeadSomewhere(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	pages := docPages(t)
	count := 0
	for page, text := range pages {
		for _, link := range links.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			target, fragment, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, ":") {
				continue // a link to another site
			}
			count++
			file := page
			if target != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
			}
			if _, err := os.Stat(file); !assert.NoError(t, err, "%s: %s", page, link[1]) || fragment == "" {
				continue
			}
			assert.Contains(t, headings(pages[file]), fragment, "%s: %s", page, link[1])
		}
	}
	assert.Greater(t, count, 30)
}

// headings returns the fragments by which links refer to the headings of a page.
func headings(page string) (fragments []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		fragments = append(fragments, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, heading[1]))
	}
	return fragments
}

// Every page of docs is in the index, docs/README.md.
func TestDocsIndexIsComplete(t *testing.T) {
	pages := docPages(t)
	for page := range pages {
		if name, ok := strings.CutPrefix(page, "docs/"); ok && name != "README.md" {
			assert.Contains(t, pages["docs/README.md"], "("+name+")")
		}
	}
}

// Every operation whose outcome can be unknown is in the table that says how to check the outcome.
func TestOutcomeTableIsComplete(t *testing.T) {
	_, table, found := strings.Cut(docPages(t)["docs/errors.md"], "## After `ErrOutcomeUnknown`")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n## ")
	ids := map[string]string{}
	for op := range byzantine.Operations() {
		ids[methodOf(t, op)] = string(op.ID)
		if !op.Retryable {
			assert.Contains(t, table, "`"+methodOf(t, op)+"`", op.ID)
		}
	}
	quoted := regexp.MustCompile("`(\\w+)`")
	for _, row := range regexp.MustCompile(`(?m)^\| (`+"`"+`.*?) \| (.*?) \| (.*) \|$`).FindAllStringSubmatch(table, -1) {
		var operations []string
		for _, method := range quoted.FindAllStringSubmatch(row[1], -1) {
			operations = append(operations, "`"+ids[method[1]]+"`")
		}
		assert.Equal(t, strings.Join(operations, ", "), row[2], "the operations of %s", row[1])
		for _, check := range quoted.FindAllStringSubmatch(row[3], -1) {
			if id := ids[check[1]]; id != "" && strings.ReplaceAll(id, "_", "") != strings.ToLower(check[1]) {
				assert.Contains(t, []string{"ListWebhookSubscriptions", "ListWebhookDeliveries"}, check[1], "the page names these as exceptions")
			}
		}
	}
}

// methodOf returns the name of the client method of an operation: the name of its request type without "Request".
func methodOf(t *testing.T, op byzantine.Operation) string {
	t.Helper()
	if request := op.NewRequest(); request != nil {
		return strings.TrimSuffix(reflect.TypeOf(request).Elem().Name(), "Request")
	}
	name, ok := map[string]string{"/v1/health": "HealthCheck", "/v1/integrator/whoami": "Whoami"}[op.Path]
	require.True(t, ok, op.Path)
	return name
}

// docs/operations.md is generated from the table of operations and the doc comments of the methods.
func TestOperationsPage(t *testing.T) {
	methods, constants := clientMethods(t), operationConstants(t)
	var page strings.Builder
	page.WriteString("# Operations\n\n" +
		"All operations of the API are methods of `*byzantine.Client`. A method takes a context, what the column \"takes\" says, and\n" +
		"call options. A nil request is an empty one. `byzantine.Operations()` lists the routes with their types, for programs. The constant of an operation is Op and\n" +
		"the name of its method: `OpWhoami` is `get_current_integrator_capabilities`. This page is generated:\n" +
		"`go test -run TestOperationsPage -update-docs .`\n\n" +
		"| method | takes | operation | route | about |\n| --- | --- | --- | --- | --- |\n")
	link := func(method string) string {
		return fmt.Sprintf("[%s](https://pkg.go.dev/github.com/byzantine-finance/byzantine-go#Client.%[1]s)", method)
	}
	for op := range byzantine.Operations() {
		method := methodOf(t, op)
		require.Contains(t, methods, method)
		require.Equal(t, string(op.ID), constants["Op"+method])
		fmt.Fprintf(&page, "| %s | %s | `%s` | `%s %s` | %s |\n", link(method), methods[method].takes, op.ID, op.Method, op.Path, methods[method].synopsis)
		delete(methods, method)
	}
	page.WriteString("\n## Other methods\n\n| method | takes | about |\n| --- | --- | --- |\n")
	var others []string
	for method := range methods {
		others = append(others, method)
	}
	slices.Sort(others)
	for _, method := range others {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", link(method), methods[method].takes, methods[method].synopsis)
	}
	if *updateDocs {
		require.NoError(t, os.WriteFile("docs/operations.md", []byte(page.String()), 0o644))
	}
	assert.True(t, page.String() == docPages(t)["docs/operations.md"], "docs/operations.md is out of date: go test -run TestOperationsPage -update-docs . writes it")
}

// clientMethod is what docs/operations.md says of a method of Client.
type clientMethod struct {
	takes    string // the arguments without context and options: the type of a request, the name of anything else
	synopsis string // the first sentence of the doc comment
}

// takes returns clientMethod.takes.
func takes(method *ast.FuncDecl) string {
	var list []string
	for _, field := range method.Type.Params.List {
		switch typ := field.Type.(type) {
		case *ast.Ellipsis: // the options
		case *ast.StarExpr:
			list = append(list, "`*"+typ.X.(*ast.Ident).Name+"`")
		default:
			for _, name := range field.Names {
				if name.Name != "ctx" {
					list = append(list, "`"+name.Name+"`")
				}
			}
		}
	}
	return strings.Join(list, ", ")
}

// clientMethods returns the methods of Client by name.
func clientMethods(t *testing.T) map[string]clientMethod {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(set, files, "github.com/byzantine-finance/byzantine-go")
	require.NoError(t, err)
	methods := map[string]clientMethod{}
	for _, typ := range pkg.Types {
		if typ.Name != "Client" {
			continue
		}
		for _, method := range typ.Methods {
			synopsis := strings.ReplaceAll(pkg.Synopsis(method.Doc), "|", "\\|")
			assert.NotEmpty(t, synopsis, method.Name)
			methods[method.Name] = clientMethod{takes(method.Decl), synopsis}
		}
	}
	require.NotEmpty(t, methods)
	return methods
}

// operationConstants returns the value of each constant of type OperationID, by name.
func operationConstants(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "operationids.go", nil, 0)
	require.NoError(t, err)
	constants := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			constants[spec.Names[0].Name] = value
		}
		return true
	})
	return constants
}

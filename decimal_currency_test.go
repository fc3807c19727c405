package byzantine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each amount of a request or response says in its comment which currency it is in, or that it is a number of shares.
func TestCommentsOfAmountsNameTheCurrency(t *testing.T) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	amounts := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			list, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			above := "" // a comment applies to the fields below it, up to a blank line or the next comment
			for _, field := range list.Fields.List {
				if field.Doc != nil {
					above = field.Doc.Text()
				}
				if ident, ok := field.Type.(*ast.Ident); ok && ident.Name == "Decimal" && field.Tag != nil {
					amounts++
					assert.Regexp(t, `USDC|Currency|vault's asset|shares`, above, "%s: %s", file.Name(), field.Names[0].Name)
				}
			}
			return true
		})
	}
	assert.Greater(t, amounts, 14)
}

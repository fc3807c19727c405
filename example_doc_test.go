package byzantine_test

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// The program of the package's documentation.
func Example() {
	_, stop := withSandbox()
	defer stop()
	main := func() {
		client, err := byzantine.NewClientFromEnv() // BYZANTINE_PRIVATE_KEY, BYZANTINE_BASE_URL
		if err != nil {
			log.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		me, err := client.Whoami(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(me.AccessScope, me.Capabilities.CanWrite)
	}
	main()
	// Output: read_write true
}

// The program in the package's documentation is the body of Example, which is compiled and run.
func TestProgramOfThePackageCommentIsAnExample(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	_, program, _ := strings.Cut(file.Doc.Text(), "\tfunc main() {\n")
	program, _, found := strings.Cut(program, "\n\t}\n")
	require.True(t, found)
	source, err := os.ReadFile("example_doc_test.go")
	require.NoError(t, err)
	assert.Contains(t, string(source), program+"\n")
}

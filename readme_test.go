package byzantine_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// The README's Go code is taken from files that are compiled and run; a comment before each block names its file.
func TestREADMECodeStandsInCompiledFiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)

	all := regexp.MustCompile("(?m)^```go$").FindAllIndex(readme, -1)
	named := regexp.MustCompile("(?s)<!-- (\\S+_test\\.go) -->\n```go\n(.*?)```").FindAllSubmatch(readme, -1)
	require.NotEmpty(t, named)
	assert.Len(t, named, len(all), "each block names the file that it is from")
	for _, block := range named {
		file, code := string(block[1]), string(block[2])
		source, err := os.ReadFile(file)
		if assert.NoError(t, err) {
			assert.Contains(t, string(source), code, "README's code from %s", file)
		}
	}
}

// Every method of the client is in the README's table, and every one that can end in ErrOutcomeUnknown in the other.
func TestREADMETablesAreComplete(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(text)
	_, outcomes, found := strings.Cut(readme, "### After `ErrOutcomeUnknown`")
	require.True(t, found)
	outcomes, _, _ = strings.Cut(outcomes, "\n### ")

	for method := range reflect.TypeFor[*byzantine.Client]().Methods() {
		method := method.Name
		assert.Contains(t, readme, "["+method+"](https://pkg.go.dev/github.com/byzantine-finance/byzantine-go#Client."+method+")")
	}
	for op := range byzantine.Operations() {
		if op.Retryable {
			continue
		}
		request := reflect.TypeOf(op.NewRequest()).Elem().Name()
		assert.Contains(t, outcomes, "`"+strings.TrimSuffix(request, "Request")+"`", op.ID)
	}
}

package byzantine_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

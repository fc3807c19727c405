package simulation

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page of promises names the invariants and the mutants that there are, and no others.
func TestPageOfPromises(t *testing.T) {
	page, err := os.ReadFile("../docs/promises.md")
	require.NoError(t, err)
	promises, mutants, ok := strings.Cut(string(page), "\n## Mutants\n")
	require.True(t, ok)

	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+) \|.*\|(.*)\|$`).FindAllStringSubmatch(promises, -1) {
		assert.False(t, ids[m[1]], "%s is there twice", m[1])
		ids[m[1]] = true
		assert.NotEmpty(t, strings.TrimSpace(m[2]), "%s: say what holds it, or that nothing does yet", m[1])
	}
	assert.Greater(t, len(ids), 40)

	known := map[string]bool{}
	for _, i := range []Invariant{Outcomes, Events, Recovery, Bounds, Secrets} {
		known[string(i)] = true
		assert.Contains(t, promises, "**"+string(i)+"**", "an invariant that holds no promise")
	}
	for _, m := range regexp.MustCompile(`\*\*([a-z]+)\*\*`).FindAllStringSubmatch(string(page), -1) {
		assert.True(t, known[m[1]], "there is no invariant %s", m[1])
	}

	listed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \|.*\| \*\*([a-z]+)\*\* \|$`).FindAllStringSubmatch(mutants, -1) {
		listed[m[1]] = m[2]
	}
	for _, m := range Mutants {
		assert.Equal(t, string(m.Invariant), listed[m.Name], m.Name)
		delete(listed, m.Name)
	}
	assert.Empty(t, listed, "mutants that there are not")
}

package simulation

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page of promises names all invariants and all mutants, and none that do not exist.
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
	for _, i := range Invariants {
		known[string(i)] = true
		assert.True(t, strings.Contains(promises, "**"+string(i)+"**"), "the invariant %s holds no promise", i)
	}
	for _, m := range regexp.MustCompile(`\*\*([a-z]+)\*\*`).FindAllStringSubmatch(string(page), -1) {
		assert.True(t, known[m[1]], "there is no invariant %s", m[1])
	}

	mutants, cases, ok := strings.Cut(mutants, "\n## What had gone wrong before\n")
	require.True(t, ok)
	listed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \|.*\| ([A-Z][0-9]+) \| \*\*([a-z]+)\*\* \| ([0-9]+|\?) \|$`).FindAllStringSubmatch(mutants, -1) {
		listed[m[1]] = m[3]
		assert.True(t, ids[m[2]], "%s: there is no promise %s", m[1], m[2])
	}
	for _, m := range Mutants {
		assert.Equal(t, string(m.Invariant), listed[m.Name], m.Name)
		delete(listed, m.Name)
	}
	assert.Empty(t, listed, "mutants that there are not")

	// The row of each fault of the first edition names the mutants that stand for it, or the unit test that finds it.
	rows := regexp.MustCompile(`(?m)^\| A([0-9]+) \|.*\| (.*) \|$`).FindAllStringSubmatch(cases, -1)
	assert.Len(t, rows, 28)
	for i, m := range rows {
		assert.Equal(t, strconv.Itoa(i+1), m[1])
		if strings.HasPrefix(m[2], "unit test: `") {
			continue
		}
		for name := range strings.SplitSeq(m[2], ", ") {
			assert.True(t, slices.ContainsFunc(Mutants, func(m Mutant) bool { return m.Name == name }), "A%s: there is no mutant %s", m[1], name)
		}
	}
}

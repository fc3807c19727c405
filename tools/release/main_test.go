package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRootsTagIsPushedAlone(t *testing.T) {
	var out strings.Builder
	printTags(&out, newTree(t, ""), "v0.2.0")
	text := out.String()
	assert.Contains(t, text, "\n  git tag -a -m v0.2.0 v0.2.0\n  git tag -a -m v0.2.0 stores/redis/v0.2.0\n")
	assert.Contains(t, text, "\n  git push origin HEAD\n  git push origin v0.2.0\n  git push --atomic origin stores/redis/v0.2.0\n")
	assert.NotContains(t, text, "e2e/")
}

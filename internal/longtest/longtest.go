// Package longtest has tests run briefly by default and at full length where the environment variable
// BYZANTINE_LONG_TESTS is set, as it is in CI.
package longtest

import (
	"os"
	"testing"
)

const variable = "BYZANTINE_LONG_TESTS"

// On reports whether tests run at full length.
func On() bool { return os.Getenv(variable) != "" }

// Count returns full where tests run at full length, and brief otherwise.
func Count[N ~int | ~int64 | ~uint64](brief, full N) N {
	if On() {
		return full
	}
	return brief
}

// Skip skips a test that has no brief form, except where tests run at full length. The reason says what takes long.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if !On() {
		t.Skipf("%s: set %s=1 to run it", reason, variable)
	}
}

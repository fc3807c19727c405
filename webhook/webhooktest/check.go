package webhooktest

import (
	"errors"
	"fmt"
	"testing"
)

// The checks of this package's tests. They need no library, so that users of the package get none. must stops the test
// and belongs into its own goroutine, check does not.

func must(t testing.TB, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

func check(t testing.TB, ok bool, format string, args ...any) bool {
	t.Helper()
	if !ok {
		t.Errorf(format, args...)
	}
	return ok
}

func noError(t testing.TB, err error, why ...any) {
	t.Helper()
	must(t, err == nil, "unexpected error: %v%s", err, reason(why))
}

func errorIs(t testing.TB, err, want error, why ...any) {
	t.Helper()
	must(t, errors.Is(err, want), "error is %v, want %v%s", err, want, reason(why))
}

func equal[T comparable](t testing.TB, want, got T, why ...any) {
	t.Helper()
	check(t, got == want, "got %v, want %v%s", got, want, reason(why))
}

func greater(t testing.TB, got, than int64) {
	t.Helper()
	check(t, got > than, "%d must be greater than %d", got, than)
}

func reason(why []any) string {
	if len(why) == 0 {
		return ""
	}
	return ": " + fmt.Sprint(why...)
}

package webhooktest

import (
	"errors"
	"fmt"
	"testing"
)

// The assertions of [TestStore]. They use no testing library, so that users of this package do not depend on one. must,
// noError and errorIs end the test, so only the goroutine of the test may call them. check, equal and greater report a
// failure and continue.

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

package byzantine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wrong comparison of two amounts does not compile: each program is built, and only those that compare by value succeed.
func TestWrongComparisonsDoNotCompile(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"Cmp and Equal", `func f(a, b byzantine.Decimal) bool { return a.Cmp(b) < 0 || a.Equal(b) }`, ""},
		{"fields by Equal", `func f(a, b byzantine.Transaction) bool { return a.SourceAmount.Equal(b.DestinationAmount) }`, ""},
		{"==", `func f(a, b byzantine.Decimal) bool { return a == b }`, "cannot be compared"},
		{"!=", `func f(a, b byzantine.Decimal) bool { return a != b }`, "cannot be compared"},
		{"== with a literal", `func f(a byzantine.Decimal) bool { return a == "100" }`, "mismatched types"},
		{"<", `func f(a, b byzantine.Decimal) bool { return a < b }`, "operator < not defined"},
		{">= with a literal", `func f(a byzantine.Decimal) bool { return a >= "100" }`, "mismatched types"},
		{"structs that hold an amount", `func f(a, b byzantine.IdleBalance) bool { return a == b }`, "cannot be compared"},
		{"a key of a map", `var m map[byzantine.Decimal]bool`, "invalid map key type"},
		{"a switch", `func f(a, b byzantine.Decimal) bool { switch a { case b: return true }; return false }`, "switch"},
		{"a type parameter", `func f[T comparable](T) {}; func g(a byzantine.Decimal) { f(a) }`, "does not satisfy comparable"},
		{"text", `func f(a byzantine.Decimal) string { return string(a) }`, "cannot convert"},
		{"from text", `func f(s string) byzantine.Decimal { return byzantine.Decimal(s) }`, "cannot convert"},
		{"from a literal", `var a byzantine.Decimal = "100"`, "cannot use"},
		{"from a float", `var a byzantine.Decimal = 100.5`, "cannot use"},
		{"arithmetic", `func f(a, b byzantine.Decimal) any { return a + b }`, "operator + not defined"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "program.go")
			source := "package program\n\nimport \"github.com/byzantine-finance/byzantine-go\"\n\n" + tt.code + "\n"
			require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
			out, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, file).CombinedOutput()
			if tt.want == "" {
				require.NoError(t, err, "%s", out)
				return
			}
			require.Error(t, err)
			assert.Contains(t, string(out), "program.go:5:", "the compiler finds the line")
			assert.Contains(t, string(out), tt.want)
		})
	}
}

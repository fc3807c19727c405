package byzantine_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Comparing two amounts with an operator does not compile. Each program is built, and only those that compare by value
// succeed.
func TestWrongComparisonsDoNotCompile(t *testing.T) {
	programs := []struct{ name, code, want string }{
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
	}

	// All programs are built at once. An overlay adds them to the module without writing into it.
	folder := t.TempDir()
	module, err := filepath.Abs(".")
	require.NoError(t, err)
	overlay := map[string]map[string]string{"Replace": {}}
	args := []string{"build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", os.DevNull}
	for i, program := range programs {
		file := filepath.Join(folder, fmt.Sprintf("%d.go", i))
		source := "package program\n\nimport \"github.com/byzantine-finance/byzantine-go\"\n\n" + program.code + "\n"
		require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
		overlay["Replace"][filepath.Join(module, "programs", strconv.Itoa(i), "program.go")] = file
		args = append(args, fmt.Sprintf("./programs/%d", i))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "overlay.json"), []byte(toJSON(t, overlay)), 0o600))
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	require.Error(t, err)
	said := map[string]string{} // the compiler's messages, by program
	for _, part := range strings.Split(string(out), "# "+"github.com/byzantine-finance/byzantine-go/programs/")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		said[name] = text
	}
	for i, program := range programs {
		t.Run(program.name, func(t *testing.T) {
			text := said[strconv.Itoa(i)]
			if program.want == "" {
				require.Empty(t, text)
				return
			}
			assert.Contains(t, text, ".go:5:", "the compiler finds the line")
			assert.Contains(t, text, program.want)
		})
	}
}

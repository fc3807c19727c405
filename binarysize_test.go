package byzantine_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// buildProgram builds a program for linux/amd64, whatever this machine is, and returns its size in bytes and what the
// go command printed.
func buildProgram(t *testing.T, imports, body, ldflags string) (size int64, printed string) {
	t.Helper()
	folder := t.TempDir()
	source, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	require.NoError(t, os.WriteFile(source, []byte("package main\n\n"+imports+"\n\nfunc main() {\n"+body+"\n}\n"), 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags="+ldflags, "-o", program, source)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOEXPERIMENT=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%.4000s", out)
	info, err := os.Stat(program)
	require.NoError(t, err)
	return info.Size(), string(out)
}

// How much larger a user's program is with this package than one that makes a request with net/http alone, both
// stripped.
func TestBinarySize(t *testing.T) {
	longtest.Skip(t, "builds programs")
	const get = `response, err := http.Get("https://example.com"); fmt.Println(response, err)`
	base, _ := buildProgram(t, `import ("fmt"; "net/http")`, get, "-s -w")
	for _, tt := range []struct {
		name, imports, body string
		atMost              int64
	}{
		{"only imported", `import ("fmt"; "net/http"; _ "github.com/byzantine-finance/byzantine-go")`, get, 800_000},
		{"one call", `import ("context"; "fmt"; "github.com/byzantine-finance/byzantine-go")`,
			`client, err := byzantine.NewClientFromEnv(); if err != nil { panic(err) }; fmt.Println(client.Whoami(context.Background()))`,
			1_225_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			size, _ := buildProgram(t, tt.imports, tt.body, "-s -w")
			t.Logf("%d bytes more than the %d of net/http", size-base, base)
			assert.Greater(t, size, base)
			assert.LessOrEqual(t, size-base, tt.atMost)
		})
	}
}

// A function that looks up methods by reflection, by number or by a name that is not a constant, makes the linker keep
// all exported methods of the user's whole program. The linker marks such functions; this package must have none.
func TestNoMethodsByReflection(t *testing.T) {
	longtest.Skip(t, "builds programs")
	const mark = "<ReflectMethod>"
	_, printed := buildProgram(t, `import ("os"; "reflect")`, `println(reflect.TypeOf(os.Stdin).Method(len(os.Args)).Name)`, "-dumpdep")
	require.Contains(t, printed, "main.main "+mark, "the linker marks what this test looks for")

	var imports strings.Builder
	for _, name := range []string{"", "/passkey", "/turnkey", "/webhook"} {
		fmt.Fprintf(&imports, "import _ \"github.com/byzantine-finance/byzantine-go%s\"\n", name)
	}
	_, printed = buildProgram(t, imports.String()+`import "github.com/byzantine-finance/byzantine-go"`,
		`client, err := byzantine.NewClientFromEnv(); println(client, err)`, "-dumpdep")
	for line := range strings.Lines(printed) {
		assert.NotContains(t, line, mark)
	}
}

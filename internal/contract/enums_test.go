package contract_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

func TestConstantsAreReadInAnyForm(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("colours.go", `package p

import (
	"io/fs"
	"net/http"

	"example.com/not/there"
)

type Colour string

const (
	Red        Colour = "red"
	Green             = Colour("gr" + "een")
	unexported Colour = "grey"
)

type Number int64

const (
	One Number = iota + 1
	Two
	Million Number = 1e6
)

const Plain, Get = "plain", http.MethodGet

var _ = there.X
`)
	write("more.go", "package p\n\nconst Blue Colour = \"blue\"\n")
	write("p_test.go", "package p\n\ntype Shape string\n\nconst Round Shape = \"round\"\n")

	constants, err := contract.Constants(dir, false)
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"Colour": {"blue", "green", "red"}, "Number": {"1000000", "1", "2"}}, constants)

	constants, err = contract.Constants(dir, true)
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"Shape": {"round"}}, constants)
}

func TestConstantsRejectsWhatItCannotRead(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"no Go", "package", "expected 'IDENT'"},
		{"value of another package", "package p\n\nimport \"net/http\"\n\ntype T string\n\nconst C T = http.MethodGet\n", "the value of C cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "p.go"), []byte(test.source), 0o600))
			_, err := contract.Constants(dir, false)
			assert.ErrorContains(t, err, test.want)
		})
	}
	_, err := contract.Constants(filepath.Join(t.TempDir(), "nowhere"), false)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = contract.Constants(t.TempDir(), false)
	assert.ErrorContains(t, err, "no Go files")
}

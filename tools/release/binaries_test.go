package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	here       = platform{runtime.GOOS, runtime.GOARCH}
	testOrigin = origin{version: "v0.2.0", commit: "0123456789abcdef0123456789abcdef01234567", when: when}
)

// buildReal builds the command line of this repository for a platform and returns its bytes.
func buildReal(t *testing.T, p platform) []byte {
	t.Helper()
	root, err := findRoot(must(t)(os.Getwd()))
	require.NoError(t, err)
	output := filepath.Join(t.TempDir(), "byzantine.exe")
	require.NoError(t, build(t.Context(), root, p, testOrigin, output, ""))
	data, err := os.ReadFile(output)
	require.NoError(t, err)
	return data
}

func must(t *testing.T) func(string, error) string {
	return func(s string, err error) string {
		t.Helper()
		require.NoError(t, err)
		return s
	}
}

func TestBinarySaysWhatItWasBuiltFrom(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "byzantine.exe")
	require.NoError(t, os.WriteFile(binary, buildReal(t, here), 0o777))
	out, err := exec.Command(binary, "version").Output()
	require.NoError(t, err)
	assert.Regexp(t, `^byzantine v0\.2\.0 go1\.\S+ `+runtime.GOOS+"/"+runtime.GOARCH+" commit "+testOrigin.commit+"\n$", string(out))
}

// If two copies of a source differ, buildTwice reports it.
func TestBuildTwice(t *testing.T) {
	good := newTree(t, "")
	copied, cache := t.TempDir(), t.TempDir()
	require.NoError(t, copyTree(good, copied))
	binary, err := buildTwice(t.Context(), good.root, copied, cache, here, testOrigin)
	require.NoError(t, err)
	assert.NotEmpty(t, binary)
	assert.NotContains(t, string(binary), good.root)

	other := newTree(t, "cmd/byzantine/main.go", `"byzantine"`, `"another"`)
	_, err = buildTwice(t.Context(), good.root, other.root, cache, here, testOrigin)
	assert.ErrorContains(t, err, "two builds of the same source differ")
}

func TestLicencesOfWhatIsLinked(t *testing.T) {
	root, err := findRoot(must(t)(os.Getwd()))
	require.NoError(t, err)
	text, err := licencesOf(t.Context(), root, buildReal(t, here))
	require.NoError(t, err)
	for _, want := range []string{"The Go programming language: LICENSE", "github.com/go-webauthn/webauthn v", "github.com/fxamacker/cbor/v2 v", "Redistributions in binary form"} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "testify", "it is not linked")
}

func TestUnknownLicences(t *testing.T) {
	for name, c := range map[string]struct{ file, text string }{
		"none":          {"README", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
		"not one of us": {"LICENSE", "GNU AFFERO GENERAL PUBLIC LICENSE"},
		"nothing in it": {"LICENSE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.file, c.text)
			assert.ErrorContains(t, addLicences(new(strings.Builder), "example.com/x v1.0.0", dir), "example.com/x v1.0.0: no licence")
		})
	}
	dir := t.TempDir()
	write(t, dir, "LICENSE.md", "Permission is hereby granted, free of\ncharge, to any person obtaining a copy")
	write(t, dir, "NOTICE", "Thanks.")
	var text strings.Builder
	require.NoError(t, addLicences(&text, "example.com/x v1.0.0", dir))
	assert.Contains(t, text.String(), "Thanks.")
}

func TestArchivesAndChecksums(t *testing.T) {
	tree := newTree(t, "")
	for _, p := range []platform{{"linux", "arm64"}, {"windows", "amd64"}} {
		files, err := contents(tree, p, []byte("program"), "licences")
		require.NoError(t, err)
		first, second := t.TempDir(), t.TempDir()
		require.NoError(t, writeArchive(first, p, testOrigin, files))
		require.NoError(t, writeArchive(second, p, testOrigin, files))
		require.NoError(t, writeSums(first))
		require.NoError(t, writeSums(second))
		sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
		require.NoError(t, err)
		assert.Equal(t, string(sums), string(again))
		name := strings.TrimSuffix(strings.Fields(string(sums))[1], "\n")
		data, err := os.ReadFile(filepath.Join(first, name))
		require.NoError(t, err)
		assert.Equal(t, "program", unpack(t, name, data)[map[string]string{"linux": "byzantine", "windows": "byzantine.exe"}[p.os]])
		assert.Equal(t, "licences", unpack(t, name, data)[licencesName])
	}
}

func unpack(t *testing.T, name string, data []byte) map[string]string {
	t.Helper()
	got := make(map[string]string)
	if strings.HasSuffix(name, ".zip") {
		r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		for _, f := range r.File {
			content, err := f.Open()
			require.NoError(t, err)
			text, err := io.ReadAll(content)
			require.NoError(t, err)
			got[f.Name] = string(text)
		}
		return got
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	r := tar.NewReader(z)
	for {
		header, err := r.Next()
		if err == io.EOF {
			return got
		}
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		got[header.Name] = string(text)
	}
}

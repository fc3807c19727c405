package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestTestsOf(t *testing.T) {
	got := testsOf("| C1 | text | **outcomes**, `./TestA`, `stores/redis/TestB`, `./TestA` |\n| `byzantine.TestC` |")
	if want := (map[string][]string{".": {"TestA"}, "stores/redis": {"TestB"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module sample\n\ngo 1.26\n")
	write("a_test.go", `package sample
import "testing"
func TestGood(t *testing.T) { t.Run("part", func(t *testing.T) {}) }
func TestBad(t *testing.T) { t.Fail() }
func TestSkipped(t *testing.T) { t.Skip() }
`)
	got, err := run(dir, []string{"TestGood", "TestBad", "TestSkipped", "TestGone"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (map[string]string{"TestGood": "pass", "TestBad": "fail", "TestSkipped": "skip"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	write("b_test.go", "package sample\nfunc broken( {\n")
	if _, err := run(dir, []string{"TestGood"}); err == nil || !strings.Contains(err.Error(), "does not build") {
		t.Errorf("a package that does not build: %v", err)
	}
}

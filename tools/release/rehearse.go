package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// rehearsal uses the released modules as their users do: with the go command only, in modules outside of this checkout.
type rehearsal struct {
	out      io.Writer
	tree     *tree
	version  string
	dir      string   // a temporary folder
	env      []string // of the go command
	programs string   // a folder with a program for each released module, see programDir
}

// rehearse serves the released modules from a file GOPROXY and uses each of them in a new module. It returns the errors
// of all modules.
func rehearse(ctx context.Context, out io.Writer, t *tree, version, programs string, when time.Time) error {
	dir, err := os.MkdirTemp("", "byzantine-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := &rehearsal{out: out, tree: t, version: version, dir: dir, programs: programs}
	proxy := filepath.Join(dir, "proxy")
	if err := writeProxy(proxy, t, version, when); err != nil {
		return err
	}
	if r.env, err = rehearsalEnv(ctx, proxy, dir); err != nil {
		return err
	}
	var failures []error
	for _, m := range t.released() {
		if err := r.step(m.path, func() error { return r.use(ctx, m) }); err != nil {
			failures = append(failures, err)
		}
	}
	if err := r.step("cmd/byzantine", func() error { return r.install(ctx) }); err != nil {
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// rehearsalEnv returns the environment for the go command. It has a module cache of its own, because the version does
// not exist yet and must not remain in the user's cache. Other modules are read from the user's cache first.
func rehearsalEnv(ctx context.Context, proxy, dir string) ([]string, error) {
	settings := []string{"GOMODCACHE", "GOPROXY"}
	for i, name := range settings {
		value, err := exec.CommandContext(ctx, "go", "env", name).Output()
		if err != nil {
			return nil, fmt.Errorf("go env %s: %w", name, err)
		}
		settings[i] = strings.TrimSpace(string(value))
	}
	// Without "direct" the go command does not look for modules in version control systems: only the proxies have these
	// versions.
	upstream := strings.TrimSuffix(strings.TrimSuffix(settings[1], "direct"), ",")
	proxies := []string{fileURL(proxy), fileURL(filepath.Join(settings[0], "cache", "download"))}
	if upstream != "" {
		proxies = append(proxies, upstream)
	}
	return append(os.Environ(),
		"GOMODCACHE="+filepath.Join(dir, "modules"),
		"GOBIN="+filepath.Join(dir, "bin"),
		"GOPROXY="+strings.Join(proxies, ","),
		"GONOSUMDB="+rootPath, // the checksum database does not have these versions
		"GONOPROXY=", "GOPRIVATE=", "GOVCS=*:off", "GOWORK=off", "GO111MODULE=",
		"GOFLAGS=-trimpath -modcacherw", // with -trimpath the build cache can be used in any folder
	), nil
}

func fileURL(name string) string {
	name = filepath.ToSlash(name)
	if runtime.GOOS == "windows" {
		name = "/" + name
	}
	return "file://" + name
}

// step runs f and prints whether it succeeded, and how long it took if it did.
func (r *rehearsal) step(name string, f func() error) error {
	start := time.Now()
	if err := f(); err != nil {
		fmt.Fprintf(r.out, "%s: FAILED\n", name)
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(r.out, "%s: works (%.1fs)\n", name, time.Since(start).Seconds())
	return nil
}

// use adds m to a new module that requires nothing else, builds all packages of m, and then builds, vets and runs a
// program that uses it, once with the module cache and once with a vendor folder.
func (r *rehearsal) use(ctx context.Context, m *module) error {
	sources, err := filepath.Glob(filepath.Join(r.programs, filepath.FromSlash(programDir(m)), "*.go"))
	if err != nil || len(sources) == 0 {
		return errors.Join(err, fmt.Errorf("each released module needs a program that uses it, in the folder %s", programDir(m)))
	}
	dir := filepath.Join(r.dir, "outside", filepath.FromSlash(programDir(m)))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	gomod := fmt.Sprintf("module outside.example/program\n\ngo %s\n", m.mod.Go.Version)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(gomod), 0o666); err != nil {
		return err
	}
	get := m.path + "@" + r.version
	if _, err := r.run(ctx, dir, "go", "get", get); err != nil {
		return err
	}
	if _, err := r.run(ctx, dir, "go", "build", "-mod=mod", m.path+"/..."); err != nil {
		return err
	}
	for _, source := range sources {
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(source)), data, 0o666); err != nil {
			return err
		}
	}
	binary := filepath.Join(dir, "program.exe")
	for _, args := range [][]string{
		{"go", "mod", "tidy"},
		{"go", "mod", "verify"},
		{"go", "vet", "."},
		{"go", "build", "-o", binary, "."},
		{binary},
		{"go", "mod", "vendor"},
		{"go", "vet", "-mod=vendor", "."},
		{"go", "build", "-mod=vendor", "-o", binary, "."},
		{binary},
	} {
		if _, err := r.run(ctx, dir, args...); err != nil {
			return err
		}
	}
	return nil
}

// install installs the command line as a user does, and checks the version that it prints.
func (r *rehearsal) install(ctx context.Context) error {
	if _, err := r.run(ctx, r.dir, "go", "install", rootPath+"/cmd/byzantine@"+r.version); err != nil {
		return err
	}
	out, err := r.run(ctx, r.dir, filepath.Join(r.dir, "bin", "byzantine"), "version")
	if err != nil {
		return err
	}
	if fields := strings.Fields(out); len(fields) < 2 || fields[1] != r.version {
		return fmt.Errorf("byzantine version prints %q, not %s", out, r.version)
	}
	return nil
}

// programDir returns the folder, relative to r.programs, of the program that uses module m: "root" for the root module,
// otherwise the module's folder.
func programDir(m *module) string {
	if m.dir == "." {
		return "root"
	}
	return path.Clean(m.dir)
}

func (r *rehearsal) run(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

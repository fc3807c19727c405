package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// platform is an operating system and an architecture that the command line is built for.
type platform struct{ os, arch string }

var platforms = []platform{
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"linux", "amd64"}, {"linux", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// origin is what a build writes into its files in addition to the source.
type origin struct {
	version string
	commit  string    // hexadecimal, "" without git
	when    time.Time // of the commit: files that are made later hold the same
}

func originOf(ctx context.Context, t *tree, version string) (origin, error) {
	o := origin{version: version, when: time.Unix(0, 0).UTC()}
	out, err := git(t.root, "log", "-1", "--format=%H %ct")
	if errors.Is(err, exec.ErrNotFound) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	commit, seconds, _ := strings.Cut(strings.TrimSpace(out), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return o, err
	}
	o.commit, o.when = commit, time.Unix(unix, 0).UTC()
	return o, ctx.Err()
}

// build builds the command line of the source in root and writes it to output. The bytes depend on the source, the
// origin, the platform and the version of Go, and on nothing else of the machine. If cache is empty, the user's build
// cache is used.
func build(ctx context.Context, root string, p platform, o origin, output, cache string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", output,
		"-ldflags", fmt.Sprintf("-s -w -buildid= -X main.version=%s -X main.commit=%s", o.version, o.commit), "./cmd/byzantine")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off")
	if cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+cache)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building for %s/%s: %w\n%s", p.os, p.arch, err, out)
	}
	return nil
}

// buildTwice builds for a platform from two copies of the source in the folders one and two, the second time with the
// build cache in cache. It returns the bytes, or an error if the two results differ.
func buildTwice(ctx context.Context, one, two, cache string, p platform, o origin) ([]byte, error) {
	dir, err := os.MkdirTemp("", "byzantine-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	if err := errors.Join(build(ctx, one, p, o, first, ""), build(ctx, two, p, o, second, cache)); err != nil {
		return nil, err
	}
	a, err := os.ReadFile(first)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(second)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(a, b) {
		return nil, fmt.Errorf("%s/%s: two builds of the same source differ: SHA-256 %x and %x", p.os, p.arch, sha256.Sum256(a), sha256.Sum256(b))
	}
	return a, nil
}

// copyTree copies the files of the tree to dir.
func copyTree(t *tree, dir string) error {
	for _, file := range t.files {
		target := filepath.Join(dir, filepath.FromSlash(file))
		data, err := os.ReadFile(filepath.Join(t.root, file))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// writeBinaries writes to the folder out: an archive for each platform, a container image of the sandbox for the Linux
// platforms, and SHA256SUMS with the checksums of all of these.
func writeBinaries(ctx context.Context, log io.Writer, t *tree, o origin, built []platform, out string) error {
	work, err := os.MkdirTemp("", "byzantine-second-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	one, two, cache := filepath.Join(work, "source"), filepath.Join(work, "elsewhere", "source"), filepath.Join(work, "cache")
	if err := copyTree(t, one); err != nil {
		return err
	}
	// The first copy is copied, not the tree, because somebody may be changing the tree.
	if err := os.CopyFS(two, os.DirFS(one)); err != nil {
		return err
	}
	var machines []machine
	for _, p := range built {
		binary, err := buildTwice(ctx, one, two, cache, p, o)
		if err != nil {
			return err
		}
		licences, err := licencesOf(ctx, t.root, binary)
		if err != nil {
			return err
		}
		files, err := contents(t, p, binary, licences)
		if err != nil {
			return err
		}
		if err := writeArchive(out, p, o, files); err != nil {
			return err
		}
		if p.os == "linux" {
			machines = append(machines, machine{p, files})
		}
		fmt.Fprintf(log, "%s/%s: %d bytes, twice the same\n", p.os, p.arch, len(binary))
	}
	if len(machines) > 0 {
		if err := writeImageTwice(log, out, machines, o); err != nil {
			return err
		}
	}
	return writeSums(out)
}

// file is a file in an archive or image.
type file struct {
	name string
	mode int64
	data []byte
}

const licencesName = "THIRD-PARTY-LICENSES.txt"

func contents(t *tree, p platform, binary []byte, licences string) ([]file, error) {
	license, err := os.ReadFile(filepath.Join(t.root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	name := "byzantine"
	if p.os == "windows" {
		name += ".exe"
	}
	return []file{{name, 0o755, binary}, {"LICENSE", 0o644, license}, {licencesName, 0o644, []byte(licences)}}, nil
}

func writeArchive(out string, p platform, o origin, files []file) error {
	name, pack := fmt.Sprintf("byzantine_%s_%s_%s", o.version, p.os, p.arch), packTarGzip
	if p.os == "windows" {
		name, pack = name+".zip", packZip
	} else {
		name += ".tar.gz"
	}
	data, err := pack(files, o.when)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, name), data, 0o666)
}

func packTar(files []file, when time.Time) ([]byte, error) {
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: when}
		if strings.HasSuffix(f.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return data.Bytes(), err
}

func packTarGzip(files []file, when time.Time) ([]byte, error) {
	plain, err := packTar(files, when)
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	w, _ := gzip.NewWriterLevel(&data, gzip.BestCompression) // the level is valid
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return data.Bytes(), err
}

func packZip(files []file, when time.Time) ([]byte, error) {
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: when}
		header.SetMode(os.FileMode(f.mode))
		entry, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return data.Bytes(), err
}

// writeSums writes SHA256SUMS for all files in out, in the format that sha256sum -c reads.
func writeSums(out string) error {
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	var lines []string
	for _, entry := range entries {
		if entry.Name() == "SHA256SUMS" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(out, entry.Name()))
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), entry.Name()))
	}
	slices.Sort(lines)
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(strings.Join(lines, "")), 0o666)
}

package main

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	mod "golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// writeProxy writes the released modules at this version into dir, in the layout of
// https://go.dev/ref/mod#goproxy-protocol, which the go command reads through a file URL in GOPROXY. when is the time
// of the version.
func writeProxy(dir string, t *tree, version string, when time.Time) error {
	for _, m := range t.released() {
		escaped, err := mod.EscapePath(m.path)
		if err != nil {
			return err
		}
		base := filepath.Join(dir, filepath.FromSlash(escaped), "@v")
		if err := os.MkdirAll(base, 0o777); err != nil {
			return err
		}
		info, err := json.Marshal(struct {
			Version string
			Time    time.Time
		}{version, when})
		if err != nil {
			return err
		}
		gomod, err := os.ReadFile(filepath.Join(t.root, m.dir, "go.mod"))
		if err != nil {
			return err
		}
		for name, data := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": gomod} {
			if err := os.WriteFile(filepath.Join(base, name), data, 0o666); err != nil {
				return err
			}
		}
		if err := writeZip(filepath.Join(base, version+".zip"), t, m, version); err != nil {
			return err
		}
	}
	return nil
}

// writeZip writes the zip file that the go command would make of the tag of m: the files in the module's folder without
// those of nested modules, and the root's licence if m has none of its own.
func writeZip(name string, t *tree, m *module, version string) (err error) {
	var files []modzip.File
	licensed := false
	for _, file := range t.files {
		inside, ok := strings.CutPrefix(file, m.dir+"/")
		if m.dir == "." {
			inside, ok = file, true
		}
		if ok {
			files = append(files, zipFile{inside, filepath.Join(t.root, file)})
			licensed = licensed || inside == "LICENSE"
		}
	}
	if !licensed {
		files = append(files, zipFile{"LICENSE", filepath.Join(t.root, "LICENSE")})
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	return modzip.Create(f, mod.Version{Path: m.path, Version: version}, files)
}

// zipFile is a file of the tree, with the name that it has in the zip file of its module.
type zipFile struct{ name, file string }

func (f zipFile) Path() string                 { return path.Clean(f.name) }
func (f zipFile) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.file) }
func (f zipFile) Open() (io.ReadCloser, error) { return os.Open(f.file) }

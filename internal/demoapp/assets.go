package demoapp

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/browser"
)

//go:embed static
var static embed.FS

// assets are the files that a browser loads in addition to the pages. The name of each contains a hash of its content,
// so a browser may keep a file for ever: a changed file has another name.
type assets struct {
	names map[string]string // "app.css" -> "app.0123456789abcdef.css"
	files map[string][]byte // by the name with the hash
}

// loadAssets returns the assets under names with hashes, and puts the hashed name of the module into the script that
// imports it.
func loadAssets() (*assets, error) {
	a := &assets{names: map[string]string{}, files: map[string][]byte{}}
	a.add("passkey.js", []byte(browser.Module))
	for _, name := range []string{"app.css", "app.js", "icon.svg"} {
		content, err := fs.ReadFile(static, path.Join("static", name))
		if err != nil {
			return nil, err
		}
		a.add(name, bytes.ReplaceAll(content, []byte(`"./passkey.js"`), []byte(`"./`+a.names["passkey.js"]+`"`)))
	}
	return a, nil
}

func (a *assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	base, extension, _ := strings.Cut(name, ".")
	hashed := base + "." + hex.EncodeToString(sum[:8]) + "." + extension
	a.names[name], a.files[hashed] = hashed, content
}

// path returns the URL path of an asset, by its name without the hash.
func (a *assets) path(name string) string { return "/static/" + a.names[name] }

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	content, found := a.files[name]
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

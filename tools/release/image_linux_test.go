package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeRealImage writes an image for this machine's platform and for another, and returns the name of the archive.
func writeRealImage(t *testing.T) string {
	t.Helper()
	root, err := findRoot(must(t)(os.Getwd()))
	require.NoError(t, err)
	tree, err := openTree(root)
	require.NoError(t, err)
	real, err := contents(tree, here, buildReal(t, here), "licences")
	require.NoError(t, err)
	fake, err := contents(tree, platform{"linux", "riscv64"}, []byte("program"), "licences")
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, writeImage(name, []machine{{platform{"linux", "riscv64"}, fake}, {here, real}}, testOrigin))
	return name
}

// The image is read from the archive as a registry would read it, its layer is unpacked, and its entrypoint serves
// requests. If root runs the test, the entrypoint runs as the image's user, in a chroot that has only the layer's files.
func TestImageRuns(t *testing.T) {
	archive := writeRealImage(t)
	dir := t.TempDir()
	untar(t, archive, dir)
	path, err := layout.FromPath(dir)
	require.NoError(t, err)
	outer, err := path.ImageIndex()
	require.NoError(t, err)
	require.NoError(t, validate.Index(outer))
	manifest, err := outer.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	index, err := outer.ImageIndex(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	image := ofPlatform(t, index, here)

	config, err := image.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Equal(t, testOrigin.version, config.Config.Labels["org.opencontainers.image.version"])
	assert.Equal(t, testOrigin.commit, config.Config.Labels["org.opencontainers.image.revision"])
	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Uncompressed()
	require.NoError(t, err)
	files := filepath.Join(dir, "rootfs")
	data, err := io.ReadAll(content)
	require.NoError(t, err)
	untarBytes(t, data, files)
	authorities, err := os.ReadFile(filepath.Join(files, "etc/ssl/certs/ca-certificates.crt"))
	require.NoError(t, err)
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(authorities))

	command := append(config.Config.Entrypoint, "-addr", "127.0.0.1:0")
	cmd := exec.CommandContext(t.Context(), filepath.Join(files, command[0]), command[1:]...)
	cmd.Env = config.Config.Env
	if os.Getuid() == 0 {
		for folder := files; folder != filepath.Dir(os.TempDir()) && folder != "/"; folder = filepath.Dir(folder) {
			require.NoError(t, os.Chmod(folder, must2(t)(os.Stat(folder)).Mode()|0o711))
		}
		cmd.Path, cmd.Dir = command[0], "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: files, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	}
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	url := ""
	for lines := bufio.NewScanner(output); url == "" && lines.Scan(); {
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	require.NotEmpty(t, url, "%s", &stderr)
	go func() { _, _ = io.Copy(io.Discard, output) }()
	response, err := http.Get(url + "/v1/health")
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestImageIsReproducible(t *testing.T) {
	files := []file{{"byzantine", 0o755, []byte("program")}}
	machines := []machine{{platform{"linux", "amd64"}, files}, {platform{"linux", "arm64"}, files}}
	var log strings.Builder
	require.NoError(t, writeImageTwice(&log, t.TempDir(), machines, testOrigin))
	assert.Contains(t, log.String(), "byzantine-sandbox_v0.2.0_oci.tar: ")
	assert.Contains(t, log.String(), "twice the same")
}

// Skopeo, another implementation of OCI images, reads the archive.
func TestSkopeoInspectsTheImage(t *testing.T) {
	if _, err := exec.LookPath("skopeo"); err != nil {
		if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	cmd := exec.Command("skopeo", "--override-os", runtime.GOOS, "--override-arch", runtime.GOARCH, "inspect", "oci-archive:"+writeRealImage(t))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var image struct {
		Architecture string
		Labels       map[string]string
		Layers       []string
	}
	require.NoError(t, json.Unmarshal(out, &image), "%s", out)
	assert.Equal(t, runtime.GOARCH, image.Architecture)
	assert.Equal(t, testOrigin.version, image.Labels["org.opencontainers.image.version"])
	assert.Len(t, image.Layers, 1)
}

func ofPlatform(t *testing.T, index v1.ImageIndex, p platform) v1.Image {
	t.Helper()
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	for _, m := range manifest.Manifests {
		if m.Platform.OS == p.os && m.Platform.Architecture == p.arch {
			image, err := index.Image(m.Digest)
			require.NoError(t, err)
			return image
		}
	}
	t.Fatalf("no image for %s/%s", p.os, p.arch)
	return nil
}

func must2(t *testing.T) func(os.FileInfo, error) os.FileInfo {
	return func(info os.FileInfo, err error) os.FileInfo {
		t.Helper()
		require.NoError(t, err)
		return info
	}
}

func untar(t *testing.T, archive, dir string) {
	t.Helper()
	data, err := os.ReadFile(archive)
	require.NoError(t, err)
	untarBytes(t, data, dir)
}

func untarBytes(t *testing.T, data []byte, dir string) {
	t.Helper()
	r := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := r.Next()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		target := filepath.Join(dir, header.Name)
		if strings.HasSuffix(header.Name, "/") {
			require.NoError(t, os.MkdirAll(target, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o755))
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(target, content, os.FileMode(header.Mode)))
	}
}

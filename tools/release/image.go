package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// machine is a platform of the image, with the files that the image has for it.
type machine struct {
	platform platform
	files    []file
}

func imageName(o origin) string { return fmt.Sprintf("byzantine-sandbox_%s_oci.tar", o.version) }

// writeImage writes the file name, an archive of an OCI image layout whose index has an image for each machine. An
// image has the machine's files, the certificate authorities that webhooks over https need, and nothing else.
func writeImage(name string, machines []machine, o origin) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, m := range machines {
		image, err := sandboxImage(m, o)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: m.platform.os, Architecture: m.platform.arch},
		}})
	}
	dir, err := os.MkdirTemp("", "byzantine-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The layout's own index refers to the image's index, so that tools read the archive as one image of several
	// platforms.
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	reference := map[string]string{"org.opencontainers.image.ref.name": o.version}
	if err := path.AppendIndex(index, layout.WithAnnotations(reference)); err != nil {
		return err
	}
	var files []file
	err = filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		files = append(files, file{filepath.ToSlash(inside), 0o644, data})
		return err
	})
	if err != nil {
		return err
	}
	data, err := packTar(files, o.when)
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o666)
}

// writeImageTwice writes the image to the folder out and to a temporary folder, and returns an error if the two differ.
func writeImageTwice(log io.Writer, out string, machines []machine, o origin) error {
	elsewhere, err := os.MkdirTemp("", "byzantine-second-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(elsewhere)
	var images [2][]byte
	for i, dir := range []string{out, elsewhere} {
		name := filepath.Join(dir, imageName(o))
		if err := writeImage(name, machines, o); err != nil {
			return err
		}
		if images[i], err = os.ReadFile(name); err != nil {
			return err
		}
	}
	if !bytes.Equal(images[0], images[1]) {
		return fmt.Errorf("%s: two images of the same binaries differ", imageName(o))
	}
	fmt.Fprintf(log, "%s: %d bytes, twice the same\n", imageName(o), len(images[0]))
	return nil
}

func sandboxImage(m machine, o origin) (v1.Image, error) {
	files := append([]file{
		{"etc/", 0o755, nil}, {"etc/ssl/", 0o755, nil}, {"etc/ssl/certs/", 0o755, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, certificateAuthorities()},
	}, m.files...)
	content, err := packTar(files, o.when)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.Append(image, mutate.Addendum{
		Layer: layer, History: v1.History{Created: v1.Time{Time: o.when}, CreatedBy: "scripts/release"},
	}); err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, configFile(image, m.platform, o))
}

func configFile(image v1.Image, p platform, o origin) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil {
		panic(err) // all of the image is in memory, so this cannot fail
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = p.os, p.arch, v1.Time{Time: o.when}
	config.Config = v1.Config{
		// The arguments of docker run are appended. A second -addr among them overrides this one.
		Entrypoint:   []string{"/byzantine", "sandbox", "-addr", "0.0.0.0:8787"},
		User:         "65532:65532",
		ExposedPorts: map[string]struct{}{"8787/tcp": {}},
		WorkingDir:   "/",
		Labels: map[string]string{
			"org.opencontainers.image.title":       "byzantine sandbox",
			"org.opencontainers.image.description": "A local sandbox of the Byzantine API",
			"org.opencontainers.image.source":      "https://" + rootPath,
			"org.opencontainers.image.version":     o.version,
			"org.opencontainers.image.revision":    o.commit,
			"org.opencontainers.image.licenses":    "MIT",
		},
	}
	return config
}

// certificateAuthorities returns in PEM the roots of Go's copy of Mozilla's list that are trusted without constraints.
func certificateAuthorities() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // writing to a buffer does not fail
		}
	}
	return text.Bytes()
}

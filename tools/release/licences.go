package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// licenceKinds recognise a licence by a sentence that only it has. All of them allow to distribute a binary together
// with their text.
var licenceKinds = []struct{ name, sentence string }{
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD", "Redistributions in binary form must reproduce the above copyright"},
	{"Apache-2.0", "Apache License Version 2.0, January 2004"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
}

// licencesOf returns the texts of the licences of Go and of all modules that are linked into a binary. A module without
// a licence, or with one that is not among licenceKinds, is an error, because a person has to decide about it.
func licencesOf(ctx context.Context, root string, binary []byte) (string, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return "", err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "This program contains %s and these modules.\n", info.GoVersion)
	if err := addLicences(&text, "The Go programming language", strings.TrimSpace(string(goroot))); err != nil {
		return "", err
	}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", dep.Path+"@"+dep.Version)
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("go mod download %s@%s: %w", dep.Path, dep.Version, err)
		}
		var module struct{ Dir string }
		if err := json.Unmarshal(out, &module); err != nil {
			return "", err
		}
		if err := addLicences(&text, dep.Path+" "+dep.Version, module.Dir); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// addLicences appends the licence files in the folder dir to text, under name. It returns an error if none is of a
// known kind.
func addLicences(text *strings.Builder, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	known := false
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		known = known || licenceKind(string(data)) != ""
		fmt.Fprintf(text, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("=", 80), name, entry.Name(), bytes.TrimSpace(data))
	}
	if !known {
		return fmt.Errorf("%s: no licence that is known to allow passing it on", name)
	}
	return nil
}

func licenceKind(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, kind := range licenceKinds {
		if strings.Contains(text, kind.sentence) {
			return kind.name
		}
	}
	return ""
}

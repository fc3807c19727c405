// Package errtext implements a rule for the errors of all packages of this repository: the text of an error that a user
// gets begins with the name of a package and has no second package name in it. If an error wraps one of another
// package, or one that an exported function of the same package returned, it wraps the result of [Bare].
package errtext

import (
	"slices"
	"strings"
)

// Packages are the names that error texts begin with.
var Packages = []string{
	"byzantine", "byzantinetest", "passkey", "passkeytest", "turnkey", "turnkeytest", "webhook", "webhooktest",
	"awskms", "gcpkms", "pkcs11", "otelbyzantine", "postgres", "redis",
}

// Trim returns text without the package names, each with a colon and a space, that it begins with.
func Trim(text string) string { return trim(text, nil) }

// TrimUnlessForeign is Trim for the text of an error that may come from another library: it keeps the names "redis" and
// "postgres", with which drivers of these databases begin their texts as well as this repository's stores.
func TrimUnlessForeign(text string) string { return trim(text, []string{"redis", "postgres"}) }

// trim removes the names of packages in front of a text, up to the first one that is kept.
func trim(text string, kept []string) string {
	for {
		name, rest, found := strings.Cut(text, ": ")
		if !found || slices.Contains(kept, name) || !slices.Contains(Packages, name) {
			return text
		}
		text = rest
	}
}

// Bare returns err with the text that Trim makes of its text, for an error that wraps err and adds a package name
// itself. errors.Is and errors.As find err and what it wraps. It returns nil for nil.
func Bare(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); Trim(text) != text {
		return &renamed{Trim(text), err}
	}
	return err
}

// In returns err with a text that begins with pkg instead of another package name, for an error from elsewhere that a
// function of pkg returns. errors.Is and errors.As find err. It returns nil for nil.
func In(pkg string, err error) error {
	if err == nil {
		return nil
	}
	return &renamed{pkg + ": " + Trim(err.Error()), err}
}

type renamed struct {
	text string
	err  error
}

func (e *renamed) Error() string { return e.text }
func (e *renamed) Unwrap() error { return e.err }

// Flaw is for tests: it says what is wrong with the text of an error that users get, or returns "" if nothing is.
func Flaw(text string) string {
	if Trim(text) == text {
		return "it does not begin with the name of a package"
	}
	count := 0
	for i := range text {
		if i > 0 && !strings.ContainsRune(" (;,", rune(text[i-1])) {
			continue
		}
		if name, _, found := strings.Cut(text[i:], ": "); found && slices.Contains(Packages, name) {
			count++
		}
	}
	if count > 1 {
		return "it holds the names of several packages"
	}
	return ""
}

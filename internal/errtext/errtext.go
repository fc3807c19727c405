// Package errtext keeps a rule of all packages here: the text of an error that a user gets begins with the name of a
// package, and holds no second one. An error that is made of another package's error, or of one that an exported function
// of the same package returned, wraps it through [Bare].
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

// Trim returns an error's text without the name of a package in front.
func Trim(text string) string {
	for {
		name, rest, found := strings.Cut(text, ": ")
		if !found || !slices.Contains(Packages, name) {
			return text
		}
		text = rest
	}
}

// TrimUnlessForeign is Trim for the text of an error that may be another library's: drivers of Redis and PostgreSQL begin
// their texts as this module's stores do, and that name stays.
func TrimUnlessForeign(text string) string {
	for {
		name, rest, found := strings.Cut(text, ": ")
		if !found || name == "redis" || name == "postgres" || !slices.Contains(Packages, name) {
			return text
		}
		text = rest
	}
}

// Bare returns err with a text that does not begin with the name of a package, for an error that wraps it. errors.Is and
// errors.As see err itself.
func Bare(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); Trim(text) != text {
		return &renamed{Trim(text), err}
	}
	return err
}

// In returns err with a text that begins with the name of a package, for an error that leaves this package as it came from
// somewhere else. It returns nil for nil.
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

// Flaw returns what is wrong with the text of an error that users get, "" if nothing is. It is for tests.
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

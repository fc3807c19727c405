// Package keyenv knows the environment's variables for the integrator's private key and the API's host, and reads files that
// hold the key, for the client and for the command.
package keyenv

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// The variables that may hold the key, or name a file that does. Alias is the name in Byzantine's own examples.
const (
	Name  = "BYZANTINE_PRIVATE_KEY"
	Alias = "INTEGRATOR_PRIVATE_KEY"
	File  = "BYZANTINE_PRIVATE_KEY_FILE"
)

// BaseURL is the variable that may hold the API's scheme and host.
const BaseURL = "BYZANTINE_BASE_URL"

// Exposed is what to warn of when others can read the file.
const Exposed = File + ": every user of this machine can read or change the file (chmod o-rwx)"

// IsSet says whether the environment has a key, in one of the variables.
func IsSet(getenv func(string) string) bool {
	return getenv(Name) != "" || getenv(Alias) != "" || getenv(File) != ""
}

// A Key is a private key. Two keys with the same PublicKeyHex are the same key.
type Key interface{ PublicKeyHex() string }

// Read returns the key that stands in the environment, or the zero K if there is none. Several variables may be set if
// they give the same key, in whichever spelling. exposed reports a file that others can read. An error names the variable
// and never repeats its value if parse does not.
func Read[K Key](getenv func(string) string, parse func(string) (K, error)) (key K, exposed bool, err error) {
	var found string
	for _, name := range []string{Name, Alias, File} {
		text := getenv(name)
		if text == "" {
			continue
		}
		var this K
		if name == File {
			this, exposed, err = ReadFile(text, parse)
		} else {
			this, err = parse(text)
		}
		switch {
		case err != nil:
			return *new(K), false, fmt.Errorf("%s: %w", name, errtext.Bare(err))
		case found != "" && this.PublicKeyHex() != key.PublicKeyHex():
			return *new(K), false, fmt.Errorf("%s and %s hold different keys: unset one", found, name)
		}
		key, found = this, name
	}
	return key, exposed, nil
}

// maxFile is more than any form of a key has.
const maxFile = 64 << 10

// ReadFile reads a key from a file. exposed reports that every user of the machine can read or change it. An error
// does not repeat the name, which may be a key that was given in place of one.
func ReadFile[K Key](path string, parse func(string) (K, error)) (key K, exposed bool, err error) {
	if _, mistaken := parse(path); mistaken == nil {
		return key, false, errors.New("takes the name of a file, not a key: replace that key, because others may have seen it")
	}
	file, err := os.Open(path)
	if err != nil {
		return key, false, reason(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return key, false, reason(err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return key, false, reason(err)
	case len(text) > maxFile:
		return key, false, fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	key, err = parse(string(text))
	return key, runtime.GOOS != "windows" && info.Mode().Perm()&0o006 != 0, err
}

// reason is an error of the file system without the name.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}

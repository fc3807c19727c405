package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
)

// keyFlag is where a command takes the private key from: a file, or else the environment. Arguments are no place for a
// secret, because every user of the machine can list them.
type keyFlag struct{ file string }

func (k *keyFlag) declare(flags *flag.FlagSet) {
	flags.StringVar(&k.file, "key", "", "`FILE` with the private key, hexadecimal or PEM, - for standard input; in place of BYZANTINE_PRIVATE_KEY")
}

// read returns the key, nil if there is none.
func (k *keyFlag) read(p *process) (*byzantine.PrivateKey, error) {
	if k.file == "-" {
		text, err := io.ReadAll(io.LimitReader(p.stdin, maxKeyBytes))
		if err != nil {
			return nil, usagef("-key -: %v", err)
		}
		return parseKey("standard input", text)
	}
	if k.file != "" {
		return readKey(k.file)
	}
	key, err := keyenv.Read(p.getenv, byzantine.ParsePrivateKey)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return key, nil
}

// require is read for the commands that cannot do without.
func (k *keyFlag) require(p *process) (*byzantine.PrivateKey, error) {
	key, err := k.read(p)
	if err == nil && key == nil {
		err = usagef("no key: set BYZANTINE_PRIVATE_KEY, or name a file with -key")
	}
	return key, err
}

// readKey never repeats the file's name: it may be a key that somebody took for one.
func readKey(file string) (*byzantine.PrivateKey, error) {
	if _, err := byzantine.ParsePrivateKey(file); err == nil {
		return nil, usagef("-key takes the name of a file, not a key: now that it was on a command line, replace it")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, usagef("the file of -key cannot be read: %v", err)
	}
	return parseKey("the file of -key", text)
}

// maxKeyBytes is more than any key takes.
const maxKeyBytes = 1 << 20

func parseKey(source string, text []byte) (*byzantine.PrivateKey, error) {
	key, err := byzantine.ParsePrivateKey(string(text))
	if err != nil {
		return nil, usagef("%s: %v", source, err)
	}
	return key, nil
}

// writeKey makes a file that only its owner can read. One that exists is not touched: its key would be lost.
func writeKey(file string, key *byzantine.PrivateKey) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, key.SecretHex())
	return errors.Join(err, f.Close())
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
)

// keyFlag is where a command takes the private key from: a file, or else the environment. Arguments are no place for a
// secret, because every user of the machine can list them.
type keyFlag struct{ file string }

func (k *keyFlag) declare(flags *flag.FlagSet) {
	flags.StringVar(&k.file, "key", "", "`FILE` with the private key, hexadecimal or PEM, - for standard input; in place of BYZANTINE_PRIVATE_KEY")
}

// read returns the key, or nil if there is none.
func (k *keyFlag) read(p *process) (*byzantine.PrivateKey, error) {
	if k.file == "-" {
		text, err := io.ReadAll(io.LimitReader(p.stdin, maxKeyBytes))
		if err != nil {
			return nil, usagef("-key -: %v", errtext.Bare(err))
		}
		key, err := byzantine.ParsePrivateKey(string(text))
		if err != nil {
			return nil, usagef("-key -: %v", errtext.Bare(err))
		}
		return key, nil
	}
	if k.file != "" {
		key, _, err := keyenv.ReadFile(k.file, byzantine.ParsePrivateKey)
		if err != nil {
			return nil, usagef("-key: %v", errtext.Bare(err))
		}
		return key, nil
	}
	key, exposed, err := keyenv.Read(p.getenv, byzantine.ParsePrivateKey)
	if err != nil {
		return nil, usagef("%v", err)
	}
	if exposed {
		fmt.Fprintln(p.stderr, "byzantine: "+keyenv.Exposed)
	}
	return key, nil
}

// require returns the key, or a usage error if there is none.
func (k *keyFlag) require(p *process) (*byzantine.PrivateKey, error) {
	key, err := k.read(p)
	if err == nil && key == nil {
		err = usagef("no key: set BYZANTINE_PRIVATE_KEY or BYZANTINE_PRIVATE_KEY_FILE, or name a file with -key")
	}
	return key, err
}

// maxKeyBytes is larger than any key file.
const maxKeyBytes = 1 << 20

// writeKey makes a file with a key that only its owner can read. It never overwrites a file, because the key in it
// would be lost.
func writeKey(name string, key *byzantine.PrivateKey) error {
	file, err := newKeyFile(name)
	if err != nil {
		return err
	}
	return file.write(key)
}

// A newFile is a file that was just made for a key.
type newFile struct{ *os.File }

func newKeyFile(name string) (newFile, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return newFile{f}, err
}

// write writes the key and closes the file. After a nil error the key is on the disk.
func (f newFile) write(key *byzantine.PrivateKey) error {
	_, err := fmt.Fprintln(f, key.SecretHex())
	return errors.Join(err, f.Sync(), f.Close())
}

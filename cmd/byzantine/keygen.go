package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/byzantine-finance/byzantine-go"
)

var keygenCommand = command{
	name:    "keygen",
	args:    "[-out FILE]",
	summary: "make a private key",
	help: `
Makes a P-256 private key. With -out it goes into a new file that only its owner can read, and the public key is
printed; without, the private key itself is printed.

The API makes the keys of its credentials itself (operation create_credential), so a key of your own is for the local
sandbox and for tests: with one, the sandbox has the same key after a restart.

  byzantine keygen -out sandbox.key
  byzantine sandbox -key sandbox.key
`,
	prepare: func(flags *flag.FlagSet) action {
		out := flags.String("out", "", "`FILE` to make; it must not exist")
		return func(_ context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			key, err := byzantine.GenerateKey()
			if err != nil {
				return err
			}
			if *out == "" {
				fmt.Fprintln(p.stderr, "byzantine: this is a private key: whoever reads it can sign in your name (-out writes it to a file)")
				_, err = fmt.Fprintln(p.stdout, key.SecretHex())
				return err
			}
			if err := writeKey(*out, key); err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, key.PublicKeyHex())
			return err
		}
	},
}

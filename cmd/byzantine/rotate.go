package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/byzantine-finance/byzantine-go"
)

var rotateCommand = command{
	name:    "rotate",
	args:    "-out FILE [flags]",
	summary: "replace the private key by a new one",
	help: `
Creates a credential of the same scope, writes its private key into a new file that only its owner can read, and proves
that the API takes it. It prints two lines, "new 0x..." and "old 0x...", the public keys of the new credential and of the old
one, which goes on to work.
When all your programs have the new key, delete the old one:

  byzantine rotate -key old.key -out new.key
  byzantine retire -key new.key 0x02...

If it is stopped in the middle, run it again: it names what the first run left.
`,
	prepare: func(flags *flag.FlagSet) action {
		var api apiFlags
		api.declare(flags)
		out := flags.String("out", "", "`FILE` to make for the new private key; it must not exist")
		return func(ctx context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			if *out == "" {
				return usagef("-out is missing: the new private key is shown once, so it needs a file")
			}
			key, err := api.key.require(p)
			if err != nil {
				return err
			}
			rotation := byzantine.NewRotation(key)
			client, err := api.client(p, rotation)
			if err != nil {
				return err
			}
			// Create the file first: a key that cannot be written to it would be lost.
			file, err := newKeyFile(*out)
			if err != nil {
				return err
			}
			kept := false
			old, err := byzantine.RotateCredential(ctx, client, rotation, func(_ context.Context, key *byzantine.PrivateKey) error {
				kept = true
				return file.write(key)
			})
			if !kept {
				err = errors.Join(err, file.Close(), os.Remove(*out))
			}
			if err != nil {
				return err
			}
			signer, err := rotation.Signer(ctx)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "new %s\nold %s\n", signer.(*byzantine.PrivateKey).PublicKeyHex(), old)
			return err
		}
	},
}

var retireCommand = command{
	name:    "retire",
	args:    "PUBKEY [flags]",
	summary: "delete a credential that no program uses any more",
	help: `
Deletes the credential with this public key; requests that it signs get a 401 at once. The key that the command itself
signs with cannot be deleted by it.

  byzantine retire -key new.key 0x02...
`,
	prepare: func(flags *flag.FlagSet) action {
		var api apiFlags
		api.declare(flags)
		return func(ctx context.Context, p *process, args []string) error {
			if len(args) != 1 {
				return usagef("takes one public key")
			}
			key, err := api.key.require(p)
			if err != nil {
				return err
			}
			client, err := api.client(p, key)
			if err != nil {
				return err
			}
			return byzantine.RetireCredential(ctx, client, args[0])
		}
	},
}

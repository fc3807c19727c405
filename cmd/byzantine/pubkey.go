package main

import (
	"context"
	"flag"
	"fmt"
)

var pubkeyCommand = command{
	name:    "pubkey",
	args:    "[-key FILE]",
	summary: "print the public key of a private key",
	help: `
Prints the public key as the API names it: the compressed P-256 point, 66 hexadecimal digits after 0x. It is the value
of X-Pubkey and the pubkey of a credential.

  byzantine pubkey -key sandbox.key
  byzantine call update_credential pubkey=$(byzantine pubkey -key old.key) active=false
`,
	prepare: func(flags *flag.FlagSet) action {
		var from keyFlag
		from.declare(flags)
		return func(_ context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			key, err := from.require(p)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, key.PublicKeyHex())
			return err
		}
	},
}

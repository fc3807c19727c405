package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"text/tabwriter"
)

var whoamiCommand = command{
	name:    "whoami",
	args:    "[flags]",
	summary: "ask the API whose key this is and what it may do",
	help: `
Asks the API whose key this is. It is the first thing to try when calls are rejected: if it works, key, clock and host
are fine.

  export BYZANTINE_PRIVATE_KEY=...
  byzantine whoami
  byzantine whoami -key production.key -base-url https://api.byzantine.fi
`,
	prepare: func(flags *flag.FlagSet) action {
		var api apiFlags
		api.declare(flags)
		return func(ctx context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			key, err := api.key.require(p)
			if err != nil {
				return err
			}
			client, err := api.client(p, key)
			if err != nil {
				return err
			}
			me, err := client.Whoami(ctx)
			if err != nil {
				return fmt.Errorf("%w%s", err, api.hint(p.getenv, err))
			}
			label := cmp.Or(me.Label, "-")
			table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintf(table, "host\t%s\n", api.host(p.getenv))
			fmt.Fprintf(table, "integrator\t%s\n", me.IntegratorID)
			fmt.Fprintf(table, "key\t%s\n", key.PublicKeyHex())
			fmt.Fprintf(table, "label\t%s\n", label)
			fmt.Fprintf(table, "scope\t%s\n", me.AccessScope)
			return table.Flush()
		}
	},
}

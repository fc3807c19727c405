package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

var signCommand = command{
	name:    "sign",
	args:    "METHOD PATH [-body FILE] [-curl] [-key FILE]",
	summary: "print the signature headers of a request",
	help: `
Prints the three headers of a signed request. Send it within a minute, with this very method, path, query and body.

PATH is path and query as they go on the wire, escaped. The body is signed byte by byte, a newline at its end
included, so let curl send the file as it is: --json @FILE, not -d @FILE. Byzantine takes Content-Type: application/json,
which --json sets, too.

  byzantine sign GET /v1/integrator/whoami | curl -H @- $BYZANTINE_BASE_URL/v1/integrator/whoami

  curl --json @body.json $(byzantine sign -curl POST /v1/submit/init-otp -body body.json) \
    $BYZANTINE_BASE_URL/v1/submit/init-otp
`,
	prepare: func(flags *flag.FlagSet) action {
		var from keyFlag
		from.declare(flags)
		bodyFile := flags.String("body", "", "`FILE` with the body, - for standard input")
		curl := flags.Bool("curl", false, "print the headers as options of curl, on one line")
		return func(ctx context.Context, p *process, args []string) error {
			if len(args) != 2 {
				return usagef("takes a method and a path")
			}
			key, err := from.require(p)
			if err != nil {
				return err
			}
			var body []byte
			if *bodyFile != "" {
				if body, err = readInput(p, *bodyFile); err != nil {
					return err
				}
			}
			signature, err := byzantine.SignRequest(ctx, key, time.Now(), strings.ToUpper(args[0]), args[1], body)
			if err != nil {
				return usagef("%v", err)
			}
			h := http.Header{}
			signature.Apply(h)
			before, between, after := "", ": ", "\n"
			if *curl {
				before, between, after = "-H ", ":", " " // without a blank it needs no quotes
			}
			var text strings.Builder
			for _, name := range slices.Sorted(maps.Keys(h)) {
				text.WriteString(before + name + between + h.Get(name) + after)
			}
			_, err = fmt.Fprintln(p.stdout, strings.TrimSpace(text.String()))
			return err
		}
	},
}

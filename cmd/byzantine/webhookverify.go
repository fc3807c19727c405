package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

var webhookVerifyCommand = command{
	name:    "webhook verify",
	args:    "-pubkey KEY FILE",
	summary: "check a webhook delivery that was kept",
	help: `
Checks a delivery that was written to a file as it came: the headers, an empty line, and the body byte by byte. The
request line may be there as well. A byte more than its Content-Length is an error, also a newline at the end. KEY is the publicKey of the subscription (operation list_subscriptions).

All is checked but the age, because a file is old: that is printed. A receiver accepts 5 minutes.

  byzantine webhook verify -pubkey 0x02... delivery.http
`,
	prepare: func(flags *flag.FlagSet) action {
		pubkey := flags.String("pubkey", "", "public `KEY` of the subscription, hexadecimal")
		return func(ctx context.Context, p *process, args []string) error {
			if *pubkey == "" || len(args) != 1 {
				return usagef("takes -pubkey, and the name of a file or - for standard input")
			}
			var header http.Header
			clock := func() time.Time { return signingTime(header) }
			verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: *pubkey}}, webhook.WithClock(clock))
			if err != nil {
				return usagef("%v", err)
			}
			text, err := readInput(p, args[0])
			if err != nil {
				return err
			}
			var body []byte
			if header, body, err = readDelivery(text); err != nil {
				return fmt.Errorf("not a delivery: %w", errtext.Bare(err))
			}
			delivery, err := verifier.Verify(ctx, header, body)
			if err != nil {
				return err
			}
			event, err := delivery.Event()
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintf(table, "genuine\tsigned by this key\n")
			fmt.Fprintf(table, "delivery\t%s\n", delivery.ID)
			fmt.Fprintf(table, "event\t%s\n", delivery.EventID)
			fmt.Fprintf(table, "type\t%q\n", event.Type)
			fmt.Fprintf(table, "livemode\t%t\n", event.Livemode)
			fmt.Fprintf(table, "signed at\t%s, %s ago\n",
				delivery.SignedAt.UTC().Format(time.RFC3339), time.Since(delivery.SignedAt).Round(time.Second))
			return table.Flush()
		}
	},
}

// signingTime is the time of signing that a delivery states. Only the signature proves it.
func signingTime(h http.Header) time.Time {
	seconds, _ := strconv.ParseInt(h.Get(webhook.HeaderTimestamp), 10, 64) // the verifier rejects what is not a number
	return time.Unix(seconds, 0)
}

// readDelivery takes an HTTP request apart that was written to a file, with or without its first line.
func readDelivery(text []byte) (http.Header, []byte, error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if !strings.Contains(string(line), " HTTP/") {
		text = append([]byte("POST / HTTP/1.1\r\n"), text...)
	}
	rest := bufio.NewReader(bytes.NewReader(text))
	request, err := http.ReadRequest(rest)
	if err != nil {
		return nil, nil, err
	}
	if request.ContentLength == 0 { // nothing says how long the body is, so it is all the rest
		body, err := io.ReadAll(rest)
		return request.Header, body, err
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, nil, err
	}
	after, err := io.ReadAll(rest)
	switch n := len(after); {
	case n == 1:
		return nil, nil, fmt.Errorf("1 byte stands after the %d of its Content-Length", len(body))
	case n > 1:
		return nil, nil, fmt.Errorf("%d bytes stand after the %d of its Content-Length", n, len(body))
	}
	return request.Header, body, err
}

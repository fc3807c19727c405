package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var callCommand = command{
	name:    "call",
	args:    "OPERATION [name=value ...] [-body FILE] [flags]",
	summary: "call an operation of the API and print its response",
	help: `
Makes a signed call and prints the response as JSON. byzantine operations lists the operations, and byzantine operations
OPERATION the fields of a request. They are given as they are listed there, wherever in the request they stand:

  name=value       text, or a number, true or false where the field is one
  name=@FILE       the text in a file, - for standard input
  name:=JSON       JSON, for lists and objects, and for values that are not listed
  a.b=value        a field of an object; a[0].b=value one of an element of a list, where [] is the first

All of the body can also come from a file with -body, to which the others add.

  byzantine call get_customers customerType=individual
  byzantine call init_otp accountId=$ACCOUNT userId=$USER_ID
  byzantine call create_subscription url=https://example.com/hook eventTypes[]=customer.active
  byzantine call create_individual_account -body customer.json userInfo.email=ada@example.com
  jq .customer all.json | byzantine call create_individual_account -body -

Nothing is sent that the API cannot accept, such as a value that its document does not list for a field; name:=JSON sends a
value without this check, for what the API knows and this program does not (leave the field out of -body):

  byzantine call list_events 'eventType:="transaction.settled"'

Only a GET is sent again when the network or the server fails.

Exit status: 0 for a success; 1 for an error response, or if nothing was sent or a GET failed; 2 for a request that was
rejected before it was sent; 3 if it was sent and may have taken effect: check before you send it again.
`,
	prepare: func(flags *flag.FlagSet) action {
		var api apiFlags
		api.declare(flags)
		bodyFile := flags.String("body", "", "`FILE` with the body as a JSON object, - for standard input")
		return func(ctx context.Context, p *process, args []string) error {
			if len(args) == 0 {
				return usagef("no operation: byzantine operations lists them")
			}
			op, err := operation(args[0])
			if err != nil {
				return err
			}
			var body []byte
			if *bodyFile != "" {
				if body, err = readInput(p, *bodyFile); err != nil {
					return err
				}
			}
			request, err := buildRequest(p, op, args[1:], body)
			if err != nil {
				return err
			}
			key, err := callKey(op, &api.key, p)
			if err != nil {
				return err
			}
			client, err := api.client(p, key)
			if err != nil {
				return err
			}
			response, failed := send(ctx, client, op, request)
			if _, err := p.stdout.Write(response); err != nil {
				return err
			}
			if failed != nil {
				return fmt.Errorf("%s: %w%s", op.ID, errtext.Bare(failed), api.hint(p.getenv, failed))
			}
			return nil
		}
	},
}

// operation returns the operation with an id, or a usage error that suggests a similar id.
func operation(id string) (byzantine.Operation, error) {
	all := slices.Collect(byzantine.Operations())
	i := slices.IndexFunc(all, func(op byzantine.Operation) bool { return string(op.ID) == id })
	if i < 0 {
		return byzantine.Operation{}, usagef("the API has no operation %q%s: byzantine operations lists them", id,
			spelling.DidYouMean(id, known(all, func(op byzantine.Operation) string { return string(op.ID) })))
	}
	return all[i], nil
}

// callKey returns the key to sign with. For an operation whose signature is not checked it makes a temporary key.
func callKey(op byzantine.Operation, from *keyFlag, p *process) (*byzantine.PrivateKey, error) {
	if !op.Signed {
		return byzantine.GenerateKey()
	}
	return from.require(p)
}

// send returns the response's body, indented and with a newline; nothing if there is none. It is the body that the API
// sent, not the decoded value, which hides a private key for example. With a *byzantine.PartialError it returns the
// body as well.
func send(ctx context.Context, client *byzantine.Client, op byzantine.Operation, request wire.Request) ([]byte, error) {
	var in any
	if request.Body != nil {
		in = json.RawMessage(request.Body)
	}
	var response byzantine.Response
	// The value is not used; decoding it shows whether this is a response that the operation may have.
	err := client.Do(ctx, op.Method, request.PathAndQuery, in, op.NewResponse(), byzantine.WithResponse(&response))
	if partial := (*byzantine.PartialError)(nil); err != nil && !errors.As(err, &partial) {
		return nil, err
	}
	body := bytes.TrimSpace(response.Body)
	if len(body) == 0 {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), err
}

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

var triggerCommand = command{
	name:    "trigger",
	args:    "[EVENT [accountId=ID]] [-base-url URL]",
	summary: "let a running sandbox cause an event and send its webhook",
	help: `
Lets a running sandbox cause an event and deliver it, signed, to every subscription that wants its type. Without an event it
lists all types of the API, with what happens in the sandbox. Those that begin with "a fixture" never happen there in another
way: the event is made, about an account or a transaction that exists.

An event of a customer is about a new one, and an event of a transaction about the oldest account that is active, unless
accountId says which. What an account does goes on afterwards: a deposit that is processing is completed.

  byzantine trigger
  byzantine trigger customer.active
  byzantine trigger transaction.completed accountId=$ACCOUNT_ID

byzantine listen shows and forwards what is delivered. The sandbox is that of -base-url or BYZANTINE_BASE_URL, and
http://127.0.0.1:8787 without them. BYZANTINE_SANDBOX_TOKEN is the token of a sandbox that was started with one.
`,
	prepare: func(flags *flag.FlagSet) action {
		baseURL := flags.String("base-url", "", "`URL` of the sandbox, in place of BYZANTINE_BASE_URL")
		return func(ctx context.Context, p *process, args []string) error {
			c, err := newController(p, *baseURL)
			if err != nil {
				return err
			}
			events, err := c.events(ctx)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return printEvents(p.stdout, events)
			}
			names := known(events, func(e triggerable) string { return e.EventType })
			if !slices.Contains(names, args[0]) {
				return usagef("the API has no event type %q%s: byzantine trigger lists them", args[0], spelling.DidYouMean(args[0], names))
			}
			account := ""
			for _, arg := range args[1:] {
				name, value, ok := strings.Cut(arg, "=")
				if !ok || name != "accountId" || value == "" || account != "" {
					return usagef("takes an event and accountId=ID at most")
				}
				account = value
			}
			return c.trigger(ctx, p.stdout, args[0], account)
		}
	},
}

// triggerable is a type of event as the sandbox describes it.
type triggerable struct {
	EventType string `json:"eventType"`
	Summary   string `json:"summary"`
}

const triggersPath = byzantinetest.ControlPath + "webhooks/triggers"

// events asks the sandbox what it can cause.
func (c *controller) events(ctx context.Context) ([]triggerable, error) {
	text, err := c.call(ctx, "GET", triggersPath, nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		Triggers []triggerable `json:"triggers"`
	}
	if json.Unmarshal(text, &list) != nil || len(list.Triggers) == 0 {
		return nil, fmt.Errorf("%s is not a local sandbox: it lists no events", c.baseURL)
	}
	return list.Triggers, nil
}

func printEvents(w io.Writer, events []triggerable) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range events {
		fmt.Fprintf(table, "%s\t%s\n", e.EventType, e.Summary)
	}
	return table.Flush()
}

// trigger causes an event and prints its id and the number of deliveries.
func (c *controller) trigger(ctx context.Context, w io.Writer, eventType, accountID string) error {
	request := map[string]string{"eventType": eventType}
	if accountID != "" {
		request["accountId"] = accountID
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	text, err := c.call(ctx, "POST", byzantinetest.ControlPath+"webhooks/trigger", body)
	if err != nil {
		return err
	}
	var result struct {
		EventID    string `json:"eventId"`
		Fixture    bool   `json:"fixture"`
		Deliveries int    `json:"deliveries"`
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return fmt.Errorf("%s is not a local sandbox: its response cannot be read", c.baseURL)
	}
	line := eventType + " " + result.EventID
	if result.Fixture {
		line += ", a fixture"
	}
	switch result.Deliveries {
	case 0:
		line += ": no subscription wants it; byzantine listen makes one"
	case 1:
		line += ": sent to 1 subscription"
	default:
		line += fmt.Sprintf(": sent to %d subscriptions", result.Deliveries)
	}
	_, err = fmt.Fprintln(w, line)
	return err
}
